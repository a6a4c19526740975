"""Presales: terms, deposits, balances, windows that close; what of a cap is promised."""

from __future__ import annotations

from datetime import datetime

from ....orders import presale
from ....orders.service import PaymentFacts
from ..grammar import Form, Said
from ..world import World, same


def _terms(world: World, said: Said) -> presale.Terms:
    shop = world.shop(said["shop"])
    share, deposit = said.part("share", "percent"), said.part("deposit", "amount")
    return presale.Terms(
        said.part("cap", "units", 0),
        deposit=None if share is not None and deposit is None else world.money(deposit, shop.currency),
        share=None if share is None else int(share * 100),
        balance_from=said.part("from", "moment"),
        balance_until=said.part("until", "moment"),
        ship_by=said.part("ship", "moment"),
    )


def open_presale(world: World, said: Said) -> None:
    shop, sku = world.shop(said["shop"]).id, world.sku(said["sku"]).sku_id
    with world.work(said.get("person", "")) as uow:
        presale.open_presale(uow, shop, sku, _terms(world, said))


def change_presale(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        presale.change_presale(uow, _open(world, said), _terms(world, said))


def close_presale(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        presale.close_presale(uow, _open(world, said))


def _open(world: World, said: Said) -> int:
    shop, sku = world.shop(said["shop"]).id, world.sku(said["sku"]).sku_id
    return presale.presale_of(world.system.installation.db, shop, sku)


def take_deposit(world: World, said: Said) -> None:
    order_id = world.order_id(said["order"])
    key = f"deposit/{said['order']}/{said.get('delivery') or next(world.serials)}"
    with world.work(said.get("person", "")) as uow:
        amount = presale.deposit_due(uow, order_id) if "amount" not in said else world.money(said["amount"])
        presale.take_deposit(uow, PaymentFacts(order_id, amount, said.get("moment", uow.now), "counter", key))


def take_balance(world: World, said: Said) -> None:
    key = f"balance/{said['order']}/{said.get('delivery') or next(world.serials)}"
    with world.work(said.get("person", "")) as uow:
        presale.take_balance(uow, world.order_id(said["order"]), at=said.get("moment", uow.now), method="counter", key=key)


def give_back(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        key = f"deposit back/{next(world.serials)}"
        presale.give_back(uow, world.order_id(said["order"]), said.get("text", "given back"), method="counter", key=key)


def close_windows(world: World, said: Said) -> None:
    world.system.close_balances()


# expectations


def expect_presale(world: World, said: Said) -> None:
    """The latest presale of a SKU in a shop."""
    rows = world.rows(
        "SELECT cap, taken, open FROM presale_cap WHERE shop_id = ? AND sku_id = ? ORDER BY id DESC LIMIT 1",
        (world.shop(said["shop"]).id, world.sku(said["sku"]).sku_id),
    )
    if not rows:
        same("a presale", "none")
    cap, taken, stands = int(str(rows[0][0])), int(str(rows[0][1])), "open" if rows[0][2] else "closed"
    shown = {"cap": cap, "promised": taken, "left": cap - taken}
    for part, found in shown.items():
        if part in said:
            same(f"{part} {said.part(part, 'units')}", f"{part} {found}")
    for word in ("open", "closed"):
        if word in said:
            same(word, stands)


def expect_deposit(world: World, said: Said) -> None:
    order_id = world.order_id(said["order"])
    rows = world.rows(
        "SELECT p.state, p.deposit, p.forfeited, o.currency FROM presale_order p JOIN sales_order o ON o.id = p.order_id "
        "WHERE p.order_id = ?",
        (order_id,),
    )
    if not rows:
        same(said["state"], "no deposit")
    state, deposit, forfeited, currency = rows[0]
    same(said["state"], str(state))
    for part, minor in (("paid", deposit), ("kept", forfeited)):
        if part in said:
            wanted = world.text(world.money(said.part(part, "amount"), str(currency)), str(currency))
            same(f"{part} {wanted}", f"{part} {world.text(int(str(minor)), str(currency))}")


def expect_promise(world: World, said: Said) -> None:
    """When the buyer was promised the goods, in the merchant's own time."""
    wanted: datetime = said["moment"]
    [(found,)] = world.rows("SELECT ship_by FROM sales_order WHERE id = ?", (world.order_id(said["order"]),))
    moment = None if found is None else datetime.fromisoformat(str(found)).astimezone(world.zone)
    same(f"{wanted:%Y-%m-%d %H:%M}", "nothing promised" if moment is None else f"{moment:%Y-%m-%d %H:%M}")


_TERMS = {
    "cap": "cap <units>", "deposit": "deposit <amount>", "share": "deposit <percent>", "from": "balance from <moment>",
    "until": "balance until <moment>", "ship": "ships by <moment>",
}  # fmt: skip

FORMS: tuple[Form[World], ...] = (
    Form("presale of <sku> in <shop> [by <person>]",
         "A SKU is sold ahead: so many at most, for a deposit per unit (an amount, or a share of the list price), the rest to "
         "be paid within the window; whose rest does not come loses the deposit.", open_presale, _TERMS),
    Form("change presale of <sku> in <shop> [by <person>]",
         "Other terms, all of them; who waits for the balance or the goods gets the new window and date.", change_presale,
         _TERMS),
    Form("close presale of <sku> in <shop> [by <person>]", "Nothing more is sold ahead; what is promised stays promised.",
         close_presale),
    Form("deposit [<amount>] for <order> [at <moment>] [number <delivery>] [by <person>]",
         "The deposit of a presale order taken by hand, all that is asked for unless an amount is said.", take_deposit),
    Form("balance for <order> [at <moment>] [number <delivery>] [by <person>]", "The whole rest of a presale order.",
         take_balance),
    Form("give back the deposit of <order> [because <text>] [by <person>]",
         "The order is cancelled and everything goes back; or a deposit that was kept goes back after all.", give_back),
    Form("close windows", "Presale windows that are over are closed: order cancelled, promise free, deposit kept.",
         close_windows),
    Form("expect presale of <sku> in <shop>", "What the latest presale allows and has promised.", expect_presale,
         {"cap": "cap <units>", "promised": "promised <units>", "left": "left <units>", "open": "open", "closed": "closed"}),
    Form("expect deposit of <order> is <state>",
         "What became of it: `deposit_paid`, `balance_paid`, `forfeited` or `cancelled`; how much was paid and kept.",
         expect_deposit, {"paid": "paid <amount>", "kept": "kept <amount>"}),
    Form("expect <order> is promised for <moment>", "When it should have left.", expect_promise),
)  # fmt: skip
