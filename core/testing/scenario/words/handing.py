"""What changes hands in a shop: picked up with a code, or given at the counter."""

from __future__ import annotations

from ....fulfillment import handing
from ....fulfillment.pickups import fetched
from ....kernel.errors import DomainError
from ....orders.api import Reach
from ..grammar import Form, Said
from ..world import World, same


def hand_over(world: World, said: Said) -> None:
    order_id = world.order_id(said["order"])
    with world.work(said.get("person", "")) as uow:
        news = handing.hand_over(uow, order_id, code=said.get("text", ""), method=said.get("name", ""))
    if not news:
        raise DomainError(f"{said['order']} was handed over before")


def give_up(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        handing.give_up(uow, world.order_id(said["order"]), "nobody came")


def keep_for(world: World, said: Said) -> None:
    shop = world.shop(said["shop"])
    with world.work() as uow:
        uow.db.change("UPDATE shop SET pickup_days = ? WHERE id = ?", (said["span"].days, shop.id))


def _names(world: World, shop: str, late: bool) -> str:
    db, now = world.system.installation.db, world.clock.now()
    names = {known.id: known.name for known in world.orders.values()}
    rows = fetched(db, shop_id=world.shop(shop).id)
    return " ".join(names[row.order_id] for row in rows if row.reach is Reach.PICKUP and row.overdue(now) >= late) or "none"


def expect_pickups(world: World, said: Said) -> None:
    same(" ".join(said["names"]), _names(world, said["shop"], late=False))


def expect_overdue(world: World, said: Said) -> None:
    same(" ".join(said["names"]), _names(world, said["shop"], late=True))


def expect_given_back(world: World, said: Said) -> None:
    [row] = fetched(world.system.installation.db, order_ids=[world.order_id(said["order"])])
    same(str(said["amount"]), (-row.due).text)


FORMS: tuple[Form[World], ...] = (
    Form("hand over <order> [with code <text>] [paid by <name>] [by <person>]",
         "Goods go across the counter: to a buyer with a code, or in the books what one took along already. What is due is "
         "paid just then.", hand_over),
    Form("nobody comes for <order> [by <person>]", "A pickup is given up.", give_up),
    Form("pickups of <shop> wait <span>", "How long goods are kept for their buyers, in days.", keep_for),
    Form("expect pickups of <shop> <names>", "The orders that wait to be picked up, the oldest first; `none`.", expect_pickups),
    Form("expect overdue pickups of <shop> <names>", "Those of them that waited too long; `none`.", expect_overdue),
    Form("expect <order> is owed <amount>", "What a buyer is to get back after a pickup that did not happen.",
         expect_given_back),
)  # fmt: skip
