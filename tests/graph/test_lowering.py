"""What each stage becomes: who is asked, with which candidates, and what comes out."""

import pytest

import moaql
from moaql.graph.build import build
from moaql.graph.nodes import Call, Gate, Graph, Reduce

MODELS = "".join(f'model {name} = "sim/{name}"\n' for name in "abcdefg")


def graph(text: str) -> Graph:
    """The graph of the last topology of a program."""
    program = moaql.parse(MODELS + text)
    return moaql.build(program, list(program.topologies)[-1])


def lines(text: str) -> list[str]:
    """Each node as `id: what it does(inputs)`, samples as `[i]`."""
    out = []
    for node in graph(text).nodes.values():
        inputs = ", ".join(f"{role}={ref.node}" + (f".{ref.slot}" if ref.slot else "") for role, ref in node.inputs)
        does = (
            f"{node.purpose}[{node.sample}]"
            if isinstance(node, Call)
            else node.operation
            if isinstance(node, Reduce)
            else "gate"
        )
        out.append(f"{node.id}: {does}({inputs})".replace("candidates=", ""))
    return out


def test_one_line_is_four_drafts_and_one_answer() -> None:
    assert lines("layer proposers=[a, b]x2 -> agg c") == [
        "layer1/a: propose[0]()",
        "layer1/a#2: propose[1]()",
        "layer1/b: propose[0]()",
        "layer1/b#2: propose[1]()",
        "agg/c: aggregate[0](layer1/a, layer1/a#2, layer1/b, layer1/b#2)",
    ]


def test_parentheses_repeat_in_a_row_and_the_second_time_sees_the_first() -> None:
    assert lines("(layer [a, b])x2") == [
        "layer1/a: propose[0]()",
        "layer1/b: propose[0]()",
        "layer2/a: propose[0](layer1/a, layer1/b)",
        "layer2/b: propose[0](layer1/a, layer1/b)",
    ]


def test_a_name_repeats_side_by_side() -> None:
    assert lines("a x2 -> b") == ["a: propose[0]()", "a#2: propose[1]()", "b: propose[0](a, a#2)"]


def test_a_repeated_topology_draws_new_samples_of_everything_in_it() -> None:
    assert lines("topology p = a x2 -> agg b\ntopology t = layer [p x2]") == [
        "layer1/p/a: propose[0]()",
        "layer1/p/a#2: propose[1]()",
        "layer1/p/agg/b: aggregate[0](layer1/p/a, layer1/p/a#2)",
        "layer1/p#2/a: propose[2]()",
        "layer1/p#2/a#2: propose[3]()",
        "layer1/p#2/agg/b: aggregate[1](layer1/p#2/a, layer1/p#2/a#2)",
    ]


def test_equal_calls_of_different_stages_are_made_once() -> None:
    assert lines("when tokens > 5 { a x2 -> vote tie=first } else { a -> b }") == [
        "when: gate()",
        "when/yes/a: propose[0]()",
        "when/yes/a#2: propose[1]()",
        "when/yes/vote: vote(when/yes/a, when/yes/a#2)",
        "when/no/b: propose[0](when/yes/a)",
        "when/choose: choose(gate=when, if yes=when/yes/vote, if no=when/no/b)",
    ]


def test_every_proposer_of_a_layer_draws_samples_of_its_own() -> None:
    text = "topology one = a\ntopology p = a x2 -> vote tie=first\n"
    for proposers, samples in (("one, a", 2), ("one, one, a", 3), ("p, a x3", 5), ("(a -> b), (a -> b), a", 3)):
        made = [
            call.sample for call in graph(f"{text}topology t = layer [{proposers}]").calls if call.model.name == "a"
        ]
        assert made == list(range(samples))


def test_models_that_send_the_same_are_the_same() -> None:
    text = 'model hot = "sim/a" temperature=1\nmodel cold = "sim/a" temperature=0\nlayer [hot, cold] temperature=0.7'
    assert [(call.sample, call.settings) for call in graph(text).calls] == [
        (0, (("temperature", 0.7),)),
        (1, (("temperature", 0.7),)),
    ]


def test_prompts_are_dealt_out_over_the_answers() -> None:
    prompts = "".join(f'prompt {name} {{ user "{{question}} {name}" }}\n' for name in ("x1", "y1"))
    calls = graph(f"{prompts}layer [a]x4 prompt=[x1, y1]").calls
    assert [(call.prompt.messages[0][1][-2:], call.sample) for call in calls] == [
        ("x1", 0),
        ("y1", 0),
        ("x1", 1),
        ("y1", 1),
    ]


