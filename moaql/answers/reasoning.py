"""Reasoning traces in a text: taken out of a whole text, or out of a stream of pieces.

What stands between `<think>` and `</think>` (or `thinking`, `thought`, `reasoning`, in any case) is reasoning. Blocks may be
nested. A text that begins with a block and never closes it was cut off while the model was thinking, so it holds no answer. A
closing tag without an opening one means that the opening one was part of the prompt: all before it is reasoning. An opening
tag in the midst of a text that nothing closes is just text, and so are tags in fenced code and behind a backtick.
"""

from __future__ import annotations

import re

_TAG = r"(?<!`)<(?P<close>/?)(?P<name>think|thinking|thought|reasoning)>"
_FENCE = r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})"
_OUTSIDE = re.compile(f"{_TAG}|{_FENCE}", re.IGNORECASE | re.MULTILINE)
_INSIDE = re.compile(_TAG, re.IGNORECASE)
_CODE = re.compile(_FENCE, re.MULTILINE)
# The end of a piece that the next piece may complete to a tag or a fence.
_TAG_BEGUN = re.compile(r"(?<!`)</?[a-z]{0,9}\Z", re.IGNORECASE)
_FENCE_BEGUN = re.compile(r"^[ ]{0,3}(?:`*|~*)\Z", re.MULTILINE)


def split_reasoning(text: str) -> tuple[str, str]:
    """Tell the answer from the reasoning.

    Args:
        text: What the model wrote.

    Returns:
        The text without its reasoning, and the reasoning without its tags, several blocks separated by a blank line. A text
        without reasoning is returned as it is; otherwise white space around both is removed.
    """
    if "<" not in text or _INSIDE.search(text) is None:
        return text, ""
    filter = ReasoningFilter()
    shown = filter.feed(text) + filter.end()
    reasoning = "\n\n".join(block for each in filter.blocks if (block := each.strip()))
    return shown.strip(), reasoning


class ReasoningFilter:
    """Takes the reasoning out of a stream. It gives at the end what `split_reasoning` gives for the whole.

    Only one thing differs: when a closing tag without an opening one arrives, what was given out already is found to be
    reasoning. Then `retracted` is how many characters of it that were, and a display should begin anew.

    Attributes:
        blocks: The blocks of reasoning so far.
        retracted: How many of the characters given out so far were reasoning.
    """

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.retracted = 0
        self._buffer = ""  # from the character before `_position`: backticks and line ends there matter to the patterns
        self._position = 0
        self._run: list[str] = []  # pieces that go on with the fence at the buffer's end
        self._given: list[str] = []
        self._answering = False  # whether anything but white space was given out
        self._open: list[str] = []  # names of the tags that are open
        self._block: list[str] = []
        self._block_leads = False  # whether nothing stood before the block
        self._fence = ""

    def feed(self, piece: str) -> str:
        """Take the next piece, and return what of the answer is certain by now, which may be ""."""
        if self._goes_on(piece):
            self._run.append(piece)
            return ""
        self._complete(piece)
        out: list[str] = []
        while (match := self._pattern.search(self._buffer, self._position)) is not None:
            if match.end() == len(self._buffer) and match[0][-1] in "`~":
                break  # a longer fence may be arriving
            self._take(match.start(), out)
            self._mark(match, out)
        self._take(self._certain_end(), out)
        before = max(0, self._position - 1)
        self._buffer, self._position = self._buffer[before:], self._position - before
        return "".join(out)

    def end(self) -> str:
        """Say that the stream has ended, and return the rest of the answer."""
        self._complete("")
        out: list[str] = []
        self._take(len(self._buffer), out)
        if self._open:
            rest, self._block, self._open = self._block, [], []
            if self._block_leads:
                self.blocks.append("".join(rest[1:]))
            else:
                self._give("".join(rest), out)
        return "".join(out)

    def _goes_on(self, piece: str) -> bool:
        """Whether a piece only makes the fence longer that is arriving: nothing is certain then, and nothing is searched again."""
        last = self._buffer[-1:]
        arriving = len(self._buffer) - self._position >= 3 and last in "`~"
        return arriving and bool(piece) and piece.count(last) == len(piece)

    def _complete(self, piece: str) -> None:
        self._buffer = "".join([self._buffer, *self._run, piece])
        self._run.clear()

    @property
    def _pattern(self) -> re.Pattern[str]:
        return _INSIDE if self._open else _CODE if self._fence else _OUTSIDE

    def _certain_end(self) -> int:
        begun = [_TAG_BEGUN.search(self._buffer, self._position)] if not self._fence or self._open else []
        if not self._open:
            begun.append(_FENCE_BEGUN.search(self._buffer, self._position))
        return min([match.start() for match in begun if match is not None], default=len(self._buffer))

    def _take(self, end: int, out: list[str]) -> None:
        text = self._buffer[self._position : end]
        self._position = max(end, self._position)
        if self._open:
            self._block.append(text)
        else:
            self._give(text, out)

    def _give(self, text: str, out: list[str]) -> None:
        if not self._answering and self.blocks:
            text = text.lstrip()
        self._answering = self._answering or bool(text.strip())
        out.append(text)
        self._given.append(text)

    def _mark(self, match: re.Match[str], out: list[str]) -> None:
        self._position = match.end()
        found = match.groupdict()
        if found.get("fence"):
            self._turn_fence(found["fence"])
            self._give(match[0], out)
        elif found["close"]:
            self._close(match, out)
        else:
            self._begin(match)

    def _turn_fence(self, fence: str) -> None:
        if not self._fence:
            self._fence = fence
        elif fence.startswith(self._fence):
            self._fence = ""

    def _begin(self, match: re.Match[str]) -> None:
        if not self._open:
            self._block, self._block_leads = [], not self._answering
        self._open.append(match["name"].lower())
        self._block.append(match[0])

    def _close(self, match: re.Match[str], out: list[str]) -> None:
        name = match["name"].lower()
        if not self._open:
            self._retract(out)
        elif name not in self._open:
            self._block.append(match[0])
        else:
            while self._open.pop() != name:
                pass
            if self._open:
                self._block.append(match[0])
            else:
                self.blocks.append("".join(self._block[1:]))
                self._block = []

    def _retract(self, out: list[str]) -> None:
        before = "".join(self._given)
        self.retracted += len(before) - sum(map(len, out))
        out.clear()
        self._given.clear()
        self.blocks.append(before)
        self._answering = False
