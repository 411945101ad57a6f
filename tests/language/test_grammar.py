"""The grammar itself, and what the lexer makes of words that look alike."""

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput

from moaql.language import grammar


def test_it_builds_without_a_conflict_or_a_collision() -> None:
    Lark(grammar.grammar_text(), **grammar.OPTIONS, strict=True)


def test_the_shipped_table_is_the_grammars() -> None:
    from moaql.language import parse_table

    assert grammar.table_key() == parse_table.KEY
    rebuilt = Lark(grammar.grammar_text(), **grammar.OPTIONS)
    text = 'model a = "sim/a" or "sim/b"\nlayer [a]x2 -> ?(vote | agg a) -> vote weights=?'
    assert grammar.parser().parse(text) == rebuilt.parse(text)


def test_a_table_of_another_grammar_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from moaql.language import parse_table

    monkeypatch.setattr(parse_table, "KEY", "of another grammar")
    grammar.parser.cache_clear()
    try:
        assert grammar.parser().parse("a -> vote").data == "start"
    finally:
        grammar.parser.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "layer proposers=[qwen,llama]x2 -> agg gpt4o",
        "layer [qwen,llama]x2->agg gpt4o",
        "layer [qwen]x2->vote",
        "layer [q] x 2",
        "layer [x2, x]",
        "layer [qwen x2, llama-3.1] -> agg gpt4o x3 temperature=0.2 -> rank gpt-4o top=3",
        "qwen->agg",
        "qwen x6 temperature=0.7",
        "qwen temperature=0.7 x6",
        "layer [a,]",
        "layer []",
        "a # comment\n -> # another\n vote",
        "agg # why\n model # not\n = gpt4o",
        "topology-x -> model.a",
        'model a = "x" b = 1',
        "when a >= 1 and not (b < 2 or not c == 3) { d } else { }",
        "until a > 0.5 max ?(1..3) { b }",
        "route m { case a { b } case model { c } else { skip } }",
        "?(a | b)x?(1..3)",
        "search s { budget = $5 topology a eval e maximize quality where cost <= $1 trials = 3 }",
        "a\r\n-> vote\r\n",
        "\ta\t->\tvote\t",
        "",
        "# only a comment",
        "prompt p { }",
        "vote weights={a: 1, \"b/c\": 2,}",
        "a x?(1..3) temperature=?(0.1..1 log) max_tokens=?(1..9 by 2)",
    ],
)  # fmt: skip
def test_accepted(text: str) -> None:
    grammar.parser().parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "-> vote",
        "a ->",
        "a -> -> b",
        "layer [a",
        "layer a]",
        "layer [a b]",
        "layer [a,, b]",
        "(a",
        "a) ",
        "model a",
        'model a "x"',
        "model = 3",
        "topology t layer [a]",
        'import models.moaql',
        'prompt p = { user "x" }',
        'prompt p { "x" }',
        "when { a }",
        "when a { b }",
        "when a > { b }",
        "until a > 1 { b }",
        "route m { a }",
        "?(a | )",
        "?(1..)",
        "?(1..2..3)",
        "a temperature=0.7 b",
        "a temperature=",
        "a temperature==1",
        "topology t = a\n(layer [a])",
        "a 3px",
        "a $",
        "a 1e5",
        'a "unclosed',
        'a """unclosed',
        "a 'b'",
        "a; b",
        "\x00",
    ],
)  # fmt: skip
def test_rejected(text: str) -> None:
    with pytest.raises(UnexpectedInput):
        grammar.parser().parse(text)
