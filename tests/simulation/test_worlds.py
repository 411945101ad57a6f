"""Other worlds: what a file may say, and how its mistakes are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from simulation.asking import QUESTIONS, ask, world_file

from moaql.errors import UsageError
from moaql.simulation.shown import final_answer
from moaql.simulation.world import World
from moaql.simulation.world_file import load_world, world_from


def share(model: str, world: World, category: str) -> float:
    rows = [row for row in QUESTIONS if row["category"] == category]
    hits = [
        final_answer(ask(model, row["question"], world=world).text, letter=category == "knowledge") == row["target"]
        for row in rows
    ]
    return sum(hits) / len(hits)


def test_specialists_know_their_category() -> None:
    world = world_from(
        {
            "models": {
                "fox": {"ability": {"math": 2.0, "code": -1.5}},
                "owl": {"ability": {"math": -1.5, "code": 2.0}},
            }
        }
    )
    assert share("fox", world, "math") > share("owl", world, "math") + 0.4
    assert share("owl", world, "code") > share("fox", world, "code") + 0.4


def test_in_a_world_of_one_difficulty_all_models_err_together() -> None:
    same = world_from(
        {
            "categories": {"math": {"loading": 1.0, "family": 0}},
            "models": {
                "a": {"ability": {"math": 0}, "loading": {"math": 1.0}},
                "b": {"ability": {"math": 0}, "loading": {"math": 1.0}},
            },
        }
    )
    rows = [row for row in QUESTIONS if row["category"] == "math"]
    hits = [
        [row["target"] == final_answer(ask(name, row["question"], world=same).text) for row in rows]
        for name in ("a", "b")
    ]
    assert hits[0] == hits[1]
    assert 0 < sum(hits[0]) < len(rows)


def test_another_seed_is_another_draw_of_the_same_world() -> None:
    texts = [
        [ask("weak", row["question"], world=world_from({"seed": seed})).text for row in QUESTIONS[:40]]
        for seed in (1, 2)
    ]
    assert texts[0] != texts[1]


def test_models_of_the_file_replace_the_built_in_ones_unless_they_are_kept() -> None:
    assert set(world_from({"models": {"fox": {}}}).models) == {"fox"}
    assert {"fox", "gpt-4o"} <= set(world_from({"models": {"fox": {}}, "keep_models": True}).models)


def test_a_model_may_be_like_another() -> None:
    world = world_from({"models": {"fox": {"like": "gpt-4o", "judge": 3}}})
    built_in = load_world().models["gpt-4o"]
    assert world.models["fox"].ability == built_in.ability
    assert world.models["fox"].judge == 3


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = world_file(tmp_path, name="first")
    assert load_world(path).name == "first"
    Path(path).write_text(json.dumps({"name": "the second"}), encoding="utf-8")
    assert load_world(path).name == "the second"


WRONG: list[tuple[Any, str]] = [
    ([], "`\\[\\]` is no object"),
    ({"model": {}}, "at `model`: nothing is called `model`"),
    ({"models": {}}, "at `models`: there is no model"),
    ({"models": {"fox": {"abilty": {}}}}, "at `models.fox.abilty`: nothing is called `abilty`"),
    ({"models": {"fox": {"ability": {"math": "good"}}}}, 'at `models.fox.ability.math`: `"good"` is no number'),
    ({"models": {"fox": {"like": "gpt-4p"}}}, "at `models.fox.like`: no model is called `gpt-4p`"),
    ({"models": {"fox": {"style": "loud"}}}, "at `models.fox.style`: `loud` is no style"),
    ({"models": {"fox": {"speed": 0}}}, "at `models.fox.speed`: 0 is too small"),
    ({"models": {"fox": {"deceptive": 1}}}, "at `models.fox.deceptive`: `1` is no true or false"),
    ({"models": {"fox": {"tokens": {"math": -1}}}}, "at `models.fox.tokens.math`: -1 is too small"),
    ({"models": {"fox": {"loading": {"math": 2}}}}, "at `models.fox.loading.math`: 2 is no share"),
    ({"categories": {"math": {"loading": 1.5}}}, "at `categories.math.loading`: 1.5 is no share"),
    ({"categories": {"math": {"zipf": float("inf")}}}, "is no number"),
    ({"aliases": {"sums": "arithmatic"}}, "at `aliases.sums`: no category is called `arithmatic`"),
    ({"seed": 1.5}, "at `seed`: `1.5` is no whole number"),
    ({"open": {"points": 1000}}, "at `open.points`: 1000 is too large"),
    ({"temperature": True}, "at `temperature`: `true` is no number"),
]


@pytest.mark.parametrize(("document", "message"), WRONG)
def test_a_mistake_is_told_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        world_from(document)


def test_a_file_that_is_no_world_is_told(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="is not JSON"):
        load_world(str(path))
    with pytest.raises(UsageError, match="cannot be read"):
        load_world(str(tmp_path / "none.json"))
    with pytest.raises(UsageError, match="cannot be read"):
        load_world(str(tmp_path))


def test_a_model_has_a_price_where_its_world_gives_one(tmp_path):
    from moaql.simulation.world_file import simulated_price

    assert simulated_price("gpt-4o") == (2.5, 10.0)
    assert simulated_price("nobody") is None
    path = tmp_path / "w.json"
    path.write_text('{"models": {"fox": {"price": {"in": 1, "out": 2}}, "owl": {"price": {"in": 1, "per": 2}}}}')
    with pytest.raises(UsageError, match=r"a price has no `per`"):
        simulated_price("fox", str(path))
    path.write_text('{"models": {"fox": {"price": {"in": 1, "out": 2}}}}')
    assert simulated_price("fox", str(path)) == (1.0, 2.0)
