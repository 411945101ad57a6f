"""Colours for programs wherever Pygments shows code: documentation sites, notebooks, terminals.

In: the text of a program, right or wrong. Out: Pygments' tokens, which together are that text. Pygments itself loads
this module, through the entry point `pygments.lexers`; nothing in moaql does, so Pygments need not be installed.

What a name is depends on what stands before it, and states remember that: in `step` a stage is to come (in `indented`
perhaps a repeat), in `item` something that may yet turn out to be a setting or a signal, in `value` a value, in `range`
what may stand behind `..`. Each of them ends with the next token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from moaql.language.grammar import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_groups: Callable[..., Any] = bygroups


def _any_of(words: Iterable[str]) -> str:
    return rf"(?:{'|'.join(sorted(words))}){_END}"


_NAME = r"[^\W\d]\w*(?:[.\-]\w+)*"
_END = r"(?!\w|[.\-]\w)"
_NUMBER = r"[-$]?[0-9]+(?:[./][0-9]+)?(?:%|ms|[smhkM])?(?![\w%]|\.\w)"
_REPEAT = rf"(x)(\s*)([0-9]+){_END}"
_REPEAT_HOLE = r"x(?=\s*\?\()"
_IS_SET = r"(?=\s*(?:#[^\n]*\n\s*)*=(?!=))"

_DECLARATIONS = {"import", "as", "model", "prompt", "topology", "eval", "search"}
_OPERATORS = {"and", "or", "not"}
_CONSTANTS = {"true", "false", "none"}
_PLAIN_NAME = rf"(?!{_any_of(RESERVED)}){_NAME}"

_PLACEHOLDER = r"\{\s*[A-Za-z_]\w*(?:\.[\w\-]+)*\s*(?::\s*\w*\s*(?:sep=%s\s*)?)?\}"
_SEPARATOR = r'\\"(?:[^"\\]|\\[^"])*\\"'
_LONG_SEPARATOR = rf'(?:{_SEPARATOR}|"(?:[^"\\]|\\.)*")'


class MoaqlLexer(RegexLexer):
    """Lexer for moaql programs."""

    name = "moaql"
    aliases: ClassVar[list[str]] = ["moaql"]
    filenames: ClassVar[list[str]] = ["*.moaql"]
    mimetypes: ClassVar[list[str]] = ["text/x-moaql"]
    url = ""
    version_added = ""

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [default(("code", "step"))],
        "code": [
            (r"\n(?=[^\S\n])", Whitespace, "indented"),
            (r"\n", Whitespace, "step"),
            (r"[^\S\n]+", Whitespace),
            include("anywhere"),
        ],
        "list": [
            (r"\]", Punctuation, "#pop"),
            (r"\s+", Whitespace),
            include("anywhere"),
        ],
        # Where a name is told by what stands before it.
        "indented": [
            (_REPEAT, _groups(Operator, Whitespace, Number), "#pop"),
            (_REPEAT_HOLE, Operator, "#pop"),
            include("step"),
        ],
        "step": [
            (rf"{_PLAIN_NAME}(?!\w|[.\-]\w|\s*[=:<>!])", Name.Function, "#pop"),
            include("item"),
        ],
        "item": [
            include("blank"),
            (rf"{_PLAIN_NAME}(?!\w|[.\-]\w|\s*[=<>!])", Name, "#pop"),
            default("#pop"),
        ],
        "value": [
            include("blank"),
            (_PLAIN_NAME, Name, "#pop"),
            default("#pop"),
        ],
        "range": [
            include("blank"),
            (_NUMBER, Number),
            (_any_of({"by", "log"}), Keyword, "#pop"),
            default("#pop"),
        ],
        # Where it is not.
        "anywhere": [
            (r"#[^\n]*", Comment.Single),
            include("strings"),
            include("declarations"),
            (rf"{_NAME}{_IS_SET}", Name.Attribute),
            include("words"),
            (_NUMBER, Number),
            (r"[0-9][\w%]*", Error),
            (_REPEAT, _groups(Operator, Whitespace, Number)),
            (_REPEAT_HOLE, Operator),
            (rf"{_NAME}(?=\s*(?:[<>]|[=!]=))", Name.Variable),
            (_NAME, Name),
            include("marks"),
        ],
        "blank": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
        ],
        "declarations": [
            (
                rf"(prompt)(\s+)({_NAME})(\s*)(\{{)",
                _groups(Keyword.Declaration, Whitespace, Name.Class, Whitespace, Punctuation),
                "messages",
            ),
            (
                rf"(topology)(\s+)({_NAME})(\s*)(=)(?!=)",
                _groups(Keyword.Declaration, Whitespace, Name.Class, Whitespace, Operator),
                "step",
            ),
            (
                rf"(model|eval)(\s+)({_NAME})(\s*)(=)(?!=)",
                _groups(Keyword.Declaration, Whitespace, Name.Class, Whitespace, Operator),
                "value",
            ),
            (rf"(search)(\s+)({_NAME})(?=\s*\{{)", _groups(Keyword.Declaration, Whitespace, Name.Class)),
            (rf"(as)(\s+)({_NAME})", _groups(Keyword.Declaration, Whitespace, Name.Namespace)),
        ],
        "words": [
            (rf"topology{_END}", Keyword.Declaration, "step"),
            (_any_of(_DECLARATIONS), Keyword.Declaration, "item"),
            (_any_of(_OPERATORS), Operator.Word, "item"),
            (_any_of(_CONSTANTS), Keyword.Constant),
            (_any_of(RESERVED), Keyword, "item"),
        ],
        "marks": [
            (r"->|\|", Operator, "step"),
            (r"[<>]=?|[=!]=|=", Operator, "value"),
            (r"\.\.", Operator, "range"),
            (r"\?\(|[({]", Punctuation, "step"),
            (r"\[", Punctuation, ("list", "item")),
            (r",", Punctuation, "item"),
            (r":", Punctuation, "value"),
            (r"[)}\]]", Punctuation),
            (r"\?", Operator),
        ],
        # Messages of a prompt, and strings with their placeholders.
        "messages": [
            include("blank"),
            include("strings"),
            (_NAME, Name.Tag),
            (r"\}", Punctuation, "#pop"),
        ],
        "strings": [
            (r'"""(?=(?:[^\\]|\\[\s\S])*?""")', String, "long-string"),
            (r'"""', Error, "long-string"),
            (r'"(?=(?:[^"\\\n]|\\.)*")', String, "string"),
            (r'"[^\n]*', Error),
        ],
        "string": [
            (r'"', String, "#pop"),
            (_PLACEHOLDER % _SEPARATOR, String.Interpol),
            include("text"),
        ],
        "long-string": [
            (r'"""', String, "#pop"),
            (_PLACEHOLDER % _LONG_SEPARATOR, String.Interpol),
            (r"\\\n", String.Escape),
            include("text"),
        ],
        "text": [
            (r"\{\{|\}\}", String.Escape),
            (r'\\(?:[ntr0"\\]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})', String.Escape),
            (r"\\.", Error),
            (r'[^"\\{}]+|["{}]', String),
        ],
    }
