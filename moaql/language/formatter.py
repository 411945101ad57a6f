"""The formatter: changes white space only, and never loses a comment.

In: a source without syntax mistakes. Out: its text as everybody would write it. There are no options. One statement a line; a
pipeline that is too long breaks before its arrows; a list that ends in a comma has one entry a line; up to one blank line
is kept where somebody put it. The result is checked before it is returned: the same tokens and comments, and a second run
changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lark import Token, Tree

from moaql.errors import MoaqlError
from moaql.language.layout import HARD, LINE, SOFT, SPACE, Break, Comment, Document, Group, Indent, Text, join, render
from moaql.language.parser import parse_tree
from moaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

_GAP = re.compile(r"#[^\n]*|\n")


def format_source(source: Source) -> str:
    """The formatted text.

    Raises:
        MoaqlError: if the formatter would change more than white space. That is a bug in it, and nothing is written.
        lark.exceptions.UnexpectedInput: if the source has syntax mistakes; parse it before.
    """
    text = _format(source)
    again = Source(text, source.name)
    if _substance(again) != _substance(source) or _format(again) != text:
        raise MoaqlError(f"the formatter would damage {source.name}", "Nothing was written. Please report this file.")
    return text


def _format(source: Source) -> str:
    text = render(_Formatter(source).document())
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if _uses_crlf(source.text) else text


def _uses_crlf(text: str) -> bool:
    first = text.find("\n")
    return first > 0 and text[first - 1] == "\r"


def _substance(source: Source) -> list[str]:
    """The tokens and comments of a program, in order: what formatting must not change."""
    parts: list[tuple[int, str]] = []
    end = 0
    for token in parse_tree(source).scan_values(lambda value: isinstance(value, Token)):
        start = token.start_pos or 0
        parts += _comments(source.text, end, start)
        # Line breaks inside a long string follow the file's; what it means does not depend on them.
        text = token.replace("\r\n", "\n")
        parts.append((start, "x" + text[1:].strip() if token.type == "TIMES" else text))
        end = token.end_pos or start
    parts += _comments(source.text, end, len(source.text))
    return [part for _, part in parts]


def _comments(text: str, start: int, end: int) -> list[tuple[int, str]]:
    return [(match.start(), match[0].rstrip()) for match in _GAP.finditer(text, start, end) if match[0] != "\n"]


def _is_setting(part: Tree[Token] | Token) -> bool:
    return isinstance(part, Tree) and part.data == "setting"


class _Formatter:
    """Turns Lark's tree into a document. Each token is written once, with the comments around it."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.tree = parse_tree(source)
        self.tokens: list[Token] = list(self.tree.scan_values(lambda value: isinstance(value, Token)))
        self.leading: dict[int, tuple[Comment, ...]] = {}
        self.trailing: dict[int, Comment] = {}
        self.blank_before: set[int] = set()
        self.last: tuple[Comment, ...] = ()
        self._attach_comments()

    def _attach_comments(self) -> None:
        """A comment on the line of a token belongs to the token before it, any other to the token behind it."""
        end, before = 0, None
        for token in [*self.tokens, None]:
            start = token.start_pos if token is not None else len(self.text)
            assert start is not None
            comments, trailing, blank = self._gap(end, start, before is None)
            if trailing is not None and before is not None:
                self.trailing[before] = trailing
            if token is None:
                self.last = comments
            else:
                self.leading[start] = comments
                if blank and (before is not None or comments):
                    self.blank_before.add(start)
                end, before = token.end_pos or start, start

    def _gap(self, start: int, end: int, at_top: bool) -> tuple[tuple[Comment, ...], Comment | None, bool]:
        """The comments between two tokens: on lines of their own, behind the first, and whether a blank line comes last."""
        own: list[Comment] = []
        trailing: Comment | None = None
        breaks = 2 if at_top else 0
        for match in _GAP.finditer(self.text, start, end):
            if match[0] == "\n":
                breaks += 1
            elif breaks == 0:
                trailing = Comment(match[0].rstrip(), own_line=False)
            else:
                own.append(Comment(match[0].rstrip(), own_line=True, blank_before=breaks > 1))
                breaks = 0
        return tuple(own), trailing, breaks > 1

    # Documents

    def document(self) -> Document:
        """The whole program."""
        statements = [child for child in self.tree.children if isinstance(child, Tree)]
        parts: list[Document] = []
        for statement in statements:
            if parts:
                parts.append(self._new_line(statement))
            parts.append(self._set(statement))
        return (*parts, self._on_own_lines(self.last))

    def _new_line(self, part: Tree[Token] | Token) -> Break:
        first = next(iter(part.scan_values(lambda value: isinstance(value, Token)))) if isinstance(part, Tree) else part
        comments = self.leading.get(first.start_pos or 0, ())
        blank = comments[0].blank_before if comments else first.start_pos in self.blank_before
        return Break(hard=True, blank=blank)

    def _inner_comments(self, closing: Tree[Token] | Token) -> Document:
        """The comments before a closing bracket: they belong to what it closes, and are indented with it."""
        assert isinstance(closing, Token)
        return self._on_own_lines(self.leading.pop(closing.start_pos or 0, ()))

    @staticmethod
    def _on_own_lines(comments: tuple[Comment, ...]) -> Document:
        """Comments behind something that is complete: they begin a line and continue none."""
        return (Break(hard=True, blank=comments[0].blank_before), *comments) if comments else ()

    def _token(self, token: Token, text: str | None = None) -> Document:
        start = token.start_pos or 0
        before: tuple[Document, ...] = self.leading.get(start, ())
        if before and start in self.blank_before:  # a comment that stands apart from what follows stays apart
            before = (*before, Break(hard=True, blank=True))
        after = (self.trailing[start],) if start in self.trailing else ()
        return (*before, Text(text or str(token)), *after)

    def _set(self, part: Tree[Token] | Token) -> Document:
        if isinstance(part, Token):
            text = "x" + part[1:].strip() if part.type == "TIMES" else str(part)
            return self._token(part, text)
        special: Callable[[Tree[Token]], Document] | None = getattr(self, "_set_" + part.data, None)
        return special(part) if special is not None else self._spaced(part)

    def _spaced(self, tree: Tree[Token], separator: Document = SPACE) -> Document:
        return join(separator, [self._set(child) for child in tree.children])

    def _tight(self, tree: Tree[Token]) -> Document:
        return tuple(self._set(child) for child in tree.children)

    _set_setting = _set_repeat = _set_name = _tight

    def _set_item(self, tree: Tree[Token]) -> Document:
        """`name x2`, but `]x2` and `)x2`."""
        value = tree.children[0]
        tight = isinstance(value, Tree) and value.data in ("list", "group")
        return self._tight(tree) if tight else self._spaced(tree)

    _set_operand = _set_hole_step = _set_choice = _set_item

    def _set_group(self, tree: Tree[Token]) -> Document:
        opening, body, closing, *repeat = [self._set(child) for child in tree.children]
        return (Group((opening, Indent((SOFT, body)), SOFT, closing)), *repeat)

    def _set_stage(self, tree: Tree[Token]) -> Document:
        """Settings go on in further lines where one is too short for all; a single one stays beside its stage."""
        several = sum(_is_setting(child) for child in tree.children) > 1
        head: list[Document] = []
        settings: list[Document] = []
        for position, child in enumerate(tree.children):
            part = self._set(child)
            if several and _is_setting(child):
                settings += [LINE, part]
            elif position == 0 or self._repeats_list(tree, position):
                (settings or head).append(part)
            else:
                (settings or head).extend([SPACE, part])
        return (*head, Group(Indent(tuple(settings)))) if settings else tuple(head)

    def _repeats_list(self, tree: Tree[Token], position: int) -> bool:
        """Whether a child is the repeat of a list before it, to which it is joined: `]x2`."""
        child = tree.children[position]
        return isinstance(child, Tree) and child.data == "repeat" and self._ends_in_list(tree.children[position - 1])

    @staticmethod
    def _ends_in_list(part: Tree[Token] | Token) -> bool:
        last = part.children[-1] if isinstance(part, Tree) else None
        return isinstance(last, Tree) and last.data == "list"

    def _with_settings(self, tree: Tree[Token]) -> Document:
        """A statement that ends in settings: they go on in the next line where one is too short for all."""
        parts = [self._set(child) for child in tree.children]
        first = next((i for i, part in enumerate(tree.children) if _is_setting(part)), len(parts))
        rest = [(LINE, part) for part in parts[first:]]
        return Group((join(SPACE, parts[:first]), Indent(tuple(rest))))

    _set_model_statement = _set_eval_statement = _with_settings

    def _set_pipeline(self, tree: Tree[Token]) -> Document:
        parts = [self._set(child) for child in tree.children]
        rest = [(LINE, arrow, SPACE, step) for arrow, step in zip(parts[1::2], parts[2::2], strict=True)]
        return Group((parts[0], Indent(tuple(rest))))

    def _set_list(self, tree: Tree[Token]) -> Document:
        opening, *inside, closing = tree.children
        trailing_comma = bool(inside) and isinstance(inside[-1], Token)
        entries = self._entries(inside)
        if not entries:
            return (self._set(opening), self._set(closing))
        body = Indent((SOFT, join(LINE, entries), self._inner_comments(closing)))
        return Group((self._set(opening), body, SOFT, self._set(closing)), broken=trailing_comma)

    _set_map = _set_list

    def _entries(self, children: list[Tree[Token] | Token]) -> list[Document]:
        entries: list[Document] = []
        for child in children:
            if isinstance(child, Token):
                entries[-1] = (entries[-1], self._set(child))
            else:
                entries.append(self._set(child))
        return entries

    def _set_entry(self, tree: Tree[Token]) -> Document:
        key, colon, value = [self._set(child) for child in tree.children]
        return (key, colon, SPACE, value)

    def _comma_list(self, tree: Tree[Token]) -> Document:
        """`where a <= 1, b <= 2`."""
        keyword, *rest = tree.children
        return (self._set(keyword), SPACE, join(SPACE, self._entries(rest)))

    _set_where = _set_maximize = _set_minimize = _comma_list

    # Holes

    def _set_hole(self, tree: Tree[Token]) -> Document:
        opening, inside, closing = [self._set(child) for child in tree.children]
        return Group((opening, Indent((SOFT, inside)), SOFT, closing))

    def _set_choices(self, tree: Tree[Token]) -> Document:
        parts = [self._set(child) for child in tree.children]
        rest = [(LINE, bar, SPACE, choice) for bar, choice in zip(parts[1::2], parts[2::2], strict=True)]
        return (parts[0], *rest)

    def _set_range(self, tree: Tree[Token]) -> Document:
        low, dots, high, *rest = [self._set(child) for child in tree.children]
        return (low, dots, high, *[(SPACE, part) for part in rest])

    _set_subset = _set_range

    # Blocks

    def _set_block(self, tree: Tree[Token]) -> Document:
        return Group(self._block(tree))

    def _block(self, tree: Tree[Token]) -> Document:
        opening, *body, closing = tree.children
        if not body:
            return (self._set(opening), self._set(closing))
        inside = Indent((LINE, self._set(body[0]), self._inner_comments(closing)))
        return (self._set(opening), inside, LINE, self._set(closing))

    def _set_disjunction(self, tree: Tree[Token]) -> Document:
        out: list[Document] = []
        for position, child in enumerate(tree.children):
            previous = tree.children[position - 1] if position else None
            opens = isinstance(previous, Token) and previous.type == "LEFT_PARENTHESIS"
            closes = isinstance(child, Token) and child.type == "RIGHT_PARENTHESIS"
            if position and not opens and not closes:
                out.append(SPACE)
            out.append(self._set(child))
        return tuple(out)

    _set_conjunction = _set_negation = _set_disjunction

    def _set_when(self, tree: Tree[Token]) -> Document:
        """Both sides on one line, or both broken."""
        parts = [
            self._block(child) if isinstance(child, Tree) and child.data == "block" else self._set(child)
            for child in tree.children
        ]
        return Group(join(SPACE, parts))

    def _set_route(self, tree: Tree[Token]) -> Document:
        opening = next(
            i for i, part in enumerate(tree.children) if isinstance(part, Token) and part.type == "LEFT_BRACE"
        )
        head = join(SPACE, [self._set(child) for child in tree.children[: opening + 1]])
        body: list[Document] = []
        for child in tree.children[opening + 1 : -1]:
            is_else_block = isinstance(child, Tree) and child.data == "block"
            body += [SPACE if is_else_block else HARD, self._set(child)]
        closing = tree.children[-1]
        return (head, Indent((*body, self._inner_comments(closing))), HARD, self._set(closing))

    def _braced(self, tree: Tree[Token]) -> Document:
        """`prompt NAME { … }` and `search NAME { … }`: one entry a line."""
        keyword, name, opening, *body, closing = tree.children
        head = (self._set(keyword), SPACE, self._set(name), SPACE, self._set(opening))
        lines: list[Document] = []
        for position, child in enumerate(body):
            setting = isinstance(child, Tree) and _is_setting(child)  # `budget = $25`
            entry = self._spaced(child) if setting and isinstance(child, Tree) else self._set(child)
            lines += [self._new_line(child) if position else HARD, entry]
        return (*head, Indent((*lines, self._inner_comments(closing))), HARD, self._set(closing))

    _set_prompt_statement = _set_search_statement = _braced
