"""代收货款: a carrier hands over what it collected at the door, listed by order or waybill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..kernel.errors import DomainError, OrderyardError
from ..kernel.uow import UnitOfWork
from ..orders.service import PaymentFacts, due, receive_payment


@dataclass(frozen=True, slots=True)
class Handed:
    """One row of a statement: an order's number or a parcel's waybill number, and minor units of the order's currency."""

    number: str
    amount: int


@dataclass(frozen=True, slots=True)
class Remitted:
    """What a statement did: orders it was counted for, rows counted before, and the rows that were refused with the reason."""

    counted: tuple[str, ...]
    known: tuple[str, ...]
    refused: Mapping[str, str]
    total: int


def remit(uow: UnitOfWork, collector: str, statement: str, rows: Sequence[Handed], at: datetime) -> Remitted:
    """Count a collector's statement, row by row; the same statement again counts nothing twice.

    A row that fits no order that is cash on delivery, or more than it still owes, is refused by itself.
    """
    if not statement.strip() or not collector.strip():
        raise DomainError("a statement without a number or without who hands over", remedy="take both from the carrier's list")
    counted, known, refused, total = [], [], {}, 0
    for row in rows:
        try:
            with uow.attempt():
                key = f"{collector}/{statement}/{row.number}"
                payment = PaymentFacts(_order(uow, row, key), row.amount, at, "cod", key, collector)
                if receive_payment(uow, payment):
                    counted.append(row.number)
                    total += row.amount
                else:
                    known.append(row.number)
        except OrderyardError as error:
            refused[row.number] = str(error)
    return Remitted(tuple(counted), tuple(known), refused, total)


def _order(uow: UnitOfWork, row: Handed, key: str) -> int:
    """The order a row is about, held until the transaction ends."""
    if row.amount <= 0:
        raise DomainError(f"{row.number}: {row.amount} were handed over", remedy="leave out rows without money")
    found = uow.db.rows(
        "SELECT id FROM sales_order WHERE number = ? UNION SELECT x.order_id FROM waybill w "
        "JOIN fo_line x ON x.fo_id = w.fo_id WHERE w.number = ? AND w.state = 'used' ORDER BY 1",
        (row.number, row.number),
    )
    ids = [id_ for (id_,) in found]
    if not ids:
        raise DomainError(f"nothing here has the number {row.number}", remedy="check it on the carrier's list")
    if len(ids) > 1:
        raise DomainError(
            f"parcel {row.number} holds {len(ids)} orders", remedy="write one row for each order, with the order's number"
        )
    owed = max(0, due(uow, ids[0]).minor)
    [(number, cod)] = uow.db.rows("SELECT number, cod FROM sales_order WHERE id = ?", (ids[0],))
    if not cod:
        raise DomainError(f"order {number} is not cash on delivery", remedy="check the number on the carrier's list")
    if row.amount > owed and not uow.db.row("SELECT 1 FROM payment WHERE key = ?", (key,)):
        raise DomainError(f"order {number} owes {owed}, and {row.amount} were handed over", remedy="ask the carrier about it")
    return int(ids[0])
