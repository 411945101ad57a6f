"""`json`, `mermaid` and `dot`: what their readers see in them is the graph, for the whole gallery and every construct."""

import html
import json
from pathlib import Path

import pytest
from exporting.constructs import PIPELINES, constructs
from exporting.drawing_readers import Drawn, read
from exporting.programs import GALLERY, gallery
from exporting.recording import RecordingServer

import moaql
from moaql.exporting import TARGETS
from moaql.graph.control import entrances
from moaql.graph.draw.words import short
from moaql.graph.interchange import from_json
from moaql.graph.nodes import Graph

NAMES = [*GALLERY, *PIPELINES, "hostile"]
HOSTILE = """
model end = "openai/end"
model subgraph = "openai/subgraph"
topology graph = layer [end x2, subgraph] -> when field.kind == "\\"]}>|&#;<b>`x`" { agg end } else { vote tie=first }
"""
"""Words and characters that mean something to the readers."""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Graph, Path]]]:
    """By name of a program: its graphs, and where they were written to, without an ending."""
    folder = tmp_path_factory.mktemp("drawings")
    found: dict[str, list[tuple[Graph, Path]]] = {}
    with RecordingServer() as server:
        texts = gallery(server) | constructs(server) | {"hostile": HOSTILE}
    for name, text in texts.items():
        program = moaql.parse(text, name=str(folder / f"{name}.moaql"))
        for topology in program.topologies:
            graph = moaql.build(program, topology)
            path = folder / f"{name}-{topology}"
            for target, ending in (("json", "json"), ("mermaid", "mmd"), ("dot", "dot")):
                (written,) = TARGETS.find(target).files(graph, program).values()  # type: ignore[union-attr]
                Path(f"{path}.{ending}").write_text(written, encoding="utf-8")
            found.setdefault(name, []).append((graph, path))
    return found


@pytest.fixture(scope="module")
def seen(graphs: dict[str, list[tuple[Graph, Path]]]) -> dict[Path, Drawn]:
    paths = [Path(f"{path}.{ending}") for each in graphs.values() for _, path in each for ending in ("mmd", "dot")]
    return read(paths)


def arrows(graph: Graph) -> set[tuple[str, str]]:
    """Who is read by whom, or let in by whom, from the question to the answer."""
    waiting = {id for _, _, id in entrances(graph)}
    first = [node.id for node in graph.nodes.values() if not node.inputs and node.id not in waiting]
    return {
        *(("question", id) for id in first),
        *((gate, id) for gate, _, id in entrances(graph)),
        *((ref.node, node.id) for node in graph.nodes.values() for _, ref in node.inputs),
        *((ref.node, "answer") for ref in graph.outputs),
    }


@pytest.mark.parametrize("name", NAMES)
def test_json_is_read_back_as_the_same_graph(name: str, graphs: dict[str, list[tuple[Graph, Path]]]) -> None:
    for graph, path in graphs[name]:
        again = from_json(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
        assert (again.nodes, again.outputs) == (graph.nodes, graph.outputs)


@pytest.mark.parametrize("name", NAMES)
def test_graphviz_sees_the_nodes_and_arrows_of_the_graph(
    name: str, graphs: dict[str, list[tuple[Graph, Path]]], seen: dict[Path, Drawn]
) -> None:
    for graph, path in graphs[name]:
        drawn = seen[Path(f"{path}.dot")]
        assert {id: text for id, text in drawn.nodes.items() if text != r"\N"} == {
            id: short(node) for id, node in graph.nodes.items()
        }
        assert drawn.arrows == arrows(graph)


@pytest.mark.parametrize("name", NAMES)
def test_mermaid_sees_the_nodes_and_arrows_of_the_graph(
    name: str, graphs: dict[str, list[tuple[Graph, Path]]], seen: dict[Path, Drawn]
) -> None:
    for graph, path in graphs[name]:
        drawn = seen[Path(f"{path}.mmd")]
        ids = {f"n{number}": id for number, id in enumerate(graph.nodes)}
        texts = {ids[id]: html.unescape(text) for id, text in drawn.nodes.items() if id in ids}
        assert texts.keys() == graph.nodes.keys()
        for id, text in texts.items():
            assert text.endswith(short(graph.nodes[id]).replace("`", "'"))  # which would begin Markdown
        assert {(ids.get(one, one), ids.get(other, other)) for one, other in drawn.arrows} == arrows(graph)
