"""Tables of answers, targets and scores, and what holds for all texts."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from metrics.examples import score, value

from moaql.metrics.f1 import f1
from moaql.metrics.rouge import longest_common, rouge_l


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("The answer is **Bern**.", "bern", 1),
        ("Geneva", "Bern", 0),
        ("#### 1,000", 1000, 1),
        ("1000.0", 1000, 1),
        ("50 %", 50, 0),
        ("Bern", ["Zürich", "Bern"], 1),
        ("true", True, 1),
        ("?", "?", 1),
        ("x = 3", "#### x = 3", 1),
        ("It is Bern.", "Bern", 0),  # nothing is marked: the whole text counts
        ("50%", "50 %", 0),
        ("007", 7, 0),
        ('{"answer": "Bern"}', "Bern", 1),
        ("$\\text{Bern}$", "Bern", 1),
    ],
)
def test_exact(answer: str, target: object, expected: float) -> None:
    assert value("exact", answer, target) == expected


@pytest.mark.parametrize(
    ("answer", "target", "settings", "expected"),
    [
        ("so it is \\boxed{\\frac{3}{4}}", "0.75", {}, 1),
        ("The answer is $1,250.00", 1250, {}, 1),
        ("The answer is 0.3", 0.1 + 0.2, {}, 0),
        ("The answer is 0.1", 0.1, {}, 1),
        ("The answer is 0.33", "1/3", {}, 0),
        ("The answer is 0.33", "1/3", {"tolerance": 0.01}, 1),
        ("The answer is 1.1", 1, {"tolerance": "0.1"}, 1),
        ("The answer is 1.1000001", 1, {"tolerance": "0.1"}, 0),
        ("The answer is 1e-7", 1e-7, {}, 1),
        ("The answer is 5", ["4", "5"], {}, 1),
        ("The answer is 42", "3 * 14 = 42 #### 42", {}, 1),
        ("The answer is 12345678901234567891", "12345678901234567890", {}, 0),
        ("The answer is -3", 3, {}, 0),
        ("The answer is −3", -3, {}, 1),
        ("First 3, then 4.\nSo 5 of them.", 5, {}, 1),
        ("The answer is forty-two", 42, {}, 0),
    ],
)
def test_number(answer: str, target: object, settings: dict, expected: float) -> None:
    assert value("number", answer, target, **settings) == expected


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("The correct answer is **(C)** Bern.", "C", 1),
        ("Answer: b", "(B)", 1),
        ("It must be D", "A", 0),
        ("Answer: B", ["A", "B"], 1),
        ("Answer: B", "Bern", 1),  # a text of the choices
        ("Bern", "B", 0),  # no letter in the answer
        ("Answer: A or B", "B", 0),  # the first of several counts
        ("Answer: B", "b", 1),
    ],
)
def test_choice(answer: str, target: object, expected: float) -> None:
    assert value("choice", answer, target, fields={"choices": ["Geneva", "Bern"]}) == expected


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("The answer is {'b': 1, 'a': 2}", "{'a': 2, 'b': 1}", 1),
        ("The answer is 'Ab'", "'ab'", 0),
        ('{"answer": "[1, 2]"}', [1, 2], 1),
        ("The answer is [2, 1]", "[1, 2]", 0),
        ("The answer is None", ["1", "None"], 1),
        ("The answer is word", "word", 1),
        ("The answer is {3, 1}", "{1, 3}", 1),
        ("The answer is 1.0", "1", 0),
        ("The answer is True", True, 1),
        ("The answer is ('a',)", ("a",), 1),
        ("The answer is [1, 2", "[1, 2]", 0),
    ],
)
def test_literal(answer: str, target: object, expected: float) -> None:
    assert value("literal", answer, target) == expected


@pytest.mark.parametrize(
    ("answer", "target", "settings", "expected"),
    [
        ("It is in\nNew  York.", "new york", {}, 1),
        ("It is in New York.", "new york", {"case": True}, 0),
        ("It is in Bern.", ["Bern", "Geneva"], {}, 1),
        ("It is in Bern.", ["Bern", "Geneva"], {"every": True}, 0),
        ("From Bern to Geneva", ["Bern", "Geneva"], {"every": True}, 1),
        ("There are 110", 10, {}, 1),
        ("STRASSE", "straße", {}, 1),
        ("true", True, {}, 1),
        ("0.5 and more", 0.5, {}, 1),
    ],
)
def test_contains(answer: str, target: object, settings: dict, expected: float) -> None:
    assert value("contains", answer, target, **settings) == expected


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("The Bern!", "bern", 1),
        ("the city of Bern", "Bern", 0.5),  # 1 of 3 words, 1 of 1
        ("Bern Bern", "Bern", Fraction(2, 3)),
        ("Geneva", "Bern", 0),
        ("the", "", 1),
        ("something", "", 0),
        ("lake Geneva", ["Bern", "Geneva"], Fraction(2, 3)),
        ("a b b c", "b b d", Fraction(4, 6)),  # 2 words in common of 3, as "a" is an article, and of 3
        ("42", 42, 1),
        ("42.0", 42, 0),  # a text, not a number: "420"
    ],
)
def test_f1(answer: str, target: object, expected: float) -> None:
    assert value("f1", answer, target) == pytest.approx(float(expected))


def test_f1_of_the_marked_answer_only() -> None:
    assert value("f1", "Let me see. The answer is Bern.", "Bern", marked=True) == 1
    assert value("f1", "Let me see. The answer is Bern.", "Bern") < 0.5


@pytest.mark.parametrize(
    ("answer", "target", "beta", "expected"),
    [
        ("police kill the gunman", "police killed the gunman", 1, Fraction(3, 4)),  # the example of Lin 2004
        ("the gunman kill police", "police killed the gunman", 1, Fraction(1, 2)),
        ("police", "police killed the gunman", 1, Fraction(2, 5)),
        ("police", "police killed the gunman", 2, Fraction(5, 17)),
        ("nothing", "police", 1, 0),
        ("", "police", 1, 0),
        ("Äpfel, Birnen", "äpfel birnen", 1, 1),
        ("kill", ["police", "to kill"], 1, Fraction(2, 3)),
        ("...", "!!!", 1, 1),
        ("...", "police", 1, 0),
    ],
)
def test_rouge(answer: str, target: str, beta: float, expected: float) -> None:
    assert value("rouge", answer, target, beta=beta) == pytest.approx(float(expected))


def test_rouge_of_long_texts_is_quick() -> None:
    text = " ".join(str(number % 997) for number in range(20_000))
    assert value("rouge", text, text) == 1


WORDS = st.lists(st.sampled_from("abcd"), max_size=8)
TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(["42", "The answer is 3.", "a b", "the", "\\boxed{x}"]))
TARGETS = {
    "exact": TEXTS.filter(str.strip),
    "contains": TEXTS.filter(str.strip),
    "f1": TEXTS,
    "rouge": TEXTS,
    "literal": TEXTS,
    "number": st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    "choice": st.sampled_from("ABCDEFGHIJ"),
}


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_scores_are_from_0_to_1_whatever_the_texts(name: str, data: st.DataObject) -> None:
    answer, target = data.draw(TEXTS), data.draw(TARGETS[name])
    found = score(name, answer, [target, target]).value
    assert 0 <= found <= 1
    assert found == score(name, answer, target).value  # a list accepts any of its targets


@given(st.integers() | st.fractions(max_denominator=10_000))
def test_a_number_is_itself_in_any_spelling(number: Fraction | int) -> None:
    text = str(number)
    for answer in (f"The answer is {text}.", f"\\boxed{{{text}}}", f"so it is\n#### {text}", f'{{"answer": "{text}"}}'):
        assert value("number", answer, text) == 1


@given(st.recursive(st.integers() | st.booleans() | st.none() | st.sampled_from(["a", "b c"]), st.lists, max_leaves=5))
def test_a_literal_is_itself(one: object) -> None:
    assert value("literal", f"The answer is {one!r}", repr(one)) == 1


@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
def test_a_letter_is_itself(letter: str) -> None:
    assert value("choice", f"The answer is ({letter}).", letter) == 1
    assert value("choice", f"The answer is ({letter}).", "A" if letter != "A" else "B") == 0


@given(WORDS, WORDS)
def test_the_longest_common_subsequence_is_that_of_the_usual_table(first: list[str], second: list[str]) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            longer = max(table[row][column + 1], table[row + 1][column])
            table[row + 1][column + 1] = table[row][column] + 1 if one == other else longer
    assert longest_common(first, second) == table[-1][-1]


@given(TEXTS, TEXTS)
def test_f1_is_symmetric_and_in_range(one: str, other: str) -> None:
    assert f1(one, other) == f1(other, one)
    assert 0 <= f1(one, other) <= 1
    assert f1(one, one) == 1


@given(TEXTS, TEXTS, st.sampled_from([0.5, 1.0, 1.2, 8.0]))
def test_rouge_is_in_range_and_1_for_equal_texts(one: str, other: str, beta: float) -> None:
    assert 0 <= rouge_l(one, other, beta) <= 1
    assert rouge_l(one, one, beta) == 1
    assert rouge_l(one, other) == pytest.approx(rouge_l(other, one))


@given(TEXTS.filter(str.strip))
@example("007")
@example("**")
@example("$$")
def test_a_text_is_itself(text: str) -> None:
    for name in ("exact", "contains", "f1", "rouge"):
        assert value(name, text, text) == 1
