"""The prompts of a topology that say something of their own: each is a predictor whose instructions are its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.code.layout import quoted
from moaql.exporting.code.names import Names
from moaql.language.template import parse_template, placeholder_kinds
from moaql.tuning.template import placeholders_in, tuned_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.exporting.code.prompts import PromptOf
    from moaql.language.template import Placeholder

_RESERVED = {
    *("forward", "aforward", "acall", "batch", "callbacks", "history", "load", "save", "predictors", "parameters"),
    *("seed", "models", "deepcopy", "set_lm", "get_lm", "load_state", "dump_state", "inspect_history", "reset_copy"),
}
"""What modules of DSPy call their own things."""


@dataclass(frozen=True)
class Instruction:
    """A prompt with a text that can be changed.

    Attributes:
        name: Of its predictor.
        function: The function of the program that makes its messages.
        messages: (role, template) pairs.
        place: Position of the message that is the instruction: the one with most words, which `moaql tune` changes too.
        shown: By placeholder as it is written, an expression of `question` and `seen` for what is put in.
        reads: Whether candidates are put in, or their number.
        history: Whether a template shows the conversation, which then stands in front no more.
    """

    name: str
    function: str
    messages: tuple[tuple[str, str], ...]
    place: int
    shown: tuple[tuple[str, str], ...]
    reads: bool
    history: bool

    @property
    def text(self) -> str:
        """The instruction, as the program has it."""
        return self.messages[self.place][1]


def instructions_of(prompts: Mapping[PromptOf, str]) -> list[Instruction]:
    """The prompts that have words of their own.

    Args:
        prompts: The functions of `topology.py` that write their messages, by prompt.
    """
    names = Names(set(_RESERVED))
    return [
        _instruction(names.take(function.replace("_prompt", "")), function, prompt)
        for prompt, function in prompts.items()
        if _has_words(prompt)
    ]


def _has_words(prompt: PromptOf) -> bool:
    text = prompt.prompt.messages[tuned_message(prompt.prompt)][1]
    return any(part.strip() for part in parse_template(text).parts if isinstance(part, str))


def _instruction(name: str, function: str, prompt: PromptOf) -> Instruction:
    messages = prompt.prompt.messages
    shown: dict[str, str] = {}
    for _, text in messages:
        for each in parse_template(text).placeholders:
            (written,) = placeholders_in(text[each.start : each.end])
            shown[written] = _expression(each, prompt)
    return Instruction(
        name=name,
        function=function,
        messages=messages,
        place=tuned_message(prompt.prompt),
        shown=tuple(shown.items()),
        reads=any("seen" in each for each in shown.values()),
        history="history" in placeholder_kinds(messages),
    )


def _expression(placeholder: Placeholder, prompt: PromptOf) -> str:
    """What is put in, by the functions of the program."""
    values, kind = dict(prompt.values), placeholder.kind
    if kind == "question":
        return "question.text"
    if kind == "n":
        return quoted(str(values["n"])) if "n" in values else "str(len(seen))"
    if kind == "labels":
        return quoted("\n".join(f"- {label}" for label in values.get("labels", ())))
    if kind == "field":
        return f"topology.shown_field(question, {quoted(placeholder.name.partition('.')[2])})"
    if kind == "history":
        return "topology.earlier(question)"
    if kind == "candidates":
        return _candidates(placeholder, ", named=True" if prompt.named else "")
    return f"topology.{'reviews' if kind == 'critiques' else kind}(seen)"


def _candidates(placeholder: Placeholder, named: str) -> str:
    if placeholder.format == "xml":
        return f"topology.fenced(seen{named})"
    if placeholder.format == "plain":
        return f"topology.separated(seen, {quoted(placeholder.separator)})"
    return f"topology.numbered(seen{named})"
