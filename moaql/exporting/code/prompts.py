"""Prompt templates as functions that return messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.exporting.code.layout import WIDTH, laid_out, quoted
from moaql.language.template import Placeholder, parse_template, placeholder_kinds

if TYPE_CHECKING:
    from moaql.graph.nodes import Call, Pairs
    from moaql.stages.base import Prompt

_SHOWN = "moaql.exporting.standalone.shown"
_STRIP = '.strip("\\n")'


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
    messages = [f"({quoted(role)}, {writer.named(role, text)})" for role, text in prompt.prompt.messages]
    kinds = placeholder_kinds(prompt.prompt.messages)
    history = ", with_history=False" if "history" in kinds else ""
    lines = [f"def {name}(question: Question, seen: Sequence[Candidate]) -> Messages:", f'    """{_about(kinds)}"""']
    lines += [f"    {variable} = {value}" for variable, value in writer.variables.items()]
    lines += laid_out(f"return conversation(question, [{', '.join(messages)}]{history})", "    ")
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

    def named(self, role: str, template: str) -> str:
        """A message's text as an expression: a variable, where it says more than the question."""
        if template == "{question}":
            return "question.text"
        name = role
        while name in self.variables:
            name += "_"
        text, stripped = self._message(template)
        if stripped and len(text.rpartition("\n")[2]) + len(_STRIP) <= WIDTH:
            text, stripped = text + _STRIP, False
        self.variables[name] = text  # behind the variables that it shows
        if stripped:
            self.variables[name] += f"\n    {name} = {name}{_STRIP}"
        return name

    def _message(self, template: str) -> tuple[str, bool]:
        """The text, and whether line breaks around it have to go."""
        parts = [part for part in parse_template(template).parts if part]
        if parts and isinstance(parts[0], str):
            parts[0] = parts[0].lstrip("\n")
        if parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1].rstrip("\n")
        text = "".join(_literal(part) if isinstance(part, str) else f"{{{self._value(part)}}}" for part in parts)
        ends = (parts[0], parts[-1]) if parts else ("",)
        # What is put in may begin or end with line breaks, which messages do not.
        stripped = not all(isinstance(end, str) and end for end in ends)
        form = "f" if any(not isinstance(part, str) for part in parts) else ""
        if not form:
            text = text.replace("{{", "{").replace("}}", "}")
        if "\n" not in text and len(text) < WIDTH // 2 and '"' not in text and "\\" not in text:
            return f'{form}"{text}"', stripped
        return form + ('"""\\\n' if not text.startswith("{") else '"""') + f'{text}"""', stripped

    def _value(self, placeholder: Placeholder) -> str:
        kind = placeholder.kind
        if kind == "question":
            return "question.text"
        if kind == "n":
            return str(self._values["n"]) if "n" in self._values else "len(seen)"
        if kind == "candidates":
            return self._candidates(placeholder)
        if kind == "labels":
            return self._variable("labels", quoted("\n".join(f"- {label}" for label in self._values.get("labels", ()))))
        if kind == "field":
            name = placeholder.name.partition(".")[2]
            return self._call(
                f"field_{''.join(c if c.isalnum() else '_' for c in name)}",
                "shown_field",
                f"question, {quoted(name)}",
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
            return self._call("texts", "separated", f"seen, {quoted(placeholder.separator)}")
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
