"""`model m = a or b`: the next is asked when one fails."""

import pytest
from run.scripted import Cut, Failure, Later, Script, Sure

import moaql


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 503])
def test_any_failure_falls_over_to_the_next(status: int) -> None:
    script = Script(a=Failure(status), b="second")
    answer = script.run("model any = a or b\ntopology t = any")
    assert (answer.text, script.models) == ("second", ["a", "b"])
    assert (answer.candidate.model, answer.candidate.model_id) == ("any", "openai/b")
    assert answer.losses == ()


def test_the_next_is_not_asked_where_the_first_answers() -> None:
    script = Script(a="first", b="second")
    assert script.run("model any = a or b\ntopology t = any").text == "first"
    assert script.models == ["a"]


def test_alternatives_are_asked_in_turn_and_get_the_same_messages() -> None:
    script = Script(d="draft", a=Failure(), b=Failure(), c="third")
    answer = script.run("model any = a or b or c\ntopology t = d -> agg any")
    assert answer.text == "third"
    assert script.models == ["d", "a", "b", "c"]
    assert script.of("a")[0].messages == script.of("b")[0].messages == script.of("c")[0].messages


def test_each_alternative_is_asked_with_its_own_settings() -> None:
    models = {"a": "temperature=0.1 max_tokens=50", "b": "temperature=0.9", "c": 'stop="END"'}
    script = Script(a=Failure(), b=Failure(), c="third")
    answer = script.run("model any = a or b or c\ntopology t = any", models=models)
    assert answer.text == "third"
    sent = [{key: each.body[key] for key in each.body if key not in ("model", "messages")} for each in script.asked]
    assert sent == [{"temperature": 0.1, "max_tokens": 50}, {"temperature": 0.9}, {"stop": ["END"]}]


def test_what_the_stage_sets_holds_for_all_of_them() -> None:
    models = {"a": "temperature=0.1", "b": "temperature=0.9 max_tokens=50"}
    script = Script(a=Failure(), b="second")
    script.run("model any = a or b\ntopology t = layer [any] temperature=0.5", models=models)
    assert [each.body["temperature"] for each in script.asked] == [0.5, 0.5]
    assert script.of("b")[0].body["max_tokens"] == 50


def test_all_of_them_lost_is_one_loss_with_the_last_reason() -> None:
    script = Script(a=Failure(500), b=Failure(401), c="done", d="two")
    answer = script.run("model any = a or b\ntopology t = layer [any, d] -> agg c")
    (loss,) = answer.losses
    assert loss.node == "layer1/any"
    assert "401" in loss.reason
    assert answer.text == "done"


def test_a_timeout_falls_over() -> None:
    script = Script(a=Later(5, "late"), b="second")
    assert script.run("model any = a or b\ntopology t = any", models={"a": "timeout=50ms"}).text == "second"
    assert script.cancelled == ["a"]


def test_an_answer_that_is_cut_off_falls_over_where_such_an_answer_is_none() -> None:
    script = Script(a=Cut("half of"), b="the whole")
    assert script.run("model any = a or b\ntopology t = layer [any] truncated=drop").text == "the whole"
    script = Script(a=Cut("half of"), b="the whole")
    assert script.run("model any = a or b\ntopology t = any").text == "half of"


def test_every_sample_falls_over_for_itself() -> None:
    script = Script(a=["a1", Failure(), "a3"], b="b")
    answer = script.run("model any = a or b\ntopology t = any x3")
    assert sorted(each.text for each in answer.outputs) == ["a1", "a3", "b"]
    assert {each.model for each in answer.outputs} == {"any"}


def test_an_alternative_is_asked_for_probabilities_too() -> None:
    script = Script(a=Failure(), b=Sure("second", 0.9), c="merged")
    answer = script.run("model any = a or b\ntopology t = any -> when confidence > 0.5 { take 1 } else { agg c }")
    assert answer.text == "second"


def test_a_judge_may_have_an_alternative() -> None:
    script = Script(a="one", b="two", j=Failure(), k="Ranking: [2] > [1]")
    answer = script.run("model judge = j or k\ntopology t = layer [a, b] -> best judge")
    assert answer.text == "two"
    assert [note.partition(":")[0] for note in answer.notes] == ["`best/judge`"]  # who stood in is said


def test_it_is_paid_for_at_the_price_of_who_answered() -> None:
    script = Script(a=Failure(), b="second")
    text = script.text("model dear = b price_in=$10 price_out=$20\nmodel any = a or dear\ntopology t = any")
    answer = moaql.parse(text).topology("t").run("What is it?", **script.options())
    assert answer.cost == pytest.approx(10 * 120e-6)


def test_a_missing_key_falls_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    script = Script(b="second")
    keyed = (
        'model keyed = "openai/a" base_url="http://models.test/v1" api_key_env="NO_SUCH_KEY" price_in=$1 price_out=$2'
    )
    assert script.run(f"{keyed}\nmodel any = keyed or b\ntopology t = any").text == "second"
    assert script.models == ["b"]


def test_who_answered_instead_of_whom_is_said():
    answer = Script(a=Failure(500), b="two").run("model safe = a or b\ntopology t = layer [safe, b] -> vote tie=first")
    assert answer.losses == ()
    (note,) = answer.notes
    assert note.startswith("`layer1/safe`: openai/b answered instead, because of openai/a: ")
    assert "500" in note
