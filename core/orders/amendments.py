"""Amendments: sets of changes to an order, previewed by doing and undoing them, then applied, kept waiting or dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..customers.queries import ADDRESS_SQL, address_from
from ..kernel.db import Database, as_json, as_moment, to_json
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from .amending import Amended
from .api import CARRIED, AmendmentState, Carrying, HoldCode
from .changes import Change, as_data, described, from_data
from .holds import hold, lift
from .money import LEFT


@dataclass(frozen=True, slots=True)
class Sums:
    """An order's money at one moment, in minor units."""

    total: int
    """As ordered, cancelled units among it."""
    worth: int
    """What the units cost that are sent or still wanted, with their freight."""
    received: int
    refunded: int

    @property
    def due(self) -> int:
        """What the buyer still owes."""
        return max(0, self.worth - self.received + self.refunded)

    @property
    def refund_due(self) -> int:
        """What is owed to the buyer."""
        return max(0, self.received - self.refunded - self.worth)


@dataclass(frozen=True, slots=True)
class StockEffect:
    """Units of a SKU that an order wants and has reserved, before and after."""

    sku: str
    wanted: tuple[int, int]
    reserved: tuple[int, int]


@dataclass(frozen=True, slots=True)
class FoEffect:
    """A fulfillment order before and after, in words; empty where there is none."""

    number: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a set of changes would do; everything that stays as it is left out, but for the money."""

    currency: str
    before: Sums
    after: Sums
    address: tuple[str, str] = ("", "")
    stock: tuple[StockEffect, ...] = ()
    fos: tuple[FoEffect, ...] = ()
    opened: tuple[str, ...] = ()
    """Holds that would open (code), and those that would lift."""
    lifted: tuple[str, ...] = ()
    putbacks: int = 0
    """Units that somebody would have to put back."""

    def data(self) -> dict[str, Any]:
        """As it is stored with the amendment."""
        told = asdict(self)
        for name, sums in (("before", self.before), ("after", self.after)):
            told[name] |= {"due": sums.due, "refund_due": sums.refund_due}
        return told


@dataclass(frozen=True)
class _Look:
    """An order at one moment, for comparing."""

    currency: str
    version: int
    sums: Sums
    address: str
    stock: Mapping[str, tuple[int, int]]
    holds: frozenset[tuple[str, int, str]]
    fos: Mapping[str, Carrying] = field(default_factory=dict)

    @property
    def basis(self) -> str:
        return f"{self.version}|" + ";".join(f"{number}:{fo.state}:{fo.version}" for number, fo in sorted(self.fos.items()))


def preview(uow: UnitOfWork, order_id: int, changes: Sequence[Change]) -> Preview:
    """What these changes would do to stock, money and fulfillment orders: they are carried out and undone.

    Whatever would refuse them refuses their preview, with the same words.
    """
    return _try(uow, order_id, changes)[0]


def _try(uow: UnitOfWork, order_id: int, changes: Sequence[Change]) -> tuple[Preview, str]:
    before = _look(uow, order_id)
    with uow.rehearsal() as tried:
        Amended(tried, order_id).change(changes, "preview")
        tried.settle()
        after = _look(tried, order_id)
    return _compare(before, after), before.basis


def draft(uow: UnitOfWork, order_id: int, changes: Sequence[Change], because: str) -> tuple[int, Preview]:
    """Keep a set of changes with its preview, to be applied or dropped; its id."""
    found, basis = _try(uow, order_id, changes)
    return _keep(uow, order_id, changes, because, AmendmentState.DRAFT, "person", found.data(), basis), found


def amend(uow: UnitOfWork, order_id: int, changes: Sequence[Change], because: str, *, source: str = "person") -> int:
    """Change an order now; the amendment's id. Its effect is kept with it."""
    before = _look(uow, order_id)
    Amended(uow, order_id).change(changes, because)
    told = {"before": asdict(before.sums)}
    return _keep(uow, order_id, changes, because, AmendmentState.APPLIED, source, told, before.basis)


