"""The JSON form: as its schema says, as networkx reads it, and back."""

import json
from pathlib import Path

import jsonschema
import networkx
import pytest

import moaql
from moaql.graph.interchange import from_json, to_json, to_networkx
from moaql.graph.nodes import Graph

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "graph.schema.json").read_text(encoding="utf-8"))
PROGRAMS = [*sorted((ROOT / "programs").glob("*.moaql")), ROOT / "tests" / "language" / "valid" / "everything.moaql"]


def graphs() -> list[Graph]:
    made = []
    for path in PROGRAMS:
        program = moaql.load(path)
        made += [moaql.build(program, name) for name in program.topologies]
    return made


GRAPHS = graphs()


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_every_graph_fits_the_schema_and_comes_back_whole(graph: Graph) -> None:
    text = json.dumps(to_json(graph))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    again = from_json(json.loads(text))
    assert list(again.nodes.items()) == list(graph.nodes.items())
    assert (again.name, again.outputs) == (graph.name, graph.outputs)


def test_the_schema_refuses_what_it_does_not_describe() -> None:
    data = to_json(GRAPHS[0])
    data["nodes"][0]["temperature"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(data)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_networkx_sees_the_same_dag(graph: Graph) -> None:
    flow = to_networkx(graph)
    assert networkx.is_directed_acyclic_graph(flow)
    again = networkx.node_link_graph(to_json(graph), edges="links")
    assert list(again.nodes(data=True)) == list(flow.nodes(data=True))
    assert list(again.edges(data=True)) == list(flow.edges(data=True))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("links"),
        lambda data: data["graph"].update(moaql=2),
        lambda data: data["nodes"][0].update(kind="call?"),
        lambda data: data["nodes"].reverse(),
        lambda data: data["nodes"][0].pop("messages"),
        lambda data: data["graph"]["outputs"][0].update(node="nobody"),
    ],
)
def test_damaged_data_is_told_in_a_sentence(damage) -> None:
    data = json.loads(json.dumps(to_json(moaql.build(moaql.parse('model a = "sim/a"\na x2 -> vote tie=first')))))
    damage(data)
    with pytest.raises(moaql.UsageError, match="this is not a moaql graph"):
        from_json(data)
