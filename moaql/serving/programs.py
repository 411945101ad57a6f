"""The topologies that are served, under the names that clients ask for; files that change are loaded again.

A file is taken over when it has stopped changing, checks clean, and holds a topology that can be run. Until then the last good
one answers, so that a broken edit takes nothing down. A request that has begun ends with the topology that it began with.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.check.checker import check_file
from moaql.check.imports import Files, user_model_files
from moaql.errors import MoaqlError, ProgramError, UsageError
from moaql.graph.build import build
from moaql.graph.fingerprint import fingerprint
from moaql.language.template import parse_template
from moaql.serving.writers import Writers, writers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moaql.check.program import Program, Topology
    from moaql.diagnostics import Diagnostic
    from moaql.graph.nodes import Graph

    Stamp = tuple[tuple[str, int, int, int], ...]

_EXAMPLE = "Write a pipeline, such as `layer [a, b] -> vote`."
_GIVEN = "python"
"""What stands in place of a file's name for topologies that come from none."""
LOOK = 0.5
"""Seconds between two looks at the files."""


@dataclass(frozen=True)
class Served:
    """One topology that is served.

    Attributes:
        id: Its name for clients.
        graph: What it does.
        writers: The calls that write its answers.
        fingerprint: Tells versions of it apart.
        fields: The fields that its prompts name.
        created: When it was loaded, in seconds since 1970.
    """

    id: str
    graph: Graph
    writers: Writers
    fingerprint: str
    fields: frozenset[str]
    created: int

    @property
    def simulated(self) -> bool:
        """Whether a simulated model may take part."""
        return any(call.model.id.startswith("sim/") for call in self.graph.calls)


@dataclass(frozen=True)
class _Loaded:
    """One file as it was when it was last good, and the files that it was made of."""

    graphs: Mapping[str, Graph]
    created: int
    files: tuple[str, ...]
    stamp: Stamp


class _NothingToServe(UsageError):  # noqa: N818
    """A file is fine, and none of what is in it can be run."""


