"""The ledger's only writer: entries are posted once, balanced, into an open period, and never changed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from ..inventory.api import GoodsMoved
from ..kernel.db import Question
from ..kernel.errors import DomainError, Duplicate, PeriodClosed, Unbalanced
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from ..orders.api import CodRemitted, DepositForfeited, MoneyReceived, MoneyReturned, SaleUndone, Sold
from . import postings
from .api import JournalLine
from .postings import Draft
from .queries import find_entry

CLOSED = Question("SELECT MAX(code) FROM ledger_period WHERE closed_at IS NOT NULL", (), 1)
"""What is asked before anything is posted."""
Booked = MoneyReceived | MoneyReturned | CodRemitted | DepositForfeited | Sold | SaleUndone | GoodsMoved
"""What the books hear of."""

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_ENTRY = ("ref", "date", "period", "posted_at", "text", "kind", "document", "reverses")
_POSTING = ("entry_id", "no", "role", "detail", "currency", "debit", "credit")


def hear_money_received(uow: UnitOfWork, events: list[MoneyReceived]) -> None:
    post(uow, [postings.received(event) for event in events])


def hear_money_returned(uow: UnitOfWork, events: list[MoneyReturned]) -> None:
    post(uow, [postings.returned(event) for event in events])


def hear_forfeited(uow: UnitOfWork, events: list[DepositForfeited]) -> None:
    post(uow, [postings.forfeited(event) for event in events])


def hear_sold(uow: UnitOfWork, events: list[Sold]) -> None:
    post(uow, [postings.sold(event) for event in events])


def hear_goods_moved(uow: UnitOfWork, events: list[GoodsMoved]) -> None:
    post(uow, [draft for event in events if (draft := postings.moved(event))])


def hear(uow: UnitOfWork, events: Sequence[Booked]) -> None:
    """All that is booked in one go: a shipment's sale and its cost."""
    drafts: list[Draft | None] = []
    for event in events:
        match event:
            case MoneyReceived():
                drafts.append(postings.received(event))
            case MoneyReturned():
                drafts.append(postings.returned(event))
            case CodRemitted():
                drafts.append(postings.remitted(event))
            case DepositForfeited():
                drafts.append(postings.forfeited(event))
            case Sold():
                drafts.append(postings.sold(event))
            case SaleUndone():
                _undo_sale(uow, event)
            case GoodsMoved():
                drafts.append(postings.moved(event))
    post(uow, [draft for draft in drafts if draft])


def _undo_sale(uow: UnitOfWork, event: SaleUndone) -> None:
    """Reverse a sale in red; one that came to nothing was never posted."""
    ref = postings.sale_ref(event.number, event.key)
    if find_entry(uow.db, ref) is not None:
        reverse(uow, ref, event.because)


def post(uow: UnitOfWork, drafts: Iterable[Draft]) -> int:
    """Write the entries whose ref is not there yet; how many those were.

    An entry is dated by the merchant's local day of its event, or, where that period is closed, by the first open day after
    it, with the original day in its text. Three statements, however many entries. Raises Unbalanced before anything is
    written.
    """
    entries: dict[str, Draft] = {}
    written: dict[str, list[JournalLine]] = {}
    for draft in drafts:
        lines = [line for line in draft.lines if line.debit.minor or line.credit.minor]
        _check(draft.ref, lines)
        if lines and draft.ref not in entries:
            entries[draft.ref], written[draft.ref] = draft, lines
    if not entries:
        return 0
    closed = _last_closed(uow)
    rows = []
    for entry in entries.values():
        day, text = _dated(uow, entry.at, entry.text, closed)
        rows.append((entry.ref, day, day[:7], uow.now, text, entry.kind, entry.document, entry.reverses))
    new = uow.db.insert("ledger_entry", _ENTRY, rows, returning="id,ref", conflict="(ref) DO NOTHING")
    uow.db.insert(
        "ledger_posting",
        _POSTING,
        [
            (entry_id, no, line.account.role, line.account.detail, line.debit.currency, line.debit.minor, line.credit.minor)
            for entry_id, ref in new
            for no, line in enumerate(written[ref], 1)
        ],
    )
    return len(new)


