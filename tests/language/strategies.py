"""Hypothesis strategies for programs: trees of every construct of the language, and texts in every layout.

Trees are such as the parser makes them, so that a printed tree can be compared with what is read back. Their size is bounded
by a depth: at depth 0 there are no pipelines, lists or holes inside anything. Names are no reserved words and look like no
repeats; whether they are defined anywhere is no business of the grammar.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st
from lark import Token

from moaql.language import literals as readings
from moaql.language import nodes as n
from moaql.language.grammar import RESERVED
from moaql.language.parser import parse_tree
from moaql.source import Source, Span

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")
HERE = Span(0, 0)
DEPTH = 3
_LIKE_A_REPEAT = re.compile(r"x\d*$|x\d")


# Names

_USUAL = ("qwen", "llama-3.1-70b", "agg", "layer", "vote", "ns.panel", "field.topic", "default", "_", "x-1", "xs")
_NEVER = RESERVED | {"by", "log"}
"""`by` and `log` are names too, but not behind a number or a string, where they belong to a range."""


def words() -> SearchStrategy[str]:
    """Words that may name something: letters of several scripts, inner dots and dashes."""
    any_word = st.from_regex(r"[a-cexyzλéA_][a-cx_0-9λ]{0,4}([.\-][a-cx0-9_]{1,3}){0,2}", fullmatch=True)
    return (st.sampled_from(_USUAL) | any_word).filter(
        lambda word: word not in _NEVER and not _LIKE_A_REPEAT.match(word)
    )


def names() -> SearchStrategy[n.Name]:
    return st.builds(n.Name, st.just(HERE), words())


def setting_names() -> SearchStrategy[n.Name]:
    """A name with `=` behind it may be any word, a reserved one too: `prompt=careful`."""
    return st.builds(
        n.Name,
        st.just(HERE),
        words() | st.sampled_from(["prompt", "max", "where", "or", "topology", "x2", "x", "temperature"]),
    )


# Literals


def _digits() -> SearchStrategy[str]:
    return st.integers(0, 10**6).map(str) | st.sampled_from(["0", "00", "007", "123456789012345678901234567890"])


def _decimals() -> SearchStrategy[str]:
    return st.builds("{}.{}".format, _digits(), _digits()) | _digits()


def _quantity_texts() -> SearchStrategy[str]:
    number = st.builds("{}{}".format, st.sampled_from(["", "-"]), _decimals())
    units = st.sampled_from(["", "%", "ms", "s", "m", "h"])
    return st.one_of(
        st.builds("{}{}".format, number, units),
        st.builds("{}{}".format, st.decimals(-999, 99_999, places=3).map(str), st.sampled_from(["k", "M"])),
        st.builds("{}{}".format, st.integers(-10, 10**20), st.sampled_from(["k", "M"])),
        st.builds("${}".format, _decimals()),
        st.builds("{}/{}".format, _digits(), st.integers(1, 1000)),
    )


def _unread(literal: n.Literal, keep_text: bool) -> n.Literal:
    """The literal as it was written or, as a program would make it, without its text."""
    return literal if keep_text else n.Literal(HERE, literal.kind, literal.value, "")


def quantities() -> SearchStrategy[n.Literal]:
    """Numbers, percentages, money, durations and sizes."""
    read = (
        _quantity_texts()
        .map(lambda text: readings.quantity(text, HERE))
        .filter(lambda found: isinstance(found, n.Literal))
    )
    return st.builds(_unread, read, st.booleans())


def texts() -> SearchStrategy[str]:
    """What strings hold: anything that can be encoded."""
    return st.text(st.sampled_from('a {}"\\\n\t#=é') | st.characters(codec="utf-8"), max_size=8)


def _long_texts() -> SearchStrategy[str]:
    pieces = st.sampled_from(
        [
            "a",
            "  ",
            "\n",
            "\n  ",
            "\n\t",
            '"',
            '""',
            "\\n",
            '\\"',
            "\\\n",
            "{question}",
            "# no comment",
            "\\u00e9",
            " \n",
            "é",
        ]
    )
    written = st.lists(pieces, max_size=6).map(lambda parts: f'"""{"".join(parts)}"""')
    return written.filter(lambda text: '"""' not in text[3:-3] and text[-4] != '"')


