"""What buyers and platforms do, as the platform's documents tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ....channels import inbox
from ....channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState
from ....connections.service import connection
from ....kernel.errors import DomainError
from ....kernel.values import Address, Money
from ....orders.api import Reach
from ..grammar import Form, Said
from ..market import Platform, document, shelf
from ..world import Unmet, World, same


def platform_of(world: World, shop: str) -> Platform:
    found = world.market.platforms.get(shop)
    if found is None:
        raise DomainError(f"{shop} stands on no platform", remedy=f"say `platform {shop}` first, or take the order by hand")
    return found


def hand_over(world: World, platform: Platform, order: ChannelOrder) -> None:
    """The platform's document reaches us; one that is parked is refused with its reason."""
    system = world.system
    facts = connection(system.installation.db, platform.code)
    body = document(order)
    with system.installation.unit_of_work(f"channel:{facts.code}") as uow:
        row = inbox.store(
            uow, facts.id, "push", f"delivery {next(world.serials)}", order.external_id, version=order.version, body=body
        )
    if row is None:
        raise DomainError(f"{order.external_id} was delivered twice under one number")
    verdict, order_id = inbox.take(system.installation, facts, system.channels.accounts.channel(facts), row, body)
    if verdict == "parked":
        [(reason,)] = world.rows("SELECT reason FROM inbox WHERE id = ?", (row,))
        raise DomainError(f"parked: {reason}")
    if order_id is not None:
        world.meet(order.external_id, platform.code, order_id)


def _write(world: World, platform: Platform, order: ChannelOrder, *, quietly: bool) -> None:
    """A new version stands on the platform; unless quietly, we hear of it at once."""
    with world.market.lock:
        platform.trades.setdefault(order.external_id, []).append(order)
    if not quietly:
        hand_over(world, platform, order)


def _trade(world: World, name: str) -> tuple[Platform, ChannelOrder]:
    platform = platform_of(world, world.order(name).shop)
    if name not in platform.trades:
        raise DomainError(f"order {name} stands on no platform", remedy="it was taken by hand")
    return platform, platform.trades[name][-1]


def _line(world: World, shop: str, currency: str, said: Mapping[str, Any], no: int) -> ChannelLine:
    item, units = said["item"], said["units"]
    price: Decimal | None = said.get("amount")
    if price is None:
        found = world.rows(
            "SELECT k.price FROM sku k LEFT JOIN listing g ON g.sku_id = k.id AND g.item_id = ? "
            "WHERE g.id IS NOT NULL OR k.code = ? ORDER BY g.id",
            (item, item),
        )
        minor = int(str(found[0][0])) if found else 0
    else:
        minor = world.money(price, currency)
    amount = minor * units if "whole amount" not in said else world.money(said["whole amount"], currency)
    code, title = world.listings.get((shop, item), (item, item))
    return ChannelLine(
        f"{item}/{no}", ListingRef(item, "", code), title, units, Money(minor, currency), Money(max(0, amount), currency)
    )


def order(world: World, said: Said) -> None:
    """A buyer orders on a platform."""
    name, shop = said["order"], world.shop(said["shop"])
    platform = platform_of(world, shop.code)
    if name in platform.trades:
        raise DomainError(f"there is an order {name} already", remedy="choose another name")
    currency = said.part("currency", "currency", shop.currency)
    lines = tuple(_line(world, shop.code, currency, part, no) for no, part in enumerate(said.all("lines"), 1))
    freight = Money(world.money(said.part("freight", "amount"), currency), currency)
    total = Money(sum(line.amount.minor for line in lines), currency) + freight
    buyer = said.part("buyer", "buyer", name)
    paid, paid_at, state = total, world.clock.now(), TradeState.TO_SHIP
    if "unpaid" in said:
        paid, state = Money.zero(currency), TradeState.UNPAID
    elif "deposit" in said:
        paid, state = Money(world.money(said.part("deposit", "amount"), currency), currency), TradeState.DEPOSIT_PAID
    elif "cod" in said:
        paid = Money.zero(currency)
    elif "paid" in said:
        paid_at = said.part("paid", "moment", paid_at)
        if (amount := said.part("paid", "amount")) is not None:
            paid = Money(world.money(amount, currency), currency)
    settled = state is TradeState.TO_SHIP and "cod" not in said
    reach = next((reach for reach in (Reach.PICKUP, Reach.COUNTER) if reach in said), Reach.SHIPPED)
    trade = ChannelOrder(
        external_id=name,
        number=name,
        version=world.clock.now(),
        state=state,
        placed_at=said.part("placed", "moment", min(paid_at, world.clock.now())),
        paid_at=paid_at if settled else None,
        currency=currency,
        lines=lines,
        freight=freight,
        total=Money(world.money(said.part("total", "amount"), currency), currency) if "total" in said else total,
        paid=paid,
        refunded=Money.zero(currency),
        buyer=Buyer(buyer, buyer, said.part("email", "text", ""), said.part("phone", "text", "")),
        receiver=Address(name=buyer) if reach is not Reach.SHIPPED else world.door(said.part("to", "address"), buyer),
        cod="cod" in said,
        message=said.part("message", "text", ""),
        memo=said.part("memo", "text", ""),
        held=said.part("held", "text", ""),
        reach=reach,
        warehouse=said.part(reach, "warehouse", ""),
        pickup_code=said.part("pickup", "text", ""),
    )
    world.meet(name, shop.code)
    _write(world, platform, trade, quietly="unheard" in said)


