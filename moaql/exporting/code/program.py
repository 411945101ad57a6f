"""A graph as one stand-alone Python file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.code.flows import Flows
from moaql.exporting.code.layout import laid_out, quoted
from moaql.exporting.code.methods import Methods
from moaql.exporting.code.models import models_in, reached
from moaql.exporting.code.names import Names
from moaql.exporting.code.prompts import PromptOf, prompt_of, write_prompt
from moaql.exporting.code.readers import edits_for
from moaql.exporting.code.routers import router_text
from moaql.exporting.code.sources import Copied, Where, copy, library_names
from moaql.exporting.code.stage_names import method_names
from moaql.exporting.code.stages import is_early, stages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.check.program import Model, Program
    from moaql.graph.nodes import Graph
    from moaql.routers.router import Router

_HERE = "moaql.exporting.standalone"
_LIBRARY = (_HERE, "moaql.answers", "moaql.operations", "moaql.routers")
_FIRST = {f"{_HERE}.records", f"{_HERE}.once"}
_ROOTS: list[Where] = [
    *((f"{_HERE}.records", name) for name in ("Model", "Candidate", "Candidates", "Messages", "Question", "Answer")),
    (f"{_HERE}.once", "once"),
    (f"{_HERE}.command", "main"),
    (f"{_HERE}.command", "answered"),
]
_REPLACED: dict[Where, Where] = {
    ("moaql.answers.candidate", "Candidate"): (f"{_HERE}.records", "Candidate"),
    ("moaql.operations.base", "Given"): (f"{_HERE}.run", "Given"),
    ("moaql.answers.readings", "readings"): (f"{_HERE}.readings", "readings"),
}


@dataclass(frozen=True)
class PythonFile:
    """A topology as one file.

    Attributes:
        text: Of the file.
        class_name: Of the class that is the topology.
        prompts: The functions that write the messages, by prompt, in the order of the file.
    """

    text: str
    class_name: str
    prompts: Mapping[PromptOf, str]


def write_program(graph: Graph, program: Program, alone: Sequence[Model] = ()) -> PythonFile:
    """The file.

    Args:
        graph: The topology.
        program: The program that it is from; its name is stated.
        alone: Models that something else asks by the file, each with its own settings.

    Raises:
        UsageError: if an operation comes from another package.
    """
    return _Writer(graph, program.source.name, alone).file()


class _Writer:
    def __init__(self, graph: Graph, origin: str, alone: Sequence[Model]) -> None:
        self._graph = graph
        self._alone = alone
        self._origin = origin.replace("\\", "/").rpartition("/")[2]
        self._stages = stages_of(graph)
        self._names = Names({*library_names(_LIBRARY), "answer", "partial", "permutations", "combinations"})
        self._class = self._names.take(graph.name, capital=True)
        self._models: dict[tuple[object, ...], tuple[str, Model]] = {}
        self._prompts: dict[PromptOf, tuple[str, str]] = {}
        self._routers: dict[str, tuple[str, Router]] = {}
        self._needs: set[Where] = set()

    def file(self) -> PythonFile:
        text = self._text()
        return PythonFile(text, self._class, {prompt: name for prompt, (name, _) in self._prompts.items()})

    def _text(self) -> str:
        methods = self._methods()
        copied = copy([*_ROOTS, *sorted(self._needs)], _REPLACED, edits_for(self._graph, self._alone))
        parts = [
            self._head(copied),
            copied.text(_FIRST),
            "\n".join(_model_text(name, model) for name, model in self._models.values()),
            *(text for _, text in self._prompts.values()),
            methods,
            self._answer(),
            _banner("What follows is the same for every topology: how calls are sent, and how answers are read."),
            copied.text(without=_FIRST),
            *(router_text(name, router) for name, router in self._routers.values()),
            f'if __name__ == "__main__":\n    sys.exit(main({self._class}))',
        ]
        return "\n\n\n".join(parts) + "\n"

    def _methods(self) -> str:
        names = method_names(self._stages, self._graph)
        flows = Flows(self._stages, names)
        writer = Methods(self._graph, flows, self._model, self._prompt, self._router)
        written = [writer.method(name, stage) for name, stage in zip(names, self._stages.stages, strict=True)]
        outputs = flows.awaited(self._graph.outputs)
        self._needs |= writer.needs | flows.needs
        self._itertools = writer.itertools
        self._partial = any(is_early(stage.last) and len(stage.nodes) > 1 for stage in self._stages.stages)
        head = [
            f"class {self._class}:",
            f'    """The topology `{self._graph.name}`: one question on its way through it."""',
            "",
            "    def __init__(self, run: Run) -> None:",
            "        self.run = run",
            "",
            "    async def outputs(self) -> Candidates:",
            '        """The candidates that it ends with; the first is the answer."""',
            f"        return {outputs}",
        ]
        return "\n\n".join(["\n".join(head), *written])

    def _model(self, model: Model) -> str:
        key = (model.name, model.id, model.connection, model.price_in, model.price_out)
        if key not in self._models:
            self._models[key] = (self._names.take(model.name, upper=True), model)
        return self._models[key][0]

    def _prompt(self, prompt: PromptOf) -> str:
        if prompt not in self._prompts:
            name = self._names.take(f"{self._purpose(prompt)}_prompt")
            written = write_prompt(name, prompt)
            self._needs |= written.needs
            self._prompts[prompt] = (name, written.text)
        return self._prompts[prompt][0]

    def _router(self, router: Router) -> str:
        if router.hash not in self._routers:
            self._routers[router.hash] = (self._names.take("router", upper=True), router)
        return self._routers[router.hash][0]

    def _purpose(self, prompt: PromptOf) -> str:
        calls = [call for call in self._graph.calls if prompt_of(call) == prompt]
        call = min(calls, key=lambda each: each.purpose == "embed")  # the question alone, as those say who answer it
        purpose = call.purpose.removesuffix(" instead")
        return "refine" if purpose == "propose" and call.inputs else purpose

    def _head(self, copied: Copied) -> str:
        keys = sorted({key for model in models_in(self._graph) for key in reached(model).keys})
        calls = sum(1 for _ in self._graph.calls)
        lines = [
            f'"""The topology `{self._graph.name}` of {self._origin}, written by `moaql export`. It needs Python 3.11 and httpx.',
            "",
            f"{calls} {'call' if calls == 1 else 'calls'} at most for one question. Keys are read from the environment"
            + (f": {', '.join(keys)}." if keys else "; these models need none."),
            "",
            "    python THIS_FILE.py 'What is 17 * 23?'",
            '"""',
            "",
            "from __future__ import annotations",
            "",
            *self._imports(copied),
        ]
        return "\n".join(lines)

    def _imports(self, copied: Copied) -> list[str]:
        imports = {*copied.imports, ("sys", ""), ("collections.abc", "Sequence")}
        imports |= {("itertools", name) for name in self._itertools}
        if self._partial:
            imports.add(("functools", "partial"))
        whole = sorted(module for module, name in imports if not name)
        names: dict[str, list[str]] = {}
        for module, name in sorted(imports):
            if name and module != "__future__":
                names.setdefault(module, []).append(name)
        lines = [f"import {module}" for module in whole if module != "httpx"]
        lines += [f"from {module} import {', '.join(found)}" for module, found in names.items()]
        return [*lines, "", "import httpx"]

    def _answer(self) -> str:
        return "\n".join(
            [
                "async def answer(question: str | Question, *, seed: int = 0, client: Client | None = None) -> Answer:",
                '    """Answer one question. Questions may share a client: `async with Client() as client`."""',
                f"    return await answered({self._class}, question, seed, client)",
            ]
        )


def _banner(text: str) -> str:
    return f"# {'-' * 100}\n# {text}"


def _model_text(name: str, model: Model) -> str:
    how = reached(model)
    fields = [quoted(model.name), quoted(model.id.partition("/")[2]), quoted(how.url)]
    if how.protocol != "openai":
        fields.append(f"protocol={quoted(how.protocol)}")
    if how.keys:
        fields.append(f"keys=({', '.join(map(quoted, how.keys))}{',' if len(how.keys) == 1 else ''})")
    if how.price is not None:
        fields.append(f"price=({how.price[0]:g}, {how.price[1]:g})")
    if how.limit != "max_tokens":
        fields.append(f"limit={quoted(how.limit)}")
    if how.seed != "seed":
        fields.append(f"seed={quoted(how.seed)}")
    return "\n".join(laid_out(f"{name} = Model({', '.join(fields)})"))
