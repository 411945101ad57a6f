"""One budget for several processes: what is reserved before it is spent, and what becomes of it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from searching.test_ledger import ledger_at

from moaql.errors import BudgetReached, UsageError
from moaql.searching.ledger import Ledger
from moaql.searching.purse import Purse, SharedBudget

Worker = tuple[Ledger, Purse, SharedBudget]


@pytest.fixture
def come(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """A worker that comes to the study, with a budget of $1."""
    here: list[Ledger] = []

    def worker(total: float | None = 1.0) -> Worker:
        ledger = ledger_at(tmp_path)
        here.append(ledger)
        purse = Purse(ledger, total)
        return ledger, purse, SharedBudget(purse=purse)

    yield worker
    for each in here:
        each.close()


def die(worker: Worker) -> None:
    """Let go of the locks of a worker, as the system does when a process is killed, and write nothing."""
    worker[0].locks.leave()


def written(worker: Worker) -> float:
    """Dollars that the study says are spent or reserved, seen by this worker, its own left out."""
    return sum(each.most for each in worker[1].accounts().values())


def pay(budget: SharedBudget, *dollars: float) -> None:
    """Calls that may cost twice what they cost, one after another."""

    async def calls() -> None:
        for each in dollars:
            reservation = await budget.reserve(2 * each, "m")
            budget.settle(reservation, each)

    asyncio.run(calls())


def test_what_a_call_may_cost_is_in_the_study_before_it_is_sent(come: Callable[..., Worker]) -> None:
    (_, _, budget), other = come(), come()
    asyncio.run(budget.reserve(0.2, "m"))
    assert 0.2 <= written(other) <= 1
    assert budget.limit == pytest.approx(written(other))


def test_what_was_not_spent_goes_back(come: Callable[..., Worker]) -> None:
    (_, purse, budget), other = come(), come()
    pay(budget, 0.1, 0.1)
    purse.settle(budget)
    assert written(other) == pytest.approx(0.2)
    pay(other[2], 0.3)
    assert other[2].paid == 0.3
    assert purse.paid == pytest.approx(0.2)  # the other one has not told yet
    other[1].settle(other[2])
    assert purse.paid == pytest.approx(0.5)


def test_two_that_wait_for_one_another_do_not_wait_for_ever(come: Callable[..., Worker]) -> None:
    one, other = come(), come()
    pay(one[2], 0.3)  # it still holds a lump, and now waits for a call that the other one has begun

    async def both() -> None:
        call = asyncio.create_task(other[2].reserve(0.69, "m"))  # for which there is not enough until the lump is back
        await asyncio.sleep(0.3)
        assert not call.done()
        one[2].rest()
        await asyncio.wait_for(call, 5)

    asyncio.run(both())


def test_the_dead_are_charged_with_what_they_had_reserved(come: Callable[..., Worker]) -> None:
    dead, other = come(), come()
    asyncio.run(dead[2].reserve(0.6, "m"))
    die(dead)
    assert other[1].spent == pytest.approx(dead[2].limit)
    with pytest.raises(BudgetReached, match=r"the budget of \$1 is reached"):
        pay(other[2], 0.3)
    pay(other[2], 0.1)


def test_a_process_keeps_no_more_than_its_share_in_flight(come: Callable[..., Worker]) -> None:
    budget = come()[2]
    come()

    async def many() -> None:
        begun = [asyncio.create_task(budget.reserve(0.05, "m")) for _ in range(20)]
        await asyncio.sleep(0.01)
        # Of a dollar for two, a quarter: should it die, the other one has most of it left.
        assert sum(each.done() for each in begun) == 5
        while not all(each.done() for each in begun):
            budget.settle(0.05, 0.01)
            await asyncio.sleep(0.001)
        assert budget.paid + budget.reserved <= 1

    asyncio.run(asyncio.wait_for(many(), 20))


def test_a_call_waits_for_what_others_may_give_back(come: Callable[..., Worker]) -> None:
    (_, purse, budget), (_, _, other) = come(), come()

    async def both() -> None:
        reservation = await budget.reserve(0.8, "m")
        waiting = asyncio.create_task(other.reserve(0.5, "m"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        budget.settle(reservation, 0.1)
        purse.settle(budget)
        assert await asyncio.wait_for(waiting, 5) == 0.5

    asyncio.run(both())


def test_the_sum_of_all_never_exceeds_the_budget(come: Callable[..., Worker]) -> None:
    workers = [come() for _ in range(3)]

    async def spend(budget: SharedBudget) -> None:
        while True:
            reservation = await budget.reserve(0.02, "m")
            assert sum(each[2].paid + each[2].reserved for each in workers) <= 1 + 1e-9
            await asyncio.sleep(0)
            budget.settle(reservation, 0.013)

    async def all_of_them() -> None:
        ends = await asyncio.gather(*(spend(each[2]) for each in workers for _ in range(8)), return_exceptions=True)
        assert all(isinstance(each, BudgetReached) for each in ends), ends

    asyncio.run(asyncio.wait_for(all_of_them(), 30))
    assert 0.95 < sum(each[2].paid for each in workers) <= 1


def test_without_a_budget_what_is_paid_is_kept_all_the_same(come: Callable[..., Worker]) -> None:
    (_, purse, budget), other = come(None), come(None)
    pay(budget, 3.0)
    purse.settle(budget)
    assert other[1].spent == 3
    assert budget.limit is None


def test_with_a_budget_a_price_must_be_known(come: Callable[..., Worker]) -> None:
    with pytest.raises(UsageError, match="no known price"):
        asyncio.run(come()[2].reserve(None, "m"))


def test_those_who_work_at_the_same_time_are_numbered(come: Callable[..., Worker]) -> None:
    first, second = come(), come()
    assert (first[1].ordinal, second[1].ordinal) == (0, 1)
    die(first)
    assert come()[1].ordinal == 0
