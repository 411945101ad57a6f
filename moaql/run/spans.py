"""Runs as OpenTelemetry spans, by the semantic conventions for generative AI.

Each run is an `invoke_workflow` span and each call a `chat` span below it. Texts are left out, as the
conventions recommend; the trace file holds them. Needs `opentelemetry-api`, and whatever exporter the process has set up.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage
from moaql.run.events import CallFinished, RunFinished, RunStarted

if TYPE_CHECKING:
    from moaql.run.events import Event

_SECOND = 1_000_000_000
_SENT = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
}


class Spans:
    """Makes spans of events. It is a listener.

    Args:
        tracer: An OpenTelemetry tracer; the global provider's where it is not given.

    Raises:
        MissingPackage: if OpenTelemetry is not installed.
    """

    def __init__(self, tracer: Any = None) -> None:
        try:
            from opentelemetry import trace
        except ImportError:
            raise MissingPackage("opentelemetry-sdk", "OpenTelemetry") from None
        self._trace = trace
        self._tracer = tracer or trace.get_tracer("moaql")
        self._runs: dict[str, tuple[Any, float]] = {}

    def __call__(self, event: Event) -> None:
        """Begin or end spans."""
        if isinstance(event, RunStarted):
            attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": event.topology}
            start = int(event.started * _SECOND)
            span = self._tracer.start_span(f"invoke_workflow {event.topology}", start_time=start, attributes=attributes)
            self._runs[event.run] = (span, event.started)
        elif isinstance(event, CallFinished):
            self._call(event)
        elif isinstance(event, RunFinished):
            self._end(event)

    def _call(self, event: CallFinished) -> None:
        candidate, node = event.candidate, event.node
        model_id = candidate.model_id if candidate else node.model.id
        provider, _, model = model_id.partition("/")
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "moaql.node": node.id,
            "moaql.purpose": node.purpose,
            "moaql.sample": node.sample,
            **{_SENT[name]: value for name, value in event.settings.items() if name in _SENT},
        }
        if candidate is not None:
            attributes |= {
                "gen_ai.response.model": event.provider_model or model,
                "gen_ai.response.finish_reasons": ["length" if candidate.truncated else "stop"],
                "gen_ai.usage.input_tokens": candidate.prompt_tokens,
                "gen_ai.usage.output_tokens": candidate.completion_tokens,
                "moaql.banked": candidate.banked,
            }
            attributes |= {"moaql.cost_usd": candidate.cost} if candidate.cost is not None else {}
        parent, _ = self._runs[event.run]
        start = int(event.started * _SECOND)
        context = self._trace.set_span_in_context(parent)
        span = self._tracer.start_span(
            f"chat {model}",
            context=context,
            kind=self._trace.SpanKind.CLIENT,
            start_time=start,
            attributes=attributes,
        )
        self._mark(span, event.error)
        span.end(start + int(event.elapsed * _SECOND))

    def _end(self, event: RunFinished) -> None:
        span, started = self._runs.pop(event.run)
        if event.cost is not None:
            span.set_attribute("moaql.cost_usd", event.cost)
        self._mark(span, event.error)
        span.end(int((started + event.elapsed) * _SECOND))

    def _mark(self, span: Any, error: str) -> None:
        if error:
            span.set_attribute("error.type", "_OTHER")
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, error))
