"""After-sales by page: listed, read, answered, taken in by staff and withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderyard.core.aftersales import pages as reads
from orderyard.core.testing.paper import Shop, claim, document

Enter = Callable[..., Any]


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """An order that waits to be sent, and a buyer who wants money back for one of its lines."""
    shop.house.receive("SH", TEE=5, CAP=5)
    shop.platform.claims["C1"] = claim("C1", "T1", ("TEE", 2), waybill="SF99")
    shop.pull(document("T1", ("TEE", 2), ("CAP", 1)))
    return shop


def states(shop: Shop) -> list[tuple[str, str]]:
    return [tuple(row) for row in shop.house.db.rows("SELECT number, state FROM after_sale ORDER BY id")]


def test_a_wish_is_listed_and_stands_beside_its_order(at_shop: Enter, asked: Shop) -> None:
    with asked.house.work() as uow:
        uow.db.change("UPDATE after_sale SET answer_by = ?", (asked.house.environment.moment + timedelta(hours=5),))
    browser = at_shop("viewer")
    for path in ("/after-sales/", f"/orders/{asked.order('T1')}", "/after-sales/1"):
        text = browser.text(path)
        assert "AS00000001" in text
        assert "To be answered" in text
        assert "22 Nov" in text
    for words in ("too late", "thing TEE", "SF99", "CN¥20.00", "C1", "reported by paper"):
        assert words in text, words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("state=requested", 1),
        ("state=approved", 0),
        ("state=all", 2),
        ("state=closed", 1),
        ("type=refund_only", 1),
        ("state=all&type=return_refund", 0),
        ("state=all&shop=1", 2),
        ("state=all&shop=2", 0),
        ("state=nonsense&type=nonsense&shop=x&before=y", 2),
    ],
)
def test_the_list_is_narrowed(at_shop: Enter, asked: Shop, query: str, found: int) -> None:
    asked.claim(claim("C2", "T1", ("CAP", 1), state="closed", money="refunded"))
    shop_id = str(asked.house.shops["cn"].id)
    other = str(asked.house.shops["cn2"].id)
    query = query.replace("shop=1", f"shop={shop_id}").replace("shop=2", f"shop={other}")
    text = at_shop("viewer").text(f"/after-sales/?{query}")
    assert len(re.findall(r'class="fw-bold" href="/after-sales/', text)) == found


def test_the_list_is_paged_by_key(at_shop: Enter, asked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "PAGE", 2)
    for number in range(2, 6):
        asked.claim(claim(f"C{number}", "T1", ("CAP", 1), state="closed", money="refunded"))
    browser, seen, path = at_shop("viewer"), [], "/after-sales/?state=all"
    while path:
        text = browser.text(path)
        seen += re.findall(r'class="fw-bold" href="/after-sales/(\d+)"', text)
        older = re.search(r'rel="next" href="([^"]+)', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == ["5", "4", "3", "2", "1"]


def test_an_agreement_reaches_the_platform(at_shop: Enter, asked: Shop) -> None:
    browser, page = at_shop("reviewer"), "/after-sales/1"
    assert "Answered, and the platform follows" in browser.post(f"{page}/agree", page=page, because="as they wish").text
    assert "was answered by" in browser.post(f"{page}/agree", page=page).text
    asked.house.system.worker.drain()
    assert asked.platform.claims["C1"]["state"] == "approved"
    assert states(asked) == [("AS00000001", "approved")]
    text = browser.text(page)
    assert "To be answered → Agreed" in text
    assert "as they wish" in text
    asked.house.prove()


def test_the_overview_asks_for_an_answer_until_there_is_one(at_shop: Enter, asked: Shop) -> None:
    assert "Answer 1 after-sale" in at_shop("reviewer").text("/")
    assert "Answer 1 after-sale" not in at_shop("viewer").text("/")
    browser = at_shop("reviewer")
    browser.post("/after-sales/1/agree", page="/after-sales/1")
    assert "Answer 1 after-sale" not in browser.text("/")


def test_a_refusal_needs_a_reason(at_shop: Enter, asked: Shop) -> None:
    browser, page = at_shop("reviewer"), "/after-sales/1"
    assert "without a reason" in browser.post(f"{page}/refuse", page=page, because=" ").text
    assert "You refused" in browser.post(f"{page}/refuse", page=page, because="it left this morning").text
    asked.house.system.worker.drain()
    assert states(asked) == [("AS00000001", "rejected")]


def test_what_a_platform_keeps_is_not_withdrawn_here(at_shop: Enter, asked: Shop) -> None:
    browser, page = at_shop("reviewer"), "/after-sales/1"
    assert f'action="{page}/cancel"' not in browser.text(page)
    assert "is kept by paper" in browser.post(f"{page}/cancel", page=page, because="x").text
    assert states(asked) == [("AS00000001", "requested")]


def test_staff_take_a_wish_in_and_withdraw_it(at_shop: Enter, shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 2)))
    page = f"/orders/{shop.order('T1')}/after-sale"
    browser = at_shop("reviewer")
    assert "At most CN¥20.00" in browser.text(page)
    fields = {"type": "return_refund", "reason": "too small", "units-1": "1", "amount-1": "10", "words": "sorry"}
    for wrong, said in (
        ({"type": "wish"}, "was not chosen"),
        ({"reason": " "}, "without a reason"),
        ({"units-1": "3"}, "2 of that line are left"),
        ({"units-1": "one"}, "whole number"),
        ({"amount": "20.01"}, "is asked back"),
    ):
        refused = browser.post(page, page=page, **(fields | wrong))
        assert (refused.status_code, said in refused.text) == (422, True), wrong
        assert 'value="sorry"' in refused.text
    text = browser.post(page, page=page, **fields).text
    for words in ("AS00000001", "CN¥10.00", "Waited for", "sorry", "taken in by"):
        assert words in text, words
    one = "/after-sales/1"
    assert "It is withdrawn" in browser.post(f"{one}/cancel", page=one, because="keeps it").text
    assert states(shop) == [("AS00000001", "cancelled")]
    assert shop.house.db.row("SELECT 1 FROM hold WHERE code = 'refund_requested' AND released_at IS NULL") is None
    shop.house.prove()


def test_only_who_decides_may_answer_and_only_who_enters_may_take_in(at_shop: Enter, asked: Shop) -> None:
    browser = at_shop("viewer")
    for step in ("agree", "refuse", "cancel"):
        assert browser.post(f"/after-sales/1/{step}").status_code == 403
    assert "may only look" in browser.text("/after-sales/1")
    order = asked.order("T1")
    assert browser.get(f"/orders/{order}/after-sale").status_code == 403
    assert browser.post(f"/orders/{order}/memo").status_code == 403
    for path in ("/after-sales/4711", "/orders/4711/after-sale"):
        assert at_shop("admin").get(path).status_code == 404


def test_the_pages_of_after_sales_speak_chinese(at_shop: Enter, asked: Shop) -> None:
    browser = at_shop("reviewer", "zh")
    order = asked.order("T1")
    for path, words in (
        ("/after-sales/", "待答复"),
        ("/after-sales/1", "买家在等答复"),
        (f"/orders/{order}/after-sale", "登记售后"),
        (f"/orders/{order}", "仅退款"),
    ):
        assert words in browser.text(path), path
