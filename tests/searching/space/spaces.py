"""Programs with a search, written as briefly as a test wants to read them."""

from pathlib import Path

from moaql.check.checker import check_source
from moaql.check.program import Program
from moaql.searching.space.find import SearchPlan, find_search
from moaql.searching.space.space import Space
from moaql.source import Source

MODELS = "".join(
    f'model {name} = "sim/{name}" price_in=$1 price_out=$2\n' for name in ("qwen", "llama", "mini", "gpt4o", "mistral")
)
PROMPTS = 'prompt careful { user "{question} {candidates}" }\n'
SEARCH = "search auto {{\n  topology {pipeline}\n  eval tickets\n  maximize quality\n}}\n"
HEAD = MODELS + PROMPTS + 'eval tickets = "tickets.jsonl" metric=exact\n'


def program_of(pipeline: str, before: str = "", after: str = "", *, folder: Path | None = None) -> Program:
    """A program that searches a pipeline, with models, a prompt `careful` and an eval set `tickets`."""
    text = HEAD + before + SEARCH.format(pipeline=pipeline) + after
    return check_source(Source(text, "p.moaql", str(folder / "p.moaql") if folder is not None else None))


def search_of(pipeline: str, before: str = "", after: str = "", *, folder: Path | None = None) -> SearchPlan:
    """The search of such a program."""
    return find_search(program_of(pipeline, before, after, folder=folder), "auto")


def space_of(pipeline: str, before: str = "", *, folder: Path | None = None) -> Space:
    """The space of such a program."""
    return search_of(pipeline, before, folder=folder).space


def texts(space: Space) -> list[str]:
    """What all points are, each in one line."""
    return [" ".join(space.fill(point).text.split()) for point in space.points()]
