"""Who gets scarce units: a policy orders those that want them, and what it would change is shown before it is done.

What is dealt out is what fulfillment orders that nobody works on have reserved in a warehouse, and what is free there. Only
SKUs that are wanted more than they are there are dealt anew; kits are served whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..inventory import service as inventory
from ..inventory.locks import keeping_apart
from ..kernel.db import as_moment
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from ..orders import service as orders
from ..orders.api import HoldCode
from .api import FoState
from .service import HOLDER, count_reserved, held, move

Pool = dict[tuple[int, int], int]
"""(warehouse id, sku id) -> units that can be dealt."""


@dataclass(frozen=True, slots=True)
class Share:
    """Units of one line of a fulfillment order that wants scarce units."""

    fo_line_id: int
    line_id: int
    sku_id: int
    sku: str
    quantity: int
    reserved: int
    kit: tuple[int, int] | None
    """Order and line number of the kit it belongs to."""
    per_kit: int


@dataclass(frozen=True, slots=True)
class Claimant:
    """A fulfillment order that wants units, with what policies look at."""

    id: int
    number: str
    shop_id: int
    warehouse_id: int
    warehouse: str
    state: FoState
    paid_at: datetime
    deadline: datetime
    """When it should have left: the earliest of its orders."""
    lines: tuple[Share, ...]

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


class AllocationPolicy(Protocol):
    """The order in which claimants are served."""

    name: str
    only_whole_first: bool
    """Serve first those that can be served whole; what is left goes to the others in order of payment."""

    def rank(self, claimant: Claimant, scarce: frozenset[tuple[int, int]]) -> tuple[object, ...]:
        """Whoever ranks lower is served earlier; ties go to the earlier payment, then to the lower number."""


class ByPayment:
    """付款顺序: whoever paid first."""

    name = "payment"
    only_whole_first = False

    def rank(self, claimant: Claimant, scarce: frozenset[tuple[int, int]]) -> tuple[object, ...]:
        return ()


class ByDeadline:
    """时效优先: whoever must leave first."""

    name = "deadline"
    only_whole_first = False

    def rank(self, claimant: Claimant, scarce: frozenset[tuple[int, int]]) -> tuple[object, ...]:
        return (claimant.deadline,)


class MostComplete:
    """齐单优先: as many whole fulfillment orders as possible, those that want the fewest scarce units first."""

    name = "most_complete"
    only_whole_first = True

    def rank(self, claimant: Claimant, scarce: frozenset[tuple[int, int]]) -> tuple[object, ...]:
        return (sum(line.quantity for line in claimant.lines if (claimant.warehouse_id, line.sku_id) in scarce),)


POLICIES: Mapping[str, AllocationPolicy] = {policy.name: policy for policy in (ByPayment(), ByDeadline(), MostComplete())}


def policy_named(name: str) -> AllocationPolicy:
    """A policy by its name; DomainError names those there are."""
    if name not in POLICIES:
        raise DomainError(f"there is no allocation policy {name!r}", remedy=f"there are: {', '.join(POLICIES)}")
    return POLICIES[name]


def deal(policy: AllocationPolicy, claimants: Sequence[Claimant], pool: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """So many units for each line (by fo_line id), of what there is; pure."""
    left = dict(pool)
    scarce = scarce_in(claimants, pool)
    by_payment = sorted(claimants, key=lambda one: (one.paid_at, one.id))
    ranked = sorted(by_payment, key=lambda one: policy.rank(one, scarce))
    given: dict[int, int] = {}
    if policy.only_whole_first:
        for claimant in ranked:
            if _whole(claimant, left):
                _serve(claimant, left, given)
        ranked = [one for one in by_payment if any(line.fo_line_id not in given for line in one.lines)]
    for claimant in ranked:
        _serve(claimant, left, given)
    return given


def scarce_in(claimants: Iterable[Claimant], pool: Mapping[tuple[int, int], int]) -> frozenset[tuple[int, int]]:
    """Which SKUs are wanted more than they are there, by warehouse."""
    wanted: Pool = {}
    for claimant in claimants:
        for line in claimant.lines:
            key = (claimant.warehouse_id, line.sku_id)
            wanted[key] = wanted.get(key, 0) + line.quantity
    return frozenset(key for key, units in wanted.items() if units > pool.get(key, 0))


def _whole(claimant: Claimant, left: Pool) -> bool:
    need: Pool = {}
    for line in claimant.lines:
        key = (claimant.warehouse_id, line.sku_id)
        need[key] = need.get(key, 0) + line.quantity
    return all(left.get(key, 0) >= units for key, units in need.items())


def _serve(claimant: Claimant, left: Pool, given: dict[int, int]) -> None:
    """Give a claimant what there is, in line order, kits whole."""
    sets: dict[tuple[int, int], int] = {}
    for line in claimant.lines:
        if line.kit is not None:
            possible = min(line.quantity, left.get((claimant.warehouse_id, line.sku_id), 0)) // line.per_kit
            sets[line.kit] = min(sets.get(line.kit, possible), possible)
    for line in claimant.lines:
        key = (claimant.warehouse_id, line.sku_id)
        limit = line.quantity if line.kit is None else sets[line.kit] * line.per_kit
        give = min(limit, left.get(key, 0))
        left[key] = left.get(key, 0) - give
        given[line.fo_line_id] = give


# what it would change


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fulfillment order under a policy: units it has reserved now, and would have."""

    fo_id: int
    number: str
    warehouse: str
    paid_at: datetime
    deadline: datetime
    units: int
    before: int
    after: int
    lines: tuple[tuple[str, int, int, int], ...]
    """(SKU, wanted, reserved now, reserved then)."""

    @property
    def complete_before(self) -> bool:
        return self.before == self.units

    @property
    def complete_after(self) -> bool:
        return self.after == self.units


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a policy would do; `token` tells whether everything is still as it was when it was made."""

    policy: str
    outcomes: tuple[Outcome, ...]
    scarce: tuple[tuple[str, str, int, int], ...]
    """(warehouse, SKU, wanted, there)."""
    token: str

    @property
    def changed(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.before != one.after or any(b != a for _, _, b, a in one.lines))

    @property
    def complete(self) -> tuple[int, int]:
        """Whole fulfillment orders, now and then."""
        return sum(one.complete_before for one in self.outcomes), sum(one.complete_after for one in self.outcomes)


@dataclass(frozen=True)
class _Scene:
    claimants: tuple[Claimant, ...]
    pool: Pool
    given: Mapping[int, int]
    proposal: Proposal


def preview(uow: UnitOfWork, policy: str, *, warehouse: str = "", sku: str = "") -> Proposal:
    """What a policy (`payment`, `deadline`, `most_complete`) would change, in one warehouse and for one SKU or everywhere."""
    return _scene(uow, policy, warehouse, sku).proposal


def apply(uow: UnitOfWork, policy: str, *, warehouse: str = "", sku: str = "", token: str = "") -> Proposal:
    """Deal scarce units anew by a policy; what was done. With the token of a preview it is exactly that, or Stale."""
    scene = _scene(uow, policy, warehouse, sku)
    if token and token != scene.proposal.token:
        raise Stale("stock or orders changed since the preview", remedy="look at the preview again")
    because = f"allocated by {policy}"
    down, up = {}, {}
    lines = {line.fo_line_id: (claimant, line) for claimant in scene.claimants for line in claimant.lines}
    for row_id, units in scene.given.items():
        _, line = lines[row_id]
        if units < line.reserved:
            down[row_id] = line.reserved - units
        elif units > line.reserved:
            up[row_id] = units - line.reserved
    for fo_id in sorted({lines[row_id][0].id for row_id in down}):
        fo = held(uow, [fo_id])[fo_id]
        if fo.state is FoState.ALLOCATED:
            move(uow, fo, FoState.PLANNED, because)
    for row_id, units in sorted(down.items()):
        uow.db.change("UPDATE fo_line SET reserved = reserved - ? WHERE id = ?", (units, row_id))
    if down:
        inventory.release(uow, HOLDER, dict(down))
    _reserve(uow, up, lines)
    count_reserved(uow, {lines[row_id][1].line_id for row_id in (*down, *up)})
    _settle(uow, scene, {lines[row_id][0].id for row_id in (*down, *up)}, because)
    uow.note("allocated anew", "warehouse", 0, policy, {
        "changed": [one.number for one in scene.proposal.changed], "complete": list(scene.proposal.complete),
    })  # fmt: skip
    return scene.proposal


def _reserve(uow: UnitOfWork, up: Mapping[int, int], lines: Mapping[int, tuple[Claimant, Share]]) -> None:
    if not up:
        return
    wanted = [lines[row_id] for row_id in up]
    levels = {
        (level.shop_id, level.warehouse.id, level.sku_id): level
        for level in inventory.lock_levels(uow, {line.sku_id for _, line in wanted}, {one.shop_id for one, _ in wanted})
    }
    for row_id, units in sorted(up.items()):
        uow.db.change("UPDATE fo_line SET reserved = reserved + ? WHERE id = ?", (units, row_id))
    inventory.reserve(
        uow,
        [
            inventory.Want(HOLDER, row_id, levels[one.shop_id, one.warehouse_id, line.sku_id], up[row_id])
            for row_id, (one, line) in ((row_id, lines[row_id]) for row_id in sorted(up))
        ],
    )


def _settle(uow: UnitOfWork, scene: _Scene, touched: set[int], because: str) -> None:
    for claimant in scene.claimants:
        if claimant.id not in touched:
            continue
        short = sorted({line.sku for line in claimant.lines if scene.given[line.fo_line_id] < line.quantity})
        if short:
            orders.hold(uow, claimant.id, HoldCode.OUT_OF_STOCK, ", ".join(short), source="routing", level="fo")
        else:
            fo = held(uow, [claimant.id])[claimant.id]
            if fo.state is FoState.PLANNED:
                move(uow, fo, FoState.ALLOCATED, because)
            orders.lift(uow, claimant.id, HoldCode.OUT_OF_STOCK, level="fo", because=because)


def _scene(uow: UnitOfWork, policy: str, warehouse: str, sku: str) -> _Scene:
    chosen = policy_named(policy)
    everybody = _claimants(uow, warehouse)
    if not everybody:
        return _Scene((), {}, {}, Proposal(policy, (), (), _token(())))
    pool = _pool(uow, everybody)
    locked = keeping_apart(uow.db, {line.sku_id for one in everybody for line in one.lines})
    scarce = scarce_in(everybody, pool) - locked
    codes = {line.sku_id: line.sku for one in everybody for line in one.lines}
    if sku:
        if sku not in codes.values():
            raise DomainError(f"nobody waits for SKU {sku!r}", remedy="check the code; units nobody wants are dealt to nobody")
        if any(codes.get(sku_id) == sku for _, sku_id in locked):
            raise DomainError(f"{sku} is locked for a shop, and cannot be dealt to all", remedy="take the lock off first")
        scarce = frozenset(key for key in scarce if codes[key[1]] == sku)
    # Whoever waits for units that a shop has locked keeps what it has: they could not pass from one shop to another.
    claimants = tuple(
        one
        for one in everybody
        if (keys := {(one.warehouse_id, line.sku_id) for line in one.lines}) & scarce and not keys & locked
    )
    mine = {one.id for one in claimants}
    for one in everybody:
        if one.id not in mine:  # what the others have they keep
            for line in one.lines:
                pool[one.warehouse_id, line.sku_id] -= line.reserved
    given = deal(chosen, claimants, pool)
    outcomes = tuple(
        Outcome(
            one.id, one.number, one.warehouse, one.paid_at, one.deadline, one.units, sum(line.reserved for line in one.lines),
            sum(given[line.fo_line_id] for line in one.lines),
            tuple((line.sku, line.quantity, line.reserved, given[line.fo_line_id]) for line in one.lines),
        )
        for one in sorted(claimants, key=lambda one: (one.paid_at, one.id))
    )  # fmt: skip
    names = {one.warehouse_id: one.warehouse for one in claimants}
    wanted: Pool = {}
    for one in claimants:
        for line in one.lines:
            wanted[one.warehouse_id, line.sku_id] = wanted.get((one.warehouse_id, line.sku_id), 0) + line.quantity
    told = tuple(sorted((names[key[0]], codes[key[1]], wanted[key], pool.get(key, 0)) for key in scarce if key[0] in names))
    return _Scene(claimants, pool, given, Proposal(policy, outcomes, told, _token((policy, outcomes))))


def _token(parts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _claimants(uow: UnitOfWork, warehouse: str) -> list[Claimant]:
    """Fulfillment orders that nobody works on, in the warehouses where somebody waits."""
    given: list[object] = [warehouse] if warehouse else []
    if warehouse and uow.db.row("SELECT 1 FROM warehouse WHERE code = ?", (warehouse,)) is None:
        raise DomainError(f"there is no warehouse {warehouse!r}", remedy="look up its code")
    rows = uow.db.rows(
        "SELECT f.id, f.number, f.shop_id, f.warehouse_id, w.code, f.state, f.paid_at, x.id, x.line_id, x.sku_id, k.code, "
        "x.quantity, x.reserved, x.order_id, l.kit_line, l.per_kit, o.ship_by, o.paid_at, s.ship_hours "
        "FROM fulfillment_order f JOIN warehouse w ON w.id = f.warehouse_id JOIN fo_line x ON x.fo_id = f.id "
        "JOIN order_line l ON l.id = x.line_id "
        "JOIN sales_order o ON o.id = x.order_id JOIN shop s ON s.id = o.shop_id JOIN sku k ON k.id = x.sku_id "
        "WHERE f.state IN ('planned','allocated') AND f.warehouse_id IN (SELECT p.warehouse_id FROM fulfillment_order p "
        f"WHERE p.state = 'planned'){' AND w.code = ?' if warehouse else ''} ORDER BY f.id, x.order_id, l.no",
        given,
    )
    heads: dict[int, tuple[Any, ...]] = {}
    lines: dict[int, list[Share]] = {}
    deadlines: dict[int, datetime] = {}
    for (
        id_, number, shop_id, warehouse_id, code, state, paid_at, row_id, line_id, sku_id, sku, quantity, reserved, order_id,
        kit_line, per_kit, ship_by, order_paid, hours,
    ) in rows:  # fmt: skip
        heads[id_] = (number, shop_id, warehouse_id, code, FoState(state), as_moment(paid_at))
        kit = None if kit_line is None else (order_id, kit_line)
        lines.setdefault(id_, []).append(Share(row_id, line_id, sku_id, sku, quantity, reserved, kit, per_kit))
        paid = as_moment(order_paid) if order_paid is not None else as_moment(paid_at)
        due = as_moment(ship_by) if ship_by is not None else paid + timedelta(hours=hours)
        deadlines[id_] = min(deadlines.get(id_, due), due)
    return [
        Claimant(id_, number, shop_id, warehouse_id, code, state, paid_at, deadlines[id_], tuple(lines[id_]))
        for id_, (number, shop_id, warehouse_id, code, state, paid_at) in heads.items()
    ]


def _pool(uow: UnitOfWork, claimants: Sequence[Claimant]) -> Pool:
    """What can be dealt: what is free to their shops, and what they have reserved."""
    pool: Pool = {}
    for level in inventory.lock_levels(
        uow, {line.sku_id for one in claimants for line in one.lines}, {one.shop_id for one in claimants}
    ):
        key = (level.warehouse.id, level.sku_id)
        pool[key] = max(pool.get(key, 0), level.free)
    for one in claimants:
        for line in one.lines:
            key = (one.warehouse_id, line.sku_id)
            pool[key] = pool.get(key, 0) + line.reserved
    return pool


def promise(uow: UnitOfWork, order_id: int, ship_by: datetime, because: str) -> None:
    """When an order should have left; the deadline that the policy of that name looks at."""
    if not uow.db.change("UPDATE sales_order SET ship_by = ?, version = version + 1 WHERE id = ?", (ship_by, order_id)):
        raise DomainError(f"there is no order {order_id}", remedy="look it up by its number")
    uow.note("deadline set", "order", order_id, because, {"ship_by": ship_by.isoformat()})
