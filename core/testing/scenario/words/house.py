"""What a merchant is made of: shops, warehouses, things to sell, the platforms and carriers outside."""

from __future__ import annotations

from dataclasses import replace

from ....catalog.service import (
    NewSku,
    Terms,
    add_shop,
    add_skus,
    change_shop,
    map_listing,
    meet_listings,
    set_carrier,
)
from ....connections.service import connect
from ....inventory.service import add_warehouse, serve
from ....kernel.errors import DomainError
from ....kernel.uow import Merchant
from ....kernel.values import Address
from ..grammar import Form, Said
from ..market import CHANNELS, Depot, MarketCarrier, Platform
from ..world import World, same


def merchant(world: World, said: Said) -> None:
    if world.started:
        raise DomainError("the merchant is there already", remedy="say this before everything else")
    known = world.setting.merchant
    world.setting.merchant = Merchant(known.name, said.get("currency", known.currency), said.get("timezone", known.timezone))


def plugins(world: World, said: Said) -> None:
    if world.started:
        raise DomainError("the system runs already", remedy="say this before everything else")
    world.setting.plugins += said["names"]


def add_a_shop(world: World, said: Said) -> None:
    code, rate = said["shop"], said.get("percent")
    currency = said.get("currency", world.setting.merchant.currency)
    with world.work() as uow:
        shop_id = add_shop(uow, code, code, currency, tax_rate=1300 if rate is None else int(rate * 100))
        if "sends what is there" in said:
            change_shop(uow, code, Terms(code, tax_rate=1300 if rate is None else int(rate * 100), ship_policy="what_is_there"))
        if carrier := said.part("carrier", "carrier"):
            set_carrier(uow, shop_id, carrier)


def add_a_platform(world: World, said: Said) -> None:
    shop = world.shop(said["shop"])
    kind = CHANNELS[said.get("grain", "quantity")]
    with world.work() as uow:
        connect(
            uow, world.system.seal, code=shop.code, kind="channel", adapter=kind.name, shop_id=shop.id, fields=kind.settings,
            settings={"code": shop.code},
        )  # fmt: skip
    world.market.platforms[shop.code] = Platform(shop.code)


def add_a_carrier(world: World, said: Said) -> None:
    code = said["carrier"]
    with world.work() as uow:
        connect(
            uow, world.system.seal, code=code, kind="carrier", adapter=MarketCarrier.name, shop_id=None,
            fields=MarketCarrier.settings, settings={"code": code},
        )  # fmt: skip
    world.market.depots[code] = Depot(code)


def add_a_sku(world: World, said: Said) -> None:
    code = said["sku"]
    new = NewSku(
        code,
        said.part("titled", "text", code),
        price=world.money(said.get("amount")),
        barcode=said.part("barcode", "text", ""),
        weight_g=said.part("weighs", "units", 0),
    )
    with world.work() as uow:
        add_skus(uow, [new])


def add_a_kit(world: World, said: Said) -> None:
    code = said["sku"]
    parts = {part["sku"]: part["units"] for part in said.all("parts")}
    new = NewSku(code, said.part("titled", "text", code), price=world.money(said.get("amount")), kit=parts)
    with world.work() as uow:
        add_skus(uow, [new])


def add_a_warehouse(world: World, said: Said) -> None:
    code = said["warehouse"]
    with world.work() as uow:
        add_warehouse(uow, code, code, said.get("regions", ()), {"city": code, "detail": f"{code} warehouse"})


def let_serve(world: World, said: Said) -> None:
    shop = world.shop(said["shop"])
    warehouses = [world.warehouse(code) for code in said["warehouses"]]
    with world.work() as uow:
        serve(uow, shop.id, warehouses, said.get("units", 0))


_PARTS = {
    "country": "country <text>",
    "province": "province <text>",
    "city": "city <text>",
    "district": "district <text>",
    "town": "town <text>",
    "detail": "street <text>",
    "postcode": "postcode <text>",
    "name": "name <text>",
    "phone": "phone <text>",
    "company": "company <text>",
}


