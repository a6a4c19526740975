"""Merging what goes to one door into one parcel, and taking that back; whatever is refused says every reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..inventory import service as inventory
from ..kernel.db import Database, marks
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, bounded
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import FoState, FoVoided, LineageKind
from .service import HOLDER, Fo, allocate, end, fo_lines, held, move
from .split import afterwards, carve, keep_lineage, refresh
from .states import INSIDE, OPEN, quoted

EARLY = (FoState.PLANNED, FoState.ALLOCATED, FoState.RELEASED)
"""What is not being picked yet may still be merged."""


def refusals(one: Fo, other: Fo) -> list[str]:
    """Every reason why two fulfillment orders must not become one parcel; none means they may.

    Address equality is the merge key's: the privacy token where there is one, the whole text otherwise.
    """
    reasons = []
    if one.shop_id != other.shop_id:
        reasons.append("different_shop")
    if not one.merge_key or one.merge_key != other.merge_key:
        reasons.append("different_address")
    if one.currency != other.currency:
        reasons.append("different_currency")
    if one.cod != other.cod:
        reasons.append("payment_type_differs")
    if one.warehouse_id != other.warehouse_id:
        reasons.append("different_warehouse")
    if any(fo.state in INSIDE or fo.state in (FoState.SHIPPED, FoState.DELIVERED) for fo in (one, other)):
        reasons.append("already_in_warehouse")
    if any(fo.state is FoState.CANCELLED for fo in (one, other)):
        reasons.append("cancelled")
    if one.sealed or other.sealed:
        reasons.append("sealed")
    return reasons


def merge(uow: UnitOfWork, fo_ids: Sequence[int], because: str) -> int:
    """Put fulfillment orders into the earliest of them, which keeps its number; its id. DomainError lists every refusal.

    Released ones are taken back first and their waybills voided; when one of them still waits for stock, they all do.
    """
    ids = sorted(set(fo_ids))
    if len(ids) < 2:
        raise DomainError("a merge takes at least two fulfillment orders", remedy="choose another one too")
    fos = held(uow, ids)
    into = fos[ids[0]]
    wrong = [
        f"{into.number} and {fos[fo_id].number}: {', '.join(reasons)}"
        for fo_id in ids[1:]
        if (reasons := refusals(into, fos[fo_id]))
    ]
    if wrong:
        raise DomainError(f"they cannot be merged: {'; '.join(wrong)}", remedy="leave out what differs, or send them apart")
    for fo_id in ids:
        fos[fo_id] = take_back(uow, fos[fo_id], because)
    into = fos[ids[0]]
    if any(fos[fo_id].state is FoState.PLANNED for fo_id in ids) and into.state is FoState.ALLOCATED:
        move(uow, into, FoState.PLANNED, because)
    for fo_id in ids[1:]:
        taken: dict[int, int] = {}
        lines = fo_lines(uow, fo_id)
        keep_lineage(uow, fo_id, into.id, LineageKind.MERGED, [(line.line_id, line.quantity) for line in lines])
        for line in lines:
            same = uow.db.row("SELECT id FROM fo_line WHERE fo_id = ? AND line_id = ?", (into.id, line.line_id))
            if same is None:
                uow.db.change("UPDATE fo_line SET fo_id = ? WHERE id = ?", (into.id, line.id))
            else:
                uow.db.change(
                    "UPDATE fo_line SET quantity = quantity + ?, reserved = reserved + ? WHERE id = ?",
                    (line.quantity, line.reserved, same[0]),
                )
                taken[line.id] = same[0]
                uow.db.change("DELETE FROM fo_line WHERE id = ?", (line.id,))
        inventory.hand_over(uow, HOLDER, taken)
        end(uow, fos[fo_id], "merged_into", f"{into.number}: {because}", into.id)
    refresh(uow, [into.id])
    orders.lift(uow, into.id, HoldCode.MERGE_WAIT, level="fo", because="a partner came")
    uow.note("merged", "fulfillment_order", into.id, because, {"from": [fos[fo_id].number for fo_id in ids[1:]]})
    if any(fos[fo_id].state is FoState.PLANNED for fo_id in ids):
        allocate(uow, into.id, because, stay=True)
    return into.id


def take_back(uow: UnitOfWork, fo: Fo, because: str) -> Fo:
    """What was released is only allocated again; its waybill is voided. Anything earlier stays as it is."""
    if fo.state is not FoState.RELEASED:
        return fo
    move(uow, fo, FoState.PLANNED, because)
    uow.emit(FoVoided(fo.id))
    move(uow, held(uow, [fo.id])[fo.id], FoState.ALLOCATED, because)
    return held(uow, [fo.id])[fo.id]


def unmerge(uow: UnitOfWork, fo_id: int, because: str) -> list[int]:
    """Take every merge into a fulfillment order back, until it is packed; the new fulfillment orders, in the state it has.

    Each gets the units that came with it, as far as they are still there; the first keeps the rest and its number.
    """
    fo = held(uow, [fo_id])[fo_id]
    if fo.state in (FoState.PACKED, FoState.SHIPPED, FoState.DELIVERED, FoState.RETURNING, FoState.RETURNED, FoState.CANCELLED):
        raise DomainError(f"{fo.number} is {fo.state}", remedy="a merge can be taken back until the parcel is packed")
    came = uow.db.rows(
        "SELECT source_id, line_id, SUM(quantity) FROM fo_lineage WHERE target_id = ? AND kind = 'merged' "
        "AND undone_at IS NULL GROUP BY source_id, line_id ORDER BY source_id, line_id",
        (fo_id,),
    )
    if not came:
        raise DomainError(f"{fo.number} was not merged", remedy="only what was merged can be taken apart; split it instead")
    groups: dict[int, dict[int, int]] = {}
    for source, line_id, count in came:
        groups.setdefault(source, {})[line_id] = int(count)
    made = []
    for wanted in groups.values():
        parts = {line.id: min(line.quantity, wanted[line.line_id]) for line in fo_lines(uow, fo_id) if line.line_id in wanted}
        if new_id := part_off(uow, fo_id, parts, because):
            made.append(new_id)
    uow.db.change(
        "UPDATE fo_lineage SET undone_at = ? WHERE target_id = ? AND kind = 'merged' AND undone_at IS NULL", (uow.now, fo_id)
    )
    return made


def detach(uow: UnitOfWork, fo_id: int, order_id: int, because: str) -> int:
    """One order leaves a merged fulfillment order with all its units; the fulfillment order it has now."""
    lines = fo_lines(uow, fo_id)
    mine = {line.id: line.quantity for line in lines if line.order_id == order_id}
    if len(mine) == len(lines):
        return fo_id
    return part_off(uow, fo_id, mine, because) or fo_id


def part_off(uow: UnitOfWork, fo_id: int, parts: dict[int, int], because: str) -> int | None:
    """These units go into a fulfillment order of their own, with their order's own address; None when nothing would stay."""
    fo = held(uow, [fo_id])[fo_id]
    lines = fo_lines(uow, fo_id)
    if not parts or all(parts.get(line.id) == line.quantity for line in lines):
        return None
    new_id = carve(uow, fo, parts, LineageKind.UNMERGED, because)
    for one in (fo_id, new_id):
        uow.db.change(
            "UPDATE fulfillment_order SET address_id = (SELECT o.address_id FROM fo_line x JOIN sales_order o "
            "ON o.id = x.order_id WHERE x.fo_id = fulfillment_order.id ORDER BY o.id LIMIT 1) WHERE id = ?",
            (one,),
        )
    afterwards(uow, fo, new_id, because)
    return new_id


