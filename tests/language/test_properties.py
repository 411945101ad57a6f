"""Laws of the language's text and tree, on programs that nobody wrote: printing, parsing, formatting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moaql.language import literals, printer
from moaql.language import nodes as n
from moaql.language.formatter import format_source
from moaql.language.parser import parse
from moaql.source import Source
from tests.language import strategies as some

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject


def law(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How many programs a law is tried on. A failure prints the code that repeats it."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, print_blob=True, suppress_health_check=slow)


def read(text: str) -> n.Module:
    """The tree of a text that must be free of mistakes."""
    parsed = parse(Source(text))
    same([each.one_line() for each in parsed.diagnostics], [])
    return parsed.module


def same(found: object, wanted: object) -> None:
    """Equality without the comparison that pytest shows, which takes minutes for trees."""
    if found != wanted:
        raise AssertionError(f"{found!r}\n\nis not\n\n{wanted!r}")


def written(tokens: list[str]) -> list[str]:
    """Tokens without what formatting may change in them: line breaks of long strings, white space in repeats."""
    return [
        re.sub(r"\s", "", token) if re.match(r"x\s*\d+\Z", token) else token.replace("\r\n", "\n") for token in tokens
    ]


class TestPrinter:
    @law(250)
    @given(some.modules())
    def test_a_printed_tree_parses_back(self, module: n.Module) -> None:
        same(read(printer.print_module(module)), module)

    @law(100)
    @given(some.pipelines())
    def test_a_printed_pipeline_parses_back(self, pipeline: n.Pipeline) -> None:
        same(read(printer.print_pipeline(pipeline)).statements, (n.TopologyStatement(some.HERE, None, pipeline),))

    @law(100)
    @given(some.conditions(4))
    def test_a_printed_condition_parses_back(self, condition: n.Condition) -> None:
        step = n.When(some.HERE, condition, n.Pipeline(some.HERE, ()))
        same(read(printer.print_step(step)).statements[0].body.steps, (step,))

    @law(300)
    @given(some.literals())
    def test_a_printed_literal_means_its_value(self, literal: n.Literal) -> None:
        text = printer.print_literal(literal)
        same(read(f'eval e = "" s={text}').statements[0].settings[0].value, literal)

    @law(200)
    @given(some.texts())
    def test_a_quoted_text_means_itself(self, text: str) -> None:
        quoted = literals.quote(text)
        assert "\n" not in quoted
        assert literals.bad_escape(quoted) is None
        same(literals.string_value(quoted), text)

    @law(100)
    @given(some.modules())
    def test_what_is_read_is_printed_as_it_was(self, module: n.Module) -> None:
        text = printer.print_module(module)
        same(printer.print_module(read(text)), text)

    def test_a_bare_pipeline_is_moved_before_those_that_it_follows(self) -> None:
        text = 'model a = "sim/a"\ntopology t = a\ntopology u = t\n'
        module, bare = read(text), read("u").statements
        assert printer.print_module(n.Module(module.source, module.statements + bare)) == text.replace(
            "topology t", "u\ntopology t"
        )

    def test_an_empty_pipeline_is_a_skip_or_empty_braces(self) -> None:
        nothing = n.Pipeline(some.HERE, ())
        condition = n.Comparison(some.HERE, n.Name(some.HERE, "count"), (), ">", n.Literal(some.HERE, "number", 1, ""))
        assert printer.print_pipeline(nothing) == "skip"
        assert printer.print_step(n.When(some.HERE, condition, nothing)) == "when count > 1 {}"

    @pytest.mark.parametrize(
        ("kind", "value", "text"),
        [
            ("number", 2 / 3, "0.6666666666666666"),
            ("number", 1e-7, "0.0000001"),
            ("number", 2.0, "2"),
            ("percent", 0.07, "7%"),
            ("money", 0.01, "$0.01"),
            ("duration", 0.25, "0.25s"),
            ("duration", 120.0, "120s"),
            ("size", 4000, "4k"),
            ("size", 2_500_000, "2500k"),
            ("string", 'say "a\\b"\n', '"say \\"a\\\\b\\"\\n"'),
            ("boolean", False, "false"),
            ("none", None, "none"),
        ],
    )
    def test_a_literal_without_its_text(self, kind: n.LiteralKind, value: float | str | None, text: str) -> None:
        assert printer.print_literal(n.Literal(some.HERE, kind, value, "")) == text

    @pytest.mark.parametrize("wrong", ["8", "$3", "7%%", "x", "8 s", "-$8", "٨s"])
    def test_a_text_that_means_something_else_is_not_used(self, wrong: str) -> None:
        assert printer.print_literal(n.Literal(some.HERE, "duration", 8.0, wrong)) == "8s"

    def test_the_text_of_a_literal_is_kept(self) -> None:
        text = 'eval e = "p" a=2/3 b=80% c=1m d="""\n  long"""\n'
        assert printer.print_module(read(text)) == text

    def test_what_no_text_can_say_is_an_error(self) -> None:
        here, name = some.HERE, n.Name(some.HERE, "a")
        lone, twice = n.Pipeline(here, (n.Stage(here, name),)), n.Repeat(here, 2)
        string, listed = n.Literal(here, "string", "", ""), n.ListValue(here, ())
        bare, hole = n.TopologyStatement(here, None, lone), n.Range(here, string, string, string, log=True)
        wrong: list[Callable[[], str]] = [
            lambda: printer.print_module(n.Module(Source(""), (bare, n.TopologyStatement(here, name, lone), bare))),
            lambda: printer.print_step(n.Stage(here, name, (n.Item(here, name),), (), twice)),
            lambda: printer.print_step(n.Stage(here, name, (n.Item(here, n.Group(here, lone)),))),
            lambda: printer.print_step(n.Stage(here, name, (), (n.Setting(here, name, string, twice),))),
            lambda: printer.print_statement(
                n.EvalStatement(here, name, string, (n.Setting(here, name, listed, twice),))
            ),
            lambda: printer.print_value(n.ListValue(here, (n.Item(here, n.Group(here, lone), twice),))),
            lambda: printer.print_value(n.ListValue(here, (n.Item(here, n.Fitted(here)),))),
            lambda: printer.print_value(n.Choice(here, (n.Item(here, string, twice),))),
            lambda: printer.print_value(hole),
            lambda: printer.print_literal(n.Literal(here, "number", float("inf"), "")),
            lambda: printer.print_literal(n.Literal(here, "money", -1.0, "")),
        ]
        for write in wrong:
            with pytest.raises(ValueError, match=r"[a-z]"):
                write()


class TestFormatter:
    @law(100)
    @given(some.modules())
    def test_formatting_keeps_the_tree(self, module: n.Module) -> None:
        same(read(format_source(Source(printer.print_module(module)))), module)

    @law(150)
    @given(some.modules(2), st.data())
    def test_formatting_keeps_tree_tokens_and_comments_of_any_layout(self, module: n.Module, data: DataObject) -> None:
        loose = data.draw(some.loosened(printer.print_module(module)))
        same(read(loose), module)
        tidy = format_source(Source(loose))
        same(read(tidy), module)
        same(written(some.tokens_of(tidy)), written(some.tokens_of(loose)))
        same(some.comments_of(tidy), some.comments_of(loose))

    @law(100)
    @given(some.modules(2), st.data())
    def test_formatting_twice_is_formatting_once(self, module: n.Module, data: DataObject) -> None:
        once = format_source(Source(data.draw(some.loosened(printer.print_module(module)))))
        same(format_source(Source(once)), once)

    @law(100)
    @given(some.modules(2), st.data())
    def test_formatted_lines_end_in_no_blanks(self, module: n.Module, data: DataObject) -> None:
        tidy = format_source(Source(data.draw(some.loosened(printer.print_module(module)))))
        for gap in some.gaps_of(tidy):
            assert not re.search(r"[^\S\r\n](?=\r?\n)", gap), "blanks at the end of a line"
            assert not re.search(r"(\r?\n){3}", gap), "more than one blank line"
        assert tidy == "" or (tidy.endswith("\n") and not tidy.endswith("\n\n"))
        assert not tidy[:1].isspace()
        assert not any(re.search(r"\s", token) for token in some.tokens_of(tidy) if token.type == "TIMES")

    @law(100)
    @given(some.modules(2), st.data())
    def test_the_layout_of_tokens_alone_makes_no_difference(self, module: n.Module, data: DataObject) -> None:
        """Without blank lines, comments and commas that keep lists open, every layout is formatted alike."""
        text = printer.print_module(module)
        loose = "".join(f"{token} " for token in some.tokens_of(text))
        same(format_source(Source(loose)), format_source(Source(text)))
