"""Programs that nobody wrote, exported: the file asks what moaql asks, answers what it answers, and pays what it pays.

One of four models always fails, one fails the first time, and some have little time.
"""

import re

import pytest
from exporting.virtual_time import ADDRESS, Models, by_file, by_moaql, exported
from graph.test_fingerprint_properties import programs
from hypothesis import HealthCheck, given, settings

import moaql
from moaql.check.checker import check_source
from moaql.exporting.code.models import models_in
from moaql.exporting.code.stages import stages_of
from moaql.graph.nodes import Graph
from moaql.language import nodes as n
from moaql.language.printer import print_module
from moaql.source import Source

REACHED = f'base_url="{ADDRESS}" api_key_env=none'
FAILING = frozenset({"q3", "l3", "m3", "g3"})
FLAKY = frozenset({"q2", "l2", "m2", "g2"})
HURRIED = re.compile(r'"openai/[ql]1"')
QUESTIONS = [
    {"text": "What is 17 * 23?", "fields": {"kind": "maths", "topic": "maths"}},
    {"text": "Why is the sky blue?", "fields": {"kind": "other", "topic": "biology"}},
]
PLAIN = 'prompt careful_0 { user "Be careful. {question}" }\nprompt brief_0 { user "Be brief. {question}" }\n'


def text_of(module: n.Module) -> str:
    """The program with models that can be reached, and prompts that show candidates wherever there are any."""
    lines = [f'model spare = "openai/spare" {REACHED} price_in=$1 price_out=$1']
    lines += [_reached(line) if line.startswith("model ") else line for line in print_module(module).splitlines()]
    text = "\n".join(lines).replace('{question}"', '{question}\\n{candidates}"') + "\n" + PLAIN
    # Prompts that do not show them make equal requests of two layers. Whether the second still meets the first on its way, where
    # the first is given up, is a matter of the moment.
    while early := {each.span for each in check_source(Source(text)).diagnostics if each.code == "E308"}:
        for span in sorted(early, key=lambda each: each.start, reverse=True):
            plain = re.sub(r"\b(careful|brief)\b", r"\1_0", text[span.start : span.end])
            text = text[: span.start] + plain + text[span.end :]
    return text


def _reached(model: str) -> str:
    line = model.replace('"sim/spare"', "spare").replace('"sim/', '"openai/') + f" {REACHED} seed=40"
    return line + " timeout=400ms" * bool(HURRIED.search(line)) + " max_tokens=40" * ('"openai/g' in line)


def is_a_race(graph: Graph) -> bool:
    """Whether it matters when a stage begins: moaql asks about a candidate when it is there, the file when all of its stage are."""
    stages = stages_of(graph).stages
    given_up = [stage.last for stage in stages if stage.kind in ("quorum", "early")]
    hurried = any("timeout" in dict(model.settings) for model in models_in(graph))
    one_by_one = any(each.kind == "calls" and len({node.inputs for node in each.nodes}) > 1 for each in stages)
    return one_by_one and (bool(given_up) or hurried)


@settings(max_examples=70, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_any_program_does_the_same_when_it_is_exported(module: n.Module) -> None:
    program = moaql.parse(text_of(module))
    for topology in program.topologies:
        if is_a_race(moaql.build(program, topology)):
            continue
        file = exported(program, topology)
        for question in QUESTIONS:
            own, other = Models(FAILING, FLAKY), Models(FAILING, FLAKY)
            text, paid = by_moaql(program, topology, question, own)
            assert by_file(file, question, other) == (text, None if paid is None else pytest.approx(paid))
            assert other.asked == own.asked
