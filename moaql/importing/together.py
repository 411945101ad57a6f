"""The command line of Together MoA: `generate_for_alpaca_eval.py --model … --reference-models a,b --rounds 1 …`."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from dataclasses import dataclass

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.importing.base import Imported
from moaql.importing.shell import Command, Word, commands
from moaql.importing.writing import Draft, bound, number

_READ = {"model", "reference-models", "temperature", "max-tokens", "rounds"}
_SILENT = {"output-path", "num-proc", "eval-set", "answer-file", "parallel"}
"""Where the answers go, and how many questions are asked at once."""
_FLAGS = _READ | _SILENT | {"reference-paths"}
_SCRIPT = re.compile(r"generate_for_\w+\.py$")
_OF_ALPACA = "generate_for_alpaca_eval.py"
_ALL = ("$@", "$*")
"""What a script itself is called with."""


@dataclass(frozen=True)
class Together:
    """Arguments of Together's script."""

    name: str = "together"

    def matches(self, text: str) -> bool:
        """Whether it names reference models, or the script."""
        return any(each in text for each in ("--reference-models", "--reference_models", _OF_ALPACA))

    def read(self, text: str, source: str) -> Imported:
        """One topology."""
        draft = Draft(source, "arguments of Together's script")
        call = _call(text, source, draft)
        where = f"the call in line {call.line} of `{source}`"
        given = _arguments(call.words, where, draft)
        if not given.get("model"):
            raise UsageError(f"{where} names no `--model`", "The aggregator is named by `--model`.")
        for flag in sorted(given.keys() - _FLAGS):
            near = suggest(f"--{flag}", [f"--{each}" for each in _FLAGS]).removesuffix("?")
            meant = f"; it may mean {near.removeprefix('did you mean ')}" if near else ""
            draft.lose(f"`--{flag[:60]}` is not known, and is left out{meant}.")
        if "reference-paths" in given:
            draft.lose("`--reference-paths` replays recorded proposers: use `recorded/` models for that.")
        draft.lose("Together's prompt puts the answers, unfenced, into the system message; these stages have moaql's.")
        temperature, tokens = _real(given, "temperature", "0.7", where), _whole(given, "max-tokens", "2048", where)
        settings, last = f" temperature={temperature} max_tokens={tokens}", " temperature=0.7 max_tokens=2048"
        if settings != last:
            draft.lose(
                "The script asks its aggregator with temperature 0.7 and 2048 tokens, whatever its arguments say."
            )
        rounds = _whole(given, "rounds", "1", where)
        aggregator = draft.model(f"together_ai/{_unquoted(given['model'])}")
        proposers = _listed(given.get("reference-models", ""))
        bound(rounds * len(proposers) + 1, source)
        names = [draft.model(f"together_ai/{each}") for each in proposers]
        if not names:
            draft.lose("No `--reference-models` are named: the model is asked alone.")
            return draft.done(f"layer [{aggregator}]{last}", "together")
        counts = Counter(names)
        layer = f"layer [{', '.join(name if count == 1 else f'{name} x{count}' for name, count in counts.items())}]{settings}"
        layers = layer if rounds == 1 else f"({layer})x{rounds}"
        return draft.done(f"{layers} -> agg {aggregator}{last}", "together")


def _call(text: str, source: str, draft: Draft) -> Command:
    """The arguments of the first call of the script, and its line; that there are more is said."""
    try:
        found = commands(text)
    except ValueError as error:
        raise UsageError(f"`{source}` is no shell script: {error}", "Give the line that calls the script.") from None
    calls = [each for each in found if _names(each, "reference-models") or _script(each)]
    calls = calls or [each for each in found if _names(each, "model")]
    if not calls:
        raise UsageError(f"`{source}` calls no script with `--model`", "Give the line that calls the script.")
    first, *more = calls
    if more:
        draft.lose(
            f"The script is called {len(calls)} times: only the first call, in line {first.line}, is carried over."
        )
    script = _script(first)
    if script not in ("", _OF_ALPACA):
        draft.lose(f"`{script}` has defaults of its own; what is not stated is as in `{_OF_ALPACA}` here.")
    files = [place for place, word in enumerate(first.words) if word.text.endswith(".py")]
    return Command(first.words[files[0] + 1 :], first.line) if files else first


