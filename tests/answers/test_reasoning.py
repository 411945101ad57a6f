"""What is answer, and what is reasoning: in whole texts and in streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.reasoning import ReasoningFilter, split_reasoning

EXAMPLES = [
    ("no reasoning at all ", "no reasoning at all ", ""),
    ("<think>2 and 2</think>\n\n4", "4", "2 and 2"),
    ("<thinking>hm</thinking> 4", "4", "hm"),
    ("<REASONING>hm</Reasoning> 4", "4", "hm"),
    ("<think>a<think>b</think>c</think>d", "d", "a<think>b</think>c"),
    ("<think>a <reasoning> b</think> c", "c", "a <reasoning> b"),
    ("<think>one</think> A <think>two</think> B", "A  B", "one\n\ntwo"),
    ("<think></think>\n\n4", "4", ""),
    # cut off while thinking
    ("<think>first, let us", "", "first, let us"),
    (" \n<think>first", "", "first"),
    # the opening tag was in the prompt
    ("first, let us add</think>4", "4", "first, let us add"),
    # talk about tags
    ("Write `<think>` before it.", "Write `<think>` before it.", ""),
    ("The <think> tag opens it.", "The <think> tag opens it.", ""),
    ("Use:\n```xml\n<think>x</think>\n```\nDone.", "Use:\n```xml\n<think>x</think>\n```\nDone.", ""),
    ("<think>a fence:\n```\n</think>\n4", "4", "a fence:\n```"),
    ("~~~~\n~~~\n<think>x</think>\n~~~~\n<think>y</think>z", "~~~~\n~~~\n<think>x</think>\n~~~~\nz", "y"),
    ("a < b and <b>bold</b>", "a < b and <b>bold</b>", ""),
    ("ends in <thi", "ends in <thi", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("text", "answer", "reasoning"), EXAMPLES)
def test_the_answer_is_what_lies_outside(text: str, answer: str, reasoning: str) -> None:
    assert split_reasoning(text) == (answer, reasoning)


def streamed(pieces: list[str]) -> tuple[list[str], ReasoningFilter]:
    filter = ReasoningFilter()
    return [*[filter.feed(piece) for piece in pieces], filter.end()], filter


def kept(pieces: list[str]) -> tuple[str, ReasoningFilter]:
    """What a display holds at the end, which begins anew where it is told that all was reasoning."""
    out, filter = streamed(pieces)
    return "".join(out)[filter.retracted :], filter


def test_a_stream_gives_what_is_certain_and_no_part_of_a_tag() -> None:
    out, filter = streamed(["<th", "ink>hm", "</thi", "nk>\n", "\nIt is 4", " <", " 5."])
    assert out == ["", "", "", "", "It is 4", " ", "< 5.", ""]
    assert filter.blocks == ["hm"]


def test_a_stream_says_how_much_of_it_was_reasoning_after_all() -> None:
    out, filter = streamed(["let us add", "</think>", "4"])
    assert out == ["let us add", "", "4", ""]
    assert filter.retracted == len("let us add")


def test_an_opening_tag_that_is_never_closed_is_given_out_at_the_end() -> None:
    assert streamed(["The <think>", " tag"])[0] == ["The ", "", "<think> tag"]


PARTS = [
    "<think>",
    "</think>",
    "<Thinking>",
    "</thinking>",
    "```",
    "\n",
    "`",
    "~~~~",
    " ",
    "a",
    "<",
    "</",
    "4 < 5",
    "<thin",
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@given(TEXTS, st.data())
def test_a_stream_equals_the_whole_however_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown, filter = kept(pieces)
    answer, reasoning = split_reasoning(text)
    assert shown.strip() == answer.strip()
    assert "\n\n".join(block for each in filter.blocks if (block := each.strip())) == reasoning


@given(TEXTS)
def test_a_stream_of_characters_never_takes_anything_back_unsaid(text: str) -> None:
    out, filter = streamed(list(text))
    assert 0 <= filter.retracted <= len("".join(out))
