"""Fulfillment orders and parcels: releasing, merging, the warehouse's steps, the carrier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ....carriers.api import TrackingState
from ....fulfillment import merging, putback, remittance, replanning, split
from ....fulfillment import service as fulfillment
from ....fulfillment.coming_back import came_back
from ....inventory.api import Quality
from ....kernel.errors import DomainError
from ....kernel.uow import UnitOfWork
from ....orders import queries
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
        merging.merge(uow, fo_ids, "by hand")


def unmerge(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        merging.unmerge(uow, world.fo(said["fo"]), said.get("text", "by hand"))


def detach(world: World, said: Said) -> None:
    with world.work() as uow:
        merging.detach(uow, world.fo(said["fo"]), world.order_id(said["order"]), "by hand")


def seal(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        merging.seal(uow, world.order_id(said["order"]), said.get("text", "by hand"))


def unseal(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        merging.unseal(uow, world.order_id(said["order"]), said.get("text", "by hand"))


def merge_policy(world: World, said: Said) -> None:
    currency = world.shop(said["shop"]).currency
    first, following = said.part("parcel", "first amount"), said.part("parcel", "next amount")
    with world.work() as uow:
        merging.set_merge_policy(
            uow, said["shop"], minutes=int(said["span"].total_seconds() // 60), first_kg=world.money(first, currency),
            next_kg=world.money(following, currency),
        )  # fmt: skip


# splitting, and sending otherwise


def _units(world: World, fo_id: int, said: Said) -> dict[int, int]:
    """Order lines of a fulfillment order with units; a kit's own line where a kit is said."""
    rows = world.rows(
        "SELECT l.id, k.code FROM order_line l JOIN sku k ON k.id = l.sku_id WHERE l.order_id IN "
        "(SELECT order_id FROM fo_line WHERE fo_id = ?) AND (l.kit OR l.id IN (SELECT line_id FROM fo_line WHERE fo_id = ?)) "
        "ORDER BY CASE WHEN l.kit_line IS NULL THEN 0 ELSE 1 END, l.id",
        (fo_id, fo_id),
    )
    found: dict[int, int] = {}
    for part in said.all("lines"):
        line = next((int(str(row[0])) for row in rows if row[1] == part["sku"]), None)
        if line is None:
            raise DomainError(f"{said['fo']} has no {part['sku']}", remedy=f"it has: {', '.join(str(row[1]) for row in rows)}")
        found[line] = part.get("units", 0)
    return found


