"""`route with="router.json"`: the router that is in the file decides, and only the case that it chooses is asked."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from routers.examples import asking, near
from run.scripted import Script

import moaql
from moaql.errors import UsageError
from moaql.routers.file import router_text

ROUTE = 'route with="{}" {{ case weak {{ a }} case strong {{ b }} else {{ c }} }}'


@pytest.fixture
def program(tmp_path: Path) -> Any:
    """The text of a route by a router in a file here."""

    def put(router: Any, cases: str = ROUTE) -> str:
        (tmp_path / "router.json").write_text(router_text(router), encoding="utf-8")
        return cases.format(tmp_path / "router.json")

    return put


def scripted() -> Script:
    return Script(a="from a", b="from b", c="from c")


@pytest.mark.parametrize(("question", "answer"), [("Is it so?", "from a"), ("Prove it.", "from b")])
def test_the_case_that_the_router_chooses_is_asked_and_no_other(program: Any, question: str, answer: str) -> None:
    script = scripted()
    found = script.run(program(asking()), question)
    assert (found.text, len(script.asked), found.notes) == (answer, 1, ())
    assert found.decisions == {"route": "weak" if answer == "from a" else "strong"}


def test_a_dial_of_one_takes_the_cheapest_case_always(program: Any) -> None:
    assert scripted().run(program(asking(within=1.0)), "Prove it.").text == "from a"


def test_a_label_without_a_case_goes_to_else(program: Any) -> None:
    cases = 'route with="{}" {{ case weak {{ a }} else {{ c }} }}'
    assert scripted().run(program(asking(), cases), "Prove it.").text == "from c"


def test_the_path_is_relative_to_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "router.json").write_text(router_text(asking()), encoding="utf-8")
    script = scripted()
    (tmp_path / "programs" / "p.moaql").write_text(script.text(ROUTE.format("router.json")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = moaql.load("programs/p.moaql").topology().run("Is it so?", **script.options())
    assert found.text == "from a"


def test_a_program_whose_router_is_not_there_can_be_drawn_and_cannot_run(tmp_path: Path) -> None:
    script = scripted()
    topology = script.topology(ROUTE.format(tmp_path / "none.json"))
    assert [node.condition for node in topology.graph.nodes.values() if node.id == "route"]
    with pytest.raises(UsageError, match="there is no router file") as caught:
        topology.run("Is it so?", **script.options())
    assert "--fit router" in caught.value.next_step
    assert script.asked == []


def test_two_routers_in_one_place_are_two_topologies(program: Any) -> None:
    from moaql.graph.fingerprint import fingerprint

    prints = [fingerprint(scripted().topology(program(asking(dial))).graph) for dial in (0.1, 0.2, 0.1)]
    assert prints[0] == prints[2] != prints[1]


# By neighbours


class Endpoint(Script):
    """The scripted models, and an endpoint that gives vectors."""

    def __init__(self, vector: Any, **says: Any) -> None:
        super().__init__(**says)
        self.vector = vector
        self.embedded: list[str] = []

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/embeddings"):
            return await super()._handle(request)
        self.embedded.append(json.loads(request.content)["input"])
        if isinstance(self.vector, int):
            return httpx.Response(self.vector, json={"error": {"message": "down"}})
        usage = {"prompt_tokens": 50, "total_tokens": 50}
        return httpx.Response(200, json={"data": [{"embedding": self.vector, "index": 0}], "usage": usage})


@pytest.mark.parametrize(("vector", "answer"), [([2.0, 0.1], "from a"), ([-3.0, 0.0], "from b")])
def test_the_nearest_questions_decide(program: Any, vector: list[float], answer: str) -> None:
    script = Endpoint(vector, a="from a", b="from b", c="from c")
    found = script.run(program(near()), "Is it so?")
    assert (found.text, script.embedded) == (answer, ["Is it so?"])
    (embedding,) = [each for each in found.said if each.purpose == "embed"]
    assert embedding.cost == pytest.approx(50 * 0.02 / 1e6)
    assert found.cost == pytest.approx(embedding.cost + (100 * 1 + 10 * 2) / 1e6)
    assert [each.text for each in found.candidates] == [answer]


def test_an_embedding_is_banked_and_never_paid_twice(program: Any, tmp_path: Path) -> None:
    script = Endpoint([1.0, 0.0], a="from a", b="from b", c="from c")
    text, bank = program(near()), str(tmp_path / "bank.db")
    first = script.run(text, "Is it so?", bank=bank)
    again = script.run(text, "Is it so?", bank=bank)
    assert (len(script.embedded), first.text, again.text, again.paid) == (1, "from a", "from a", 0.0)


@pytest.mark.parametrize(("vector", "why"), [(500, "has no embedding"), ([1.0, 2.0, 3.0], "a vector of 3 numbers")])
def test_without_a_vector_that_fits_else_is_taken_and_noted(program: Any, vector: Any, why: str) -> None:
    script = Endpoint(vector, a="from a", b="from b", c="from c")
    found = script.run(program(near()), "Is it so?")
    assert found.text == "from c"
    assert why in found.notes[0]


def test_a_budget_holds_for_embeddings_too(program: Any) -> None:
    script = Endpoint([1.0, 0.0], a="from a", b="from b", c="from c")
    with pytest.raises(moaql.BudgetReached):
        script.run(program(near()), "Is it so?" * 100, budget=1e-7)
    assert script.embedded == []


def test_the_plan_counts_the_embedding(program: Any) -> None:
    from moaql.graph.plan import plan

    graph = Endpoint([1.0, 0.0], a="", b="", c="").topology(program(near())).graph
    assert (plan(graph).calls.low, plan(graph).calls.high) == (2, 2)
    assert plan(graph).unpriced == ()
