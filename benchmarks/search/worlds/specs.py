"""The simulated worlds, in their regimes. All figures were chosen by hand, before any search was run on them.

A regime says what the world is unkind to: `favourable` has specialists whose errors complement each other; `misspecified`
lets merges depend on what no feature shows; in `homogeneous` an ensemble is no use; and so on.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.search.worlds.model import Answering, Judging, Merging, Model, Spec

PRICES = {
    "tiny": (0.05, 0.1),
    "small": (0.1, 0.3),
    "middle": (0.4, 1.2),
    "large": (1.0, 4.0),
    "huge": (2.5, 10.0),
    "frontier": (5.0, 25.0),
}
"""Dollars per million tokens, of prompts and of answers."""


def _model(name: str, ability: tuple[float, ...], price: str, tokens: float = 300, **more: float) -> Model:
    return Model(name, ability, PRICES[price], tokens, **more)  # type: ignore[arg-type]


SPECIALISTS = (
    _model("ant", (-0.2, -0.1, 0.3), "tiny", 240),
    _model("bee", (0.9, -0.5, 0.2), "small", 320, merge=-0.1),
    _model("cat", (-0.4, 1.0, 0.1), "small", 280),
    _model("dog", (0.1, 0.2, 1.1), "middle", 300, judge=1.8),
    _model("elk", (0.6, 0.5, 0.4), "large", 350, merge=0.2, judge=2.2),
    _model("fox", (0.8, 0.7, 0.6), "huge", 380, merge=0.3, judge=2.5),
)
GENERAL = (
    _model("ant", (-0.4, -0.3, -0.2), "tiny", 240),
    _model("bee", (0.0, 0.1, 0.0), "small", 300),
    _model("cat", (0.2, 0.1, 0.3), "small", 340, merge=-0.1),
    _model("dog", (0.5, 0.4, 0.4), "middle", 300, judge=1.8),
    _model("elk", (0.6, 0.8, 0.6), "large", 350, merge=0.1, judge=2.0),
    _model("fox", (0.9, 0.8, 1.0), "huge", 400, merge=0.2, judge=2.4),
)
MANY = (
    *SPECIALISTS,
    _model("gnu", (1.2, -0.6, -0.4), "middle", 260),
    _model("hen", (0.3, 0.9, -0.3), "middle", 310),
)
JUDGES, REFINERS = ("dog", "elk", "fox"), ("cat", "elk")

FAVOURABLE = Spec("specialists", "favourable", 11, SPECIALISTS, JUDGES, REFINERS, answering=Answering(0.45))
ORDINARY = Spec("ordinary", "favourable", 12, GENERAL, JUDGES, REFINERS)
CLONE = (0.4, 0.4, 0.4)

SPECS = (
    FAVOURABLE,
    ORDINARY,
    replace(FAVOURABLE, name="many models", regime="many and few models", seed=13, models=MANY, most=4),
    Spec(
        "few models",
        "many and few models",
        14,
        (SPECIALISTS[3], SPECIALISTS[4]),
        ("dog", "elk"),
        ("dog", "elk"),
        most=8,
        temperatures=(0.0, 0.5, 1.0),
    ),
    replace(ORDINARY, name="hidden merges", regime="misspecified", seed=15, merging=Merging(hidden=0.4)),
    replace(
        FAVOURABLE,
        name="contrary merges",
        regime="misspecified",
        seed=16,
        merging=Merging(-0.3, 0.1, 0.9, 1.2, (0.0, 0.2), 0.8, 0.4),
    ),
    replace(
        ORDINARY,
        name="one dominant",
        regime="homogeneous",
        seed=17,
        models=(*(replace(each, ability=(-0.5, -0.4, -0.5)) for each in GENERAL[:5]), GENERAL[5]),
        answering=Answering(0.8, 0.2),
    ),
    replace(
        ORDINARY,
        name="clones",
        regime="homogeneous",
        seed=18,
        models=tuple(replace(each, ability=CLONE, twin=GENERAL[0].name, tokens=300, merge=0.0) for each in GENERAL),
    ),
    replace(ORDINARY, name="correlated", regime="correlated errors", seed=19, answering=Answering(0.9, 0.3, zipf=2.0)),
    replace(
        FAVOURABLE,
        name="noisy judge",
        regime="bad judges and merges",
        seed=20,
        judging=Judging(0.0, 0.2, 2.5),
        merging=Merging(-0.2, 0.3, 0.9, 0.9, spread=1.2),
    ),
    replace(
        ORDINARY,
        name="merge hurts",
        regime="bad judges and merges",
        seed=21,
        merging=Merging(-0.7, 0.4, 0.9, 1.0, (0.0, -0.3)),
        answering=Answering(0.5, 0.8),
    ),
    replace(
        ORDINARY,
        name="strong and cheap",
        regime="prices",
        seed=22,
        models=(replace(GENERAL[0], ability=(1.0, 0.9, 1.0)), *GENERAL[1:]),
    ),
    replace(
        ORDINARY,
        name="dear aggregator",
        regime="prices",
        seed=23,
        models=(*GENERAL[:5], replace(GENERAL[5], price=PRICES["frontier"], tokens=900, merge=0.5)),
        judges=("cat", "dog", "fox"),
    ),
    Spec(
        "vote trap",
        "vote trap",
        24,
        (
            Model("weak 1", (-0.5, -0.5, -0.5), PRICES["tiny"], 250),
            *(Model(f"weak {each}", (-0.5, -0.5, -0.5), PRICES["tiny"], 250, twin="weak 1") for each in range(2, 9)),
            _model("fox", (0.9, 0.8, 1.0), "large", 380, merge=0.2, judge=2.0),
        ),
        ("weak 1", "fox"),
        most=4,
        answering=Answering(0.5, 0.3, zipf=2.0),
    ),
    replace(ORDINARY, name="small set", regime="sizes", seed=25, items=60, report=200),
    replace(FAVOURABLE, name="large set", regime="sizes", seed=26, items=1000, report=500, population=4000),
)
