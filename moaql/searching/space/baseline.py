"""A baseline as the winner of a search: the user's own program, with a plain pipeline in place of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.pipeline_text import pipeline
from moaql.searching.space.winner import place_winner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Program
    from moaql.searching.space.find import SearchPlan


def write_baseline(program: Program, search: SearchPlan, text: str, comment_lines: Sequence[str] = ()) -> str:
    """The program with `topology NAME = TEXT` in place of the search, formatted.

    Args:
        program: The program.
        search: One of its searches, from `find_search`.
        text: A pipeline of the program's names, such as `qwen x5 -> vote by=number tie=first`.
        comment_lines: What to say above the topology, without `#`.
    """
    return place_winner(program, search, pipeline(search.name, text, program.unit).body, comment_lines)
