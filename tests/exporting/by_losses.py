"""Whether another runtime asks what moaql asks, but for exactly what the losses say.

The requests of moaql are rewritten by the losses, one after the other, and must then be those of the other runtime: the same
models, as often, with the same settings, reading the same answers in the same place. A loss that rewrites nothing fails, and so
does one that nobody knows to rewrite.
"""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporting.foreign import KEY, WORD, Asked, ForeignServer
from exporting.wants import Rule, Want, Wants, one_call, two_calls

import moaql
from moaql.errors import MoaqlError, UsageError
from moaql.exporting import TARGETS
from moaql.exporting.base import Loss
from moaql.graph.nodes import Graph


@dataclass
class Ran:
    """What both gave for one question.

    Attributes:
        graph: The topology.
        question: As it was asked.
        losses: All that are stated, of each node.
        own: The requests of moaql that were answered, by node.
        asked: All requests of moaql.
        own_text: Its answer, or None.
        foreign: The requests of the runtime.
        foreign_text: Its answer, or None.
        error: Why it has none.
        everything: What the server was asked by anybody.
    """

    graph: Graph
    question: dict[str, Any]
    losses: list[Loss]
    own: dict[str, Asked]
    asked: list[Asked]
    own_text: str | None
    foreign: list[Asked]
    foreign_text: str | None
    error: str
    everything: list[Asked]


