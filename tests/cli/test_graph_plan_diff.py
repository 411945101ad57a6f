import json
import re

MODELS = 'model a = "sim/a" price_in=$1 price_out=$2\nmodel b = "sim/b" price_in=$1 price_out=$2\nmodel c = "sim/c" price_in=$10 price_out=$20\n'
PANEL = MODELS + "topology panel = layer [a, b]x2 -> agg c\n"
TWO = PANEL + "topology other = a x3 -> vote\n"


def test_a_topology_is_drawn_as_text(moaql, write):
    write("p.moaql", PANEL)
    assert moaql("graph", "p.moaql").out == (
        "question\n"
        "├─▶ layer1  a ×2 · b ×2                                    4 calls\n"
        "├─▶ agg     c                                              1 call\n"
        "answer\n"
        "\n"
        "5 calls, depth 2\n"
    )


def test_a_drawing_is_written_to_a_file(moaql, write, tmp_path):
    write("p.moaql", PANEL)
    assert moaql("graph", "p.moaql", "--format", "svg", "-o", "p.svg").code == 0
    assert (tmp_path / "p.svg").read_text().startswith("<svg ")


def test_json_is_node_link_data(moaql, write):
    write("p.moaql", PANEL)
    data = json.loads(moaql("graph", "p.moaql", "--json").out)
    assert data["directed"] is True
    assert [node["id"] for node in data["nodes"]] == ["layer1/a", "layer1/a#2", "layer1/b", "layer1/b#2", "agg/c"]
    assert {link["target"] for link in data["links"]} == {"agg/c"}


def test_a_file_of_several_topologies_needs_a_name(moaql, write):
    write("p.moaql", TWO)
    done = moaql("graph", "p.moaql")
    assert done.code == 2
    assert "p.moaql::panel, p.moaql::other" in done.err
    assert moaql("graph", "p.moaql::other").code == 0
    assert "did you mean `other`?" in moaql("graph", "p.moaql::othr").err


def test_a_program_with_mistakes_is_not_drawn(moaql, write):
    write("p.moaql", MODELS + "topology t = layer [a] -> agg d\n")
    done = moaql("graph", "p.moaql")
    assert (done.code, done.out) == (1, "")
    assert "error[E204]: unknown model `d`" in done.err


def test_a_plan_counts_calls_depth_and_dollars(moaql, write):
    write("p.moaql", PANEL)
    plan = json.loads(moaql("plan", "p.moaql", "--json").out)
    assert plan["calls"] == {"min": 5, "max": 5, "exact": True}
    assert plan["depth"] == 2
    assert plan["unpriced"] == []
    assert plan["banked"] == 0
    assert [(each["name"], each["calls"]["max"]) for each in plan["models"]] == [("a", 2), ("b", 2), ("c", 1)]
    cost, models = plan["cost_per_item"], plan["models"]
    assert 0 < cost["low"] < cost["expected"] < cost["high"]
    assert abs(sum(each["cost"]["expected"] for each in models) - cost["expected"]) < 1e-12
    assert 0 < plan["latency_s"]["low"] < plan["latency_s"]["high"]


def test_dollars_are_tokens_times_prices(moaql, write):
    write("p.moaql", 'model a = "sim/a" price_in=$3 price_out=$7 max_tokens=10\na\n')
    plan = json.loads(moaql("plan", "p.moaql", "--json").out)
    tokens = plan["tokens"]
    for level in ("low", "expected", "high"):
        expected = tokens["in"][level] * 3e-6 + tokens["out"][level] * 7e-6
        assert abs(plan["cost_per_item"][level] - expected) < 1e-15
    assert tokens["out"]["high"] == 10


def test_an_unknown_price_is_unknown_and_not_zero(moaql, write):
    write("p.moaql", PANEL.replace("price_in=$10 price_out=$20", ""))
    plan = json.loads(moaql("plan", "p.moaql", "--json").out)
    assert plan["cost_per_item"] is None
    assert plan["unpriced"] == ["sim/c"]
    text = moaql("plan", "p.moaql", "--volume", "1M/month").out
    assert "unpriced" in text
    assert not re.search(r"\$0\b(?!\.)", text)


def test_list_prices_are_known_and_the_program_overrides_them(moaql, write):
    write("p.moaql", 'model a = "openai/gpt-4o"\nmodel b = a price_in=$9\nlayer [a, b]\n')
    models = json.loads(moaql("plan", "p.moaql", "--json").out)["models"]
    assert models[0]["price_in"] > 0
    assert models[1]["price_in"] == 9
    assert models[1]["price_out"] == models[0]["price_out"]


def test_the_monthly_bill(moaql, write):
    write("p.moaql", PANEL)
    one = json.loads(moaql("plan", "p.moaql", "--json").out)["cost_per_item"]["expected"]
    for volume, questions in (("10M/month", 1e7), ("1k/day", 30437.5), ("12/year", 1), ("2.5B/month", 2.5e9)):
        monthly = json.loads(moaql("plan", "p.moaql", "--json", "--volume", volume).out)["monthly"]
        assert abs(monthly["questions"] - questions) < 1e-6
        assert abs(monthly["cost"]["expected"] / (one * questions) - 1) < 1e-9
    assert moaql("plan", "p.moaql", "--volume", "lots").code == 2