def _names(command: Command, flag: str) -> bool:
    return any(_flag(word.text) == flag for word in command.words)


def _script(command: Command) -> str:
    """Which of Together's scripts a command calls; "" for none."""
    found = [match.group() for word in command.words if (match := _SCRIPT.search(word.text))]
    return found[0] if found else ""


def _flag(word: str) -> str:
    return word[2:].partition("=")[0].replace("_", "-") if word.startswith("--") else ""


def _arguments(words: tuple[Word, ...], where: str, draft: Draft) -> dict[str, str]:
    """The flags and their values. As python-fire reads them, a word that begins with a dash and a letter is a flag."""
    given: dict[str, str] = {}
    waiting, begun = "", False
    for word in words:
        flag = _flag(word.text)
        if waiting and not re.match(r"--|-[A-Za-z]", word.text):
            _known(word, waiting, where)
            given[waiting], waiting = word.text, ""
        elif flag:
            if flag in given:
                draft.lose(f"`--{flag[:60]}` is stated more than once: the last counts.")
            _, stated, given[flag] = word.text.partition("=")
            _known(word, flag, where)
            waiting, begun = "" if stated else flag, True
        elif word.text in _ALL:
            draft.lose(f"What the file itself is called with (`{word.text}`) is not known here, and is left out.")
        elif word.unknown:
            _known(word, "", where)
        elif begun and word.text:
            draft.lose(f"`{word.text[:60]}` belongs to no flag, and is left out.")
    for flag in sorted(_READ & given.keys()):
        if not given[flag].strip():
            raise UsageError(f"`--{flag}` of {where} has no value", "Give it one, or leave it out.")
    return given


def _known(word: Word, flag: str, where: str) -> None:
    """What only the shell knows is in no flag that is read.

    Raises:
        UsageError: where it is.
    """
    if not word.unknown or flag in _SILENT:
        return
    named = re.match(r"\$\{?([A-Za-z_][A-Za-z0-9_]{0,40})", word.unknown)
    what = f"`--{flag[:60]}`" if flag else "an argument"
    raise UsageError(
        f"{what} of {where} holds `{word.unknown[:60]}`, whose value is not known here",
        f"Write its value into the call, or set it before, in a line such as `{named[1] if named else 'NAME'}=value`.",
    )


def _listed(written: str) -> list[str]:
    """The names of a list, as python-fire reads it: `a,b`, `"a,b"`, `[a,b]`, `["a","b"]`."""
    try:
        found = ast.literal_eval(written)
        return [str(each) for each in found] if isinstance(found, list | tuple) else str(found).split(",")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return [each for part in written.strip("[]()").split(",") if (each := part.strip().strip("\"'"))]


def _unquoted(written: str) -> str:
    return written[1:-1] if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'" else written


def _whole(given: dict[str, str], flag: str, default: str, where: str) -> int:
    """A whole number of 1 or more."""
    written = _unquoted(given.get(flag, default).strip())
    if not re.fullmatch(r"\+?[0-9]{1,15}", written) or int(written) < 1:
        raise _refused(flag, written, "a whole number of 1 or more", where)
    return int(written)


def _real(given: dict[str, str], flag: str, default: str, where: str) -> str:
    """A number of 0 or more, as the language writes it."""
    written = _unquoted(given.get(flag, default).strip())
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _refused(flag, written, "a number of 0 or more", where)
    return number(int(value) if value.is_integer() else value)


def _refused(flag: str, written: str, wanted: str, where: str) -> UsageError:
    return UsageError(
        f"`--{flag}` of {where} is `{written[:40]}`, not {wanted}", "Correct it there, and import it again."
    )


FORMAT = Together()
