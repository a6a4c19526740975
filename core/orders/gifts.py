"""赠品: what plugins give to orders that are settled. Plugins say what and by which rule; the lines are written here.

A gift is asked for once an order is settled, in the order of payment and per order, so that no merge ever gives twice. It
costs nothing. One that is short is left out whole and noted: what was paid for never waits for it. What is refunded or
cancelled before anything has left is weighed again, both ways; afterwards nothing changes any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..catalog.queries import Item, items_by_code
from ..customers.api import CustomersMerged
from ..inventory.api import ReservationsLost
from ..inventory.published import sellable
from ..kernel.db import marks
from ..kernel.errors import DomainError, Stale
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money, quantity
from . import queries
from .api import (
    Gift,
    LineCard,
    MoneyReturned,
    NoGift,
    OrderCard,
    OrderSettled,
    OrderStatus,
    ReviewPassed,
    SettledOrder,
    UnitsAdded,
    UnitsCancelled,
)
from .money import left
from .service import cancel

Ask = Callable[[SettledOrder], Sequence[Gift | NoGift]]
"""Asks one plugin; whatever goes wrong with it is a DomainError."""

WITHDRAWN = "gift_withdrawn"
SHORT = "gift_short"
"""Reasons under which units of gifts are cancelled here; nobody weighs gifts again because of them."""

FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class _Kept:
    """What this unit of work knows about gifts: orders that were settled in it and got none."""

    without: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Line:
    """A gift line with units that are still to be sent."""

    id: int
    source: str
    sku: str
    open: int


class Gifts:
    """Listens to what settles and changes orders; `givers` tells the plugins that give, by slug in their order."""

    def __init__(self, givers: Callable[[], Mapping[str, Ask]]) -> None:
        self._givers = givers

    def hear_settled(self, uow: UnitOfWork, events: Sequence[OrderSettled]) -> None:
        """Give to orders that are settled now; before review, so that whoever looks at the order sees all of it."""
        givers = self._givers()
        kept = uow.kept.setdefault(_Kept, _Kept())
        for card in sorted((event.card for event in events), key=lambda card: (card.paid_at or FAR, card.id)):
            if not givers or not self._give(uow, card, givers):
                kept.without.add(card.id)

    def hear_cancelled(self, uow: UnitOfWork, events: Sequence[UnitsCancelled]) -> None:
        """Units will not be sent: gifts among them are given back to their rules, and the order's gifts are weighed again."""
        changed = [event for event in events if event.reason not in (WITHDRAWN, SHORT)]
        lines: dict[int, int] = {}
        for event in events:
            for line_id, units in event.units:
                lines[line_id] = lines.get(line_id, 0) + units
        if not lines:
            return
        rows = uow.db.rows(
            "SELECT l.id, l.gift, o.customer_id FROM order_line l JOIN sales_order o ON o.id = l.order_id "
            f"WHERE l.gift <> '' AND l.id IN ({marks(list(lines))}) ORDER BY l.id",
            list(lines),
        )
        given_back: dict[tuple[str, int], int] = {}
        for line_id, source, customer in rows:
            for key in ((source, 0), (source, customer)):
                given_back[key] = given_back.get(key, 0) - lines[line_id]
        _count(uow, given_back)
        gifts = {row[0] for row in rows}
        bought = {event.order_id: event.reason for event in changed if any(line not in gifts for line, _ in event.units)}
        self._weigh_again(uow, bought)

    def hear_refunded(self, uow: UnitOfWork, events: Sequence[MoneyReturned]) -> None:
        """Money went back: what the goods cost now may earn other gifts."""
        self._weigh_again(uow, {event.order_id: "refunded" for event in events})

    def hear_planned(self, uow: UnitOfWork, events: Sequence[ReviewPassed | UnitsAdded]) -> None:
        """Orders have been routed: a gift that is not there in full is left out, so that nothing waits for it."""
        kept = uow.kept.get(_Kept)
        without = kept.without if kept is not None else set()
        wanted = sorted({order_id for event in events for order_id in event.order_ids} - without)
        if wanted:
            self._leave_out(uow, f"order_id IN ({marks(wanted)})", wanted)

    def hear_lost(self, uow: UnitOfWork, events: Sequence[ReservationsLost]) -> None:
        """Units that were promised are not there: gifts among them are left out."""
        skus = sorted({sku_id for event in events for sku_id in event.sku_ids})
        routed = "order_id IN (SELECT o.id FROM sales_order o WHERE o.status = 'to_ship')"
        self._leave_out(uow, f"sku_id IN ({marks(skus)}) AND {routed}", skus)

    def _leave_out(self, uow: UnitOfWork, which: str, given: Sequence[int]) -> None:
        rows = uow.db.rows(
            "SELECT order_id, id, gift, quantity - shipped - cancelled FROM order_line WHERE gift <> '' "
            f"AND reserved < quantity - shipped - cancelled AND {which} ORDER BY id",
            given,
        )
        short: dict[int, dict[int, int]] = {}
        for order_id, line_id, source, units in rows:
            short.setdefault(order_id, {})[line_id] = units
            uow.note("gift left out", "order", order_id, f"{source}: not enough in stock", {"units": units})
        for order_id, lines in short.items():
            cancel(uow, order_id, lines, SHORT)

    def hear_merged(self, uow: UnitOfWork, events: Sequence[CustomersMerged]) -> None:
        """What two customers got, one got."""
        for event in events:
            rows = uow.db.rows(
                f"SELECT source, customer, given FROM gift_count WHERE customer IN ({marks(event.others)})", list(event.others)
            )
            moved: dict[tuple[str, int], int] = {}
            for source, gone, given in rows:
                moved[source, gone] = -given
                moved[source, event.keep] = moved.get((source, event.keep), 0) + given
            _count(uow, moved)

    # one order

    def _weigh_again(self, uow: UnitOfWork, order_ids: Mapping[int, str]) -> None:
        """Give and withdraw as if the order were settled now, where nothing of it has left."""
        if not order_ids:
            return
        givers = self._givers()
        wanted = sorted(order_ids)
        if not givers and not uow.db.row(
            f"SELECT 1 FROM order_line WHERE order_id IN ({marks(wanted)}) AND gift <> '' AND quantity > shipped + cancelled",
            wanted,
        ):
            return
        for card in queries.cards(uow.db, wanted):
            if card.paid_at is not None and not any(line.shipped for line in card.lines):
                self._give(uow, card, givers, order_ids[card.id])

    def _give(self, uow: UnitOfWork, card: OrderCard, givers: Mapping[str, Ask], because: str = "") -> bool:
        """Make an order's gift lines what its givers want now; whether it has any, or had."""
        existing = [
            _Line(line.id, line.gift, line.sku, line.quantity - line.shipped - line.cancelled)
            for line in card.lines
            if line.gift and line.quantity > line.shipped + line.cancelled
        ]
        wishes: dict[str, Gift] = {}
        notes: dict[str, str] = {}
        units, bought = _wanted(card)
        counts = _counts(uow, card, givers) if bought else {}
        if bought:
            for slug, ask in givers.items():
                everybody, customer = _of(slug, counts, existing, 0), _of(slug, counts, existing, card.customer_id)
                order = SettledOrder(card, _net(card), units, everybody, customer)
                for answer in ask(order):
                    source = f"{slug}/{answer.rule}"
                    if isinstance(answer, NoGift):
                        notes[source] = answer.why
                    elif source in wishes or not answer.rule:
                        raise DomainError(f"plugin {slug} gives twice by rule {answer.rule!r}", remedy="a rule gives one SKU")
                    else:
                        wishes[source] = answer
        cancels: dict[int, int] = {}
        for line in existing:
            wish = wishes.get(line.source)
            keep = min(line.open, wish.quantity) if wish is not None and wish.sku == line.sku else 0
            if keep < line.open:
                cancels[line.id] = line.open - keep
        more = {
            source: gift.quantity - sum(line.open for line in existing if (line.source, line.sku) == (source, gift.sku))
            for source, gift in wishes.items()
        }
        added = self._add(uow, card, {s: n for s, n in more.items() if n > 0}, wishes, notes, counts)
        if added or cancels or notes:
            said = {**{source: f"{units} {wishes[source].sku}" for source, units in added.items()}, **notes}
            uow.note("gifts", "order", card.id, because or "; ".join(f"{rule}: {told}" for rule, told in said.items()), said)
        if cancels:
            ended = because if not bought and because else WITHDRAWN
            cancel(uow, card.id, cancels, ended)
        return bool(existing or added)

    def _add(
        self, uow: UnitOfWork, card: OrderCard, more: Mapping[str, int], wishes: Mapping[str, Gift], notes: dict[str, str],
        counts: Mapping[tuple[str, int], int],
    ) -> dict[str, int]:  # fmt: skip
        """Write what can be given; what cannot is noted."""
        if not more:
            return {}
        items = items_by_code(uow.db, {wishes[source].sku for source in more})
        shop = uow.db.row("SELECT id, tax_rate FROM shop WHERE code = ?", (card.shop,))
        if shop is None:
            return {}
        free = sellable(uow.db, shop[0], [item.sku_id for item in items.values()], uow.merchant.day(uow.now))
        left = {code: free.get(item.sku_id, 0) for code, item in items.items()}
        for code, count in _still_to_reserve(uow, card, items).items():
            left[code] -= count
        added: dict[str, int] = {}
        for source, count in more.items():
            code = wishes[source].sku
            item = items.get(code)
            if item is None:
                notes[source] = f"there is no SKU {code}"
            elif item.kit:
                notes[source] = f"{code} is a kit; give its components by rules of their own"
            elif left[code] < quantity(count, f"gift {code}"):
                notes[source] = f"{count} {code} wanted, {max(0, left[code])} free"
            else:
                left[code] -= count
                added[source] = count
        if added:
            self._write(uow, card, added, items, wishes, shop[1], counts)
        return added

    def _write(
        self, uow: UnitOfWork, card: OrderCard, added: Mapping[str, int], items: Mapping[str, Item],
        wishes: Mapping[str, Gift], tax_rate: int, counts: Mapping[tuple[str, int], int],
    ) -> None:  # fmt: skip
        [(last,)] = uow.db.rows("SELECT MAX(no) FROM order_line WHERE order_id = ?", (card.id,))
        rows = [
            (card.id, last + place, item.sku_id, item.title, count, 0, 0, tax_rate, source)
            for place, (source, count) in enumerate(added.items(), 1)
            if (item := items[wishes[source].sku])
        ]
        uow.db.insert(
            "order_line",
            ("order_id", "no", "sku_id", "title", "quantity", "unit_price", "amount", "tax_rate", "gift"),
            rows,
        )
        new = {(source, who): count for source, count in added.items() for who in (0, card.customer_id)}
        for key, given in _count(uow, new).items():
            if given != counts.get(key, 0) + new[key]:
                raise Stale("somebody else was given something by the same rule", remedy="try again")
        if card.status is not OrderStatus.PENDING_REVIEW:
            uow.emit(UnitsAdded((card.id,)))


