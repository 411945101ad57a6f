"""Other runtimes against a server that remembers, and a comparison of their requests with those of moaql by the losses that are stated.

Every reply carries a word of its own, so it is seen who has read whose answer. What the server says depends on who is asked and
what about, in the forms that moaql and the others ask for: both sides hear the same judgements.
"""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from exporting.recording import RecordingServer

KEY = "key-of-the-test-that-nobody-may-write"
WORD = re.compile(r"(?:note|judged)-([\w.-]+?)-[0-9a-f]{12}\b")
NOTE = re.compile(r"note-([\w.-]+?)-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Asked:
    """A request, and the word of its reply.

    Attributes:
        place: First part of its path: where the runtime believed to be.
        run: Second part of its path.
        protocol: `openai` or `anthropic`.
        model: As it was called.
        settings: Everything else of the body.
        messages: Roles and texts; a system message comes first.
        word: What its reply can be known by.
    """

    place: str
    run: str
    protocol: str
    model: str
    settings: tuple[tuple[str, Any], ...]
    messages: tuple[tuple[str, str], ...]
    word: str

    @property
    def told(self) -> str:
        """All its texts."""
        return "\n".join(text for _, text in self.messages)

    def shows(self, question: str) -> str:
        """Where the words of others stand: `system`, `question`, `behind`, or nowhere."""
        for role, text in self.messages:
            if WORD.search(text):
                return "system" if role == "system" else "question" if question in text else "behind"
        return ""


class ForeignServer(RecordingServer):
    """Records what is asked in order, in `log`.

    A model called `broken` is refused as Together refuses, `busy` always is, `mumbler` speaks in no form, `thinker` thinks aloud first. What
    shows an answer of a model called `unlucky` is refused if a judge reads it.
    """

    def __init__(self) -> None:
        self.log: list[Asked] = []
        self._seen: Counter[str] = Counter()
        super().__init__()

    def _handler(server: "ForeignServer") -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(super()._handler()):  # type: ignore[misc]
            def do_POST(self) -> None:  # noqa: N802
                sent = self.rfile.read(int(self.headers["content-length"]))
                body = json.loads(sent)
                status, reply = server.reply(self.path, body)
                kind = "text/event-stream" if isinstance(reply, str) else "application/json"
                data = (reply if isinstance(reply, str) else json.dumps(reply)).encode()
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler

    def reply(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status, and a document or a stream."""
        place, run = [*path.strip("/").split("/"), ""][:2]
        with self._lock:
            text = json.dumps(body, sort_keys=True)
            self._seen[self.who + text] += 1
            drawn = hashlib.sha256(f"{self.who} {self._seen[self.who + text]} {text}".encode()).hexdigest()[:12]
            protocol = "anthropic" if path.endswith("messages") else "openai"
            asked = _asked(place, run, protocol, body, drawn)
            self.log.append(asked)
        if body["model"] == "broken" or (asked.word.startswith("judged") and "note-unlucky-" in asked.told):
            return 400, {"error": {"message": "no", "type": "invalid_request_error"}}
        if body["model"] == "busy":
            return 503, {"error": {"message": "later", "type": "server_error"}}
        said = f"mumble {asked.word}" if body["model"] == "mumbler" else says(asked)
        said = f"<think>secretly</think>{said}" if body["model"] == "thinker" else said
        return 200, _stream(body, said) if body.get("stream") else _document(body, said, protocol)


def _asked(place: str, run: str, protocol: str, body: dict[str, Any], drawn: str) -> Asked:
    system = [("system", _text(body["system"]))] if body.get("system") else []
    messages = (*system, *((each["role"], _text(each["content"])) for each in body["messages"]))
    settings = tuple(
        sorted((name, value) for name, value in body.items() if name not in ("model", "messages", "system"))
    )
    kind = "judged" if role_in("\n".join(text for _, text in messages)) else "note"
    return Asked(
        place, run, protocol, body["model"], settings, messages, f"{kind}-{body['model'].rpartition('/')[2]}-{drawn}"
    )


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(str(part["text"]) for part in content)


def _document(body: dict[str, Any], said: str, protocol: str) -> dict[str, Any]:
    if protocol == "anthropic":
        return {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": said}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 5},
        }
    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
        "usage": usage,
    }


def _stream(body: dict[str, Any], said: str) -> str:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    first = {"index": 0, "delta": {"role": "assistant", "content": said}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    chunks = [json.dumps({**head, "choices": [choice]}) for choice in (first, last)]
    return "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"])


# What the models say

ROLES = {
    "rank": "Ranking: [2]",
    "pairs": "Better: 1",
    "tests": "Write exactly",
    "grade": "`passed` or `failed`",
    "verify": "Verdict: correct",
    "critic": "Strengths: ",
    "archon rank": "Your ranking should start with Answer:",
    "archon critic": "Evaluate the strengths and weaknesses of each response",
    "archon tests": "Only output the unit tests as a list of strings",
    "archon grade": "Unit Test #1: [Passed]",
    "archon reasoning": "Provide reasoning for why the response",
    "archon verdict": "'[Correct]' or '[Incorrect]'",
}


def role_in(told: str) -> str:
    return next((role for role, words in ROLES.items() if words in told), "")


def quality(model: str) -> int:
    """From 0 to 996, the same for both sides."""
    return int(hashlib.sha256(model.encode()).hexdigest(), 16) % 997


def says(asked: Asked) -> str:
    told, word = asked.told, asked.word
    role = role_in(told)
    models = list(dict.fromkeys((each[0], each[1]) for each in NOTE.finditer(told)))
    order = sorted(range(len(models)), key=lambda place: -quality(models[place][1]))
    ranked = " > ".join(f"[{place + 1}]" for place in order)
    good = quality(models[0][1]) if models else 0
    if role == "rank":
        return f"{word}\nRanking: {ranked}"
    if role == "archon rank":
        return f"Answer: {ranked}\n{word}"
    if role == "pairs":
        first, second = (quality(each[1]) for each in models)
        return f"{word}\nBetter: {'1' if first > second else '2' if first < second else 'tie'}"
    if role in ("tests", "archon tests"):
        count = int(re.search(r"Write exactly (\d+)|a set of (\d+) unit tests", told).expand(r"\1\2"))  # type: ignore[union-attr]
        if role == "tests":
            return "".join(f"{number}. It states {word} {number}.\n" for number in range(1, count + 1))
        return "[" + ", ".join(f"'The answer states {word} {number}'" for number in range(1, count + 1)) + "]"
    if role == "grade":
        return f"{word}\n" + "".join(f"{each}. {'passed' if good % 6 >= each else 'failed'}\n" for each in range(1, 6))
    if role == "archon grade":
        return "".join(f"Unit Test #{each}: [{'Passed' if good % 6 >= each else 'Failed'}]\n" for each in range(1, 6))
    if role in ("verify", "archon verdict"):
        right = good % 2 == 0
        return (
            f"{word}\nVerdict: {'correct' if right else 'incorrect'}"
            if role == "verify"
            else "[Correct]"
            if right
            else "[Incorrect]"
        )
    if role in ("critic", "archon critic"):
        block = f"Strengths:\n- {word}\nWeaknesses:\n- none that matters here\n\n"
        return "".join(f"[{number}]\n{block}" for number in range(1, len(models) + 1))
    if "<arbiter_prompt>" in told:
        ids = re.findall(r"--- RESPONSE (\d+) \(Model", told)
        ranks = "".join(f'<rank position="{rank}">{ids[place]}</rank>' for rank, place in enumerate(order, 1))
        return f"<synthesis>{word} is it.</synthesis><confidence>0.9</confidence><ranking>{ranks}</ranking>"
    return f"{word} is the answer."
