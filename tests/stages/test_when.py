"""`when`: a condition decides which side is asked, and only that side is."""

import pytest
from run.scripted import Failure, Script, Sure

import moaql
from moaql.run.question import Question


def holds(condition: str, question: object = "What is it?", **says: object) -> bool:
    """Whether a condition holds for what the models a, b and c say."""
    given = {"a": "x", "b": "x", "c": "y"} | says
    script = Script(**given, yes="yes", no="no")
    answer = script.run(f"layer [a, b, c] -> when {condition} {{ agg yes }} else {{ agg no }}", question)
    assert script.models.count("yes") + script.models.count("no") == 1
    assert answer.decisions == {"when": answer.text}
    return answer.text == "yes"


def of_fields(condition: str, **fields: object) -> moaql.Answer:
    """What is decided about a question with these fields; no answer is `no` here."""
    script = Script(yes="yes", no="no")
    return script.run(f"when {condition} {{ yes }} else {{ no }}", Question("What is it?", fields=fields))


def test_without_else_candidates_pass_through() -> None:
    script = Script(a="one", b="two", c="merged")
    answer = script.run("layer [a, b] -> when count > 2 { agg c }")
    assert [each.text for each in answer.outputs] == ["one", "two"]
    assert script.of("c") == []
    assert answer.decisions == {"when": "no"}


def test_a_side_sees_the_candidates() -> None:
    script = Script(a="one", b="two", c="merged")
    script.run("layer [a, b] -> when count == 2 { agg c }")
    assert "Below are 2 answers" in script.of("c")[0].system
    assert script.models[-1] == "c"


def test_the_sides_may_give_different_numbers_of_candidates() -> None:
    script = Script(a="one", b="two", c="merged", z="last")
    script.run("layer [a, b] -> when count > 2 { agg c } -> agg z")
    assert "Below are 2 answers" in script.of("z")[0].system
    script = Script(a="one", b="two", c="merged", z="last")
    script.run("layer [a, b] -> when count == 2 { agg c } -> agg z")
    assert script.of("z")[0].system.endswith('\n\n<candidate number="1">\nmerged\n</candidate>')


# Signals


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("agreement >= 2/3", True),  # two of three say x, and 0.666… is 2/3
        ("agreement > 2/3", False),
        ("agreement == 2/3", True),
        ("agreement != 2/3", False),
        ("agreement < 70%", True),
        ("count == 3", True),
        ("count < 3", False),
    ],
)
def test_agreement_and_count(condition: str, expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("by", "texts"),
    [
        ("number", ["It is 7.", "7.0", "Surely 7"]),
        ("choice", ["(A)", "The answer is A.", "A"]),
        ("similarity", ["the cat sat on the mat", "the cat sat on the mat!", "The cat sat on the mat."]),
        ("cluster", ["the cat sat on the mat", "the cat sat on a mat", "the cat sat on the mat"]),
    ],
)
def test_agreement_by(by: str, texts: list[str]) -> None:
    says = dict(zip("abc", texts, strict=True))
    assert holds(f"agreement by={by} == 1", **says)
    assert not holds(f"agreement by={by} == 1", **says | {"c": "B 8 bananas"})


def test_lost_candidates_neither_agree_nor_count() -> None:
    assert holds("agreement == 1", c=Failure())
    assert holds("count == 2", c=Failure())


def test_candidates_without_an_answer_agree_with_nobody() -> None:
    assert not holds("agreement by=number >= 50%", a="7", b="no idea", c="who knows")


def test_nothing_is_asked_about_candidates_that_are_all_lost() -> None:
    script = Script(a=Failure(), yes="yes", no="no")
    with pytest.raises(moaql.NoCandidates):
        script.run("a -> when agreement == 1 { agg yes } else { agg no }")
    assert script.models == ["a"]


def test_a_side_that_starts_afresh_answers_where_all_are_lost() -> None:
    script = Script(a=Failure(), b="instead")
    answer = script.run("a -> when count == 0 { take 0 -> b }")
    assert answer.text == "instead"


def test_tokens_are_those_of_the_question() -> None:
    assert not holds("tokens > 100")
    assert holds("tokens > 100", "word " * 400)
    assert not holds("tokens > 1k", "word " * 400)


