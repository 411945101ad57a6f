"""One call of a simulated model: from the messages and settings of a request to a response."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moaql.diagnostics import suggest
from moaql.errors import ContextTooLong, UnknownModel
from moaql.providers.base import Response
from moaql.simulation import judge
from moaql.simulation.aggregate import instructed, merge_answers, merge_points
from moaql.simulation.classify import label
from moaql.simulation.draws import normals, share_below, uniforms
from moaql.simulation.latent import Asked, Drawn, Problem, draw_answer, problem_of
from moaql.simulation.points import draw_points, read_points
from moaql.simulation.reading import Prompt, read_prompt
from moaql.simulation.rewriting import find_writing, rewrite
from moaql.simulation.texts import (
    CHARACTERS_A_TOKEN,
    cut,
    essay,
    finished,
    opening,
    persuasion,
    reasoning,
    tokens_of,
)
from moaql.simulation.world_file import load_world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moaql.providers.base import Request
    from moaql.simulation.rewriting import Writing
    from moaql.simulation.world import Model, World

_JUDGED: dict[str, Callable[[Asked, Problem, Prompt], str]] = {
    "ranking": judge.ranking,
    "better": judge.comparison,
    "score": judge.score,
    "verdict": judge.verdict,
    "critiques": judge.critiques,
    "tests": judge.tests,
    "grades": judge.grades,
}
_ALIKE = 0.75
"""Share of answers whose reasoning is that of all who give the same answer."""
_OVERHEAD = 4
"""Tokens that each message adds to its text."""


def reported_name(name: str) -> str:
    """How a response names its model: nobody can take it for the real one."""
    return f"sim/{name} (simulated)"


def answer(request: Request) -> Response:
    """Answer a request: a pure function of the world, the model, the messages, the settings and the sample.

    Args:
        request: The settings `temperature top_p max_tokens stop seed logprobs` are honoured; `file` in its connection names a
            world.

    Returns:
        A response with tokens, and the seconds that such a call is assumed to take. Nothing waits.

    Raises:
        UnknownModel: if the world has no such model.
        ContextTooLong: if the messages do not fit the model.
        UsageError: if the world cannot be read.
    """
    path = dict(request.connection).get("file")
    return answer_in(load_world(path), request)


def answer_in(world: World, request: Request) -> Response:
    """Answer a request in a given world. Returns and raises as `answer`."""
    model = find_model(world, request.model)
    settings = dict(request.settings)
    prompt_tokens = sum(tokens_of(text) + _OVERHEAD for _, text in request.messages)
    if model.context and prompt_tokens > model.context:
        raise ContextTooLong(
            f"the prompt has {prompt_tokens} tokens, and `sim/{request.model}` reads at most {model.context}",
            "Show it fewer candidates, or use a model with a longer context.",
        )
    writing = find_writing(request.messages)
    if writing is not None:
        return _written(world, model, request, writing, prompt_tokens)
    item = request.item
    prompt = read_prompt(request.messages, item.question if item else "", item.fields if item else None)
    asked = _asked(world, request.model, model, settings, prompt, request.sample)
    problem = problem_of(world, prompt.truth)
    text, margin = _reply(asked, problem, prompt)
    limit = settings.get("max_tokens")
    stop = settings.get("stop") or ()
    text, finish = cut(text, limit if isinstance(limit, int) else None, [stop] if isinstance(stop, str) else stop)
    written = tokens_of(text)
    return Response(
        text=text,
        prompt_tokens=prompt_tokens,
        completion_tokens=written,
        finish=finish,
        model=reported_name(request.model),
        confidence=_confidence(asked, problem, margin) if settings.get("logprobs") else None,
        latency=_latency(asked, problem, written),
    )


def _written(world: World, model: Model, request: Request, writing: Writing, prompt_tokens: int) -> Response:
    """New instructions for some other model."""
    settings = dict(request.settings)
    cold = settings.get("temperature") == 0
    text, finish = cut(
        rewrite(world, request.model, writing, "" if cold else str((settings.get("seed") or 0) + request.sample)),
        settings.get("max_tokens"),
        (),
    )
    written = tokens_of(text)
    seconds = round(model.delay + written / model.speed, 4)
    return Response(text, "", prompt_tokens, written, finish, reported_name(request.model), None, seconds)


def find_model(world: World, name: str) -> Model:
    """The model of a name.

    Raises:
        UnknownModel: if there is none; it says which there are.
    """
    found = world.models.get(name)
    if found is not None:
        return found
    known = sorted(world.models)
    hint = suggest(name, known)
    raise UnknownModel(
        f"there is no simulated model `{name}`",
        f"{hint + ' ' if hint else ''}There are: {', '.join(known)}.",
        status=404,
    )


def _asked(world: World, name: str, model: Model, settings: Mapping[str, Any], prompt: Prompt, sample: int) -> Asked:
    temperature = settings.get("temperature")
    heat = world.temperature if temperature is None else float(temperature)
    seed, top = settings.get("seed"), settings.get("top_p")
    heat *= float(top) if isinstance(top, (int, float)) else 1.0
    boost = 0.0
    if prompt.asks.features and not prompt.asks.compares:
        boost = world.instructions.answering * instructed(world.instructions, prompt.asks)
    # At temperature 0 there is one draw, whatever the sample.
    draw = str((seed or 0) + sample) if heat > 0 else ""
    return Asked(world, name, model, heat, draw, prompt.frame, boost)


def _reply(asked: Asked, problem: Problem, prompt: Prompt) -> tuple[str, float]:
    """The whole text, and the margin by which it is right or wrong."""
    form = prompt.asks.form
    if form == "label":
        return label(asked, problem, prompt.asks.labels), asked.model.label
    if form in _JUDGED and (prompt.candidates or form == "tests"):
        return _JUDGED[form](asked, problem, prompt), asked.world.judging.skill + asked.model.judge
    if problem.truth.open:
        return _open_reply(asked, problem, prompt)
    shown = prompt.candidates
    drawn = merge_answers(asked, problem, shown, prompt.asks) if shown else draw_answer(asked, problem)
    return _checkable_reply(asked, problem, prompt, drawn), drawn.margin


def _open_reply(asked: Asked, problem: Problem, prompt: Prompt) -> tuple[str, float]:
    shown = prompt.candidates
    points = merge_points(asked, problem, shown, prompt.asks) if shown else draw_points(asked, problem)
    room = _length(asked, problem) - sum(map(len, points))
    body = f"{persuasion()} " if asked.model.deceptive else ""
    body += reasoning(int(room), _start(asked, problem, ""))
    right, wrong = read_points(asked.world, problem.truth.key, " ".join(points))
    return essay(f"{opening(asked.name)} {body}".strip(), points), 0.3 * (len(right) - 2 * len(wrong))


def _checkable_reply(asked: Asked, problem: Problem, prompt: Prompt, drawn: Drawn) -> str:
    asks, letter = prompt.asks, bool(problem.truth.choices)
    style = asks.style or asked.model.style
    if prompt.candidates and not asks.style and "plain_end" not in asks.features:
        share = uniforms(asked.world.seed, problem.truth.key, asked.name, "ending", asked.frame, asked.draw)[0]
        if share < asked.world.aggregation.loose_ending:
            style = "loose"
    if style == "bare":
        return drawn.answer
    body = f"{opening(asked.name)} "
    if asked.model.deceptive:
        body += f"{persuasion()} "
    room = _length(asked, problem) - len(body) - 30
    return finished(
        (body + reasoning(int(room), _start(asked, problem, drawn.answer))).strip(), drawn.answer, style, letter=letter
    )


def _length(asked: Asked, problem: Problem) -> float:
    """How many characters the model writes this time."""
    tokens, spread = asked.model.tokens, asked.model.token_spread
    mean = tokens.get(problem.category) or tokens.get("default") or 150.0
    shared, own, fresh = normals(asked.world.seed, problem.truth.key, "length", asked.name, asked.draw, asked.frame)[:3]
    drawn = 0.6 * shared + 0.6 * own + 0.53 * fresh
    if asked.model.deceptive:
        mean *= 1.5
    return mean * CHARACTERS_A_TOKEN * math.exp(spread * drawn - spread * spread / 2)


def _start(asked: Asked, problem: Problem, answer: str) -> float:
    """Where the reasoning begins: models that give the same answer have mostly reasoned alike."""
    own, share = uniforms("start", problem.truth.key, asked.name, asked.draw)[:2]
    return uniforms("start", problem.truth.key, answer)[0] if share < _ALIKE else own


def _confidence(asked: Asked, problem: Problem, margin: float) -> float:
    """Mean probability of the tokens: higher for right answers on average, and far from always."""
    whim = normals(asked.world.seed, problem.truth.key, asked.name, "confidence", asked.draw, asked.frame)[0]
    sure = share_below(0.6 + 0.35 * max(-2.0, min(2.0, margin)) + 0.75 * whim)
    return round(0.55 + 0.44 * sure, 4)


def _latency(asked: Asked, problem: Problem, tokens: int) -> float:
    """Seconds that the call is assumed to take: until the first token, and then by the model's speed."""
    whim = normals(asked.world.seed, problem.truth.key, asked.name, "latency", asked.draw, asked.frame)[0]
    return round((asked.model.delay + tokens / asked.model.speed) * math.exp(0.2 * whim), 4)
