"""How likely each case answers rightly, learnt from scored answers: a logistic regression over words, or the nearest questions.

scikit-learn fits the regressions; applying them needs only `moaql.routers`. A score between 0 and 1 counts as that share of a right
answer. Numpy and scikit-learn are imported where they are used.
"""

from __future__ import annotations

import math
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import MissingPackage
from moaql.routers.features import SIZE, features
from moaql.routers.router import Linear, Logistic, Nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from moaql.routers.router import Embedding

    Array = NDArray[Any]

_PULLS = (0.003, 0.03, 0.1, 0.5)
"""How much the words may say: scikit-learn's C. With the least, only the cases' mean scores count."""
_NEIGHBOURS = (5, 10, 20, 40, 80)
_CLOSE = 1e-12


class Learner(Protocol):
    """One way to learn chances, with a setting that is chosen by cross-validation."""

    @property
    def settings(self) -> Sequence[float]:
        """What may be set, what is simplest first."""
        ...

    def chances(self, setting: float, train: Array, scores: Array, asked: Array) -> Array:
        """Chances of being right, a row for each case and a column for each item asked about.

        Args:
            setting: One of `settings`.
            train: Items to learn from.
            scores: Of those items, a row for each case.
            asked: Items to say the chances of.
        """
        ...

    def kind(self, setting: float, labels: Sequence[str], scores: Array) -> Logistic | Nearest:
        """What goes into the router: learnt from all items."""
        ...


class Words:
    """Logistic regressions over the words of the questions.

    Args:
        questions: Of all items.

    Raises:
        MissingPackage: if scikit-learn is not installed.
    """

    settings = _PULLS

    def __init__(self, questions: Sequence[str]) -> None:
        import numpy as np
        from scipy.sparse import csr_array

        _regression()
        rows = [features(question) for question in questions]
        places = np.array([place for row in rows for place in row], dtype=np.int32)
        values = np.array([value for row in rows for value in row.values()])
        starts = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32)  # scikit-learn wants 32 bits
        self._matrix: Any = csr_array((values, places, starts), shape=(len(rows), SIZE))

    def chances(self, setting: float, train: Array, scores: Array, asked: Array) -> Array:
        """See `Learner`."""
        import numpy as np

        models = [self._fit(setting, train, row) for row in scores]
        totals = np.array([self._matrix[asked] @ weights + intercept for intercept, weights in models])
        found: Array = 1 / (1 + np.exp(-totals))
        return found

    def kind(self, setting: float, labels: Sequence[str], scores: Array) -> Logistic:
        """See `Learner`."""
        import numpy as np

        every = np.arange(scores.shape[1])
        models = {}
        for label, row in zip(labels, scores, strict=True):
            intercept, weights = self._fit(setting, every, row)
            models[label] = Linear(intercept, {int(at): float(weights[at]) for at in np.flatnonzero(weights)})
        return Logistic(models)

    def _fit(self, setting: float, train: Array, scores: Array) -> tuple[float, Array]:
        """Intercept and weights for one case."""
        import numpy as np

        right = np.concatenate([np.ones(len(train)), np.zeros(len(train))])
        share = np.concatenate([scores, 1 - scores])
        used = share > 0
        if len(set(right[used])) < 2:  # always right, or always wrong: as sure as so many items make it
            mean = (scores.sum() + 1) / (len(scores) + 2)
            return float(math.log(mean / (1 - mean))), np.zeros(SIZE)
        rows = np.concatenate([train, train])[used]
        model = _regression()(C=setting, max_iter=500)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stops a little early is as good
            model.fit(self._matrix[rows], right[used], sample_weight=share[used])
        return float(model.intercept_[0]), model.coef_[0]


@dataclass(frozen=True)
class Neighbours:
    """The mean scores of the nearest questions.

    Attributes:
        embedding: What gave the vectors.
        vectors: One an item, of length 1.
    """

    embedding: Embedding
    vectors: Array

    @property
    def settings(self) -> Sequence[float]:
        """See `Learner`: numbers of neighbours, many being simplest."""
        fitting = [each for each in _NEIGHBOURS if each <= len(self.vectors) // 3]
        return tuple(reversed(fitting)) or (1,)

    def chances(self, setting: float, train: Array, scores: Array, asked: Array) -> Array:
        """See `Learner`; the same as `Nearest.chances`, for many at once."""
        import numpy as np

        alike = self.vectors[asked] @ self.vectors[train].T
        nearest = np.argsort(-alike, axis=1, kind="stable")[:, : int(setting)]
        shares = np.maximum(0.0, np.take_along_axis(alike, nearest, axis=1)) + _CLOSE
        found: Array = (scores[:, nearest] * shares).sum(axis=2) / shares.sum(axis=1)
        return found

    def kind(self, setting: float, labels: Sequence[str], scores: Array) -> Nearest:
        """See `Learner`."""
        vectors = tuple(tuple(row) for row in self.vectors.tolist())
        return Nearest(
            self.embedding,
            int(setting),
            vectors,
            {label: tuple(row) for label, row in zip(labels, scores.tolist(), strict=True)},
        )


def one_thread() -> AbstractContextManager[Any]:
    """While it is open, linear algebra uses one thread: on problems as small as these, more of them wait for one another."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:  # it comes with scikit-learn, which neighbours do not need
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def _regression() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    except ImportError:
        raise MissingPackage("moaql[fit]", "fitting a router to words") from None
    return LogisticRegression
