"""Holds: opening and lifting what stops an order or fulfillment order, one by one and in bulk, by people and by facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.db import Database, as_moment, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from .api import HoldCode, HoldsLifted
from .states import BY_PEOPLE, LIFTABLE, STOPS, Step, codes_stopping

_REVIEW = tuple(code.value for code, step in STOPS.items() if step is Step.REVIEW and code is not HoldCode.SKU_UNMAPPED)
_KINDS = {"order": "order", "fo": "fulfillment_order"}

LIFTS: Mapping[HoldCode, str] = {
    HoldCode.REVIEW_RULE: "the rule passes after a change, or a person approves the order",
    HoldCode.ADDRESS_INVALID: "the address is completed, or a person approves the order",
    HoldCode.SKU_UNMAPPED: "every item is mapped to a SKU",
    HoldCode.BLACKLIST: "the entry is taken off the list, or a person lifts it or approves the order",
    HoldCode.FRAUD_RISK: "a person lifts it or approves the order",
    HoldCode.PRICE_LOW: "the price is corrected, or a person approves the order",
    HoldCode.OUT_OF_STOCK: "every unit is reserved",
    HoldCode.PRESALE: "the balance is paid",
    HoldCode.AWAITING_PAYMENT: "what is due has been received",
    HoldCode.AWAITING_RETURN_ITEMS: "the items came back, or a person lifts it",
    HoldCode.MERGE_WAIT: "its time is over, a partner came, or a person lifts it",
    HoldCode.ADDRESS_CHANGED: "a person lifts it",
    HoldCode.REFUND_REQUESTED: "the platform settles the request",
    HoldCode.REFUNDED: "units are cancelled or the money comes again",
    HoldCode.NO_CARRIER: "a carrier is chosen",
    HoldCode.WAYBILL_ERROR: "the carrier issues a number, or a person lifts it",
    HoldCode.MANUAL: "a person lifts it",
    HoldCode.UPSTREAM_CHANGED: "a person applies or drops the change, or lifts it",
    HoldCode.PLATFORM_HOLD: "the platform lifts it",
    HoldCode.HAND_OVER: "the goods are handed over in the books too",
    HoldCode.SHORT_PICK: "the units are found, or a person lifts it",
    HoldCode.WEIGHT_DIFF: "the parcel is weighed again, or a person lifts it",
}
"""What each hold waits for; a hold that waits for a fact lifts itself when the fact comes."""


def hold(
    uow: UnitOfWork,
    document: int,
    code: HoldCode,
    note: str,
    *,
    source: str = "person",
    level: str = "order",
    until: datetime | None = None,
) -> None:
    """Open a hold unless the same one is open from the same source; then its note and end are brought up to date."""
    hold_all(uow, {document: note}, code, source=source, level=level, until=until)


def hold_all(
    uow: UnitOfWork,
    notes: Mapping[int, str],
    code: HoldCode,
    *,
    source: str = "person",
    level: str = "order",
    until: datetime | None = None,
) -> None:
    """`hold` for many documents, each with its note, in two statements."""
    if not notes:
        return
    rows = uow.db.rows(
        f"UPDATE hold SET note = v.column2, until = ? FROM (VALUES {','.join(['(?,?)'] * len(notes))}) AS v "
        "WHERE level = ? AND document = v.column1 AND code = ? AND source = ? AND released_at IS NULL RETURNING document",
        [until, *(part for pair in notes.items() for part in pair), level, code, source],
    )
    there = {row[0] for row in rows}
    new = [(level, document, code, source, note) for document, note in notes.items() if document not in there]
    open_holds(uow, new, until=until)


def open_holds(uow: UnitOfWork, holds: Sequence[tuple[str, int, HoldCode, str, str]], *, until: datetime | None = None) -> None:
    """Write holds for documents that are known to have none of them: (level, document, code, source, note)."""
    if holds:
        uow.db.insert(
            "hold",
            ("level", "document", "code", "source", "note", "opened_at", "released_by", "until"),
            [(level, document, code, source, note, uow.now, "", until) for level, document, code, source, note in holds],
        )
        for level, document, code, _, note in holds:
            uow.note(f"hold {code}", _KINDS[level], document, note)


def lift(uow: UnitOfWork, document: int, code: HoldCode, *, source: str = "", level: str = "order", because: str = "") -> bool:
    """Lift what waited for something that has come; whether anything was open."""
    return bool(lift_all(uow, [document], code, source=source, level=level, because=because))


def lift_all(
    uow: UnitOfWork, documents: Sequence[int], code: HoldCode, *, source: str = "", level: str = "order", because: str = ""
) -> list[int]:
    """`lift` for many documents, in one statement; those that had it open."""
    if not documents:
        return []
    rows = uow.db.rows(
        f"UPDATE hold SET released_at = ?, released_by = ? WHERE level = ? AND document IN ({marks(documents)}) AND code = ? "
        "AND released_at IS NULL" + (" AND source = ?" if source else "") + " RETURNING document",
        [uow.now, uow.actor, level, *documents, code, *([source] if source else [])],
    )
    lifted = sorted({row[0] for row in rows})
    for document in lifted:
        uow.note(f"lifted {code}", _KINDS[level], document, because)
    if lifted and level == "order":
        uow.emit(HoldsLifted(tuple(lifted)))
    return lifted


def lift_hold(uow: UnitOfWork, hold_id: int, because: str) -> None:
    """A person lifts one hold of the kind that people lift."""
    refused = lift_many(uow, [hold_id], because).refused
    if hold_id in refused:
        what, remedy = refused[hold_id]
        raise DomainError(what, remedy=remedy)


def lift_review_holds(uow: UnitOfWork, order_ids: Sequence[int], because: str) -> None:
    """Close whatever review had against these orders."""
    uow.db.change(
        f"UPDATE hold SET released_at = ?, released_by = ? WHERE level = 'order' AND document IN ({marks(order_ids)}) "
        f"AND released_at IS NULL AND code IN ({marks(_REVIEW)})",
        [uow.now, uow.actor, *order_ids, *_REVIEW],
    )
    for order_id in order_ids:
        uow.note("review holds lifted", "order", order_id, because)


def close_all(uow: UnitOfWork, level: str, documents: Iterable[int]) -> None:
    """The documents ended, so nothing stops them any more; nobody is told, for nobody waits."""
    wanted = sorted(set(documents))
    if wanted:
        uow.db.change(
            f"UPDATE hold SET released_at = ?, released_by = ? WHERE level = ? AND document IN ({marks(wanted)}) "
            "AND released_at IS NULL",
            [uow.now, uow.actor, level, *wanted],
        )


# by people, in bulk


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of each of many: done, or refused as (what, remedy); one refusal does not undo the others."""

    done: tuple[int, ...]
    refused: Mapping[int, tuple[str, str]]


