"""A prompt that does not show the candidates discards them.

Candidates reach a model only through `{candidates}` in its prompt. A prompt of your own that lacks it makes every call before
the stage a waste: they are paid for, and nobody reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.templates import placeholders_of, prompts_of
from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W501"
TITLE = "candidates are discarded"
BAD = """model a = "sim/a"
model b = "sim/b"
prompt own { user "{question}" }
topology t = layer [a] -> layer [a] prompt=own -> agg b
"""
GOOD = """model a = "sim/a"
model b = "sim/b"
prompt own { user "{question} {candidates}" }
topology t = layer [a] -> layer [a] prompt=own -> agg b
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find stages with candidates whose own prompt shows none."""
    for use in checked.walker.uses:
        if "candidates" not in use.bound.stage.placeholders or use.before.candidates.high == 0:
            continue
        for prompt in prompts_of(use.bound.values.get("prompt")):
            shown = placeholders_of(prompt)
            if use.bound.name == "grade" and "tests" not in shown:
                message = f"the tests are not shown: the prompt `{prompt.statement.name.text}` does not name them"
                yield Diagnostic(
                    CODE, message, use.bound.unit.source, use.bound.node.span, "put `{tests}` into the prompt"
                )
            if not shown & {"candidates", "critiques", "scores"}:
                message = f"the candidates before this are discarded: the prompt `{prompt.statement.name.text}` does not show them"
                setting = next((each for each in use.bound.node.settings if each.name.text == "prompt"), use.bound.node)
                yield Diagnostic(
                    CODE, message, use.bound.unit.source, setting.span, "put `{candidates}` into the prompt"
                )
