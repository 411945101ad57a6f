"""`moaql init`: what it finds, and that what it writes is a program without a warning."""

import json
from pathlib import Path

import pytest
from cli.conftest import Moaql


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["DEEPSEEK_API_KEY"],
        ["OPENAI_API_KEY"],
        ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY"],
        ["TOGETHER_API_KEY", "FIREWORKS_API_KEY", "CEREBRAS_API_KEY", "OPENROUTER_API_KEY"],
    ],
)
def test_the_program_checks_and_is_formatted(moaql: Moaql, tmp_path: Path, keys: list[str]) -> None:
    done = moaql("init", "--json", environment=dict.fromkeys(keys, "a-secret-value"))
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["file"] == "program.moaql"
    assert {each["key"] for each in found["models"] if each["key"]} == set(keys)
    written = (tmp_path / "program.moaql").read_text()
    assert "a-secret-value" not in written + done.out + done.err
    assert ("sim/" in written) == (not found["models"])
    assert moaql("check", "program.moaql").err.endswith("1 program checked: no mistakes found\n")
    assert moaql("fmt", "--check", "program.moaql").code == 0


def test_a_file_that_is_there_is_kept(moaql: Moaql, tmp_path: Path) -> None:
    (tmp_path / "program.moaql").write_text("mine")
    done = moaql("init")
    assert (done.code, (tmp_path / "program.moaql").read_text()) == (2, "mine")
    assert "--force" in done.err
    assert moaql("init", "--force").code == 0


def test_a_server_on_this_machine_is_found(moaql: Moaql, tmp_path: Path) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"data": [{"id": "tiny/Llama-3:8b"}, {"id": "no name"}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Models) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        done = moaql("init", "--json", "--server", url)
        server.shutdown()
        thread.join()
    assert {"id": "openai/tiny/Llama-3:8b", "key": None, "base_url": url} in json.loads(done.out)["models"]
    written = (tmp_path / "program.moaql").read_text()
    assert f'base_url="{url}"' in written
    assert "no name" not in written
    assert moaql("check", "program.moaql").code == 0