def test_the_score_is_the_best_that_is_attached() -> None:
    program = "layer [a, b] -> score j -> when score >= 0.8 { best by=score } else { agg c }"
    says = {"a": "one", "b": "two", "c": "merged"}
    by_text = {"one": "Score: 3", "two": "Score: 8"}

    def judge(messages: list[dict[str, str]]) -> str:
        return next(said for text, said in by_text.items() if f"\n{text}\n" in messages[0]["content"])

    assert Script(**says, j=judge).run(program).text == "two"
    by_text["two"] = "Score: 7"
    assert Script(**says, j=judge).run(program).text == "merged"


def test_no_readable_score_is_no_score_and_is_noted() -> None:
    script = Script(a="one", j="It is fine.", c="merged")
    answer = script.run("a -> score j -> when score >= 0 { take 1 } else { agg c }")
    assert answer.text == "merged"
    assert "`when`: no candidate has a score, so the condition is not met" in answer.notes


# Confidence


def test_confidence_is_the_mean_probability_of_tokens() -> None:
    script = Script(a=Sure("one", 0.9), c="merged")
    answer = script.run("a -> when confidence >= 0.8 { take 1 } else { agg c }")
    assert answer.text == "one"
    assert script.of("a")[0].body["logprobs"] is True
    script = Script(a=Sure("one", 0.7), c="merged")
    assert script.run("a -> when confidence >= 0.8 { take 1 } else { agg c }").text == "merged"
    assert "logprobs" not in script.of("c")[0].body


def test_confidence_is_that_of_the_most_confident_candidate() -> None:
    assert holds("confidence > 0.8", a=Sure("x", 0.5), b=Sure("x", 0.9), c="y")


def test_probabilities_are_not_asked_for_where_nobody_compares_them() -> None:
    script = Script(a="x", b="x", j="Score: 9")
    script.run("layer [a, b] -> when agreement == 1 { take 1 }")
    script.run("layer [a, b] -> when confidence judge=j >= 0.5 { take 1 }")
    assert all("logprobs" not in each.body for each in script.asked)


def test_unknown_confidence_is_not_met_and_the_note_says_what_to_do() -> None:
    script = Script(a="one", c="merged")
    answer = script.run("a -> when confidence >= 0.1 { take 1 } else { agg c }")
    assert answer.text == "merged"
    (note,) = answer.notes
    assert "write `confidence judge=MODEL`" in note


def test_a_judge_rates_each_candidate_and_the_best_rating_counts() -> None:
    def judge(messages: list[dict[str, str]]) -> str:
        return "Score: 9" if "\ntwo\n" in messages[0]["content"] else "Score: 2"

    script = Script(a="one", b="two", j=judge, c="merged")
    answer = script.run("layer [a, b] -> when confidence judge=j >= 0.8 { take 2 } else { agg c }")
    assert [each.text for each in answer.outputs] == ["one", "two"]
    fences = [each.system.partition("<candidate number")[2] for each in script.of("j")]
    assert sorted(fences) == ['="1">\none\n</candidate>', '="1">\ntwo\n</candidate>']
    assert all(each.user == "What is it?" for each in script.of("j"))


@pytest.mark.parametrize("said", ["I trust it.", Failure()])
def test_a_judge_that_says_nothing_readable_is_noted(said: object) -> None:
    script = Script(a="one", j=said, c="merged")
    answer = script.run("a -> when confidence judge=j >= 0.1 { take 1 } else { agg c }")
    assert answer.text == "merged"
    assert answer.notes == ("`when`: no rating of its judge can be read, so the condition is not met",)


def test_two_judges_are_told_apart() -> None:
    script = Script(a="one", j="Score: 9", k="Score: 1", c="merged")
    program = "a -> when confidence judge={} >= 0.8 and confidence judge={} <= 0.2 {{ take 1 }} else {{ agg c }}"
    assert script.run(program.format("j", "k")).text == "one"
    assert script.run(program.format("k", "j")).text == "merged"


