"""A text, and the answer that is read in it."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.extract import extract, normal
from moaql.answers.marked import boxed, marked
from moaql.answers.numbers import canonical, numbers

MARKED = [
    ('{"reasoning": "2 and 2", "answer": "4"}', "4"),
    ('```json\n{"reasoning": "x", "answer": 4}\n```', "4"),
    ('{"answer": ["a", 1]}', '["a", 1]'),
    ('{"reasoning": "he said "no" twice", "answer": "4"}', "4"),  # not valid
    ('{"reasoning": "x",\n "answer": "a "b" c"\n}', 'a "b" c'),
    ('{"reasoning": "x",\n "answer": 3/4\n}', "3/4"),
    ('{"reasoning": "x", "answer": "it is 4', "it is 4"),  # cut off
    ('{\\"reasoning\\": \\"x\\", \\"answer\\": \\"4\\"\n}', "4"),
    ('{"final_answer": "Bern"}', "Bern"),
    ('{"answer": "4"}\nNext question.\n{"answer": "9"}', "4"),
    ('{"answer": "4"}\nFill in:\n{"answer": "___"}', "4"),
    ("so \\boxed{1} or rather \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
    ("so \\boxed{42}, not \\boxed{4", "42"),
    ("6 times 7\n#### 42", "42"),
    ("#### Step 1\nAdd them.", None),
    ("The answer is 3. No: the answer is Bern.", "Bern"),
    ("**Final answer:** 3.5 metres", "3.5 metres"),
    ("**Answer**: Bern\n", "Bern"),
    ("The answer to the question is $x = 4$.", "x = 4$"),
    ("The final answer is:\n\n\\[ 42 \\]", "42 \\]"),
    ("We add them. The result is **Bern**.", "Bern"),
    ("**Note** that they differ.", None),
    ("Nothing is answered here", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), MARKED)
def test_where_the_answer_is_marked(text: str, expected: str | None) -> None:
    assert marked(text) == expected


def test_the_box_holds_any_braces() -> None:
    assert boxed("\\boxed{f\\left(\\{1\\}\\right)}") == "f\\left(\\{1\\}\\right)"


NUMBERS = [
    ("42", "42"),
    ("1,234,567", "1234567"),
    ("$1,000.00", "1000"),
    ("3.50", "3.5"),
    (".5", "0.5"),
    ("-3", "-3"),
    ("−3", "-3"),
    ("-$5", "-5"),
    ("$-5", "-5"),
    ("25%", "25"),
    ("12 apples", "12"),
    ("x = 4", "4"),
    ("2 + 3 = 5", "5"),
    ("10 - 3 = 7 left, so 7", "7"),
    ("x = -2, y = 5", "-2"),
    ("1/2", "0.5"),
    ("1/3", "1/3"),
    ("2 1/2", "2.5"),
    ("2½", "2.5"),
    ("\\frac{1}{2}", "0.5"),
    ("-\\dfrac{2}{4}", "-0.5"),
    ("1e3", "1000"),
    ("1.5 × 10^-3", "0.0015"),
    ("2 \\times 10^{3}", "2000"),
    ("12{,}000", "12000"),
    ("1\u202f000", "1000"),
    ("\\$12", "12"),
    ("5-3", "5"),
    ("1/0", None),
    ("no number", None),
]


@pytest.mark.parametrize(("written", "expected"), NUMBERS)
def test_numbers_have_one_spelling(written: str, expected: str | None) -> None:
    assert extract(f'{{"answer": {written!r}}}'.replace("'", '"'), "number") == expected or "\\" in written
    assert extract(f"\\boxed{{{written}}}", "number") == expected


TEXTS_WITH_NUMBERS = [
    ("She buys 3 and 4 more.\nThat makes 7 apples, of which she keeps all.", "7"),
    ("42", "42"),
    ("First we take 12 and then we multiply the whole of it by 7, which gives us", None),  # breaks off
    ('{"reasoning": "Half of 12 is 6. Then we add 2 and get 8.', None),  # no answer yet
    ("The answer cannot be known. 12 is too little to tell, and so would be any other number.", "12"),
    ('{"reasoning": "12 or 13", "answer": "cannot be known"}', None),
    ("It is \\boxed{2\\sqrt{5}}.", None),
    ("The answer is 25π.", None),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS_WITH_NUMBERS)
def test_without_a_mark_the_last_number_of_a_finished_text_counts(text: str, expected: str | None) -> None:
    assert extract(text, "number") == expected


@given(st.fractions())
def test_a_number_is_read_back_exactly(number: Fraction) -> None:
    assert numbers(canonical(number)) == [number]


def test_a_run_of_digits_without_end_is_no_number() -> None:
    assert extract("9" * 5000, "number") is None


CHOICES = [
    ("The answer is (C).", "C"),
    ("the correct option is **B**", "B"),
    ("Answer: d", "D"),
    ("**Answer:** (E) all of them", "E"),
    ('{"answer": "B) Bern"}', "B"),
    ("\\boxed{\\text{F}}", "F"),
    ("The answer is (A) and (B).", "A"),
    ("The answer is (A). Wait, no: the answer is (D).", "D"),
    ("The answer is (A).\n\nQuestion: What else?\nAnswer: (B)", "A"),
    ("Bern is the capital, so it must be B", "B"),
    ("The answer is Bern", None),
    ("I", "I"),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), CHOICES)
def test_choices_are_letters(text: str, expected: str | None) -> None:
    assert extract(text, "choice") == expected


LITERALS = [
    ('{"answer": "[1, 2]"}', "[1, 2]"),
    ('{"answer": [1, 2]}', "[1, 2]"),
    ('{"answer": "\'ab\'"}', "ab"),
    ('{"answer": "ab"}', "ab"),
    ('{"answer": ""}', ""),
    ("{\"answer\": \"{'b': 1, 'a': {2, 1}}\"}", "{'a': {1, 2}, 'b': 1}"),
    ('{"answer": "(1,)"}', "(1,)"),
    ('{"answer": "\'a\\\\nb\'"}', "a\\nb"),
    ('{"answer": "\'\\\\d\'"}', "\\d"),
    ('{"answer": "{[]}"}', "{[]}"),
    ("The answer is `None`.", "None"),
    ("[1, 2]", "[1, 2]"),
    ("```python\n[1, 2]\n```", "[1, 2]"),
    ("It returns something.", None),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_literals_have_one_spelling(text: str, expected: str | None) -> None:
    assert extract(text, "literal") == expected


EXACT = [
    ("  Bern. ", "bern"),
    ("**Bern**", "bern"),
    ("The capital is in the west.\n\nFinal answer: **Bern**", "bern"),
    ('"Bern"', "bern"),
    ("$\\text{Bern}$", "bern"),
    ("\\( x^2 \\)", "x^2"),
    ("$$x$$", "x"),
    ("(B)", "b"),
    ("f(x)", "f(x)"),
    ("(a) or (b)", "(a) or (b)"),
    ("The  Hague\nor not", "the hague or not"),
    ("Straße", "strasse"),
    ("1,000", "1000"),
    ("$1000.0", "1000"),
    ("1000", "1000"),
    ("007", "007"),
    ("50%", "50%"),
    ("5 apples", "5 apples"),
    ("...", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), EXACT)
def test_exact_answers_lose_what_does_not_belong_to_them(text: str, expected: str | None) -> None:
    assert extract(text, "exact") == expected


@given(st.text(max_size=40))
def test_the_normal_form_is_final(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@given(st.text(max_size=80), st.sampled_from(["exact", "number", "choice", "literal"]))
def test_any_text_can_be_read(text: str, by: str) -> None:
    assert extract(text, by) is None or isinstance(extract(text, by), str)


HOSTILE = [
    "(",
    "\\boxed{",
    '{"answer": [',
    "answer is ",
    "answer: ",
    "1,234",
    "1/",
    "**",
    "`",
    " ",
    "\n",
    "#### ",
    "- ",
    '\\"',
    "\\frac{1}{",
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", ["", "The answer is ", '{"answer": '])
def test_texts_of_one_thing_over_and_over_are_read_at_once(start: str, unit: str) -> None:
    # Milliseconds where the time grows with the length; seconds where it grows with its square.
    text = start + unit * (40_000 // len(unit))
    for by in ("exact", "number", "choice", "literal"):
        began = time.perf_counter()
        extract(text, by)
        assert time.perf_counter() - began < 1


def test_an_unknown_way_to_read_is_said() -> None:
    with pytest.raises(ValueError, match="exact, number, choice or literal, not by letter"):
        extract("a", "letter")
