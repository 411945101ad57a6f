"""What a format can say comes back as it was: the same graph, from random programs."""

import random

import pytest

import moaql
from moaql.exporting import TARGETS
from moaql.graph.nodes import Graph
from moaql.importing import FORMATS

MODELS = "".join(f'model {name} = "together_ai/org/{name}"\n' for name in "abcd")
SETTINGS = " temperature=0.7 max_tokens=2048"


def layer(draw: random.Random, names: list[str]) -> str:
    samples = "" if draw.random() < 0.5 else f"x{draw.randint(2, 3)}"
    return f"layer [{', '.join(names)}]{samples}"


def some(draw: random.Random) -> list[str]:
    return draw.sample("abcd", draw.randint(2, 4))


def settings(draw: random.Random) -> str:
    return f" temperature={draw.choice(['0', '0.3', '1.25'])} max_tokens={draw.choice([50, 1000, 4096])}"


def of_archon(draw: random.Random) -> str:
    middle = [
        layer(draw, some(draw)) + settings(draw),
        f"verify c{settings(draw)} -> layer [a, b]{settings(draw)}",
        f"unit_tests a n=4{settings(draw)} -> grade b{settings(draw)} -> rank by=score top=2 -> layer [c, a]{settings(draw)}",
        f"rank d top=2{settings(draw)}",
    ]
    stages = [layer(draw, some(draw)) + settings(draw), *draw.sample(middle, draw.randint(0, 2))]
    stages.append(
        draw.choice(
            [
                f"agg a{settings(draw)}",
                f"best b{settings(draw)}",
                f"critic c{settings(draw)} -> rank b top=2{settings(draw)} -> agg d{settings(draw)}",
            ]
        )
    )
    return " -> ".join(stages)


def of_together(draw: random.Random) -> str:
    row = layer(draw, some(draw)) + settings(draw)
    return " -> ".join([row] * draw.randint(1, 3)) + f" -> agg {draw.choice('abcd')}{SETTINGS}"


def of_llm_consortium(draw: random.Random) -> str:
    return f"{layer(draw, some(draw))} -> {draw.choice(['agg', 'best'])} {draw.choice('abcd')}"


def graph(text: str) -> Graph:
    return moaql.build(moaql.parse(text))


@pytest.mark.parametrize("target", ["archon", "together", "llm_consortium"])
def test_what_was_exported_comes_back_as_the_same_graph(target: str) -> None:
    writer, reader = TARGETS.find(target), FORMATS.find(target)
    assert writer is not None
    assert reader is not None
    draw = random.Random(target)
    for _ in range(40):
        pipeline = globals()[f"of_{target}"](draw)
        program = moaql.parse(f"{MODELS}topology t = {pipeline}\n")
        own = moaql.build(program)
        (text,) = writer.files(own, program).values()
        if target == "llm_consortium":  # it says no provider
            text = text.replace('"org/', '"together_ai/org/')
        back = graph(reader.read(text, "t").text)
        assert back.nodes == own.nodes, pipeline
        assert back.outputs == own.outputs


def test_a_table_of_litellm_comes_back() -> None:
    text = """
model a = "openai/gpt-x" api_key_env="MY_KEY" base_url="https://h/v1" temperature=0.25 timeout=30s price_in=$2.5 price_out=$10
model b = "groq/fast" max_tokens=100 stop=["x", "y"] price_in=$0.05 price_out=$0.08
topology t = layer [a, b] -> agg a
"""
    program = moaql.parse(text)
    writer, reader = TARGETS.find("litellm"), FORMATS.find("litellm")
    assert writer is not None
    assert reader is not None
    table = writer.files(moaql.build(program), program)["config.yaml"]
    back = moaql.parse(reader.read(table, "config.yaml").text + "\ntopology u = layer [a, b] -> agg a\n")
    for own, other in zip(moaql.build(program).calls, moaql.build(back, "u").calls, strict=True):
        assert (own.model.id, own.model.price_in, own.model.price_out) == (
            other.model.id,
            other.model.price_in,
            other.model.price_out,
        )
