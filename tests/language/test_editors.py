"""Both grammars for editors, Pygments' and TextMate's, colour what the parser reads."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String

from moaql.language.grammar import RESERVED, parser
from moaql.language.parser import parse_tree
from moaql.language.pygments_lexer import MoaqlLexer
from moaql.source import Source

ROOT = Path(__file__).parents[2]
GRAMMAR = json.loads((ROOT / "grammar" / "moaql.tmLanguage.json").read_text(encoding="utf-8"))

SAMPLE = '''\
# support.moaql
import "models.moaql"

prompt careful {
  system """You are given {n} draft answers to a question. Some may be wrong. Work out which claims agree,
which conflict, and write one correct answer.

{candidates}"""
  user "{question}"
}

topology panel  = layer [qwen, llama]x2 temperature=0.7 -> agg gpt4o prompt=careful
topology thrift = mini x3 -> when agreement >= 2/3 { vote } else { panel }

eval tickets = "evals/tickets.jsonl" metric=exact

search auto {
  topology layer ?(1..3 of [qwen, llama, mini]) x?(1..4) temperature=?(0.2..1.0)
           -> ?(skip | layer ?(1..2 of [qwen, llama]))
           -> ?(agg ?(gpt4o | qwen) prompt=?(careful | default) | vote | rank gpt4o top=1)
  eval tickets
  maximize quality
  minimize cost
  where cost <= $0.01, latency <= 8s
  budget = $25
  trials = 200
}
'''
FILES = [*ROOT.glob("programs/*.moaql"), *ROOT.glob("tests/language/valid/*.moaql")]
PROGRAMS = {
    "sample": SAMPLE,
    **{str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(FILES)},
}

# Reading with either grammar: a text becomes pieces, each with what it was taken for.


def with_pygments(text):
    return [(str(kind), piece) for kind, piece in MoaqlLexer(stripnl=False).get_tokens(text)]


def with_textmate(text):
    """As much of TextMate as the grammar needs: line by line, the leftmost pattern wins, and of equals the first."""
    pieces, regions = [], [{"patterns": GRAMMAR["patterns"]}]
    for line in text.splitlines(keepends=True):
        at = 0
        while at < len(line):
            region = regions[-1]
            found = [
                (match, rule)
                for rule in [region, *flat(region["patterns"])]
                if (pattern := rule.get("end") if rule is region else rule.get("match") or rule["begin"])
                if (match := re.compile(pattern).search(line, at))
            ]
            if not found:
                pieces.append((region.get("name", ""), line[at:]))
                break
            match, rule = min(found, key=lambda each: each[0].start())
            pieces.append((region.get("name", ""), line[at : match.start()]))
            if rule is region:
                captures = rule.get("endCaptures", {})
                regions.pop()
            else:
                captures = rule.get("captures") or rule.get("beginCaptures", {})
                regions += [rule] if "begin" in rule else []
            pieces += captured(match, rule.get("name", ""), captures)
            at = match.end()
    return [piece for piece in pieces if piece[1]]


def flat(patterns):
    """The rules of a list of patterns, includes resolved."""
    for rule in patterns:
        if "include" in rule:
            yield from flat([GRAMMAR["repository"][rule["include"].removeprefix("#")]])
        elif "match" in rule or "begin" in rule:
            yield rule
        else:
            yield from flat(rule["patterns"])


def captured(match, name, captures):
    """The pieces of a match."""
    at = match.start()
    for group, capture in sorted(captures.items()):
        start, end = match.span(int(group))
        if start < 0:
            continue
        yield name, match.string[at:start]
        yield capture["name"], match.string[start:end]
        at = end
    yield name, match.string[at : match.end()]


def kinds(pieces, part):
    """What the characters of the first such part of the text were taken for, adjacent equals once."""
    kind_of = [kind for kind, piece in pieces for _ in piece]
    start = "".join(piece for _, piece in pieces).index(part)
    return [kind for kind, _ in groupby(kind_of[start : start + len(part)])]


KEYWORDS = (
    "Token.Keyword",
    "Token.Operator.Word",
    "keyword.declaration.",
    "keyword.control.",
    "keyword.other.",
    "keyword.operator.logical.",
    "constant.language.",
)


def is_keyword(kind):
    """Whether Pygments or TextMate takes a piece for a reserved word."""
    return kind.startswith(KEYWORDS)


# The terminals of the parser's grammar.

_END = re.escape(r"(?!\w|[.\-]\w)")


def word(terminal):
    """The word that a terminal stands for, or None."""
    match = re.fullmatch(rf"([a-z]+)(?:{_END})?", terminal.pattern.value)
    return match and match[1]


TERMINALS = parser().terminals
WORDS = {terminal.name: word(terminal) for terminal in TERMINALS if word(terminal)}
MARKS = {
    terminal.name: terminal.pattern.value
    for terminal in TERMINALS
    if terminal.pattern.type == "str" and terminal.name not in WORDS
}
OF_RANGES = {"by", "log"}

OTHERS = [
    ("NAME", "agg {}", "gpt4o", Name, "variable.other"),
    ("NAME", "agg {}", "llama-3.1-70b", Name, "variable.other"),
    ("NAME", "agg {}", "modèle_2", Name, "variable.other"),
    ("KEY", "agg {}=0.7", "temperature", Name.Attribute, "variable.parameter"),
    ("KEY", "agg {} = gpt4o", "model", Name.Attribute, "variable.parameter"),
    ("KEY", "vote {}=number", "by", Name.Attribute, "variable.parameter"),
    ("TIMES", "layer [a, b]{}2", "x", Operator, "keyword.operator.repeat"),
    ("TIMES", "layer [a, b]x{}", "2", Number, "constant.numeric"),
    ("TIMES", "layer [a, b] {} 2", "x", Operator, "keyword.operator.repeat"),
    ("TIMES", "layer [a, b] x {}", "2", Number, "constant.numeric"),
    ("TIMES", "qwen {}6", "x", Operator, "keyword.operator.repeat"),
    ("TIMES_HOLE", "layer [a, b] {}?(1..4)", "x", Operator, "keyword.operator.repeat"),
    ("STRING", 'eval e = "{}"', "evals/tickets.jsonl", String, "string.quoted.double"),
    ("LONG_STRING", 'prompt p {{ user """{}""" }}', "one\ntwo", String, "string.quoted.triple"),
    *(
        ("NUMBER", "agg gpt4o setting={}", number, Number, "constant.numeric")
        for number in ("3", "0.7", "2/3", "80%", "$0.01", "250ms", "8s", "2m", "4k", "-1")
    ),
    *(
        ("COMPARE", "when score {} 1 {{ vote }}", operator, Operator, "keyword.operator.comparison")
        for operator in ("<", "<=", ">", ">=", "==", "!=")
    ),
    ("BLANK", "vote {}", "# when true", Comment.Single, "comment.line"),
]
"""Terminal, program, the part that stands at `{}` in it, its token type and how its scope begins."""


def test_every_terminal_of_the_grammar_is_tested_here():
    assert {terminal.name for terminal in TERMINALS} == {*WORDS, *MARKS, *(name for name, *_ in OTHERS)}


def test_the_words_of_the_grammar_are_the_reserved_ones_and_those_of_ranges():
    assert set(WORDS.values()) == RESERVED | OF_RANGES


@pytest.mark.parametrize("before", ["", "vote\n", "vote\n  ", "a -> ", "?(a | ", "{ ", "[a, ", "agg gpt4o "])
@pytest.mark.parametrize("reserved", sorted(set(WORDS.values()) - OF_RANGES))
def test_a_reserved_word_is_coloured_wherever_it_stands(before, reserved):
    text = f"{before}{reserved} "
    [pygments], [textmate] = kinds(with_pygments(text), reserved), kinds(with_textmate(text), reserved)
    assert is_keyword(pygments)
    assert is_keyword(textmate)
    constant = reserved in {"true", "false", "none"}
    assert (pygments == str(Keyword.Constant)) == constant
    assert textmate.startswith("constant.language.") == constant


@pytest.mark.parametrize("hole", ["?(128..1024 by 128)", "?(0.001..1  by 1/2)"])
def test_by_is_a_word_behind_a_range(hole):
    assert kinds(with_pygments(f"agg m x={hole}"), "by") == [str(Keyword)]
    assert kinds(with_textmate(f"agg m x={hole}"), "by") == ["keyword.other.range.moaql"]


def test_log_is_a_word_behind_a_range():
    assert kinds(with_pygments("agg m x=?(0.001..1 log)"), "log") == [str(Keyword)]
    assert kinds(with_textmate("agg m x=?(0.001..1 log)"), "log") == ["keyword.other.range.moaql"]


@pytest.mark.parametrize(
    "program", ["{}", "agg {}", "a -> {} qwen", "agg ?({} | qwen)", "[{}, qwen]", "vote {}=number"]
)
@pytest.mark.parametrize("name", ["by", "log"])
def test_by_and_log_are_names_elsewhere(program, name):
    text = program.format(name)
    assert not any(is_keyword(kind) for kind in kinds(with_pygments(text), name))
    assert not any(is_keyword(kind) for kind in kinds(with_textmate(text), name))


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS.keys())
def test_a_mark_is_coloured(mark):
    [pygments], [textmate] = kinds(with_pygments(mark), mark), kinds(with_textmate(mark), mark)
    assert pygments in {str(Operator), str(Punctuation)}
    assert textmate.startswith(("keyword.operator.", "punctuation."))


@pytest.mark.parametrize(("terminal", "program", "part", "token", "scope"), OTHERS)
def test_a_literal_is_coloured(terminal, program, part, token, scope):
    text = program.format(part)
    assert kinds(with_pygments(text), part) == [str(token)]
    [textmate] = kinds(with_textmate(text), part)
    assert textmate.startswith(f"{scope}.")


@pytest.mark.parametrize(
    "program", ["{}", "a -> {} qwen", "layer [{}]", "agg {}", "agg prompt={}", "when {} > 1 {{ vote }}"]
)
@pytest.mark.parametrize(
    "name", ["topology-x", "modelx", "model.a", "as_name", "per-2", "nonesuch", "trueish", "x-model", "_of"]
)
def test_a_name_that_holds_a_keyword_is_a_name(program, name):
    text = program.format(name)
    [pygments], [textmate] = kinds(with_pygments(text), name), kinds(with_textmate(text), name)
    assert pygments.startswith("Token.Name")
    assert textmate.startswith(("variable.", "entity.name."))


STAGE = (Name.Function, "entity.name.function.stage")
PLAIN = (Name, "variable.other")
TEXT = (String, "string.quoted")
ESCAPE = (String.Escape, "constant.character.escape")


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("agg gpt4o", "agg", STAGE),
        ("agg gpt4o", "gpt4o", PLAIN),
        ("layer [a, b]\n-> my-stage", "my-stage", STAGE),
        ("topology p = my.stage gpt4o", "my.stage", STAGE),
        ("topology p =\n  stage", "stage", STAGE),
        ("topology panel = vote", "panel", (Name.Class, "entity.name.type")),
        ("search s { topology stage qwen }", "stage", STAGE),
        ("when count > 1 { stage }", "stage", STAGE),
        ("(stage qwen) x2", "stage", STAGE),
        ("vote -> ?(skip | stage qwen)", "stage", STAGE),
        ("layer [(stage qwen)]", "stage", STAGE),
        ("layer [\n  qwen,\n  llama\n]", "llama", PLAIN),
        ("vote weights={gpt4o: 2.1}", "gpt4o", PLAIN),
        ("agg prompt=careful", "careful", PLAIN),
        ("model gpt4o = other or third", "other", PLAIN),
        ("search s {\n  budget = $25\n}", "budget", (Name.Attribute, "variable.parameter")),
        ("when agreement >= 2/3 { vote }", "agreement", (Name.Variable, "variable.language.signal")),
        ("when agreement by=number >= 2/3 { vote }", "number", PLAIN),
        ("prompt p { system 'x' }", "system", (Name.Tag, "entity.name.tag")),
        ('import "m.moaql" as other', "other", (Name.Namespace, "entity.name.namespace")),
        # `x2` is a name where a value is to come.
        ("x2 -> vote", "x2", STAGE),
        ("layer [x2, x3]", "x2", PLAIN),
        ("layer [x2, x3]", "x3", PLAIN),
        ("agg prompt=x2", "x2", PLAIN),
        ("layer [a]\n  x2", "x", (Operator, "keyword.operator.repeat")),
        # Inside strings.
        ('"say when"', "when", TEXT),
        ('"no # comment"', "# comment", TEXT),
        (r'"a\n"', r"\n", ESCAPE),
        (r'"a\"b"', r"\"", ESCAPE),
        (r'"a\u00e9b"', r"\u00e9", ESCAPE),
        ('"""a\\\nb"""', "\\", ESCAPE),
        ('"{{question}}"', "{{", ESCAPE),
        ('"{{question}}"', "question", TEXT),
        ('"""{{question}}"""', "}}", ESCAPE),
        (r'"a\qb"', r"\q", (Error, "invalid.illegal.escape")),
        (r'"""a\qb"""', r"\q", (Error, "invalid.illegal.escape")),
        (r'"a\u12"', r"\u", (Error, "invalid.illegal.escape")),
        (r'"a\ud800"', r"\u", (Error, "invalid.illegal.escape")),
        ('agg "open\nvote', '"open', (Error, "invalid.illegal.unterminated-string")),
        ('agg "open\nvote', "vote", STAGE),
    ],
)
def test_what_a_part_of_a_program_is(text, part, expected):
    token, scope = expected
    assert kinds(with_pygments(text), part) == [str(token)]
    [textmate] = kinds(with_textmate(text), part)
    assert textmate.startswith(f"{scope}.")


@pytest.mark.parametrize("quotes", ['"', '"""'])
@pytest.mark.parametrize(
    "placeholder", ["{question}", "{ n }", "{candidates:xml}", "{field.user-id}", r"{candidates:plain sep=\"-\"}"]
)
def test_a_placeholder_stands_out_from_its_string(quotes, placeholder):
    text = f"agg prompt={quotes}Read {placeholder} well.{quotes}"
    assert kinds(with_pygments(text), placeholder) == [str(String.Interpol)]
    opening, *_, closing = kinds(with_textmate(text), placeholder)
    assert opening == "punctuation.definition.placeholder.begin.moaql"
    assert closing == "punctuation.definition.placeholder.end.moaql"
    assert kinds(with_pygments(text), " well.") == [str(String)]


