"""Orders taken by hand, their money, and what staff do with orders; what is expected of orders."""

from __future__ import annotations

from ....fulfillment.states import OPEN, quoted
from ....kernel.errors import DomainError
from ....orders import holds as holding
from ....orders import manual, queries
from ....orders import service as orders
from ....orders.api import HoldCode, OrderCard, OrderType
from ..grammar import Form, Said
from ..world import Unmet, World, same


def take(world: World, said: Said) -> None:
    """Somebody takes an order at the counter or on the telephone."""
    name, shop = said["order"], world.shop(said["shop"])

    def money(part: str) -> int | None:
        amount = said.part(part, "amount")
        return None if amount is None else world.money(amount, shop.currency)

    kind = next((kind for kind in ("reship", "exchange", "wholesale", "presale") if kind in said), "normal")
    origin = said.part(kind, "order", "")
    buyer = said.part("buyer", "buyer", name)
    partly = money("paid")
    order = manual.HandOrder(
        shop.code,
        tuple(
            manual.HandLine(
                part["sku"], part["units"], None if "amount" not in part else world.money(part["amount"], shop.currency)
            )
            for part in said.all("lines")
        ),
        receiver=world.door(said.part("to", "address"), buyer),
        type=OrderType(kind),
        origin=_card(world, origin).number if origin else "",
        number=name,
        name=buyer,
        phone=said.part("phone", "text", ""),
        email=said.part("email", "text", ""),
        discount=money("discount") or 0,
        freight=money("freight"),
        paid="unpaid" not in said and "cod" not in said and "deposit" not in said and partly is None,
        deposit=money("deposit") or 0,
        cod="cod" in said,
        message=said.part("message", "text", ""),
        memo=said.part("memo", "text", ""),
    )
    with world.work(said.get("person", "")) as uow:
        order_id = manual.enter(uow, order)
        if partly:
            orders.receive_payment(uow, orders.PaymentFacts(order_id, partly, uow.now, "cash", f"paid/{name}"))
    world.meet(name, shop.code, order_id)


def goods_back(world: World, said: Said) -> None:
    with world.work() as uow:
        manual.return_goods_arrived(uow, world.order_id(said["order"]), said.get("text", "they came back"))


def _card(world: World, name: str) -> OrderCard:
    return queries.card(world.system.installation.db, world.order_id(name))


