"""The adapter that makes DSPy send moaql's own template, and nothing around it.

DSPy's usual adapter wraps instructions and fields in a scaffold of its own; a text that is tuned inside of it means something else
outside. Here the instructions of the signature are the text of the tuned message, rendered as the runtime renders it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moaql.tuning.cases import Cases

FIELDS = "item, question, candidates -> answer"
"""The signature of a tuned prompt. `item` names the case; question and candidates are there to be looked at."""


class Texts:
    """DSPy takes indentation and outer blank lines out of instructions: the seed is known again all the same."""

    def __init__(self, seed: str) -> None:
        self._seed, self._cleaned = seed, inspect.cleandoc(seed)

    def text(self, instructions: str) -> str:
        """The text that instructions stand for."""
        return self._seed if instructions == self._cleaned else instructions


def template_adapter(cases: Cases, texts: Texts) -> Any:
    """A `dspy.Adapter` for signatures with the fields `FIELDS`.

    Args:
        cases: What the template is filled with.
        texts: From instructions to texts.
    """
    import dspy  # type: ignore[import-untyped]

    class TemplateAdapter(dspy.Adapter):  # type: ignore[misc]
        """Renders the template; the whole completion is the answer. Examples are not shown: only instructions are tuned."""

        def format(self, signature: Any, demos: Any, inputs: dict[str, Any]) -> list[dict[str, Any]]:
            """The messages of a case, as the runtime sends them."""
            del demos
            messages = cases.messages(inputs["item"], texts.text(signature.instructions))
            return [{"role": role, "content": text} for role, text in messages]

        def parse(self, signature: Any, completion: str) -> dict[str, Any]:
            """The completion, as it is."""
            del signature
            return {"answer": completion}

    return TemplateAdapter()
