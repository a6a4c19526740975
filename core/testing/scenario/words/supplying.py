"""What has to come: suppliers and purchase orders, alerts of what runs low, and what plugins suggest to order or to move."""

from __future__ import annotations

from collections.abc import Iterable

from ....inventory import alerts, purchasing
from ....inventory.api import Quality
from ....kernel.errors import DomainError
from ..grammar import Form, Said
from ..world import Unmet, World, same


def add_a_supplier(world: World, said: Said) -> None:
    with world.work() as uow:
        purchasing.add_supplier(uow, said["supplier"], said["supplier"])


def order_goods(world: World, said: Said) -> None:
    rows = world.rows("SELECT id FROM supplier WHERE code = ?", (said["supplier"],))
    if not rows:
        raise DomainError(f"there is no supplier {said['supplier']}", remedy="say `supplier` first")
    lines = [
        purchasing.Ordered(world.sku(part["sku"]).sku_id, part["units"], world.money(part.get("amount")))
        for part in said.all("goods")
    ]
    with world.work(said.get("person", "")) as uow:
        world.documents["purchase", said["purchase"]] = purchasing.place_purchase(
            uow, int(str(rows[0][0])), world.warehouse(said["warehouse"]), lines, said["day"].date().isoformat(),
            key=said["purchase"],
        )  # fmt: skip


def take_delivery(world: World, said: Said) -> None:
    arrivals = [
        purchasing.Arrival(
            world.sku(part["sku"]).sku_id, part["units"], world.money(part["amount"]) if "amount" in part else None,
            part.get("bin", ""), part.get("lot", ""), part["day"].date().isoformat() if "day" in part else "",
            Quality(part.get("quality", "good")), tuple(part.get("serials", ())),
        )
        for part in said.all("goods")
    ]  # fmt: skip
    with world.work(said.get("person", "")) as uow:
        purchasing.receive_purchase(uow, world.document("purchase", said["purchase"]), arrivals, key=said["delivery"])


def postpone(world: World, said: Said) -> None:
    with world.work() as uow:
        purchasing.postpone(
            uow, world.document("purchase", said["purchase"]), said["day"].date().isoformat(), said.get("text", "")
        )


def close(world: World, said: Said) -> None:
    with world.work() as uow:
        purchasing.close_purchase(uow, world.document("purchase", said["purchase"]), said["text"])


def expect_purchase(world: World, said: Said) -> None:
    purchase = world.document("purchase", said["purchase"])
    same(said["state"], purchasing.states(world.system.installation.db, [purchase])[purchase].value)


def _today(world: World) -> str:
    return world.setting.merchant.day(world.clock.now())


def _owed(world: World, rows: Iterable[purchasing.Expected], said: Said) -> None:
    names = {known: name for (kind, name), known in world.documents.items() if kind == "purchase"}
    found = sorted(f"{row.sku} {row.missing} of {names.get(row.purchase_id, row.number)}" for row in rows)
    expected = sorted(f"{part['sku']} {part['units']} of {part['purchase']}" for part in said.all("goods"))
    same(", ".join(expected) or "nothing", ", ".join(found) or "nothing")


def expect_incoming(world: World, said: Said) -> None:
    _owed(world, purchasing.expected(world.system.installation.db), said)


def expect_overdue(world: World, said: Said) -> None:
    _owed(world, purchasing.overdue(world.system.installation.db, _today(world)), said)


# alerts


def watch(world: World, said: Said) -> None:
    warehouse = world.warehouse(said["warehouse"]) if "warehouse" in said else None
    with world.work() as uow:
        alerts.set_threshold(uow, world.sku(said["sku"]).sku_id, said["units"], warehouse)


def unwatch(world: World, said: Said) -> None:
    warehouse = said.get("warehouse", "")
    found = alerts.thresholds(world.system.installation.db, _today(world), world.sku(said["sku"]).sku_id)
    mine = [one.id for one in found if one.warehouse == warehouse]
    if not mine:
        raise DomainError(f"nobody watches {said['sku']} there", remedy="say `watch` first")
    with world.work() as uow:
        alerts.drop_threshold(uow, mine[0])


def _low(sku: str, warehouse: str) -> str:
    return f"{sku} in {warehouse}" if warehouse else sku


