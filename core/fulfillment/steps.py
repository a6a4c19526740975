"""The warehouse's steps: release, pick, pack, ship; each refused while a hold stops it."""

from __future__ import annotations

from ..inventory import service as inventory
from ..inventory.lots import choose_lots
from ..kernel.db import Change, Question, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.states import Step, codes_stopping
from .api import FoReleased, FoState, ShipmentDispatched, WaybillState
from .documents import FO_COLUMNS_SQL, HOLDER, Fo, fo_lines, fo_of, held, lines_question, move, step_change, stepped
from .states import FETCHED, FO, LIVE, quoted


def blocked(uow: UnitOfWork, fo_id: int, step: Step) -> list[tuple[str, str]]:
    """The open holds, its own and its orders', that stop a step: (code, note)."""
    question = _holds_question(fo_id, step)
    return [(row[0], row[1]) for row in uow.db.rows(question.sql, question.parameters)]


def _holds_question(fo_id: int, step: Step) -> Question:
    codes = codes_stopping(step)
    return Question(
        f"SELECT h.code, h.note FROM hold h WHERE h.released_at IS NULL AND h.code IN ({marks(codes)}) AND "
        "((h.level = 'fo' AND h.document = ?) OR (h.level = 'order' AND h.document IN "
        "(SELECT order_id FROM fo_line WHERE fo_id = ?))) ORDER BY h.id",
        (*codes, fo_id, fo_id),
        2,
    )


def _refuse_if_blocked(uow: UnitOfWork, fo: Fo, step: Step) -> None:
    if holds := blocked(uow, fo.id, step):
        listed = "; ".join(f"{code} ({note})" if note else code for code, note in holds)
        raise DomainError(f"{fo.number} must not {step}: {listed}", remedy="settle these holds first")


def release(uow: UnitOfWork, fo_id: int, because: str) -> bool:
    """Let the warehouse start: no open hold, every unit reserved, lots chosen anew; a waybill is asked for.

    One whose lots have too little life left by now is planned anew instead: False.
    """
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.RELEASE)
    lots = uow.db.rows(
        "SELECT DISTINCT x.id FROM fo_line x JOIN reservation r ON r.kind = 'fo_line' AND r.holder = x.id AND r.state = 'held' "
        "JOIN stock_level l ON l.id = r.level_id WHERE x.fo_id = ? AND l.lot <> ''",
        (fo_id,),
    )
    if lots and not choose_lots(uow, HOLDER, [row[0] for row in lots]):
        return False
    move(uow, fo, FoState.RELEASED, because)
    uow.emit(FoReleased(fo_id))
    return True


def start_picking(uow: UnitOfWork, fo_id: int) -> None:
    """Somebody takes the pick list."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PICK)
    move(uow, fo, FoState.PICKING, "pick list taken")


def pick(uow: UnitOfWork, fo_id: int) -> None:
    """Everything is in the basket."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PICK)
    move(uow, fo, FoState.PICKED, "all picked")


def pack(uow: UnitOfWork, fo_id: int) -> None:
    """The parcel is closed."""
    fo = held(uow, [fo_id])[fo_id]
    _refuse_if_blocked(uow, fo, Step.PACK)
    move(uow, fo, FoState.PACKED, "parcel closed")


def ship(uow: UnitOfWork, fo_id: int) -> None:
    """The parcel leaves: stock falls, revenue and cost are booked, channels will be told.

    Refused without an issued waybill, and a second time, whatever key it comes under.
    """
    parcel = _parcel_question(uow, fo_id)
    uow.db.foresee(parcel, _holds_question(fo_id, Step.SHIP), lines_question(fo_id))
    row = uow.db.row(parcel.sql, parcel.parameters)
    if row is None:
        raise DomainError(f"there is no fulfillment order {fo_id}", remedy="look it up by its number")
    fo, (waybill_id, waybill, carrier, state) = fo_of(row), row[-4:]
    _refuse_if_blocked(uow, fo, Step.SHIP)
    FO.check(fo.number, fo.state, FoState.SHIPPED, remedy="pick and pack it first; a shipped one ships only once")
    if state is None and uow.db.row(f"SELECT 1 FROM fulfillment_order f WHERE f.id = ? AND {FETCHED}", (fo_id,)):
        raise DomainError(f"{fo.number} is picked up by its buyer", remedy="no carrier is needed; hand it over")
    if state != WaybillState.ISSUED:
        raise DomainError(f"{fo.number} has no waybill yet", remedy="wait for the carrier, or look at the work list")
    lines = fo_lines(uow, fo_id)
    shipped: dict[int, dict[int, int]] = {}
    for line in lines:
        shipped.setdefault(line.order_id, {})[line.line_id] = line.quantity
    holders = [line.id for line in lines]
    uow.foresee(inventory.held_question(uow, HOLDER, holders), *orders.rows_asked(uow, shipped), leaving=sorted(shipped))
    touched, *_ = uow.db.together(
        step_change(uow, fo, FoState.SHIPPED, f"waybill {waybill}", shipped_at=uow.now),
        Change("UPDATE fo_line SET reserved = 0 WHERE fo_id = ?", (fo_id,)),
        Change("UPDATE waybill SET state = 'used' WHERE id = ?", (waybill_id,)),
    )
    stepped(fo, touched)
    inventory.consume(uow, HOLDER, holders, document_kind="fulfillment_order", document=fo_id, text=fo.number)
    orders.record_shipped(uow, shipped, key=fo.number, at=uow.now, collector=carrier if fo.cod else "", external=False)
    uow.emit(ShipmentDispatched(fo_id, fo.number, fo.warehouse, carrier, waybill, tuple(sorted(shipped))))


def _parcel_question(uow: UnitOfWork, fo_id: int) -> Question:
    """A fulfillment order, held until the transaction ends, with its live waybill."""
    return Question(
        f"SELECT {FO_COLUMNS_SQL}, w.id, w.number, w.carrier, w.state FROM fulfillment_order f LEFT JOIN waybill w "
        f"ON w.fo_id = f.id AND w.state IN ({quoted(LIVE)}) WHERE f.id = ?" + ("" if uow.db.sqlite else " FOR UPDATE OF f"),
        (fo_id,),
        16,
    )