def test_when_asks_one_side_only() -> None:
    assert lines("a x3 -> when agreement >= 2/3 { vote } else { take 0 -> b }")[3:] == [
        "when: gate(a, a#2, a#3)",
        "when/yes/vote: vote(a, a#2, a#3)",
        "when/no/b: propose[0]()",
        "when/choose: choose(gate=when, if yes=when/yes/vote, if no=when/no/b)",
    ]


def test_a_route_asks_for_a_label_first() -> None:
    assert lines("route a { case x { b } else { c } }") == [
        "route/a: classify[0]()",
        "route: gate(label=route/a)",
        "route/x/b: propose[0]()",
        "route/else/c: propose[0]()",
        "route/choose: choose(gate=route, if x=route/x/b, if else=route/else/c)",
    ]


def test_a_route_by_field_asks_nobody() -> None:
    first = next(iter(graph("route by=kind { case x { b } else { c } }").nodes.values()))
    assert isinstance(first, Gate)
    assert first.condition == (("field", "kind"),)


def test_until_stops_before_the_next_pass() -> None:
    assert lines("a x2 -> until agreement > 0.9 max 2 { layer [b] }") == [
        "a: propose[0]()",
        "a#2: propose[1]()",
        "until/1: gate(a, a#2)",
        "until/1/layer1/b: propose[0](a, a#2)",
        "until/2: gate(until/1/layer1/b)",
        "until/2/layer1/b: propose[0](until/1/layer1/b)",
        "until/choose: choose(gate=until/2, if yes=until/1/layer1/b, if no=until/2/layer1/b)",
        "until/choose#2: choose(gate=until/1, if yes=a, if yes=a#2, if no=until/choose)",
    ]


def test_a_judge_of_a_condition_reads_each_candidate() -> None:
    assert "judgement=when/c[2]" in lines("a x2 -> when confidence judge=c > 0.5 { vote tie=first } else { b }")[4]


@pytest.mark.parametrize(
    ("stage", "calls"),
    [
        ("rank g top=2", ["rank/g(a a#2 a#3)"]),
        ("best g", ["best/g(a a#2 a#3)"]),
        ("rank g top=2 method=score", ["rank/g[1](a)", "rank/g[2](a#2)", "rank/g[3](a#3)"]),
        (
            "rank g top=1 method=pairwise",
            ["rank/g[1v2](a a#2)", "rank/g[1v3](a a#3)", "rank/g[2v1](a#2 a)", "rank/g[2v3](a#2 a#3)", "rank/g[3v1](a#3 a)", "rank/g[3v2](a#3 a#2)"],
        ),
        ("critic g", ["critic/g(a a#2 a#3)"]),
        ("score g", ["score/g[1](a)", "score/g[2](a#2)", "score/g[3](a#3)"]),
        ("verify g", ["verify/g[1](a)", "verify/g[2](a#2)", "verify/g[3](a#3)"]),
        ("unit_tests g", ["unit_tests/g()"]),
        ("seq g window=2 keep=1", ["seq/g[window1](a a#2)", "seq/g[window2](seq/g[window1] a#3)"]),
        ("dropout g leave_out=1", ["dropout/g[1+2+3](a a#2 a#3)", "dropout/g[1+2](a a#2)", "dropout/g[1+3](a a#3)", "dropout/g[2+3](a#2 a#3)"]),
        ("vote", []),
        ("cluster", []),
        ("distinct", []),
        ("shuffle seed=1", []),
        ("take 2", []),
    ],
)  # fmt: skip
def test_who_a_stage_asks(stage: str, calls: list[str]) -> None:
    made = [call for call in graph(f"a x3 -> {stage}").calls if call.id not in ("a", "a#2", "a#3")]
    assert [f"{call.id}({' '.join(ref.node for _, ref in call.inputs)})" for call in made] == calls


@pytest.mark.parametrize(
    ("stage", "low", "high"),
    [
        ("vote", 1, 1),
        ("rank g top=2", 2, 2),
        ("rank g top=9", 4, 4),
        ("verify g", 1, 4),
        ("distinct", 1, 4),
        ("cluster", 2, 4),
        ("take 3", 3, 3),
        ("critic g", 4, 4),
        ("agg g x2", 2, 2),
        ("layer [b, c] quorum=1", 1, 2),
    ],
)
def test_how_many_candidates_come_out(stage: str, low: int, high: int) -> None:
    outputs = graph(f"a x4 -> {stage}").outputs
    assert (sum(ref.certain for ref in outputs), len(outputs)) == (low, high)


def test_what_nobody_reads_is_not_asked() -> None:
    assert lines("layer [a, b, c] -> take 1") == ["layer1/a: propose[0]()"]


