"""Months: what a closed one refuses, where its late entries go, and what a journal says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from orderyard.core.kernel.errors import DomainError, PeriodClosed
from orderyard.core.kernel.uow import Installation
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import Role
from orderyard.core.ledger.queries import balances, entries_of, journal, periods
from orderyard.core.ledger.service import close_period
from orderyard.core.orders.api import MoneyReceived


def pay(house: Installation, day: str, key: str = "", order: int = 1) -> None:
    at = datetime.fromisoformat(f"{day}T04:00:00+00:00")
    event = MoneyReceived(order, f"SO{order}", "tb", key or day, at, Money(100, "CNY"), Money(13, "CNY"))
    with house.unit_of_work("test") as uow:
        uow.emit(event)


def close(house: Installation, code: str) -> None:
    with house.unit_of_work("person:fay") as uow:
        close_period(uow, code)


def test_a_late_event_is_posted_on_the_first_open_day(house: Installation) -> None:
    pay(house, "2026-09-03")
    pay(house, "2026-10-03")
    close(house, "2026-09")
    close(house, "2026-10")
    pay(house, "2026-09-30", order=2)
    [late] = entries_of(house.db, "order", 2)
    assert late.date.isoformat() == "2026-11-01"
    assert late.text.endswith("(2026-09-30)")


def test_a_late_event_of_december_is_posted_in_january(house: Installation, clock: Any) -> None:
    clock.moment = datetime(2027, 1, 5, tzinfo=UTC)
    close(house, "2026-12")
    pay(house, "2026-12-31")
    [late] = entries_of(house.db, "order", 1)
    assert late.date.isoformat() == "2027-01-01"


def test_closing_a_month_closes_everything_before_it(house: Installation) -> None:
    close(house, "2026-10")
    pay(house, "2026-02-01")
    [late] = entries_of(house.db, "order", 1)
    assert late.date.isoformat() == "2026-11-01"


def test_closing_twice_is_refused(house: Installation) -> None:
    close(house, "2026-10")
    with pytest.raises(PeriodClosed, match="2026-10 is already closed"):
        close(house, "2026-10")
    with pytest.raises(PeriodClosed):
        close(house, "2026-09")


@pytest.mark.parametrize("code", ["2026-11", "2027-01"])
def test_a_month_that_has_not_ended_stays_open(house: Installation, code: str) -> None:
    with pytest.raises(DomainError, match="has not ended"):
        close(house, code)


def test_what_is_no_month_is_refused(house: Installation) -> None:
    for code in ("2026-13", "2026", "26-10", "2026-1", "2026-10\n", "２０２６-10"):
        with pytest.raises(DomainError, match="is not a period"):
            close(house, code)
        with pytest.raises(DomainError, match="is not a period"):
            journal(house.db, house.merchant, code)


def test_months_are_closed_in_their_order(house: Installation) -> None:
    pay(house, "2026-09-03")
    with pytest.raises(DomainError, match="2026-09 is still open"):
        close(house, "2026-10")


def test_periods_tell_what_is_open(house: Installation) -> None:
    pay(house, "2026-09-03")
    pay(house, "2026-10-03")
    pay(house, "2026-10-04")
    close(house, "2026-09")
    assert [(card.code, card.entries, card.closed_at) for card in periods(house.db)] == [
        ("2026-09", 1, house.environment.now()),
        ("2026-10", 2, None),
    ]


def test_a_journal_leads_from_its_opening_to_its_closing_balances(house: Installation) -> None:
    for day in ("2026-09-03", "2026-10-05", "2026-10-03", "2026-11-01"):
        pay(house, day)
    found = journal(house.db, house.merchant, "2026-10")
    assert [entry.date.isoformat() for entry in found.entries] == ["2026-10-03", "2026-10-05"]
    assert [(ref.role, money.minor) for ref, money in found.opening] == [
        (Role.PLATFORM, 113),
        (Role.ADVANCES, -100),
        (Role.ADVANCES_TAX, -13),
    ]
    assert [money.minor for _, money in found.closing] == [339, -300, -39]
    assert found.closing == balances(house.db, "2026-10")
    assert found.merchant == house.merchant.name


def test_an_empty_month_has_an_empty_journal(house: Installation) -> None:
    found = journal(house.db, house.merchant, "2026-05")
    assert (found.entries, found.opening, found.closing) == ((), (), ())


def test_closing_waits_for_whoever_is_posting(house: Installation) -> None:
    if house.db.sqlite:
        pytest.skip("SQLite has one writer at a time")
    close(house, "2026-09")
    told: list[str] = []

    def finance() -> None:
        try:
            close(house, "2026-10")
            told.append("closed")
        finally:
            house.db.release()

    thread = threading.Thread(target=finance)
    with house.unit_of_work("test") as uow:
        uow.emit(MoneyReceived(2, "SO2", "tb", "k", datetime(2026, 10, 31, tzinfo=UTC), Money(1, "CNY"), Money(0, "CNY")))
        uow.settle()
        thread.start()
        while thread.is_alive() and not house.db.row("SELECT 1 FROM pg_locks WHERE NOT granted"):
            pass
        assert told == []
    thread.join(10)
    assert told == ["closed"]
    assert len(journal(house.db, house.merchant, "2026-10").entries) == 1