def strings(*, one_line: bool = False) -> SearchStrategy[n.Literal]:
    """Strings with their text, without it, and over several lines."""
    written = texts().map(readings.quote) | st.sampled_from(['"a\\\\"', '"\\""', '"\t"', '"\\u00e9\\0"', '"x3"', '""'])
    raw = written if one_line else written | _long_texts()
    return st.builds(_unread, raw.map(lambda text: readings.string_literal(text, HERE)), st.booleans())


def literals() -> SearchStrategy[n.Literal]:
    """Constants of every kind."""
    truth = st.sampled_from([n.Literal(HERE, "boolean", True, "true"), n.Literal(HERE, "boolean", False, "")])
    nothing = st.sampled_from([n.Literal(HERE, "none", None, "none"), n.Literal(HERE, "none", None, "")])
    return st.one_of(quantities(), strings(), truth, nothing)


# Values and holes


@cache
def repeats(depth: int = DEPTH) -> SearchStrategy[n.Repeat]:
    counts: SearchStrategy[int | n.Hole] = st.integers(1, 12) | st.just(999_999_999)
    if depth > 0:
        counts |= holes(depth - 1)
    return st.builds(n.Repeat, st.just(HERE), counts)


def _maybe_repeated(depth: int) -> SearchStrategy[n.Repeat | None]:
    return st.none() | st.none() | repeats(depth)


@cache
def operands(depth: int = DEPTH) -> SearchStrategy[n.Item]:
    """Values behind the name of a stage."""
    given: SearchStrategy[n.Name | n.Literal | n.ListValue | n.Hole] = names() | literals()
    if depth > 0:
        given = st.one_of(given, lists(depth - 1), holes(depth - 1))
    return st.builds(n.Item, st.just(HERE), given, _maybe_repeated(depth))


@cache
def items(depth: int = DEPTH) -> SearchStrategy[n.Item]:
    """Entries of a list."""
    if depth <= 0:
        return operands(0)
    return operands(depth) | st.builds(n.Item, st.just(HERE), groups(depth - 1))


@cache
def lists(depth: int = DEPTH) -> SearchStrategy[n.ListValue]:
    return st.builds(n.ListValue, st.just(HERE), _several(items(depth), 0, 3))


@cache
def maps(depth: int = DEPTH) -> SearchStrategy[n.MapValue]:
    entries = st.builds(n.Entry, st.just(HERE), words() | texts(), values(depth - 1))
    return st.builds(n.MapValue, st.just(HERE), _several(entries, 0, 3))


@cache
def values(depth: int = DEPTH) -> SearchStrategy[n.Value]:
    """What a setting holds."""
    simple: SearchStrategy[n.Value] = st.one_of(names(), literals(), st.just(n.Fitted(HERE)))
    return simple if depth <= 0 else st.one_of(simple, simple, lists(depth - 1), holes(depth - 1), maps(depth - 1))


@cache
def holes(depth: int = DEPTH) -> SearchStrategy[n.Hole]:
    """Choices, ranges and subsets."""
    linear = st.builds(n.Range, st.just(HERE), literals(), literals(), st.none() | literals())
    logarithmic = st.builds(n.Range, st.just(HERE), literals(), literals(), log=st.just(True))
    subsets = st.builds(n.Subset, st.just(HERE), literals(), literals(), lists(depth - 1))
    return st.one_of(choices(depth), choices(depth), linear, logarithmic, subsets)


@cache
def choices(depth: int = DEPTH) -> SearchStrategy[n.Choice]:
    lone_literal = st.builds(n.Item, st.just(HERE), literals())
    alternatives: SearchStrategy[n.Pipeline | n.Item] = pipelines(depth - 1) | lone_literal
    if depth > 0:
        alternatives |= st.builds(n.Item, st.just(HERE), lists(depth - 1), _maybe_repeated(depth - 1))
    return st.builds(n.Choice, st.just(HERE), _several(alternatives, 1, 3))


# Pipelines


@cache
def settings(depth: int = DEPTH) -> SearchStrategy[tuple[n.Setting, ...]]:
    """Settings of anything but a stage."""
    return _several(st.builds(n.Setting, st.just(HERE), setting_names(), values(depth)), 0, 2)


@cache
def _stage_settings(depth: int) -> SearchStrategy[tuple[n.Setting, ...]]:
    plain = st.builds(n.Setting, st.just(HERE), setting_names(), values(depth))
    if depth <= 0:
        return _several(plain, 0, 2)
    repeated = st.builds(n.Setting, st.just(HERE), setting_names(), lists(depth - 1), _maybe_repeated(depth - 1))
    return _several(plain | repeated, 0, 3)


