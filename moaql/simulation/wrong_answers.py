"""Wrong answers that come to mind: what models agree on when they are wrong."""

from __future__ import annotations

import re

from moaql.simulation.draws import uniforms

POOL = 8
_NUMBER = re.compile(r"(?P<before>[$€£]?)(?P<number>-?\d[\d,]*(?:\.\d+)?)(?P<behind>%?)")
_PAIRS = {"yes": "no", "no": "yes", "true": "false", "false": "true"}
_NAMES = (
    "Lisbon",
    "Vienna",
    "Darwin",
    "Euler",
    "Madrid",
    "Newton",
    "Oslo",
    "Curie",
    "Kepler",
    "Tokyo",
    "Nairobi",
    "Gauss",
)
_WORDS = (
    "copper",
    "friction",
    "oxygen",
    "gravity",
    "inflation",
    "granite",
    "carbon",
    "verb",
    "magnesium",
    "entropy",
    "river",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def wrong_answers(
    answer: str, key: str, letters: tuple[str, ...] = (), natural: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Wrong answers to a question, most attractive first.

    Args:
        answer: The right one.
        key: Of the question; the same question has the same wrong answers.
        letters: The options of a multiple choice; then they are all there is.
        natural: Wrong answers that the question itself suggests; they come first.
    """
    if letters:
        others = [each for each in letters if each != answer]
        order = uniforms(key, "options") + uniforms(key, "further options") + uniforms(key, "last options")
        return tuple(each for _, each in sorted(zip(order, others, strict=False)))
    opposite = _PAIRS.get(answer.lower())
    if opposite is not None:
        return (opposite.capitalize() if answer[0].isupper() else opposite,)
    found = dict.fromkeys(each for each in natural if each != answer)
    number = 0
    while len(found) < POOL and number < 4 * POOL:
        made = another(answer, key, f"pool {number}")
        if made != answer:
            found.setdefault(made)
        number += 1
    return tuple(found)[:POOL]


def another(answer: str, *parts: object) -> str:
    """A wrong answer of the same kind, drawn from the hash of the parts."""
    drawn = uniforms("another", answer, *parts)
    match = _NUMBER.fullmatch(answer)
    if match:
        return match["before"] + _near(match["number"], drawn) + match["behind"]
    if answer.isalpha() and len(answer) > 3:
        stock = _NAMES if answer[0].isupper() else _WORDS
        return stock[int(drawn[0] * len(stock))]
    return _edited(answer, drawn)


def _near(text: str, drawn: tuple[float, ...]) -> str:
    """Another number, as it comes out of a slip: one step too many, a factor forgotten, a digit wrong."""
    plain = text.replace(",", "")
    places = len(plain.partition(".")[2])
    value = float(plain)
    step = 10.0**-places
    small = (1 + int(drawn[1] * 9)) * step
    ways = (
        value + small,
        value - small,
        value * 2,
        value / 2,
        value + 10 * step * (1 + int(drawn[2] * 5)),
        value * (1 + int(drawn[3] * 8)),
        value * (0.3 + 1.4 * drawn[4]) + small,
        abs(value) * 10 + small,
    )
    made = ways[int(drawn[0] * len(ways))]
    if made < 0 <= value:
        made = -made + small
    return f"{made:,.{places}f}" if "," in text else f"{made:.{places}f}"


def _edited(answer: str, drawn: tuple[float, ...]) -> str:
    """The same text with one slip in it: a digit, a letter, a pair exchanged, an end lost."""
    digits = [place for place, character in enumerate(answer) if character.isdigit()]
    if digits and drawn[0] < 0.7:
        place = digits[int(drawn[1] * len(digits))]
        return f"{answer[:place]}{(int(answer[place]) + 1 + int(drawn[2] * 8)) % 10}{answer[place + 1 :]}"
    letters = [place for place, character in enumerate(answer) if character.isalpha()]
    if len(letters) > 1 and drawn[0] < 0.85:
        place = letters[int(drawn[1] * (len(letters) - 1))]
        return f"{answer[:place]}{answer[place + 1]}{answer[place]}{answer[place + 2 :]}"
    if letters:
        place = letters[int(drawn[1] * len(letters))]
        return f"{answer[:place]}{_LETTERS[int(drawn[2] * 26)]}{answer[place + 1 :]}"
    return f"{answer}{int(drawn[2] * 10)}"
