"""A router that is fitted to scored answers, and what it does when it runs."""

import asyncio
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tuning.numbers.worlds import MODELS, ROUTE, write_world

import moaql
from moaql.check.checker import check_file
from moaql.cli.outputs import write_files
from moaql.errors import MissingPackage
from moaql.evaluation.task import open_task
from moaql.routers.router import Embedding, Router, Trained, cheapest_within
from moaql.run.session import Options, open_session
from moaql.tuning.numbers.dial import picks
from moaql.tuning.numbers.fit import Wanted, fit, texts_of
from moaql.tuning.numbers.fitted import Fitted
from moaql.tuning.numbers.goal import Goal
from moaql.tuning.numbers.learn import Neighbours, Words
from moaql.tuning.numbers.sides import Asking

QUESTIONS = [f"What is {n} plus 1?" if n % 2 else f"Prove that {n} is a hard theorem of sets." for n in range(60)]
TRAINED = Trained("set", "0", 60, "2026-11-21")


def fitted(
    folder: Path, topology: str = ROUTE, embedding: Embedding | None = None, **options: Any
) -> tuple[Any, Fitted]:
    (folder / "p.moaql").write_text(MODELS + topology, encoding="utf-8")
    program = check_file(str(folder / "p.moaql"))

    async def work() -> Fitted:
        async with open_session(Options(**{"bank": "none"} | options)) as caller:
            asking = Asking(open_task(program), caller)
            return await fit(program, Wanted("router", "t", embedding=embedding), asking)

    return program, asyncio.run(work())


def test_what_was_learnt_is_what_the_router_does() -> None:
    scores = np.array([[float(n % 2) for n in range(60)], [1.0] * 60, [n % 3 / 2 for n in range(60)]])
    learner, places = Words(QUESTIONS), np.arange(60)
    chances = learner.chances(0.5, places, scores, places)
    kind = learner.kind(0.5, ("weak", "strong", "half"), scores)
    for at in (0, 1, 2, 3, 30):
        again = kind.chances(QUESTIONS[at])
        assert list(again.values()) == pytest.approx(chances[:, at].tolist(), abs=1e-9)
    assert chances[0, 1] > chances[0, 0]


