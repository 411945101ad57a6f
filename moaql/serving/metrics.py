"""Counts for Prometheus, in its text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.run.events import CallFinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.run.caller import Caller
    from moaql.run.events import Event

_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
"""Seconds. A model takes seconds, a topology of them tens of seconds."""
TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Labels = tuple[tuple[str, str], ...]


@dataclass
class Tally:
    """What one request has taken so far; a listener of its runs, so that what is cut off counts too.

    Attributes:
        calls: That were answered.
        prompt_tokens: Read.
        completion_tokens: Written.
        paid: Dollars, of those calls whose price is known.
        unpriced: Calls whose price is not.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    paid: float = 0.0
    unpriced: int = 0

    def __call__(self, event: Event) -> None:
        """A listener."""
        if isinstance(event, CallFinished) and event.candidate is not None:
            self.calls += 1
            self.prompt_tokens += event.candidate.prompt_tokens
            self.completion_tokens += event.candidate.completion_tokens
            self.paid += event.candidate.paid or 0.0
            self.unpriced += event.candidate.paid is None


class Metrics:
    """All counts of one server.

    Args:
        callers: All that make calls.

    Attributes:
        open_streams: Streams that are being sent.
        in_progress: Chat requests that are being answered.
    """

    def __init__(self, callers: Iterable[Caller] = ()) -> None:
        self._callers = tuple(callers)
        self.open_streams = 0
        self.in_progress = 0
        self._counts: dict[str, dict[_Labels, float]] = {name: defaultdict(int) for name in _COUNTERS}
        self._seconds: dict[str, list[int]] = {}
        self._sums: dict[str, float] = defaultdict(float)

    def asked(self, model: str, status: int, seconds: float, tally: Tally) -> None:
        """A chat request is over.

        Args:
            model: The topology; "" where there is none of that name, so that no client can make up labels.
            status: As in the log.
            seconds: That it took.
            tally: What it took.
        """
        labels = (("model", model),)
        self._counts["moaql_requests_total"][(*labels, ("status", str(status)))] += 1
        self._counts["moaql_calls_total"][labels] += tally.calls
        self._counts["moaql_tokens_total"][(*labels, ("kind", "prompt"))] += tally.prompt_tokens
        self._counts["moaql_tokens_total"][(*labels, ("kind", "completion"))] += tally.completion_tokens
        self._counts["moaql_paid_dollars_total"][labels] += tally.paid
        self._counts["moaql_unpriced_calls_total"][labels] += tally.unpriced
        buckets = self._seconds.setdefault(model, [0] * (len(_BOUNDS) + 1))
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._sums[model] += seconds

    def text(self) -> str:
        """All of them, as Prometheus reads them."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, help in _COUNTERS.items():
            yield from _head(name, "counter", help)
            for labels, count in sorted(self._counts[name].items()):
                yield f"{name}{_labels(labels)} {count}"
        ended = sum(each.cancelled for each in self._callers)
        yield from _head("moaql_cancelled_calls_total", "counter", "Calls that ended because their clients had left.")
        yield f"moaql_cancelled_calls_total {ended}"
        lost = math.fsum(each.cancelled_cost for each in self._callers)
        yield from _head("moaql_cancelled_dollars_total", "counter", "Dollars that these calls may have cost at most.")
        yield f"moaql_cancelled_dollars_total {lost}"
        yield from _head("moaql_open_streams", "gauge", "Streams that are being sent.")
        yield f"moaql_open_streams {self.open_streams}"
        yield from _head("moaql_requests_in_progress", "gauge", "Chat requests that are being answered.")
        yield f"moaql_requests_in_progress {self.in_progress}"
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "moaql_request_seconds"
        yield from _head(name, "histogram", "Seconds that chat requests took.")
        for model, buckets in sorted(self._seconds.items()):
            total = 0
            for bound, count in zip((*_BOUNDS, "+Inf"), buckets, strict=True):
                total += count
                yield f"{name}_bucket{_labels((('model', model), ('le', str(bound))))} {total}"
            yield f"{name}_sum{_labels((('model', model),))} {self._sums[model]}"
            yield f"{name}_count{_labels((('model', model),))} {total}"


_COUNTERS = {
    "moaql_requests_total": "Chat requests; 499 is one whose client left.",
    "moaql_calls_total": "Calls of models that were answered, those from the bank included.",
    "moaql_tokens_total": "Tokens of these calls.",
    "moaql_paid_dollars_total": "Dollars that were paid for these calls.",
    "moaql_unpriced_calls_total": "Calls whose price is not known.",
}


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    shown = ((name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in shown) + "}"
