"""A fulfillment order's own row and lines, held while a command works on it, and one step from state to state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.db import Change, Question, marks
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from .api import FoState
from .serving import FoLineRow
from .states import FO

BY_HAND = "by_hand"
"""In `why`: the warehouse was chosen by a person, for this reason."""


HOLDER = "fo_line"
"""Reservations are held by fulfillment order lines."""


def fo_number(fo_id: int) -> str:
    """The number on the pick list."""
    return f"FO{fo_id:08d}"


@dataclass(frozen=True, slots=True)
class Fo:
    """A fulfillment order's own row, held until the transaction ends."""

    id: int
    number: str
    shop_id: int
    warehouse_id: int | None
    state: FoState
    merge_key: str
    cod: bool
    currency: str
    sealed: bool
    carrier: str
    version: int
    warehouse: str


FO_COLUMNS_SQL = (
    "f.id, f.number, f.shop_id, f.warehouse_id, f.state, f.merge_key, f.cod, f.currency, f.sealed, f.carrier, f.version, "
    "COALESCE((SELECT w.code FROM warehouse w WHERE w.id = f.warehouse_id), '')"
)


def fo_of(row: Sequence[Any]) -> Fo:
    return Fo(
        row[0], row[1], row[2], row[3], FoState(row[4]), row[5], bool(row[6]), row[7], bool(row[8]), row[9], row[10], row[11]
    )


def held(uow: UnitOfWork, fo_ids: Iterable[int]) -> dict[int, Fo]:
    """Fulfillment orders by id, in one order; DomainError names one that does not exist."""
    wanted = sorted(set(fo_ids))
    rows = uow.db.rows(
        f"SELECT {FO_COLUMNS_SQL} FROM fulfillment_order f WHERE f.id IN ({marks(wanted)}) ORDER BY f.id"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        wanted,
    )
    found = {row[0]: fo_of(row) for row in rows}
    for fo_id in wanted:
        if fo_id not in found:
            raise DomainError(f"there is no fulfillment order {fo_id}", remedy="look it up by its number")
    return found


def move(uow: UnitOfWork, fo: Fo, target: FoState, because: str, **columns: Any) -> None:
    """One step of a fulfillment order, allowed by its states and by plugins; `columns` change with it."""
    stepped(fo, uow.db.together(step_change(uow, fo, target, because, **columns))[0])


def step_change(uow: UnitOfWork, fo: Fo, target: FoState, because: str, **columns: Any) -> Change:
    """The change behind a step that is allowed; whoever makes it hands what it touched to `stepped`."""
    allowed(uow, fo, target, because)
    settings = "".join(f", {column} = ?" for column in columns)
    return Change(
        f"UPDATE fulfillment_order SET state = ?, version = version + 1{settings} WHERE id = ? AND state = ?",
        [target, *columns.values(), fo.id, fo.state],
    )


def allowed(uow: UnitOfWork, fo: Fo, target: FoState, because: str) -> None:
    """Note a step that its states and plugins allow; refuse any other."""
    FO.check(fo.number, fo.state, target, remedy="reload the page to see where it stands")
    facts = {"number": fo.number, "warehouse": fo.warehouse, "carrier": fo.carrier}
    orders.ask_first(uow, "fulfillment_order", fo.id, fo.state, target, facts)
    uow.note(f"{fo.state} → {target}", "fulfillment_order", fo.id, because)


def stepped(fo: Fo, touched: int) -> None:
    if touched != 1:
        raise Stale(f"fulfillment order {fo.number} changed meanwhile", remedy="reload the page")


def fo_lines(uow: UnitOfWork, fo_id: int) -> list[FoLineRow]:
    """The lines of a fulfillment order in the order of their order lines."""
    question = lines_question(fo_id)
    return [FoLineRow(*row) for row in uow.db.rows(question.sql, question.parameters)]


def lines_question(fo_id: int) -> Question:
    return Question(f"{LINES_SQL} WHERE f.fo_id = ? ORDER BY f.order_id, l.no", (fo_id,), 9)


LINES_SQL = (
    "SELECT f.id, f.order_id, f.line_id, f.sku_id, k.code, f.quantity, f.reserved, l.kit_line, l.per_kit "
    "FROM fo_line f JOIN order_line l ON l.id = f.line_id JOIN sku k ON k.id = f.sku_id"
)