def _changed(world: World, said: Said, change: Callable[[ChannelOrder], ChannelOrder]) -> None:
    """The platform writes a new version of a trade, at the present moment."""
    platform, trade = _trade(world, said["order"])
    _write(world, platform, replace(change(trade), version=world.clock.now()), quietly="unheard" in said)


def pay(world: World, said: Said) -> None:
    def change(trade: ChannelOrder) -> ChannelOrder:
        amount = said.get("amount")
        paid = trade.total if amount is None else trade.paid + Money(world.money(amount, trade.currency), trade.currency)
        whole = paid.minor >= trade.total.minor
        state = trade.state
        if whole and state in (TradeState.UNPAID, TradeState.DEPOSIT_PAID):
            state = TradeState.TO_SHIP
        elif "deposit" in said:
            state = TradeState.DEPOSIT_PAID
        return replace(trade, paid=paid, paid_at=said.get("moment", world.clock.now()) if whole else trade.paid_at, state=state)

    _changed(world, said, change)


def _find(trade: ChannelOrder, item: str) -> ChannelLine:
    for line in trade.lines:
        if shelf(line.listing) == item:
            return line
    raise DomainError(f"{trade.external_id} has no line {item}", remedy=", ".join(shelf(line.listing) for line in trade.lines))


def _with(trade: ChannelOrder, lines: Sequence[ChannelLine]) -> ChannelOrder:
    by_id = {line.external_id: line for line in lines}
    return replace(trade, lines=tuple(by_id.get(line.external_id, line) for line in trade.lines))


def ask_refund(world: World, said: Said) -> None:
    def change(trade: ChannelOrder) -> ChannelOrder:
        wanted = [_find(trade, part["item"]) for part in said.all("lines")] or trade.lines
        return _with(trade, [replace(line, refund_requested=True) for line in wanted])

    _changed(world, said, change)


def decline_refund(world: World, said: Said) -> None:
    _changed(
        world, said, lambda trade: replace(trade, lines=tuple(replace(line, refund_requested=False) for line in trade.lines))
    )


def refund(world: World, said: Said) -> None:
    """Units are taken out of the trade with their money, or money alone goes back."""

    def change(trade: ChannelOrder) -> ChannelOrder:
        lines, back = [], 0
        for part in said.all("lines"):
            line = _find(trade, part["item"])
            units = part["units"]
            back += line.amount.minor * units // line.quantity
            lines.append(replace(line, cancelled=line.cancelled + units, refund_requested=False))
        if (amount := said.part("money", "amount")) is not None:
            back = world.money(amount, trade.currency)
        elif not lines:
            back = (trade.paid - trade.refunded).minor
            lines = [replace(line, cancelled=line.quantity - line.shipped, refund_requested=False) for line in trade.lines]
        return replace(_with(trade, lines), refunded=trade.refunded + Money(back, trade.currency))

    _changed(world, said, change)


def cancel(world: World, said: Said) -> None:
    _changed(world, said, lambda trade: replace(trade, state=TradeState.CANCELLED, refunded=trade.paid))


def forfeit(world: World, said: Said) -> None:
    _changed(world, said, lambda trade: replace(trade, state=TradeState.CANCELLED, deposit_kept=True))


def complete(world: World, said: Said) -> None:
    _changed(world, said, lambda trade: replace(trade, state=TradeState.COMPLETED))


