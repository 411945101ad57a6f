"""Prompt templates as functions that return messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.language.template import Placeholder, parse_template, placeholder_kinds

if TYPE_CHECKING:
    from moaql.graph.nodes import Call, Pairs
    from moaql.stages.base import Prompt

_SHOWN = "moaql.exporting.standalone.shown"


@dataclass(frozen=True)
class Written:
    """A prompt's function, and the functions that it calls, as (module, name)."""

    text: str
    needs: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class PromptOf:
    """What tells the prompts of two calls apart: templates, constants, and whether candidates are named."""

    prompt: Prompt
    values: Pairs
    named: bool


def prompt_of(call: Call) -> PromptOf:
    """The prompt of a call."""
    shows = "candidates" in placeholder_kinds(call.prompt.messages)
    named = shows and dict(call.reads).get("anonymous", True) is False
    return PromptOf(call.prompt, call.values, named)


def write_prompt(name: str, prompt: PromptOf) -> Written:
    """The function of a prompt.

    Args:
        name: What it is called.
        prompt: What it says.
    """
    writer = _Writer(dict(prompt.values), prompt.named)
    messages = [f"({role!r}, {writer.message(text)})".replace("'", '"', 2) for role, text in prompt.prompt.messages]
    kinds = placeholder_kinds(prompt.prompt.messages)
    history = ", with_history=False" if "history" in kinds else ""
    lines = [f"def {name}(question: Question, seen: Sequence[Candidate]) -> Messages:", f'    """{_about(kinds)}"""']
    lines += [f"    {variable} = {value}" for variable, value in writer.variables.items()]
    lines += ["    messages = [", *(f"        {each}," for each in messages), "    ]"]
    lines.append(f"    return conversation(question, messages{history})")
    return Written("\n".join(lines), frozenset({(_SHOWN, "conversation"), *writer.needs}))


def _about(kinds: frozenset[str]) -> str:
    shown = [word for kind, word in (("question", "the question"), ("candidates", "the candidates")) if kind in kinds]
    return f"Messages that show {' and '.join(shown)}." if shown else "Messages."


class _Writer:
    def __init__(self, values: dict[str, Any], named: bool) -> None:
        self.variables: dict[str, str] = {}
        self.needs: set[tuple[str, str]] = set()
        self._values = values
        self._named = named

    def message(self, template: str) -> str:
        """A message's text as an expression."""
        if template == "{question}":
            return "question.text"
        text = "".join(
            _literal(part) if isinstance(part, str) else f"{{{self._value(part)}}}"
            for part in parse_template(template).parts
        )
        opened = '"""\\\n' if not text.startswith("{") else '"""'
        # What is put in may begin or end with line breaks, which the messages do not.
        return f'f{opened}{text}""".strip("\\n")'

    def _value(self, placeholder: Placeholder) -> str:
        kind = placeholder.kind
        if kind == "question":
            return "question.text"
        if kind == "n":
            return str(self._values["n"]) if "n" in self._values else "len(seen)"
        if kind == "candidates":
            return self._candidates(placeholder)
        if kind == "labels":
            return self._variable("labels", repr("\n".join(f"- {label}" for label in self._values.get("labels", ()))))
        if kind == "field":
            name = placeholder.name.partition(".")[2]
            return self._call(
                f"field_{''.join(c if c.isalnum() else '_' for c in name)}",
                "shown_field",
                f"question, {json.dumps(name)}",
            )
        if kind == "history":
            return self._call("history", "earlier", "question")
        function = {"critiques": "reviews", "scores": "scores", "tests": "tests"}[kind]
        return self._call(kind if kind != function else f"all_{kind}", function, "seen")

    def _candidates(self, placeholder: Placeholder) -> str:
        named = ", named=True" if self._named else ""
        if placeholder.format == "xml":
            return self._call("candidates", "fenced", f"seen{named}")
        if placeholder.format == "plain":
            return self._call("texts", "separated", f"seen, {json.dumps(placeholder.separator, ensure_ascii=False)}")
        return self._call("listed", "numbered", f"seen{named}")

    def _call(self, variable: str, function: str, arguments: str) -> str:
        self.needs.add((_SHOWN, function))
        return self._variable(variable, f"{function}({arguments})")

    def _variable(self, name: str, value: str) -> str:
        while self.variables.get(name, value) != value:
            name += "_"
        self.variables[name] = value
        return name


def _literal(text: str) -> str:
    """Text between the quotes of an f-string."""
    escaped = text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}").replace('"""', '\\"\\"\\"')
    escaped = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in escaped)
    return escaped[:-1] + '\\"' if escaped.endswith('"') else escaped