def apply(uow: UnitOfWork, amendment_id: int) -> None:
    """Carry out a draft, or a change of the platform that waits; Stale when the order is not what the preview saw."""
    row = _open(uow, amendment_id)
    order_id, state, changes, because, basis = row
    if state is AmendmentState.DRAFT and _look(uow, order_id).basis != basis:
        raise Stale(f"amendment {amendment_id}: the order changed since it was previewed", remedy="look at the preview again")
    _close(uow, amendment_id, AmendmentState.APPLIED)
    Amended(uow, order_id).change(changes, because)
    _after_waiting(uow, order_id, state, "applied")


def drop(uow: UnitOfWork, amendment_id: int, because: str) -> None:
    """Give a draft up, or leave the order as it is against the platform's change."""
    order_id, state, _, _, _ = _open(uow, amendment_id)
    _close(uow, amendment_id, AmendmentState.DROPPED)
    uow.note("amendment dropped", "order", order_id, because, {"amendment": amendment_id})
    _after_waiting(uow, order_id, state, because)


def wait(uow: UnitOfWork, order_id: int, changes: Sequence[Change], because: str) -> int:
    """The platform changed an order that people already work on: it stops until one of them applies or drops the change.

    An earlier change that still waits is part of the new one.
    """
    earlier = uow.db.rows(
        "SELECT id, changes FROM amendment WHERE order_id = ? AND state = ? ORDER BY no", (order_id, AmendmentState.WAITING)
    )
    every: list[Change] = []
    for amendment_id, stored in earlier:
        every += from_data(as_json(stored))
        _close(uow, amendment_id, AmendmentState.DROPPED)
    every += changes
    note = "; ".join(described(change) for change in every)
    hold(uow, order_id, HoldCode.UPSTREAM_CHANGED, note, source="channel")
    return _keep(uow, order_id, every, because, AmendmentState.WAITING, "channel", {}, "")


@dataclass(frozen=True, slots=True)
class AmendmentRow:
    """One amendment of an order, as pages show it."""

    id: int
    no: int
    source: str
    state: AmendmentState
    changes: tuple[Change, ...]
    preview: Mapping[str, Any]
    because: str
    created_at: datetime
    created_by: str
    closed_at: datetime | None
    closed_by: str


def amendments(db: Database, order_id: int) -> list[AmendmentRow]:
    """Every amendment an order ever had, in their order."""
    return [
        AmendmentRow(
            id_, no, source, AmendmentState(state), tuple(from_data(as_json(changes))), as_json(told), because, as_moment(at),
            by, None if closed is None else as_moment(closed), closer,
        )
        for id_, no, source, state, changes, told, because, at, by, closed, closer in db.rows(
            "SELECT id, no, source, state, changes, preview, because, created_at, created_by, closed_at, closed_by "
            "FROM amendment WHERE order_id = ? ORDER BY no",
            (order_id,),
        )
    ]  # fmt: skip


def sums(db: Database, order_id: int) -> Sums:
    """An order's money now: what it is worth, what is due, what is owed to the buyer."""
    row = db.row(
        "SELECT o.total, o.received, o.refunded, "
        f"CAST(COALESCE(SUM({LEFT}), 0) AS BIGINT) "
        "FROM sales_order o LEFT JOIN order_line l ON l.order_id = o.id AND NOT l.kit WHERE o.id = ? "
        "GROUP BY o.id, o.total, o.received, o.refunded",
        (order_id,),
    )
    if row is None:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    return Sums(int(row[0]), int(row[3]), int(row[1]), int(row[2]))


# keeping them


def _keep(
    uow: UnitOfWork, order_id: int, changes: Sequence[Change], because: str, state: AmendmentState, source: str,
    told: Mapping[str, Any], basis: str,
) -> int:  # fmt: skip
    done = state is AmendmentState.APPLIED
    [(amendment_id, no)] = uow.db.rows(
        "INSERT INTO amendment (order_id, no, source, state, changes, preview, because, basis, created_at, created_by, "
        "closed_at, closed_by) SELECT ?, COALESCE((SELECT MAX(a.no) FROM amendment a WHERE a.order_id = ?), 0) + 1, "
        f"?, ?, ?, ?, ?, ?, ?, ?, {'?' if done else 'NULL'}, ? RETURNING id, no",
        [order_id, order_id, source, state, to_json(as_data(changes)), to_json(dict(told)), because, basis, uow.now, uow.actor,
         *([uow.now] if done else []), uow.actor if done else ""],
    )  # fmt: skip
    words = "; ".join(described(change) for change in changes)
    uow.note(f"amendment {no} {state}", "order", order_id, because, {"changes": words, "amendment": amendment_id})
    return int(amendment_id)


