"""Fitted routers, exported: the file routes as moaql does, and carries what the router was fitted to."""

import ast
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exporting.constructs import FIELDS, ROUTED, fitted_routers
from exporting.programs import Told, compare
from exporting.recording import RecordingServer
from exporting.virtual_time import exported
from routers.examples import TRAINED, asking, near

import moaql
from moaql.exporting import TARGETS
from moaql.routers.features import SIZE
from moaql.routers.file import router_text
from moaql.routers.router import Linear, Logistic, Nearest, Router

TEXTS = ["Is it so?", "Prove it.", "What is 17 * 23?", "Name three of them.", "Why is the sky blue?", "Go on."]
QUESTIONS = [{"text": text, "fields": FIELDS} for text in TEXTS]
QUESTIONS[-1] |= {"system": "Be brief.", "history": [["user", "Hello?"], ["assistant", "Yes."]]}


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def told(server: RecordingServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    programs = fitted_routers(server, tmp_path_factory.mktemp("routers"))
    return compare(server, tmp_path_factory.mktemp("programs"), programs, QUESTIONS)


@pytest.mark.parametrize("name", ROUTED)
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own = server.requests("moaql", name)
    assert server.requests("python", name) == own
    strong = sum('"model": "gpt-4o"' in each for each in own)
    embedded = sum(each.startswith("v1/embeddings ") for each in own)
    if name in ("routed_by_words", "routed_nearby"):
        assert 0 < strong < len(TEXTS)  # not always the same case
    assert embedded == (len(TEXTS) if name in ("routed_nearby", "routed_lost") else 0)


@pytest.mark.parametrize("name", ROUTED)
def test_it_answers_what_moaql_answers_and_pays_for_embeddings(name: str, told: dict[str, Told]) -> None:
    exported, own = told[name].exported, told[name].own
    assert told[name].losses == []
    assert [each["text"] for each in exported] == [text for text, _ in own]
    assert [each["cost"] for each in exported] == [pytest.approx(paid) for _, paid in own]


def test_without_an_embedding_else_is_taken_and_noted(told: dict[str, Told]) -> None:
    for each in told["routed_lost"].exported:
        assert each["notes"] == ["`route`: the question has no embedding, so no case is taken"]
        assert each["lost"] == ["broken failed with status 400"]


def test_the_choice_is_that_of_the_router_to_the_last_digit(tmp_path: Path) -> None:
    draw = random.Random(1)
    labels = ("weak", "strong", "else")
    weights = {label: {place: draw.uniform(-2, 2) for place in range(0, SIZE, 3)} for label in labels}
    words = Logistic({label: Linear(draw.uniform(-1, 1), weights[label]) for label in labels})
    costs = dict(zip(labels, (0.001, 0.1, 0.01), strict=True))
    module, gate = routed(Router(labels, costs, 0.05, words, TRAINED), tmp_path)
    router = moaql_router(tmp_path)
    texts = ["".join(draw.choices("what is 7 of the sky?\n*é ", k=draw.randrange(80))) for _ in range(300)]
    chosen = [gate(module, text) for text in texts]
    assert chosen == [router.choose(text) for text in texts]
    assert set(chosen) == set(labels)


def test_so_is_that_of_the_nearest(tmp_path: Path) -> None:
    draw = random.Random(2)
    vectors = [[round(draw.uniform(-1, 1), 4) for _ in range(8)] for _ in range(50)]
    scores = {label: [draw.choice((0.0, 0.5, 1.0)) for _ in vectors] for label in ("weak", "strong")}
    kind = Nearest(near().kind.embedding, 5, vectors, scores)  # type: ignore[union-attr]
    module, gate = routed(Router(("weak", "strong"), {"weak": 0.001, "strong": 0.1}, 0.1, kind, TRAINED), tmp_path)
    router = moaql_router(tmp_path)
    asked = [[draw.uniform(-1, 1) for _ in range(8)] for _ in range(100)]
    chosen = [gate(module, "", module.Candidate(json.dumps(vector))) for vector in asked]
    assert chosen == [router.choose("", vector) for vector in asked]
    assert set(chosen) == {"weak", "strong"}
    assert gate(module, "", module.Candidate("[1, 2]")) == "else"


def test_the_data_stand_at_the_end_of_the_one_file(tmp_path: Path) -> None:
    (text,) = files(asking(), tmp_path).values()
    last = ast.parse(text).body[-2]
    assert isinstance(last, ast.Assign)
    assert ast.unparse(last).startswith("ROUTER = json.loads(")


def test_a_router_that_is_not_fitted_yet_is_refused(tmp_path: Path) -> None:
    program = moaql.parse(PROGRAM.format(tmp_path / "none.json"))
    with pytest.raises(moaql.UsageError, match="there is no router file") as caught:
        TARGETS.find("python").files(moaql.build(program, "main"), program)  # type: ignore[union-attr]
    assert "--fit router" in caught.value.next_step


PROGRAM = (
    'model a = "openai/a" base_url="http://models.test/v1" api_key_env=none\n'
    'route with="{}" {{ case weak {{ a }} case strong {{ a temperature=0 }} else {{ a temperature=1 }} }}\n'
)


def files(router: Router, folder: Path) -> dict[str, str]:
    program = written(router, folder)
    found = TARGETS.find("python").files(moaql.build(program, "main"), program)  # type: ignore[union-attr]
    return dict(found)


def written(router: Router, folder: Path) -> Any:
    (folder / "router.json").write_text(router_text(router), encoding="utf-8")
    return moaql.parse(PROGRAM.format(folder / "router.json"))


def moaql_router(folder: Path) -> Router:
    from moaql.routers.file import read_router

    return read_router(str(folder / "router.json"))


def routed(router: Router, folder: Path) -> tuple[Any, Any]:
    """The exported module, and what its gate says of a text or of what the embedding's model said."""
    module = exported(written(router, folder), "main")

    def gate(module: Any, text: str, said: Any = None) -> str:
        run = module.Run(module.Question(text), None, 0)
        if said is None:
            return str(module.case_by_words(run, module.ROUTER, ["weak", "strong"]))
        return str(module.case_nearby(run, "route", module.ROUTER, said, ["weak", "strong"]))

    return module, gate
