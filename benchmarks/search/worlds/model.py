"""What a simulated world is made of: models, how their answers are judged and merged, and what may be combined."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Model:
    """One simulated model. Abilities and skills are in standard deviations of the noise of one answer.

    Attributes:
        name: Its name.
        ability: One a category; at 0 it answers half of the questions rightly, at 1 about 84 %.
        price: Dollars per million tokens, of prompts and of answers.
        tokens: Mean length of its answers.
        merge: What it adds to a merge that it writes.
        judge: How well it tells right candidates from wrong ones.
        twin: Name of the model that it shares its own errors with: another host of the same weights.
    """

    name: str
    ability: tuple[float, ...]
    price: tuple[float, float]
    tokens: float = 300.0
    merge: float = 0.0
    judge: float = 1.5
    twin: str = ""


@dataclass(frozen=True)
class Answering:
    """How answers come about.

    Attributes:
        loading: Correlation of the margins of two models: 1 where all fail on the same questions.
        redraw: Share of a model's own noise that temperature 1 draws anew; in proportion at others.
        heat: What one degree of temperature takes from every ability.
        wrongs: Wrong answers that a question has.
        zipf: How much wrong answers gather on few of them.
        silent: Share of answers that cannot be read.
    """

    loading: float = 0.65
    redraw: float = 0.5
    heat: float = 0.15
    wrongs: int = 12
    zipf: float = 1.2
    silent: float = 0.0


@dataclass(frozen=True)
class Merging:
    """How a model writes one answer from candidates: rightly where the sum of what follows is above 0.

    Attributes:
        base: For all.
        belief: Weight of what the model itself believes of the question.
        share: Weight of the share of right candidates, from -1 (none) to 1 (all).
        temptation: Weight of the lead of the most frequent wrong answer over the right one.
        prompts: What each prompt adds.
        spread: Standard deviation of what belongs to one merge of one question only.
        hidden: Standard deviation of what a set of models adds with a merging model and prompt, which no feature shows.
    """

    base: float = 0.2
    belief: float = 0.5
    share: float = 1.2
    temptation: float = 0.6
    prompts: tuple[float, ...] = (0.0, 0.2)
    spread: float = 0.5
    hidden: float = 0.0


@dataclass(frozen=True)
class Judging:
    """How a judge chooses a candidate: that of the greatest sum of what follows.

    Attributes:
        belief: How much more a judge sees in a question that it could answer itself.
        pull: Weight of the share of candidates that give the same answer.
        spread: Standard deviation of the noise of one candidate.
    """

    belief: float = 0.3
    pull: float = 1.0
    spread: float = 1.0


@dataclass(frozen=True)
class Spec:
    """One world, before anything is drawn.

    Attributes:
        name: Its name.
        regime: What it stands for, as the table groups it.
        seed: Of everything drawn.
        models: In order.
        judges: Names of those that may select and merge.
        refiners: Names of those that may be a second layer.
        most: Largest number of answers to begin with.
        temperatures: Of the first layer.
        items: To search on.
        report: Items kept for the last comparison.
        population: All items; the truth is the mean over these.
        prompt: Mean tokens of a question.
        width: Answers of a second layer.
    """

    name: str
    regime: str
    seed: int
    models: tuple[Model, ...]
    judges: tuple[str, ...]
    refiners: tuple[str, ...] = ()
    most: int = 5
    temperatures: tuple[float, ...] = (0.3, 0.9)
    items: int = 200
    report: int = 300
    population: int = 3000
    prompt: float = 200.0
    width: int = 2
    answering: Answering = field(default_factory=Answering)
    merging: Merging = field(default_factory=Merging)
    judging: Judging = field(default_factory=Judging)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models."""
        return tuple(model.name for model in self.models)

    @property
    def usual(self) -> int:
        """Position of the temperature at which a model is asked alone: the middle one, the lower of two."""
        return (len(self.temperatures) - 1) // 2