def expect_low(world: World, said: Said) -> None:
    found = [one for one in alerts.alerts(world.system.installation.db) if one.cleared_at is None]
    expected = sorted(_low(part["sku"], part.get("warehouse", "")) for part in said.all("goods"))
    same(", ".join(expected) or "nothing", ", ".join(sorted(_low(one.sku, one.warehouse) for one in found)) or "nothing")


def expect_alerts(world: World, said: Said) -> None:
    """How often it ran low since somebody watches, and how little was left each time."""
    found = [one for one in alerts.alerts(world.system.installation.db) if one.sku == said["sku"]]
    left = [one.available for one in sorted(found, key=lambda one: one.id)]
    if len(left) != said["units"]:
        raise Unmet(f"{said['units']} alerts", f"{len(left)}, with {', '.join(map(str, left)) or 'nothing'} left")
    if (wanted := [part["units"] for part in said.all("left")]) and wanted != left:
        raise Unmet(f"{wanted} left", f"{left} left")


# suggestions


def _suggestions(world: World) -> list[str]:
    """What the plugin `replenish` says, without its reasons."""
    system = world.system
    found: list[str] = []
    for name in ("suggest", "balance"):
        command = system.plugins.commands.get(f"replenish {name}")
        if command is None:
            raise DomainError("nobody suggests anything", remedy="say `plugins replenish` before everything else")
        lines = command().run(system.contexts.of("replenish"), ())
        found += [line.partition(" (")[0] for line in lines if ": " in line]
    return found


def expect_suggestions(world: World, said: Said) -> None:
    expected = [f"{part['sku']}: order {part['units']}" for part in said.all("orders")]
    expected += [
        f"{part['sku']}: send {part['units']} from {part['from warehouse']} to {part['to warehouse']}"
        for part in said.all("moves")
    ]
    same(", ".join(sorted(expected)) or "nothing", ", ".join(sorted(_suggestions(world))) or "nothing")


_ARRIVED = "<sku> <units> [at <amount>] [lot <lot>] [good until <day>] [in bin <bin>] [as <quality>] [pieces <serials>]"
_OWED = {"goods*": "<sku> <units> of <purchase>"}

FORMS: tuple[Form[World], ...] = (
    Form("supplier <supplier>", "Somebody goods are ordered from.", add_a_supplier),
    Form("purchase <purchase> from <supplier> into <warehouse> due <day> [by <person>]",
         "采购单: goods are ordered, at an agreed cost, to be there on a day.", order_goods,
         {"goods*": "<sku> <units> [at <amount>]"}),
    Form("receive <delivery> of <purchase> [by <person>]",
         "A delivery, whole or in part; without a cost, at the agreed one. Whoever waits is served first.", take_delivery,
         {"goods*": _ARRIVED}),
    Form("postpone <purchase> to <day> [because <text>]", "The supplier names another day.", postpone),
    Form("close purchase <purchase> because <text>", "What is missing will not come.", close),
    Form("expect purchase <purchase> is <state>", "`open`, `received` in full, or `closed` by people.", expect_purchase),
    Form("expect incoming", "Exactly this is what suppliers still owe.", expect_incoming, _OWED),
    Form("expect nothing incoming", "Suppliers owe nothing.", expect_incoming),
    Form("expect overdue", "Exactly this should have come before today.", expect_overdue, _OWED),
    Form("expect nothing overdue", "Nothing is late.", expect_overdue),
    Form("watch <sku> below <units> [in <warehouse>]",
         "低库存: people want to hear when fewer are available, there or over all warehouses.", watch),
    Form("watch <sku> no more [in <warehouse>]", "Nobody wants to hear of it any more.", unwatch),
    Form("expect low", "Exactly these alerts are open.", expect_low, {"goods*": "<sku> [in <warehouse>]"}),
    Form("expect nothing low", "No alert is open.", expect_low),
    Form("expect <units> alerts of <sku>", "How often it was told that it ran low, and what was left each time.", expect_alerts,
         {"left*": "<units> left"}),
    Form("expect suggestions", "Exactly this is what the plugin `replenish` would order and move.", expect_suggestions,
         {"orders*": "order <sku> <units>", "moves*": "send <sku> <units> from <from warehouse> to <to warehouse>"}),
    Form("expect no suggestions", "Nothing needs to be ordered or moved.", expect_suggestions),
)  # fmt: skip