def receive_payment(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    amount = world.money(said["amount"], card.total.currency)
    key = f"payment/{said['order']}/{said.get('delivery') or next(world.serials)}"
    with world.work() as uow:
        orders.receive_payment(uow, orders.PaymentFacts(card.id, amount, said.get("moment", uow.now), "counter", key))


def give_back(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    amount = world.money(said["amount"], card.total.currency)
    with world.work() as uow:
        orders.refund(uow, orders.PaymentFacts(card.id, amount, uow.now, "counter", f"refund/{next(world.serials)}"))


def units_of(world: World, name: str, said: Said) -> dict[int, int]:
    """Countable lines with units for what was said of SKUs; a kit stands for its components."""
    wanted: dict[int, int] = {}
    rows = world.rows(
        "SELECT l.id, l.no, COALESCE(k.code, ''), l.kit, l.kit_line, l.per_kit FROM order_line l "
        "LEFT JOIN sku k ON k.id = l.sku_id WHERE l.order_id = ? ORDER BY l.no",
        (world.order_id(name),),
    )
    for part in said.all("lines"):
        found = next((row for row in rows if row[2] == part["sku"] and row[4] is None), None) or next(
            (row for row in rows if row[2] == part["sku"]), None
        )
        if found is None:
            raise DomainError(f"order {name} has no line {part['sku']}")
        if found[3]:
            for row in rows:
                if row[4] == found[1]:
                    wanted[int(str(row[0]))] = part["units"] * int(str(row[5]))
        else:
            wanted[int(str(found[0]))] = part["units"]
    return wanted


def cancel(world: World, said: Said) -> None:
    order_id = world.order_id(said["order"])
    units = units_of(world, said["order"], said) if said.all("lines") else None
    with world.work(said.get("person", "")) as uow:
        orders.cancel(uow, order_id, units, said.get("text", "buyer"))


def readdress(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    address = world.door(said["address"], card.receiver.name)
    with world.work(said.get("person", "")) as uow:
        orders.change_address(uow, card.id, address, "asked for on the telephone")


def hold(world: World, said: Said) -> None:
    """Many at once; the first that is refused refuses the line."""
    code = said.get("hold", HoldCode.MANUAL.value)
    if code not in set(HoldCode):
        raise DomainError(f"there is no hold {code}", remedy=f"there are: {', '.join(HoldCode)}")
    with world.work(said.get("person", "")) as uow:
        done = holding.open_by_hand(uow, [world.order_id(name) for name in said["orders"]], HoldCode(code), said["text"])
        _refuse(done)


def _refuse(done: holding.Bulk) -> None:
    for what, remedy in done.refused.values():
        raise DomainError(what, remedy=remedy)


def lift(world: World, said: Said) -> None:
    ids = []
    for name in said["orders"]:
        mine = [hold_id for hold_id, code, _ in holds_of(world, name) if code == said["hold"]]
        if not mine:
            raise DomainError(f"{name} has no open hold {said['hold']}")
        ids += mine
    with world.work(said.get("person", "")) as uow:
        _refuse(holding.lift_many(uow, ids, said.get("text", "settled")))


def complete(world: World, said: Said) -> None:
    with world.work() as uow:
        orders.complete(uow, world.order_id(said["order"]), uow.now, "enough time passed")


# expectations


def holds_of(world: World, name: str) -> list[tuple[int, str, str]]:
    """The open holds of an order and of its open fulfillment orders: id, code, note."""
    order_id = world.order_id(name)
    return [
        (int(str(row[0])), str(row[1]), str(row[2]))
        for row in world.rows(
            "SELECT h.id, h.code, h.note FROM hold h WHERE h.released_at IS NULL AND ((h.level = 'order' AND h.document = ?) "
            "OR (h.level = 'fo' AND h.document IN (SELECT x.fo_id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
            f"WHERE x.order_id = ? AND f.state IN ({quoted(OPEN)})))) ORDER BY h.code, h.id",
            (order_id, order_id),
        )
    ]


def expect_status(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    same(said["status"], card.status.value)
    if (because := said.get("text")) is not None:
        [(reason,)] = world.rows("SELECT cancel_reason FROM sales_order WHERE id = ?", (card.id,))
        same(f"because {because}", f"because {reason}")
    for part, found in (("payment", card.payment.value), ("review", card.review.value)):
        if part in said:
            same(f"{part} {said.part(part, 'state')}", f"{part} {found}")


def expect_orders(world: World, said: Said) -> None:
    where, given = ("", []) if "shop" not in said else (" AND s.code = ?", [said["shop"]])
    [(count,)] = world.rows(
        f"SELECT COUNT(*) FROM sales_order o JOIN shop s ON s.id = o.shop_id WHERE o.status = ?{where}",
        [said["status"], *given],
    )
    same(f"{said['units']} orders {said['status']}", f"{count} orders {said['status']}")


def expect_holds(world: World, said: Said) -> None:
    """Exactly these, each with a note that contains these words."""
    found = [(code, note) for _, code, note in holds_of(world, said["order"])]
    wanted = sorted((part["hold"], part.get("text", "")) for part in said.all("holds"))
    shown = ", ".join(f"{code} “{note}”" for code, note in found) or "none"
    text = ", ".join(f"{code} “{note}”" if note else code for code, note in wanted) or "none"
    left = list(found)
    for code, note in sorted(wanted, key=lambda one: not one[1]):
        match = next((one for one in left if one[0] == code and note.casefold() in one[1].casefold()), None)
        if match is None:
            raise Unmet(text, shown)
        left.remove(match)
    if left:
        raise Unmet(text, shown)


def expect_no_holds(world: World, said: Said) -> None:
    found = holds_of(world, said["order"])
    same("none", ", ".join(f"{code} “{note}”" for _, code, note in found) or "none")


def expect_lines(world: World, said: Said) -> None:
    """What an order's lines count: those that are named."""
    rows = world.rows(
        "SELECT COALESCE(k.code, ''), l.quantity, l.quantity - l.shipped - l.cancelled, l.reserved, l.shipped, l.cancelled, "
        "l.returned, l.amount, l.freight, o.currency FROM order_line l JOIN sales_order o ON o.id = l.order_id LEFT JOIN sku k "
        "ON k.id = l.sku_id WHERE l.order_id = ? ORDER BY l.no",
        (world.order_id(said["order"]),),
    )
    for part in said.all("lines"):
        found = next((row for row in rows if row[0] == part["sku"]), None)
        if found is None:
            raise Unmet(f"a line {part['sku']}", f"lines {', '.join(str(row[0]) for row in rows)}")
        shown = {
            "units": found[1], "open units": found[2], "reserved units": found[3], "shipped units": found[4],
            "cancelled units": found[5], "returned units": found[6],
        }  # fmt: skip
        for slot, count in shown.items():
            if slot in part and part[slot] != count:
                raise Unmet(f"{part['sku']} {slot} {part[slot]}", f"{part['sku']} {slot} {count}")
        for slot, minor in (("amount", found[7]), ("freight amount", found[8])):
            if slot in part and world.money(part[slot], str(found[9])) != minor:
                shown_amount = world.text(int(str(minor)), str(found[9]))
                raise Unmet(f"{part['sku']} {slot} {part[slot]}", f"{part['sku']} {slot} {shown_amount}")


def expect_money(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    currency = card.total.currency
    for part, found in (("total", card.total), ("received", card.paid), ("refunded", card.refunded), ("freight", card.freight)):
        if part in said:
            same(f"{part} {world.text(world.money(said.part(part, 'amount'), currency), currency)}", f"{part} {found.text}")


def expect_address(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    wanted = world.door(said["address"], card.receiver.name)
    same(wanted.merge_key, card.receiver.merge_key)


def expect_words(world: World, said: Said) -> None:
    card = _card(world, said["order"])
    for part, found in (("message", card.message), ("memo", card.memo)):
        if part in said:
            same(f"{part} {said.part(part, 'text')}", f"{part} {found}")


def expect_same_customer(world: World, said: Said) -> None:
    mine, other = _card(world, said["order"]), _card(world, said["other order"])
    same("apart" if "not" in said else "one customer", "one customer" if mine.customer_id == other.customer_id else "apart")


def expect_history(world: World, said: Said) -> None:
    rows = world.rows(
        "SELECT action, because FROM audit WHERE kind = 'order' AND document = ? ORDER BY id", (world.order_id(said["order"]),)
    )
    told = [f"{action}: {because}" for action, because in rows]
    if not any(said["text"].casefold() in line.casefold() for line in told):
        raise Unmet(f"a line of the history with {said['text']!r}", "; ".join(told))


FORMS: tuple[Form[World], ...] = (
    Form("order <order> by hand in <shop> [by <person>]",
         "Somebody takes an order at the counter or by telephone; paid at once unless it says otherwise; prices and freight as "
         "the shop's lists say, unless said.", take,
         {"lines*": "<sku> <units> [at <amount>]", "discount": "discount <amount>", "freight": "freight <amount>",
          "to": "to <address>", "buyer": "buyer <buyer>", "email": "email <text>", "phone": "phone <text>",
          "paid": "paid <amount>", "unpaid": "unpaid", "cod": "cash on delivery", "message": "message <text>",
          "memo": "memo <text>", "wholesale": "wholesale", "presale": "presale", "deposit": "deposit <amount>",
          "reship": "reship of <order>", "exchange": "exchange for <order>"}),
    Form("goods for <order> came back [because <text>]", "What an exchange waited for is here.", goods_back),
    Form("payment <amount> for <order> [at <moment>] [number <delivery>]", "Money comes in for an order taken by hand.",
         receive_payment),
    Form("refund <amount> of <order>", "Money goes back; cancels nothing.", give_back),
    Form("cancel <order> [because <text>] [by <person>]", "These units, or all that are not sent.", cancel,
         {"lines*": "<sku> <units>"}),
    Form("address of <order> is <address> [by <person>]", "The buyer asks for another address.", readdress),
    Form("hold <orders> [as <hold>] because <text> [by <person>]", "Somebody stops orders by hand.", hold),
    Form("lift <hold> of <orders> [because <text>] [by <person>]", "Somebody lifts holds of the kind that people lift.", lift),
    Form("complete <order>", "Enough time passed: the promise is kept.", complete),
    Form("expect <order> is <status> [because <text>]", "An order's status, and why it was cancelled.", expect_status,
         {"payment": "payment <state>", "review": "review <state>"}),
    Form("expect <units> orders <status> [in <shop>]", "How many orders have this status.", expect_orders),
    Form("expect holds of <order>",
         "Exactly these, of the order and of its open fulfillment orders, with these words in their notes.", expect_holds,
         {"holds*": "<hold> [<text>]"}),
    Form("expect no holds of <order>", "Nothing stops it.", expect_no_holds),
    Form("expect lines of <order>", "What lines count and cost; of each, what is said.", expect_lines,
         {"lines*": "<sku> [<units>] [open <open units>] [reserved <reserved units>] [shipped <shipped units>] "
                    "[cancelled <cancelled units>] [returned <returned units>] [for <amount>] [freight <freight amount>]"}),
    Form("expect money of <order>", "What was asked for and what came.", expect_money,
         {"total": "total <amount>", "received": "received <amount>", "refunded": "refunded <amount>",
          "freight": "freight <amount>"}),
    Form("expect address of <order> is <address>", "Where it goes.", expect_address),
    Form("expect words of <order>", "The buyer's message and the seller's memo.", expect_words,
         {"message": "message <text>", "memo": "memo <text>"}),
    Form("expect <order> and <other order> are [not] of one customer", "Whether a buyer was recognised.",
         expect_same_customer),
    Form("expect history of <order> says <text>", "A line of its history with these words.", expect_history),
)  # fmt: skip