# Fields


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ('field.x == "math"', "math", "yes"),
        ("field.x == math", "math", "yes"),
        ('field.x != "math"', "art", "yes"),
        ('field.x == "math"', "art", "no"),
        ("field.x >= 3", 3, "yes"),
        ("field.x >= 3", "3.5", "yes"),
        ("field.x > 3", 2.5, "no"),
        ("field.x == 3", "3", "yes"),
        ("field.x == 50%", 0.5, "yes"),
        ("field.x == 0.3", 0.1 + 0.2, "yes"),  # whatever the last digits of a float say
        ("field.x > 0.3", 0.1 + 0.2, "no"),
        ('field.x == "3"', 3, "yes"),
        ("field.x == true", True, "yes"),
        ("field.x == true", "TRUE", "yes"),
        ("field.x == true", 1, "yes"),
        ("field.x == true", 1.0, "yes"),
        ("field.x == false", False, "yes"),
        ("field.x == false", "no", "yes"),
        ("field.x != true", "false", "yes"),
    ],
)
def test_fields(condition: str, value: object, expected: str) -> None:
    answer = of_fields(condition, x=value)
    assert answer.text == expected
    assert answer.notes == ()


@pytest.mark.parametrize(
    ("condition", "fields", "why"),
    [
        ("field.x == 1", {}, "the question has no field `x`"),
        ("field.x != 1", {}, "the question has no field `x`"),
        ("not field.x == 1", {}, "the question has no field `x`"),
        ("field.x != 1", {"x": None}, "the question has no field `x`"),
        ("field.x > 1", {"x": "many"}, "field.x is no number, so it is not compared with 1"),
        ("field.x == false", {"x": "maybe"}, "the field `x` is neither true nor false"),
    ],
)
def test_a_field_that_says_nothing_is_noted_and_not_met(condition: str, fields: dict[str, object], why: str) -> None:
    answer = of_fields(condition, **fields)
    assert answer.text == "no"
    (note,) = answer.notes
    assert why in note


# And, or, not


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("field.t == true and field.f == true", "no"),
        ("field.t == true and not field.f == true", "yes"),
        ("field.t == true or field.f == true", "yes"),
        ("field.f == true or field.f == true and field.t == true", "no"),
        ("field.t == true or field.f == true and field.f == true", "yes"),
        ("(field.t == true or field.t == true) and field.f == true", "no"),
        ("not (field.t == true and field.f == true)", "yes"),
    ],
)
def test_logic(condition: str, expected: str) -> None:
    assert of_fields(condition, t=True, f=False).text == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("field.t == true or field.unknown == 1", "yes"),  # true, whatever the unknown is
        ("field.unknown == 1 or field.t == true", "yes"),
        ("field.f == true or field.unknown == 1", "no"),
        ("not (field.f == true and field.unknown == 1)", "yes"),  # false and anything is false
        ("not (field.t == true and field.unknown == 1)", "no"),
        ("not field.unknown == 1", "no"),
        ("field.t == true and field.unknown == 1", "no"),
    ],
)
def test_what_is_unknown_decides_only_where_it_does_not_matter(condition: str, expected: str) -> None:
    answer = of_fields(condition, t=True, f=False)
    assert answer.text == expected


# In one another


def test_when_in_when_decides_only_where_it_is_reached() -> None:
    program = "a -> when tokens > 100 { agg b } else { when count == 1 { agg c } else { agg d } }"
    script = Script(a="one", b="long", c="short", d="never")
    answer = script.run(program)
    assert (answer.text, script.models) == ("short", ["a", "c"])
    assert answer.decisions == {"when": "no", "when/no/when": "yes"}
    script = Script(a="one", b="long", c="short", d="never")
    answer = script.run(program, "word " * 400)
    assert (answer.text, answer.decisions) == ("long", {"when": "yes"})


def test_a_judge_of_an_inner_condition_is_asked_only_when_it_is_reached() -> None:
    program = "layer [a, b] -> when agreement == 1 { take 1 } else { when confidence judge=j > 0.5 { take 1 } else { agg c } }"
    script = Script(a="x", b="x", j="Score: 9", c="merged")
    script.run(program)
    assert script.of("j") == []
    script = Script(a="x", b="y", j="Score: 2", c="merged")
    assert script.run(program).text == "merged"
    assert len(script.of("j")) == 2