@cache
def stages(depth: int = DEPTH) -> SearchStrategy[n.Stage]:
    """A stage, with a repeat where the text has a place for one."""

    @st.composite
    def stage(draw: DrawFn) -> n.Stage:
        given = draw(_several(operands(depth), 0, 2))
        named = draw(_stage_settings(depth))
        has_place = not given or (named and not isinstance(named[-1].value, n.ListValue))
        return n.Stage(HERE, draw(names()), given, named, draw(_maybe_repeated(depth)) if has_place else None)

    return stage()


@cache
def groups(depth: int = DEPTH) -> SearchStrategy[n.Group]:
    return st.builds(n.Group, st.just(HERE), pipelines(depth), _maybe_repeated(depth))


@cache
def _blocks(depth: int) -> SearchStrategy[n.Pipeline]:
    return pipelines(depth) | st.just(n.Pipeline(HERE, ()))


@cache
def steps(depth: int = DEPTH) -> SearchStrategy[n.Step]:
    """Steps of every kind."""
    plain: SearchStrategy[n.Step] = stages(depth)
    if depth <= 0:
        return plain | st.just(n.Skip(HERE))
    blocks, otherwise = _blocks(depth - 1), st.none() | _blocks(depth - 1)
    cases = st.builds(n.Case, st.just(HERE), words() | texts(), st.just(HERE), blocks)
    limits = quantities() | holes(depth - 1)
    return st.one_of(
        plain,
        plain,
        groups(depth - 1),
        st.builds(n.When, st.just(HERE), conditions(depth), blocks, otherwise),
        st.builds(
            n.Route,
            st.just(HERE),
            _several(operands(depth - 1), 0, 2),
            settings(depth - 1),
            _several(cases, 0, 2),
            otherwise,
        ),
        st.builds(n.Until, st.just(HERE), conditions(depth), limits, blocks),
        st.builds(n.HoleStep, st.just(HERE), holes(depth - 1), _maybe_repeated(depth - 1)),
        st.just(n.Skip(HERE)),
    )


@cache
def pipelines(depth: int = DEPTH) -> SearchStrategy[n.Pipeline]:
    """Pipelines of one step or more."""
    return st.builds(n.Pipeline, st.just(HERE), _several(steps(depth), 1, 3))


# Conditions


@cache
def conditions(depth: int = DEPTH) -> SearchStrategy[n.Condition]:
    """Comparisons, and `and`, `or`, `not` nested in every way."""
    against: SearchStrategy[n.Name | n.Literal | n.Hole] = names() | literals()
    if depth > 0:
        against |= holes(depth - 1)
    operators = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    comparisons = st.builds(n.Comparison, st.just(HERE), names(), settings(depth - 1), operators, against)
    if depth <= 0:
        return comparisons
    inner = conditions(depth - 1)
    logic = st.builds(n.Logic, st.just(HERE), st.sampled_from(["and", "or"]), _several(inner, 2, 3))
    return st.one_of(comparisons, logic, st.builds(n.Negation, st.just(HERE), inner))


# Statements


def imports() -> SearchStrategy[n.ImportStatement]:
    return st.builds(n.ImportStatement, st.just(HERE), strings(one_line=True), st.none() | names())


def models() -> SearchStrategy[n.ModelStatement]:
    sources = _several(names() | strings(one_line=True), 1, 3)
    return st.builds(n.ModelStatement, st.just(HERE), names(), sources, settings(2))


def prompts() -> SearchStrategy[n.PromptStatement]:
    messages = st.builds(n.Message, st.just(HERE), names(), strings())
    return st.builds(n.PromptStatement, st.just(HERE), names(), _several(messages, 0, 3))


def topologies() -> SearchStrategy[n.TopologyStatement]:
    """Named and bare pipelines."""
    return st.builds(n.TopologyStatement, st.just(HERE), st.none() | names(), pipelines(DEPTH))


def evals() -> SearchStrategy[n.EvalStatement]:
    return st.builds(n.EvalStatement, st.just(HERE), names(), strings(one_line=True), settings(1))


def searches() -> SearchStrategy[n.SearchStatement]:
    goals = st.builds(n.Goal, st.just(HERE), st.sampled_from(["maximize", "minimize"]), names(), st.none() | names())
    limits = st.builds(n.Limit, st.just(HERE), names(), st.sampled_from(["<", "<=", ">=", "=="]), literals())
    return st.builds(
        n.SearchStatement,
        st.just(HERE),
        names(),
        _several(pipelines(2), 0, 2),
        _several(names(), 0, 2),
        _several(goals, 0, 3),
        _several(limits, 0, 3),
        settings(2),
    )


