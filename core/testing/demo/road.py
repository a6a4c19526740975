"""The whole road, from buyers to booked money: once and without waiting, or for ever at a human pace."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ....app import Config, System, create_app
from ...catalog.queries import ShopFacts, shops
from ...connections.service import connect, connection
from ...fulfillment import service as fulfillment
from ...fulfillment.api import FoState
from ...host.loading import entries
from ...host.service import save_settings
from ...kernel.uow import Merchant
from ...ledger import queries as ledger
from ...orders.api import HoldCode, ReviewState
from ...web.server import Server
from ..simulator import CarrierSimulator, ChannelSimulator, CrmSimulator, Simulator
from .buyers import scenes, stream
from .merchant import found, offers, open_shop

Say = Callable[[str], None]


PLUGINS = ("carrier_sf", "channel_shopify", "channel_taobao", "channel_web", "crm_sync", "finance_export", "gifts", "replenish")
"""Who takes part, as far as they are installed: two platforms are enough to see the road, whatever else is there."""


@dataclass
class Town:
    """A merchant, its platforms, carrier and CRM, all running on loopback."""

    system: System
    web: Server
    channels: dict[str, ChannelSimulator] = field(default_factory=dict)
    carriers: dict[str, CarrierSimulator] = field(default_factory=dict)
    crms: dict[str, CrmSimulator] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)

    @property
    def shops(self) -> dict[str, ShopFacts]:
        return {shop.code: shop for shop in shops(self.system.installation.db)}


def _code(name: str) -> str:
    """`channel_taobao` is connected as `taobao`."""
    return name.split("_", 1)[1] if "_" in name else name


@contextmanager
def town(home: Path, *, database: str = "", port: int = 0, say: Say = lambda text: None) -> Iterator[Town]:
    """Found the merchant in `home` and start everything; whatever was started is stopped at the end."""
    names = [slug for slug in PLUGINS if slug in entries()]
    system = System(Config(home, database, tuple(names), Merchant("有间茶铺", "CNY", "Asia/Shanghai"), simulators=True))
    running: list[Simulator] = []
    web = Server(create_app(system), "127.0.0.1", port)
    try:
        web.start()
        place = Town(system, web)
        for name, kind in sorted(system.plugins.simulators.items()):
            simulator = kind()
            simulator.start()
            running.append(simulator)
            say(f"simulator of {name} at {simulator.base_url}")
            if isinstance(simulator, ChannelSimulator):
                place.channels[_code(name)] = simulator
            elif isinstance(simulator, CarrierSimulator):
                place.carriers[_code(name)] = simulator
            elif isinstance(simulator, CrmSimulator):
                place.crms[name] = simulator
        _settle(place)
        yield place
    finally:
        web.stop()
        for simulator in running:
            simulator.stop()
        system.close()


def _settle(place: Town) -> None:
    """Stock, shops, connections and settings of the demo's merchant."""
    system = place.system
    carrier = next(iter(place.carriers), "")
    with system.installation.unit_of_work("demo") as uow:
        warehouses = found(uow)
        for code, simulator in place.carriers.items():
            adapter = system.plugins.carriers[simulator.name]
            connect(
                uow, system.seal, code=code, kind="carrier", adapter=simulator.name, shop_id=None, fields=adapter.settings,
                settings=simulator.settings(),
            )  # fmt: skip
        for code, channel in place.channels.items():
            shop_id = open_shop(uow, code, channel.currency, warehouses, carrier)
            kind = system.plugins.channels[channel.name]
            connect(
                uow, system.seal, code=code, kind="channel", adapter=channel.name, shop_id=shop_id, fields=kind.settings,
                settings=channel.settings(),
            )  # fmt: skip
        for name in sorted(set(system.plugins.channels) - {channel.name for channel in place.channels.values()}):
            # Its pages are the platform: a shop is all it needs.
            shop_id = open_shop(uow, _code(name), "CNY", warehouses, carrier, "有间茶铺自营")
            connect(
                uow, system.seal, code=_code(name), kind="channel", adapter=name, shop_id=shop_id,
                fields=system.plugins.channels[name].settings, settings={},
            )  # fmt: skip
        for slug, crm in place.crms.items():
            save_settings(uow, system.seal, system.plugins.manifests[slug], crm.settings())
    for code, channel in place.channels.items():
        channel.open_shop(offers(channel.currency), f"{place.web.address}/hook/{channel.name}/{code}")