def test_the_format_and_the_separator_of_a_placeholder_have_scopes_of_their_own():
    text = r'prompt p { user """{candidates:plain sep="\n\n"}""" }'
    assert kinds(with_textmate(text), "candidates") == ["variable.other.placeholder.moaql"]
    assert kinds(with_textmate(text), "plain") == ["support.constant.format.moaql"]
    assert kinds(with_pygments(text), r'{candidates:plain sep="\n\n"}') == [str(String.Interpol)]


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_valid_program_is_coloured_without_errors_and_unchanged(text):
    for pieces, error in ((with_pygments(text), "Token.Error"), (with_textmate(text), "invalid.")):
        assert [piece for kind, piece in pieces if kind.startswith(error)] == []
        assert "".join(piece for _, piece in pieces).rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_the_parser_takes_for_a_keyword_is_coloured_as_one(text):
    colours = [kind for kind, piece in with_pygments(text) for _ in piece]
    tokens = list(parse_tree(Source(text)).scan_values(lambda token: True))
    keywords = {token.start_pos for token in tokens if token.type in WORDS}
    settings = {token.start_pos for token in tokens if token.type == "KEY"}
    assert {place for place in keywords if not is_keyword(colours[place])} == set()
    assert {place for place in settings if is_keyword(colours[place])} == set()


