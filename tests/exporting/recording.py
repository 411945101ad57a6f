"""A server of OpenAI's protocol, embeddings included, and of Anthropic's, that remembers what it was asked, and answers the same question the same way.

What it says depends on nothing but the request, so two programs that ask the same hear the same.
"""

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # forty voters come at once
    daemon_threads = True


class RecordingServer:
    """Use it in a `with` statement. What was asked is kept by the name under which it was asked, and by the first part of the path."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], Counter[str]] = {}
        self.headers: list[dict[str, str]] = []
        self.who = ""
        self.failing: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> "RecordingServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def requests(self, who: str, folder: str) -> Counter[str]:
        """The bodies of requests, as canonical JSON, with how often each came."""
        return self.asked.get((who, folder), Counter())

    def _record(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        folder, _, rest = path.strip("/").partition("/")
        with self._lock:
            text = rest + " " + json.dumps(body, sort_keys=True, ensure_ascii=False)
            self.asked.setdefault((self.who, folder), Counter())[text] += 1
            self.headers.append(headers)

    def _handler(server: "RecordingServer") -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # a reply leaves in one piece
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["content-length"]))
                if not sent:
                    return  # whoever asked has left
                body = json.loads(sent)
                server._record(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                status = 400 if body["model"] in server.failing else 200
                reply = {"error": {"message": "no"}} if status == 400 else reply_to(body, self.path)
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def reply_to(body: dict[str, Any], path: str) -> dict[str, Any]:
    return vector_of(body) if path.endswith("/embeddings") else answer_to(body, path.endswith("messages"))


def vector_of(body: dict[str, Any]) -> dict[str, Any]:
    """Of two numbers that depend on the text."""
    draw = hashlib.sha256(body["input"].encode()).digest()
    vector = [draw[0] / 128 - 1, draw[1] / 128 - 1]
    usage = {"prompt_tokens": draw[2], "total_tokens": draw[2]}
    return {"model": body["model"], "data": [{"index": 0, "embedding": vector}], "usage": usage}


def answer_to(body: dict[str, Any], anthropic: bool) -> dict[str, Any]:
    draw = int(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(), 16)
    text = says(body, draw)
    tokens = (draw % 90 + 10, draw % 40 + 1)
    if anthropic:
        usage = {"input_tokens": tokens[0], "output_tokens": tokens[1]}
        return {
            "type": "message",
            "model": body["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": usage,
        }
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "length" if draw % 17 == 0 else "stop",
    }
    if body.get("logprobs"):
        choice["logprobs"] = {"content": [{"logprob": -(draw % 100) / 100}]}
    return {
        "model": body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }


def says(body: dict[str, Any], draw: int) -> str:
    """What the roles of the gallery say, read from their instructions."""
    told = str(body.get("system") or "") + "".join(
        str(each["content"]) for each in body["messages"] if each["role"] == "system"
    )
    shown = told.count("<candidate number=")
    if "Ranking: [2]" in told:
        order = sorted(range(1, shown + 1), key=lambda number: hashlib.sha256(f"{draw} {number}".encode()).digest())
        return "Compared.\n\nRanking: " + " > ".join(f"[{number}]" for number in order)
    if "Better: 1" in told:
        return f"Better: {('1', '2', 'tie')[draw % 3]}"
    if "Score: S" in told:
        return f"Fine.\n\nScore: {draw % 11}"
    if "Write exactly" in told:
        return "".join(f"{number}. It says {number}.\n" for number in range(1, 6))
    if "`passed` or `failed`" in told:
        return "".join(f"{number}. {'passed' if draw >> number & 1 else 'failed'}\n" for number in range(1, 6))
    if "Verdict: correct" in told:
        return f"Verdict: {('correct', 'incorrect')[draw % 2]}"
    if "Strengths: " in told:
        return "".join(
            f"[{number}]\nStrengths: s{draw % 7}\nWeaknesses: w{number}\n\n" for number in range(1, shown + 1)
        )
    labels = re.findall(r"^- (\w+)$", told, re.MULTILINE)
    if labels:
        return labels[draw % len(labels)]
    thought = "<think>17, or 18?</think>" if draw % 5 == 0 else ""
    return f"{thought}Draft {draw % 1000} with a <candidate> in it. The answer is {draw % 3}."