def open_by_hand(uow: UnitOfWork, order_ids: Sequence[int], code: HoldCode, note: str) -> Bulk:
    """People stop many orders at once, for a reason of the kind that people give; those that are over are refused."""
    if code not in BY_PEOPLE:
        raise DomainError(
            f"hold {code} opens itself", remedy=f"people open: {', '.join(sorted(code.value for code in BY_PEOPLE))}"
        )
    if not note.strip():
        raise DomainError(f"hold {code} needs a reason", remedy="say why, for whoever wants to lift it")
    wanted = sorted(set(order_ids))
    rows = uow.db.rows(f"SELECT id, number, status FROM sales_order WHERE id IN ({marks(wanted)})", wanted) if wanted else []
    known = {row[0]: (row[1], row[2]) for row in rows}
    refused: dict[int, tuple[str, str]] = {}
    for order_id in wanted:
        if order_id not in known:
            refused[order_id] = (f"there is no order {order_id}", "look it up by its number")
        elif known[order_id][1] in ("shipped", "completed", "cancelled"):
            number, status = known[order_id]
            refused[order_id] = (f"order {number} is {status}", "only what still has something to send can be held")
    done = [order_id for order_id in wanted if order_id not in refused]
    for order_id in done:
        hold(uow, order_id, code, note.strip())
    return Bulk(tuple(done), refused)


def lift_many(uow: UnitOfWork, hold_ids: Sequence[int], because: str) -> Bulk:
    """People lift many holds at once; those that lift themselves, or are not open, are refused."""
    wanted = sorted(set(hold_ids))
    rows = (
        uow.db.rows(
            f"SELECT id, level, document, code FROM hold WHERE id IN ({marks(wanted)}) AND released_at IS NULL ORDER BY id"
            + ("" if uow.db.sqlite else " FOR UPDATE"),
            wanted,
        )
        if wanted
        else []
    )
    refused = {hold_id: (f"hold {hold_id} is not open", "reload the page") for hold_id in wanted}
    mine = []
    for hold_id, level, document, code in rows:
        if HoldCode(code) in LIFTABLE:
            del refused[hold_id]
            mine.append((hold_id, level, document, code))
        else:
            refused[hold_id] = (f"hold {code} lifts itself", f"it waits until {LIFTS[HoldCode(code)]}")
    if mine:
        uow.db.change(
            f"UPDATE hold SET released_at = ?, released_by = ? WHERE id IN ({marks(mine)})",
            [uow.now, uow.actor, *(row[0] for row in mine)],
        )
        for _, level, document, code in mine:
            uow.note(f"lifted {code}", _KINDS[level], document, because)
        if orders := tuple(sorted({document for _, level, document, _ in mine if level == "order"})):
            uow.emit(HoldsLifted(orders))
    return Bulk(tuple(row[0] for row in mine), refused)


