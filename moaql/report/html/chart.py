"""Charts as SVG inside the page: axes, marks and a legend. Colours come from the page's style, so that they turn dark with it.

Coordinates have one digit: what is finer cannot be seen, and a chart of a thousand marks stays small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.report.html.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 480, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 18, 14, 52


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to one coordinate.

    Attributes:
        low: The value at its beginning.
        high: The value at its end, greater than low.
        begin: Coordinate of low.
        end: Coordinate of high.
        logarithmic: Whether equal steps are equal factors; then both values are above 0.
    """

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value; one outside lies on the nearer end."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return self.begin + (at - low) / (high - low) * (self.end - self.begin)


def across(values: Sequence[float], *, logarithmic: bool = False) -> Scale:
    """The horizontal scale that holds all values."""
    begin, end = _LEFT + 10.0, WIDTH - _RIGHT - 10.0
    if logarithmic:
        low, high = min(values), max(values)
        factor = 1.25 if high > low else 2.0
        # Dollars this small do not exist; such a file was made by hand, and is drawn all the same.
        return Scale(max(low / factor, 1e-300), min(high * factor, 1e300), begin, end, logarithmic=True)
    high = max(values)
    return Scale(0.0, high if high > 0 else 1.0, begin, end)


def upward(values: Sequence[float]) -> Scale:
    """The vertical scale of shares that holds all values, with some room, inside 0 to 1 where they are."""
    low, high = min(values), max(values)
    room = max(0.02, (high - low) * 0.08)
    bottom = max(0.0, low - room) if low >= 0 else low - room
    top = min(1.0, high + room) if high <= 1 else high + room
    # One value alone at an end of 0 to 1 leaves no room on that side only.
    return Scale(bottom, top if top > bottom else bottom + room, HEIGHT - _BOTTOM, _TOP + 6.0)


def ticks(scale: Scale) -> list[float]:
    """Round values on a scale, three to eight of them."""
    if not scale.logarithmic:
        step = _round_step((scale.high - scale.low) / 5)
        first = math.ceil(scale.low / step - 1e-9)
        return [each * step for each in range(first, first + 12) if each * step <= scale.high + step * 1e-6]
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        found = [digit * 10.0**power for power in powers for digit in digits]
        found = [each for each in found if scale.low <= each <= scale.high]
        if len(found) >= 3:
            break
    return found[:: math.ceil(len(found) / 7)]


def _round_step(rough: float) -> float:
    size = 10.0 ** math.floor(math.log10(rough))
    return next(each * size for each in (1, 2, 5, 10) if each * size >= rough * 0.999)


def axes(x: Scale, y: Scale, names: tuple[str, str], shown: Callable[[float], str]) -> str:
    """Both axes with their lines, numbers and names.

    Args:
        x: The horizontal scale.
        y: The vertical scale.
        names: Of the two.
        shown: A value of the horizontal axis as text.
    """
    left, right, bottom = _LEFT, WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = []
    for each in ticks(y):
        at = f"{y(each):.1f}"
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="faint" x="{left - 6}" y="{at}" dy="4" text-anchor="end">{each:.2f}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    wide = max((len(shown(each)) for each in ticks(x)), default=1) * 9
    last = -math.inf
    for each in ticks(x):
        place = x(each)
        parts.append(f'<line class="axis" x1="{place:.1f}" x2="{place:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
        if place - last >= wide:
            last = place
            word = escape(shown(each))
            parts.append(f'<text class="faint" x="{place:.1f}" y="{bottom + 18}" text-anchor="middle">{word}</text>')
    middle = (left + right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(names[0])}</text>')
    # Turned by a quarter around its own middle.
    parts.append(
        f'<text transform="translate(14 {bottom / 2:.0f})rotate(-90)" text-anchor="middle">{escape(names[1])}</text>'
    )
    return "".join(parts)


def mark(kind: str, x: float, y: float, title: str) -> str:
    """A mark with a name that a pointer shows: `front` a disc, `baseline` a diamond, `other` a small ring, `tie` a wide ring."""
    name = f"<title>{escape(title)}</title>" if title else ""
    if kind == "baseline":
        return f'<path class="baseline" d="M{x:.1f} {y - 6:.1f}l6 6-6 6-6-6z">{name}</path>'
    size = {"front": 5, "other": 3, "tie": 9}[kind]
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size}">{name}</circle>'


def ends(kind: str, x: float, low: float, high: float) -> str:
    """An upright interval."""
    return f'<path class="ends of-{kind}" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'


def chart(name: str, title: str, description: str, parts: Sequence[str]) -> str:
    """The drawing itself.

    Args:
        name: What its ids begin with; unlike that of any other chart of the page.
        title: Its name, as a screen reader says it.
        description: What it shows, in a sentence or two; the numbers stand in a table beside it.
        parts: Its axes and marks.
    """
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """A legend: each mark or line, drawn, and what it means."""
    items = "".join(
        f'<li><svg class="chart key" viewBox="0 0 24 20" aria-hidden="true">{drawn}</svg> {escape(text)}</li>'
        for drawn, text in entries
    )
    return f'<ul class="legend">{items}</ul>'


def line(kind: str, places: Sequence[tuple[float, float]]) -> str:
    """A line through places, as (x, y)."""
    return f'<path class="{kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'


def bar(share: float) -> str:
    """A bar inside a table's row; the number stands beside it."""
    wide = 100 * min(1.0, max(0.0, share))
    return f'{_STRIP}<rect x="0" y="3" width="{wide:.1f}" height="10" rx="1"/></svg>'


def whisker(scale: Scale, mean: float, low: float | None, high: float | None) -> str:
    """A mean with its interval inside a table's row, all rows on one scale from 0 to 100."""
    drawn = '<line class="rail" x1="0" x2="100" y1="8" y2="8"/>'
    if low is not None and high is not None:
        drawn += f'<line x1="{scale(low):.1f}" x2="{scale(high):.1f}" y1="8" y2="8"/>'
    at = min(98.0, max(2.0, scale(mean)))
    return f'{_STRIP}{drawn}<rect x="{at - 1.2:.1f}" y="3" width="2.4" height="10"/></svg>'


_STRIP = '<svg class="strip" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">'