# once


def once(home: Path, *, database: str = "", per_channel: int = 22, say: Say = lambda text: None) -> dict[str, Any]:
    """Walk the road once; the figures, held against what every simulator says it was told."""
    began = time.monotonic()
    with town(home, database=database, say=say) as place:
        system = place.system
        met = system.channels.publishing.meet_all()
        system.publish()
        say(f"offered and published: {', '.join(f'{code} {count}' for code, count in met.items())}")
        say("buyers order")
        for code, channel in place.channels.items():
            _day(place, code, channel, per_channel)
        system.worker.drain()
        _until_pulled(place)
        for code, channel in place.channels.items():
            for external_id, scene in zip(place.orders[code], scenes(channel.currency, per_channel), strict=True):
                if scene.then == "refund":
                    channel.refund(external_id)
        say("one order of each shop is refunded before it ships")
        _until_pulled(place)
        say(f"released: {len(system.release())} fulfillment orders")
        system.worker.drain()
        say(f"shipped: {len(work_through(system))} fulfillment orders")
        system.worker.drain()
        say("waybills told, stock published, parcels tracked")
        system.publish()
        for carrier in place.carriers.values():
            for number in sorted(carrier.told().waybills.values())[:5]:
                for state in ("picked_up", "in_transit", "delivered"):
                    carrier.advance(number, state)
        system.carriers.track_all()
        system.worker.drain()
        exported = export(system, home / "ledger")
        figures = tally(place)
        figures["seconds"] = round(time.monotonic() - began, 1)
        wrong = [*disagreements(place, figures), *(f"{f.check}: {f.place} {f.what}" for f in system.verify())]
        for line in wrong:
            say(f"WRONG: {line}")
        say(f"ledger files: {', '.join(path.name for path in exported)}")
        figures["verified"] = not any(system.verify())
        figures["_wrong"] = wrong
        return figures


def _day(place: Town, code: str, channel: ChannelSimulator, count: int) -> None:
    place.orders[code] = []
    for scene in scenes(channel.currency, count):
        external_id = channel.place(scene.order)
        place.orders[code].append(external_id)
        if scene.then == "push":
            channel.chaos.arm("duplicate")
            channel.push(external_id)


def _until_pulled(place: Town) -> None:
    """Pull until two rounds in a row bring nothing new; a platform lists a change up to a second late."""
    quiet = 0
    for _ in range(30):
        pulled = [place.system.channels.feeds.pull(facts) for facts in place.system.channels.accounts.active()]
        quiet = 0 if any(result.verdicts for result in pulled) else quiet + 1
        db = place.system.installation.db
        held = {code: db.row("SELECT COUNT(*) FROM channel_order d JOIN connection c ON c.id = d.connection_id "
                             "WHERE c.code = ?", (code,)) for code in place.channels}  # fmt: skip
        if quiet >= 2 and all(row is not None and row[0] == len(place.orders[code]) for code, row in held.items()):
            return
        time.sleep(0.3)


def work_through(system: System) -> list[int]:
    """What the warehouse does with every released fulfillment order that has its waybill: pick, pack, ship."""
    db = system.installation.db
    ready = db.rows(
        "SELECT f.id FROM fulfillment_order f JOIN waybill w ON w.fo_id = f.id AND w.state = 'issued' "
        "WHERE f.state = 'released' ORDER BY f.id"
    )
    shipped = []
    for (fo_id,) in ready:
        for step in (fulfillment.start_picking, fulfillment.pick, fulfillment.pack, fulfillment.ship):
            with system.installation.unit_of_work("person:warehouse") as uow:
                step(uow, fo_id)
        shipped.append(fo_id)
    return shipped


