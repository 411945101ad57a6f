"""What the pages show is what happens: every command with its output, every program, every generated page."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from consoles import ROOT, Shown, consoles, rewrite, run

from moaql.check.checker import check_source
from moaql.language.parser import parse
from moaql.source import Source

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs_on(page: Path) -> list[str]:
    """The blocks of a page that name no language: moaql."""
    return [text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if not language]


@pytest.mark.parametrize("page", [page for page in PAGES if consoles(page)], ids=lambda page: page.name)
def test_commands_print_what_their_page_shows(page: Path, tmp_path: Path) -> None:
    """One behind the other, with one bank: what an example has paid for, the next does not pay again."""
    if os.environ.get("MOAQL_REWRITE"):
        rewrite(page)
        return
    for shown in consoles(page):
        assert Shown(shown.command, run(shown.command, str(tmp_path / "bank.db"))) == shown


def test_the_pages_show_commands() -> None:
    assert {page.name for page in PAGES if consoles(page)} >= {"README.md", "language.md", "plan.md"}


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "language.md"], ids=lambda page: page.name)
def test_every_program_on_a_page_is_one(page: Path) -> None:
    programs = programs_on(page)
    assert programs
    for text in programs:
        assert parse(Source(text)).diagnostics == ()


def test_the_first_program_of_the_readme_is_in_the_gallery() -> None:
    first, space, quickstart, *_ = programs_on(ROOT / "README.md")
    assert first in (ROOT / "programs" / "one_liner.moaql").read_text(encoding="utf-8")
    for shown in (space, quickstart):
        assert shown in (ROOT / "programs" / "quickstart.moaql").read_text(encoding="utf-8")


def test_the_picture_of_the_readme_is_the_quickstart() -> None:
    shown = re.findall(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown == [run("moaql graph programs/quickstart.moaql --format mermaid", ":memory:")]


def test_the_reference_is_up_to_date() -> None:
    path = ROOT / "docs" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_reference"] = module
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == module.page()


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_code_in_the_source_is_explained_and_every_explained_code_is_used() -> None:
    from moaql.check.catalog import codes

    text = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "moaql").rglob("*.py") if path.name != "catalog.py"
    )
    assert set(re.findall(r'"([EW]\d{3})"', text)) == set(codes())


@pytest.mark.parametrize("code", __import__("moaql.check.catalog", fromlist=["codes"]).codes())
def test_the_wrong_program_of_a_code_has_it_and_the_right_one_has_nothing(code: str) -> None:
    from moaql.check.catalog import entry

    explained = entry(code)
    if explained.bad:
        assert {each.code for each in check_source(Source(explained.bad)).diagnostics} == {code}
    if explained.good:
        assert check_source(Source(explained.good)).diagnostics == ()


@pytest.mark.parametrize(("page", "printed"), [("running.md", "The answer is 391."), ("evaluating.md", "mixture ")])
def test_the_python_on_a_page_runs(page: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "programs").symlink_to(ROOT / "programs")
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


RECORDED = ROOT.parent / "shared" / "data" / "recorded"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
def test_the_comparison_of_the_readme_is_what_eval_prints(tmp_path: Path) -> None:
    """The program of docs/examples, beside the files that it names."""
    (tmp_path / "gsm8k.jsonl.gz").symlink_to(RECORDED / "gsm8k.dev.jsonl.gz")
    (tmp_path / "prices.json").symlink_to(RECORDED / "prices.json")
    (tmp_path / "gsm8k.moaql").symlink_to(ROOT / "docs" / "examples" / "gsm8k.moaql")
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n\$ (moaql eval gsm8k\.moaql)\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    assert run(shown[1], str(tmp_path / "bank.db"), tmp_path) == shown[2]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
@pytest.mark.parametrize("family", ["gsm8k", "math_l5", "mmlu_pro"])
def test_the_searches_on_recorded_answers_run(family: str, tmp_path: Path) -> None:
    """With few topologies; docs/searching.md has the figures of the whole ones."""
    (tmp_path / f"{family}.jsonl.gz").symlink_to(RECORDED / f"{family}.dev.jsonl.gz")
    (tmp_path / "prices.json").symlink_to(RECORDED / "prices.json")
    (tmp_path / "p.moaql").symlink_to(ROOT / "docs" / "examples" / f"search_{family}.moaql")
    said = run("moaql search p.moaql --trials 5", str(tmp_path / "bank.db"), tmp_path)
    assert "confirmed on unseen items" in said
    assert "paid $0" in said
    assert "the best single model, `" in said


def test_the_topologies_of_the_comparison_are_those_of_its_program() -> None:
    program = (ROOT / "docs" / "examples" / "gsm8k.moaql").read_text(encoding="utf-8")
    assert programs_on(ROOT / "README.md")[3] in program


def readme_command(section: str) -> str:
    """The last shell block of a section."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return str(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[-1])


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git would give a stranger, changes that are not committed yet included."""
    folder = tmp_path_factory.mktemp("clone")
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def test_the_first_command_works_in_a_fresh_clone(clone: Path) -> None:
    done = subprocess.run(
        readme_command("Start"),
        shell=True,
        cwd=clone,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [shown] = re.findall(r"```text\n((?!\$).*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown in done.stdout
    choice = [".venv/bin/moaql", "diff", "programs/quickstart.moaql", "best.moaql"]
    told = subprocess.run(choice, cwd=clone, capture_output=True, text=True, check=True).stdout
    assert f"```text\n$ moaql {' '.join(choice[1:])}\n{told}```" in (ROOT / "docs/searching.md").read_text("utf-8")
    assert "confirmed on unseen items" in done.stdout
    assert "simulated models" in done.stderr
    assert "topology best_for_the_dollar = " in (clone / "best.moaql").read_text(encoding="utf-8")


def test_an_installed_wheel_checks_outside_the_repository(clone: Path, tmp_path: Path) -> None:
    """With Lark and click alone: nothing else is needed to check."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    }

    def succeed(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    succeed(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(clone))
    (wheel,) = tmp_path.glob("*.whl")
    succeed(sys.executable, "-m", "venv", "installed")
    python = str(tmp_path / "installed" / "bin" / "python")
    succeed(python, "-m", "pip", "install", "-q", "--no-deps", str(wheel))
    succeed(python, "-m", "pip", "install", "-q", "-c", str(clone / "constraints.txt"), "lark", "click")
    moaql = str(tmp_path / "installed" / "bin" / "moaql")
    for name in ("quickstart.moaql", "models.moaql"):
        (tmp_path / name).write_bytes((clone / "programs" / name).read_bytes())
    assert "no mistakes found" in succeed(moaql, "check", "quickstart.moaql")
    assert "formatted already" in succeed(moaql, "fmt", "--check", "quickstart.moaql")
    where = (
        "from moaql.language import parse_table, grammar; print(grammar._shipped_table() is not None, grammar.__file__)"
    )
    assert succeed(python, "-c", where).startswith(f"True {tmp_path}")
