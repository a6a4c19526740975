"""Price lists and promotions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.catalog.lookup import find_skus, items_named
from orderyard.core.catalog.prices import Price, prices_of, remove_price_list, set_price_list
from orderyard.core.catalog.promotions import Offer, PromotionKind, best_offer, offers_of, set_promotion
from orderyard.core.catalog.service import NewSku, add_skus
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders.pricing import PricedOrder, Tariffs, WantedLine, WantedOrder
from orderyard.core.testing.builders import AT, House, door


@pytest.fixture
def lists(house: House) -> House:
    with house.work() as uow:
        set_price_list(uow, "all", "CNY", [Price("TEE", 9000), Price("CAP", 4000)])
        set_price_list(uow, "vip", "CNY", [Price("TEE", 8000)], group="vip")
        set_price_list(uow, "cn", "CNY", [Price("TEE", 9500), Price("TEE", 8500, 10)], shop="cn")
        set_price_list(uow, "cn-vip", "CNY", [Price("TEE", 7000)], shop="cn", group="vip")
        set_price_list(uow, "us", "USD", [Price("TEE", 1900)], shop="us")
    return house


@pytest.mark.parametrize(
    ("shop", "group", "sku", "quantity", "price"),
    [
        ("cn", "vip", "TEE", 1, 7000),
        ("cn", "", "TEE", 9, 9500),
        ("cn", "", "TEE", 10, 8500),
        ("cn", "gold", "TEE", 1, 9500),
        ("cn2", "vip", "TEE", 1, 8000),
        ("cn2", "", "TEE", 1, 9000),
        ("cn2", "vip", "CAP", 1, 4000),
        ("cn", "vip", "MUG", 1, 2900),
        ("us", "vip", "TEE", 1, 1900),
        ("us", "", "CAP", 1, None),
    ],
)
def test_the_most_specific_list_decides(
    lists: House, shop: str, group: str, sku: str, quantity: int, price: int | None
) -> None:
    wanted = (group, lists.items[sku].sku_id, quantity)
    assert prices_of(lists.db, lists.shops[shop], "CNY", [wanted]).get(wanted) == price


def test_a_list_is_replaced_and_removed_as_a_whole(lists: House) -> None:
    tee, cap = lists.items["TEE"].sku_id, lists.items["CAP"].sku_id
    with lists.work() as uow:
        set_price_list(uow, "all", "CNY", [Price("CAP", 3900)])
    assert prices_of(lists.db, lists.shops["cn2"], "CNY", [("", tee, 1), ("", cap, 1)]) == {
        ("", tee, 1): 9900,
        ("", cap, 1): 3900,
    }
    with lists.work() as uow:
        remove_price_list(uow, "all")
    assert prices_of(lists.db, lists.shops["cn2"], "CNY", [("", cap, 1)]) == {("", cap, 1): 4900}


@pytest.mark.parametrize(
    ("prices", "more", "says"),
    [
        ([Price("GHOST", 1)], {}, "no SKU GHOST"),
        ([Price("TEE", -1)], {}, "negative"),
        ([Price("TEE", 1), Price("TEE", 2)], {}, "stands twice"),
        ([Price("TEE", 1, 0)], {}, "from-quantity"),
        ([], {"shop": "us"}, "trades in USD"),
        ([], {"shop": "nowhere"}, "there are: cn, cn2, us"),
        ([], {"currency": "XXX"}, "unknown currency"),
        ([], {"code": " "}, "needs a code"),
    ],
)
def test_a_wrong_list_is_refused(house: House, prices: list[Price], more: dict[str, str], says: str) -> None:
    given = {"code": "list", "currency": "CNY"} | more
    with pytest.raises(DomainError, match=says), house.work() as uow:
        set_price_list(uow, given.pop("code"), given.pop("currency"), prices, **given)


OFF = PromotionKind.AMOUNT_OFF
PERCENT = PromotionKind.PERCENT_OFF
TENTH = Offer("tenth", PERCENT, 1000, 10_000)
TWENTY = Offer("twenty", OFF, 2000, 15_000)


@pytest.mark.parametrize(
    ("goods", "group", "chosen"),
    [
        (9999, "", None),
        (10_000, "", ("tenth", 1000)),
        (15_000, "", ("twenty", 2000)),
        (20_000, "", ("tenth", 2000)),
        (20_005, "", ("tenth", 2001)),
        (100, "vip", ("vip", 100)),
    ],
)
def test_an_order_gets_the_one_best_promotion(goods: int, group: str, chosen: tuple[str, int] | None) -> None:
    found = best_offer([TENTH, TWENTY, Offer("vip", OFF, 500, group="vip")], goods, group, AT)
    assert (None if found is None else (found[0].code, found[1])) == chosen


def test_a_promotion_holds_from_its_first_moment_until_before_its_last() -> None:
    offer = Offer("day", OFF, 100, starts_at=AT, ends_at=AT + timedelta(days=1))
    moments = [AT - timedelta(seconds=1), AT, AT + timedelta(hours=23), AT + timedelta(days=1)]
    assert [offer.holds("", moment) for moment in moments] == [False, True, True, False]


def test_promotions_are_data(house: House) -> None:
    timed = Offer("b", PERCENT, 500, 100, "Five", "vip", AT, AT + timedelta(days=3))
    with house.work() as uow:
        set_promotion(uow, timed, "CNY", shop="cn")
        set_promotion(uow, TENTH, "CNY")
        set_promotion(uow, Offer("usd", OFF, 100), "USD")
    assert offers_of(house.db, house.shops["cn"]) == [timed, TENTH]
    assert offers_of(house.db, house.shops["cn2"]) == [TENTH]
    with house.work() as uow:
        set_promotion(uow, TENTH, "CNY", enabled=False)
    assert offers_of(house.db, house.shops["cn2"]) == []


@pytest.mark.parametrize(
    ("offer", "shop", "says"),
    [
        (Offer("x", OFF, 0), "", "takes nothing off"),
        (Offer("x", OFF, 1, -1), "", "takes nothing off"),
        (Offer("x", PERCENT, 10_001), "", "more than everything"),
        (Offer("x", OFF, 1, starts_at=AT, ends_at=AT), "", "ends before"),
        (Offer("", OFF, 1), "", "needs a code"),
        (Offer("x", OFF, 1), "us", "trades in USD"),
    ],
)
def test_a_wrong_promotion_is_refused(house: House, offer: Offer, shop: str, says: str) -> None:
    with pytest.raises(DomainError, match=says), house.work() as uow:
        set_promotion(uow, offer, "CNY", shop=shop)


def priced(house: House, *lines: WantedLine, shop: str = "cn", **more: int) -> PricedOrder:
    [one] = Tariffs.of(house.db, house.shops[shop], "CNY").price(
        house.db,
        [WantedOrder(lines, door(), AT, **more)],  # type: ignore[arg-type]  # named as the fields are
    )
    if isinstance(one, DomainError):
        raise one
    return one


def test_a_promotion_is_shared_over_the_lines_at_list_price_to_the_fen(house: House) -> None:
    with house.work() as uow:
        set_promotion(uow, Offer("ten", OFF, 1000), "CNY")
    pen = house.items["PEN"]
    one = priced(house, *[WantedLine(pen, 1)] * 3, WantedLine(pen, 1, unit_price=300))
    assert (one.promotion, one.promoted) == ("ten", 999)
    assert [line.amount for line in one.lines] == [0, 0, 0, 300]
    two = priced(house, *[WantedLine(house.items["TEE"], 1)] * 3, WantedLine(pen, 1, amount=250))
    assert [line.amount for line in two.lines] == [9900 - 334, 9900 - 333, 9900 - 333, 250]


def test_a_discount_comes_after_the_promotion_and_is_shared_over_all_lines(house: House) -> None:
    with house.work() as uow:
        set_promotion(uow, Offer("half", PERCENT, 5000), "CNY")
    one = priced(house, WantedLine(house.items["TEE"], 1), WantedLine(house.items["CAP"], 1, unit_price=4950), discount=990)
    assert [line.amount for line in one.lines] == [4455, 4455]
    assert (one.goods, one.total, one.promoted, one.discount) == (8910, 8910, 4950, 990)


def test_a_discount_above_the_goods_is_refused(house: House) -> None:
    with pytest.raises(DomainError, match=r"a discount of 99\.01 CNY on goods of 99\.00 CNY"):
        priced(house, WantedLine(house.items["TEE"], 1), discount=9901)


def test_what_has_no_price_is_refused(house: House) -> None:
    with pytest.raises(DomainError, match="TEE has no price in shop us"):
        priced(house, WantedLine(house.items["TEE"], 1), shop="us")


@pytest.fixture
def shelf(house: House) -> House:
    with house.work() as uow:
        add_skus(
            uow,
            [
                NewSku("TEA-50", "茉莉花茶 50g", barcode="6901234567892"),
                NewSku("TEA-250", "茉莉花茶 250g", barcode="6901234567908"),
                NewSku("6901234567892-BOX", "Box of 50%"),
                NewSku("OLD-1", "Old one", barcode="777"),
                NewSku("OLD-2", "Old two"),
            ],
        )
        # Older versions let two share one.
        uow.db.change("UPDATE sku SET barcode = '777' WHERE code = 'OLD-2'")
    return house


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("６９０１２３４５６７８９２", ["TEA-50", "6901234567892-BOX"]),
        ("TEA-50", ["TEA-50"]),
        ("TEA", ["TEA-250", "TEA-50"]),
        ("花茶", ["TEA-250", "TEA-50"]),
        ("old", ["OLD-1", "OLD-2"]),
        ("50%", ["6901234567892-BOX"]),
        ("777", ["OLD-1", "OLD-2"]),
        ("%", ["6901234567892-BOX"]),
        ("  ", []),
        ("nothing like it", []),
    ],
)
def test_clerks_find_skus_by_code_barcode_or_name(shelf: House, text: str, codes: list[str]) -> None:
    assert [found.code for found in find_skus(shelf.db, text)] == codes


def test_a_sheet_names_skus_by_code_or_by_a_barcode_of_one_only(shelf: House) -> None:
    found = items_named(shelf.db, ["TEA-50", "6901234567908", "777", "ghost", ""])
    assert {name: item.code for name, item in found.items()} == {"TEA-50": "TEA-50", "6901234567908": "TEA-250"}
