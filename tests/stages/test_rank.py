"""`rank`: a model orders the candidates, and the best k go on."""

import re

import pytest
from run.scripted import Asked, Failure, Later, Script

import moaql

THREE = "layer [a, b, c]"


def texts(answer: moaql.Answer) -> list[str]:
    return [each.text for each in answer.outputs]


def shown(asked: Asked) -> list[str]:
    """The texts in the fence, in order."""
    found: list[str] = re.findall(r'<candidate number="\d+">\n(.*)\n</candidate>', asked.system)
    return found


def prefers(order: str):
    """A judge who knows what is best, whatever the numbers are: `cab` ranks the text `c` first."""

    def says(messages: list[dict[str, str]]) -> str:
        seen = re.findall(r'<candidate number="(\d+)">\n(.*)\n</candidate>', messages[0]["content"])
        ranked = sorted(seen, key=lambda pair: order.index(pair[1]))
        if len(seen) == 1:
            return f"Score: {9 - 2 * order.index(seen[0][1])}"
        if "`Better: 1`" in messages[0]["content"]:
            return f"Better: {ranked[0][0]}"
        return "Ranking: " + " > ".join(f"[{number}]" for number, _ in ranked)

    return says


def ranked(judge: object, method: str, top: int = 3, **options: object) -> moaql.Answer:
    return Script(a="a", b="b", c="c", j=judge).run(f"{THREE} -> rank j top={top} method={method}", **options)


# Listwise


def test_listwise_is_one_call_that_sees_all_candidates() -> None:
    script = Script(a="one", b="two", c="three", j="They differ.\n\nRanking: [3] > [1] > [2]")
    answer = script.run(f"{THREE} -> rank j top=2")
    (asked,) = script.of("j")
    assert script.models[-1] == "j"
    assert shown(asked) == ["one", "two", "three"]
    assert "lists all 3 numbers from best to worst" in asked.system
    assert asked.user == "What is it?"
    assert texts(answer) == ["three", "one"]
    assert answer.notes == ()


