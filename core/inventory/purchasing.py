"""采购: what was ordered from suppliers, so that it is known what is on its way and what is late. Prices are agreed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..catalog.queries import marks
from ..kernel.checks import Check, RowCheck
from ..kernel.db import Database
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import quantity
from .api import Place, Quality
from .service import Receipt, receive
from .tracking import code as checked
from .tracking import day, tracked

KIND = "purchase"
"""What moves that a purchase order brought are filed under."""


class PurchaseState(StrEnum):
    OPEN = "open"
    RECEIVED = "received"
    """In full."""
    CLOSED = "closed"
    """People gave up what was missing."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Units of one SKU to be ordered; `unit_cost` in minor units of the merchant's own currency."""

    sku_id: int
    quantity: int
    unit_cost: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Units that came; `unit_cost` None means what was agreed. The rest is as on a receipt."""

    sku_id: int
    quantity: int
    unit_cost: int | None = None
    bin: str = ""
    lot: str = ""
    expires_on: str = ""
    quality: Quality = Quality.GOOD
    serials: tuple[str, ...] = ()


def purchase_number(purchase_id: int) -> str:
    """The number on the order's papers."""
    return f"PO{purchase_id:08d}"


def add_supplier(uow: UnitOfWork, code: str, title: str) -> int:
    """Somebody goods are ordered from; the id."""
    code = checked(code, "a supplier's code")
    if uow.db.row("SELECT 1 FROM supplier WHERE code = ?", (code,)):
        raise Duplicate(f"supplier {code} exists already", remedy="choose another code")
    [(supplier_id,)] = uow.db.insert("supplier", ("code", "title"), [(code, title)], returning="id")
    uow.note("added", "supplier", supplier_id, code)
    return int(supplier_id)


def place_purchase(
    uow: UnitOfWork, supplier_id: int, warehouse_id: int, lines: Sequence[Ordered], due_on: str, *, key: str, note: str = ""
) -> int:
    """Order goods into a warehouse, to be there on a day (`2026-12-01`); the purchase order's id. One line per SKU."""
    due_on = day(due_on, "the due date")
    if not lines:
        raise DomainError("nothing to order", remedy="give at least one SKU")
    if uow.db.row("SELECT 1 FROM supplier WHERE id = ?", (supplier_id,)) is None:
        raise DomainError(f"there is no supplier {supplier_id}", remedy="add it first")
    if uow.db.row("SELECT 1 FROM warehouse WHERE id = ?", (warehouse_id,)) is None:
        raise DomainError(f"there is no warehouse {warehouse_id}", remedy="choose one of the list")
    if uow.db.row("SELECT 1 FROM purchase_order WHERE key = ?", (key,)):
        raise Duplicate(f"purchase {key} was placed already", remedy="use another number for another purchase")
    skus = tracked(uow.db, {line.sku_id for line in lines})
    seen: set[int] = set()
    for line in lines:
        quantity(line.quantity, f"quantity of {skus[line.sku_id].code}")
        if skus[line.sku_id].kit:
            raise DomainError(f"{skus[line.sku_id].code} is a kit and never in stock itself", remedy="order its components")
        if line.unit_cost < 0:
            raise DomainError(f"a unit cost of {line.unit_cost}", remedy="give 0 or more")
        if line.sku_id in seen:
            raise DomainError(f"{skus[line.sku_id].code} stands there twice", remedy="put its units on one line")
        seen.add(line.sku_id)
    [(purchase_id,)] = uow.db.insert(
        "purchase_order",
        ("supplier_id", "warehouse_id", "due_on", "state", "note", "key", "ordered_at"),
        [(supplier_id, warehouse_id, due_on, PurchaseState.OPEN, note, key, uow.now)],
        returning="id",
    )
    uow.db.insert(
        "purchase_line",
        ("purchase_id", "sku_id", "quantity", "received", "unit_cost"),
        [(purchase_id, line.sku_id, line.quantity, 0, line.unit_cost) for line in lines],
    )
    uow.note("ordered", KIND, purchase_id, note, {"due": due_on})
    return int(purchase_id)