def statements() -> SearchStrategy[n.Statement]:
    """Statements of every kind."""
    return st.one_of(imports(), models(), prompts(), topologies(), evals(), searches())


def modules(most: int = 4) -> SearchStrategy[n.Module]:
    """Programs in which no bare pipeline stands directly behind another pipeline."""
    written = st.lists(statements(), max_size=most).map(_without_lost_pipelines)
    return written.map(lambda kept: n.Module(Source(""), tuple(kept)))


def _without_lost_pipelines(given: list[n.Statement]) -> list[n.Statement]:
    kept: list[n.Statement] = []
    for statement in given:
        is_bare = isinstance(statement, n.TopologyStatement) and statement.name is None
        if not (is_bare and kept and isinstance(kept[-1], n.TopologyStatement)):
            kept.append(statement)
    return kept


def _several(strategy: SearchStrategy[T], least: int, most: int) -> SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


# Texts


def tokens_of(text: str) -> list[Token]:
    """The tokens of a program without syntax mistakes."""
    return list(parse_tree(Source(text)).scan_values(lambda value: isinstance(value, Token)))


def gaps_of(text: str) -> list[str]:
    """What stands before, between and behind the tokens: white space and comments."""
    ends = [0, *[token.end_pos or 0 for token in tokens_of(text)]]
    starts = [*[token.start_pos or 0 for token in tokens_of(text)], len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def comments_of(text: str) -> list[str]:
    """All comments of a program, in order, without blanks at their ends."""
    return [comment.rstrip() for gap in gaps_of(text) for comment in re.findall(r"#[^\n]*", gap)]


_BRACKETS = ("PARENTHESIS", "BRACKET", "BRACE")
_TIGHT = frozenset(
    ["ARROW", "EQUAL", "COMPARE", "HOLE_OPEN", "RANGE", "BAR", "COMMA", "COLON"]
    + [f"{side}_{bracket}" for side in ("LEFT", "RIGHT") for bracket in _BRACKETS]
)
"""Tokens that need no white space around them."""


def _blanks() -> SearchStrategy[str]:
    return st.sampled_from(["", " ", " ", "  ", "\t", "\n", "\n", "\n\n", "\n \n\n\n", "\r\n", " \n    ", "\x0c"])


def _comments() -> SearchStrategy[str]:
    usual = [
        "# why",
        "#",
        "## x3",
        "# { [ ( ?(",
        '# "open',
        "# topology t = a -> b",
        "# blanks   ",
        "# moaql: ignore[W501]",
        "#\ttab",
        '# """',
    ]
    return st.sampled_from(usual) | st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=6).map(
        "#".__add__
    )


def _gaps() -> SearchStrategy[str]:
    commented = st.builds("{}{}\n{}".format, _blanks(), _comments(), _blanks())
    return st.one_of(_blanks(), _blanks(), _blanks(), commented, st.builds("{}{}".format, commented, commented))


@st.composite
def loosened(draw: DrawFn, text: str) -> str:
    """The same program with other white space, line breaks and comments between its tokens, those of `text` left out."""
    tokens = tokens_of(text)
    out = [draw(_gaps())]
    for token, following in pairwise([*tokens, None]):
        assert token is not None
        out.append(draw(_inside(token)))
        # `x` and the hole that repeats are two tokens, told from a name by what stands right behind.
        gap = draw(_blanks() if token.type == "TIMES_HOLE" else _gaps())
        out.append(gap or (" " if following is not None and _need_space(token, following) else ""))
    if draw(st.booleans()):
        out.append(draw(_comments()))  # a last line without an end
    return "".join(out)


def _inside(token: Token) -> SearchStrategy[str]:
    """A repeat may be written with white space inside: `x 3`."""
    if token.type == "TIMES":
        return _blanks().map(lambda blanks: f"x{blanks}{token[1:].strip()}")
    return st.just(str(token))


def _need_space(before: Token, after: Token) -> bool:
    """Whether two tokens would be read as something else if nothing stood between them."""
    if before.type == "FIT" and after.type == "LEFT_PARENTHESIS":
        return True
    return not (before.type in _TIGHT or after.type in _TIGHT)