@pytest.mark.parametrize(
    "text",
    [
        'agg "open',
        'agg "open\nvote',
        'user """open\n\nvote',
        '"""',
        '"',
        '"\\',
        'prompt p { user """open }',
        '"a""',
        '"{question"',
    ],
)
def test_a_string_without_an_end_does_no_harm(text):
    pieces = with_pygments(text)
    assert "".join(piece for _, piece in pieces) == f"{text}\n"
    assert "".join(piece for _, piece in with_textmate(text)) == text
    if text.count('"') % 2:
        assert "Token.Error" in {kind for kind, _ in pieces}


@pytest.mark.parametrize("text", ["agg @", "agg $", "12abc", "x=1.2.3", "]", "}", ")"])
def test_what_is_no_program_is_still_read_to_its_end(text):
    assert "".join(piece for _, piece in with_pygments(text)) == f"{text}\n"
    assert "".join(piece for _, piece in with_textmate(text)) == text


def test_pygments_finds_the_lexer_by_the_name_of_a_file():
    assert any(fnmatch("support.moaql", pattern) for pattern in MoaqlLexer.filenames)
    assert not any(fnmatch("support.py", pattern) for pattern in MoaqlLexer.filenames)
    assert MoaqlLexer.aliases == ["moaql"]


def test_editors_find_the_grammar_by_the_name_of_a_file():
    assert GRAMMAR["scopeName"] == "source.moaql"
    assert GRAMMAR["fileTypes"] == ["moaql"]


def test_every_rule_of_the_textmate_grammar_is_used():
    used = set(re.findall(r'"include": "#([\w-]+)"', json.dumps(GRAMMAR)))
    assert used == set(GRAMMAR["repository"])
