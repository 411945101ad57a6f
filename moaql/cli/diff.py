"""`moaql diff`: what differs between two topologies, as what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from moaql.cli.shared import TARGET, common_options, graph_of, load_program, print_json, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from moaql.check.program import Program, Topology
    from moaql.graph.diff import Change


@click.command()
@click.argument("before", type=TARGET, metavar="A[::NAME]")
@click.argument("after", type=TARGET, metavar="B[::NAME]")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference.")
@common_options
@click.pass_context
def command(context: click.Context, before: str, after: str, exit_code: bool, as_json: bool, quiet: bool) -> None:
    """Show what differs between two programs, or two topologies, as what they do.

    Other names, another order of proposers, another layout show nothing; one more sample shows one line. Between a program
    with a search and what the search wrote, it shows what each hole was filled with.

    \b
    Example: moaql diff programs/moa.moaql programs/moa_lite.moaql
    """
    found = [(name, change) for name, changes in _compare(before, after) for change in changes]
    if as_json:
        print_json(
            {
                "equal": not found,
                "changes": [
                    {"topology": name, "kind": change.kind, "where": change.where, "what": change.what}
                    for name, change in found
                ],
            }
        )
    elif not found and not quiet:
        click.echo("no difference", err=True)
    else:
        several = len({name for name, _ in found}) > 1
        for name, change in found:
            click.echo(f"{name}: {change.line()}" if several else change.line())
    context.exit(1 if found and exit_code else 0)


def _compare(before: str, after: str) -> list[tuple[str, tuple[Change, ...]]]:
    from moaql.api.choose import choose_topology
    from moaql.graph.diff import diff

    (old_path, old_name), (new_path, new_name) = split_target(before), split_target(after)
    old, new = load_program(old_path), load_program(new_path)
    choices = list(_choices(old, new, old_name, new_name))
    if choices:
        rest = not old_name and not new_name and old.topologies and new.topologies
        others = _all(old, new, {name for name, _ in choices}) if rest else []
        return [*choices, *others]
    single = len(old.topologies) == 1 and len(new.topologies) == 1
    if old_name or new_name or single:
        one, other = choose_topology(old, old_name), choose_topology(new, new_name)
        return [(other.name, diff(graph_of(one), graph_of(other)))]
    return _all(old, new)


def _choices(
    old: Program, new: Program, old_name: str | None, new_name: str | None
) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """What became of the searches of the old program that are topologies in the new one."""
    for search in old.searches:
        names = [each for each in new.topologies if each == search or each.startswith(f"{search}-winner")]
        found = new_name if new_name in new.topologies and old_name == search else names[0] if names else None
        if found is None or search in new.searches or (old_name or search) != search or (new_name or found) != found:
            continue
        yield found, tuple(_filled(old, search, new.topologies[found]))


def _filled(program: Program, search: str, topology: Topology) -> Iterator[Change]:
    from moaql.graph.diff import Change
    from moaql.language.printer import print_pipeline
    from moaql.searching.space.chosen import chosen
    from moaql.searching.space.find import find_search

    plan = find_search(program, search)
    point = chosen(plan.space, topology)
    if point is None:
        yield Change("removed", search, print_pipeline(plan.space.body))
        yield Change("added", topology.name, print_pipeline(topology.body))
        return
    for name, value in dict(point).items():
        yield Change("changed", name, f"`?` is {', '.join(value) if isinstance(value, tuple) else value}")


def _all(old: Program, new: Program, but: Set[str] = frozenset()) -> list[tuple[str, tuple[Change, ...]]]:
    """All topologies: those of one name first, then, among the rest, those that are the same under another name."""
    from moaql.graph.diff import Change, diff
    from moaql.graph.fingerprint import fingerprint

    if not old.topologies or not new.topologies:
        empty = old if not old.topologies else new
        raise UsageError(f"{empty.source.name} has no topology", "Two programs with topologies can be compared.")
    both = [name for name in old.topologies if name in new.topologies]
    out = [(name, diff(graph_of(old.topologies[name]), graph_of(new.topologies[name]))) for name in both]
    gone = {name: graph_of(each) for name, each in old.topologies.items() if name not in new.topologies}
    come = {name: graph_of(each) for name, each in new.topologies.items() if name not in {*old.topologies, *but}}
    left = [fingerprint(graph) for graph in come.values()]
    right = [fingerprint(graph) for graph in gone.values()]
    out += [
        (name, (Change("removed", name, "the whole topology"),))
        for name, each in gone.items()
        if fingerprint(each) not in left
    ]
    out += [
        (name, (Change("added", name, "a new topology"),))
        for name, each in come.items()
        if fingerprint(each) not in right
    ]
    return out
