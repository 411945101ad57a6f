"""A prompt in a program's text: the places that change, and the text afterwards. Everything else stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.language.literals import bad_escape, quote, string_value
from moaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.check.program import Program
    from moaql.stages.base import Prompt

Edit: TypeAlias = "tuple[Span, str]"
BY = "# Tuned by "
"""How the comment of a tuned prompt begins."""
_COMMENT_BEFORE = re.compile(r"(?:^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)


def string_token(text: str) -> str:
    """A text as the language writes it: over several lines where it has several and they can stand as they are."""
    if "\n" in text:
        escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        if escaped.endswith('"'):
            escaped = f'{escaped[:-1]}\\"'
        token = f'"""{escaped}"""'
        if bad_escape(token) is None and string_value(token) == text:
            return token
    return quote(text)


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """The text of a source with some places changed, in the line ends that it has."""
    text = source.text
    newline = "\r\n" if "\r\n" in text else "\n"
    for span, new in sorted(edits, key=lambda each: each[0], reverse=True):
        text = text[: span.start] + new.replace("\n", newline) + text[span.end :]
    return text


def block_edits(program: Program, block: n.PromptStatement, prompt: Prompt, comment: Sequence[str]) -> list[Edit]:
    """The messages of a block that differ, and the comment above it; an older comment of the same kind goes.

    Args:
        program: Whose text changes.
        block: One of its prompts.
        prompt: What shall stand there. Where it has as many messages of the same roles, each string is replaced by itself.
        comment: Lines without `#`.
    """
    span = block.span
    roles = [message.role.text for message in block.messages]
    edits: list[Edit] = []
    if roles == [role for role, _ in prompt.messages]:
        for message, (_, text) in zip(block.messages, prompt.messages, strict=True):
            if str(message.text.value) != text:
                edits.append((message.text.span, string_token(text)))
    else:
        edits.append((span, _block(block.name.text, prompt)))
    if comment:
        edits.append((_older(program.source.text, span.start), "".join(f"{line}\n" for line in _lines(comment))))
    return edits


def default_edits(program: Program, stage: n.Stage, name: str, prompt: Prompt, comment: Sequence[str]) -> list[Edit]:
    """A new block before the statement of the stage, and `prompt=NAME` in the stage.

    Raises:
        ValueError: if the stage stands in no statement of this file.
    """
    ends = [stage.name.span.end]
    ends += [(each.repeat or each).span.end for each in stage.operands]
    edits: list[Edit] = [_new_block(program, stage, name, prompt, comment)]
    if not stage.operands and stage.repeat is not None:
        ends.append(stage.repeat.span.end)
    edits.append((Span(max(ends), max(ends)), f" prompt={name}"))
    # `refs_in` is about the default prompt: the block says where its candidates stand.
    edits += [(each.span, "") for each in stage.settings if each.name.text == "refs_in"]
    return edits


def imported_edits(
    program: Program, stage: n.Stage, old: str, name: str, prompt: Prompt, comment: Sequence[str]
) -> list[Edit]:
    """A new block before the statement of the stage, and its name in place of the imported one. Raises as `default_edits`."""
    stated = next(each for each in stage.settings if each.name.text == "prompt")
    names = [each for each in nodes_in(stated.value) if isinstance(each, n.Name) and each.text == old]
    return [_new_block(program, stage, name, prompt, comment), *((each.span, name) for each in names)]


def added_block(program: Program, statement: n.Statement, name: str, prompt: Prompt, comment: Sequence[str]) -> Edit:
    """A new block before a statement, with its comment."""
    at = _above(program.source.text, statement.span.start)
    lines = [*_lines(comment), _block(name, prompt), "", ""]
    return Span(at, at), "\n".join(lines)


def removed_block(program: Program, block: n.PromptStatement) -> Edit:
    """Without a block, and the comment of its tuning."""
    start = _older(program.source.text, block.span.start).start
    return Span(start, block.span.end), ""


def _new_block(program: Program, stage: n.Stage, name: str, prompt: Prompt, comment: Sequence[str]) -> Edit:
    holding = (each for each in program.unit.module.statements if each.span.start <= stage.span.start < each.span.end)
    statement = next(holding, None)
    if statement is None:
        raise ValueError("the stage stands in no statement of this file")
    return added_block(program, statement, name, prompt, comment)


def _block(name: str, prompt: Prompt) -> str:
    messages = "\n".join(f"  {role} {string_token(text)}" for role, text in prompt.messages)
    return f"prompt {name} {{\n{messages}\n}}"


def _lines(comment: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in comment]


def _above(text: str, start: int) -> int:
    """Where the comments above a statement begin: they belong to it, and a new block stands before them."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return start
    match = _COMMENT_BEFORE.search(text, 0, line)
    # What stands at the head of the file is about the file.
    return line if match is None or match.start() == 0 else match.start()


def _older(text: str, start: int) -> Span:
    """The comment of an earlier tuning right above a block, empty where there is none."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return Span(start, start)
    match = _COMMENT_BEFORE.search(text, 0, line)
    if match is None or BY not in match[0]:
        return Span(line, line)
    return Span(match.start() + match[0].rindex(BY), line)