def test_question_tokens_come_from_the_eval_set(moaql, write):
    write("e.jsonl", "".join(json.dumps({"input": "x" * size}) + "\n" for size in (35, 70, 105)))
    write("p.moaql", 'model a = "sim/a" price_in=1 price_out=1\neval e = "e.jsonl" metric=exact\na\n')
    for name in ("e", "e.jsonl"):
        plan = json.loads(moaql("plan", "p.moaql", "--eval", name, "--json").out)
        assert plan["tokens"]["in"]["expected"] == 20 + 4
        assert plan["eval"] == {"name": name, "items": 3}


def test_an_eval_set_with_mistakes_is_named_with_its_line(moaql, write):
    write("p.moaql", PANEL)
    write("bad.jsonl", '{"input": "x"}\nnot json\n')
    write("other.jsonl", '{"question_text": "x"}\n')
    write("empty.jsonl", "")
    for name, words in (
        ("bad.jsonl", "bad.jsonl:2: this line is not JSON"),
        ("other.jsonl", "other.jsonl:1: no field `input`"),
        ("empty.jsonl", "is empty"),
        ("missing.jsonl", "neither an eval set of the program nor a file"),
        ("p.moaql", "no ending that says how to read it"),
    ):
        done = moaql("plan", "p.moaql", "--eval", name)
        assert done.code == 2
        assert words in done.err


def test_a_csv_eval_set(moaql, write):
    write("p.moaql", PANEL)
    write("e.csv", 'input,target\n"one, two",3\nfour,5\n')
    assert json.loads(moaql("plan", "p.moaql", "--eval", "e.csv", "--json").out)["eval"]["items"] == 2


def test_a_program_with_holes_is_not_planned(moaql, write):
    write("p.moaql", MODELS + "topology t = a x?(1..3) -> vote weights=?\n")
    done = moaql("plan", "p.moaql")
    assert done.code == 1
    assert done.err.count("error[E402]") == 2


def diff_lines(moaql, write, before, after):
    write("before.moaql", MODELS + before)
    write("after.moaql", MODELS + after)
    return moaql("diff", "before.moaql", "after.moaql").out.splitlines()


def test_diff_of_the_same_thing_under_other_names_shows_nothing(moaql, write):
    before = "topology one = layer [a, b]x2 -> agg c\n"
    after = 'model z = "sim/a" # renamed\ntopology two = layer proposers=[b, z]x2\n  -> agg c\n'
    assert diff_lines(moaql, write, before, after) == []
    assert moaql("diff", "--exit-code", "before.moaql", "after.moaql").code == 0


def test_one_more_sample_is_one_line(moaql, write):
    assert diff_lines(moaql, write, "layer [a, b]x2 -> agg c\n", "layer [a x3, b x2] -> agg c\n") == [
        "+ layer1: 1 more of a (2 → 3)"
    ]
    assert moaql("diff", "--exit-code", "before.moaql", "after.moaql").code == 1


def test_what_else_differs_is_named(moaql, write):
    base = "layer [a, b] -> agg c\n"
    for after, lines in {
        "layer [a, b] -> agg c temperature=0.2\n": ["~ agg: c: temperature not set → 0.2"],
        "layer [a, b] -> agg a\n": ["~ agg: c (sim/c) → a (sim/a)"],
        "layer [a, b] -> vote tie=first\n": ["- agg: c", "+ vote: vote by=exact, tie=first"],
        "layer [a] -> agg c\n": ["- layer1: b"],
        "layer [a, b] -> layer [a, b] -> agg c\n": ["+ layer2: a, b"],
        "layer [a, b] -> agg c refs_in=user\n": ["~ agg: c: another prompt"],
    }.items():
        assert diff_lines(moaql, write, base, after) == lines


def test_programs_of_several_topologies_are_compared_by_name(moaql, write):
    write("one.moaql", TWO)
    write("two.moaql", TWO.replace("topology other = a x3", "topology other = a x5") + "topology third = b\n")
    assert moaql("diff", "one.moaql", "two.moaql").out.splitlines() == [
        "other: + start: 2 more of a (3 → 5)",
        "third: + third: a new topology",
    ]
    document = json.loads(moaql("diff", "one.moaql::other", "two.moaql::other", "--json").out)
    assert document == {
        "equal": False,
        "changes": [{"topology": "other", "kind": "added", "where": "start", "what": "2 more of a (3 → 5)"}],
    }


def test_a_plan_of_an_eval_set_says_what_is_paid_already(moaql, write):
    write("p.moaql", 'model a = "sim/strong" price_in=$1 price_out=$1\nmodel b = "sim/weak" price_in=$1 price_out=$1\n'
          "topology one = a x2 -> vote\ntopology two = layer [a x2, b] -> agg b\n")  # fmt: skip
    write("e.jsonl", '{"input": "What is 2 + 2?"}\n{"input": "What is 3 + 3?"}\n')
    assert json.loads(moaql("plan", "p.moaql::one", "--eval", "e.jsonl", "--json").out)["banked"] == 0
    assert moaql("batch", "p.moaql::one", "e.jsonl", "-o", "out.jsonl").code == 0
    assert json.loads(moaql("plan", "p.moaql::one", "--eval", "e.jsonl", "--json").out)["banked"] == 4
    planned = moaql("plan", "p.moaql::two", "--eval", "e.jsonl")
    assert "4 of these calls are paid already" in planned.out
    assert json.loads(moaql("plan", "p.moaql::two", "--json").out)["banked"] == 0
