"""What buyers want after buying: asked for on a platform or of staff, answered by staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ....aftersales import service as aftersales
from ....aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState, Wanted
from ....channels import inbox
from ....channels.api import Claim, ClaimLine, DocumentKind
from ....connections.service import connection
from ....kernel.db import to_json
from ....kernel.errors import DomainError
from ....kernel.values import Money
from ....outbox.payloads import to_payload
from ..grammar import Form, Said
from ..market import Platform
from ..world import Unmet, World, same
from .buying import platform_of


def _hear(world: World, platform: Platform, claim: Claim) -> None:
    """The platform's document reaches us; one that is parked is refused with its reason."""
    with world.market.lock:
        platform.claims[claim.external_id] = claim
    system = world.system
    facts = connection(system.installation.db, platform.code)
    body = to_json(to_payload(claim)).encode()
    with system.installation.unit_of_work(f"channel:{facts.code}") as uow:
        row = inbox.store(
            uow, facts.id, "push", f"claim {next(world.serials)}", claim.external_id, kind=DocumentKind.CLAIM, body=body
        )
    channel = system.channels.accounts.channel(facts)
    if row is not None and inbox.take(system.installation, facts, channel, row, body, DocumentKind.CLAIM)[0] == "parked":
        [(reason,)] = world.rows("SELECT reason FROM inbox WHERE id = ?", (row,))
        raise DomainError(f"parked: {reason}")


def ask(world: World, said: Said) -> None:
    """A buyer asks on the platform."""
    platform = platform_of(world, world.order(said["order"]).shop)
    trade = platform.trades[said["order"]][-1]
    lines = []
    for part in said.all("lines"):
        line = next((line for line in trade.lines if line.listing.item_id == part["item"]), None)
        if line is None:
            raise DomainError(f"{said['order']} has no {part['item']}")
        lines.append(ClaimLine(line.external_id, part["units"], line.unit_price * part["units"]))
    zero = Money.zero(trade.currency)
    amount = sum((line.amount for line in lines), zero)
    if "amount" in said:
        amount = Money(world.money(said.part("amount", "amount"), trade.currency), trade.currency)
    back = "back" in said
    _hear(
        world, platform,
        Claim(
            said["claim"], said["order"], world.clock.now(),
            AfterSaleType.RETURN_REFUND if back else AfterSaleType.REFUND_ONLY, AfterSaleState.REQUESTED, amount, tuple(lines),
            GoodsState.WAITING if back else GoodsState.NONE, MoneyState.PENDING if amount else MoneyState.NONE,
            said.get("text", ""),
        ),
    )  # fmt: skip


def go_on(world: World, said: Said) -> None:
    """The platform says that it stands otherwise now."""
    platform = next((one for one in world.market.platforms.values() if said["claim"] in one.claims), None)
    if platform is None:
        raise DomainError(f"nobody asked for {said['claim']}")
    claim = platform.claims[said["claim"]]
    version = max(world.clock.now(), claim.version + timedelta(seconds=1))
    waybill = said.part("waybill", "waybill", claim.waybill)
    _hear(world, platform, replace(claim, state=AfterSaleState(said["state"]), version=version, waybill=waybill))


def take_in(world: World, said: Said) -> None:
    """A buyer asks staff."""
    order_id = world.order_id(said["order"])
    wanted = []
    for part in said.all("lines"):
        rows = world.rows(
            "SELECT l.id FROM order_line l LEFT JOIN sku k ON k.id = l.sku_id "
            "WHERE l.order_id = ? AND k.code = ? ORDER BY l.no",
            (order_id, part["item"]),
        )
        if not rows:
            raise DomainError(f"{said['order']} has no {part['item']}")
        wanted.append(Wanted(int(str(rows[0][0])), part["units"]))
    kind = AfterSaleType.RETURN_REFUND if "back" in said else AfterSaleType.REFUND_ONLY
    with world.work(said.get("person", "")) as uow:
        id_ = aftersales.request(
            uow, order_id, kind, wanted, said.get("text", "asked"), amount=world.money(said.part("amount", "amount"))
        )
    world.documents["claim", said["claim"]] = id_


def _claim(world: World, name: str) -> int:
    if ("claim", name) in world.documents:
        return world.documents["claim", name]
    rows = world.rows("SELECT id FROM after_sale WHERE external_id = ?", (name,))
    if not rows:
        raise DomainError(f"nobody asked for {name}")
    return int(str(rows[0][0]))


def agree(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        aftersales.answer(uow, _claim(world, said["claim"]), True, said.get("text", ""))


def refuse(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        aftersales.answer(uow, _claim(world, said["claim"]), False, said.get("text", ""))


def withdraw(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        aftersales.cancel(uow, _claim(world, said["claim"]), said.get("text", "the buyer thought again"))


def expect(world: World, said: Said) -> None:
    rows = world.rows("SELECT state, amount, money FROM after_sale WHERE id = ?", (_claim(world, said["claim"]),))
    if not rows:
        raise Unmet(f"an after-sale {said['claim']}", "none")
    state, amount, money = rows[0]
    same(said["state"], str(state))
    if "amount" in said:
        same(world.text(world.money(said.part("amount", "amount"))), world.text(int(str(amount))))
    if "money" in said:
        same(said.part("money", "state"), str(money))


_PARTS = {"lines*": "<item> <units>", "amount": "amount <amount>", "back": "goods come back"}

FORMS: tuple[Form[World], ...] = (
    Form("buyer asks <claim> of <order> [because <text>]", "A refund, or with goods that come back a return, asked for on the "
         "platform; about the whole order unless lines are said.", ask, _PARTS),
    Form("platform says <claim> is <state>", "It went on there: `approved`, `in_transit`, `closed`, `rejected`, `cancelled`.",
         go_on, {"waybill": "parcel <waybill>"}),
    Form("staff take <claim> of <order> [because <text>] [by <person>]", "A buyer asks staff instead.", take_in, _PARTS),
    Form("agree to <claim> [because <text>] [by <person>]", "Somebody agrees; a platform's own follows there.", agree),
    Form("refuse <claim> because <text> [by <person>]", "Somebody refuses.", refuse),
    Form("buyer takes back <claim> [because <text>] [by <person>]",
         "The buyer no longer wants it; a platform's is withdrawn there.", withdraw),
    Form("expect <claim> to be <state>", "How far it has come.", expect,
         {"amount": "amount <amount>", "money": "money <state>"}),
)  # fmt: skip
