"""What a simulated world is made of: models, categories of questions, and how prompts act on models.

All of it is figures. Abilities and margins are in standard deviations of a question's difficulty: a model of ability 0 in a
category answers half of its questions right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Category:
    """A kind of question.

    Attributes:
        loading: Correlation of a model's margin with the difficulty that all models share.
        family: Share of the margin's variance that models of one family have in common besides.
        redraw: Share of what is left that another sample, or another wording of the prompt, draws anew.
        zipf: How strongly wrong answers gather on the most attractive one: mean of the exponent's logarithm.
        zipf_spread: Standard deviation of that logarithm over questions.
        trap: How much more an able model's wrong answers gather, per unit of ability.
        tail: Share of wrong answers that no other model gives.
        stick: Share of wrong answers that a model repeats in every sample.
        label_noise: Share of targets of an eval set that are wrong; does not touch questions that the simulation itself solves.
        subject: Standard deviation of a model's ability over the subjects of the category.
        doubt: How much harder it is to tell right from wrong here than in other categories, when candidates are compared.
    """

    loading: float = 0.7
    family: float = 0.05
    redraw: float = 0.6
    zipf: float = 0.0
    zipf_spread: float = 0.5
    trap: float = 0.0
    tail: float = 0.15
    stick: float = 0.5
    label_noise: float = 0.0
    subject: float = 0.0
    doubt: float = 0.0


@dataclass(frozen=True)
class Model:
    """A simulated model.

    Attributes:
        family: Models of one family err together.
        ability: By category; `default` for those that are not named.
        loading: By category, where it differs from the category's.
        open: Ability to find right points where there is no checkable target.
        care: Ability to avoid wrong points there. A model with much of the first and little of the second is a good proposer and a
            poor single model.
        aggregate: Skill at merging candidates: a separate axis from answering.
        judge: Skill at telling good candidates from bad ones.
        label: Skill at sorting questions into classes.
        tokens: Mean length of an answer by category; `default` for those that are not named.
        token_spread: Standard deviation of the logarithm of the length.
        delay: Seconds before the first token.
        speed: Tokens a second.
        context: Longest prompt, in tokens; 0 for no limit.
        style: How the final answer is written: `plain`, `bold`, `boxed` or `json`.
        deceptive: Whether it argues for a wrong answer, always the same one.
        price: Dollars per million tokens, `in` and `out`; unknown where it is not given.
    """

    family: str = ""
    ability: Mapping[str, float] = field(default_factory=dict)
    loading: Mapping[str, float] = field(default_factory=dict)
    open: float = 0.0
    care: float = 0.0
    aggregate: float = 0.0
    judge: float = 0.0
    label: float = 1.5
    tokens: Mapping[str, float] = field(default_factory=dict)
    token_spread: float = 0.35
    delay: float = 0.4
    speed: float = 60.0
    context: int = 0
    style: str = "plain"
    deceptive: bool = False
    price: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Aggregation:
    """How an aggregator chooses among the answers that its prompt shows.

    Attributes:
        skill: Margin by which an aggregator of skill 0, told nothing, prefers right answers to wrong ones.
        sharpness: How much one unit of a model's skill at aggregating adds to that.
        own_knowledge: How much its own margin on the question adds to that.
        support: Weight of the number of candidates that give an answer, on a logarithmic scale.
        own_answer: How many candidates its own belief counts for.
        noise: Standard deviation of what it likes about an answer for no good reason.
        position: Advantage of the first candidate over the last.
        critique: Weight of a critique shown in the prompt.
        persuasion: Advantage of a candidate that argues for its answer with emphasis.
        derail: Share of answers that go wrong while they are rewritten.
        loose_ending: Share of answers that end in free prose when no form of the end is asked for.
    """

    skill: float = -0.4
    sharpness: float = 0.3
    own_knowledge: float = 0.7
    support: float = 1.4
    own_answer: float = 0.5
    noise: float = 0.6
    position: float = 0.1
    critique: float = 0.6
    persuasion: float = 1.0
    derail: float = 0.01
    loose_ending: float = 0.03


@dataclass(frozen=True)
class Instructions:
    """How much each instruction in a prompt adds to an aggregator's or judge's skill.

    Attributes:
        doubt: Candidates may be wrong.
        majority: The majority may be wrong too.
        check: Check the claims, compare them, find the conflicts.
        work: Work it out yourself.
        steps: Step by step.
        data: Candidates are data, not instructions. Adds nothing to skill; weakens persuasion.
        plain_end: End with a plain answer: no free prose at the end.
        most: What all of them together cannot exceed: each further one adds less.
        answering: How much `steps`, `check` and `work` add, times this, to the ability of a model that answers alone.
    """

    doubt: float = 0.2
    majority: float = 0.15
    check: float = 0.3
    work: float = 0.25
    steps: float = 0.2
    data: float = 0.5
    plain_end: float = 0.05
    most: float = 0.9
    answering: float = 0.15


@dataclass(frozen=True)
class Judging:
    """How a model judges candidates.

    Attributes:
        skill: Margin by which a judge of skill 0 tells a right candidate from a wrong one.
        own_knowledge: How much its own margin on the question adds.
        noise: Standard deviation of its impression of one candidate.
        self_preference: Advantage of its own texts.
        length: Advantage of a text that is e times longer.
        position: Advantage of the candidate that is shown first.
        tie: Difference below which two candidates are a tie.
        malformed: Share of judgements that are not in the form asked for.
        harsh: Added to the impression before it becomes a score or a verdict; below 0 for strict judges.
    """

    skill: float = 0.1
    own_knowledge: float = 0.5
    noise: float = 0.7
    self_preference: float = 0.1
    length: float = 0.1
    position: float = 0.1
    tie: float = 0.1
    malformed: float = 0.01
    harsh: float = 0.2


@dataclass(frozen=True)
class Open:
    """Questions without a checkable target: an answer is a set of points, each right or wrong.

    Attributes:
        points: Right points that a question has; there are as many attractive wrong ones.
        reach: Margin of including an average right point for a model of ability 0.
        slip: Margin of including an average wrong point, likewise.
        gain: How much one unit of ability adds to reach.
        care: How much one unit of care takes from slip.
        difficulty: Weight of the difficulty that all points of a question share.
        obvious: Standard deviation of how obvious points are.
        own: Standard deviation of a model's fixed liking for a point.
        sample: Standard deviation of what another sample draws anew.
        keep: Margin of an aggregator for keeping a point, right or wrong.
        skill: Margin by which an aggregator of skill 0 tells right points from wrong ones.
        sharpness: How much one unit of aggregator skill adds to that.
        support: Weight of the number of further candidates that make a point, on a logarithmic scale.
        noise: Standard deviation of its impression of a point.
        own_points: What takes from the keeping of points that only the aggregator itself thought of; below 0 it adds.
        attention: What each candidate beyond the first two takes from telling right from wrong.
        penalty: What a wrong point takes from quality, in right points.
        par: Quality at which half of the comparisons with the reference model are won.
        spread: Standard deviation of the difference of quality at which a comparison is decided.
    """

    points: int = 10
    reach: float = 0.0
    slip: float = -1.0
    gain: float = 0.5
    care: float = 0.3
    difficulty: float = 0.3
    obvious: float = 0.7
    own: float = 0.6
    sample: float = 0.5
    keep: float = 0.6
    skill: float = 0.5
    sharpness: float = 0.4
    support: float = 0.4
    noise: float = 0.5
    own_points: float = 0.2
    attention: float = 0.0
    penalty: float = 1.0
    par: float = 0.4
    spread: float = 0.2


@dataclass(frozen=True)
class World:
    """Everything that simulated models and questions depend on.

    Attributes:
        name: Shown in reports.
        seed: Another seed is another draw of the same world.
        temperature: What is assumed where a request sets none.
        models: By name.
        categories: By name; `general` stands in for those that are not named.
        aliases: Other names of categories, such as the subjects of an exam.
        aggregation: How aggregators choose.
        instructions: What instructions do.
        judging: How judges judge.
        open: Questions without a target.
    """

    name: str = "world"
    seed: int = 0
    temperature: float = 1.0
    models: Mapping[str, Model] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    aggregation: Aggregation = field(default_factory=Aggregation)
    instructions: Instructions = field(default_factory=Instructions)
    judging: Judging = field(default_factory=Judging)
    open: Open = field(default_factory=Open)

    def category(self, name: str, *, choices: bool = False) -> tuple[str, Category]:
        """The category that a name, or the name of a subject, means.

        Args:
            name: As the item has it.
            choices: Whether the question is multiple choice: then an alias such as `math (choices)` comes first, because to pick
                an option is not the same as to find the answer.
        """
        key = name.strip().lower()
        if choices and f"{key} (choices)" in self.aliases:
            key = f"{key} (choices)"
        key = self.aliases.get(key, key)
        found = self.categories.get(key)
        if found is None:
            return "general", self.categories.get("general", Category())
        return key, found
