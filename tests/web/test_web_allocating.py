"""Scarce units dealt anew: looked at first, then exactly that or nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.catalog.queries import items_by_code, shop
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.kernel.values import Address
from orderyard.core.orders.intake import DraftLine, OrderDraft, place

Enter = Callable[..., Any]
PAGE = "/fulfillment/allocation/"


@pytest.fixture
def short(system: System) -> System:
    """Two units of a scarf, three wanted by the first order (which has them), one by the one after it."""
    for number, count in ((21, 3), (22, 1)):
        with system.installation.unit_of_work("channel:taobao") as uow:
            item = items_by_code(uow.db, ["SCARF-RED"])["SCARF-RED"]
            line = DraftLine("围巾", count, 100, 100 * count, item, external_id=f"{number}", listing=("x", "x", "SCARF-RED"))
            draft = OrderDraft(
                shop=shop(uow.db, 1), external_id=f"T{number}", external_number=f"T{number}", source="channel",
                placed_at=uow.now, paid_at=uow.now, customer=CustomerFacts(1, platform_id=f"b{number}", name="李"),
                receiver=Address(
                    province="上海", city="上海市", district="徐汇区", detail=f"路{number}号", name="李",
                    phone=f"138166204{number}",
                ),
                lines=(line,), freight=0, received=100 * count, payment_key=f"PT{number}", method="支付宝",
            )  # fmt: skip
            place(uow, [draft])
    with system.installation.unit_of_work("person:warehouse") as uow:
        receipt = inventory.Receipt(9, 2, 8000)
        inventory.receive(uow, 1, [receipt], source=Place.SUPPLIER, document=1, key="two scarves", text="DN 1")
    return system


def reserved(system: System) -> dict[str, int]:
    sql = (
        "SELECT o.external_number, SUM(x.reserved) FROM fo_line x JOIN sales_order o ON o.id = x.order_id "
        "WHERE x.sku_id = 9 GROUP BY 1"
    )
    return {row[0]: int(row[1]) for row in system.installation.db.rows(sql)}


def form(text: str) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="(policy|warehouse|sku|token)" value="([^"]*)">', text))
    return {name: html.unescape(value) for name, value in found.items()}


def test_what_would_change_is_shown_and_nothing_is_done(enter: Enter, short: System) -> None:
    before = reserved(short)
    text = enter("warehouse").text(f"{PAGE}?policy=most_complete")
    assert "SCARF-RED" in text
    assert "Whole parcels:" in text
    assert reserved(short) == before


def test_it_is_dealt_out_as_shown(enter: Enter, short: System) -> None:
    browser = enter("warehouse")
    text = browser.text(f"{PAGE}?policy=most_complete")
    before = reserved(short)
    assert "becomes whole" in text
    browser.post(PAGE, page=f"{PAGE}?policy=most_complete", **form(text))
    after = reserved(short)
    assert after["T22"] == 1
    assert after != before
    assert "dealt out like this already" in browser.text(f"{PAGE}?policy=most_complete")


def test_a_preview_goes_stale(enter: Enter, short: System) -> None:
    browser = enter("warehouse")
    fields = form(browser.text(f"{PAGE}?policy=most_complete"))
    with short.installation.unit_of_work("person:warehouse") as uow:
        inventory.receive(
            uow, 1, [inventory.Receipt(9, 1, 8000)], source=Place.SUPPLIER, document=1, key="one more", text="DN 2"
        )
    before = reserved(short)
    assert "look at the preview again" in browser.post(PAGE, page=PAGE, **fields).text
    assert reserved(short) == before
    fields["token"] = ""
    assert "look at the preview again" in browser.post(PAGE, page=PAGE, **fields).text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("policy=luck", "no allocation policy"),
        ("policy=payment&warehouse=XX", "no warehouse"),
        ("sku=NOPE", "nobody waits for"),
    ],
)
def test_a_preview_that_cannot_be_is_refused(enter: Enter, short: System, query: str, said: str) -> None:
    answer = enter("warehouse").get(f"{PAGE}?{query}")
    assert answer.status_code == 422
    assert said in answer.text


def test_only_the_warehouse_deals(enter: Enter, short: System) -> None:
    assert enter("reviewer").post(PAGE, policy="payment").status_code == 403
    assert "Deal out like this" not in enter("viewer").text(f"{PAGE}?policy=most_complete")
    assert f'href="{PAGE}"' in enter("viewer").text("/fulfillment/")
