"""Items without SKU by page: given one by hand, by the seller's code, by barcode; what waited for them goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.service import NewSku, add_skus
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.testing.builders import codes
from orderyard.core.testing.paper import Shop, document

Enter = Callable[..., Any]


@pytest.fixture
def unknown(shop: Shop) -> Shop:
    """Three orders of goods that nobody knows, two of which then become SKUs: one by that code, one by that barcode."""
    for number, code in enumerate(("BOOT", "6901234567892", "ODD"), 1):
        shop.pull(document(f"T{number}", (code, 1)))
    with shop.house.work("setup") as uow:
        add_skus(uow, [NewSku("BOOT", "Boot", price=100), NewSku("SOCK", "Sock", price=100, barcode="6901234567892")])
    return shop


def waiting(shop: Shop) -> list[str]:
    """The orders that wait for a SKU."""
    return [name for name in ("T1", "T2", "T3") if "sku_unmapped" in codes(shop.house.holds(shop.order(name)))]


def test_the_list_names_what_the_code_means(at_shop: Enter, unknown: Shop) -> None:
    text = at_shop("supervisor").text("/listings/")
    assert "its code is a SKU's</span> <code>BOOT</code>" in text
    assert "its code is a barcode</span> <code>SOCK</code>" in text
    assert waiting(unknown) == ["T1", "T2", "T3"]
    with unknown.house.work("setup") as uow:
        shares_a_barcode(uow)
    assert "its code is a barcode" not in at_shop("supervisor").text("/listings/")


def shares_a_barcode(uow: UnitOfWork) -> None:
    """Another SKU with the barcode of the first, as older versions let it be."""
    add_skus(uow, [NewSku("SOCK-2", "Another sock", price=100)])
    uow.db.change("UPDATE sku SET barcode = '6901234567892' WHERE code = 'SOCK-2'")


@pytest.mark.parametrize(("by", "left"), [("code", ["T2", "T3"]), ("barcode", ["T1", "T3"])])
def test_all_are_matched_at_once_and_their_orders_go_on(at_shop: Enter, unknown: Shop, by: str, left: list[str]) -> None:
    browser = at_shop("supervisor")
    assert "1 item has its SKU now" in browser.post(f"/listings/match/{by}", page="/listings/").text
    assert waiting(unknown) == left
    assert "names a SKU in this way" in browser.post(f"/listings/match/{by}", page="/listings/").text
    unknown.house.prove()


def test_many_are_matched_some_at_a_time(at_shop: Enter, unknown: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_AT_ONCE", 1)
    with unknown.house.work("setup") as uow:
        catalog.meet_listings(uow, unknown.house.shops["cn2"].id, {("item-b", ""): ("LATE", "Late")})
        add_skus(uow, [NewSku("LATE", "Late", price=100)])
    browser = at_shop("supervisor")
    assert "press once more" in browser.post("/listings/match/code", page="/listings/").text
    assert "press once more" not in browser.post("/listings/match/code", page="/listings/").text


def test_a_barcode_of_two_skus_names_neither(at_shop: Enter, unknown: Shop) -> None:
    with unknown.house.work("setup") as uow:
        shares_a_barcode(uow)
    assert "names a SKU in this way" in at_shop("supervisor").post("/listings/match/barcode", page="/listings/").text
    with pytest.raises(DomainError, match="cannot be matched"), unknown.house.work() as uow:
        catalog.match_listings(uow, "colour")


@pytest.mark.parametrize("named", ["SOCK", "6901234567892"])
def test_one_is_given_its_sku_by_hand(at_shop: Enter, unknown: Shop, named: str) -> None:
    browser = at_shop("supervisor")
    [(listing,)] = unknown.house.db.rows("SELECT id FROM listing WHERE merchant_code = 'ODD'")
    assert "there is no SKU NONE" in browser.post(f"/listings/{listing}", page="/listings/", sku="NONE").text
    assert "has its SKU" in browser.post(f"/listings/{listing}", page="/listings/", sku=named).text
    assert waiting(unknown) == ["T1", "T2"]
    assert unknown.house.db.rows("SELECT because FROM audit WHERE kind = 'listing'") == [("to SOCK",)]
    unknown.house.prove()


def test_the_list_is_searched_narrowed_and_paged(at_shop: Enter, unknown: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = at_shop("supervisor")
    other = unknown.house.shops["cn2"].id
    for query, found in (("q=od", 1), ("q=item-BOOT", 1), ("q=%25", 0), (f"shop={other}", 0), ("shop=x", 3)):
        assert browser.text(f"/listings/?{query}").count('class="work-item"') == found, query
    monkeypatch.setattr("orderyard.core.channels.pages.PAGE", 2)
    text = browser.text("/listings/")
    older = re.search(r'rel="next" href="([^"]+)', text)
    assert older is not None
    assert text.count('class="work-item"') == 2
    assert browser.text(older[1].replace("&amp;", "&")).count('class="work-item"') == 1


def test_only_who_mends_work_maps(at_shop: Enter, unknown: Shop) -> None:
    browser = at_shop("reviewer")
    assert 'name="sku"' not in browser.text("/listings/")
    for path in ("/listings/1", "/listings/match/code"):
        assert browser.post(path).status_code == 403
    assert at_shop("warehouse").get("/listings/").status_code == 403


def test_the_list_speaks_chinese(at_shop: Enter, unknown: Shop) -> None:
    assert "按条码全部匹配" in at_shop("supervisor", "zh").text("/listings/")