@pytest.mark.parametrize("method", ["listwise", "pairwise", "score"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_in_a_verdict_are_those_of_the_order_that_the_judge_saw(method: str, seed: int) -> None:
    script = Script(a="a", b="b", c="c", d="d", j=prefers("cadb"))
    answer = script.run(f"layer [a, b, c, d] -> rank j top=4 method={method} shuffle=true", seed=seed)
    assert texts(answer) == ["c", "a", "d", "b"]


def test_the_order_that_judges_see_is_another_for_another_seed() -> None:
    orders = set()
    for seed in range(5):
        script = Script(a="a", b="b", c="c", d="d", j=prefers("cadb"))
        script.run("layer [a, b, c, d] -> rank j top=1 shuffle=true", seed=seed)
        orders.add(tuple(shown(script.of("j")[0])))
    assert len(orders) > 1


@pytest.mark.parametrize("verdict", ["I like them all.", "Ranking: none", ""])
def test_an_unreadable_ranking_is_noted_and_changes_nothing(verdict: str) -> None:
    answer = ranked(verdict or "?", "listwise")
    assert texts(answer) == ["a", "b", "c"]
    assert answer.notes == ("`rank`: no ranking can be read, so the candidates keep their order",)


def test_candidates_that_are_left_out_of_a_ranking_follow_in_their_order() -> None:
    assert texts(ranked("Ranking: [3]", "listwise")) == ["c", "a", "b"]
    assert texts(ranked("Ranking: [2] > [9] > [2]", "listwise")) == ["b", "a", "c"]


def test_a_lost_judge_is_a_loss_and_a_note() -> None:
    answer = ranked(Failure(500), "listwise", top=1)
    assert texts(answer) == ["a"]
    assert [each.node for each in answer.losses] == ["rank/j"]
    assert answer.notes == ("`rank`: no ranking can be read, so the candidates keep their order",)


# Pairwise


def test_pairwise_compares_every_pair_in_both_orders_side_by_side() -> None:
    script = Script(a="a", b="b", c="c", j=prefers("bca"))
    answer = script.run(f"{THREE} -> rank j top=2 method=pairwise")
    pairs = [tuple(shown(each)) for each in script.of("j")]
    assert sorted(pairs) == [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]
    assert all(each.user == "What is it?" for each in script.of("j"))
    assert texts(answer) == ["b", "c"]


def test_a_judge_who_always_prefers_the_first_decides_nothing() -> None:
    """Every pair is shown in both orders, so position cancels out, and the candidates keep their order."""
    assert texts(ranked("Better: 1", "pairwise")) == ["a", "b", "c"]
    assert texts(ranked("Better: tie", "pairwise")) == ["a", "b", "c"]


def test_comparisons_that_cannot_be_read_count_for_neither_side() -> None:
    def says(messages: list[dict[str, str]]) -> str:
        seen = re.findall(r">\n(.*)\n</candidate>", messages[0]["content"])
        return "Better: 2" if seen == ["a", "c"] else "Both are nice."

    answer = ranked(says, "pairwise")
    assert texts(answer) == ["c", "b", "a"]
    assert answer.notes == ("`rank`: 5 comparisons of 6 cannot be read and count for neither side",)


def test_a_pair_that_lacks_one_is_not_compared() -> None:
    script = Script(a="a", b=Failure(), c="c", j=prefers("cba"))
    answer = script.run(f"{THREE} -> rank j top=3 method=pairwise")
    assert sorted(tuple(shown(each)) for each in script.of("j")) == [("a", "c"), ("c", "a")]
    assert texts(answer) == ["c", "a"]
    assert answer.notes == ()


# By score


def test_by_score_each_candidate_is_rated_alone() -> None:
    script = Script(a="a", b="b", c="c", j=prefers("bca"))
    answer = script.run(f"{THREE} -> rank j top=3 method=score")
    assert sorted(shown(each) for each in script.of("j")) == [["a"], ["b"], ["c"]]
    assert texts(answer) == ["b", "c", "a"]


def test_candidates_without_a_readable_score_stand_last() -> None:
    def says(messages: list[dict[str, str]]) -> str:
        return "Hard to say." if "\na\n" in messages[0]["content"] else "Score: 0"

    answer = ranked(says, "score")
    assert texts(answer) == ["b", "c", "a"]
    (note,) = answer.notes
    assert "1 candidate of 3 got no score that can be read" in note


def test_equal_scores_keep_their_order() -> None:
    assert texts(ranked("Score: 7", "score", top=2)) == ["a", "b"]


# Few candidates


def test_one_candidate_needs_no_judge() -> None:
    script = Script(a="a", j="Ranking: [1]")
    assert texts(script.run("layer [a] -> rank j top=2")) == ["a"]
    assert script.models == ["a"]


@pytest.mark.parametrize("method", ["listwise", "pairwise"])
def test_one_candidate_that_is_left_needs_no_judge_either(method: str) -> None:
    script = Script(a=Failure(), b="b", c=Failure(), j="Ranking: [1]")
    answer = script.run(f"{THREE} -> rank j top=2 method={method}")
    assert texts(answer) == ["b"]
    assert script.of("j") == []
    assert answer.notes == ()
    assert [each.node for each in answer.losses] == ["layer1/a", "layer1/c"]


def test_without_candidates_nobody_is_asked() -> None:
    script = Script(a=Failure(), b=Failure(), j="Ranking: [2] > [1]")
    with pytest.raises(moaql.NoCandidates):
        script.run("layer [a, b] -> rank j top=1")
    assert script.of("j") == []


def test_all_go_on_where_there_are_fewer_than_top() -> None:
    assert texts(ranked("Ranking: [3] > [2] > [1]", "listwise", top=9)) == ["c", "b", "a"]


# What a judge is shown besides


def test_a_ranking_sees_critiques() -> None:
    script = Script(a="one", b="two", k="[1]\nfine\n[2]\nwrong", j="Ranking: [1] > [2]")
    script.run("layer [a, b] -> critic k -> rank j top=1")
    assert '<critique candidate="2">\nwrong\n</critique>' in script.of("j")[0].system


def test_rank_then_fuse() -> None:
    """LLM-Blender: the aggregator sees the best ones, best first."""
    script = Script(a="a", b="b", c="c", j=prefers("cab"), d="fused")
    answer = script.run(f"{THREE} -> rank j top=2 method=pairwise -> agg d")
    assert shown(script.of("d")[0]) == ["c", "a"]
    assert answer.text == "fused"


def test_reviewers_who_do_not_read_one_another_work_side_by_side() -> None:
    """Pairwise ranking does not show critiques, so it does not wait for them."""
    script = Script(a="a", b="b", k=Later(0.3, "[1]\nfine"), j=prefers("ba"), d="fused")
    script.run("layer [a, b] -> critic k -> rank j top=1 method=pairwise -> agg d")
    assert script.models.index("d") == len(script.models) - 1
    assert all("<critique" not in each.system for each in script.of("j"))


def test_names_are_hidden_unless_asked_for() -> None:
    for extra, named in (("", False), (" anonymous=false", True)):
        script = Script(a="one", b="two", j="Ranking: [1] > [2]")
        script.run(f"layer [a, b] -> rank j top=1{extra}")
        assert ('model="b"' in script.of("j")[0].system) is named


def test_ranking_by_score_that_is_attached_asks_nobody_else() -> None:
    script = Script(a="a", b="b", c="c", j=prefers("bca"))
    answer = script.run(f"{THREE} -> score j -> rank by=score top=2")
    assert texts(answer) == ["b", "c"]
    assert len(script.of("j")) == 3


def test_a_ranking_that_leaves_candidates_out_is_said():
    answer = Script(a="x", b="y", c="z", j="Ranking: [3]").run("layer [a, b, c] -> rank j top=2")
    assert [each.text for each in answer.outputs] == ["z", "x"]
    assert "leaves 2 candidates of 3 out" in answer.notes[0]