class Programs:
    """The served topologies of some files.

    Args:
        targets: Paths, each with the name of a topology, or None for all of the file.
        accept: Is given each graph, and raises where it cannot be served (`UsageError`).
        say: Is told what is left out, taken over, or broken.
        topologies: More of them, which come from no file that could change.

    Raises:
        ProgramError: if a program has errors.
        UsageError: if there is nothing to serve.
    """

    def __init__(
        self,
        targets: Sequence[tuple[str, str | None]],
        accept: Callable[[Graph], None],
        say: Callable[[str], None],
        topologies: Sequence[Topology] = (),
    ) -> None:
        self._accept = accept
        self._say = say
        self._wanted: dict[str, set[str] | None] = {}
        for path, name in targets:
            if name is None:
                self._wanted[path] = None
            elif (names := self._wanted.setdefault(path, set())) is not None:
                names.add(name)
        self._loaded: dict[str, _Loaded] = {}
        for path in self._wanted:
            try:
                self._loaded[path] = self._load(path)
            except _NothingToServe as error:
                if len(self._wanted) == 1 and not topologies:
                    raise
                say(f"{error.message}: left out")  # a folder of programs holds files of models too
        if topologies:
            self._loaded[_GIVEN] = self._given(topologies)
        if not self._loaded:
            raise UsageError(f"{'none of the files has a' if targets else 'there is no'} topology to serve", _EXAMPLE)
        self._pending: dict[str, tuple[Stamp, str]] = {}
        self._served: dict[str, Served] = {}
        self._aliases: dict[str, Served] = {}
        self._name()

    @property
    def served(self) -> tuple[Served, ...]:
        """All of them, in the order of the files."""
        return tuple(self._served.values())

    def find(self, name: str) -> Served | None:
        """The topology that a client means by a name; `FILE::NAME` is understood even where `NAME` would do."""
        return self._served.get(name) or self._aliases.get(name)

    async def watch(self) -> None:
        """Load files again when they change, until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            for path in list(self._loaded):
                await self._look(path)

    async def _look(self, path: str) -> None:
        """Take a file over where it has changed since it was last loaded, and not since the last look."""
        now = _stamp(self._loaded[path].files)
        if now == self._loaded[path].stamp:
            self._pending.pop(path, None)
            return
        before, told = self._pending.get(path, ((), ""))
        self._pending[path] = (now, told)
        if now != before:
            return
        try:
            loaded = await asyncio.to_thread(self._load, path)
        except Exception as error:
            self._tell_broken(path, error, now, told)
            return
        self._loaded[path] = loaded
        del self._pending[path]
        self._name()
        self._say(f"{path}: loaded again; serving {', '.join(self._served)}")

    def _tell_broken(self, path: str, error: Exception, now: Stamp, told: str) -> None:
        """Say once why a file is not taken over."""
        if isinstance(error, ProgramError):
            why = "\n".join(each.one_line() for each in error.diagnostics if each.severity == "error")
        else:
            why = str(error) if isinstance(error, MoaqlError) else type(error).__name__
        if why != told:
            self._say(f"{path}: not loaded, what was served before still is\n{why}")
        self._pending[path] = (now, why)

    def _given(self, topologies: Sequence[Topology]) -> _Loaded:
        """Topologies that were given as they are.

        Raises:
            ProgramError: if a hole is left in one.
            UsageError: if two have one name.
        """
        import time

        graphs: dict[str, Graph] = {}
        for topology in topologies:
            graph, diagnostics = build(topology)
            if graph is None:
                raise ProgramError(diagnostics)
            if topology.name in graphs:
                raise UsageError(f"two topologies are called `{topology.name}`", "Rename one of them.")
            self._accept(graph)
            graphs[topology.name] = graph
        return _Loaded(graphs, int(time.time()), (), ())

    def _load(self, path: str) -> _Loaded:
        import time

        files = _files_of(path)
        stamp = _stamp(files)
        program = check_file(path)
        if program.blocking:
            raise ProgramError(program.blocking)
        return _Loaded(self._graphs(path, program), int(time.time()), files, stamp)

    def _graphs(self, path: str, program: Program) -> dict[str, Graph]:
        wanted = self._wanted[path]
        for name in wanted or ():
            if name not in program.topologies:
                has = f"It has: {', '.join(program.topologies) or 'none'}."
                raise UsageError(f"{path} has no topology `{name}`", has)
        graphs: dict[str, Graph] = {}
        in_the_way: list[Diagnostic] = []
        for name, topology in program.topologies.items():
            if wanted is not None and name not in wanted:
                continue
            graph, diagnostics = build(topology)
            if graph is not None:
                self._accept(graph)
                graphs[name] = graph
            elif wanted is None:
                in_the_way += diagnostics
                self._say(f"{path}: `{name}` is not served: {diagnostics[0].message}")
            else:
                raise ProgramError(diagnostics)
        if not graphs:
            raise _NothingToServe(f"{path} has no topology to serve", in_the_way[0].message if in_the_way else _EXAMPLE)
        return graphs

    def _name(self) -> None:
        """Give each topology its name: its own, and `FILE::NAME` where several files have one of that name."""
        count = Counter(name for loaded in self._loaded.values() for name in loaded.graphs)
        self._served, self._aliases = {}, {}
        for path, loaded in self._loaded.items():
            for name, graph in loaded.graphs.items():
                long = f"{path}::{name}"
                id = name if count[name] == 1 else long
                served = Served(
                    id, graph, writers(graph), f"moaql_{fingerprint(graph)[:12]}", _fields(graph), loaded.created
                )
                self._served[id] = self._aliases[long] = served


def _fields(graph: Graph) -> frozenset[str]:
    """The fields that the prompts of a graph name."""
    found = set()
    for call in graph.calls:
        for _, text in call.prompt.messages:
            for part in parse_template(text).parts:
                if not isinstance(part, str) and part.kind == "field":
                    found.add(part.name.partition(".")[2])
    return frozenset(found)


def _files_of(path: str) -> tuple[str, ...]:
    """The file, those that it imports, and the user's own model files."""
    files = Files()
    files.load(path)
    own = user_model_files(os.path.dirname(os.path.abspath(path)))
    return tuple(sorted({os.path.realpath(path), *files.units, *own}))


def _stamp(paths: Sequence[str]) -> Stamp:
    """What changes when one of the files does."""
    found = []
    for path in paths:
        try:
            state = os.stat(path)
            found.append((path, state.st_mtime_ns, state.st_size, state.st_ino))
        except OSError:
            found.append((path, 0, 0, 0))
    return tuple(found)
