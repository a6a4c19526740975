"""What orders that we take ourselves cost: price lists, promotions, freight; and whose prices a customer gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....catalog.prices import Price, remove_price_list, set_price_list
from ....catalog.promotions import Offer, PromotionKind, set_promotion
from ....customers import service as customers
from ....kernel.errors import DomainError
from ....orders.freight import Template, Unit, Zone, set_freight_template
from ..grammar import Form, Said
from ..world import World


def price_list(world: World, said: Said) -> None:
    currency = said.get("currency") or (
        world.shop(said["shop"]).currency if "shop" in said else world.setting.merchant.currency
    )
    prices = [Price(part["sku"], world.money(part["amount"], currency), part.get("units", 1)) for part in said.all("prices")]
    with world.work() as uow:
        set_price_list(uow, said["list"], currency, prices, shop=said.get("shop", ""), group=said.get("group", ""))


def forget_list(world: World, said: Said) -> None:
    with world.work() as uow:
        remove_price_list(uow, said["list"])


def promotion(world: World, said: Said) -> None:
    currency = world.shop(said["shop"]).currency if "shop" in said else world.setting.merchant.currency
    percent = said.get("percent")
    if percent is None and "amount" not in said:
        raise DomainError(f"promotion {said['list']} takes nothing off", remedy="say an amount or a percentage")
    offer = Offer(
        said["list"],
        PromotionKind.AMOUNT_OFF if percent is None else PromotionKind.PERCENT_OFF,
        world.money(said["amount"], currency) if percent is None else int(percent * 100),
        world.money(said.part("minimum", "amount"), currency),
        group=said.part("group", "group", ""),
        starts_at=said.part("starts", "moment"),
        ends_at=said.part("ends", "moment"),
    )
    with world.work() as uow:
        set_promotion(uow, offer, currency, shop=said.get("shop", ""), enabled="switched off" not in said)


def freight(world: World, said: Said) -> None:
    currency = world.shop(said["shop"]).currency

    def zone(part: Mapping[str, Any]) -> Zone:
        return Zone(
            tuple(part.get("regions", ())),
            part["first units"],
            world.money(part["first amount"], currency),
            part.get("next units", 0),
            world.money(part.get("next amount"), currency),
            None if "free amount" not in part else world.money(part["free amount"], currency),
        )

    if not said.all("elsewhere"):
        raise DomainError("a freight template needs what holds elsewhere", remedy="add `elsewhere <units> for <amount>`")
    template = Template(
        zone(said.all("elsewhere")[0]),
        tuple(zone(part) for part in said.all("zones")),
        tuple(region for part in said.all("nowhere") for region in part["regions"]),
        Unit(said.get("measure", "weight")),
    )
    with world.work() as uow:
        set_freight_template(uow, said["shop"], template)


def _customer(world: World, name: str) -> int:
    [(customer,)] = world.rows("SELECT customer_id FROM sales_order WHERE id = ?", (world.order_id(name),))
    return int(str(customer))


def set_group(world: World, said: Said) -> None:
    with world.work() as uow:
        customers.set_price_group(uow, _customer(world, said["order"]), said["group"])


def merge_customers(world: World, said: Said) -> None:
    keep, other = _customer(world, said["order"]), _customer(world, said["other order"])
    with world.work(said.get("person", "")) as uow:
        customers.merge(uow, keep, [other])


_ZONE = "<first units> for <first amount> [then <next units> for <next amount>] [free from <free amount>]"

FORMS: tuple[Form[World], ...] = (
    Form("price list <list> [of <shop>] [for <group>] [in <currency>]",
         "Prices of a shop or of all, for a group of customers or all; `from` so many units.", price_list,
         {"prices*": "<sku> <amount> [from <units>]"}),
    Form("forget price list <list>", "Orders keep the prices they were made with.", forget_list),
    Form("promotion <list> takes [<amount>] [<percent>] off [in <shop>]", "A discount on whole orders that we take ourselves.",
         promotion,
         {"minimum": "from goods of <amount>", "group": "for <group>", "starts": "starts <moment>", "ends": "ends <moment>",
          "switched off": "switched off"}),
    Form("freight of <shop> [by <measure>]", "What a shop asks for carriage: the first so many, then each further so many.",
         freight,
         {"elsewhere": f"elsewhere {_ZONE}", "zones*": f"to <regions> {_ZONE}", "nowhere": "not to <regions>"}),
    Form("customer of <order> gets prices of <group>", "Whose prices the buyer of this order gets from now on.", set_group),
    Form("customers of <order> and <other order> are one [by <person>]", "The second is merged into the first.",
         merge_customers),
)  # fmt: skip
