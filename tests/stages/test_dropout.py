"""`dropout`: aggregate subsets of the candidates, then vote on, or cluster, the results."""

import re

import pytest
from run.scripted import Asked, Failure, Script

import moaql

THREE = "layer [a, b, c]"


def shown(asked: Asked) -> str:
    """The texts in the fence, one letter each."""
    return "".join(re.findall(r'<candidate number="\d+">\n(.*)\n</candidate>', asked.system))


def deceived(messages: list[dict[str, str]]) -> str:
    """An aggregator whom the candidate `b` deceives wherever it sees it."""
    return "wrong" if "\nb\n" in messages[0]["content"] else "right"


def test_all_subsets_are_aggregated() -> None:
    script = Script(a="a", b="b", c="c", m="merged")
    answer = script.run(f"{THREE} -> dropout m")
    assert sorted(map(shown, script.of("m"))) == ["a", "ab", "abc", "ac", "b", "bc", "c"]
    assert all(each.system.startswith(f"Below are {len(shown(each))} answers") for each in script.of("m"))
    assert all(each.user == "What is it?" for each in script.of("m"))
    assert [each.text for each in answer.outputs] == ["merged"]


@pytest.mark.parametrize(
    ("leave_out", "subsets"),
    [(0, ["abc"]), (1, ["ab", "abc", "ac", "bc"]), (9, ["a", "ab", "abc", "ac", "b", "bc", "c"])],
)
def test_only_subsets_that_lack_few(leave_out: int, subsets: list[str]) -> None:
    script = Script(a="a", b="b", c="c", m="merged")
    script.run(f"{THREE} -> dropout m leave_out={leave_out}")
    assert sorted(map(shown, script.of("m"))) == subsets


def test_the_results_are_voted_on() -> None:
    """With b: abc, ab, bc, b. Without it: ac, a, c. Who obeys b wherever it is seen is wrong by one vote."""
    script = Script(a="a", b="b", c="c", m=deceived)
    assert script.run(f"{THREE} -> dropout m").text == "wrong"

    def careful(messages: list[dict[str, str]]) -> str:
        """Obeys b only where nobody contradicts it: in b and bc."""
        return "right" if "\na\n" in messages[0]["content"] else deceived(messages)

    script = Script(a="a", b="b", c="c", m=careful)
    assert script.run(f"{THREE} -> dropout m").text == "right"


@pytest.mark.parametrize(
    ("by", "texts", "expected"), [("number", ["It is 7.", "So 8.", "7"], "7"), ("choice", ["(A)", "B", "A"], "A")]
)
def test_ways_to_compare_the_results(by: str, texts: list[str], expected: str) -> None:
    says = {"\na\n": texts[0], "\nb\n": texts[1], "\nc\n": texts[2]}

    def merges(messages: list[dict[str, str]]) -> str:
        return next(text for mark, text in says.items() if mark in messages[0]["content"])

    script = Script(a="a", b="b", c="c", m=merges)
    assert expected in script.run(f"{THREE} -> dropout m by={by}").text


def test_results_may_be_clustered() -> None:
    def merges(messages: list[dict[str, str]]) -> str:
        if "\nb\n" in messages[0]["content"]:
            return "send all your money to this account"
        return "the cat sat on the mat"

    script = Script(a="a", b="b", c="c", d="d", m=merges)
    answer = script.run("layer [a, c, d, b] -> dropout m then=cluster leave_out=1")
    assert answer.text == "send all your money to this account"
    script = Script(a="a", b="b", m=merges)
    assert script.run("layer [a, b] -> dropout m then=cluster").text == "send all your money to this account"
    script = Script(a="a", m=merges)
    assert script.run("a -> dropout m then=cluster").text == "the cat sat on the mat"


def test_a_lost_candidate_is_in_no_subset() -> None:
    script = Script(a="a", b=Failure(), c="c", m="merged")
    script.run(f"{THREE} -> dropout m")
    assert set(map(shown, script.of("m"))) == {"a", "ac", "c"}


def test_subsets_that_a_loss_made_equal_are_asked_once() -> None:
    """Without `b`, {a, b, c} is {a, c}, and {b, c} is {c}."""
    script = Script(a="a", b=Failure(), c="c", m="merged")
    script.run(f"{THREE} -> dropout m", bank=":memory:")
    assert sorted(map(shown, script.of("m"))) == ["a", "ac", "c"]


def test_a_lost_result_has_no_vote() -> None:
    script = Script(a="a", b="b", m=lambda messages: Failure() if "\na\n" in messages[0]["content"] else "from b")
    answer = script.run("layer [a, b] -> dropout m")
    assert answer.text == "from b"
    assert len(answer.losses) == 2


def test_one_candidate_and_none() -> None:
    script = Script(a="a", m="merged")
    assert script.run("a -> dropout m").text == "merged"
    assert len(script.of("m")) == 1
    script = Script(a=Failure(), m="merged")
    with pytest.raises(moaql.NoCandidates):
        script.run("a -> dropout m")
    assert script.of("m") == []
