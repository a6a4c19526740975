"""Statements of cash on delivery by page: rows that fit are counted, the others stay in the form with their reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orderyard.app import System

Enter = Callable[..., Any]


def owing(system: System) -> str:
    """A sent order becomes one that is paid at the door; its number."""
    with system.installation.unit_of_work("test") as uow:
        [(order_id, number, total)] = uow.db.rows(
            "SELECT id, number, total FROM sales_order WHERE status = 'shipped' AND currency = 'CNY' ORDER BY id LIMIT 1"
        )
        uow.db.change(
            "UPDATE sales_order SET cod = TRUE, received = 0, collector = 'sf', payment = 'cod_pending' WHERE id = ?",
            (order_id,),
        )
        assert total > 1000
    return str(number)


def test_rows_that_fit_are_counted_and_the_others_stay(enter: Enter, system: System) -> None:
    number = owing(system)
    given = {"collector": "sf", "statement": "ST1", "at": "", "rows": f"{number}\t10.00\nSF404, 5.00\n{number}\nwhat is this\n"}
    answer = enter("finance").post("/ledger/cod/", page="/ledger/cod/", **given)
    assert "nothing here has the number SF404" in answer.text
    assert "Write a number and an amount" in answer.text
    assert system.installation.db.rows("SELECT amount, method FROM payment WHERE key LIKE 'sf/ST1/%'") == [(1000, "cod")]
    again = enter("finance").post("/ledger/cod/", page="/ledger/cod/", **(given | {"rows": f"{number} 10.00"}))
    assert "1 row was counted before" in again.text


def test_a_statement_without_its_number_is_refused_and_stays_typed(enter: Enter, system: System) -> None:
    number = owing(system)
    given = {"collector": "sf", "statement": "", "at": "", "rows": f"{number} 10.00"}
    answer = enter("finance").post("/ledger/cod/", page="/ledger/cod/", **given)
    assert "without a number" in answer.text
    assert f"{number} 10.00" in answer.text
    long = enter("finance").post("/ledger/cod/", page="/ledger/cod/", **(given | {"rows": "x 1\n" * 60_000}))
    assert "too long" in long.text


def test_who_may_not_count_sees_no_form(enter: Enter, system: System) -> None:
    assert enter("viewer").get("/ledger/cod/").status_code == 403
    assert enter("warehouse").post("/ledger/cod/", page="/").status_code == 403


def test_the_page_is_whole_in_chinese(enter: Enter, system: System) -> None:
    text = enter("finance", "zh").text("/ledger/cod/").partition("<main")[2]
    assert "代收货款对账单" in text
    assert "Statement" not in text
