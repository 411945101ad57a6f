"""Several programs, their names, and files that change while they are served."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.faults import FaultServer, Later
from serving.running import Running, serving

from moaql.errors import ProgramError, UsageError
from moaql.serving.programs import Programs


def write(path: Path, text: str) -> Path:
    """As editors do: a new file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
    return path


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def names(server: Running) -> list[str]:
    return [each["id"] for each in server.get("/v1/models").json["data"]]


def loaded(*targets: tuple[str, str | None]) -> tuple[Programs, list[str]]:
    said: list[str] = []
    return Programs(targets, lambda graph: None, said.append), said


MODELS = 'model a = "sim/weak"\nmodel b = "sim/strong"\n'


def test_a_topology_has_its_name_and_its_file_where_that_is_not_enough(tmp_path: Path) -> None:
    one = str(write(tmp_path / "one.moaql", f"{MODELS}topology panel = a x3 -> vote\ntopology solo = a\n"))
    two = str(write(tmp_path / "two.moaql", f"{MODELS}topology panel = b x3 -> vote\ntopology main = b\n"))
    programs, _ = loaded((one, None), (two, None))
    assert [each.id for each in programs.served] == [f"{one}::panel", "solo", f"{two}::panel", "main"]
    assert programs.find("panel") is None
    solo = programs.find("solo")
    assert solo is not None
    assert programs.find(f"{one}::solo") is solo
    panels = [programs.find(f"{path}::panel") for path in (one, two)]
    assert len({each.fingerprint for each in panels if each is not None}) == 2


def test_only_what_is_named_is_served(tmp_path: Path) -> None:
    path = str(write(tmp_path / "p.moaql", f"{MODELS}topology x = a\ntopology y = b\ntopology z = a -> agg b\n"))
    assert [each.id for each in loaded((path, "y"), (path, "x"))[0].served] == ["x", "y"]
    with pytest.raises(UsageError, match="has no topology `w`"):
        loaded((path, "w"))


def test_what_cannot_run_is_left_out_and_said(tmp_path: Path) -> None:
    path = str(write(tmp_path / "p.moaql", f"{MODELS}topology x = a\ntopology space = a x?(1..3) -> vote\n"))
    programs, said = loaded((path, None))
    assert [each.id for each in programs.served] == ["x"]
    assert said[0].startswith(f"{path}: `space` is not served: ")
    with pytest.raises(ProgramError):
        loaded((path, "space"))


def test_a_file_without_topologies_is_no_program_to_serve(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no topology to serve"):
        loaded((str(write(tmp_path / "p.moaql", MODELS)), None))


def test_files_without_topologies_are_left_out_of_several(tmp_path: Path) -> None:
    models = str(write(tmp_path / "models.moaql", MODELS))
    path = str(write(tmp_path / "p.moaql", 'import "models.moaql"\ntopology t = a\n'))
    programs, said = loaded((models, None), (path, None))
    assert [each.id for each in programs.served] == ["t"]
    assert said == [f"{models} has no topology to serve: left out"]
    with pytest.raises(UsageError, match="none of the files has a topology to serve"):
        loaded((models, None), (str(write(tmp_path / "more.moaql", MODELS)), None))


def test_several_programs_answer_side_by_side(tmp_path: Path) -> None:
    with FaultServer(a="one", b="two") as upstream:
        one = write(tmp_path / "one.moaql", upstream.program("topology first = a"))
        two = write(tmp_path / "two.moaql", upstream.program("topology second = b"))
        with serving(one, two) as server:
            assert names(server) == ["first", "second"]
            assert [server.chat(model=each).text for each in ("first", "second", f"{two}::second")] == [
                "one",
                "two",
                "two",
            ]


def test_a_changed_file_is_taken_over(tmp_path: Path) -> None:
    with FaultServer(a="one", b="two") as upstream:
        path = write(tmp_path / "p.moaql", upstream.program("topology t = a"))
        with serving(path, reload=True) as server:
            before = server.chat(model="t")
            write(path, upstream.program("topology t = b\ntopology u = a"))
            until(lambda: names(server) == ["t", "u"])
            after = server.chat(model="t")
            log = "\n".join(server.log)
    assert (before.text, after.text) == ("one", "two")
    assert before.json["system_fingerprint"] != after.json["system_fingerprint"]
    assert f"{path}: loaded again; serving t, u" in log


def test_a_broken_edit_keeps_what_was_good_and_is_said_once(tmp_path: Path) -> None:
    with FaultServer(a="one", b="two") as upstream:
        path = write(tmp_path / "p.moaql", upstream.program("topology t = a"))
        with serving(path, reload=True) as server:
            write(path, upstream.program("topology t = nobody"))
            until(lambda: any("not loaded" in line for line in server.log))
            assert server.chat(model="t").text == "one"
            time.sleep(1.2)
            assert sum("not loaded" in line for line in server.log) == 1
            write(path, "")  # an editor that has not finished
            until(lambda: sum("not loaded" in line for line in server.log) == 2)
            assert server.chat(model="t").text == "one"
            write(path, upstream.program("topology t = b"))
            until(lambda: server.chat(model="t").text == "two")
    told = next(line for line in server.log if "not loaded" in line)
    assert f"{path}:3:14: error[E205]: no stage, model or topology is called `nobody`" in told


def test_a_changed_import_is_seen_too(tmp_path: Path) -> None:
    with FaultServer(a="one", b="two") as upstream:
        models = write(tmp_path / "models.moaql", upstream.program("").replace("model a", "model m"))
        path = write(tmp_path / "p.moaql", 'import "models.moaql"\ntopology t = m\n')
        with serving(path, reload=True) as server:
            assert server.chat(model="t").text == "one"
            write(models, upstream.program("").replace("model b", "model m"))
            until(lambda: server.chat(model="t").text == "two")


def test_a_request_under_way_ends_with_what_it_began_with(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with FaultServer(
        a=Later(2.0, "alpha"), b="beta", c=lambda asked: "old" if "alpha" in str(asked.body) else "new"
    ) as upstream:
        path = write(tmp_path / "p.moaql", upstream.program("topology t = a -> agg c"))
        with serving(path, reload=True) as server, ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(server.chat, model="t")
            upstream.wait(lambda: bool(upstream.asked))
            write(path, upstream.program("topology t = b -> agg c"))
            until(lambda: server.chat(model="t").text == "new")
            assert under_way.result().text == "old"
