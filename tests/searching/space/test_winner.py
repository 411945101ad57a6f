"""Searches beside the programs that they end as."""

import subprocess
import sys
from pathlib import Path

import pytest

from moaql.api.contestants import graph_of
from moaql.check.checker import check_file, check_source
from moaql.errors import UsageError
from moaql.graph.fingerprint import fingerprint
from moaql.language.formatter import format_source
from moaql.searching.space.find import find_search
from moaql.searching.space.winner import write_winner
from moaql.source import Source
from tests.searching.space.spaces import HEAD

PROGRAMS = Path(__file__).resolve().parents[3] / "programs"

BEFORE = (
    HEAD
    + """
# The panel.
topology panel = layer ?(1..2 of [qwen, llama]) x?(1..3)  # proposers
  # as many as it takes
  -> vote

topology other = panel -> agg mini # untouched

# What to look for.
search auto {  # the one
  topology ?(panel | layer [mini]x?(2..4) -> agg gpt4o)
  # money
  eval tickets
  maximize quality
  budget = $5
} # behind

# At the end.
"""
)
AFTER = (
    HEAD
    + """
# The panel.
# proposers
# as many as it takes
topology panel = layer [qwen, llama]x2 -> vote

topology other = panel -> agg mini # untouched

# What to look for.
# found on 40 items
# the one
# money
topology auto = panel # behind

# At the end.
"""
)


def test_the_search_becomes_its_winner_and_all_else_is_kept() -> None:
    program = check_source(Source(BEFORE, "p.moaql"))
    search = find_search(program)
    point = search.space.repair({"step1": "panel", "panel.layer1.proposers": ("qwen", "llama"), "panel.layer1.x": 2})
    written = write_winner(program, search, point, ["found on 40 items"])
    assert written == format_source(Source(AFTER))


def test_a_topology_that_the_winner_does_not_use_keeps_its_holes() -> None:
    program = check_source(Source(BEFORE, "p.moaql"))
    search = find_search(program)
    written = write_winner(program, search, search.space.repair({"step1": "layer [mini]x? -> agg gpt4o"}))
    assert "?(1..2 of [qwen, llama])" in written
    assert "topology auto = layer [mini]x2 -> agg gpt4o  # behind" in written


def written_for(text: str, *, folder: Path | None = None, number: int = 0) -> str:
    """The program of a point of the only search, or of `auto`, in the order of the points."""
    program = check_source(Source(HEAD + text, "p.moaql", str(folder / "p.moaql") if folder is not None else None))
    search = find_search(program, "auto" if len(program.searches) > 1 else None)
    point = list(search.space.points(number + 1))[number]
    written = write_winner(program, search, point)
    again = check_source(Source(written, "p.moaql", program.source.path))
    assert not again.failed
    name = next(
        name for name in again.topologies if name not in program.topologies and "-" not in name.removesuffix("-winner")
    )
    assert fingerprint(graph_of(again.topologies[name])) == fingerprint(search.space.fill(point).graph)
    return written.removeprefix(format_source(Source(HEAD)))


ENDS = "eval tickets maximize quality"


def test_a_pipeline_without_a_name_may_not_follow_a_pipeline() -> None:
    text = f"search auto {{ topology qwen x?(1..2) {ENDS} }}\n# the bare one\nlayer [qwen, llama] -> agg mini # short\n"
    assert written_for(text) == "\n# the bare one\nlayer [qwen, llama] -> agg mini  # short\n\ntopology auto = qwen\n"


def test_a_search_may_be_called_like_a_stage() -> None:
    assert written_for(f"search vote {{ topology qwen x?(1..2) {ENDS} }}\n") == "topology vote-winner = qwen\n"


def test_statements_on_one_line_come_apart() -> None:
    text = f'model a = "sim/a" search auto {{ topology a x?(1..2) # samples\n {ENDS} }} model b = "sim/b"\n'
    assert written_for(text).splitlines() == [
        'model a = "sim/a"',
        "# samples",
        "topology auto = a",
        'model b = "sim/b"',
    ]