def edit(world: World, said: Said) -> None:
    def change(trade: ChannelOrder) -> ChannelOrder:
        lines = []
        for part in said.all("lines"):
            line = _find(trade, part["item"])
            amount = line.unit_price * part["units"]
            lines.append(replace(line, quantity=part["units"], amount=amount))
        trade = _with(trade, lines)
        goods = Money(sum(line.amount.minor for line in trade.lines), trade.currency)
        trade = replace(trade, total=goods + trade.freight)
        if "to" in said:
            trade = replace(trade, receiver=world.door(said.part("to", "address"), trade.buyer.external_id))
        return replace(
            trade,
            message=said.part("message", "text", trade.message),
            memo=said.part("memo", "text", trade.memo),
        )

    _changed(world, said, change)


def ship_elsewhere(world: World, said: Said) -> None:
    def change(trade: ChannelOrder) -> ChannelOrder:
        lines = [
            replace(line, shipped=line.shipped + part["units"])
            for part in said.all("lines")
            for line in [_find(trade, part["item"])]
        ] or [replace(line, shipped=line.quantity - line.cancelled) for line in trade.lines]
        trade = _with(trade, lines)
        left = any(line.quantity > line.shipped + line.cancelled for line in trade.lines)
        return replace(trade, state=TradeState.PARTLY_SHIPPED if left else TradeState.SHIPPED)

    _changed(world, said, change)


def forbid(world: World, said: Said) -> None:
    _changed(world, said, lambda trade: replace(trade, held=said["text"]))


def allow(world: World, said: Said) -> None:
    _changed(world, said, lambda trade: replace(trade, held=""))


def repeat(world: World, said: Said) -> None:
    """The platform sends a document again, the latest or that of an earlier moment."""
    platform, trade = _trade(world, said["order"])
    moment: datetime | None = said.get("moment")
    if moment is not None:
        older = [version for version in platform.trades[trade.external_id] if version.version <= moment]
        if not older:
            raise DomainError(f"{trade.external_id} did not exist at {moment:%Y-%m-%d %H:%M}")
        trade = older[-1]
    hand_over(world, platform, trade)


def deaf(world: World, said: Said) -> None:
    platform_of(world, said["shop"]).deaf = said["text"]


def hears(world: World, said: Said) -> None:
    platform = platform_of(world, said["shop"])
    platform.deaf, platform.away = "", False


def away(world: World, said: Said) -> None:
    platform_of(world, said["shop"]).away = True


def publish(world: World, said: Said) -> None:
    world.system.publish()


def expect_shown(world: World, said: Said) -> None:
    shown = platform_of(world, said["shop"]).shown
    for part in [{"item": said["item"], "units": said["units"]}, *said.all("more")]:
        if shown.get(part["item"]) != part["units"]:
            raise Unmet(f"{part['item']} {part['units']}", f"{part['item']} {shown.get(part['item'], 'not published')}")


def expect_verdict(world: World, said: Said) -> None:
    facts = connection(world.system.installation.db, world.order(said["order"]).shop)
    [(verdict, reason)] = world.rows(
        "SELECT verdict, reason FROM inbox WHERE connection_id = ? AND document = ? ORDER BY id DESC LIMIT 1",
        (facts.id, said["order"]),
    )
    if verdict != said["verdict"] or said.get("text", "").casefold() not in str(reason).casefold():
        because = f" because {said['text']}" if "text" in said else ""
        raise Unmet(f"{said['verdict']}{because}", f"{verdict} because {reason}" if reason else str(verdict))


def expect_told(world: World, said: Said) -> None:
    """Exactly these parcels, in the order they were told; what is in them is compared where it is said."""
    name = said["order"]
    parcels = platform_of(world, world.order(name).shop).parcels.get(name, [])
    items = {line.external_id: shelf(line.listing) for line in _trade(world, name)[1].lines}
    wanted = said.all("parcels")
    expected = [_parcel(part["waybill"], part.get("lines", ())) for part in wanted]
    found = []
    for place, parcel in enumerate(parcels):
        compared = place >= len(wanted) or "lines" in wanted[place]
        found.append(_parcel(parcel.number, [(items[x.external_id], x.quantity) for x in parcel.lines] if compared else ()))
    same(", ".join(expected), ", ".join(found) or "nothing")


def _parcel(number: str, lines: Sequence[tuple[str, int]]) -> str:
    inside = " ".join(f"{item} {units}" for item, units in sorted(lines))
    return f"{number} with {inside}" if inside else number


