"""What was found, as a document, in words, and as the comment above a tuned prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.tuning.result import Measured, Tuned

_REASONS = 3


def document_of(
    tuned: Tuned, facts: Mapping[str, Any], text: str | None, lines: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """The document of `moaql tune --json`.

    Args:
        tuned: What came of it.
        facts: Names, sizes, the bill.
        text: The program with the tuned prompt, where it was accepted.
        lines: The finding in words.
        notes: What else to say.
    """
    stated = tuned.report or tuned.select
    measured = None if stated is None else "report" if tuned.report is not None else "select"
    return {
        "accepted": tuned.accepted,
        "before": None if stated is None else stated.before,
        "after": None if stated is None else stated.after,
        "difference": None if stated is None else stated.comparison.difference,
        "ci": None if stated is None else [stated.comparison.low, stated.comparison.high],
        "measured_on": measured,
        "select": _figures(tuned.select),
        "report": _figures(tuned.report),
        "trained": None if tuned.trained is None else {"before": tuned.trained[0], "after": tuned.trained[1]},
        "headline": " ".join(lines),
        **{
            name: facts[name]
            for name in ("file", "topology", "prompt", "optimizer", "reflection", "date", "eval", "items")
        },
        "nodes": facts["calls"],
        "calls": {"optimizing": tuned.calls, "confirming": tuned.confirming, "reflection": tuned.reflections},
        "texts": tuned.texts,
        "refused": tuned.proposals.refused,
        "refusals": dict(sorted(tuned.proposals.reasons.items())),
        "unreadable": tuned.proposals.unreadable,
        "stopped": tuned.stopped,
        "ended": None if tuned.ended is None else tuned.ended.message,
        "paid": facts["paid"],
        "budget": facts["budget"],
        "saved": facts["saved"],
        "seed": facts["seed"],
        "simulated": tuned.simulated,
        "notes": [*notes, *notes_of(tuned)],
        "text_before": tuned.place.seed,
        "text_after": tuned.text,
        "confirmed": tuned.report is not None,
        "program": text,
    }


def _figures(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    each = measured.comparison
    return {
        "before": measured.before,
        "after": measured.after,
        "difference": each.difference,
        "ci": [each.low, each.high],
        "p": each.p,
        "items": measured.items,
        "wins": each.wins,
        "losses": each.losses,
        "resolvable": each.resolvable if each.resolvable <= 1 else None,
    }


def notes_of(tuned: Tuned) -> list[str]:
    """What the user has to hear of how it went."""
    found, notes = tuned.proposals, []
    if found.unreadable:
        notes.append(
            f"In {found.unreadable} of {found.replies} replies of the reflection model no text could be found."
        )
    if found.refused:
        often = sorted(found.reasons.items(), key=lambda pair: -pair[1])[:_REASONS]
        reasons = " ".join(f"{_times(count)}: {reason}" for reason, count in often)
        refused = (
            "1 text was refused, and its" if found.refused == 1 else f"{found.refused} texts were refused, and their"
        )
        notes.append(f"{refused} author was told why. {reasons}")
    if not tuned.feedback and tuned.calls:
        notes.append("The metric gives no feedback, so the reflection model saw scores only.")
    if tuned.texts == 1 and not tuned.changed and tuned.ended is None:
        notes.append("No new text did better on any few items, so none was compared with the old one on all.")
    return notes


def lines_of(tuned: Tuned, facts: Mapping[str, Any]) -> list[str]:
    """The finding, in plain words."""
    name = facts["prompt"]
    if tuned.ended is not None:
        if not tuned.changed:
            return [f"The budget ended before anything better than `{name}` was found."]
        return [
            f"The budget ended before the best text so far could be confirmed, so `{name}` is left as it is.",
            _trained(tuned),
        ]
    if not tuned.changed:
        return [f"No text did better than `{name}`: {tuned.stopped}."]
    assert tuned.select is not None
    if not tuned.accepted:
        return [
            f"Nothing was accepted: on {tuned.select.items} items that it was not tuned on, the best text is not certain to be "
            f"better than `{name}`.",
            f"There it went {gain(tuned.select)}.",
        ]
    assert tuned.report is not None
    lines = [
        f"A better text for `{name}` was found: its gain on {tuned.select.items} items that it was not tuned on is certain, "
        f"{gain(tuned.select)}.",
        f"On the {tuned.report.items} items that decided nothing it went {gain(tuned.report)}.",
    ]
    if tuned.report.comparison.low <= 0:
        lines.append("These are too few to confirm that by themselves.")
    return lines


def _times(count: int) -> str:
    return "Once" if count == 1 else f"{count} times"


def _trained(tuned: Tuned) -> str:
    if tuned.trained is None:
        return ""
    before, after = tuned.trained
    return (
        f"On the items that texts were compared on it went {_points(before)} → {_points(after)}, which is partly luck."
    )


def comment_of(tuned: Tuned, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a tuned prompt comes from, as lines above it."""
    assert tuned.select is not None
    assert tuned.report is not None
    evaluated, items = facts["eval"], facts["items"]
    bill = "" if facts["paid"] is None else f", paid ${facts['paid']:.2f}"
    simulated = " Simulated models." if tuned.simulated else ""
    return (
        f"Tuned by {facts['optimizer']} on {facts['date']} for `{facts['topology']}`, eval set {evaluated['name']} "
        f"({evaluated['hash']}), {items['train']} items to learn from.",
        f"Accepted on {tuned.select.items} others: {gain(tuned.select)}. "
        f"On {tuned.report.items} that decided nothing: {gain(tuned.report)}.",
        f"{tuned.calls + tuned.confirming} calls, {tuned.reflections} reflections by {facts['reflection']}{bill}.{simulated}",
    )


def gain(measured: Measured) -> str:
    """`62.1 → 74.3, +12.2 [+3.1, +21.0]`, in points of 100."""
    each = measured.comparison
    low, high = (f"{100 * end:+.1f}" for end in (each.low, each.high))
    return f"{_points(measured.before)} → {_points(measured.after)}, {100 * each.difference:+.1f} [{low}, {high}]"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
