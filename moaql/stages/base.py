"""What a stage declares, and what it is given to lower itself into a graph.

A stage maps (question, candidates) to candidates. It says which parameters it takes, how many candidates come out, which
placeholders its prompt may use, and how it expands into calls and reductions. The checker, the planner, the help and the
reference page read all of that from here, so a new stage is one new file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

from moaql.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

ParameterKind = Literal[
    "model", "models", "fallback", "prompt", "prompts", "integer", "number", "share", "money", "boolean", "word", "string", "strings", "duration",
    "weights", "file",
]  # fmt: skip
"""`model`: one model, `models`: a list of models and topologies, `fallback`: a model or a topology, `word`: one of `choices`."""


class Parameter(Record):
    """One parameter of a stage, a model, an eval set, a search or a signal.

    Attributes:
        name: As the user types it.
        kind: What values it takes.
        doc: One sentence.
        low: Least value of a number, included.
        high: Greatest value of a number, included.
        choices: The words that a `word` may be.
        positional: Whether it may be written without its name.
        required: Whether it must be given.
        default: The value it has when it is not given, as Python sees it.
    """

    name: str
    kind: ParameterKind
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    positional: bool = False
    required: bool = False
    default: Any = None


SAMPLING: tuple[Parameter, ...] = (
    Parameter("temperature", "number", "Randomness of the answer.", low=0, high=2),
    Parameter("top_p", "share", "Share of the probability that tokens are drawn from.", low=0, high=1),
    Parameter("max_tokens", "integer", "Longest answer, in tokens.", low=1),
    Parameter("seed", "integer", "Seed of the sampling, where the provider takes one."),
    Parameter("stop", "strings", "Text, or list of texts, at which the answer ends."),
    Parameter("timeout", "duration", "Longest wait for one call, retries included.", low=0),
    Parameter(
        "truncated", "word", "What becomes of an answer cut off by its token limit.", choices=("keep", "drop", "retry")
    ),
)
"""Settings of a model call. A setting that is not given, or is `none`, is not sent."""

READS: tuple[Parameter, ...] = (
    Parameter("shuffle", "boolean", "Show the candidates in an order drawn from the seed of the run.", default=False),
    Parameter("anonymous", "boolean", "Hide which model wrote which candidate.", default=True),
)
"""How candidates are shown to a model that reads them."""


class Prompt(Record):
    """Messages as (role, template) pairs, in the order in which they are sent."""

    messages: tuple[tuple[str, str], ...]


class Bounds(Record):
    """At least `low`, at most `high`."""

    low: int
    high: int


ONE = Bounds(1, 1)
NONE = Bounds(0, 0)


class Sizes(Protocol):
    """Sizes that a stage's arguments have, as far as they are known before the holes are filled."""

    def of(self, name: str) -> Bounds:
        """The bounds of a whole number, or of how many answers a parameter of models asks for."""
        ...


class Ref(NamedTuple):
    """One candidate: the output of a node, or one of its outputs.

    Attributes:
        node: Id of the node.
        slot: Which of its outputs, from 0.
        certain: Whether the node surely has that output; `verify` may let fewer pass.
    """

    node: str
    slot: int = 0
    certain: bool = True


Flow: TypeAlias = tuple[Ref, ...]
Inputs: TypeAlias = "tuple[tuple[str, Ref], ...]"
"""What a node reads, as (role, reference) pairs in order."""


class Asked(Record):
    """A model, or a topology, and how many answers are wanted of it."""

    target: Any
    samples: int = 1


class Arguments(Record):
    """The arguments of one use of a stage, with every name resolved and no hole left.

    Attributes:
        values: By parameter name; a parameter that was not given has its default.
        sampling: The settings of a call that were given.
        repeat: `xN` at the end of the stage.
    """

    values: dict[str, Any]
    sampling: dict[str, Any]
    repeat: int = 1

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


class Lowering(Protocol):
    """Builds the graph for a stage."""

    def expect(self, calls: int) -> None:
        """Say how many calls are about to be made, so that too many are refused before any is built."""
        ...

    def ask(
        self,
        asked: Any,
        incoming: Flow,
        arguments: Arguments,
        *,
        prompt: Prompt | None = None,
        default: Prompt | None = None,
        spare: bool = False,
    ) -> Flow:
        """Ask a model, or run a topology, with the incoming candidates as references. Asked again, it draws new samples.

        A spare is asked only when other calls are lost, so it shares none with them.
        """
        ...

    def call(
        self,
        purpose: str,
        model: Any,
        prompt: Prompt,
        inputs: Inputs,
        arguments: Arguments,
        *,
        item: str = "",
        values: tuple[tuple[str, Any], ...] = (),
        sample: int = 0,
    ) -> Ref:
        """One call of a model: sample `sample` of the equal calls that the stage makes."""
        ...

    def reduce(self, operation: str, inputs: Inputs, yields: Bounds, **parameters: Any) -> Flow:
        """One pure function of candidates, with the bounds of how many come out."""
        ...


class Stage(Protocol):
    """What a stage file defines as `STAGE`."""

    @property
    def summary(self) -> str:
        """One sentence."""
        ...

    @property
    def source(self) -> str:
        """Where the idea comes from, or ""."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes."""
        ...

    @property
    def placeholders(self) -> frozenset[str]:
        """What its prompt may name."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """`candidates`, `tests`, `scores`: what must be there before it."""
        ...

    @property
    def attaches(self) -> str:
        """What it attaches to candidates: `critiques`, `scores`, `tests`, or ""."""
        ...

    @property
    def writes(self) -> bool:
        """Whether the candidates that come out are new texts."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether `xN` behind it, or behind its model, asks for more answers."""
        ...

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """How many candidates come out for how many that come in."""
        ...

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """Expand into nodes and return the candidates that come out."""
        ...


ALWAYS = frozenset({"question", "history", "field"})
READING = ALWAYS | {"candidates", "n", "critiques", "scores"}


class StageBase(Record):
    """The usual answers; a stage changes those that differ."""

    summary: str = ""
    source: str = ""
    parameters: tuple[Parameter, ...] = ()
    placeholders: frozenset[str] = READING
    needs: frozenset[str] = frozenset({"candidates"})
    attaches: str = ""
    writes: bool = False
    repeatable: bool = False

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """As many as come in."""
        del sizes
        return incoming


def sure(incoming: Sequence[Ref]) -> int:
    """How many of the candidates are surely there."""
    return sum(ref.certain for ref in incoming)


def reading(incoming: Sequence[Ref], role: str = "candidates") -> Inputs:
    """The candidates as inputs, all in one role."""
    return tuple((role, ref) for ref in incoming)


JUDGE = Parameter("model", "model", "The model that judges.", positional=True, required=True)
PROMPT = Parameter("prompt", "prompt", "Prompt to use instead of the default.")
CALL = (PROMPT, *SAMPLING, *READS)
"""What every stage that asks one model takes besides the model."""