def _wanted(card: OrderCard) -> tuple[dict[str, int], bool]:
    """Units that were bought and are still wanted, by SKU and as they were bought; and whether there are any."""
    parts: dict[int, list[LineCard]] = {}
    for line in card.lines:
        if line.kit_line is not None:
            parts.setdefault(line.kit_line, []).append(line)
    kits = {line.id: line.quantity for line in card.lines}
    units: dict[str, int] = {}
    bought = False
    for line in card.lines:
        if line.gift or line.kit_line is not None:
            continue
        count = line.quantity - line.cancelled
        if line.id in parts:
            count = min((part.quantity - part.cancelled) * kits[line.id] // part.quantity for part in parts[line.id])
            bought = bought or any(part.quantity > part.cancelled for part in parts[line.id])
        bought = bought or count > 0
        if count > 0 and line.sku:
            units[line.sku] = units.get(line.sku, 0) + count
    return units, bought


def _net(card: OrderCard) -> Money:
    """What the wanted goods cost, less whatever was refunded beyond the units that were cancelled."""
    kits = {line.kit_line for line in card.lines if line.kit_line is not None}
    leaves = [line for line in card.lines if line.id not in kits and not line.gift]
    goods = sum(line.amount.minor for line in leaves)
    cancelled = sum(line.amount.minor - left(line.amount.minor, line.quantity, line.cancelled) for line in leaves)
    carriage = card.freight.minor * cancelled // goods if goods else 0
    beyond = max(0, card.refunded.minor - cancelled - carriage)
    return Money(max(0, goods - cancelled - beyond), card.total.currency)


def _still_to_reserve(uow: UnitOfWork, card: OrderCard, items: Mapping[str, Item]) -> dict[str, int]:
    """Units of these SKUs that the order itself wants and has not reserved: they go before any gift."""
    kits = {line.kit_line for line in card.lines if line.kit_line is not None}
    wanted = [line for line in card.lines if line.sku in items and line.id not in kits]
    if not wanted:
        return {}
    reserved: dict[int, int] = {}
    if card.status is OrderStatus.TO_SHIP:
        ids = [line.id for line in wanted]
        reserved = dict(uow.db.rows(f"SELECT id, reserved FROM order_line WHERE id IN ({marks(ids)})", ids))
    found: dict[str, int] = {}
    for line in wanted:
        missing = line.quantity - line.cancelled - line.shipped - reserved.get(line.id, 0)
        found[line.sku] = found.get(line.sku, 0) + max(0, missing)
    return found


def _counts(uow: UnitOfWork, card: OrderCard, givers: Iterable[str]) -> dict[tuple[str, int], int]:
    """What each rule of these plugins gave so far: to everybody (customer 0) and to this customer; held."""
    slugs = sorted(set(givers))
    if not slugs:
        return {}
    any_of = " OR ".join(["source LIKE ?"] * len(slugs))
    rows = uow.db.rows(
        f"SELECT source, customer, given FROM gift_count WHERE customer IN (0, ?) AND ({any_of}) "
        "ORDER BY source, customer" + ("" if uow.db.sqlite else " FOR UPDATE"),
        [card.customer_id, *(f"{slug}/%" for slug in slugs)],
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _of(slug: str, counts: Mapping[tuple[str, int], int], existing: Sequence[_Line], customer: int) -> dict[str, int]:
    """One plugin's counts by rule, without what this order has itself."""
    own: dict[str, int] = {}
    for line in existing:
        own[line.source] = own.get(line.source, 0) + line.open
    return {
        source.partition("/")[2]: given - own.get(source, 0)
        for (source, who), given in counts.items()
        if who == customer and source.startswith(f"{slug}/")
    }


def _count(uow: UnitOfWork, change: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Count so many units more (or fewer) for each (rule, customer); what the counts are now."""
    found: dict[tuple[str, int], int] = {}
    for (source, customer), units in sorted(change.items()):
        if units > 0:
            [(given,)] = uow.db.insert(
                "gift_count",
                ("source", "customer", "given"),
                [(source, customer, units)],
                conflict="(source, customer) DO UPDATE SET given = gift_count.given + excluded.given",
                returning="given",
            )
            found[source, customer] = given
        elif units < 0:
            uow.db.change(
                "UPDATE gift_count SET given = given - ? WHERE source = ? AND customer = ?", (-units, source, customer)
            )
    return found
