"""`seq`: aggregate many candidates a window at a time, with the synthesis so far in `keep` of its slots."""

import re

import pytest
from run.scripted import Asked, Failure, Script

import moaql

DRAFTS = [f"draft {number}" for number in range(1, 11)]


def drafts(**says: object) -> Script:
    """Models d1 to d10, each with a draft of its own."""
    return Script(**{f"d{number}": text for number, text in enumerate(DRAFTS, 1)} | says)


def window(asked: Asked) -> list[str]:
    """The texts in the fence, in order."""
    found: list[str] = re.findall(r'<candidate number="\d+">\n(.*)\n</candidate>', asked.system)
    return found


TEN = "layer [d1, d2, d3, d4, d5, d6, d7, d8, d9, d10]"


def test_windows_slide_and_keep_the_synthesis_so_far() -> None:
    script = drafts(m=["s1", "s2", "s3"])
    answer = script.run(f"{TEN} -> seq m window=6 keep=3")
    assert [window(each) for each in script.of("m")] == [
        ["draft 1", "draft 2", "draft 3", "draft 4", "draft 5", "draft 6"],
        ["s1", "s1", "s1", "draft 7", "draft 8", "draft 9"],
        ["s2", "s2", "s2", "draft 10"],
    ]
    assert [each.system.split(" answers")[0] for each in script.of("m")] == [
        "Below are 6",
        "Below are 6",
        "Below are 4",
    ]
    assert [each.user for each in script.of("m")] == ["What is it?"] * 3
    assert [each.text for each in answer.outputs] == ["s3"]


def test_six_and_three_are_the_default() -> None:
    script = drafts(m=["s1", "s2", "s3"])
    script.run(f"{TEN} -> seq m")
    assert [len(window(each)) for each in script.of("m")] == [6, 6, 4]


def test_one_slot_for_the_synthesis() -> None:
    script = drafts(m=["s1", "s2", "s3"])
    script.run(f"{TEN} -> seq m window=4 keep=1")
    assert [window(each) for each in script.of("m")] == [
        ["draft 1", "draft 2", "draft 3", "draft 4"],
        ["s1", "draft 5", "draft 6", "draft 7"],
        ["s2", "draft 8", "draft 9", "draft 10"],
    ]


@pytest.mark.parametrize("count", [1, 2, 6])
def test_what_fits_one_window_is_one_call(count: int) -> None:
    script = drafts(m="done")
    listed = ", ".join(f"d{number}" for number in range(1, count + 1))
    assert script.run(f"layer [{listed}] -> seq m").text == "done"
    assert [window(each) for each in script.of("m")] == [DRAFTS[:count]]


def test_a_lost_candidate_leaves_its_slot_empty() -> None:
    script = drafts(d2=Failure(), m=["s1", "s2"])
    script.run("layer [d1, d2, d3, d4, d5] -> seq m window=3 keep=1")
    assert [window(each) for each in script.of("m")] == [["draft 1", "draft 3"], ["s1", "draft 4", "draft 5"]]


def test_a_lost_synthesis_is_not_shown_to_the_next_window() -> None:
    script = drafts(m=[Failure(), "s2"])
    answer = script.run("layer [d1, d2, d3, d4, d5] -> seq m window=3 keep=1")
    assert window(script.of("m")[1]) == ["draft 4", "draft 5"]
    assert answer.text == "s2"
    assert [each.node for each in answer.losses] == ["seq/m[window1]"]


def test_without_candidates_nobody_is_asked() -> None:
    script = Script(a=Failure(), m="from nothing")
    with pytest.raises(moaql.NoCandidates):
        script.run("a x8 -> seq m")
    assert script.of("m") == []


def test_a_prompt_of_ones_own() -> None:
    script = drafts(m=["s1", "s2"])
    prompt = 'prompt p { user "{question} {n}: {candidates:plain sep=\\" | \\"}" }\n'
    script.run(f"{prompt}layer [d1, d2, d3, d4] -> seq m window=3 keep=2 prompt=p")
    assert [each.user for each in script.of("m")] == [
        "What is it? 3: draft 1 | draft 2 | draft 3",
        "What is it? 3: s1 | s1 | draft 4",
    ]