def reverse(uow: UnitOfWork, ref: str, because: str) -> str:
    """Cancel an entry by its red mirror image (红字冲销) of today; the new entry's ref.

    Raises Duplicate when that was done before, DomainError when there is no such entry or it is a reversal itself.
    """
    found = find_entry(uow.db, ref)
    if found is None:
        raise DomainError(f"there is no ledger entry {ref!r}", remedy="look its reference up in the journal")
    entry = found.entry
    if entry.reverses:
        raise DomainError(f"ledger entry {ref} is a reversal itself", remedy="post the right entry anew instead")
    red = Draft(
        f"{ref}-RED",
        uow.now,
        f"红冲 reversal of {ref}: {because}",
        found.kind,
        found.document,
        tuple(JournalLine(line.account, -line.debit, -line.credit) for line in entry.lines),
        reverses=ref,
    )
    if not post(uow, [red]):
        raise Duplicate(f"ledger entry {ref} is already reversed", remedy=f"see {red.ref}")
    uow.note("entry_reversed", "ledger_entry", found.id, because)
    return red.ref


def close_period(uow: UnitOfWork, code: str) -> None:
    """Let a month (`2026-11`) that is over take no more entries; months are closed in their order.

    Raises PeriodClosed when it is closed already, DomainError when it has not ended or an earlier month with entries is open.
    """
    if not _PERIOD.fullmatch(code):
        raise DomainError(f"{code!r} is not a period", remedy="write it as 2026-11")
    if code >= uow.merchant.day(uow.now)[:7]:
        raise DomainError(f"period {code} has not ended", remedy="close it when its last day is over")
    if not uow.db.sqlite:
        # Whoever posts reads this table first and so holds a lock on it until commit: this waits for them, and they for this.
        uow.db.execute("LOCK TABLE ledger_period IN ACCESS EXCLUSIVE MODE")
    closed = _last_closed(uow)
    if code <= closed:
        raise PeriodClosed(f"period {code} is already closed", remedy=f"everything up to {closed} is")
    earlier = uow.db.row("SELECT MIN(period) FROM ledger_entry WHERE period > ? AND period < ?", (closed, code))
    if earlier and earlier[0]:
        raise DomainError(f"period {earlier[0]} is still open", remedy=f"close {earlier[0]} before {code}")
    [(period_id,)] = uow.db.insert(
        "ledger_period",
        ("code", "closed_at"),
        [(code, uow.now)],
        returning="id",
        conflict="(code) DO UPDATE SET closed_at = excluded.closed_at",
    )
    uow.note("period_closed", "ledger_period", period_id, data={"period": code})


def _check(ref: str, lines: Sequence[JournalLine]) -> None:
    """Refuse what is not double entry: a line with both sides, a currency whose sides differ."""
    sums: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        if line.debit.minor and line.credit.minor:
            raise DomainError(f"ledger entry {ref} has a line with debit and credit", remedy="write two lines")
        sums[line.debit.currency] += line.debit.minor
        sums[line.credit.currency] -= line.credit.minor
    for currency, minor in sums.items():
        if minor:
            raise Unbalanced(
                f"ledger entry {ref}: debit and credit differ by {Money(minor, currency)}",
                remedy="nothing was written; the event or its posting rule is wrong",
            )


def _last_closed(uow: UnitOfWork) -> str:
    """The latest closed period, which closes every earlier one too; empty while none is."""
    found = uow.db.row(CLOSED.sql)
    return str(found[0]) if found and found[0] else ""


def _dated(uow: UnitOfWork, at: datetime, text: str, closed: str) -> tuple[str, str]:
    day = uow.merchant.day(at)
    if day[:7] > closed:
        return day, text
    year, month = int(closed[:4]), int(closed[5:])
    return f"{year + month // 12:04}-{month % 12 + 1:02}-01", f"{text} ({day})"