def expect_nothing_told(world: World, said: Said) -> None:
    parcels = platform_of(world, world.order(said["order"]).shop).parcels.get(said["order"], [])
    same("nothing", ", ".join(parcel.number for parcel in parcels) or "nothing")


def expect_writeback(world: World, said: Said) -> None:
    """The state of each notice to the platform, in order: queued, done, failed, not_supported."""
    rows = world.rows("SELECT state FROM shipment_notice WHERE order_id = ? ORDER BY id", (world.order_id(said["order"]),))
    same(" ".join(said["names"]), " ".join(str(row[0]) for row in rows) or "none")


_UNHEARD = {"unheard": "unheard"}
_ITEMS = {"lines*": "<item> <units>"}

FORMS: tuple[Form[World], ...] = (
    Form("buyer orders <order> on <shop>",
         "A buyer orders on the shop's platform, and its document reaches us. Paid in full at once unless it says otherwise; "
         "without a price an item costs its list price; `for` is what the line costs after discounts. `unheard`, here and "
         "below: we are not told.",
         order,
         {"lines*": "<item> <units> [at <amount>] [for <whole amount>]", "freight": "freight <amount>", "to": "to <address>",
          "buyer": "buyer <buyer>", "email": "email <text>", "phone": "phone <text>",
          "paid": "paid [<amount>] [at <moment>]", "unpaid": "unpaid", "cod": "cash on delivery",
          "deposit": "deposit <amount>", "placed": "placed <moment>", "message": "message <text>", "memo": "memo <text>",
          "held": "held <text>", "currency": "in <currency>", "total": "total <amount>",
          "pickup": "to be picked up at <warehouse> [with code <text>]", "counter": "given at the counter of <warehouse>",
          **_UNHEARD}),
    Form("buyer pays <order> [<amount>] [at <moment>]", "On the platform: the rest, or so much of it.", pay,
         {"deposit": "as deposit", **_UNHEARD}),
    Form("buyer asks a refund of <order>", "For these items, or all; not decided yet.", ask_refund,
         {"lines*": "<item>", **_UNHEARD}),
    Form("platform declines the refund of <order>", "Nothing goes back.", decline_refund, _UNHEARD),
    Form("platform refunds <order>", "These units with their money; or only `money`; or, when neither is said, everything.",
         refund, {**_ITEMS, "money": "money <amount>", **_UNHEARD}),
    Form("platform cancels <order>", "The trade is closed and everything paid goes back.", cancel, _UNHEARD),
    Form("platform keeps the deposit of <order>", "The balance did not come in time: the trade is closed, nothing goes back.",
         forfeit, _UNHEARD),
    Form("platform edits <order>", "Quantities, address or words are others now.", edit,
         {**_ITEMS, "to": "to <address>", "message": "message <text>", "memo": "memo <text>", **_UNHEARD}),
    Form("platform ships <order>", "Somebody else sent these units, or all: the platform reports them as shipped.",
         ship_elsewhere, {**_ITEMS, **_UNHEARD}),
    Form("platform completes <order>", "The platform closes the deal as done.", complete, _UNHEARD),
    Form("platform forbids <order> because <text>", "It must not be shipped for now: risk check, group not full.", forbid,
         _UNHEARD),
    Form("platform allows <order>", "It may be shipped after all.", allow, _UNHEARD),
    Form("platform sends <order> [as of <moment>]", "Its document comes again: the latest, or that of an earlier moment.",
         repeat),
    Form("platform of <shop> refuses shipments because <text>", "It will not hear of parcels.", deaf),
    Form("platform of <shop> is away", "It does not answer.", away),
    Form("platform of <shop> is back", "It answers and hears again.", hears),
    Form("publish", "Every shop's numbers are brought to its platform.", publish),
    Form("expect <shop> shows <item> <units>", "The number that buyers see.", expect_shown, {"more*": "<item> <units>"}),
    Form("expect document of <order> <verdict> [because <text>]", "What became of the platform's last document.",
         expect_verdict),
    Form("expect told of <order>", "The parcels that its platform knows, in order.", expect_told,
         {"parcels*": "<waybill> [with <lines>]"}),
    Form("expect nothing told of <order>", "Its platform knows of no parcel.", expect_nothing_told),
    Form("expect write-backs of <order> <names>",
         "What became of each notice to the platform: `queued`, `done`, `failed` or `not_supported`.", expect_writeback),
)  # fmt: skip