def split_units(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    units = _units(world, fo_id, said)
    with world.work(said.get("person", "")) as uow:
        split.split_quantity(uow, fo_id, units, "by hand")


def split_lines(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    lines = list(_units(world, fo_id, said))
    with world.work(said.get("person", "")) as uow:
        split.split_lines(uow, fo_id, lines, "by hand")


def split_missing(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        split.split_missing(uow, world.fo(said["fo"]), "by hand")


def send_from(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    units = _units(world, fo_id, said) if said.all("lines") else None
    with world.work(said.get("person", "")) as uow:
        split.split_to_warehouse(uow, fo_id, units, said["warehouse"], "by hand")


def route_again(world: World, said: Said) -> None:
    with world.work() as uow:
        replanning.reroute(uow, world.fo(said["fo"]), "by hand")


def choose_carrier(world: World, said: Said) -> None:
    with world.work() as uow:
        replanning.choose_carrier(uow, world.fo(said["fo"]), said["carrier"], "by hand")


def label_again(world: World, said: Said) -> None:
    with world.work() as uow:
        replanning.label_anew(uow, world.fo(said["fo"]), said.get("text", "by hand"))


def put_back(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        putback.put_back_all(uow, world.fo(said["fo"]), said.get("text", ""))


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


_STEPS: Mapping[str, Callable[[UnitOfWork, int], None]] = {
    "released": fulfillment.start_picking,
    "picking": fulfillment.pick,
    "picked": fulfillment.pack,
    "packed": fulfillment.ship,
}


def send(world: World, said: Said) -> None:
    """The whole way of each, from wherever it is; its waybill is waited for."""
    for name in said["fos"]:
        fo_id = world.fo(name)
        [(state,)] = world.rows("SELECT state FROM fulfillment_order WHERE id = ?", (fo_id,))
        if state not in _STEPS:
            with world.work() as uow:
                fulfillment.release(uow, fo_id, "by hand")
            world.afterwards()
            state = "released"
        for step in list(_STEPS.values())[list(_STEPS).index(str(state)) :]:
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


def hand_over(world: World, said: Said) -> None:
    """A collector's statement; the refused rows are the line's refusal, and the others count all the same."""
    rows = []
    for part in said.all("lines"):
        card = queries.card(world.system.installation.db, world.order_id(part["order"]))
        rows.append(remittance.Handed(card.number, world.money(part["amount"], card.total.currency)))
    with world.work() as uow:
        done = remittance.remit(uow, said["carrier"], said["delivery"], rows, uow.now)
    if done.refused:
        raise DomainError("; ".join(done.refused.values()))


def scan(world: World, said: Said) -> None:
    try:
        state = TrackingState(said["state"])
    except ValueError:
        raise DomainError(f"no parcel is {said['state']}", remedy=", ".join(TrackingState)) from None
    _carrier_says(world, said, state)


def came_back_again(world: World, said: Said) -> None:
    fo_id = world.fo(said["fo"])
    with world.work(said.get("person", "")) as uow:
        came_back(uow, fo_id, quality=Quality(said.get("quality", "qc")), because=said.get("text", "refused at the door"))


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


def expect_putbacks(world: World, said: Said) -> None:
    """What somebody has to put back on the shelf, over all fulfillment orders of an order."""
    rows = world.rows(
        "SELECT k.code, SUM(p.quantity) FROM putback p JOIN sku k ON k.id = p.sku_id WHERE p.order_id = ? AND p.state = 'open' "
        "GROUP BY k.code ORDER BY k.code",
        (world.order_id(said["order"]),),
    )
    expected = " ".join(f"{sku} {units}" for sku, units in sorted(said.get("lines", ())))
    same(expected or "nothing", " ".join(f"{code} {units}" for code, units in rows) or "nothing")


def _candidates(world: World) -> tuple[list[tuple[set[str], merging.Candidate]], dict[str, str]]:
    """What could be merged, by the names of its orders; and which orders each fulfillment order carries."""
    found = merging.candidates(world.system.installation.db)
    names = {known.id: known.name for known in world.orders.values()}
    carried: dict[str, str] = {}
    for number, order_id in world.rows(
        "SELECT DISTINCT f.number, x.order_id FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id ORDER BY x.order_id"
    ):
        carried.setdefault(str(number), names.get(int(str(order_id)), "?"))
    return [({carried[number] for number in one.numbers}, one) for one in found], carried


def expect_candidate(world: World, said: Said) -> None:
    found, _ = _candidates(world)
    for orders, one in found:
        if orders == set(said["orders"]):
            if "amount" in said:
                same(f"saves {said['amount']}", f"saves {'nothing' if one.freight_saved is None else one.freight_saved.text}")
            return
    shown = "; ".join(" ".join(sorted(orders)) for orders, _ in found if orders) or "nothing"
    raise Unmet(f"{' '.join(said['orders'])} to share a parcel", shown)


def expect_refusal(world: World, said: Said) -> None:
    found, carried = _candidates(world)
    pair = {said["order"], said["other order"]}
    for _, one in found:
        for refused in one.refused:
            if {carried[refused.one], carried[refused.other]} == pair:
                same(" ".join(sorted(said["names"])), " ".join(sorted(refused.reasons)))
                return
    raise Unmet(f"{' and '.join(sorted(pair))} refused", "not among what was looked at")


def expect_lineage(world: World, said: Said) -> None:
    """Every step that units of this fulfillment order went, in order."""
    steps = merging.lineage(world.system.installation.db, world.fo(said["fo"]))
    told: list[str] = []
    for step in steps:
        if not told or told[-1] != step.kind.value:
            told.append(step.kind.value)
    same(" ".join(said["names"]), " ".join(told) or "none")


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
    Form("unmerge <fo> [because <text>] [by <person>]", "Every merge into it is taken back, until it is packed.", unmerge),
    Form("take <order> out of <fo>", "One order leaves a shared parcel.", detach),
    Form("seal <order> [because <text>] [by <person>]", "It is kept out of every merge.", seal),
    Form("unseal <order> [because <text>] [by <person>]", "It may be merged again.", unseal),
    Form("merging in <shop> waits <span>", "How long parcels wait for others to the same door, and what one costs.",
         merge_policy,
         {"parcel": "a parcel costs <first amount> then <next amount>"}),
    Form("split <fo> [by <person>]", "These units leave in a parcel of their own.", split_units, {"lines*": "<sku> <units>"}),
    Form("split lines of <fo> [by <person>]", "These lines do.", split_lines, {"lines*": "<sku>"}),
    Form("split what is missing of <fo> [by <person>]", "What is there goes, the rest waits apart.", split_missing),
    Form("send <fo> from <warehouse> [by <person>]", "All of it, or these units, from another warehouse.", send_from,
         {"lines*": "<sku> <units>"}),
    Form("route <fo> again", "It is planned anew, where routing would now decide otherwise.", route_again),
    Form("carry <fo> with <carrier>", "Another carrier; its label is made anew if it had one.", choose_carrier),
    Form("label <fo> again [because <text>]", "The old number is given back, a new one booked.", label_again),
    Form("put back <fo> [to <text>] [by <person>]", "What was taken for it lies on the shelf again.", put_back),
    Form("start picking <fo> [by <person>]", "Somebody takes the pick list.", start),
    Form("pick <fo> [by <person>]", "Everything is in the basket.", pick),
    Form("pack <fo> [by <person>]", "The parcel is closed.", pack),
    Form("ship <fo> [by <person>]", "The parcel leaves.", ship),
    Form("send <fos>", "Each goes the rest of its way: released, picked, packed, shipped.", send),
    Form("deliver <fo>", "The carrier says that its parcel arrived.", deliver),
    Form("carrier says <fo> is <state>", "Another news of a parcel: `in_transit`, `delivery_failed`, `returning`.", scan),
    Form("came back <fo> [as <quality>] [because <text>] [by <person>]",
         "A parcel that reached nobody is in its warehouse again, to be inspected unless it says otherwise.", came_back_again),
    Form("carrier <carrier> hands over <delivery>", "Its statement of what it collected at the door, order by order; the same "
         "number again counts nothing.", hand_over, {"lines*": "<order> <amount>"}),
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
    Form("expect put-backs of <order> [<lines>]", "What somebody has to put back; nothing when nothing is said.",
         expect_putbacks),
    Form("expect merging <orders> [saves <amount>]", "These could share a parcel, and what that saves.", expect_candidate),
    Form("expect <order> and <other order> cannot share because <names>", "Every reason why not.", expect_refusal),
    Form("expect lineage of <fo> <names>", "How its units came here: `split`, `merged`, `unmerged`, `rerouted`.",
         expect_lineage),
    Form("expect <units> fos <state>", "How many fulfillment orders are in this state.", expect_count),
    Form("expect waybill of <fo> is <waybill> <state>", "Its latest waybill; `none` before the carrier gave a number.",
         expect_waybill, {"on its way": "on its way <state>"}),
    Form("expect carrier <carrier> voided <names>", "The numbers that were given back; `none`.", expect_voided),
    Form("expect waybill <waybill> collects <amount>", "What is to be paid at the door.", expect_cod),
)  # fmt: skip
