"""The diagnosis as the document of `moaql diagnose --json`."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moaql.evaluation.diagnosis.attack import Attack
    from moaql.evaluation.diagnosis.diagnose import Diagnosis
    from moaql.evaluation.diagnosis.subsets import Subsets
    from moaql.evaluation.diagnosis.swap import Swap
    from moaql.evaluation.diagnosis.trials import Trial

MOST_SUBSETS = 5_000
"""Subsets that are listed, best first."""


def document(found: Diagnosis) -> dict[str, Any]:
    """A JSON document: numbers, texts, lists and maps only; None for what is not known or means nothing.

    Args:
        found: The diagnosis. Its matrices have rows and columns in the order of `compared`.
    """
    errs = found.diversity
    readable = found.panel.readable
    whole = {
        "topology": found.topology,
        "items": found.items,
        "score": _trial(found.score),
        "members": [_record(each) for each in found.members],
        "models": [_record(each) for each in found.models],
        "compared": [each.name for each in found.panel.members],
        "compared_items": len(found.panel.items),
        "phi": errs.phi if errs is not None else None,
        "same_wrong": errs.same_wrong if errs is not None and readable else None,
        "agreement": errs.agreement if errs is not None and readable else None,
        "ceiling": errs.ceiling if errs is not None and len(found.panel.members) > 1 else None,
        "all_wrong": errs.all_wrong if errs is not None and len(found.panel.members) > 1 else None,
        "subsets": [_record(each) for each in found.subsets.best(MOST_SUBSETS)] if found.subsets is not None else None,
        "subset_summary": _summary(found.subsets) if found.subsets is not None else None,
        "leave_one_out": [_record(each) for each in found.leave_one_out] if readable else None,
        "aggregator": [_record(each) for each in found.aggregators],
        "lengths": [_record(each) for each in found.lengths],
        "attack": _attack(found.attack) if found.attack is not None else None,
        "swap": _swap(found.swap) if found.swap is not None else None,
        "notes": list(found.notes),
        "simulated": found.simulated,
    }
    return {name: _plain(value) for name, value in whole.items()}


def _record(value: Any) -> dict[str, Any]:
    return asdict(value)


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score.value if trial.score is not None else None,
        "ci": [trial.score.low, trial.score.high] if trial.score is not None else None,
        "cost_per_item": trial.cost,
        "calls_per_item": trial.calls,
        "failed": trial.failed,
    }


def _summary(found: Subsets) -> dict[str, Any]:
    return {
        "count": found.count,
        "listed": min(found.count, MOST_SUBSETS),
        "sizes": [_record(each) for each in found.sizes],
        "best_single": {"member": found.best_single, "accuracy": found.best_single_accuracy},
        "cross_validated": _record(found.validated) if found.validated is not None else None,
    }


def _attack(found: Attack) -> dict[str, Any]:
    return {
        "member": found.member,
        "kind": found.kind,
        "member_right": found.member_right,
        "items": found.items,
        "defences": [
            {
                "defence": each.name,
                "clean": _trial(each.clean),
                "attacked": _trial(each.attacked),
                "damage": each.damage,
                "price": each.price,
                "gain": each.gain,
            }
            for each in found.defences
        ],
        "notes": list(found.notes),
    }


def _swap(found: Swap) -> dict[str, Any]:
    return {
        "items": found.items,
        "aggregators": [
            {"model": each.model, "current": each.current, **_trial(each.trial), "comparison": each.comparison}
            for each in found.tried
        ],
        "notes": list(found.notes),
    }


def _plain(value: Any) -> Any:
    """Records as maps, tuples as lists, and an infinity, which JSON does not know, as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