def test_reviewers_that_read_no_reviews_work_side_by_side() -> None:
    calls = {
        call.id: [ref.node for _, ref in call.inputs] for call in graph("a x2 -> critic b -> critic c -> agg d").calls
    }
    assert calls["critic/b"] == calls["critic2/c"] == ["a", "a#2"]
    assert calls["agg/d"] == ["critic2/attach", "critic2/attach"]


def test_a_spare_is_a_call_of_its_own() -> None:
    made = graph("layer [a] -> agg b fallback=a")
    assert [call.id for call in made.calls] == ["layer1/a", "agg/b", "agg/fallback/a"]
    assert isinstance(made.nodes[made.outputs[0].node], Reduce)


def test_settings_of_a_stage_win_over_those_of_the_model_and_none_is_not_sent() -> None:
    text = 'model warm = "sim/w" temperature=0.9 max_tokens=100 top_p=0.5\nwarm temperature=0.1 top_p=none'
    (call,) = graph(text).calls
    assert call.settings == (("max_tokens", 100), ("temperature", 0.1))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("((layer [a]x1000)x1000)x1000", "1,000,000,000"),
        ("layer [a]x1000000", "1,000,000"),
        ("topology p = a x1000\ntopology q = layer [p x1000]\ntopology r = layer [q x1000]", "1,000,000,000"),
        ("until agreement > 0.5 max 100 { (layer [a]x100)x100 }", "1,000,000"),
    ],
)
def test_a_program_of_a_billion_calls_is_refused_at_once(text: str, number: str) -> None:
    program = moaql.parse(MODELS + text)
    made, diagnostics = build(list(program.topologies.values())[-1])
    assert made is None
    assert [each.code for each in diagnostics] == ["E405"]
    assert number in diagnostics[0].message


def test_a_stage_that_grows_without_bounds_is_refused() -> None:
    program = moaql.parse(MODELS + "layer [a]x40 -> dropout b")
    made, diagnostics = build(program.topologies["main"])
    assert made is None
    assert [each.code for each in diagnostics] == ["E405"]


def test_a_fallback_keeps_its_own_address_and_price() -> None:
    text = 'model y = "openai/y" price_in=9\nmodel z = "vllm/z" or y base_url="http://localhost:1/v1" price_in=0 temperature=0.5\nz'
    (call,) = graph(text).calls
    (spare,) = call.model.alternatives
    assert dict(call.model.connection) == {"base_url": "http://localhost:1/v1"}
    assert (spare.id, spare.connection, spare.price_in, dict(spare.settings)) == (
        "openai/y",
        (),
        9,
        {"temperature": 0.5},
    )


def test_blanks_in_a_placeholder_mean_nothing() -> None:
    for placeholder in ("{critiques}", "{ critiques }"):
        prompt = f'prompt p {{ user "{{question}} {{candidates}} {placeholder}" }}\n'
        assert len(list(graph(f"{prompt}a x2 -> critic b -> agg c prompt=p").calls)) == 4


def test_ids_are_paths_whatever_the_models_are_called() -> None:
    assert [call.id for call in graph('layer ["openai/gpt-4o", "x/y/z"] -> agg "openai/gpt-4o"').calls] == [
        "layer1/openai:gpt-4o",
        "layer1/x:y:z",
        "agg/openai:gpt-4o",
    ]


def test_ids_do_not_depend_on_where_the_text_stands() -> None:
    text = "layer [(a -> b), (b -> a)] -> agg c"
    assert lines(text) == lines(f"# another line\n\n{text}")


def test_an_early_vote_may_be_decided_by_its_cheapest_or_heaviest_voters() -> None:
    from moaql.graph.plan import plan

    assert plan(graph("layer [(a -> b -> c), a, b] -> vote early=true")).calls.low == 2
    assert plan(graph("layer [a, b, c] -> vote early=true weights={a: 3, b: 1, c: 1}")).calls.low == 1


def test_a_large_layer_is_drawn_at_once() -> None:
    import time

    from moaql.graph.draw import FORMATS

    large = graph("layer [a, b, c]x500 -> agg d")
    for name in FORMATS.built_in:
        draw = FORMATS.find(name)
        assert draw is not None
        began = time.perf_counter()
        draw(large)
        assert time.perf_counter() - began < 10


def test_the_longest_of_what_may_be_chosen_is_read_at_most() -> None:
    from moaql.graph.plan import plan

    text = 'model short = "sim/s" max_tokens=1\nlayer [short, a] -> best by=confidence -> agg b'
    alone = plan(graph("a -> agg b")).tokens_in
    chosen = plan(graph(text)).tokens_in
    question = plan(graph("a")).tokens_in
    assert chosen.high == pytest.approx(alone.high + question.high)
