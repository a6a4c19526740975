"""Who gets what is scarce, gifts on top, and why a shop shows the number it shows."""

from __future__ import annotations

from typing import Any

from ....fulfillment import allocation
from ....host.service import save_settings
from ....inventory import published as publishing
from ....kernel.errors import DomainError
from ..grammar import Form, Said
from ..world import Unmet, World, same


def set_a_plugin(world: World, said: Said) -> None:
    """Each setting that is said; the others stay as they are."""
    manifest = world.system.plugins.manifests.get(said["plugin"])
    if manifest is None:
        raise DomainError(f"there is no plugin {said['plugin']}", remedy="say `plugins` before everything else")
    given = {part["name"]: part["text"] for part in said.all("settings")}
    with world.work() as uow:
        save_settings(uow, world.system.seal, manifest, given)


def expect_gifts(world: World, said: Said) -> None:
    """Units of gifts that an order has and that were not taken back."""
    rows = world.rows(
        "SELECT k.code, SUM(l.quantity - l.cancelled) FROM order_line l JOIN sku k ON k.id = l.sku_id "
        "WHERE l.order_id = ? AND l.gift <> '' AND l.quantity > l.cancelled GROUP BY k.code ORDER BY k.code",
        (world.order_id(said["order"]),),
    )
    expected = sorted(f"{part['sku']} {part['units']}" for part in said.all("gifts"))
    same(", ".join(expected) or "nothing", ", ".join(f"{code} {units}" for code, units in rows) or "nothing")


# scarce units


def promise(world: World, said: Said) -> None:
    with world.work() as uow:
        allocation.promise(uow, world.order_id(said["order"]), said["moment"], said.get("text", ""))


def _limits(said: Said) -> dict[str, str]:
    return {"warehouse": said.get("warehouse", ""), "sku": said.get("sku", "")}


def allocate(world: World, said: Said) -> None:
    token = ""
    if "as seen" in said:
        token = world.seen.get(said["policy"], "")
        if not token:
            raise DomainError("nobody has looked yet", remedy=f"say `expect allocation by {said['policy']}` first")
    with world.work(said.get("person", "")) as uow:
        allocation.apply(uow, said["policy"], **_limits(said), token=token)


def expect_allocation(world: World, said: Said) -> None:
    with world.work() as uow:
        proposal = allocation.preview(uow, said["policy"], **_limits(said))
    world.seen[said["policy"]] = proposal.token
    found = {one.fo_id: f"{one.before} becomes {one.after}" for one in proposal.changed}
    expected = {world.fo(part["fo"]): f"{part['units']} becomes {part['then units']}" for part in said.all("changes")}
    numbers = {one.fo_id: one.number for one in proposal.outcomes}
    if expected != found:
        told = [", ".join(f"{numbers.get(fo, fo)} {text}" for fo, text in sorted(one.items())) for one in (expected, found)]
        raise Unmet(told[0] or "no change", told[1] or "no change")
    if "complete" in said and said.part("complete", "units") != proposal.complete[1]:
        raise Unmet(f"{said.part('complete', 'units')} complete", f"{proposal.complete[1]} complete")


# why this number


def expect_why(world: World, said: Said) -> None:
    shop = world.shop(said["shop"])
    today = world.setting.merchant.day(world.clock.now())
    there = publishing.explain_all(world.system.installation.db, shop.id, today=today)
    found = next((one for one in there if one.listing.item_id == said["item"]), None)
    if found is None:
        raise Unmet(f"a mapped listing {said['item']}", ", ".join(one.listing.item_id for one in there) or "none")
    offers = {(part.sku, offer.warehouse): offer for part in found.parts for offer in part.offers}
    for part in said.all("offers"):
        offer = offers.get((part["sku"], part["warehouse"]))
        where = f"{part['sku']} in {part['warehouse']}"
        if offer is None:
            raise Unmet(where, "nothing there")
        facts = {
            "units": offer.offered, "available units": offer.available, "reserved units": offer.reserved,
            "safety units": offer.safety, "locked units": offer.locked_for_others, "own units": offer.own_lock,
            "resting units": offer.resting,
        }  # fmt: skip
        _compare(where, facts, {name: part[name] for name in facts if name in part})
    shown: dict[str, Any] = {
        "shows": found.listing.wanted, "base": found.listing.base, "plus": found.plus, "maximum": found.maximum,
        "percent": found.percent, "scarcest": found.scarcest.sku,
    }  # fmt: skip
    slots = {"percent": "percent", "scarcest": "sku"}
    _compare(said["item"], shown, {name: said.part(name, slots.get(name, "units")) for name in shown if name in said})
    if "paused" in said and not found.paused:
        raise Unmet("paused", "not paused")


def _compare(what: str, found: dict[str, Any], expected: dict[str, Any]) -> None:
    wrong = [name for name, value in expected.items() if found[name] != value]
    if wrong:
        raise Unmet(
            f"{what}: " + ", ".join(f"{name.removesuffix(' units')} {expected[name]}" for name in wrong),
            f"{what}: " + ", ".join(f"{name.removesuffix(' units')} {found[name]}" for name in wrong),
        )


_WHERE = "[in <warehouse>] [for <sku>]"

FORMS: tuple[Form[World], ...] = (
    Form("settings of <plugin>", "What people wrote in a plugin's settings.", set_a_plugin,
         {"settings*": "<name> is <text>"}),
    Form("expect gifts of <order>", "赠品: exactly these, by whatever rule.", expect_gifts, {"gifts*": "<sku> <units>"}),
    Form("expect no gifts of <order>", "It got nothing, or nothing any more.", expect_gifts),
    Form("promise <order> by <moment> [because <text>]", "When it should have left; the policy `deadline` looks at that.",
         promise),
    Form(f"allocate by <policy> {_WHERE} [by <person>]",
         "Scarce units are dealt anew among those that nobody works on; `as seen`: only if everything is still as it was when "
         "it was looked at.", allocate, {"as seen": "as seen"}),
    Form(f"expect allocation by <policy> {_WHERE}",
         "A preview: exactly these would have fewer or more units reserved, and so many would be complete.", expect_allocation,
         {"changes*": "<fo> <units> becomes <then units>", "complete": "<units> complete"}),
    Form("expect why <item> on <shop>", "Why a listing shows its number; of each factor, what is said.", expect_why,
         {"offers*": "<sku> in <warehouse> offers <units> [available <available units>] [reserved <reserved units>] "
                     "[safety <safety units>] [locked for others <locked units>] [own <own units>] [resting <resting units>]",
          "base": "base <units>", "percent": "percent <percent>", "plus": "plus <units>", "maximum": "maximum <units>",
          "paused": "paused", "scarcest": "scarcest <sku>", "shows": "shows <units>"}),
)  # fmt: skip
