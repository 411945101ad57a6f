"""Runs as OpenTelemetry spans, collected by the SDK's own exporter."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from servers.faults import FaultServer, Later, Part, Says, Silent, Status, ask

import moaql
from moaql.run.spans import Spans


@pytest.fixture
def collected() -> Iterator[tuple[Spans, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Spans(provider.get_tracer("test")), exporter
    provider.shutdown()


Collected = tuple[Spans, InMemorySpanExporter]


def spans_of(collected: Collected, pipeline: str, options: dict[str, Any] | None = None, **parts: Part) -> Any:
    """The spans of a run by name; the run's own under `run`."""
    spans, exporter = collected
    with FaultServer(**parts) as server, suppress(moaql.NoCandidates):
        ask(server, pipeline, "What is it?", listeners=(spans,), **(options or {}))
    found: dict[str, ReadableSpan] = {each.name: each for each in exporter.get_finished_spans()}
    (workflow,) = (name for name in found if name.startswith("invoke_workflow"))
    found["run"] = found.pop(workflow)
    return found


def test_a_run_is_a_span_and_each_call_one_below_it(collected: Collected) -> None:
    found = spans_of(collected, "layer [a, b] temperature=0.5 -> agg c", a="one", b="two", c=Later(0.05, "merged"))
    run = found["run"]
    assert run.name == "invoke_workflow main"
    assert run.parent is None
    assert run.attributes["gen_ai.operation.name"] == "invoke_workflow"
    assert run.attributes["gen_ai.workflow.name"] == "main"
    assert run.attributes["moaql.cost_usd"] == pytest.approx(360e-6)
    for name in ("chat a", "chat b", "chat c"):
        span = found[name]
        assert span.parent.span_id == run.context.span_id
        assert span.context.trace_id == run.context.trace_id
        assert span.kind == SpanKind.CLIENT
        assert span.status.status_code == StatusCode.UNSET
        assert run.start_time <= span.start_time <= span.end_time <= run.end_time + 1_000_000
    assert dict(found["chat a"].attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "a",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "a",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "moaql.node": "layer1/a",
        "moaql.purpose": "propose",
        "moaql.sample": 0,
        "moaql.banked": False,
        "moaql.cost_usd": pytest.approx(120e-6),
    }
    c = found["chat c"]
    assert c.end_time - c.start_time >= 50_000_000


def test_texts_are_left_out(collected: Collected) -> None:
    found = spans_of(collected, "a", a="a confidential answer")
    shown = "".join(each.to_json() for each in found.values())
    assert "confidential" not in shown
    assert "What is it?" not in shown


def test_lost_calls_are_errors_and_the_run_is_not(collected: Collected) -> None:
    found = spans_of(
        collected, "layer [a, b, slow] timeout=200ms -> agg c", a="one", b=Status(404), slow=Silent(), c="merged"
    )
    for name, words in (("chat b", "status 404"), ("chat slow", "did not answer within 0.2 s")):
        assert found[name].status.status_code == StatusCode.ERROR
        assert words in found[name].status.description
        assert found[name].attributes["error.type"] == "_OTHER"
        assert "gen_ai.usage.input_tokens" not in found[name].attributes
    assert found["run"].status.status_code == StatusCode.UNSET


def test_a_run_without_an_answer_is_an_error(collected: Collected) -> None:
    run = spans_of(collected, "a", a=Status(500), options={"attempts": 1})["run"]
    assert run.status.status_code == StatusCode.ERROR
    assert "has no answer" in run.status.description


def test_a_price_that_is_unknown_is_no_attribute(collected: Collected) -> None:
    found = spans_of(collected, "a", a=Says("one", finish="length"), options={"settings": "api_key_env=none"})
    for span in found.values():
        assert "moaql.cost_usd" not in span.attributes
    assert found["chat a"].attributes["gen_ai.response.finish_reasons"] == ("length",)


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(moaql.MissingPackage, match="pip install opentelemetry-sdk"):
        Spans()