@dataclass
class _Head:
    id: int
    warehouse_id: int
    state: PurchaseState
    lines: dict[int, tuple[int, int, int]]
    """By SKU: quantity, received, unit cost."""


def _held(uow: UnitOfWork, purchase_id: int) -> _Head:
    """A purchase order that is still open, held until the transaction ends."""
    row = uow.db.row(
        "SELECT warehouse_id, state FROM purchase_order WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"), (purchase_id,)
    )
    if row is None:
        raise DomainError(f"there is no purchase order {purchase_id}", remedy="look it up by its number")
    if row[1] != PurchaseState.OPEN:
        raise DomainError(f"{purchase_number(purchase_id)} is {row[1]}", remedy="order what is needed anew")
    lines = uow.db.rows(
        "SELECT sku_id, quantity, received, unit_cost FROM purchase_line WHERE purchase_id = ? ORDER BY id", (purchase_id,)
    )
    return _Head(purchase_id, row[0], PurchaseState(row[1]), {line[0]: (line[1], line[2], line[3]) for line in lines})


def receive_purchase(uow: UnitOfWork, purchase_id: int, arrivals: Sequence[Arrival], *, key: str) -> None:
    """A delivery, whole or in part: units come into stock, and fewer are on their way. The same `key` again is a Duplicate.

    Refused: a SKU that was not ordered, and more than is still missing.
    """
    head = _held(uow, purchase_id)
    number = purchase_number(purchase_id)
    skus = tracked(uow.db, {arrival.sku_id for arrival in arrivals})
    came: dict[int, int] = {}
    for arrival in arrivals:
        if arrival.sku_id not in head.lines:
            raise DomainError(
                f"{skus[arrival.sku_id].code} was not ordered with {number}", remedy="receive it by itself, or order it first"
            )
        came[arrival.sku_id] = came.get(arrival.sku_id, 0) + quantity(arrival.quantity)
    for sku_id, units in came.items():
        ordered, received, _ = head.lines[sku_id]
        if units > ordered - received:
            raise DomainError(
                f"{number}, {skus[sku_id].code}: {units} came, {ordered - received} are missing",
                remedy="receive what was ordered, and what came on top by itself",
            )
    receive(
        uow,
        head.warehouse_id,
        [
            Receipt(
                arrival.sku_id, arrival.quantity,
                head.lines[arrival.sku_id][2] if arrival.unit_cost is None else arrival.unit_cost,
                arrival.bin, arrival.lot, arrival.expires_on, arrival.quality, arrival.serials,
            )
            for arrival in arrivals
        ],
        source=Place.SUPPLIER,
        document=purchase_id,
        key=key,
        text=number,
        kind=KIND,
    )  # fmt: skip
    for sku_id, units in sorted(came.items()):
        uow.db.change(
            "UPDATE purchase_line SET received = received + ? WHERE purchase_id = ? AND sku_id = ?", (units, purchase_id, sku_id)
        )
    uow.note("received", KIND, purchase_id, key, {skus[sku_id].code: units for sku_id, units in came.items()})
    if all(received + came.get(sku_id, 0) == ordered for sku_id, (ordered, received, _) in head.lines.items()):
        _end(uow, purchase_id, PurchaseState.RECEIVED, "")


def close_purchase(uow: UnitOfWork, purchase_id: int, because: str) -> None:
    """What is missing will not come; it is on its way no more."""
    if not because.strip():
        raise DomainError("closing a purchase order needs a reason", remedy="say why the rest does not come")
    _held(uow, purchase_id)
    _end(uow, purchase_id, PurchaseState.CLOSED, because)


def _end(uow: UnitOfWork, purchase_id: int, state: PurchaseState, because: str) -> None:
    uow.db.change("UPDATE purchase_order SET state = ?, closed_at = ? WHERE id = ?", (state, uow.now, purchase_id))
    uow.note(str(state), KIND, purchase_id, because)


