"""What a platform changed about an order that we have, as the same change set that people make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..catalog.queries import Item
from ..kernel.uow import UnitOfWork
from ..kernel.values import Address
from ..orders.changes import AddLine, Amount, Change, Freight, Quantity
from ..orders.money import left
from .api import ChannelLine, ChannelOrder, TradeState


@dataclass(frozen=True, slots=True)
class Ours:
    """One of the platform's lines as it stands here; units of a kit line are whole kits."""

    no: int
    quantity: int
    shipped: int
    cancelled: int
    worth: int
    """What its wanted units cost, without freight."""

    @property
    def wanted(self) -> int:
        return self.quantity - self.cancelled

    @property
    def apart(self) -> bool:
        """Whether more of it comes as a line of its own, at the unit price."""
        return bool(self.shipped or self.cancelled)


def ours(uow: UnitOfWork, order_id: int) -> dict[str, Ours]:
    """The platform's lines here, by its line id; lines that only we know are left out."""
    tops: dict[int, tuple[str, int, bool]] = {}
    leaves: dict[int, list[tuple[int, int, int, int, int]]] = {}
    for no, external_id, kit, kit_line, per_kit, quantity, shipped, cancelled, amount in uow.db.rows(
        "SELECT no, external_id, kit, kit_line, per_kit, quantity, shipped, cancelled, amount FROM order_line "
        "WHERE order_id = ? AND external_id <> '' ORDER BY no",
        (order_id,),
    ):
        if kit_line is None:
            tops[no] = (external_id, quantity, bool(kit))
        if not kit:
            leaves.setdefault(no if kit_line is None else kit_line, []).append((per_kit, quantity, shipped, cancelled, amount))
    found: dict[str, Ours] = {}
    for no, (external_id, quantity, _) in tops.items():
        parts = leaves.get(no, [])
        worth = sum(left(amount, count, gone) for _, count, _, gone, amount in parts)
        shipped = max((-(-sent // per_kit) for per_kit, _, sent, _, _ in parts), default=0)
        cancelled = min((gone // per_kit for per_kit, _, _, gone, _ in parts), default=0)
        found.setdefault(external_id, Ours(no, quantity, shipped, cancelled, worth))
    return found


def cancelled(order: ChannelOrder, line: ChannelLine) -> int:
    """Units that will not be sent: those the platform cancelled, or all unsent ones of a trade that is over."""
    return line.quantity - line.shipped if order.state is TradeState.CANCELLED else line.cancelled


def wanted(order: ChannelOrder, line: ChannelLine) -> int:
    return line.quantity - cancelled(order, line)


def edits(
    before: ChannelOrder | None, after: ChannelOrder, here: Mapping[str, Ours], items: Mapping[str, Item | None]
) -> list[Change]:
    """Lines, quantities, prices and freight that the platform has otherwise than before; what it cancelled is not among them.

    Both the platform's last word and our own count are asked, so that what staff changed here is not undone by a document
    that changes something else, and what staff cancelled is not cancelled twice. Without the last word, ours stands for it.
    """
    was = {} if before is None else {line.external_id: line for line in before.lines}
    found: list[Change] = []
    for line in after.lines:
        mine, then = here.get(line.external_id), was.get(line.external_id)
        if mine is None:
            if then is None and wanted(after, line):
                found.append(_added(line, wanted(after, line), items.get(line.external_id)))
            continue
        old_quantity = mine.quantity if then is None else then.quantity
        old_wanted = mine.wanted if then is None or before is None else wanted(before, then)
        target = mine.wanted
        if line.quantity != old_quantity:
            step, gap = wanted(after, line) - old_wanted, wanted(after, line) - mine.wanted
            fewer = min(-step, -gap, old_quantity - line.quantity)
            if fewer > 0:
                target = mine.wanted - fewer
            elif min(step, gap) > 0:
                target = mine.wanted + min(step, gap)
        if target != mine.wanted:
            found.append(Quantity(mine.no, target))
        found += _priced(line, then, mine, target)
    kept = {line.external_id for line in after.lines}
    found += [Quantity(mine.no, mine.shipped) for name, mine in here.items() if name not in kept and mine.wanted > mine.shipped]
    if before is not None and before.freight != after.freight:
        found.append(Freight(after.freight.minor))
    return found


def _added(line: ChannelLine, units: int, item: Item | None) -> AddLine:
    amount = line.amount.minor * units // line.quantity
    return AddLine(
        "" if item is None else item.code, units, line.unit_price.minor, amount, line.title, line.external_id,
        line.listing.item_id, line.listing.variant_id, line.listing.merchant_code,
    )  # fmt: skip


def _priced(line: ChannelLine, then: ChannelLine | None, mine: Ours, target: int) -> list[Change]:
    """The line's new cost, unless it only follows its units, or staff gave the line a price of their own."""
    if then is None or (then.amount, then.quantity) == (line.amount, line.quantity) or not target:
        return []
    if mine.worth != then.amount.minor * mine.wanted // then.quantity:
        return []
    cost = _cost(line, mine, target)
    if target < mine.wanted:
        stays = left(mine.worth, mine.wanted, mine.wanted - target)
    elif mine.apart:
        stays = mine.worth
    else:
        stays = mine.worth + (target - mine.wanted) * line.unit_price.minor
    return [] if cost == stays else [Amount(mine.no, cost)]


def _cost(line: ChannelLine, mine: Ours, target: int) -> int:
    """What our line must cost for `target` units to cost what the platform says."""
    cost = line.amount.minor * target // line.quantity
    return cost - max(0, target - mine.wanted) * line.unit_price.minor if mine.apart else cost


def waiting(changes: Sequence[Change], after: ChannelOrder, here: Mapping[str, Ours]) -> tuple[list[Change], bool]:
    """What an earlier change that still waits must say after this document, and whether nothing of it is left to do."""
    by_no = {mine.no: (name, mine) for name, mine in here.items()}
    lines = {line.external_id: line for line in after.lines}
    more: list[Change] = []
    idle = True
    for change in changes:
        if not isinstance(change, Quantity | Amount) or change.line not in by_no:
            idle = False
            continue
        name, mine = by_no[change.line]
        target = wanted(after, lines[name]) if name in lines else mine.shipped
        if isinstance(change, Amount):
            cost = _cost(lines[name], mine, target) if target and name in lines else change.amount
            if cost != change.amount:
                more.append(Amount(change.line, cost))
            idle = idle and cost == mine.worth
            continue
        if target != change.quantity:
            more.append(Quantity(change.line, target))
        idle = idle and target == mine.wanted
    return more, idle


def same_door(one: Address, other: Address) -> bool:
    """Whether two addresses say the same; a privacy token grows old and is given anew for the same door."""
    return replace(one, privacy_token="", token_owner="") == replace(other, privacy_token="", token_owner="")
