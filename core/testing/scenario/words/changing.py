"""What is changed about what is there: shops, things to sell, warehouses, and what items stand for."""

from __future__ import annotations

from dataclasses import replace

from ....catalog import pages as reads
from ....catalog.pages import ShopRow, SkuRow
from ....catalog.service import Terms, change_shop, match_listings, set_carrier
from ....catalog.skus import SkuDetails, change_sku, set_components
from ....fulfillment.scanning import unscan_serials
from ....fulfillment.withdrawing import stop_serving
from ....inventory.warehouses import change_warehouse
from ....orders.currency import set_currency
from ..grammar import Form, Said
from ..world import World, same


def _shop(world: World, code: str) -> ShopRow:
    shop_id = world.shop(code).id
    return next(row for row in reads.shops(world.system.installation.db) if row.id == shop_id)


def _sku(world: World, code: str) -> SkuRow:
    row = reads.sku(world.system.installation.db, world.sku(code).sku_id)
    assert row is not None
    return row


def change_a_shop(world: World, said: Said) -> None:
    shop = _shop(world, said["shop"])
    before = Terms(shop.title, shop.timezone, shop.tax_rate, shop.ship_policy, shop.ship_hours, shop.pickup_days)
    after = replace(
        before,
        title=said.part("titled", "text", before.title),
        timezone=said.part("at", "timezone", before.timezone),
        tax_rate=int(said.part("tax", "percent") * 100) if "tax" in said else before.tax_rate,
        ship_policy=(
            "what_is_there" if "sends what is there" in said else "complete_only" if "waits" in said else before.ship_policy
        ),
        pickup_days=said.part("keeps pickups", "units", before.pickup_days),
    )
    with world.work() as uow:
        if "trades" in said:
            set_currency(uow, shop.code, said.part("trades", "currency"))
        if after != before:
            change_shop(uow, shop.code, after)
        if "carrier" in said:
            set_carrier(uow, shop.id, said.part("carrier", "carrier"))


def change_a_sku(world: World, said: Said) -> None:
    sku = _sku(world, said["sku"])
    details = SkuDetails(
        said.part("titled", "text", sku.title),
        sku.product,
        sku.options,
        said.part("barcode", "text", sku.barcode),
        world.money(said["amount"]) if "amount" in said else sku.price,
        said.part("weighs", "units", sku.weight_g),
        sku.volume_cm3,
    )
    with world.work() as uow:
        change_sku(uow, sku.code, details)


def change_a_kit(world: World, said: Said) -> None:
    with world.work() as uow:
        set_components(uow, said["sku"], {part["sku"]: part["units"] for part in said.all("parts")})


def expect_a_sku(world: World, said: Said) -> None:
    same(str(world.money(said["amount"])), str(_sku(world, said["sku"]).price))


def change_a_warehouse(world: World, said: Said) -> None:
    with world.work() as uow:
        change_warehouse(uow, world.warehouse(said["warehouse"]), said["warehouse"], said["regions"])


def stop_a_service(world: World, said: Said) -> None:
    shop, warehouse = world.shop(said["shop"]).id, world.warehouse(said["warehouse"])
    with world.work() as uow:
        stop_serving(uow, shop, warehouse)


def match_items(world: World, said: Said) -> None:
    with world.work() as uow:
        match_listings(uow, said["text"], world.shop(said["shop"]).id)


def unscan(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    with world.work() as uow:
        unscan_serials(uow, fo_id)


FORMS: tuple[Form[World], ...] = (
    Form("change shop <shop>", "Other terms for orders that come from now on; what is not said stays.", change_a_shop,
         {"titled": "titled <text>", "at": "at <timezone>", "tax": "tax <percent>", "trades": "trades in <currency>",
          "sends what is there": "sends what is there", "waits": "waits until it is whole",
          "keeps pickups": "keeps pickups <units> days", "carrier": "carrier <carrier>"}),
    Form("change sku <sku> [at <amount>]", "Another price, name, barcode or weight.", change_a_sku,
         {"titled": "titled <text>", "barcode": "barcode <text>", "weighs": "weighs <units> g"}),
    Form("change kit <sku>", "What is in the set from now on; orders that are there keep what they were made with.",
         change_a_kit, {"parts*": "<sku> <units>"}),
    Form("expect sku <sku> at <amount>", "The list price of something to sell.", expect_a_sku),
    Form("change warehouse <warehouse> near <regions>", "Other home regions.", change_a_warehouse),
    Form("stop serving <shop> from <warehouse>", "A warehouse sends nothing more for a shop.", stop_a_service),
    Form("match items on <shop> by <text>", "Items nobody mapped get the SKU whose `code` or `barcode` the seller typed in.",
         match_items),
    Form("unscan <fo>", "All its pieces are to be scanned anew.", unscan),
)  # fmt: skip
