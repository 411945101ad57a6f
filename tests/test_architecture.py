"""The house rules: imports go one way, heavy libraries have one owner, modules are small, names are typed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import moaql

PACKAGE = Path(moaql.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "parse_table.py")

# Each folder may import from itself, from those behind it, and from the shared modules.
ORDER = [
    "cli", "serving", "api", "exporting", "importing", "tuning", "searching", "report", "evaluation", "run", "operations", "bank", "graph", "check", "routers", "metrics", "providers", "simulation", "datasets", "answers",
    "stages", "language",
]  # fmt: skip
SHARED = {"source", "diagnostics", "errors", "registry", "records"}
PROTOCOL = "moaql.providers.base"
"""What a provider is asked and answers: also what stands below it may know that."""
OWNERS = {
    "networkx": {"graph"},
    "rich": {"cli"},
    "click": {"cli"},
    "lark": {"language"},
    "dotenv": {"cli"},
    "pygments": {"language"},
    "httpx": {"run", "exporting"},  # what is exported uses it; moaql itself only copies that as text
    "httpx_aiohttp": {"run"},
    "aiohttp": {"run", "simulation"},
    "litellm": {"providers"},
    "psycopg": {"bank"},
    "sqlite3": {"bank"},
    "opentelemetry": {"run"},
    "numpy": {"evaluation", "searching", "tuning"},
    "scipy": {"evaluation", "searching", "tuning"},
    "sklearn": {"tuning"},
    "pyarrow": {"datasets"},
    "yaml": {"datasets", "importing"},
    "jsonschema": {"metrics"},
    "matplotlib": {"report"},
    "optuna": {"searching"},
    "dspy": {"tuning"},
    "gepa": {"tuning"},
    "starlette": {"serving"},
    "uvicorn": {"serving"},
}


def home(path: Path) -> str:
    """The folder of a module, or its own name where it lies at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The modules that a file imports anywhere, imports for the type checker left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "moaql" else {node.module}
            )
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    here = home(path)
    for name in imports(path):
        if not name.startswith("moaql."):
            continue
        there = name.split(".")[1]
        if there in SHARED or there == here or here in ("__init__", "__main__"):
            continue
        if here in SHARED:
            pytest.fail(f"{here} is shared, and imports {name}")
        if there == "__version__" or name == PROTOCOL:
            continue
        assert ORDER.index(here) < ORDER.index(there), f"{here} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_one_owner(path: Path) -> None:
    for name in imports(path):
        library = name.split(".")[0]
        if library in OWNERS:
            assert home(path) in OWNERS[library]


def test_leaves_import_only_what_they_implement() -> None:
    for path in (PACKAGE / "stages").glob("*.py"):
        if path.name not in ("__init__.py", "base.py"):
            assert all(name.startswith("moaql.stages.") for name in imports(path) if name.startswith("moaql."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_are_documented_and_of_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 400


LIGHT = {
    "networkx",
    "httpx",
    "optuna",
    "dspy",
    "rich",
    "numpy",
    "litellm",
    "asyncio",
    "aiohttp",
    "pydantic",
    "yaml",
    "interegular",
}


@pytest.mark.parametrize("command", [["check"], ["fmt", "--check"]])
def test_check_and_fmt_load_nothing_heavy(command: list[str]) -> None:
    program = Path(__file__).resolve().parent.parent / "programs" / "quickstart.moaql"
    code = (
        "import sys\nfrom moaql.cli import cli\n"
        f"cli.main({[*command, str(program)]!r}, standalone_mode=False)\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stderr.splitlines()[-1]))
    assert "moaql" in loaded
    # interegular is imported by Lark wherever it is installed, as it is for these tests
    assert loaded & LIGHT - {"interegular"} == set()


def test_importing_moaql_loads_only_itself() -> None:
    code = "import sys, moaql; print([name for name in sys.modules if name.startswith('moaql')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == ["moaql"]


def test_the_public_names_exist() -> None:
    assert sorted(moaql.__all__) == moaql.__all__
    for name in moaql.__all__:
        assert getattr(moaql, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        moaql.nothing  # noqa: B018