def export(system: System, folder: Path, period: str = "", formats: Sequence[str] = ()) -> list[Path]:
    """Write a period's ledger in these formats, by default the current one in all; the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    installation = system.installation
    period = period or installation.merchant.day(installation.environment.now())[:7]
    journal = ledger.journal(installation.db, installation.merchant, period)
    paths = []
    for name in formats or sorted(system.plugins.ledger_exporters):
        for file in system.exporter(name).export(journal):
            path = folder / file.name
            path.write_bytes(file.content)
            paths.append(path)
    return paths


def tally(place: Town) -> dict[str, Any]:
    """The figures of the road, from our own books and from those of the simulators."""
    db = place.system.installation.db

    def count(sql: str, *given: object) -> int:
        row = db.row(sql, given)
        return 0 if row is None else int(row[0])

    shipped = (FoState.SHIPPED, FoState.DELIVERED)
    held = db.rows("SELECT code, COUNT(*) FROM hold WHERE released_at IS NULL GROUP BY code ORDER BY code")
    told = {code: channel.told() for code, channel in place.channels.items()}
    return {
        "received": {
            code: count(
                "SELECT COUNT(*) FROM channel_order d JOIN connection c ON c.id = d.connection_id WHERE c.code = ?", code
            )
            for code in place.channels
        },
        "passed": count("SELECT COUNT(*) FROM sales_order WHERE review = ?", ReviewState.PASSED),
        "held": {HoldCode(code).value: int(number) for code, number in held},
        "allocated": count("SELECT COUNT(*) FROM fulfillment_order WHERE state NOT IN ('planned', 'cancelled')"),
        "waiting": count("SELECT COUNT(*) FROM fulfillment_order WHERE state = 'planned'"),
        "shipped": count(
            "SELECT COUNT(DISTINCT f.id) FROM fulfillment_order f JOIN fo_line l ON l.fo_id = f.id JOIN channel_order d "
            f"ON d.order_id = l.order_id WHERE f.state IN ({','.join('?' * len(shipped))})",
            *shipped,
        ),
        "written_back": sum(book.confirmations for book in told.values()),
        "published": {code: book.stock_updates for code, book in told.items()},
        "vouchers": count("SELECT COUNT(*) FROM ledger_entry"),
        "contacts": sum(len(crm.told().contacts) for crm in place.crms.values()),
    }


def disagreements(place: Town, figures: dict[str, Any]) -> list[str]:
    """Every point where our books and a simulator's say different things."""
    db = place.system.installation.db
    wrong = []
    for code, channel in place.channels.items():
        told, facts = channel.told(), connection(db, code)
        if figures["received"][code] != told.orders:
            wrong.append(f"{code} holds {told.orders} orders, we took in {figures['received'][code]}")
        ours: dict[str, set[str]] = {}
        for external_id, number, state in db.rows(
            "SELECT d.external_id, n.number, n.state FROM shipment_notice n JOIN channel_order d ON d.order_id = n.order_id "
            "AND d.connection_id = n.connection_id WHERE n.connection_id = ?",
            (facts.id,),
        ):
            if state == "done":
                ours.setdefault(external_id, set()).add(number)
            elif state != "not_supported":
                wrong.append(f"{code} was not told of {number} for {external_id}: {state}")
        theirs = {external_id: set(numbers) for external_id, numbers in told.shipments.items() if numbers}
        if ours != theirs:
            odd = sorted(order for order in ours | theirs if ours.get(order) != theirs.get(order))
            wrong.append(f"{code} knows other waybills than we told, of {odd[:5]}")
        ordered = {
            merchant_code: int(units)
            for merchant_code, units in db.rows(
                "SELECT l.merchant_code, SUM(l.quantity) FROM order_line l "
                "JOIN sales_order o ON o.id = l.order_id WHERE o.shop_id = ? AND l.kit_line IS NULL GROUP BY l.merchant_code",
                (facts.shop_id,),
            )
        }
        for merchant_code, number in db.rows(
            "SELECT merchant_code, published FROM listing WHERE shop_id = ? AND sku_id IS NOT NULL ORDER BY merchant_code",
            (facts.shop_id,),
        ):
            # A platform takes what its buyers order off its own number at once; ours follows when it differs from the last.
            least = -1 if number is None else number - ordered.get(merchant_code, 0)
            if number is None or not least <= told.stock.get(merchant_code, -1) <= number:
                wrong.append(f"{code} shows {told.stock.get(merchant_code)} of {merchant_code}, we published {number}")
    for code, carrier in place.carriers.items():
        booked = dict(db.rows("SELECT key, number FROM waybill WHERE carrier = ? AND state IN ('issued', 'used')", (code,)))
        if booked != dict(carrier.told().waybills):
            wrong.append(f"{code} has other waybills than we booked")
    people = db.row("SELECT COUNT(*) FROM customer")
    for slug, crm in place.crms.items():
        if people is not None and len(crm.told().contacts) != people[0]:
            wrong.append(f"{slug} holds {len(crm.told().contacts)} contacts, we know {people[0]} customers")
    if parked := db.rows("SELECT kind, key, error FROM task WHERE state = 'parked' LIMIT 5"):
        wrong += [f"parked: {kind} {key}: {error}" for kind, key, error in parked]
    return wrong


