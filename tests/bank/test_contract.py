"""What every bank does alike: in memory, in an SQLite file, in PostgreSQL."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from bank.examples import ASKED, entry, keyed

from moaql.bank.base import Entry, ModelCount, Selection
from moaql.bank.key import key_of
from moaql.bank.open import open_bank
from moaql.errors import BankError
from moaql.providers.base import Item, Request, Response

KEY = key_of(ASKED)


@asynccontextmanager
async def closing(bank):
    try:
        yield bank
    finally:
        await bank.close()


def with_bank(open_it, use):
    """What a coroutine gives that is called with an open bank."""

    async def run():
        async with closing(open_it()) as bank:
            return await use(bank)

    return asyncio.run(run())


async def fill(bank, *entries):
    await asyncio.gather(*(bank.store(key, each) for key, each in keyed(*entries)))


async def all_of(bank, selection=None):
    return [each async for _, each in bank.entries(selection or Selection())]


def test_what_is_stored_is_found(open_it):
    async def use(bank):
        assert await bank.find(KEY) is None
        await bank.store(KEY, entry())
        return await bank.find(KEY)

    assert with_bank(open_it, use) == entry()


def test_samples_are_apart(open_it):
    async def use(bank):
        await fill(bank, *(entry(text=f"answer {sample}", sample=sample) for sample in range(5)))
        found = [await bank.find(key_of(replace(ASKED, sample=sample))) for sample in range(6)]
        return [each and each.response.text for each in found]

    assert with_bank(open_it, use) == ["answer 0", "answer 1", "answer 2", "answer 3", "answer 4", None]


def test_the_first_of_a_key_stays(open_it):
    async def use(bank):
        await bank.store(KEY, entry(text="first"))
        await bank.store(KEY, entry(text="second"))
        await asyncio.gather(*(bank.store(KEY, entry(text="third")) for _ in range(10)))
        return await all_of(bank)

    assert with_bank(open_it, use) == [entry(text="first")]


def test_of_equal_keys_that_come_together_the_first_stays(open_it):
    async def use(bank):
        await asyncio.gather(*(bank.store(KEY, entry(text=f"{number}")) for number in range(50)))
        found = await bank.find(KEY)
        return found.response.text

    assert with_bank(open_it, use) == "0"


@pytest.mark.parametrize(
    "text",
    ["", "naïve — 日本語 — עברית", "👩‍👩‍👧 𝕏", "a\0b\0", "half of a pair: \ud83d", "'; DROP TABLE responses; --", "\\u0000 \\x00 %s", "\r\n\t\x1b[2J"],
    ids=["empty", "languages", "emoji", "nul", "surrogate", "sql", "escapes", "control"],
)  # fmt: skip
def test_every_text_comes_back_as_it_was(open_it, text):
    request = Request(
        "p",
        "m",
        (("system", text), ("user", text)),
        (("stop", (text, "b")),),
        0,
        (("base_url", "http://x/" + text),),
        Item(text, text),
    )
    stored = Entry(request, Response(text, text, finish=text, model=text), 0.1, 0.2, 3.0)

    async def use(bank):
        await bank.store(KEY, stored)
        return await bank.find(KEY), await all_of(bank)

    assert with_bank(open_it, use) == (stored, [stored])


def test_ten_megabytes_come_back_as_they_were(open_it):
    text = "ten bytes\n" * 1_000_000

    async def use(bank):
        await bank.store(KEY, entry(text=text))
        found = await bank.find(KEY)
        return found.response.text == text

    assert with_bank(open_it, use)


def test_what_is_not_known_stays_unknown(open_it):
    bare = Entry(Request("p", "m", ()), Response("x"), None, 0.0, 0.0)
    full = Entry(
        Request("p", "m", (("user", "q"),), (("logprobs", True), ("seed", 2**70), ("top_p", 1)), 3, (("base_url", "u"), ("file", "/f"))),
        Response("x", "thought", 0, 2**40, "length", "m-2026", 0.125, 0.5),
        0.0,
        1e-9,
        1.7e9,
    )  # fmt: skip

    async def use(bank):
        await bank.store(b"0" * 32, bare)
        await bank.store(b"1" * 32, full)
        return await bank.find(b"0" * 32), await bank.find(b"1" * 32)

    assert with_bank(open_it, use) == (bare, full)


def test_of_the_item_its_question_and_id_are_kept_and_of_the_connection_no_key(open_it):
    request = replace(
        ASKED,
        connection=(("api_key_env", "sk-oops"), ("base_url", "u")),
        item=Item("Capital?", "q7", {"target": "Paris"}),
    )

    async def use(bank):
        await bank.store(KEY, replace(entry(), request=request))
        return (await bank.find(KEY)).request

    assert with_bank(open_it, use) == replace(request, connection=(("base_url", "u"),), item=Item("Capital?", "q7"))


def test_many_at_once_are_all_there_when_their_store_returns(open_it):
    entries = [entry(f"question {number}", f"answer {number}", sample=number % 3) for number in range(300)]

    async def use(bank):
        async def store_and_find(key, each):
            await bank.store(key, each)
            return await bank.find(key) == each

        return await asyncio.gather(*(store_and_find(*pair) for pair in keyed(*entries)))

    assert all(with_bank(open_it, use))


def test_entries_come_oldest_first_and_as_selected(open_it):
    dates = [5.0, 1.0, 3.0, 3.0, 4.0, 2.0]
    entries = [entry(f"q{number}", date=date, model="ab"[number % 2]) for number, date in enumerate(dates)]

    async def use(bank):
        for each in entries:
            await fill(bank, each)
        selections = [
            Selection(),
            Selection(models=("openai/a",)),
            Selection(models=("openai/a", "openai/b", "openai/c"), before=3.0),
            Selection(after=3.0),
            Selection(before=3.0, after=2.0),
            Selection(models=("a",)),
        ]
        return [[each.request.messages[0][1] for each in await all_of(bank, selection)] for selection in selections]

    assert with_bank(open_it, use) == [
        ["q1", "q5", "q2", "q3", "q4", "q0"],
        ["q2", "q4", "q0"],
        ["q1", "q5"],
        ["q2", "q3", "q4", "q0"],
        ["q5"],
        [],
    ]


def test_entries_of_one_date_are_given_once_each_however_many(open_it):
    entries = [entry(f"q{number}") for number in range(450)]

    async def use(bank):
        await fill(bank, *entries)
        pairs = [pair async for pair in bank.entries(Selection())]
        return sorted(key for key, _ in pairs)

    assert with_bank(open_it, use) == sorted(key for key, _ in keyed(*entries))


def test_count_says_what_each_model_has(open_it):
    async def use(bank):
        assert await bank.count() == []
        await fill(
            bank, *(entry(f"q{n}", model="b", date=n, cost=0.5 if n else None) for n in range(3)), entry(model="a")
        )
        return await bank.count(), await bank.count(Selection(models=("openai/b",), after=1.0))

    a = ModelCount("openai/a", 1, 10, 3, 0.25, 0, 1000.0, 1000.0)
    assert with_bank(open_it, use) == (
        [a, ModelCount("openai/b", 3, 30, 9, 1.0, 1, 0.0, 2.0)],
        [ModelCount("openai/b", 2, 20, 6, 1.0, 0, 1.0, 2.0)],
    )


def test_prune_deletes_what_is_meant_and_nothing_else(open_it):
    entries = [entry("same question", f"text {n}", sample=n, date=float(n), model="ab"[n % 2]) for n in range(10)]

    async def use(bank):
        await fill(bank, *entries)
        assert await bank.prune(Selection(models=("openai/c",))) == 0
        assert await bank.prune(Selection(models=("openai/a",), before=6.0)) == 3
        left = await all_of(bank)
        await fill(bank, *entries)
        return left, sorted(each.date for each in await all_of(bank)), await bank.prune(Selection()), await bank.count()

    left, again, all_, counts = with_bank(open_it, use)
    assert left == [each for each in entries if each.request.model == "b" or each.date >= 6]
    assert again == [float(n) for n in range(10)]
    assert (all_, counts) == (10, [])


def test_a_bank_can_be_used_by_one_loop_after_another(open_it):
    bank = open_it()
    asyncio.run(bank.store(KEY, entry()))
    assert asyncio.run(bank.find(KEY)) == entry()
    asyncio.run(bank.close())
    asyncio.run(bank.close())


def test_two_banks_on_one_store_see_each_others_entries(shared_place):
    async def run():
        async with closing(open_bank(shared_place)) as one, closing(open_bank(shared_place)) as other:
            mine, yours = entry("mine"), entry("yours")
            await asyncio.gather(fill(one, mine), fill(other, yours))
            assert await all_of(one) == await all_of(other)
            await one.store(KEY, entry(text="one"))
            await other.store(KEY, entry(text="other"))
            assert (await one.find(KEY)).response.text == (await other.find(KEY)).response.text == "one"
            assert await one.prune(Selection()) == 3
            assert await other.find(KEY) is None
            await fill(other, mine)
            assert await all_of(one) == [mine]

    asyncio.run(run())


def test_entries_outlive_the_bank_that_stored_them(shared_place):
    async def store():
        async with closing(open_bank(shared_place)) as bank:
            await bank.store(KEY, entry())
            assert await bank.size() > 0

    async def find():
        async with closing(open_bank(shared_place)) as bank:
            return await bank.find(KEY)

    asyncio.run(store())
    assert asyncio.run(find()) == entry()


def test_a_closed_bank_says_so(shared_place):
    async def run():
        bank = open_bank(shared_place)
        await bank.close()
        for use in (bank.find(KEY), bank.store(KEY, entry()), bank.count(), bank.prune(Selection()), all_of(bank)):
            with pytest.raises(BankError, match="is closed"):
                await use

    asyncio.run(run())


def test_what_is_awaited_when_the_bank_closes_is_stored(shared_place):
    async def run():
        bank = open_bank(shared_place)
        stores = [
            asyncio.ensure_future(bank.store(key, each)) for key, each in keyed(*(entry(f"q{n}") for n in range(50)))
        ]
        await asyncio.sleep(0)
        await bank.close()
        await asyncio.gather(*stores)
        async with closing(open_bank(shared_place)) as bank:
            return len(await all_of(bank))

    assert asyncio.run(run()) == 50


def test_a_store_that_nobody_waits_for_any_more_harms_nobody(shared_place):
    async def run():
        async with closing(open_bank(shared_place)) as bank:
            left = asyncio.ensure_future(bank.store(KEY, entry()))
            await asyncio.sleep(0)
            left.cancel()
            await fill(bank, entry("another"))
            return len(await all_of(bank))

    assert asyncio.run(run()) in (1, 2)
