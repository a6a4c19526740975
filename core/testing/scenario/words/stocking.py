"""Goods: what comes in, moves and is lost; lots, pieces and bins; what stands where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....fulfillment import scanning
from ....inventory import adjusting, counts, history, locks, places, transfers
from ....inventory import published as publishing
from ....inventory.api import LockMode, Place, Quality, ZoneUse
from ....inventory.queries import available
from ....inventory.service import Receipt, receive, write_off
from ....inventory.tracking import track
from ....kernel.errors import DomainError
from ..grammar import Form, Said
from ..world import Unmet, World, same

Part = Mapping[str, Any]


def _receipt(world: World, part: Part) -> Receipt:
    return Receipt(
        world.sku(part["sku"]).sku_id,
        part["units"],
        world.money(part.get("amount")),
        part.get("bin", ""),
        part.get("lot", ""),
        part["day"].date().isoformat() if "day" in part else "",
        Quality(part.get("quality", "good")),
        tuple(part.get("serials", ())),
    )


def _bring(world: World, said: Said, source: Place, key: str) -> None:
    warehouse = world.warehouse(said["warehouse"])
    receipts = [_receipt(world, part) for part in said.all("goods")]
    with world.work(said.get("person", "")) as uow:
        receive(uow, warehouse, receipts, source=source, document=next(world.serials), key=key, text=key)


def opening(world: World, said: Said) -> None:
    _bring(world, said, Place.OPENING, f"opening/{next(world.serials)}")


def delivery(world: World, said: Said) -> None:
    _bring(world, said, Place.SUPPLIER, said["delivery"])


def _level(world: World, warehouse: str, sku: str, lot: str = "") -> int:
    found = world.rows(
        "SELECT id FROM stock_level WHERE warehouse_id = ? AND sku_id = ? AND lot = ? AND quality = 'good' ORDER BY id",
        (world.warehouse(warehouse), world.sku(sku).sku_id, lot),
    )
    if not found:
        raise DomainError(f"{warehouse} never had any {sku} {lot}".rstrip())
    return int(str(found[0][0]))


def lose(world: World, said: Said) -> None:
    level = _level(world, said["warehouse"], said["sku"], said.get("lot", ""))
    with world.work() as uow:
        write_off(
            uow, level, said["units"], key=f"loss/{next(world.serials)}", because=said["text"],
            serials=said.part("serials", "serials", ()),
        )  # fmt: skip


def adjust(world: World, said: Said) -> None:
    part = said.all("more")[0] if said.all("more") else {}
    with world.work() as uow:
        adjusting.adjust(
            uow, world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id, said["units"], reason=said["text"],
            key=f"adjust/{next(world.serials)}", unit_cost=None if "amount" not in part else world.money(part["amount"]),
            lot=part.get("lot", ""), expires_on=part["day"].date().isoformat() if "day" in part else "",
            bin=part.get("bin", ""), quality=Quality(part.get("quality", "good")), serials=part.get("serials", ()),
        )  # fmt: skip


def inspect(world: World, said: Said) -> None:
    with world.work() as uow:
        adjusting.change_quality(
            uow, world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id, said["units"],
            Quality(said["from quality"]), Quality(said["to quality"]), key=f"quality/{next(world.serials)}",
            because=said.get("text", ""), lot=said.part("lot", "lot", ""),
        )  # fmt: skip


# lots, pieces, bins


def tell_apart(world: World, said: Said) -> None:
    with world.work() as uow:
        track(
            uow, world.sku(said["sku"]).sku_id, lots="by lots" in said, serials="by serials" in said,
            min_life_days=said.part("life", "units", 0),
        )  # fmt: skip


def add_a_zone(world: World, said: Said) -> None:
    with world.work() as uow:
        zone = places.add_zone(
            uow, world.warehouse(said["warehouse"]), said["zone"], ZoneUse(said.get("use", ZoneUse.STORAGE.value))
        )
        places.add_bins(uow, zone, [part["bin"] for part in said.all("bins")])


def put_away(world: World, said: Said) -> None:
    def code(name: str) -> str:
        return "" if said[name] == "floor" else str(said[name])

    with world.work() as uow:
        places.move_bin(
            uow, world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id, said["units"], code("from bin"),
            code("to bin"), key=f"bin/{next(world.serials)}", lot=said.part("lot", "lot", ""),
        )  # fmt: skip


def scan_lot(world: World, said: Said) -> None:
    with world.work() as uow:
        scanning.scan_lot(uow, world.fo(said["fo"]), world.sku(said["sku"]).sku_id, said["lot"], said.get("units"))


def scan_pieces(world: World, said: Said) -> None:
    with world.work() as uow:
        scanning.scan_serials(uow, world.fo(said["fo"]), world.sku(said["sku"]).sku_id, said["serials"])


# counts and transfers


def open_count(world: World, said: Said) -> None:
    skus = [world.sku(part["sku"]).sku_id for part in said.all("skus")]
    with world.work(said.get("person", "")) as uow:
        world.documents["count", said["count"]] = counts.open_count(
            uow, world.warehouse(said["warehouse"]), sku_ids=skus, bins=[part["bin"] for part in said.all("bins")],
            blind="blind" in said, note=said["count"],
        )  # fmt: skip


def enter_count(world: World, said: Said) -> None:
    count = world.document("count", said["count"])
    with world.work(said.get("person", "")) as uow:
        for part in said.all("found"):
            counts.enter_count(
                uow, count, world.sku(part["sku"]).sku_id, part["units"], lot=part.get("lot", ""), bin=part.get("bin", ""),
                serials=part.get("serials", ()),
            )  # fmt: skip


def close_count(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        counts.close_count(
            uow, world.document("count", said["count"]), leave_uncounted="leaving the rest as the book says" in said
        )


def cancel_count(world: World, said: Said) -> None:
    with world.work() as uow:
        counts.cancel_count(uow, world.document("count", said["count"]), said["text"])


def expect_sheet(world: World, said: Said) -> None:
    """What the count sheet says: of a blind count nothing of the book."""
    lines = counts.sheet(world.system.installation.db, world.document("count", said["count"]))
    shown = ", ".join(f"{line.sku} {'?' if line.expected is None else line.expected}" for line in lines)
    expected = ", ".join(f"{part['sku']} {part.get('units', '?')}" for part in said.all("lines"))
    same(expected, shown)


def _loads(world: World, said: Said) -> list[transfers.Load]:
    return [
        transfers.Load(
            world.sku(part["sku"]).sku_id,
            part["units"],
            part.get("lot", ""),
            part.get("bin", ""),
            tuple(part.get("serials", ())),
        )
        for part in said.all("goods")
    ]


def send_transfer(world: World, said: Said) -> None:
    source, target = world.warehouse(said["from warehouse"]), world.warehouse(said["to warehouse"])
    with world.work() as uow:
        world.documents["transfer", said["transfer"]] = transfers.send(
            uow, source, target, _loads(world, said), key=said["transfer"]
        )


def receive_transfer(world: World, said: Said) -> None:
    with world.work() as uow:
        transfers.receive_transfer(uow, world.document("transfer", said["transfer"]), _loads(world, said) or None)


# what is kept for whom, what is shown


def lock(world: World, said: Said) -> None:
    mode = said.get("mode", LockMode.PLUS_SHARED.value)
    if mode not in set(LockMode):
        raise DomainError(f"there is no lock {mode}", remedy=f"there are: {', '.join(LockMode)}")
    with world.work() as uow:
        locks.lock(
            uow, world.shop(said["shop"]).id, world.sku(said["sku"]).sku_id, world.warehouse(said["warehouse"]),
            said["units"], LockMode(mode),
        )  # fmt: skip


def unlock(world: World, said: Said) -> None:
    warehouse = None if "warehouse" not in said else world.warehouse(said["warehouse"])
    with world.work() as uow:
        locks.unlock(uow, world.shop(said["shop"]).id, world.sku(said["sku"]).sku_id, warehouse)


def keep_back(world: World, said: Said) -> None:
    sku = None if "sku" not in said else world.sku(said["sku"]).sku_id
    with world.work() as uow:
        publishing.set_safety(uow, world.shop(said["shop"]).id, world.warehouse(said["warehouse"]), said["units"], sku_id=sku)


def _listing(world: World, shop: str, item: str) -> int:
    found = world.rows("SELECT id FROM listing WHERE shop_id = ? AND item_id = ?", (world.shop(shop).id, item))
    if not found:
        raise DomainError(f"{shop} lists no {item}", remedy="a `listing` line or an order makes it known")
    return int(str(found[0][0]))


def set_listing(world: World, said: Said) -> None:
    listing = _listing(world, said["shop"], said["item"])
    before = publishing.shares(world.system.installation.db, listing)
    maximum = None if "no maximum" in said else said.part("maximum", "units", before.maximum)
    wanted = publishing.Shares(
        before.percent if "percent" not in said else int(said.part("percent", "percent")),
        said.part("plus", "units", before.plus),
        maximum,
        "paused" in said or (before.paused and "resumed" not in said),
    )
    with world.work() as uow:
        publishing.set_shares(uow, listing, wanted)


# expectations


def _today(world: World) -> str:
    return world.setting.merchant.day(world.clock.now())


def expect_stock(world: World, said: Said) -> None:
    warehouse, sku = world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id
    lot = said.get("lot")
    rows = world.rows(
        "SELECT quality, SUM(on_hand), SUM(reserved), SUM(value), SUM(locked) FROM stock_level "
        f"WHERE warehouse_id = ? AND sku_id = ?{'' if lot is None else ' AND lot = ?'} GROUP BY quality",
        (warehouse, sku, *([] if lot is None else [lot])),
    )
    by_quality = {str(row[0]): [int(str(number)) for number in row[1:]] for row in rows}
    on_hand, reserved, value, locked = by_quality.get("good", [0, 0, 0, 0])
    free = on_hand - reserved
    if lot is None:
        levels = available(world.system.installation.db, _today(world), [sku])
        free = sum(level.available for level in levels if level.warehouse_id == warehouse)
    shown = {
        "on hand": on_hand, "reserved": reserved, "available": free, "locked": locked,
        "defective": by_quality.get("defective", [0])[0], "to inspect": by_quality.get("qc", [0])[0],
    }  # fmt: skip
    text = ", ".join(f"{name} {number}" for name, number in shown.items() if number or name in said or name == "on hand")
    if "units" in said and said["units"] != on_hand:
        raise Unmet(f"on hand {said['units']}", text)
    for part, count in shown.items():
        if part in said and said.part(part, "units") != count:
            raise Unmet(f"{part} {said.part(part, 'units')}", text)
    whole = sum(numbers[2] for numbers in by_quality.values()) if by_quality else value
    if "worth" in said and world.money(said.part("worth", "amount")) != whole:
        raise Unmet(f"worth {said.part('worth', 'amount')}", f"worth {world.text(whole)}")


def expect_bin(world: World, said: Said) -> None:
    [(units,)] = world.rows(
        "SELECT COALESCE(SUM(x.quantity), 0) FROM bin_level x JOIN stock_level l ON l.id = x.level_id JOIN bin b "
        "ON b.id = x.bin_id WHERE l.warehouse_id = ? AND l.sku_id = ? AND b.code = ?",
        (world.warehouse(said["warehouse"]), world.sku(said["sku"]).sku_id, said["bin"]),
    )
    same(f"{said['sku']} {said['units']}", f"{said['sku']} {units}")


def expect_then(world: World, said: Said) -> None:
    """What was there at a moment, by the moves alone."""
    then = history.as_of(
        world.system.installation.db, said["moment"], sku_ids=[world.sku(said["sku"]).sku_id],
        warehouse_ids=[world.warehouse(said["warehouse"])],
    )  # fmt: skip
    same(f"{said['units']} units", f"{sum(row.units for row in then)} units")


def expect_recall(world: World, said: Said) -> None:
    found = scanning.recall(world.system.installation.db, world.sku(said["sku"]).sku_id, said["lot"])
    names = {known.id: known.name for known in world.orders.values()}
    shown = sorted(f"{names.get(one.order_id, one.order)} {one.units} {'sent' if one.sent else 'waiting'}" for one in found)
    expected = sorted(f"{part['order']} {part['units']} {part['stage']}" for part in said.all("orders"))
    same(", ".join(expected), ", ".join(shown) or "nobody")


def expect_number(world: World, said: Said) -> None:
    """The number a listing should show now, whether or not it was published."""
    shop = world.shop(said["shop"])
    rows = publishing.published(world.system.installation.db, shop.id, today=_today(world))
    found = next((row for row in rows if row.item_id == said["item"]), None)
    if found is None:
        raise Unmet(f"a mapped listing {said['item']}", ", ".join(row.item_id for row in rows) or "none")
    if found.wanted != said["units"]:
        raise Unmet(f"{said['item']} {said['units']}", f"{said['item']} {found.wanted}, from {found.base} to sell")


_MORE = "[at <amount>] [lot <lot>] [good until <day>] [in bin <bin>] [as <quality>] [pieces <serials>]"
_GOODS = {"goods*": f"<sku> <units> {_MORE}"}
_LOT = {"lot": "lot <lot>"}

FORMS: tuple[Form[World], ...] = (
    Form("opening stock in <warehouse>", "What stood there before the books began, with what one unit cost.", opening,
         _GOODS),
    Form("receive <delivery> into <warehouse> [by <person>]",
         "A supplier's delivery, with what one unit costs; whoever waits is served first.", delivery, _GOODS),
    Form("write off <sku> <units> [of lot <lot>] in <warehouse> because <text>", "Units are gone.", lose,
         {"serials": "pieces <serials>"}),
    Form("adjust <sku> by <units> in <warehouse> because <text>", "More or fewer than the book says.", adjust,
         {"more": _MORE}),
    Form("turn <sku> <units> in <warehouse> from <from quality> to <to quality> [because <text>]",
         "Units turn out good or defective, or are to be inspected.", inspect, _LOT),
    Form("track <sku>", "A SKU's lots or pieces are told apart from now on; a lot is promised only while it has so many days "
         "left.", tell_apart,
         {"by lots": "by lots", "by serials": "by serials", "life": "with <units> days left"}),
    Form("zone <zone> in <warehouse> [for <use>]", "A zone with its bins.", add_a_zone, {"bins*": "<bin>"}),
    Form("move <sku> <units> in <warehouse> from <from bin> to <to bin>", "From bin to bin; `floor` is no bin.", put_away,
         _LOT),
    Form("scan lot <lot> of <sku> for <fo> [<units>]", "The lot in hand is sent instead of the one on the pick list.",
         scan_lot),
    Form("scan pieces <serials> of <sku> for <fo>", "These pieces are sent.", scan_pieces),
    Form("count <count> in <warehouse> [by <person>]", "A count is opened; what is counted is promised to nobody meanwhile.",
         open_count, {"blind": "blind", "bins*": "bin <bin>", "skus*": "<sku>"}),
    Form("found in <count> [by <person>]", "What was counted, on the floor or in a bin.", enter_count,
         {"found*": "<sku> <units> [lot <lot>] [in bin <bin>] [pieces <serials>]"}),
    Form("close count <count> [leaving the rest as the book says] [by <person>]", "What differs is booked.", close_count),
    Form("cancel count <count> because <text>", "Nothing is booked.", cancel_count),
    Form("transfer <transfer> from <from warehouse> to <to warehouse>", "Units leave for another warehouse.", send_transfer,
         {"goods*": "<sku> <units> [lot <lot>] [in bin <bin>] [pieces <serials>]"}),
    Form("receive transfer <transfer>", "What arrived, everything if nothing is said; what is missing is lost.",
         receive_transfer, {"goods*": "<sku> <units> [lot <lot>] [in bin <bin>] [pieces <serials>]"}),
    Form("lock <sku> <units> in <warehouse> for <shop> [as <mode>]", "So many units are this shop's alone.", lock),
    Form("unlock <sku> [in <warehouse>] for <shop>", "They are everybody's again.", unlock),
    Form("keep back [<sku>] <units> in <warehouse> from <shop>",
         "So many units of each SKU, or of this one, are not shown by the shop.", keep_back),
    Form("set <item> on <shop>", "What of the stock this listing shows.", set_listing,
         {"percent": "percent <percent>", "plus": "plus <units>", "maximum": "maximum <units>", "no maximum": "no maximum",
          "paused": "paused", "resumed": "resumed"}),
    Form("expect stock of <sku> [of lot <lot>] in <warehouse> [<units>]",
         "Good units on hand, of these reserved, and what may be promised today; units of other qualities; what all cost "
         "together.", expect_stock,
         {"on hand": "on hand <units>", "reserved": "reserved <units>", "available": "available <units>",
          "locked": "locked <units>", "defective": "defective <units>", "to inspect": "to inspect <units>",
          "worth": "worth <amount>"}),
    Form("expect bin <bin> in <warehouse> holds <sku> <units>", "What lies there.", expect_bin),
    Form("expect stock of <sku> in <warehouse> at <moment> was <units>", "By the moves alone, all qualities.", expect_then),
    Form("expect sheet of <count>", "What the count sheet shows of the book; a blind one shows `?`.", expect_sheet,
         {"lines*": "<sku> [<units>]"}),
    Form("expect recall of <lot> of <sku>", "Whose orders got units of this lot, or are about to.", expect_recall,
         {"orders*": "<order> <units> <stage>"}),
    Form("expect <shop> should show <item> <units>", "The number that is to be published.", expect_number),
)  # fmt: skip
