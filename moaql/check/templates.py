"""Whether a prompt names only what the stage that uses it provides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.prompts import PLACEHOLDERS, NamedPrompt, place_of
from moaql.check.unfilled import Unfilled
from moaql.language.template import parse_template, placeholder_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.check.arguments import Bound
    from moaql.check.program import Topology
    from moaql.check.scope import Unit
    from moaql.check.state import Use
    from moaql.language import nodes as n


def prompts_of(value: Any) -> Iterator[NamedPrompt]:
    """The prompts of the user's own in an argument, alternatives of holes included."""
    if isinstance(value, NamedPrompt):
        yield value
    elif isinstance(value, Unfilled):
        for option in value.options:
            yield from prompts_of(option)
    elif isinstance(value, tuple):
        for each in value:
            yield from prompts_of(each)


def placeholders_of(prompt: NamedPrompt) -> frozenset[str]:
    """The kinds of placeholders that a prompt names."""
    return placeholder_kinds(prompt.messages)


def check_placeholders(value: Any, provided: frozenset[str], stage: str, unit: Unit, use: n.Node) -> None:
    """Report E308 for each placeholder of the prompts that the stage does not provide."""
    del use
    for prompt in prompts_of(value):
        for message in prompt.statement.messages:
            for placeholder in parse_template(str(message.text.value)).placeholders:
                if placeholder.kind in provided or placeholder.kind not in PLACEHOLDERS:
                    continue
                name = prompt.statement.name.text
                words = ", ".join(f"`{{{each}}}`" for each in sorted(provided - {"field"}))
                message_text = f"`{{{placeholder.name}}}` is not there when `{stage}` uses the prompt `{name}`"
                place = prompt.unit if prompt.unit.source is unit.source else unit
                span = place_of(placeholder, message) if place is prompt.unit else prompt.statement.name.span
                place.report("E308", message_text, span, f"`{stage}` provides {words}")


_DEFAULTS_SHOW_CRITIQUES = frozenset({"layer", "agg", "seq", "dropout", "rank", "best"})


def shown_by(bound: Bound) -> frozenset[str]:
    """Which of the things that stages attach a use of a stage looks at."""
    values = bound.values
    prompts = list(prompts_of(values.get("prompt")))
    shown = {kind for prompt in prompts for kind in placeholders_of(prompt)}
    if bound.name in _DEFAULTS_SHOW_CRITIQUES and not prompts:
        shown.add("critiques")
    if values.get("by") == "score" or values.get("tie") == "best":
        shown.add("scores")
    if bound.name == "grade":
        shown.add("tests")
    return frozenset(shown)


_ABSENT = {
    "candidates": "there are no candidates yet",
    "critiques": "no stage before attaches critiques",
    "scores": "no stage before attaches scores",
}


def check_absent(uses: Iterable[Use], fed: Iterable[Topology]) -> None:
    """Report E308 for each placeholder that has nothing to show, at whatever time its stage runs.

    Args:
        uses: All uses of stages.
        fed: Topologies that others put candidates before: what they show is not known from their own text.
    """
    fragments = [(each.unit, each.body.span) for each in fed]
    by_node: dict[int, list[Use]] = {}
    for use in uses:
        by_node.setdefault(id(use.bound.node), []).append(use)
    for same in by_node.values():
        bound = same[0].bound
        span = bound.node.span
        if any(unit is bound.unit and body.start <= span.start and span.end <= body.end for unit, body in fragments):
            continue
        absent = [kind for kind in _ABSENT if not any(_may_show(kind, use) for use in same)]
        for prompt in prompts_of(bound.values.get("prompt")):
            for kind in absent:
                if kind in placeholders_of(prompt) and kind in bound.stage.placeholders:
                    setting = next((each for each in bound.node.settings if each.name.text == "prompt"), bound.node)
                    message = f"the prompt `{prompt.statement.name.text}` names `{{{kind}}}`, but {_ABSENT[kind]}"
                    bound.unit.report("E308", message, setting.span)


def _may_show(kind: str, use: Use) -> bool:
    """Whether there may be something to show; what is stale is another rule's business."""
    if kind == "candidates":
        return use.before.candidates.high > 0
    return kind in use.before.perhaps | use.before.stale