def lift_of_orders(uow: UnitOfWork, order_ids: Sequence[int], code: HoldCode, because: str) -> Bulk:
    """People lift one kind of hold of many orders; an order without it is refused. Ids of orders, not of holds."""
    wanted = sorted(set(order_ids))
    rows = (
        uow.db.rows(
            f"SELECT id, document FROM hold WHERE level = 'order' AND document IN ({marks(wanted)}) AND code = ? "
            "AND released_at IS NULL ORDER BY id",
            [*wanted, code],
        )
        if wanted
        else []
    )
    order_of = {row[0]: row[1] for row in rows}
    result = lift_many(uow, list(order_of), because)
    refused = {order_of[hold_id]: why for hold_id, why in result.refused.items()}
    for order_id in wanted:
        if order_id not in order_of.values():
            refused[order_id] = (f"order {order_id} has no open hold {code}", "reload the page")
    return Bulk(tuple(sorted({order_of[hold_id] for hold_id in result.done} - refused.keys())), refused)


def lift_expired(uow: UnitOfWork) -> int:
    """Lift every hold whose end has come; how many."""
    rows = uow.db.rows(
        "UPDATE hold SET released_at = ?, released_by = ? WHERE released_at IS NULL AND until IS NOT NULL AND until <= ? "
        "RETURNING level, document, code",
        (uow.now, uow.actor, uow.now),
    )
    for level, document, code in sorted(rows):
        uow.note(f"lifted {code}", _KINDS[level], document, "its time is over")
    if orders := tuple(sorted({document for level, document, _ in rows if level == "order"})):
        uow.emit(HoldsLifted(orders))
    return len(rows)


def stopping(db: Database, order_id: int, step: Step) -> list[tuple[str, str]]:
    """The open holds of an order that stop a step: (code, note)."""
    codes = codes_stopping(step)
    rows = db.rows(
        f"SELECT code, note FROM hold WHERE level = 'order' AND document = ? AND released_at IS NULL "
        f"AND code IN ({marks(codes)}) ORDER BY id",
        [order_id, *codes],
    )
    return [(row[0], row[1]) for row in rows]


# the page

PAGE = 50


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One open hold of the work list, with the document it stops."""

    id: int
    level: str
    document: int
    number: str
    shop: str
    code: HoldCode
    source: str
    note: str
    opened_at: datetime
    until: datetime | None

    @property
    def stops(self) -> Step:
        return STOPS[self.code]

    @property
    def by_people(self) -> bool:
        """Whether a person may lift it."""
        return self.code in LIFTABLE

    @property
    def lifts_when(self) -> str:
        return LIFTS[self.code]


def open_page(
    db: Database, *, code: str = "", shop_id: int | None = None, source: str = "", after: int | None = None
) -> tuple[list[HeldRow], int | None]:
    """One page of what is held now, the oldest first, and the key of the next page; one statement.

    `code`, `shop_id` and `source` narrow it down; `after` is where the page before ended.
    """
    parts, given = ["h.released_at IS NULL"], list[object]()
    for condition, value in (("h.code = ?", code or None), ("h.source = ?", source or None), ("h.id > ?", after)):
        if value is not None:
            parts.append(condition)
            given.append(value)
    if shop_id is not None:
        parts.append("COALESCE(o.shop_id, f.shop_id) = ?")
        given.append(shop_id)
    rows = db.rows(
        "SELECT h.id, h.level, h.document, COALESCE(o.number, f.number, ''), COALESCE(s.code, ''), h.code, h.source, h.note, "
        "h.opened_at, h.until FROM hold h LEFT JOIN sales_order o ON h.level = 'order' AND o.id = h.document "
        "LEFT JOIN fulfillment_order f ON h.level = 'fo' AND f.id = h.document "
        f"LEFT JOIN shop s ON s.id = COALESCE(o.shop_id, f.shop_id) WHERE {' AND '.join(parts)} ORDER BY h.id "
        f"LIMIT {PAGE + 1}",
        given,
    )
    found = [
        HeldRow(
            id_,
            level,
            document,
            number,
            shop,
            HoldCode(code_),
            from_,
            note,
            as_moment(at),
            None if end is None else as_moment(end),
        )
        for id_, level, document, number, shop, code_, from_, note, at, end in rows[:PAGE]
    ]
    return found, found[-1].id if len(rows) > PAGE else None
