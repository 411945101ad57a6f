"""The text of the module: predictors, the class, and what is the same for all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moaql.exporting.code.layout import laid_out, quoted
from moaql.exporting.code.names import Names
from moaql.exporting.dspy_program.state import FIELDS
from moaql.exporting.dspy_program.text_calls import MODELS, OPTIMIZING, QUESTIONS
from moaql.exporting.dspy_program.text_class import HEAD, METHODS
from moaql.exporting.dspy_program.text_instructions import INSTRUCTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Program
    from moaql.exporting.dspy_program.instructions import Instruction
    from moaql.graph.nodes import Graph

VERSION = "3.4"
"""Of DSPy, whose requests and engines the module uses."""
_LINE = "\n"
_TAKEN = {
    *("Prompt", "TemplateAdapter", "Rendered", "Run", "Calls", "Models", "Kept", "Sending", "Engine", "AsyncEngine"),
    *("Writer", "Path", "Callable", "Coroutine", "Iterator", "Mapping", "Sequence", "ContextVar", "Any"),
    "ThreadPoolExecutor",
}


def write_module(graph: Graph, program: Program, class_name: str, instructions: Sequence[Instruction]) -> str:
    """The text of `module.py`.

    Args:
        graph: The topology.
        program: The program that it is from; its name is stated.
        class_name: Of the topology in `topology.py`.
        instructions: Its prompts that are predictors.
    """
    name = Names(set(_TAKEN)).take(graph.name, capital=True)
    head = HEAD if instructions else HEAD.replace("import dataclass, replace", "import dataclass")
    texts = (
        INSTRUCTIONS.replace("{fields}", _written(FIELDS)),
        QUESTIONS.replace("{topology}", class_name),
        MODELS,
    )
    rest = [text.strip("\n") for text in (*texts, *([OPTIMIZING] if instructions else []))]
    parts = [
        _head(graph, program, name, instructions) + "\n" + head.rstrip("\n"),
        _prompts(instructions),
        _class(graph, name, instructions),
        _LOAD.format(name=name),
        f"# {'-' * 100}\n# What follows is the same for every topology.",
        *rest,
    ]
    return "\n\n\n".join(parts) + "\n"


def _head(graph: Graph, program: Program, name: str, instructions: Sequence[Instruction]) -> str:
    origin = program.source.name.replace("\\", "/").rpartition("/")[2]
    names = ", ".join(f"`{each.name}`" for each in instructions)
    what = f"Its predictors: {names}." if names else "It has no predictors: none of its prompts has words of its own."
    return f'''"""The topology `{graph.name}` of {origin} as a module of DSPy {VERSION}, written by `moaql export`.

It needs dspy and httpx, and the files topology.py and module.json beside it. {what}
Their instructions stand in module.json, as `save` writes it. They are templates: what stands in single braces is filled in, and has
to stay in them. Examples (demos) that an optimizer adds are not shown. Keys are read from the environment, as topology.py says.

    import module

    {_variable(name)} = module.load()
    print({_variable(name)}(question="What is 17 * 23?").answer)

How this hangs together: topology.py is the program, a class whose methods are its stages. `{name}` holds a predictor for
each of `PROMPTS`, and a question runs the topology with a `Run` of this module: it has a predictor write the messages of its
prompt, with the instructions of the moment (`messages_of`), and asks by a model of DSPy (`Models`), so that traces, caches
and optimizers see the call. The engine behind those models (`Engine`) is the client of topology.py.
"""'''


def _variable(name: str) -> str:
    return name.lower()


def _prompts(instructions: Sequence[Instruction]) -> str:
    if not instructions:
        return "PROMPTS: dict[str, Prompt] = {}"
    return "PROMPTS = {\n" + "".join(map(_prompt, instructions)) + "}"


def _prompt(each: Instruction) -> str:
    messages = "".join(_message(role, _text(text)) for role, text in each.messages)
    shown = "".join(
        f"            {quoted(written)}: lambda question, seen: {value},\n" for written, value in each.shown
    )
    more = "".join(f"        {name}=True,\n" for name in ("reads", "history") if getattr(each, name))
    return (
        f"    {json.dumps(each.name)}: Prompt(\n"
        f"        topology.{each.function},\n"
        f"        [\n{messages}        ],\n"
        f"        place={each.place},\n"
        f"        shown={{\n{shown}        }},\n"
        f"{more}"
        "    ),\n"
    )


def _message(role: str, text: str) -> str:
    if "\n" not in text:
        return "".join(f"{line}\n" for line in laid_out(f"({quoted(role)}, {text}),", " " * 12))
    return f"            (\n                {json.dumps(role)},\n                {text},\n            ),\n"


def _class(graph: Graph, name: str, instructions: Sequence[Instruction]) -> str:
    made = "".join(f'\n        self.{each.name} = predictor(PROMPTS["{each.name}"])' for each in instructions)
    return f'''class {name}(dspy.Module):
    """The topology `{graph.name}`.

    Args:
        seed: Of all that is drawn: orders, ties.
        cache: Whether DSPy's cache may answer.
    """

    def __init__(self, seed: int = 0, cache: bool = True) -> None:
        super().__init__()
        self.seed = seed
        self.models = Models(cache){made}

{METHODS.strip(_LINE)}'''


_LOAD = '''def load(path: str | Path | None = None, *, seed: int = 0, cache: bool = True) -> {name}:
    """The module with saved instructions.

    Args:
        path: Of the state that DSPy saved; by default, module.json beside this file.
        seed: Of all that is drawn: orders, ties.
        cache: Whether DSPy's cache may answer.

    Raises:
        ValueError: if instructions cannot be sent.
    """
    module = {name}(seed, cache)
    module.load(path or Path(__file__).with_name("module.json"))
    return module'''


def _text(text: str) -> str:
    """A template as it reads best: over several lines where it has several."""
    plain = all(each.isprintable() or each == "\n" for each in text)
    if "\n" not in text or not plain or '"""' in text or "\\" in text or text.endswith('"'):
        return quoted(text)
    return f'"""\\\n{text}"""'


def _written(fields: dict[str, str]) -> str:
    return "{" + "".join(f"\n    {json.dumps(name)}: {json.dumps(about)}," for name, about in fields.items()) + "\n}"
