"""The command line of Together MoA: `generate_for_alpaca_eval.py --model … --reference-models a,b --rounds 1 …`."""

from __future__ import annotations

import ast
import shlex
from collections import Counter
from dataclasses import dataclass

from moaql.errors import UsageError
from moaql.importing.base import Imported
from moaql.importing.writing import Draft, number

_FLAGS = {
    "model", "output-path", "reference-models", "temperature", "max-tokens", "rounds", "num-proc", "reference-paths", "eval-set",
}  # fmt: skip


@dataclass(frozen=True)
class Together:
    """Arguments of Together's script."""

    name: str = "together"

    def matches(self, text: str) -> bool:
        """Whether it names reference models."""
        return "--reference-models" in text or "--reference_models" in text

    def read(self, text: str, source: str) -> Imported:
        """One topology."""
        draft = Draft(source, "arguments of Together's script")
        given = _arguments(text, source)
        if "model" not in given:
            raise UsageError(f"`{source}` names no `--model`", "The aggregator is named by `--model`.")
        for flag in given.keys() - _FLAGS:
            draft.lose(f"`--{flag}` is not known, and is left out.")
        if "reference-paths" in given:
            draft.lose("`--reference-paths` replays recorded proposers: use `recorded/` models for that.")
        draft.lose("Together's prompt puts the answers, unfenced, into the system message; these stages have moaql's.")
        settings = f" temperature={_number(given, 'temperature', 0.7)} max_tokens={_number(given, 'max-tokens', 2048)}"
        last = " temperature=0.7 max_tokens=2048"
        if settings != last:
            draft.lose(
                "The script asks its aggregator with temperature 0.7 and 2048 tokens, whatever its arguments say."
            )
        aggregator = draft.model(f"together_ai/{_unquoted(given['model'])}")
        names = [draft.model(f"together_ai/{each}") for each in _listed(given.get("reference-models", ""))]
        rounds = max(1, int(float(_number(given, "rounds", 1))))
        if not names:
            return draft.done(f"layer [{aggregator}]{last}", "together")
        counts = Counter(names)
        layer = f"layer [{', '.join(name if count == 1 else f'{name} x{count}' for name, count in counts.items())}]{settings}"
        layers = layer if rounds == 1 else f"({layer})x{rounds}"
        return draft.done(f"{layers} -> agg {aggregator}{last}", "together")


def _arguments(text: str, source: str) -> dict[str, str]:
    try:
        words = shlex.split(text.replace("\\\n", " "), comments=True)
    except ValueError as error:
        raise UsageError(f"`{source}` is no command line: {error}", "Give the line that calls the script.") from None
    given: dict[str, str] = {}
    flag = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            flag = name.replace("_", "-")
            given[flag] = value
        elif flag:
            given[flag] = f"{given[flag]} {word}".strip()
    return given


def _listed(written: str) -> list[str]:
    """The names of a list, as python-fire reads it: `a,b`, `"a,b"`, `[a,b]`, `["a","b"]`."""
    try:
        found = ast.literal_eval(written)
        return [str(each) for each in found] if isinstance(found, list | tuple) else str(found).split(",")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return [each for part in written.strip("[]()").split(",") if (each := part.strip().strip("\"'"))]


def _unquoted(written: str) -> str:
    return written[1:-1] if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'" else written


def _number(given: dict[str, str], flag: str, default: float) -> str:
    try:
        value = float(given.get(flag) or default)
    except ValueError:
        raise UsageError(f"`--{flag} {given[flag]}` is no number", "Correct it, and import it again.") from None
    return number(int(value) if value.is_integer() else value)


FORMAT = Together()