def postpone(uow: UnitOfWork, purchase_id: int, due_on: str, because: str = "") -> None:
    """The supplier names another day."""
    due_on = day(due_on, "the due date")
    _held(uow, purchase_id)
    uow.db.change("UPDATE purchase_order SET due_on = ? WHERE id = ?", (due_on, purchase_id))
    uow.note("postponed", KIND, purchase_id, because, {"due": due_on})


# reads


@dataclass(frozen=True, slots=True)
class Expected:
    """Units of an open purchase order that have not come."""

    purchase_id: int
    supplier: str
    warehouse_id: int
    warehouse: str
    sku_id: int
    sku: str
    missing: int
    ordered: int
    due_on: str

    @property
    def number(self) -> str:
        return purchase_number(self.purchase_id)


def expected(db: Database, sku_ids: Sequence[int] = (), *, due_before: str = "") -> list[Expected]:
    """What suppliers still owe, of some SKUs or of all, what is due first first; with `due_before`, only what was due earlier."""
    only, given = "", list[object]()
    if sku_ids:
        only += f" AND x.sku_id IN ({marks(sku_ids)})"
        given += sku_ids
    if due_before:
        only += " AND p.due_on < ?"
        given.append(due_before)
    rows = db.rows(
        "SELECT p.id, s.code, w.id, w.code, k.id, k.code, x.quantity - x.received, x.quantity, p.due_on FROM purchase_order p "
        "JOIN purchase_line x ON x.purchase_id = p.id JOIN supplier s ON s.id = p.supplier_id "
        "JOIN warehouse w ON w.id = p.warehouse_id JOIN sku k ON k.id = x.sku_id "
        f"WHERE p.state = 'open' AND x.received < x.quantity{only} ORDER BY p.due_on, p.id, k.code",
        given,
    )
    return [Expected(*row) for row in rows]


def overdue(db: Database, today: str) -> list[Expected]:
    """What should have come before today and has not."""
    return expected(db, due_before=today)


def states(db: Database, purchase_ids: Sequence[int]) -> Mapping[int, PurchaseState]:
    """How purchase orders stand."""
    rows = db.rows(f"SELECT id, state FROM purchase_order WHERE id IN ({marks(purchase_ids)})", purchase_ids)
    return {row[0]: PurchaseState(row[1]) for row in rows}


# proof

received = RowCheck(
    "what came of a purchase is what its moves brought",
    """
SELECT x.id, x.purchase_id, s.code AS sku, x.quantity, x.received, COALESCE(m.units, 0) AS units FROM purchase_line x
JOIN sku s ON s.id = x.sku_id LEFT JOIN (
  SELECT document, sku_id, CAST(SUM(quantity) AS BIGINT) AS units FROM stock_move WHERE kind = 'purchase' AND source = 'supplier'
  GROUP BY document, sku_id
) m ON m.document = x.purchase_id AND m.sku_id = x.sku_id
WHERE x.received <> COALESCE(m.units, 0) OR x.received < 0 OR x.received > x.quantity ORDER BY x.id
""",
    "purchase_line {id} (purchase {purchase_id} {sku})",
    "{received} of {quantity} received, but its moves brought {units}",
    "look at the moves of purchase {purchase_id}",
)

ended = RowCheck(
    "a purchase is received when everything came",
    "SELECT p.id, p.key, p.state, COUNT(x.id) AS missing FROM purchase_order p LEFT JOIN purchase_line x ON x.purchase_id = p.id"
    " AND x.received < x.quantity GROUP BY p.id, p.key, p.state, p.closed_at HAVING p.state NOT IN ('open','received','closed')"
    " OR (p.state = 'open') <> (p.closed_at IS NULL) OR (COUNT(x.id) = 0) <> (p.state = 'received') ORDER BY p.id",
    "purchase_order {id} ({key})",
    "is {state} with {missing} lines missing something",
    "close it, or order anew what is missing",
)

CHECKS: tuple[Check, ...] = (received, ended)
