"""Simple commands of a shell script, with plain variables put in. Nothing is run.

Only what a script says by itself is known: a variable of the environment, a command in `$( … )`, a variable that is set in a
branch or a loop stay unknown, and the word that they stand in says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,199})(\+?)=")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_ANY_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|[0-9@*#?!$-])")
_REDIRECTION = re.compile(r"&>>?|<<<|<<-?|<>|[<>]&|>>|>\||[<>]")
_END = re.compile(r"&&|\|\||\|&|;;|[;&|()\n]")
_BEGIN = {"if", "while", "until", "for", "case"}
_CLOSE = {"fi", "done", "esac"}
_PASSED = {"then", "do", "else", "elif", "{", "!", "time", *_BEGIN, *_CLOSE}
_TESTS = {"[", "[[", "test"}
_SETTERS = {"export", "readonly", "declare", "local", "typeset"}
_LONGEST_NAME = 200
_LONGEST = 100_000
"""Characters of a word: variables of variables grow without end."""


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: Without quotes; what is unknown stands in it as it is written.
        unknown: The first part that only the shell knows, such as `$HOME`; "" where there is none.
    """

    text: str
    unknown: str = ""


@dataclass(frozen=True)
class Command:
    """One simple command.

    Attributes:
        words: Redirections left out.
        line: Where its first word stands, counted from 1.
    """

    words: tuple[Word, ...]
    line: int


def commands(text: str) -> list[Command]:
    """The commands of a script, in order.

    Args:
        text: The script; a command line alone is one as well.

    Raises:
        ValueError: where a quotation is left open; says in which line.
    """
    return _Script(text.replace("\r\n", "\n")).read()


class _Script:
    """Reads from left to right, and knows the variables so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[Command] = []
        self._variables: dict[str, str] = {}
        self._depth = 0
        self._perhaps = False
        self._words: list[Word] = []
        self._begin = self._counted = 0
        self._line = 1
        self._parts: list[str] | None = None
        self._length = 0
        self._unknown = ""
        self._quoted = False
        self._redirected = False

    def read(self) -> list[Command]:
        while self._at < len(self._text):
            self._next()
        self._end_command("")
        return self._found

    def _next(self) -> None:
        text, at = self._text, self._at
        char = text[at]
        if text.startswith("\\\n", at):
            self._at += 2
        elif char == "#" and self._parts is None:
            self._at = end if (end := text.find("\n", at)) >= 0 else len(text)
        elif char in " \t\r":
            self._end_word()
            self._at += 1
        elif char == "(" and self._parts and _ASSIGNED.fullmatch("".join(self._parts)):
            self._take_unknown(self._until(")"))
        elif found := _REDIRECTION.match(text, at):
            self._redirect(found.group())
        elif found := _END.match(text, at):
            self._at = found.end()
            self._end_command(found.group())
        elif char == "'":
            self._quoted = True
            self._add(self._until("'")[1:-1])
        elif char == '"':
            self._in_quotes()
        elif char == "\\":
            self._quoted = True
            self._add(text[at + 1 : at + 2])
            self._at += 2
        elif char in "$`":
            self._expand(split=True)
        else:
            self._add(char)
            self._at += 1

    def _until(self, end: str) -> str:
        """From here to behind the next such character."""
        found = self._text.find(end, self._at + 1)
        if found < 0:
            line = self._text.count("\n", 0, self._at) + 1
            raise ValueError(f"what `{self._text[self._at]}` opens in line {line} is never closed")
        taken = self._text[self._at : found + 1]
        self._at = found + 1
        return taken

    def _in_quotes(self) -> None:
        begin = self._at
        self._quoted = True
        self._add("")
        self._at += 1
        while (char := self._text[self._at : self._at + 1]) != '"':
            if not char:
                self._at = begin
                self._until('"')
                raise AssertionError  # nothing closes it, which `_until` says
            if char == "\\" and self._text[self._at + 1 : self._at + 2] in tuple('$`"\\\n'):
                self._add(self._text[self._at + 1].strip("\n"))
                self._at += 2
            elif char in "$`":
                self._expand(split=False)
            else:
                self._add(char)
                self._at += 1
        self._at += 1

    def _expand(self, *, split: bool) -> None:
        found = _VARIABLE.match(self._text, self._at)
        if found is None:
            self._take_unknown(self._other())
            return
        self._at = found.end()
        value = self._variables.get(found[1] or found[2])
        if value is None:
            self._take_unknown(found.group())
            return
        if not split or self._assigns():
            self._add(value)
            return
        for place, part in enumerate(re.split(r"\s+", value) if value else []):
            if place:
                self._end_word()
            if part:
                self._add(part)

    def _other(self) -> str:
        """What begins with a `$` or a backtick, and is no plain variable; a `$` alone is itself."""
        if self._text[self._at] == "`":
            return self._until("`")
        if self._text.startswith("$(", self._at):
            return self._until(")")
        found = _ANY_VARIABLE.match(self._text, self._at)
        taken = found.group() if found is not None else "$"
        self._at += len(taken)
        return taken

    def _take_unknown(self, taken: str) -> None:
        self._add(taken)
        if taken != "$":
            self._unknown = self._unknown or taken

    def _assigns(self) -> bool:
        return _ASSIGNED.match("".join((self._parts or [])[:_LONGEST_NAME])) is not None

    def _add(self, part: str) -> None:
        if self._parts is None:
            self._parts = []
            if not self._words:
                self._begin = self._at
        self._length += len(part)
        if self._length > _LONGEST:
            self._unknown = self._unknown or "a text without end"
        elif part:
            self._parts.append(part)

    def _redirect(self, sign: str) -> None:
        if self._parts is not None and not self._quoted and "".join(self._parts).isdigit():
            self._parts = None  # the number of what is redirected, as in `2>`
        self._end_word()
        self._redirected = True
        self._at += len(sign)

    def _end_word(self) -> None:
        if self._parts is None:
            return
        if not self._redirected:
            self._words.append(Word("".join(self._parts), self._unknown))
        self._parts, self._length, self._unknown, self._quoted, self._redirected = None, 0, "", False, False

    def _end_command(self, sign: str) -> None:
        self._end_word()
        self._redirected = False
        words, self._words = self._words, []
        while words and words[0].text in _PASSED:
            head = words.pop(0).text
            self._depth = max(0, self._depth + (head in _BEGIN) - (head in _CLOSE))
            if head == "for" and words:
                self._variables.pop(words[0].text, None)
        self._assign(words)
        if words:
            self._line += self._text.count("\n", self._counted, self._begin)
            self._counted = self._begin
            self._found.append(Command(tuple(words), self._line))
        tests = bool(words) and words[0].text in _TESTS
        self._perhaps = sign == "||" or (sign == "&&" and (self._perhaps or tests))

    def _assign(self, words: list[Word]) -> None:
        """Keep variables that a command sets, or `export`; those in front of a command are for that alone."""
        setter = bool(words) and words[0].text in _SETTERS
        found = [(word, _ASSIGNED.match(word.text)) for word in words[setter:]]
        if not setter and not all(match for _, match in found):
            return
        for word, match in found:
            if match is None:
                continue
            before = self._variables.get(match[1]) if match[2] else ""
            if word.unknown or before is None or self._depth or self._perhaps:
                self._variables.pop(match[1], None)
            else:
                self._variables[match[1]] = before + word.text[match.end() :]
