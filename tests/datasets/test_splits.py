"""Splits: disjoint, complete, of the right size, and the same however the file is sorted and whatever is added."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.datasets.items import EvalItem
from moaql.datasets.splits import Selection, position, read_selection, split_items
from moaql.errors import UsageError

SHARES = {"search": 0.5, "select": 0.3, "report": 0.2}
KINDS = ("maths", "law", "art")
ids = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=60, unique=True)


def item(id: str, category: str | None = None) -> EvalItem:
    """An item whose category follows from its id."""
    kind = category or KINDS[int(position(id, end="category") * len(KINDS))]
    return EvalItem(id, f"question {id}", fields={"category": kind}, file="a.jsonl", line=1)


def assigned(items: list[EvalItem], seed: int = 0, by: str | None = None) -> dict[str, str]:
    return {each.id: name for name, part in split_items(items, SHARES, seed=seed, by=by).items() for each in part}


@given(ids=ids, seed=st.integers(), by=st.sampled_from([None, "category"]))
def test_every_item_is_in_exactly_one_part(ids: list[str], seed: int, by: str | None) -> None:
    items = [item(id) for id in ids]
    parts = split_items(items, SHARES, seed=seed, by=by)
    assert list(parts) == list(SHARES)
    assert Counter(each.id for part in parts.values() for each in part) == Counter(ids)
    order = {each.id: index for index, each in enumerate(items)}
    assert all([order[each.id] for each in part] == sorted(order[each.id] for each in part) for part in parts.values())


@given(ids=ids, seed=st.integers(), by=st.sampled_from([None, "category"]), data=st.data())
def test_the_order_of_the_file_does_not_matter(ids: list[str], seed: int, by: str | None, data: st.DataObject) -> None:
    items = [item(id) for id in ids]
    assert assigned(data.draw(st.permutations(items)), seed, by) == assigned(items, seed, by)


@given(ids=ids, more=ids, seed=st.integers())
def test_items_that_are_added_move_no_other(ids: list[str], more: list[str], seed: int) -> None:
    before = assigned([item(id) for id in ids], seed)
    after = assigned([item(id) for id in dict.fromkeys([*more, *ids])], seed)
    assert {id: after[id] for id in before} == before


@given(ids=ids, new=st.text(min_size=7, max_size=9), seed=st.integers())
def test_in_strata_an_added_item_moves_one_across_each_border_at_most(ids: list[str], new: str, seed: int) -> None:
    before = assigned([item(id) for id in ids], seed, "category")
    after = assigned([item(new), *(item(id) for id in ids)], seed, "category")
    moved = [id for id in ids if after[id] != before[id]]
    assert len(moved) <= len(SHARES) - 1
    assert all(item(id).fields == item(new).fields for id in moved)


@given(ids=ids, seed=st.integers())
def test_each_stratum_has_its_shares_to_within_one_item(ids: list[str], seed: int) -> None:
    items = [item(id) for id in ids]
    sizes = Counter(each.fields["category"] for each in items)
    for name, part in split_items(items, SHARES, seed=seed, by="category").items():
        found = Counter(each.fields["category"] for each in part)
        # Both borders of a part are rounded, so that it may differ by one.
        assert all(abs(found[kind] - SHARES[name] * size) <= 1 + 1e-6 for kind, size in sizes.items())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kinds", [3, 2000], ids=["three strata", "a stratum an item"])
@pytest.mark.parametrize("by", [None, "category"])
def test_shares_are_met(seed: int, kinds: int, by: str | None) -> None:
    items = [item(f"q{index}", f"kind {index % kinds}") for index in range(2000)]
    for name, part in split_items(items, SHARES, seed=seed, by=by).items():
        # Four standard deviations of a fair draw.
        assert len(part) == pytest.approx(
            2000 * SHARES[name], abs=4 * (2000 * SHARES[name] * (1 - SHARES[name])) ** 0.5
        )


def test_another_seed_is_another_draw() -> None:
    items = [item(f"q{index}") for index in range(200)]
    assert assigned(items, 0) == assigned(items, 0) != assigned(items, 1)


def test_a_part_chosen_by_text_is_split_evenly_by_the_same_seed() -> None:
    selection = read_selection("40%")
    chosen = [each for each in (item(f"q{index}") for index in range(2000)) if selection.takes(each.key, 0)]
    parts = split_items(chosen, {"a": 0.4, "b": 0.6}, seed=0)
    assert len(parts["a"]) / len(chosen) == pytest.approx(0.4, abs=0.07)


def test_positions_are_the_same_on_every_machine() -> None:
    assert [round(position(key, 7), 6) for key in ("a", "b", "é")] == PINNED


PINNED = [0.933319, 0.930136, 0.752885]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (None, Selection()),
        ("test", Selection("test")),
        ("40%", Selection(None, 0, 0.4)),
        ("40%-100%", Selection(None, 0.4, 1)),
        ("12.5% - 30 %", Selection(None, 0.125, 0.3)),
        ("test 40%", Selection("test", 0, 0.4)),
        ("train_v2 40%-60%", Selection("train_v2", 0.4, 0.6)),
        ("dev of train 60% dev 20% test 20%", Selection(None, 0.6, 0.8)),
        ("test of train 60%, dev 20%, test 20%", Selection(None, 0.8, 1)),
    ],
)  # fmt: skip
def test_what_a_split_means(split: str | None, expected: Selection) -> None:
    found = read_selection(split)
    assert (found.name, found.low, found.high) == (
        expected.name,
        pytest.approx(expected.low),
        pytest.approx(expected.high),
    )


@pytest.mark.parametrize("split", ["", "40%-20%", "140%", "0%", "40% of it", "%", "x of a 50% b 50%", "a of a 50% a 50%", "a of a 50% b 20%"])  # fmt: skip
def test_what_is_no_split(split: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_selection(split)
    assert caught.value.next_step


@given(key=st.text(), seed=st.integers())
def test_shares_named_by_text_are_disjoint_and_complete(key: str, seed: int) -> None:
    for texts in (
        ["40%", "40%-100%"],
        ["33%", "33%-67%", "67%-100%"],
        [f"{name} of a 60% b 30% c 10%" for name in "abc"],
    ):
        assert sum(read_selection(text).takes(key, seed) for text in texts) == 1


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1, "b": 0}, {"a": float("nan")}])
def test_shares_that_are_none(shares: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="together 1"):
        split_items([item("x")], shares)


def test_a_stratum_must_be_there() -> None:
    with pytest.raises(UsageError, match="no field `topic` to split by"):
        split_items([item("x")], SHARES, by="topic")