def add_an_address(world: World, said: Said) -> None:
    given = {name: said.part(name, "text") for name in _PARTS if name in said}
    address = Address(**given)
    if "masked" in said:
        address = replace(address, masked=True)
    if token := said.part("token", "text"):
        address = replace(address, privacy_token=token, token_owner=said.part("token", "shop"))
    world.addresses[said["address"]] = address


def list_an_item(world: World, said: Said) -> None:
    shop, item = world.shop(said["shop"]), said["item"]
    world.listings[shop.code, item] = ("", said.part("titled", "text", item))
    with world.work() as uow:
        meet_listings(uow, shop.id, {(item, ""): ("", said.part("titled", "text", item))})
    if "sku" in said:
        _map(world, shop.code, item, said["sku"])


def _map(world: World, shop: str, item: str, sku: str) -> None:
    found = world.rows("SELECT id FROM listing WHERE shop_id = ? AND item_id = ?", (world.shop(shop).id, item))
    if not found:
        raise DomainError(f"{shop} lists no {item}", remedy="a `listing` line or an order makes it known")
    with world.work() as uow:
        map_listing(uow, int(str(found[0][0])), sku)


def map_an_item(world: World, said: Said) -> None:
    _map(world, said["shop"], said["item"], said["sku"])


def expect_mapping(world: World, said: Said) -> None:
    found = world.rows(
        "SELECT COALESCE(k.code, 'nothing') FROM listing g LEFT JOIN sku k ON k.id = g.sku_id "
        "WHERE g.shop_id = ? AND g.item_id = ?",
        (world.shop(said["shop"]).id, said["item"]),
    )
    same(said["sku"], str(found[0][0]) if found else "no such listing")


FORMS: tuple[Form[World], ...] = (
    Form("merchant [in <currency>] [at <timezone>]",
         "In what stock is valued, and whose days the ledger counts: CNY and Asia/Shanghai unless said. Before all else.",
         merchant),
    Form("plugins <names>", "Plugins that run besides. Before all else.", plugins),
    Form("shop <shop> [in <currency>] [tax <percent>]",
         "A storefront; tax is inside its prices, 13% unless said. Its fulfillment orders wait until they are whole, unless it "
         "`sends what is there`.", add_a_shop,
         {"sends what is there": "sends what is there", "carrier": "carrier <carrier>"}),
    Form("platform <shop> [told per <grain>]", "The platform that this shop stands on.", add_a_platform),
    Form("carrier <carrier>", "A carrier that books at once.", add_a_carrier),
    Form("sku <sku> [at <amount>]", "Something to sell, with its list price.", add_a_sku,
         {"titled": "titled <text>", "barcode": "barcode <text>", "weighs": "weighs <units> g"}),
    Form("kit <sku> [at <amount>]", "A set; its parts are its components.", add_a_kit,
         {"titled": "titled <text>", "parts*": "<sku> <units>"}),
    Form("warehouse <warehouse> [near <regions>]", "A warehouse and its home regions.", add_a_warehouse),
    Form("serve <shop> from <warehouses> [keeping <units>]",
         "Which warehouses send for a shop, and how many units of each SKU stay back there from what the shop shows.",
         let_serve),
    Form("address <address>", "An address to be named later; what is not said stays empty.", add_an_address,
         {**_PARTS, "masked": "masked", "token": "token <text> of <shop>"}),
    Form("listing <item> on <shop> [is <sku>]", "Something the shop's platform sells under a name of its own.", list_an_item,
         {"titled": "titled <text>"}),
    Form("map <item> on <shop> to <sku>", "Somebody says what this item is; orders that waited for that go on.", map_an_item),
    Form("expect <item> on <shop> is <sku>", "What an item stands for; `nothing` when nobody knows.", expect_mapping),
)  # fmt: skip
