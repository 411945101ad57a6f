"""Routers that a test can see through."""

from moaql.routers.features import PLACES
from moaql.routers.router import Embedding, Linear, Logistic, Nearest, Router, Trained

TRAINED = Trained("set", "0123456789ab", 100, "2026-11-21")
EMBEDDING = Embedding("small", "http://models.test/v1", None, 0.02)
QUESTION_MARK = PLACES + 5
"""The place of the figure that says whether it is a question."""


def asking(within: float = 0.1) -> Router:
    """`weak` is as good as `strong` on texts with a question mark, and hopeless on others."""
    models = {"weak": Linear(-4.0, {QUESTION_MARK: 8.0}), "strong": Linear(4.0, {})}
    return Router(("weak", "strong"), {"weak": 0.001, "strong": 0.1}, within, Logistic(models), TRAINED)


def near(within: float = 0.1) -> Router:
    """`weak` is right on what lies to the right, `strong` everywhere."""
    vectors = ((1.0, 0.0), (0.8, 0.6), (-1.0, 0.0), (0.0, 1.0))
    scores = {"weak": (1.0, 1.0, 0.0, 0.0), "strong": (1.0, 1.0, 1.0, 1.0)}
    kind = Nearest(EMBEDDING, 2, vectors, scores)
    return Router(("weak", "strong"), {"weak": 0.001, "strong": 0.1}, within, kind, TRAINED)