def test_what_neighbours_say_is_what_the_router_does() -> None:
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(40, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = draw.random((2, 40)).round(1)
    learner = Neighbours(Embedding("m", "http://m.test/v1"), vectors)
    places = np.arange(40)
    assert learner.settings == (10, 5)
    chances = learner.chances(5, places, scores, places)
    kind = learner.kind(5, ("one", "two"), scores)
    for at in range(0, 40, 7):
        assert list(kind.chances("", vectors[at].tolist()).values()) == pytest.approx(chances[:, at].tolist())


def test_many_are_picked_as_one_is() -> None:
    draw = random.Random(2)
    chances = np.array([[round(draw.random(), 1) for _ in range(200)] for _ in range(3)])
    costs = np.array([2.0, 1.0, 1.0])
    for within in (0.0, 0.1, 0.5, 1.0):
        picked = picks(chances, costs, within)
        for at in range(200):
            one = dict(enumerate(chances[:, at].tolist()))
            assert cheapest_within(one, dict(enumerate(costs)), within) == picked[at]  # type: ignore[arg-type, comparison-overlap]


def test_a_case_that_is_always_right_is_nearly_sure() -> None:
    learner, places = Words(QUESTIONS), np.arange(60)
    chances = learner.chances(0.5, places, np.ones((1, 60)), places)
    assert chances[0].tolist() == pytest.approx([61 / 62] * 60)


def test_a_router_that_is_there_is_what_the_new_one_is_compared_with(tmp_path: Path) -> None:
    write_world(tmp_path)
    program, first = fitted(tmp_path)
    assert first.before.name == "always else"
    write_files(texts_of(first, program, str(tmp_path / "p.moaql")))
    _, second = fitted(tmp_path, (tmp_path / "p.moaql").read_text(encoding="utf-8").partition("metric=number\n")[2])
    assert second.before.name == "as it was"
    assert second.before.score >= 0.97
    assert not second.accepted


def test_an_else_that_does_what_a_case_does_is_no_label(tmp_path: Path) -> None:
    write_world(tmp_path)
    route = 'topology t = route with="r.json" { case easy { weak } case hard { strong } else { strong } }\n'
    _, found = fitted(tmp_path, route)
    assert set(found.numbers["shares"]) == {"easy", "hard"}


def test_candidates_that_pass_are_a_way_too(tmp_path: Path) -> None:
    write_world(tmp_path)
    route = 'topology t = weak -> route with="r.json" { case hard { take 0 -> strong } }\n'
    program, found = fitted(tmp_path, route)
    assert set(found.numbers["shares"]) == {"hard", "else"}
    assert found.after.score >= 0.97
    write_files(texts_of(found, program, str(tmp_path / "q.moaql")))
    assert moaql.evaluate(moaql.load(tmp_path / "q.moaql"), bank="none").row("t").score >= 0.97


def test_where_words_say_nothing_the_best_case_is_asked(tmp_path: Path) -> None:
    write_world(tmp_path)
    lines = (tmp_path / "runs.jsonl").read_text(encoding="utf-8")
    plain = lines.replace("Prove at length that ", "What is ").replace(" is a hard theorem.", " plus 1000?")
    (tmp_path / "runs.jsonl").write_text(plain, encoding="utf-8")
    _, found = fitted(tmp_path)
    assert not found.accepted
    assert found.after.score >= found.before.score - 0.05


def test_the_nearest_questions_route_as_well(tmp_path: Path) -> None:
    import httpx

    write_world(tmp_path)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        import json

        text = json.loads(request.content)["input"]
        asked.append(text)
        angle = (0.1 if text.startswith("What") else 1.4) + len(asked) / 1e4
        vector = [3 * math.cos(angle), 3 * math.sin(angle)]
        return httpx.Response(200, json={"data": [{"embedding": vector}], "usage": {"prompt_tokens": 10}})

    embedding = Embedding("small", "http://models.test/v1", None, 1.0)
    options = {"bank": str(tmp_path / "bank.db"), "transport": httpx.MockTransport(answer)}
    program, found = fitted(tmp_path, embedding=embedding, **options)
    assert (found.after.score, found.accepted, len(asked)) == (1.0, True, 120)
    write_files(texts_of(found, program, str(tmp_path / "q.moaql")))
    again = moaql.evaluate(moaql.load(tmp_path / "q.moaql"), **options)
    assert len(asked) == 120  # they were in the bank
    assert again.row("t").score == 1.0
    assert again.row("t").cost_per_item == pytest.approx(found.after.cost)


def test_without_scikit_learn_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingPackage) as caught:
        Words(QUESTIONS)
    assert "pip install" in caught.value.next_step
    assert "moaql[fit]" in caught.value.next_step


def test_a_router_is_applied_without_scikit_learn(tmp_path: Path) -> None:
    import subprocess
    import sys

    write_world(tmp_path)
    program, found = fitted(tmp_path)
    write_files(texts_of(found, program, str(tmp_path / "q.moaql")))
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['numpy'] = None\n"
        "import moaql\n"
        "print(moaql.load('q.moaql').topology('t').run('What is 7 plus 1000?', bank='none').decisions)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "{'route': 'easy'}\n", done.stderr


def test_goals_turn_the_dial(tmp_path: Path) -> None:
    write_world(tmp_path)
    (tmp_path / "p.moaql").write_text(MODELS + ROUTE, encoding="utf-8")
    program = check_file(str(tmp_path / "p.moaql"))

    async def work(goal: Goal) -> Fitted:
        async with open_session(Options(bank="none")) as caller:
            return await fit(program, Wanted("router", "t", goal), Asking(open_task(program), caller))

    cheap = asyncio.run(work(Goal(within=1.0)))
    assert cheap.numbers["shares"] == {"easy": 1.0, "else": 0.0}
    assert (
        Router(("a",), {"a": 1.0}, 0.0, Words(QUESTIONS).kind(0.5, ("a",), np.ones((1, 60))), TRAINED).choose("x")
        == "a"
    )
