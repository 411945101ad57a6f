"""No input of any kind ends in a traceback, or takes long."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moaql.check.checker import check_file, check_source
from moaql.check.imports import decode
from moaql.diagnostics import Diagnostic, render_all
from moaql.graph.build import build
from moaql.graph.diff import diff
from moaql.graph.draw import FORMATS
from moaql.graph.fingerprint import fingerprint
from moaql.graph.plan import as_json as plan_json
from moaql.graph.plan import plan
from moaql.language.formatter import format_source
from moaql.language.parser import parse
from moaql.source import MAX_BYTES, Source

PROGRAMS = sorted((Path(__file__).resolve().parent.parent / "programs").glob("*.moaql"))
TEXTS = [path.read_text(encoding="utf-8") for path in PROGRAMS]
TEXTS += [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "language").glob("*/*.moaql"))]
WORDS = sorted({word for text in TEXTS for word in text.split()})
MARKS = [*list('()[]{}|?,:="#\\/$%.-<>xX0 \n\t\r\x00\ufeff☃'), '"""', "->", "?(", "..", "x0", "x999999999", "\ud800"]


def survive(text: str) -> list[str]:
    """Do everything that can be done with a text before it is run; the codes of its mistakes."""
    source = Source(text, "fuzzed.moaql", str(PROGRAMS[0].parent / "fuzzed.moaql"))
    program = check_source(source)
    shown = render_all(program.diagnostics)
    assert shown.isprintable() or "\n" in shown
    for each in program.diagnostics:
        assert 0 <= each.span.start <= each.span.end <= len(each.source.text)
        line, column = each.source.place(each.span.start)
        assert line >= 1
        assert column >= 1
    if not parse(source).failed:
        tidy = format_source(source)
        assert format_source(Source(tidy)) == tidy
    if not program.failed:
        for topology in program.topologies.values():
            graph, diagnostics = build(topology)
            assert (graph is None) == bool(diagnostics)
            if graph is not None:
                fingerprint(graph)
                numbers = plan(graph)
                assert diff(graph, graph) == ()
                if len(graph.nodes) < 100:
                    json.dumps(plan_json(numbers))
                    for name in FORMATS.built_in:
                        draw = FORMATS.find(name)
                        assert draw is not None
                        assert draw(graph)
    return [each.code for each in program.diagnostics]


def mutated(text: str, seed: int) -> str:
    """A few random edits of a program, of the kinds that people and editors make."""
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(text) + 1), rng.choice((1, 1, 2, 5, 30))
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + rng.choice(MARKS) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at : at + length] * 2 + text[at + length :]
        elif kind == 3:
            text = text[:at] + f" {rng.choice(WORDS)} " + text[at:]
        elif kind == 4:
            other = rng.choice(TEXTS)
            cut = rng.randrange(len(other) + 1)
            text = text[:at] + other[cut : cut + 80] + text[at:]
        else:
            text = text[: at - at % 10] if rng.random() < 0.1 else text.replace(rng.choice(WORDS), rng.choice(WORDS), 1)
    return text


@settings(max_examples=1500, deadline=None, print_blob=True)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_mutated_programs(text: str, seed: int) -> None:
    survive(mutated(text, seed))


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=40).map(" ".join))
def test_shuffled_words(text: str) -> None:
    survive(text)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    survive(text)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    decoded = decode(data, "bytes.moaql")
    if isinstance(decoded, Diagnostic):
        assert decoded.code == "E102"
    else:
        survive(decoded.text)


DEEP = {
    "parentheses": ("(" * 10_000 + "a" + ")" * 10_000, "E104"),
    "open parentheses": ("(" * 10_000, "E104"),
    "lists": ("layer " + "[" * 10_000, "E104"),
    "closing": (")" * 10_000, "E116"),
    "holes": ("?(" * 10_000 + "a", "E104"),
    "blocks": ("when a > 1 { " * 10_000, "E104"),
    "negations": ('model a = "s/a"\na -> when ' + "not " * 10_001 + "count > 1 { a } else { a }", "E104"),
    "steps": ('model a = "s/a"\n' + "a -> " * 3_000 + "a", None),
    "alternatives": ('model a = "s/a"\n' + "when count > 1 " + "or count > 1 " * 3_000 + "{ a } else { a }", "E411"),
    "derived models": (
        "model m0 = m1\n" + "".join(f"model m{n} = m{n + 1}\n" for n in range(1, 3_000)) + 'model m3000 = "s/a"\nm0',
        "E213",
    ),
    "topologies": (
        "topology t0 = a\n" + "".join(f"topology t{n + 1} = t{n}\n" for n in range(3_000)) + 'model a = "s/a"\n',
        "E410",
    ),
    "nested proposers": (
        'model a = "s/a"\ntopology t0 = a x9\n' + "".join(f"topology t{n + 1} = layer [t{n} x9]\n" for n in range(38)),
        None,
    ),
    "groups in groups": ('model a = "s/a"\n' + "(" * 50 + "layer [a] -> vote" + ")x9" * 50, None),
    "holes in holes": ('model a = "s/a"\ntopology t = ' + "?(a | layer [a] -> (" * 25 + "a" + "))" * 25, None),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long_programs(name: str) -> None:
    text, code = DEEP[name]
    began = time.perf_counter()
    codes = survive(text)
    assert time.perf_counter() - began < 20
    assert code is None or code in codes


def test_a_topology_of_ten_to_the_thirty_calls_is_refused_with_its_number() -> None:
    program = check_source(Source(DEEP["nested proposers"][0]))
    _, (mistake,) = build(program.topologies["t30"])
    assert mistake.code == "E405"
    assert f"{9**31:,}" in mistake.message


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.moaql"
    path.write_bytes(b"# " + b"x" * 10_000_000)
    assert [each.code for each in check_file(str(path)).diagnostics] == ["E103"]


def test_the_largest_file_is_checked_in_time(tmp_path: Path) -> None:
    path = tmp_path / "largest.moaql"
    line = "topology t%d = a x3 -> vote\n"
    lines = 'model a = "sim/a"\n' + "".join(line % number for number in range(30_000))
    path.write_text(lines[: MAX_BYTES - 1], encoding="utf-8")
    began = time.perf_counter()
    check_file(str(path))
    assert time.perf_counter() - began < 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\r",
        "\ufeff",
        "#",
        "\t",
        "\x0b",
        "\u2028",
        "x",
        "x2",
        "->",
        '"',
        '"""',
        "\\",
        "\x00" * 100,
        "a\u00a0->\u00a0b",
        "∞",
        "e\u0301",
    ],
)
def test_small_oddities(text: str) -> None:
    survive(text)


def test_windows_files_are_read_alike() -> None:
    text = TEXTS[0]
    assert survive(text) == survive(text.replace("\n", "\r\n"))


def test_a_byte_order_mark_is_no_mistake() -> None:
    decoded = decode(b"\xef\xbb\xbf" + b'model a = "sim/a"\na', "bom.moaql")
    assert isinstance(decoded, Source)
    assert survive(decoded.text) == []


def test_bytes_that_are_no_text_are_placed() -> None:
    found = decode(b'model a = "sim/a"\n# caf\xe9\n', "latin.moaql")
    assert isinstance(found, Diagnostic)
    assert found.one_line() == "latin.moaql:2:6: error[E102]: byte 0xe9 is not UTF-8"
