"""On recorded answers of real models, fitted numbers hold on the half of the items that no fit has seen."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from evaluation.recorded import RECORDED, needs_recorded

from benchmarks.fitted_numbers import SHARE, WITHIN, Halves, cascade, family_of, singles, weights
from moaql.run.session import Options, open_session

pytestmark = needs_recorded


def test_a_cascade_and_weights_on_hard_mathematics() -> None:
    async def work() -> None:
        async with open_session(Options(bank="none")) as caller:
            with tempfile.TemporaryDirectory() as where:
                halves = Halves(family_of(RECORDED, "math_l5"), Path(where), caller, turned=True)
                figures = await singles(halves)
                found = await cascade(halves, figures)
                assert found is not None
                assert found.score >= found.single - WITHIN
                assert found.cost <= SHARE * found.dear
                line, held = await weights(halves, list(figures))
                assert held, line

    asyncio.run(work())


@pytest.mark.parametrize("family", ["mmlu_pro"])
def test_fitted_weights_beat_the_majority_and_the_best_model(family: str) -> None:
    async def work() -> tuple[str, bool]:
        async with open_session(Options(bank="none")) as caller:
            with tempfile.TemporaryDirectory() as where:
                halves = Halves(family_of(RECORDED, family), Path(where), caller)
                return await weights(halves, list(await singles(halves)))

    line, held = asyncio.run(work())
    assert held, line
