"""`haystack`: a pipeline of Haystack 3. YAML says what is connected; its components call the exported program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.program import write_program
from moaql.exporting.code.schedule import schedule_of
from moaql.exporting.haystack_pipeline.components import VERSION, write_components
from moaql.exporting.haystack_pipeline.document import document_of, ends_of
from moaql.exporting.haystack_pipeline.order import beside_others
from moaql.exporting.haystack_pipeline.yaml import yaml_text
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.graph.nodes import Graph

_HEAD = """\
# The topology `{name}` of {origin} as a pipeline of Haystack {version}, written by `moaql export`.
#
# Its components are in the folder {package} beside this file, which must be on Python's path. Haystack trusts no modules but
# its own, so it has to be told to load them:
#
#     Pipeline.load(file, allowed_modules=["{package}"])
#
# or HAYSTACK_DESERIALIZATION_ALLOWLIST={package} in the environment. Models, prompts and the names of the variables that
# hold keys are in {package}/topology.py. Ask with {{"{question}": {{"messages": ...}}}}; the answer is in ["{answer}"]["replies"].
#
# Every stage is a component. All of them are handed the `run` of the question, which keeps the bill and is part of no snapshot.
# The answer is not streamed, and a chat generator's `generation_kwargs` and tools are not taken.

"""


@dataclass(frozen=True)
class Haystack:
    """A pipeline, and a package with its components."""

    name: str = "haystack"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """`pipeline.yaml`, and the package that it names.

        The package is called after the topology: Haystack knows components by the names of their modules, so two exported
        pipelines in one process would take one another's where their modules were called alike.
        """
        origin = program.source.name.replace("\\", "/").rpartition("/")[2]
        package = package_name(graph)
        metadata = {"topology": graph.name, "origin": origin, "haystack": VERSION}
        topology, schedule = write_program(graph, program), schedule_of(graph)
        question, answer = ends_of(schedule)
        head = _HEAD.format(
            name=graph.name, origin=origin, version=VERSION, package=package, question=question, answer=answer
        )
        return {
            "pipeline.yaml": head + yaml_text(document_of(schedule, package, metadata)),
            f"{package}/__init__.py": f'"""The topology `{graph.name}` as components of Haystack."""\n',
            f"{package}/components.py": write_components(graph, topology.class_name, package, (question, answer)),
            f"{package}/topology.py": topology.text,
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Those of the program that the components call, and what Haystack does otherwise when stages could run at once."""
        return once_each([*PYTHON.losses(graph, program), *_losses(graph)])


def package_name(graph: Graph) -> str:
    """The folder of a topology's components: no package that others install is called so."""
    name = re.sub(r"\W", "_", graph.name, flags=re.ASCII)
    return f"{'_' if name[0].isdigit() else ''}{name}_pipeline"


def _losses(graph: Graph) -> Iterator[Loss]:
    schedule = schedule_of(graph)
    beside = set(beside_others(schedule))
    for step in schedule.steps:
        if step.name in beside:
            yield Loss(
                step.node,
                "`Pipeline.run` works off one stage after another; `run_async` does those side by side that may be",
            )
        if step.name in beside and len(step.after) > 1:
            yield Loss(step.node, "it begins when nothing else of the question runs, as all joins of Haystack do")


TARGET = Haystack()
