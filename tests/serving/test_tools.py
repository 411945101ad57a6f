"""Tools and images: passed on by a topology of one call, and refused by others with the reason."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from servers.faults import FaultServer, Says
from serving.running import QUESTION, Running, serving

Program = Callable[..., Path]
LOOK = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {"where": {"type": "string"}}}},
}
CALL = {"id": "call_7", "type": "function", "function": {"name": "look", "arguments": '{"where": "here"}'}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
SHOWN = {
    "role": "user",
    "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}],
}
TOLD = [
    *QUESTION,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_7", "content": "a hat"},
]


def calls(*deltas: Any) -> Says:
    """An answer that calls a tool; as a stream, in these pieces."""
    return Says(None, finish="tool_calls", calls=deltas or (CALL,))


def act(asked: Any) -> Any:
    """Looks first, and then says what it saw."""
    last = asked.body["messages"][-1]
    return f"It is {last['content']}." if last["role"] == "tool" else calls()


@pytest.fixture
def upstream() -> Iterator[FaultServer]:
    with FaultServer(a=act, b="draft", g="answer") as server:
        yield server


@pytest.fixture
def running(upstream: FaultServer, program: Program) -> Iterator[Running]:
    with serving(program(upstream, "a")) as server:
        yield server


def ask(server: Running, **body: Any) -> Any:
    with openai.OpenAI(base_url=server.url, api_key="none", max_retries=0) as asking:
        made = asking.chat.completions.create(**({"model": "main", "messages": QUESTION} | body))
        return list(made) if body.get("stream") else made


def test_a_call_of_a_tool_comes_back_and_what_it_said_goes_in(running: Running, upstream: FaultServer) -> None:
    first = ask(running, tools=[LOOK], tool_choice="required", parallel_tool_calls=False)
    (choice,) = first.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert [call.model_dump() for call in choice.message.tool_calls] == [CALL]
    assert (first.usage.total_tokens, first.moaql["calls"]) == (110, 1)
    assert first.moaql["paid"] == pytest.approx(0.00012)
    said = choice.message.model_dump(exclude_none=True)
    tool = {"role": "tool", "tool_call_id": choice.message.tool_calls[0].id, "content": "a hat"}
    second = ask(running, messages=[*QUESTION, said, tool], tools=[LOOK])
    assert second.choices[0].message.content == "It is a hat."
    assert second.choices[0].finish_reason == "stop"
    one, two = (each.body for each in upstream.asked)
    assert (one["tools"], one["tool_choice"], one["parallel_tool_calls"]) == ([LOOK], "required", False)
    assert two["messages"] == TOLD


def test_a_stream_ends_with_the_calls_in_one_piece(running: Running) -> None:
    chunks = ask(running, tools=[LOOK], stream=True, stream_options={"include_usage": True})
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    (called,) = [each for each in deltas if each.tool_calls]
    assert called.tool_calls[0].index == 0
    assert called.tool_calls[0].function.model_dump() == CALL["function"]
    assert deltas[0].role == "assistant"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "tool_calls"
    assert chunks[-1].usage.total_tokens == 110


PIECES = [
    [
        {"index": 0, "id": "call_7", "type": "function", "function": {"name": "look", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"where": '}},
        {"index": 0, "function": {"arguments": '"here"}'}},
    ],
    [  # some servers repeat ids and names, and number nothing
        {"id": "call_7", "type": "function", "function": {"name": "look", "arguments": '{"where": '}},
        {"id": "call_7", "type": "function", "function": {"name": "look", "arguments": '"here"}'}},
    ],
    [{"id": "call_7", "function": {"name": "look", "arguments": {"where": "here"}}}],  # or write an object
]


@pytest.mark.parametrize("pieces", PIECES)
def test_a_call_is_put_together_from_its_pieces(program: Program, pieces: list[Any]) -> None:
    with FaultServer(a=calls(*pieces)) as upstream, serving(program(upstream, "a")) as server:
        chunks = ask(server, tools=[LOOK], stream=True)
    (called,) = [c.delta.tool_calls for chunk in chunks for c in chunk.choices if c.delta.tool_calls]
    assert [(each.id, each.function.name, each.function.arguments) for each in called] == [
        ("call_7", "look", '{"where": "here"}')
    ]


def test_several_calls_are_told_apart_with_and_without_numbers(program: Program) -> None:
    def two(**number: int) -> list[dict[str, Any]]:
        return [
            {"id": f"call_{name}", "function": {"name": name, "arguments": "{}"}} | ({"index": place} if number else {})
            for place, name in enumerate(("look", "listen"))
        ]

    for pieces in (two(), two(number=1)):
        with FaultServer(a=calls(*pieces)) as upstream, serving(program(upstream, "a")) as server:
            for stream in (False, True):
                reply = ask(server, tools=[LOOK], stream=stream)
                choices = reply[-2].choices if stream else reply.choices
                holder = choices[0].delta if stream else choices[0].message
                assert [each.function.name for each in holder.tool_calls] == ["look", "listen"]


def test_the_bank_keeps_calls_of_tools_and_tells_requests_with_tools_apart(
    upstream: FaultServer, program: Program, tmp_path: Path
) -> None:
    with serving(program(upstream, "a"), bank=str(tmp_path / "bank.db")) as server:
        first, again = (ask(server, tools=[LOOK]) for _ in range(2))
        assert again.choices[0].message == first.choices[0].message
        assert (again.moaql["banked"], again.moaql["paid"]) == (1, 0)
        streamed = ask(server, tools=[LOOK], stream=True)
        assert [c.delta.content for chunk in streamed for c in chunk.choices if c.delta.content] == []
        other = LOOK | {"function": {"name": "look", "description": "Closely."}}
        for body in ({"tools": [other]}, {"tools": [LOOK], "tool_choice": "auto"}, {"messages": TOLD, "tools": [LOOK]}):
            assert ask(server, **body).moaql["banked"] == 0
    assert len(upstream.asked) == 4


def test_an_image_is_passed_on_beside_the_programs_system_message(upstream: FaultServer, program: Program) -> None:
    path = program(upstream, 'prompt p { system "Be brief." user "{question}" }\nb prompt=p')
    with serving(path) as server:
        reply = ask(server, messages=[{"role": "system", "content": "In French."}, SHOWN])
    assert reply.choices[0].message.content == "draft"
    assert upstream.asked[0].body["messages"] == [{"role": "system", "content": "In French.\n\nBe brief."}, SHOWN]


def test_a_call_that_was_cut_off_is_none(program: Program) -> None:
    half = {"id": "call_7", "function": {"name": "look", "arguments": '{"whe'}}
    with (
        FaultServer(a=Says("Let me", finish="length", calls=(half,))) as upstream,
        serving(program(upstream, "a")) as server,
    ):
        (choice,) = ask(server, tools=[LOOK]).choices
    assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == ("Let me", None, "length")


def test_calls_that_nobody_asked_for_are_passed_over(program: Program) -> None:
    spoken = Says("Fine.", finish="tool_calls", calls=(CALL,))
    with FaultServer(a=spoken) as upstream, serving(program(upstream, "a")) as server:
        (choice,) = ask(server).choices
    assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == ("Fine.", None, "stop")


@pytest.mark.parametrize(
    ("pipeline", "why"),
    [
        ("layer [a, b] -> agg g", "`main`, whose answers take up to 3 calls: only a topology of one call"),
        ("a x3 -> vote", "`main`, whose answers take up to 3 calls: only a topology of one call"),
        ('prompt p { user "Q: {question}" }\na prompt=p', "`main`, whose prompt is more than the question"),
        ('model c = "anthropic/claude-sonnet-4"\nc', "the model that writes the answers of `main`"),
        ('model c = "sim/fast"\nc', "the model that writes the answers of `main`"),
        ('model c = a or "anthropic/claude-sonnet-4"\nc', "the model that writes the answers of `main`"),
    ],
)
def test_where_it_cannot_be_passed_on_the_reason_is_told(
    upstream: FaultServer, program: Program, pipeline: str, why: str
) -> None:
    bodies: list[tuple[str, Any]] = [
        ("tools", {"tools": [LOOK]}),
        ("tools", {"messages": TOLD}),
        ("images", {"messages": [SHOWN]}),
    ]
    with serving(program(upstream, pipeline)) as server:
        for named, body in bodies:
            with pytest.raises(openai.BadRequestError, match=f"{named}: not supported by {why}") as caught:
                ask(server, **body)
            assert caught.value.code == "unsupported_parameter"
    assert upstream.asked == []


DEEP: Any = {"type": "function", "function": {"name": "look", "parameters": json.loads("[" * 90 + "]" * 90)}}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"tools": "look"}, "`tools` is a list of functions"),
        ({"tools": [{"type": "web_search"}]}, "`tools` is a list of functions"),
        ({"tools": [LOOK], "tool_choice": "perhaps"}, "`tool_choice` is none, auto, required"),
        ({"tool_choice": "required"}, "`tool_choice` is given, and no `tools`"),
        ({"parallel_tool_calls": "yes"}, "`parallel_tool_calls` is true or false"),
        ({"tools": [DEEP]}, "`tools` is nested more than 64 levels deep"),
        ({"messages": [{"role": "tool", "content": "9"}]}, "names no call by `tool_call_id`"),
        ({"messages": [{"role": "tool", "tool_call_id": "1", "content": "9"}]}, "no question of the user"),
        ({"messages": TOLD[:2]}, "does not end with a question of the user, or with what a tool said"),
        ({"messages": [QUESTION[0] | {"tool_calls": [CALL]}]}, "not a list of an assistant's calls"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": 5}]}]}, "is not a call with `id` and `function`"),
        ({"messages": [{"role": "assistant", "function_call": {"name": "look"}}]}, "`tool_calls` have replaced it"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}
                ]
            },
            "an image is given by a `url` that begins",
        ),
        ({"messages": [{"role": "assistant", "content": SHOWN["content"]}]}, "parts that are not text: not supported"),
    ],
)
def test_what_makes_no_sense_is_told(plain: Running, one_model: FaultServer, body: Any, named: str) -> None:
    before = len(one_model.asked)
    reply = plain.chat(**body)
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert named in reply.error
    assert len(one_model.asked) == before


def test_numbers_that_json_does_not_have_are_refused(running: Running, upstream: FaultServer) -> None:
    for number in (b"NaN", b"-Infinity", b"1e999"):
        body = b'{"model": "main", "messages": [{"role": "user", "content": "?"}], "tools": [{"type": "function", "function": {"name": "f", "x": %s}}]}'
        assert running.post(body % number).status == 400
    assert upstream.asked == []


def test_a_budget_reserves_tools_and_images_too(upstream: FaultServer, program: Program) -> None:
    """At a dollar for a million tokens, an image is held to cost five cents at most, and 60,000 bytes of a tool six."""
    path = program(upstream, "b max_tokens=10")
    long = LOOK | {"function": {"name": "look", "description": "x" * 60_000}}
    with serving(path, budget=0.04) as server:
        assert ask(server, tools=[LOOK]).choices
        for body in ({"messages": [SHOWN]}, {"tools": [long]}):
            with pytest.raises(openai.RateLimitError):
                ask(server, **body)
    assert len(upstream.asked) == 1