# for ever


class Diary:
    """Says every line of the history as it is written, so that whoever watches sees each command and its reason."""

    _NUMBER: ClassVar[Mapping[str, str]] = {"order": "SO", "fulfillment_order": "FO"}

    def __init__(self, system: System, say: Say) -> None:
        self._system = system
        self._say = say
        row = system.installation.db.row("SELECT COALESCE(MAX(id), 0) FROM audit")
        self._seen = 0 if row is None else int(row[0])

    def read(self) -> None:
        for id_, actor, action, kind, document, because in self._system.installation.db.rows(
            "SELECT id, actor, action, kind, document, because FROM audit WHERE id > ? ORDER BY id", (self._seen,)
        ):
            self._seen = id_
            name = f"{self._NUMBER[kind]}{document:08d}" if kind in self._NUMBER else f"{kind} {document}"
            self._say(f"{actor:<18} {name:<12} {action}" + (f": {because}" if because else ""))


def forever(home: Path, *, port: int, pace: float, say: Say, ready: Callable[[Town], None]) -> None:
    """New orders keep arriving and people keep working, one command at a time, until the process is told to stop."""
    with town(home, port=port, say=say) as place:
        ready(place)
        stop = threading.Event()
        engine = threading.Thread(target=place.system.serve, args=(stop,), name="engine", daemon=True)
        engine.start()
        diary = Diary(place.system, say)
        day = {code: iter(scenes(channel.currency)) for code, channel in place.channels.items()}
        streams = {code: stream(channel.currency) for code, channel in place.channels.items()}
        try:
            for code, channel in _turns(place.channels):
                scene = next(day[code], None)
                external_id = channel.place(scene.order if scene else next(streams[code]))
                if channel.push(external_id) == 0:
                    place.system.rounds.ask("pull")
                if scene and scene.then == "refund":
                    channel.refund(external_id)
                for _ in range(4):
                    stop.wait(pace / 4)
                    diary.read()
                    _one_step(place)
                    diary.read()
        finally:
            stop.set()
            place.system.worker.wake()
            engine.join(timeout=10)


def _turns(channels: dict[str, ChannelSimulator]) -> Iterator[tuple[str, ChannelSimulator]]:
    while True:
        yield from channels.items()


_NEXT = {
    FoState.RELEASED: fulfillment.start_picking,
    FoState.PICKING: fulfillment.pick,
    FoState.PICKED: fulfillment.pack,
    FoState.PACKED: fulfillment.ship,
}


def _one_step(place: Town) -> None:
    """The warehouse does the next thing on the fulfillment order that is furthest along; the carrier moves a parcel on."""
    system = place.system
    db = system.installation.db
    row = db.row(
        "SELECT f.id, f.state FROM fulfillment_order f JOIN waybill w ON w.fo_id = f.id AND w.state = 'issued' "
        "WHERE f.state IN ('released', 'picking', 'picked', 'packed') ORDER BY CASE f.state WHEN 'packed' THEN 0 "
        "WHEN 'picked' THEN 1 WHEN 'picking' THEN 2 ELSE 3 END, f.id LIMIT 1"
    )
    if row is not None:
        with system.installation.unit_of_work("person:warehouse") as uow:
            _NEXT[FoState(row[1])](uow, row[0])
        return
    way = db.row(
        "SELECT carrier, number, tracking FROM waybill WHERE state = 'used' AND delivered_at IS NULL ORDER BY id LIMIT 1"
    )
    if way is not None and way[0] in place.carriers:
        following = {"": "picked_up", "picked_up": "in_transit", "in_transit": "out_for_delivery"}.get(way[2], "delivered")
        place.carriers[way[0]].advance(way[1], following)
        system.rounds.ask("track")


def as_line(figures: dict[str, Any]) -> str:
    """The one JSON object a script reads."""
    return json.dumps({name: value for name, value in figures.items() if not name.startswith("_")}, ensure_ascii=False)
