"""What reviewers say becomes part of the candidates that they speak of."""

from operations.examples import apply, names, said, voices

TESTS = "1. It names Bern.\n2. It is short."


def test_critiques_go_to_whom_the_critic_was_shown_behind_earlier_ones() -> None:
    candidates = voices("1", "2", critiques=[("dull",), ()])
    kept, notes = apply(
        "attach", {"candidates": candidates, "critiques": said(("ba", "[1] short\n[2] clear"))}, what="critiques"
    )
    assert [each.critiques for each in kept] == [("dull", "clear"), ("short",)]
    assert notes == []


def test_lost_candidates_move_no_critique() -> None:
    inputs = {"candidates": voices(None, "2", "3"), "critiques": said(("bc", "[1] about b\n[2] about c"))}
    lost, *kept = apply("attach", inputs, what="critiques")[0]
    assert lost is None  # its place stays empty
    assert [(each.node, each.critiques) for each in kept] == [("b", ("about b",)), ("c", ("about c",))]


def test_critiques_that_are_missing_are_named() -> None:
    for texts in (said(("ab", "[1] good")), said(("ab", "all good")), said(None)):
        kept, notes = apply("attach", {"candidates": voices("1", "2"), "critiques": texts}, what="critiques")
        assert names(kept) == "ab"
        assert len(notes) == 1
        assert "of 2 got no critique" in notes[0]


def test_scores_go_to_their_candidates() -> None:
    inputs = {"candidates": voices("1", None, "3"), "scores": said(("a", "Score: 3"), None, ("c", "Score: 9/10"))}
    kept, notes = apply("attach", inputs, what="scores")
    assert [each and (each.node, each.score) for each in kept] == [("a", 0.3), None, ("c", 0.9)]
    assert notes == []


def test_a_score_that_cannot_be_read_leaves_none_and_it_is_said() -> None:
    inputs = {
        "candidates": voices("1", "2", "3", score=[0.9, 0.9, 0.9]),
        "scores": said(("a", "Score: 5"), ("b", "Fine."), None),
    }
    kept, notes = apply("attach", inputs, what="scores")
    assert [each.score for each in kept] == [0.5, None, None]
    assert notes == ["2 candidates of 3 got no score that can be read"]


def test_a_text_that_goes_through_the_tests_is_a_grade() -> None:
    inputs = {
        "candidates": voices("1", "2", tests=[TESTS, TESTS]),
        "scores": said(("a", "1. passed\n2. failed"), ("b", "Score: 9")),
    }
    assert [each.score for each in apply("attach", inputs, what="scores")[0]] == [0.5, 0.9]


def test_tests_go_to_every_candidate_in_one_form() -> None:
    inputs = {"candidates": voices("1", None, "3"), "tests": said(("", "Here:\n- It names Bern.\n- It is short."))}
    kept, notes = apply("attach", inputs, what="tests")
    assert [each and (each.node, each.tests) for each in kept] == [("a", TESTS), None, ("c", TESTS)]
    assert notes == []


def test_tests_that_cannot_be_read_are_not_attached_and_it_is_said() -> None:
    kept, notes = apply("attach", {"candidates": voices("1"), "tests": said(("", "I cannot."))}, what="tests")
    assert [each.tests for each in kept] == [""]
    assert notes == ["no tests can be read, so none are attached"]


def test_nobody_to_attach_to_is_nothing_to_speak_of() -> None:
    for what in ("critiques", "scores", "tests"):
        assert apply("attach", {"candidates": voices(None), what: said(None)}, what=what) == ((), [])
