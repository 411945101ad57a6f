"""Which calls write the answer, and what a client's settings do to them."""

import pytest

import moaql
from moaql.graph.nodes import Call, Graph
from moaql.serving.writers import adapted, samples, unused, writers

SIMULATED = {"a": "weak", "b": "strong", "c": "gpt-4o", "g": "gpt-4o-mini"}
MODELS = "\n".join(f'model {name} = "sim/{which}"' for name, which in SIMULATED.items())


def graph(pipeline: str) -> Graph:
    return moaql.parse(f"{MODELS}\n{pipeline}").topology().graph


def named(found: Graph, ids: frozenset[str]) -> str:
    """The models of these calls, in order."""
    return " ".join(call.model.name for call in found.calls if call.id in ids)


@pytest.mark.parametrize(
    ("pipeline", "all_of_them", "alone"),
    [
        ("a", "a", "a"),
        ("layer [a, b] -> agg g", "g", "g"),
        ("layer [a, b] -> layer [c] -> agg g", "g", "g"),
        ("a x3 -> vote", "a a a", ""),
        ("layer [a, b]", "a b", ""),
        ("layer [a, b] -> critic c", "a b", ""),
        ("layer [a, b] -> rank c top=1", "a b", ""),
        ("layer [a, b] -> agg g fallback=c", "g c", "g c"),
        ("layer [a, b] -> when agreement >= 2/3 { vote } else { agg g }", "a b g", "g"),
        ("when tokens > 5 { a } else { b }", "a b", "a b"),
        ("(layer [a, b] -> agg g) x2", "g", "g"),
    ],
)
def test_the_writers_are_those_whose_text_may_be_the_answer(pipeline: str, all_of_them: str, alone: str) -> None:
    found = graph(pipeline)
    these = writers(found)
    assert named(found, these.all) == all_of_them
    assert named(found, these.alone) == alone


def calls(found: Graph) -> list[Call]:
    return list(found.calls)


def test_without_settings_the_first_choice_is_the_graph_itself() -> None:
    found = graph("a x3 -> vote")
    assert adapted(found, writers(found), (), 0) is found


def test_choices_share_no_sample() -> None:
    found = graph("a x3 -> agg g")
    assert samples(found) == 3
    drawn = [
        sorted(call.sample for call in calls(adapted(found, writers(found), (), each)) if call.model.name == "a")
        for each in range(3)
    ]
    assert drawn == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_a_limit_shortens_and_stops_add_up() -> None:
    found = graph('layer [a, b] -> agg g max_tokens=100 stop="END" temperature=0.3')
    wanted = (("max_tokens", 500), ("stop", ("FIN",)), ("temperature", 0.0))
    *drafts, last = calls(adapted(found, writers(found), wanted, 0))
    assert dict(last.settings) == {"max_tokens": 100, "stop": ("END", "FIN"), "temperature": 0.0}
    assert [each.settings for each in drafts] == [(), ()]
    assert dict(calls(adapted(found, writers(found), (("max_tokens", 5),), 0))[-1].settings)["max_tokens"] == 5


def test_alternatives_are_asked_the_same() -> None:
    found = moaql.parse(f"{MODELS}\nmodel s = a or b\ns").topology().graph
    (call,) = calls(adapted(found, writers(found), (("max_tokens", 5),), 0))
    assert [dict(each.settings) for each in call.model.alternatives] == [{"max_tokens": 5}]


def test_what_no_call_takes_is_known() -> None:
    wanted = (("max_tokens", 5), ("temperature", 0.0), ("top_p", 0.5))
    assert unused(writers(graph("a x3 -> vote")), wanted) == ("temperature", "top_p")
    assert unused(writers(graph("a x3 -> agg g")), wanted) == ()
