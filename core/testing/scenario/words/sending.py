"""Fulfillment orders and parcels: releasing, merging, the warehouse's steps, the carrier."""

from __future__ import annotations

from collections.abc import Callable

from ....carriers.api import TrackingState
from ....fulfillment import release as releasing
from ....fulfillment import service as fulfillment
from ....kernel.errors import DomainError
from ....kernel.uow import UnitOfWork
from ..grammar import Form, Said
from ..market import happened
from ..world import Unmet, World, same


def release_all(world: World, said: Said) -> None:
    world.system.release()


def release(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    with world.work(said.get("person", "")) as uow:
        fulfillment.release(uow, fo_id, "by hand")


def merge(world: World, said: Said) -> None:
    fo_ids = [world.fo(name) for name in said["fos"]]
    with world.work(said.get("person", "")) as uow:
        releasing.merge(uow, fo_ids, "by hand")


def _step(world: World, fo_id: int, step: Callable[[UnitOfWork, int], None], person: str) -> None:
    with world.work(person) as uow:
        step(uow, fo_id)


def start(world: World, said: Said) -> None:
    _step(world, world.fo(said["fo"]), fulfillment.start_picking, said.get("person", ""))


def pick(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    [(state,)] = world.rows("SELECT state FROM fulfillment_order WHERE id = ?", (fo_id,))
    if state != "picking":
        _step(world, fo_id, fulfillment.start_picking, said.get("person", ""))
    _step(world, fo_id, fulfillment.pick, said.get("person", ""))


def pack(world: World, said: Said) -> None:
    _step(world, world.fo(said["fo"]), fulfillment.pack, said.get("person", ""))


def ship(world: World, said: Said) -> None:
    _step(world, world.fo(said["fo"]), fulfillment.ship, said.get("person", ""))


def send(world: World, said: Said) -> None:
    """The whole way of each: released unless it is, its waybill waited for, picked, packed, shipped."""
    for name in said["fos"]:
        fo_id = world.fo(name)
        [(state,)] = world.rows("SELECT state FROM fulfillment_order WHERE id = ?", (fo_id,))
        if state == "allocated":
            with world.work() as uow:
                fulfillment.release(uow, fo_id, "by hand")
            world.afterwards()
        for step in (fulfillment.start_picking, fulfillment.pick, fulfillment.pack, fulfillment.ship):
            _step(world, fo_id, step, "")


def _carrier_says(world: World, said: Said, state: TrackingState) -> None:
    fo_id = world.fo(said["fo"])
    rows = world.rows("SELECT carrier, number FROM waybill WHERE fo_id = ? AND state = 'used'", (fo_id,))
    if not rows:
        raise DomainError(f"{said['fo']} is on its way with no carrier", remedy="ship it first")
    carrier, number = str(rows[0][0]), str(rows[0][1])
    with world.market.lock:
        happened(world.market.depots[carrier], number, world.clock.now(), state)
    world.system.carriers.track_all()


def deliver(world: World, said: Said) -> None:
    _carrier_says(world, said, TrackingState.DELIVERED)


def scan(world: World, said: Said) -> None:
    try:
        state = TrackingState(said["state"])
    except ValueError:
        raise DomainError(f"no parcel is {said['state']}", remedy=", ".join(TrackingState)) from None
    _carrier_says(world, said, state)


def closed(world: World, said: Said) -> None:
    world.market.depots[said["carrier"]].closed = said["text"]


def gone(world: World, said: Said) -> None:
    world.market.depots[said["carrier"]].away = True


def back(world: World, said: Said) -> None:
    depot = world.market.depots[said["carrier"]]
    depot.closed, depot.away = "", False


def rest(world: World, said: Said) -> None:
    world.idle = True


def resume(world: World, said: Said) -> None:
    world.idle = False


def wait(world: World, said: Said) -> None:
    """Nothing but time: what is due by now is done after the line, as after each."""
    assert world.system  # the first line of a file may be this one


# expectations


def expect_fos(world: World, said: Said) -> None:
    """Exactly these, in any order; cancelled ones do not count. Lines are compared where they are said."""
    found = []
    for fo_id, state, warehouse in world.fos(said["order"]):
        rows = world.rows(
            "SELECT k.code, SUM(x.quantity) FROM fo_line x JOIN sku k ON k.id = x.sku_id WHERE x.fo_id = ? "
            "GROUP BY k.code ORDER BY k.code",
            (fo_id,),
        )
        found.append((warehouse, state, {str(code): int(str(units)) for code, units in rows}))
    left = list(found)
    shown = ", ".join(" ".join([w, s, "with", *(f"{c} {n}" for c, n in lines.items())]) for w, s, lines in found) or "none"
    wanted = [(part["warehouse"], part["state"], dict(part["lines"]) if "lines" in part else None) for part in said.all("fos")]
    text = ", ".join(
        " ".join([w, s, *(["with", *(f"{c} {n}" for c, n in lines.items())] if lines else [])]) for w, s, lines in wanted
    )
    for warehouse, state, lines in wanted:
        match = next((one for one in left if one[:2] == (warehouse, state) and lines in (None, one[2])), None)
        if match is None:
            raise Unmet(text, shown)
        left.remove(match)
    if left:
        raise Unmet(text, shown)


def expect_no_fos(world: World, said: Said) -> None:
    found = ", ".join(f"{warehouse} {state}" for _, state, warehouse in world.fos(said["order"]))
    same("none", found or "none")


def expect_together(world: World, said: Said) -> None:
    mine = {fo_id for fo_id, _, _ in world.fos(said["order"])}
    other = {fo_id for fo_id, _, _ in world.fos(said["other order"])}
    found = "in one parcel" if mine & other else "apart"
    same("apart" if "not" in said else "in one parcel", found)


def expect_count(world: World, said: Said) -> None:
    [(count,)] = world.rows("SELECT COUNT(*) FROM fulfillment_order WHERE state = ?", (said["state"],))
    same(f"{said['units']} fulfillment orders {said['state']}", f"{count} fulfillment orders {said['state']}")


def expect_waybill(world: World, said: Said) -> None:
    rows = world.rows(
        "SELECT number, state, tracking FROM waybill WHERE fo_id = ? ORDER BY id DESC LIMIT 1", (world.fo(said["fo"]),)
    )
    if not rows:
        raise Unmet(f"{said['waybill']} {said['state']}", "no waybill")
    number, state, tracking = rows[0]
    same(f"{said['waybill']} {said['state']}", f"{number or 'none'} {state}")
    if "on its way" in said:
        same(said.part("on its way", "state"), str(tracking))


def expect_voided(world: World, said: Said) -> None:
    voided = sorted(world.market.depots[said["carrier"]].voided)
    same(" ".join(sorted(said["names"])), " ".join(voided) or "none")


def expect_cod(world: World, said: Said) -> None:
    """What the carrier is to collect at the door."""
    for depot in world.market.depots.values():
        if said["waybill"] in depot.bookings:
            cod = depot.bookings[said["waybill"]].cod
            same(str(said["amount"]), "0" if cod is None else cod.text)
            return
    raise Unmet(f"a waybill {said['waybill']}", "no such waybill")


FORMS: tuple[Form[World], ...] = (
    Form("release", "The round that merges what goes to one door and releases everything that nothing stops.", release_all),
    Form("release <fo> [by <person>]", "Somebody releases this one.", release),
    Form("merge <fos> [by <person>]", "Somebody puts fulfillment orders into one parcel.", merge),
    Form("start picking <fo> [by <person>]", "Somebody takes the pick list.", start),
    Form("pick <fo> [by <person>]", "Everything is in the basket.", pick),
    Form("pack <fo> [by <person>]", "The parcel is closed.", pack),
    Form("ship <fo> [by <person>]", "The parcel leaves.", ship),
    Form("send <fos>", "Each is released, if it is not yet, then picked, packed and shipped.", send),
    Form("deliver <fo>", "The carrier says that its parcel arrived.", deliver),
    Form("carrier says <fo> is <state>", "Another news of a parcel: `in_transit`, `delivery_failed`, `returning`.", scan),
    Form("carrier <carrier> refuses because <text>", "It books nothing.", closed),
    Form("carrier <carrier> is away", "It does not answer.", gone),
    Form("carrier <carrier> is back", "It books and answers again.", back),
    Form("worker rests", "What is to be told outside waits.", rest),
    Form("worker resumes", "It works again after every line, as it does from the start.", resume),
    Form("wait", "Time passes; what is due is done.", wait),
    Form("expect fos of <order>", "Exactly these fulfillment orders, in any order, with all their units where they are said; "
         "cancelled ones do not count.", expect_fos, {"fos*": "<warehouse> <state> [with <lines>]"}),
    Form("expect no fos of <order>", "None, but cancelled ones.", expect_no_fos),
    Form("expect <order> and <other order> are [not] in one parcel", "Whether a fulfillment order has units of both.",
         expect_together),
    Form("expect <units> fos <state>", "How many fulfillment orders are in this state.", expect_count),
    Form("expect waybill of <fo> is <waybill> <state>", "Its latest waybill; `none` before the carrier gave a number.",
         expect_waybill, {"on its way": "on its way <state>"}),
    Form("expect carrier <carrier> voided <names>", "The numbers that were given back; `none`.", expect_voided),
    Form("expect waybill <waybill> collects <amount>", "What is to be paid at the door.", expect_cod),
)  # fmt: skip