def run_both(
    server: ForeignServer,
    folder: Path,
    programs: Mapping[str, str],
    questions: list[dict[str, Any]],
    target: str,
    driver: str,
    python: str,
    environment: Mapping[str, str],
    once: Collection[str] = (),
) -> dict[str, list[Ran]]:
    """Every topology that the target takes, by moaql and by the runtime, a `Ran` for each question.

    Programs of the names in `once` are asked the first question alone. The driver is given the address of the server, the folders
    by key, the questions, and by key how many of them to ask. What it asks has a path that begins with
    the name of a place and a run, `KEY.NUMBER`; its last line is JSON: lists of `{"text", "error"}` by key.
    """
    os.environ["GALLERY_KEY"] = KEY
    os.environ["TOGETHER_API_KEY"] = KEY
    writer = TARGETS.find(target)
    assert writer is not None
    module = __import__(f"moaql.exporting.targets.{target}", fromlist=["every_loss"])
    ran: dict[str, list[Ran]] = {}
    folders: dict[str, str] = {}
    server.who = "moaql"
    for name, text in programs.items():
        (folder / f"{name}.moaql").write_text(text, encoding="utf-8")
        program = moaql.load(folder / f"{name}.moaql")
        for topology in program.topologies:
            graph = moaql.build(program, topology)
            key = name if topology == name else f"{name}-{topology}"
            try:
                losses = list(module.every_loss(graph))
            except UsageError:
                continue
            (folder / key).mkdir()
            for path, written in writer.files(graph, program).items():
                assert KEY not in written
                (folder / key / path).write_text(written, encoding="utf-8")
            folders[key] = str(folder / key)
            ran[key] = [_own(server, program, graph, each, losses) for each in questions[: 1 if name in once else None]]
    server.who = target
    counts = {key: len(runs) for key, runs in ran.items()}
    begin = len(server.log)
    done = subprocess.run(
        [
            python,
            "-c",
            driver,
            f"http://127.0.0.1:{server.port}",
            json.dumps(folders),
            json.dumps(questions),
            json.dumps(counts),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=180,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for key, runs in ran.items():
        for number, each in enumerate(runs):
            each.foreign = [asked for asked in server.log[begin:] if asked.run == f"{key}.{number}"]
            each.foreign_text, each.error = found[key][number].get("text"), found[key][number].get("error", "")
            each.everything = server.log
    return ran


def refusals(folder: Path, programs: Mapping[str, str], target: str) -> dict[str, str]:
    """Why a target refuses a topology, by key, as far as it refuses any; what to do instead is said with each."""
    writer = TARGETS.find(target)
    assert writer is not None
    found: dict[str, str] = {}
    for name, text in programs.items():
        (folder / f"{name}.moaql").write_text(text, encoding="utf-8")
        program = moaql.load(folder / f"{name}.moaql")
        for topology in program.topologies:
            error = _refusal(writer, moaql.build(program, topology), program)
            if error is not None:
                assert "`--to python` writes any topology." in error.next_step
                found[name if topology == name else f"{name}-{topology}"] = error.message
    return found


def _refusal(writer: Any, graph: Graph, program: Any) -> UsageError | None:
    try:
        writer.files(graph, program)
    except UsageError as error:
        return error
    return None


def _own(server: ForeignServer, program: Any, graph: Graph, question: dict[str, Any], losses: list[Loss]) -> Ran:
    begin = len(server.log)
    asked = moaql.Question(question["text"], question.get("system", ""), tuple(map(tuple, question.get("history", ()))))
    text, nodes = None, {}
    try:
        answer = program.topology(graph.name).run(asked, bank="none", seed=3, attempts=1)
        text, nodes = answer.text, {each.node: each.text for each in answer.said}
    except MoaqlError:
        pass
    by_word = {each.word: each for each in server.log[begin:]}
    own = {node: by_word[word] for node, said in nodes.items() if (word := _word(said))}
    return Ran(graph, question, losses, own, server.log[begin:], text, [], None, "", [])


def _word(text: str) -> str:
    found = WORD.search(text)
    return found.group(0) if found else ""


# The comparison

_SILENT = ("stream", "stream_options")


def wanted(ran: Ran, rules: Mapping[str, Rule], elsewhere: Iterable[str]) -> Wants:
    """What moaql asked, rewritten by the losses.

    Args:
        ran: A run.
        rules: What a loss rewrites, by a pattern of what it says.
        elsewhere: Patterns of losses that show on bad days or odd questions only; tests of their own are about them.
    """
    assert set(ran.own) == {call.id for call in ran.graph.calls}
    question = ran.question["text"]
    wants = Wants(ran.graph, ran.question, [])
    for node, asked in ran.own.items():
        settings = {name: value for name, value in asked.settings if name not in _SILENT}
        place = "together" if asked.place == "together" else "stated"
        read = frozenset(match.group(0) for match in WORD.finditer(asked.told))
        shown = asked.shows(question)
        wants.all.append(Want(node, place, asked.protocol, asked.model, settings, read, shown, asked.messages, asked))
    changes = []
    for loss in ran.losses:
        if any(re.fullmatch(pattern, loss.what) for pattern in elsewhere):
            continue
        found = [(rule, loss, match) for pattern, rule in rules.items() if (match := re.fullmatch(pattern, loss.what))]
        assert len(found) == 1, f"a loss that nobody knows: {loss}"
        changes += found
    for rule, loss, match in sorted(changes, key=lambda change: change[0] in (one_call, two_calls)):
        rule(wants, loss, match)
    return wants


def assert_alike(ran: Ran, rules: Mapping[str, Rule], elsewhere: Iterable[str]) -> None:
    """Fail unless the runtime asked and answered what moaql did, but for the losses."""
    assert not ran.error, ran.error
    wants = wanted(ran, rules, elsewhere)
    label = _Labels(ran.everything, {each.like.word: each for each in reversed(wants.all)})
    expected: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    own_messages: dict[str, set[Any]] = {}
    for want in wants.all:
        shape = _shape(want.place, want.protocol, want.model, want.settings, label.of(want.read), want.shows)
        expected[shape] += want.times
        own_messages.setdefault(shape, set()).add(want.like.messages)
        if want.messages is not None:
            kept[f"{shape} {want.messages}"] += want.times
    actual: Counter[str] = Counter()
    full: Counter[str] = Counter()
    rewritten = {
        _shape(each.place, each.protocol, each.model, each.settings, label.of(each.read), each.shows)
        for each in wants.all
        if each.messages is None
    }
    for asked in ran.foreign:
        settings = {name: value for name, value in asked.settings if name not in _SILENT or value}
        read = frozenset(match.group(0) for match in WORD.finditer(asked.told))
        shown = asked.shows(ran.question["text"])
        shape = _shape(asked.place, asked.protocol, asked.model, settings, label.of(read), shown)
        actual[shape] += 1
        full[f"{shape} {asked.messages}"] += 1
        if shape in rewritten and not any(f"{shape} {asked.messages}" == each for each in kept):
            assert asked.messages not in own_messages[shape], "a prompt that should differ is the same"
    assert actual == expected, _difference(actual, expected)
    assert not kept - full, _difference(full, kept)
    assert label.one(_word(ran.own_text or "")) == label.one(_word(ran.foreign_text or "")), "another answer"


def same_answer(ran: Ran) -> bool:
    """Whether both answers came to be in the same way: written by the same model from the same answers."""
    label = _Labels(ran.everything)
    return label.one(_word(ran.own_text or "")) == label.one(_word(ran.foreign_text or ""))


class _Labels:
    """What a reply is, by its word: its model, and what that read."""

    def __init__(self, log: Iterable[Asked], rewritten: Mapping[str, Want] | None = None) -> None:
        self._asked = {each.word: each for each in log}
        self._rewritten = rewritten or {}
        self._known: dict[str, str] = {}

    def one(self, word: str) -> str:
        if word not in self._known:
            asked = self._asked[word]
            want = self._rewritten.get(word)
            read = want.read if want else (match.group(0) for match in WORD.finditer(asked.told))
            self._known[word] = f"{(want or asked).model}({self.of(read)})"
        return self._known[word]

    def of(self, words: Iterable[str]) -> str:
        return " ".join(sorted(map(self.one, set(words))))


def _shape(place: str, protocol: str, model: str, settings: Any, read: str, shows: str) -> str:
    sent = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in dict(settings).items()
    }
    return json.dumps([place, protocol, model, sent, shows, read], sort_keys=True)


def _difference(actual: Counter[str], expected: Counter[str]) -> str:
    def lines(found: Counter[str]) -> str:
        return "\n".join(f"  {count} x {what}" for what, count in found.items())

    return f"\nasked besides:\n{lines(actual - expected)}\nmissing:\n{lines(expected - actual)}"
