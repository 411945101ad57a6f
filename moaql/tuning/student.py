"""The topology as a DSPy program with one predictor, whose instructions are the tuned text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.errors import ProviderError
from moaql.tuning.adapter import FIELDS, Texts, template_adapter
from moaql.tuning.cases import cases_of
from moaql.tuning.engine import CASE, Engine, as_moaql_error, language_model, silence
from moaql.tuning.template import placeholders_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.providers.base import Pairs, Response
    from moaql.tuning.cases import Case, Cases
    from moaql.tuning.engine import Messages
    from moaql.tuning.optimizers.base import Work

THREADS = 8
_UNUSABLE = ("AdapterParseError", "ValueError", "TypeError", "KeyError", "AttributeError")
"""What DSPy raises where a reply has not the fields that it asked for."""
NOTE = (
    "An instruction that you propose is sent as a template. It has to hold {names} exactly as written here: that is where the "
    "question's data is put in. Write {{{{ and }}}} for braces that are meant as such."
)


class Student:
    """What DSPy's optimizers work on.

    Args:
        work: What there is to do.
        cases: The items, with what stands above the prompt.

    Attributes:
        program: A `dspy.Module` with one predictor, which runs the topology from the tuned prompt on.
        writer: A `dspy.LM` that writes instructions.
        task_model: A `dspy.LM` that answers as the tuned call.
        error: What ended it.
    """

    def __init__(self, work: Work, cases: Cases) -> None:
        self.work, self.cases = work, cases
        self.texts = Texts(work.seed_text)
        self.tried: dict[str, None] = {work.seed_text: None}
        self.error: Exception | None = None
        names = " and ".join(placeholders_in(work.seed_text))
        self._writing = Engine(self._write, work.bridge, NOTE.format(names=names) if names else "")
        self._answering = Engine(self._answer, work.bridge)
        self.writer = language_model("writer", self._writing)
        self.task_model = language_model("tuned", self._answering)
        self._adapter = template_adapter(cases, self.texts)
        self.program = _module(self)

    def __deepcopy__(self, memo: object) -> Student:
        """The same one: optimizers copy what they tune."""
        return self

    async def _write(self, messages: Messages, settings: Pairs) -> Response:
        self.work.proposals.replies += 1
        return await self.work.reflection.respond(messages, settings)

    async def _answer(self, messages: Messages, settings: Pairs) -> Response:
        return await self.cases.ask(CASE.get(), messages, settings, self.work.trials.caller)

    def forward(self, predictor: Any, inputs: dict[str, Any]) -> Any:
        """Ask a text one item, and score what comes out of the topology."""
        import dspy  # type: ignore[import-untyped]

        text = self.texts.text(predictor.signature.instructions)
        if reason := self.work.refusal(text):
            if text not in self.tried:
                self.work.proposals.refuse(reason)
            self.tried[text] = None
            return dspy.Prediction(answer="", score=0.0)
        self.tried[text] = None
        case = self.cases[inputs["item"]]
        try:
            trial = self.work.ask(text, [case.at])[0]
            if trial.outcome.status != "failed":
                self._predict(predictor, inputs)
        except Exception as error:
            self.error = self.error or as_moaql_error(error) or error
            raise
        return dspy.Prediction(answer=trial.outcome.answer, score=trial.score)

    def _predict(self, predictor: Any, inputs: dict[str, Any]) -> None:
        """The tuned call as DSPy makes it: the same request as the topology's, so that it comes from the bank."""
        import dspy

        token = CASE.set(inputs["item"])
        try:
            with dspy.context(lm=self.task_model, adapter=self._adapter):
                predictor(**inputs)
        except Exception as error:
            if not isinstance(as_moaql_error(error), ProviderError):
                raise
        finally:
            CASE.reset(token)

    def optimize(self, compile: Callable[[], object]) -> None:
        """Run an optimizer, with nothing of it on the terminal, and note what it tried.

        Raises:
            Enough, MoaqlError: what ended it.
        """
        import dspy

        try:
            # One failure that is no failed item ends all: nothing after it would fare better.
            quiet = {"disable_history": True, "max_errors": 1, "provide_traceback": False}
            with silence(), dspy.context(lm=self.writer, adapter=dspy.ChatAdapter(), **quiet):
                compile()
        except Exception as error:
            raise self._reason(error) from None
        finally:
            for text in self.tried:
                self.work.note(text)
        if self._writing.ended is not None:
            raise self._writing.ended

    def _reason(self, error: Exception) -> Exception:
        ended = self.error or self.work.trials.tally.ended or self._writing.ended or as_moaql_error(error)
        if ended is not None or type(error).__name__ not in _UNUSABLE:
            return ended or error
        return ProviderError(
            f"the reflection model gave nothing that DSPy could use: {' '.join(str(error).split())[:200]}",
            "Give another one by `--reflection`, or use `--optimizer gepa`.",
        )

    def examples(self, items: Sequence[int]) -> list[Any]:
        """Items as `dspy.Example`, those without a case left out."""
        import dspy

        wanted = set(items)
        return [
            dspy.Example(**_shown(case), target=case.target).with_inputs("item", "question", "candidates")
            for case in self.cases.all
            if case.at in wanted
        ]

    def rounds(self) -> int:
        """How many texts can be compared on all items to judge by."""
        return max(2, self.work.calls // max(1, len(self.work.judge) * len(self.work.trials.place.calls)))


def student_of(work: Work) -> Student:
    """A student, from an optimizer's thread."""
    return Student(work, work.bridge.wait(cases_of(work.trials, [*work.learn, *work.judge])))


def score_of(example: Any, prediction: Any, trace: object = None) -> float:
    """The metric: the topology's answer was scored when it was given."""
    del example, trace
    return float(prediction.score)


def _shown(case: Case) -> dict[str, str]:
    candidates = "\n\n".join(f"{number}. {each.text}" for number, each in enumerate(case.candidates, 1))
    return {"item": case.key, "question": case.question.text, "candidates": candidates}


def _module(student: Student) -> Any:
    import dspy

    class Topology(dspy.Module):  # type: ignore[misc]
        """One predictor, and the topology around it."""

        def __init__(self) -> None:
            super().__init__()
            self.tuned = dspy.Predict(dspy.Signature(FIELDS, student.work.seed_text))

        def forward(self, **inputs: Any) -> Any:
            """Answer one item."""
            return student.forward(self.tuned, inputs)

    return Topology()