# sealed orders


def seal(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Keep an order out of every merge; one that shares a parcel already must be taken out first."""
    number, sealed = _order(uow, order_id)
    if sealed:
        raise DomainError(f"order {number} is sealed already", remedy="nothing needs to be done")
    shared = uow.db.rows(
        "SELECT DISTINCT f.number FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id WHERE x.order_id = ? "
        f"AND f.state IN ({quoted(OPEN)}) AND EXISTS (SELECT 1 FROM fo_line y WHERE y.fo_id = f.id AND y.order_id <> ?) "
        "ORDER BY f.number",
        (order_id, order_id),
    )
    if shared:
        raise DomainError(
            f"order {number} shares {', '.join(row[0] for row in shared)} with others", remedy="take the merge back first"
        )
    _set_sealed(uow, order_id, True)
    uow.note("sealed", "order", order_id, because)


def unseal(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Let an order be merged again."""
    number, sealed = _order(uow, order_id)
    if not sealed:
        raise DomainError(f"order {number} is not sealed", remedy="nothing needs to be done")
    _set_sealed(uow, order_id, False)
    uow.note("unsealed", "order", order_id, because)


def _order(uow: UnitOfWork, order_id: int) -> tuple[str, bool]:
    row = uow.db.row("SELECT number, sealed FROM sales_order WHERE id = ?", (order_id,))
    if row is None:
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    return str(row[0]), bool(row[1])


def _set_sealed(uow: UnitOfWork, order_id: int, sealed: bool) -> None:
    uow.db.change("UPDATE sales_order SET sealed = ?, version = version + 1 WHERE id = ?", (sealed, order_id))
    uow.db.change(
        f"UPDATE fulfillment_order SET sealed = ? WHERE state IN ({quoted(OPEN)}) AND id IN "
        "(SELECT fo_id FROM fo_line WHERE order_id = ?)",
        (sealed, order_id),
    )
    if sealed:
        for (fo_id,) in uow.db.rows("SELECT DISTINCT fo_id FROM fo_line WHERE order_id = ? ORDER BY fo_id", (order_id,)):
            orders.lift(uow, fo_id, HoldCode.MERGE_WAIT, level="fo", because="sealed")


# candidates


LONGEST_WAIT = 31 * 24 * 60
HIGHEST_COST = 10**12


def set_merge_policy(uow: UnitOfWork, shop: str, *, minutes: int, first_kg: int = 0, next_kg: int = 0) -> None:
    """How long a shop's parcels wait for others to the same door, and what a parcel costs about, in minor units.

    0 minutes: nothing waits, what is there at release is merged all the same. Parcels that wait already keep their end.
    """
    if min(minutes, first_kg, next_kg) < 0:
        raise DomainError("a negative time or price", remedy="give 0 or more")
    bounded(minutes, "the number of minutes", LONGEST_WAIT)
    bounded(max(first_kg, next_kg), "what a kilogram costs, in minor units,", HIGHEST_COST)
    changed = uow.db.rows(
        "UPDATE shop SET merge_minutes = ?, parcel_first = ?, parcel_next = ? WHERE code = ? RETURNING id",
        (minutes, first_kg, next_kg, shop),
    )
    if not changed:
        raise DomainError(f"there is no shop {shop!r}", remedy="look up its code")
    uow.note("merge policy set", "shop", changed[0][0], data={"minutes": minutes, "first": first_kg, "next": next_kg})


@dataclass(frozen=True, slots=True)
class Refused:
    """Two fulfillment orders that look alike and must not be merged."""

    one: str
    other: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Fulfillment orders of one buyer or door: which of them would share a parcel, what that saves, and what is in the way."""

    fo_ids: tuple[int, ...]
    """Those that can be merged, at least two, or none."""
    numbers: tuple[str, ...]
    parcels_saved: int
    freight_saved: Money | None
    """About, by what the shop says a parcel costs; None while it says nothing."""
    refused: tuple[Refused, ...]


def parcel_cost(weight_g: int, first: int, following: int) -> int:
    """What a parcel costs about: the first kilogram, and each further one begun."""
    return first + max(0, -(-weight_g // 1000) - 1) * following


def candidates(db: Database, shop_id: int | None = None) -> list[Candidate]:
    """What could share a parcel now, the greatest saving first; and what looks as if it could, with every reason against it.

    Looked at are fulfillment orders before picking with the same door, or with orders of the same customer.
    """
    rows = db.rows(
        "SELECT f.id, f.number, f.shop_id, f.warehouse_id, f.state, f.merge_key, f.cod, f.currency, f.sealed, f.carrier, "
        "f.version, s.parcel_first, s.parcel_next, x.order_id, o.customer_id, SUM(x.quantity * k.weight_g) "
        "FROM fulfillment_order f JOIN shop s ON s.id = f.shop_id JOIN fo_line x ON x.fo_id = f.id JOIN sales_order o "
        f"ON o.id = x.order_id JOIN sku k ON k.id = x.sku_id WHERE f.state IN ({quoted((*EARLY, *INSIDE))})"
        + ("" if shop_id is None else " AND f.shop_id = ?")
        + " GROUP BY f.id, f.number, f.shop_id, f.warehouse_id, f.state, f.merge_key, f.cod, f.currency, f.sealed, f.carrier, "
        "f.version, s.parcel_first, s.parcel_next, x.order_id, o.customer_id ORDER BY f.id, x.order_id",
        [] if shop_id is None else [shop_id],
    )
    fos: dict[int, Fo] = {}
    costs: dict[int, tuple[int, int]] = {}
    weights: dict[int, int] = {}
    alike: dict[tuple[str, object], set[int]] = {}
    for row in rows:
        fo = fos.get(row[0]) or fos.setdefault(row[0], _fo(row))
        costs[fo.id] = (row[11], row[12])
        weights[fo.id] = weights.get(fo.id, 0) + int(row[15])
        alike.setdefault(("customer", row[14]), set()).add(fo.id)
        if fo.merge_key:
            alike.setdefault(("door", fo.merge_key), set()).add(fo.id)
    found = []
    for ids in _joined(alike.values()):
        if len(ids) < 2 or all(fos[fo_id].state in INSIDE for fo_id in ids):
            continue
        found += _weigh([fos[fo_id] for fo_id in sorted(ids)], costs, weights)
    return sorted(
        found, key=lambda one: (-one.parcels_saved, -(one.freight_saved.minor if one.freight_saved else 0), one.numbers)
    )


def _fo(row: Sequence[Any]) -> Fo:
    id_, number, shop, warehouse, state, key, cod, currency, sealed, carrier, version = row[:11]
    return Fo(
        id_, number, shop, warehouse, FoState(str(state)), key, bool(cod), currency, bool(sealed), carrier, version, "",
    )  # fmt: skip


def _joined(groups: Iterable[set[int]]) -> list[set[int]]:
    """Groups that share a member, put together."""
    found: list[set[int]] = []
    for group in groups:
        mine = set(group)
        rest = []
        for other in found:
            if other & mine:
                mine |= other
            else:
                rest.append(other)
        found = [*rest, mine]
    return found


def _weigh(fos: Sequence[Fo], costs: dict[int, tuple[int, int]], weights: dict[int, int]) -> list[Candidate]:
    """Those of a group that go together, each lot with its saving; and the pairs that do not, named by the earliest of each."""
    lots: list[list[Fo]] = []
    for fo in fos:
        lot = next((lot for lot in lots if not refusals(lot[0], fo)), None)
        if lot is None:
            lots.append([fo])
        else:
            lot.append(fo)
    refused = [
        Refused(lots[a][0].number, lots[b][0].number, tuple(refusals(lots[a][0], lots[b][0])))
        for a in range(len(lots)) for b in range(a + 1, len(lots))
    ]  # fmt: skip
    together = [lot for lot in lots if len(lot) > 1]
    made = []
    for place, lot in enumerate(together):
        first, following = costs[lot[0].id]
        apart = sum(parcel_cost(weights[fo.id], first, following) for fo in lot)
        saved = apart - parcel_cost(sum(weights[fo.id] for fo in lot), first, following)
        made.append(
            Candidate(
                tuple(fo.id for fo in lot), tuple(fo.number for fo in lot), len(lot) - 1,
                Money(saved, lot[0].currency) if first or following else None, tuple(refused) if not place else (),
            )
        )  # fmt: skip
    return made or [Candidate((), (), 0, None, tuple(refused))]


# where units came from


@dataclass(frozen=True, slots=True)
class Origin:
    """Units that went from one fulfillment order to another."""

    source: str
    target: str
    kind: LineageKind
    line_id: int
    quantity: int
    undone: bool


def lineage(db: Database, fo_id: int) -> list[Origin]:
    """Where a fulfillment order's units came from and went to, over any number of splits and merges, as it happened."""
    seen, todo = set[int](), {fo_id}
    rows: dict[int, tuple[object, ...]] = {}
    while todo:
        ids = sorted(todo)
        seen |= todo
        todo = set()
        for row in db.rows(
            f"SELECT l.id, l.source_id, l.target_id, a.number, b.number, l.kind, l.line_id, l.quantity, l.undone_at "
            "FROM fo_lineage l JOIN fulfillment_order a ON a.id = l.source_id JOIN fulfillment_order b ON b.id = l.target_id "
            f"WHERE l.source_id IN ({marks(ids)}) OR l.target_id IN ({marks(ids)})",
            [*ids, *ids],
        ):
            rows[row[0]] = row
            todo |= {row[1], row[2]} - seen
    return [
        Origin(str(source), str(target), LineageKind(str(kind)), int(str(line)), int(str(count)), undone is not None)
        for _, (_, _, _, source, target, kind, line, count, undone) in sorted(rows.items())
    ]
