"""Finding customers page by page, and what would come of merging them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orderyard.core.customers.pages import head, identities, search
from orderyard.core.customers.service import combined, merge, set_price_group
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Installation
from orderyard.core.review.api import BlacklistKind
from orderyard.core.review.blacklist import blacklist, speaking_of

Order = Callable[..., int]


@pytest.fixture
def three(order: Order) -> list[int]:
    return [
        order(platform_id="b1", name="林静怡", phone="13800138000"),
        order(email="lin@example.com", name="林静怡"),
        order(platform_id="b1", shop_id=2, name="Lin Jingyi", email="jy@example.com"),
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("138 0013 8000", [0]),
        ("+86 13800138000", [0]),
        ("LIN@example.com", [1]),
        ("b1", [0, 2]),
        ("林", [0, 1]),
        ("Lin", [2]),
        ("静", []),
        ("", [2, 1, 0]),
        ("%", []),
        ("138", []),
    ],
)
def test_customers_are_found_by_what_they_are_known_by(
    three: list[int], house: Installation, text: str, places: list[int]
) -> None:
    assert [row.id for row in search(house.db, text)[0]] == [three[place] for place in places]


@pytest.mark.parametrize("text", ["", "Lin"])
def test_a_long_list_comes_in_pages_without_gaps(order: Order, house: Installation, text: str) -> None:
    everybody = {order(name=f"Lin {number % 3}") for number in range(101)}
    seen, sizes, after = [], [], None
    while True:
        rows, after = search(house.db, text, after)
        seen += [row.id for row in rows]
        sizes.append(len(rows))
        if after is None:
            break
    assert sizes == [50, 50, 1]
    assert len(seen) == len(set(seen))
    assert set(seen) == everybody


def test_what_merging_would_bring_is_what_it_brings(three: list[int], house: Installation) -> None:
    keep, *others = three[1], three[0], three[2]
    with house.unit_of_work("person:ann") as uow:
        set_price_group(uow, three[2], "vip")
    foreseen = combined(house.db, keep, others)
    assert (foreseen.name, foreseen.phone, foreseen.price_group) == ("林静怡", "13800138000", "vip")
    assert {one: len(found) for one, found in identities(house.db, others).items()} == {three[0]: 2, three[2]: 2}
    with house.unit_of_work("person:ann") as uow:
        merge(uow, keep, others)
    found = head(house.db, keep)
    assert found is not None
    assert (found.row.phone, found.row.price_group, found.absorbed) == ("13800138000", "vip", (three[0], three[2]))
    assert len(found.identities) == 5
    gone = head(house.db, three[0])
    assert gone is not None
    assert gone.merged_into == keep
    assert [row.id for row in search(house.db)[0]] == [keep]


@pytest.mark.parametrize("others", [[], [0], [0, 4711], list(range(1, 102))])
def test_what_cannot_be_merged_is_not_foreseen(three: list[int], house: Installation, others: list[int]) -> None:
    with pytest.raises(DomainError):
        combined(house.db, three[0], [three[0] if other == 0 else other for other in others])


def test_a_group_has_a_short_name(three: list[int], house: Installation) -> None:
    with pytest.raises(DomainError, match="more than 64"), house.unit_of_work("person:ann") as uow:
        set_price_group(uow, three[0], "x" * 65)


def test_the_blacklist_says_what_speaks_of_a_customer(house: Installation) -> None:
    with house.unit_of_work("person:ann") as uow:
        blacklist(uow, BlacklistKind.BUYER, ["B 1"])
        blacklist(uow, BlacklistKind.PHONE, ["13800138000"])
        blacklist(uow, BlacklistKind.BUYER, ["someone else"])
    found = speaking_of(house.db, ["b1", "+8613800138000"], ["138-0013-8000"])
    assert sorted(entry.value for entry in found) == ["+8613800138000", "b1"]