def test_what_another_search_still_searches_is_copied() -> None:
    text = (
        "topology panel = layer [qwen]x?(1..2) -> vote\ntopology mid = panel -> agg gpt4o\n"
        f"search auto {{ topology ?(mid | mini) {ENDS} }}\nsearch later {{ topology ?(mid | llama) {ENDS} }}\n"
    )
    assert written_for(text, number=1).splitlines() == [
        "topology panel = layer [qwen]x?(1..2) -> vote",
        "topology mid = panel -> agg gpt4o",
        "topology panel-auto = layer [qwen]x2 -> vote",
        "topology mid-auto = panel-auto -> agg gpt4o",
        "topology auto = mid-auto",
        "search later {",
        "  topology ?(mid | llama)",
        "  eval tickets",
        "  maximize quality",
        "}",
    ]


def test_an_imported_topology_is_copied_with_the_names_that_this_file_knows(tmp_path) -> None:
    (tmp_path / "models.moaql").write_text('model deep = "sim/deep" temperature=0.5\nmodel judge = "sim/judge"\n')
    (tmp_path / "parts.moaql").write_text(
        'import "models.moaql"\nmodel qwen = "sim/theirs"\nprompt brief { user "{question} {candidates}" }\n'
        "topology panel = layer [qwen, deep]x?(1..2) -> vote by=number weights={qwen: 2}\n"
        "topology mid = panel -> agg judge prompt=brief fallback=qwen\n"
    )
    text = f'import "parts.moaql" as ns # parts\n\ntopology mine = ns.mid\nsearch auto {{ topology ?(mine | mini) {ENDS} }}\n'
    assert written_for(text, folder=tmp_path, number=1).splitlines() == [
        'import "parts.moaql" as ns  # parts',
        'import "models.moaql" as models',
        "",
        "topology mine = mid-auto",
        "topology panel-auto = layer [ns.qwen, models.deep]x2 -> vote by=number weights={ns.qwen: 2}",
        "topology mid-auto = panel-auto -> agg models.judge prompt=ns.brief fallback=ns.qwen",
        "topology auto = mine",
    ]
    assert "x?(1..2)" in (tmp_path / "parts.moaql").read_text()


def test_windows_line_ends_are_kept() -> None:
    program = check_source(Source(BEFORE.replace("\n", "\r\n"), "p.moaql"))
    search = find_search(program)
    point = search.space.repair({"panel.layer1.proposers": ("qwen", "llama"), "panel.layer1.x": 2})
    written = write_winner(program, search, point, ["found on 40 items"])
    assert written == format_source(Source(AFTER)).replace("\n", "\r\n")


def test_an_invalid_point_is_not_written() -> None:
    program = check_source(Source(HEAD + f"search auto {{ topology layer [qwen]x?(1..2) quorum=2 {ENDS} }}\n"))
    search = find_search(program)
    with pytest.raises(UsageError, match="no valid program: E319"):
        write_winner(program, search, next(search.space.points()))


def test_moaql_diff_between_two_winners_shows_the_choice(tmp_path) -> None:
    program = check_file(str(PROGRAMS / "search_space.moaql"))
    search = find_search(program)
    base = {"layer1.proposers": ("qwen", "llama"), "layer1.x": 2, "layer1.temperature": 0.7, "step3": "agg ? prompt=?"}
    paths = []
    for model in ("gpt4o", "mistral"):
        written = write_winner(program, search, search.space.repair({**base, "step3.agg.model": model}))
        path = tmp_path / f"{model}.moaql"
        path.write_text(
            written.replace('"models.moaql"', f'"{(PROGRAMS / "models.moaql").as_posix()}"'), encoding="utf-8"
        )
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-m", "moaql", "diff", *paths], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == "~ agg: gpt4o (sim/gpt-4o) → mistral (sim/mistral-large-2)\n"