def _open(uow: UnitOfWork, amendment_id: int) -> tuple[int, AmendmentState, list[Change], str, str]:
    row = uow.db.row(
        "SELECT order_id, state, changes, because, basis FROM amendment WHERE id = ?"
        + ("" if uow.db.sqlite else " FOR UPDATE"),
        (amendment_id,),
    )
    if row is None:
        raise DomainError(f"there is no amendment {amendment_id}", remedy="reload the order")
    state = AmendmentState(row[1])
    if state not in (AmendmentState.DRAFT, AmendmentState.WAITING):
        raise DomainError(f"amendment {amendment_id} is {state}", remedy="make another one")
    return row[0], state, from_data(as_json(row[2])), row[3], row[4]


def _close(uow: UnitOfWork, amendment_id: int, state: AmendmentState) -> None:
    uow.db.change(
        "UPDATE amendment SET state = ?, closed_at = ?, closed_by = ? WHERE id = ?", (state, uow.now, uow.actor, amendment_id)
    )


def _after_waiting(uow: UnitOfWork, order_id: int, state: AmendmentState, because: str) -> None:
    if state is AmendmentState.WAITING:
        lift(uow, order_id, HoldCode.UPSTREAM_CHANGED, source="channel", because=because)


# comparing


def _look(uow: UnitOfWork, order_id: int) -> _Look:
    db = uow.db
    money = sums(db, order_id)
    [head] = db.rows(
        f"SELECT o.currency, o.version, {ADDRESS_SQL} FROM sales_order o JOIN postal_address a ON a.id = o.address_id "
        "WHERE o.id = ?",
        (order_id,),
    )
    to = address_from(head[2:])
    stock: dict[str, tuple[int, int]] = {}
    for code, wanted, reserved in db.rows(
        "SELECT COALESCE(k.code, l.title), SUM(l.quantity - l.cancelled), SUM(l.reserved) FROM order_line l LEFT JOIN sku k "
        "ON k.id = l.sku_id WHERE l.order_id = ? AND NOT l.kit GROUP BY COALESCE(k.code, l.title)",
        (order_id,),
    ):
        stock[code] = (int(wanted), int(reserved))
    carried: Sequence[Carrying] = uow.about(CARRIED, [order_id]).get(order_id, ())
    holds = db.rows(
        "SELECT level, document, code FROM hold WHERE released_at IS NULL AND ((level = 'order' AND document = ?) OR "
        "(level = 'fo' AND document IN (SELECT x.fo_id FROM fo_line x WHERE x.order_id = ?)))",
        (order_id, order_id),
    )
    return _Look(
        head[0], head[1], money, f"{to.province}{to.city}{to.district}{to.town}{to.detail}, {to.name}, {to.phone}", stock,
        frozenset((level, document, code) for level, document, code in holds), {fo.number: fo for fo in carried},
    )  # fmt: skip


def _compare(before: _Look, after: _Look) -> Preview:
    fos = []
    for number in sorted(before.fos.keys() | after.fos.keys()):
        was, is_ = before.fos.get(number), after.fos.get(number)
        texts = ("" if was is None else was.text, "" if is_ is None else is_.text)
        if texts[0] != texts[1]:
            fos.append(FoEffect(number, *texts))
    stock = []
    for code in sorted(before.stock.keys() | after.stock.keys()):
        had, has = before.stock.get(code, (0, 0)), after.stock.get(code, (0, 0))
        if had != has:
            stock.append(StockEffect(code, (had[0], has[0]), (had[1], has[1])))
    putbacks = sum(fo.putbacks for fo in after.fos.values()) - sum(fo.putbacks for fo in before.fos.values())
    return Preview(
        before.currency, before.sums, after.sums,
        (before.address, after.address) if before.address != after.address else ("", ""), tuple(stock), tuple(fos),
        tuple(sorted(code for _, _, code in after.holds - before.holds)),
        tuple(sorted(code for _, _, code in before.holds - after.holds)), putbacks,
    )  # fmt: skip
