"""Amendments: changes to an order that exists, seen before they are made."""

from __future__ import annotations

from ....kernel.errors import DomainError
from ....orders import amendments
from ....orders.api import AmendmentState
from ....orders.changes import AddLine, Amount, Change, Discount, Freight, NewAddress, Price, Quantity
from ....orders.queries import card
from ..grammar import Form, Said
from ..world import Unmet, World, same


def _line_no(world: World, name: str, sku: str) -> int:
    rows = world.rows(
        "SELECT l.no FROM order_line l LEFT JOIN sku k ON k.id = l.sku_id WHERE l.order_id = ? "
        "AND (k.code = ? OR l.item_id = ?) ORDER BY CASE WHEN l.kit_line IS NULL THEN 0 ELSE 1 END, l.no",
        (world.order_id(name), sku, sku),
    )
    if not rows:
        raise DomainError(f"order {name} has no line {sku}")
    return int(str(rows[0][0]))


def _changes(world: World, said: Said) -> list[Change]:
    name = said["order"]
    order = card(world.system.installation.db, world.order_id(name))
    currency = order.total.currency
    found: list[Change] = []
    if "to" in said:
        found.append(NewAddress(world.door(said.part("to", "address"), order.receiver.name)))
    for part in said.all("add"):
        price = None if "amount" not in part else world.money(part["amount"], currency)
        found.append(AddLine(part["sku"], part["units"], price))
    found += [Quantity(_line_no(world, name, part["sku"]), part["units"]) for part in said.all("units")]
    found += [Price(_line_no(world, name, p["sku"]), world.money(p["amount"], currency)) for p in said.all("price")]
    found += [Amount(_line_no(world, name, p["sku"]), world.money(p["amount"], currency)) for p in said.all("costs")]
    found += [Discount(world.money(part["amount"], currency)) for part in said.all("discount")]
    found += [Freight(world.money(part["amount"], currency)) for part in said.all("freight")]
    return found


def amend(world: World, said: Said) -> None:
    changes = _changes(world, said)
    with world.work(said.get("person", "")) as uow:
        amendments.amend(uow, world.order_id(said["order"]), changes, said.get("text", "asked for"))


def draft(world: World, said: Said) -> None:
    changes = _changes(world, said)
    with world.work(said.get("person", "")) as uow:
        amendments.draft(uow, world.order_id(said["order"]), changes, said.get("text", "asked for"))


def _waiting(world: World, name: str) -> amendments.AmendmentRow:
    """The latest amendment of an order that is neither applied nor dropped."""
    every = amendments.amendments(world.system.installation.db, world.order_id(name))
    kept = [row for row in every if row.state in (AmendmentState.DRAFT, AmendmentState.WAITING)]
    if not kept:
        raise DomainError(f"no amendment of {name} waits", remedy="draft one first")
    return kept[-1]


def apply(world: World, said: Said) -> None:
    row = _waiting(world, said["order"])
    with world.work(said.get("person", "")) as uow:
        amendments.apply(uow, row.id)


def drop(world: World, said: Said) -> None:
    row = _waiting(world, said["order"])
    with world.work(said.get("person", "")) as uow:
        amendments.drop(uow, row.id, said["text"])


def expect_preview(world: World, said: Said) -> None:
    """What the draft would do, of what is said."""
    told = _waiting(world, said["order"]).preview
    currency = str(told["currency"])
    for part, slot in (("worth", "worth"), ("due", "due"), ("refund due", "refund_due")):
        if part in said:
            same(f"{part} {said.part(part, 'amount')}", f"{part} {world.text(told['after'][slot], currency)}")
    for wanted in said.all("stock"):
        found = next((one["reserved"][1] for one in told["stock"] if one["sku"] == wanted["sku"]), "as before")
        same(f"{wanted['sku']} reserved {wanted['units']}", f"{wanted['sku']} reserved {found}")
    opened = [part["hold"] for part in said.all("opens")]
    if opened and sorted(opened) != sorted(told["opened"]):
        raise Unmet(f"opens {', '.join(opened)}", f"opens {', '.join(told['opened']) or 'nothing'}")


def expect_sums(world: World, said: Said) -> None:
    found = amendments.sums(world.system.installation.db, world.order_id(said["order"]))
    currency = card(world.system.installation.db, world.order_id(said["order"])).total.currency
    for part, minor in (("worth", found.worth), ("due", found.due), ("refund due", found.refund_due)):
        if part in said:
            same(f"{part} {world.text(world.money(said.part(part, 'amount'), currency), currency)}",
                 f"{part} {world.text(minor, currency)}")  # fmt: skip


def expect_amendments(world: World, said: Said) -> None:
    rows = amendments.amendments(world.system.installation.db, world.order_id(said["order"]))
    same(" ".join(said["names"]), " ".join(row.state.value for row in rows) or "none")


_CHANGES = {
    "to": "to <address>", "add*": "add <sku> <units> [at <amount>]", "price*": "price of <sku> <amount>",
    "costs*": "all <sku> together <amount>", "discount": "discount <amount>", "freight": "freight <amount>",
    "units*": "<sku> <units>",
}  # fmt: skip
_SUMS = {"worth": "worth <amount>", "due": "due <amount>", "refund due": "refund due <amount>"}

FORMS: tuple[Form[World], ...] = (
    Form("amend <order> [because <text>] [by <person>]",
         "An order is changed now: so many units of a line in all, 0 to take it out; other prices, another address.", amend,
         _CHANGES),
    Form("draft an amendment of <order> [because <text>] [by <person>]", "The same, seen before it is made.", draft, _CHANGES),
    Form("apply the amendment of <order> [by <person>]", "The draft is made, or the platform's change that waits.", apply),
    Form("drop the amendment of <order> because <text> [by <person>]", "Everything stays as it is.", drop),
    Form("expect preview of <order>", "What the draft would do, of what is said.", expect_preview,
         {**_SUMS, "stock*": "reserved <sku> <units>", "opens*": "opens <hold>"}),
    Form("expect sums of <order>", "What the order is worth, what the buyer still owes, what is owed to the buyer.",
         expect_sums, _SUMS),
    Form("expect amendments of <order> <names>", "Their states: `draft`, `waiting`, `applied`, `dropped`.", expect_amendments),
)  # fmt: skip
