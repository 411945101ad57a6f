"""Results of searches, made here: a small one, a large one, and one whose every text attacks the page."""

import json
from typing import Any

from moaql.check.checker import check_source
from moaql.graph.build import build
from moaql.graph.interchange import to_json
from moaql.source import Source

PROGRAM = 'model qwen = "sim/qwen1.5-72b-chat"\nmodel llama = "sim/llama-3-70b-chat"\ntopology panel = layer [qwen, llama]x2 -> vote number tie=first\n'
HOSTILE = (
    "</script><script>window.hacked=1</script><img src=http://127.0.0.1:9/x onerror='window.hacked=2'>"
    '"><svg onload="window.hacked=3"> javascript:alert(1) \' onfocus=window.hacked=4 autofocus \x00 \ud800 \u202e ]]> -->'
)


def graph_of(text: str = PROGRAM) -> dict[str, Any]:
    """The graph of a program's only topology, as `moaql graph --format json` writes it."""
    program = check_source(Source(text))
    (topology,) = program.topologies.values()
    graph, _ = build(topology)
    assert graph is not None
    return to_json(graph)


def trial(at: int, name: str, score: float | None, cost: float | None, **more: Any) -> dict[str, Any]:
    """One trial, by its number."""
    around = None if score is None else [max(0.0, score - 0.06), min(1.0, score + 0.04)]
    return {
        "key": f"k{at}",
        "name": name,
        "source": "mutation",
        "baseline": "",
        "kind": "vote",
        "state": "whole",
        "why": "",
        "items": 120,
        "score": score,
        "ci": around,
        "cost": cost,
        "latency": 2.1,
        "paid": 0.02,
        "params": {"layer1.x": 2, "layer1.proposers": ["qwen", "llama"]},
        **more,
    }


def small() -> dict[str, Any]:
    """A search of four trials whose winner is a vote."""
    return {
        "format": "moaql-search-1",
        "search": "auto",
        "file": "search_space.moaql",
        "date": "2026-11-21",
        "simulated": True,
        "headline": "A vote of four answers beat the best single model by 4 points.\nIt costs 3 times as much.",
        "eval": {"name": "questions", "metric": "number", "hash": "ab12", "items": {"search": 120, "select": 40, "report": 40}},
        "goals": {"maximize": ["quality"], "minimize": ["cost"], "limits": ["cost <= $0.05"]},
        "budget": 5.0,
        "paid": 1.2,
        "saved": 7.9,
        "stopped": "nothing left is worth its price",
        "seconds": 31.0,
        "space": {"points": 34560, "topologies": 21000, "invalid": 12, "exact": False},
        "trials": [
            trial(1, "layer [qwen, llama]x2 -> vote number", 0.93, 0.00093),
            trial(2, "qwen", 0.89, 0.00031, baseline="single", kind="single", source="baseline"),
            trial(3, "layer [qwen]x3 -> agg llama", 0.9, 0.0021, kind="merge", source="tpe"),
            trial(4, "llama", 0.7, 0.0002, state="out", items=40, why="it cannot reach the frontier"),
        ],
        "frontier": ["k1", "k2", "k4"],
        "confirmed": [
            {
                "key": "k1",
                "name": "layer [qwen, llama]x2 -> vote number",
                "role": "winner",
                "select": {"score": 0.925, "ci": [0.8, 0.97], "items": 40},
                "report": {"score": 0.92, "ci": [0.79, 0.97], "items": 40},
                "difference": {"to": "k2", "difference": 0.04, "ci": [0.01, 0.08], "p": 0.0312},
                "gap": -0.01,
            },
            {"key": "k2", "name": "qwen", "role": "baseline", "select": None, "report": {"score": 0.88, "ci": [0.75, 0.95], "items": 40}, "difference": None, "gap": None},
        ],
        "picks": {"best_quality": "k1", "cheapest_tied": "k1", "within_limits": "k1"},
        "tied": ["k1", "k3"],
        "winner": "k1",
        "beaten": True,
        "curve": [
            {"paid": 0.1, "seconds": 2.0, "quality": 0.89, "area": 0.6, "trials": 1},
            {"paid": 1.2, "seconds": 31.0, "quality": 0.93, "area": 0.71, "trials": 4},
        ],
        "holes": [
            {"name": "agg.temperature", "importance": 0.02, "values": []},
            {
                "name": "layer1.x",
                "importance": 0.41,
                "values": [
                    {"value": "2", "mean": 0.91, "low": 0.87, "high": 0.95, "trials": 5},
                    {"value": 3, "mean": 0.9, "low": None, "high": None, "trials": 1},
                ],
            },
        ],
        "graph": graph_of(),
        "program": PROGRAM,
        "diff": "+ layer1: two more samples of llama\n- agg: gone\n~ vote: by number",
        "disagreements": [
            {
                "id": "q7",
                "question": "How many are 5 and 7?",
                "target": "12",
                "answers": [
                    {
                        "key": "k1",
                        "name": "the vote",
                        "answer": "12",
                        "right": True,
                        "candidates": [{"model": "qwen", "text": "5 + 7 = 12", "right": True}, {"model": "llama", "text": "It is 13.", "right": False}],
                    },
                    {"key": "k2", "name": "qwen", "answer": "13", "right": False, "candidates": []},
                ],
            }
        ],
    }  # fmt: skip


def large() -> dict[str, Any]:
    """200 trials, and 50 disagreements with long texts."""
    text = "First, count the apples & the pears: 5 < 7, so 'more' pears. " * 60
    candidates = [{"model": f"model-{at}", "text": text, "right": at % 2 == 0} for at in range(5)]
    answers = [
        {"key": f"k{at}", "name": f"topology {at}", "answer": "12", "right": at == 0, "candidates": candidates}
        for at in range(4)
    ]
    name = "layer [qwen, llama, dbrx]x2 -> cluster -> agg gpt4o temperature=0.2"
    return {
        **small(),
        "trials": [
            trial(at, f"{name} # {at}", 0.6 + 0.3 * ((at * 37) % 200) / 200, 0.0001 * 1.03**at) for at in range(200)
        ],
        "frontier": [f"k{at}" for at in range(0, 200, 20)],
        "disagreements": [{"id": at, "question": text, "target": "12", "answers": answers} for at in range(50)],
    }


def hostile() -> dict[str, Any]:
    """The small result with every text replaced: by one that would run, load, break out of its place, or break the file."""

    def spoil(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            if name == "params":
                return {HOSTILE: HOSTILE, "list": [HOSTILE, {"deep": HOSTILE}]}
            return {key: spoil(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each, name) for each in value]
        kept = name in ("format", "key", "frontier", "tied", "winner", "best_quality", "cheapest_tied", "within_limits")
        return value if kept or not isinstance(value, str) else HOSTILE

    spoiled: dict[str, Any] = spoil({**small(), "graph": None})
    text = json.dumps(graph_of()).replace("qwen1.5-72b-chat", "x")
    graph = json.loads(text)
    for node in graph["nodes"]:
        if node["kind"] == "call":
            node["model"]["name"] = HOSTILE
    graph["graph"]["name"] = HOSTILE
    return {**spoiled, "graph": graph}
