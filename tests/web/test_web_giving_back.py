"""Money for cancelled units: listed for finance, paid out once, and never for what a platform took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orderyard.app import System
from orderyard.core.orders import service as orders
from orderyard.core.orders.giving_back import due_back

Enter = Callable[..., Any]
PAGE = "/ledger/giving-back/"


def cancelled(system: System) -> int:
    """A paid order of ours is cancelled; its id."""
    with system.installation.unit_of_work("test") as uow:
        [(order_id,)] = uow.db.rows("SELECT id FROM sales_order WHERE status = 'to_ship' AND NOT cod ORDER BY id LIMIT 1")
        uow.db.change("UPDATE payment SET method = 'transfer' WHERE order_id = ?", (order_id,))
        orders.cancel(uow, order_id, None, "buyer")
    return int(order_id)


def test_finance_pays_out_what_is_due_once(enter: Enter, system: System) -> None:
    assert "Nobody waits for money" in enter("finance").text(PAGE)
    order_id = cancelled(system)
    finance = enter("finance")
    assert "Give 1 buyer money back" in finance.text("/")
    assert f"{PAGE}{order_id}" in finance.text(PAGE)
    assert "counted as given back" in finance.post(f"{PAGE}{order_id}", page=PAGE, method="transfer").text
    assert due_back(system.installation.db) == []
    assert "is to be given back" in finance.post(f"{PAGE}{order_id}", page=PAGE, method="transfer").text
    assert system.verify() == []


def test_who_may_not_count_money_only_reads(enter: Enter, system: System) -> None:
    cancelled(system)
    assert enter("viewer").get(PAGE).status_code == 403
    assert enter("warehouse").post(f"{PAGE}1", page="/", method="cash").status_code == 403


def test_the_page_is_whole_in_chinese(enter: Enter, system: System) -> None:
    cancelled(system)
    text = enter("finance", "zh").text(PAGE).partition("<main")[2]
    assert "待退款" in text
    assert "Paid out" not in text
