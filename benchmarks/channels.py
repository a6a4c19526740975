"""A storm over four channels: the same buyers once in calm and once with every trouble armed, and what is left of it.

Run by `make bench-channels`; one JSON line on stdout. Clock and simulators share one moment that moves on by itself, so
patience that a vendor asks for costs no time; everything else is real: HTTP, signatures, pushes, waybills, the worker.
"""

from __future__ import annotations

import argparse
import json
import random  # noqa: TID251  buyers and weather, drawn from a given seed
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orderyard.app import Config, System, create_app
from orderyard.core.catalog.service import NewSku, add_shop, add_skus, set_carrier
from orderyard.core.connections.service import connect, resume
from orderyard.core.host.loading import entries
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.inventory.published import published
from orderyard.core.kernel.values import Address, Money
from orderyard.core.outbox.service import retry
from orderyard.core.testing.demo.road import work_through
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder, CarrierSimulator, ChannelSimulator, ShopItem
from orderyard.core.web.server import Server

CHANNELS = 4
TOGETHER = 50
"""Orders between two looks at everything."""
PRODUCTS = 12
FIRST = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)


@dataclass
class Market:
    """One merchant, the platforms it sells on, and what its buyers did."""

    system: System
    environment: FixedEnvironment
    channels: dict[str, ChannelSimulator]
    carrier: CarrierSimulator
    orders: dict[str, list[str]] = field(default_factory=dict)
    publishing: list[float] = field(default_factory=list)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--orders", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        calm = _run(Path(home) / "calm", given.orders, given.seed, storm=False)
        stormy = _run(Path(home) / "storm", given.orders, given.seed, storm=True)
    times = sorted(stormy.pop("publishing"))
    calm.pop("publishing")
    line = {
        "orders": given.orders,
        "lost": stormy["lost"],
        "doubled": stormy["doubled"],
        "written_back_once": stormy["written_back_once"] and calm["written_back_once"],
        "stock_equal": stormy["stock_equal"] and calm["stock_equal"],
        "same_as_calm": stormy["state"] == calm["state"],
        "verified": stormy["verified"] and calm["verified"],
        "troubles": stormy["troubles"],
        "seconds": round(time.monotonic() - began, 1),
        "publish_p95_seconds": round(times[int(len(times) * 0.95)], 2) if times else None,
    }
    print(json.dumps(line))
    good = line["same_as_calm"] and line["verified"] and line["written_back_once"] and line["stock_equal"]
    if not good or line["lost"] or line["doubled"]:
        for name in sorted(set(stormy["state"]) | set(calm["state"])):
            if stormy["state"].get(name) != calm["state"].get(name):
                say(f"{name}: calm {calm['state'].get(name)}, storm {stormy['state'].get(name)}")
                break
        sys.exit(1)


def say(text: str) -> None:
    print(f"bench-channels: {text}", file=sys.stderr, flush=True)


def _run(home: Path, orders: int, seed: int, *, storm: bool) -> dict[str, Any]:
    dice, trouble = random.Random(seed), random.Random(seed + 1)  # noqa: S311  buyers and weather, no secrets
    with _market(home) as market:
        for start in range(0, orders, TOGETHER):
            if storm:
                _arm(market, trouble)
            _buy(market, dice, min(TOGETHER, orders - start), start)
            _go_on(market)
            if start % 1000 == 0:
                say(f"{'storm' if storm else 'calm'}: {start + TOGETHER} of {orders}")
        struck = sum(len(channel.chaos.struck) for channel in market.channels.values()) + len(market.carrier.chaos.struck)
        _calm_down(market)
        return _tell(market) | {"troubles": struck, "publishing": market.publishing}


@contextmanager
def _market(home: Path) -> Iterator[Market]:
    environment = FixedEnvironment(FIRST)
    names = sorted(slug for slug in entries() if slug.startswith(("channel_", "carrier_")))
    home.mkdir(parents=True)
    system = System(Config(home, plugins=tuple(names), simulators=True), environment=environment)
    web = Server(create_app(system), "127.0.0.1", 0, threads=4)
    kinds = [kind for _, kind in sorted(system.plugins.simulators.items())]
    shops = [kind for kind in kinds if issubclass(kind, ChannelSimulator)]
    running = [shops[place % len(shops)](environment) for place in range(CHANNELS)]
    [carrier] = [kind(environment) for kind in kinds if issubclass(kind, CarrierSimulator)]
    try:
        web.start()
        for simulator in (*running, carrier):
            simulator.start()
        channels = {f"shop{place}": simulator for place, simulator in enumerate(running)}
        market = Market(system, environment, channels, carrier, {code: [] for code in channels})
        _found(market)
        for code, channel in channels.items():
            items = tuple(
                ShopItem(_code(n), f"Thing {n}", Money(1000 + n, channel.currency), f"69{n:011d}") for n in range(PRODUCTS)
            )
            channel.open_shop(items, f"{web.address}/hook/{channel.name}/{code}")
        system.channels.publishing.meet_all()
        system.publish()
        yield market
    finally:
        web.stop()
        for simulator in (*running, carrier):
            simulator.stop()
        system.close()


def _code(number: int) -> str:
    return f"SKU-{number:02}"


def _found(market: Market) -> None:
    system = market.system
    with system.installation.unit_of_work("bench") as uow:
        skus = add_skus(uow, [NewSku(_code(n), f"Thing {n}", price=1000 + n, weight_g=100) for n in range(PRODUCTS)])
        kinds = system.plugins.carriers
        connect(
            uow, system.seal, code="carrier", kind="carrier", adapter=market.carrier.name, shop_id=None,
            fields=kinds[market.carrier.name].settings, settings=market.carrier.settings(),
        )  # fmt: skip
        warehouses = []
        for code, region in (("SH", "上海"), ("GZ", "广东")):
            door = {
                "province": "上海市",
                "city": "上海市",
                "district": "嘉定区",
                "detail": "库房1号",
                "name": "发货",
                "phone": "13800000001",
            }
            warehouses.append(inventory.add_warehouse(uow, code, code, [region], door))
            receipts = [inventory.Receipt(sku, 1_000_000, 100) for sku in skus.values()]
            inventory.receive(
                uow, warehouses[-1], receipts, source=Place.OPENING, document=warehouses[-1], key=f"OPEN/{code}", text=code
            )
        for code, channel in market.channels.items():
            shop_id = add_shop(uow, code, code, channel.currency)
            set_carrier(uow, shop_id, "carrier")
            inventory.serve(uow, shop_id, warehouses)
            connect(
                uow, system.seal, code=code, kind="channel", adapter=channel.name, shop_id=shop_id,
                fields=system.plugins.channels[channel.name].settings, settings=channel.settings(),
            )  # fmt: skip


def _arm(market: Market, trouble: random.Random) -> None:
    """Every kind of trouble for every platform, now and then, and never so often that nothing gets through."""
    for simulator in (*market.channels.values(), market.carrier):
        for name in simulator.chaos.TROUBLES:
            if trouble.random() < 0.5:
                simulator.chaos.arm(name, trouble.randint(1, 3))


def _buy(market: Market, dice: random.Random, count: int, start: int) -> None:
    """Buyers order; some pay later, some want their money back before anything left, some of it is pushed."""
    codes = list(market.channels)
    later = []
    for number in range(start, start + count):
        code = codes[number % len(codes)]
        channel = market.channels[code]
        lines = tuple((_code(sku), dice.randint(1, 3)) for sku in dice.sample(range(PRODUCTS), dice.randint(1, 3)))
        paid = dice.random() < 0.85
        door = Address(
            province="上海市", city="上海市", district="浦东新区", detail=f"某路{number}号", name="测试",
            phone=f"138{number % 100_000_000:08d}",
        )  # fmt: skip
        external_id = channel.place(BuyerOrder(f"buyer{number}", door, lines, f"b{number}@example.com", paid=paid))
        market.orders[code].append(external_id)
        later.append((channel, external_id, paid, dice.random()))
        if dice.random() < 0.2:
            channel.push(external_id)
    market.environment.moment += timedelta(seconds=20)
    for channel, external_id, paid, fate in later:
        if not paid:
            channel.pay(external_id)
        elif fate < 0.03:
            channel.refund(external_id)


def _go_on(market: Market) -> None:
    """Everything the house does by itself and in its warehouse, once round; a paused connection is resumed by somebody."""
    system = market.system
    market.environment.moment += timedelta(seconds=20)
    with system.installation.unit_of_work("person:bench") as uow:
        for (connection_id,) in uow.db.rows("SELECT id FROM connection WHERE state = 'paused'"):
            resume(uow, connection_id)
    for _ in range(3):
        # A dear platform gives only so much at once, and more some seconds later.
        market.environment.moment += timedelta(seconds=20)
        system.pull()
    system.channels.feeds.ask_queues()
    system.worker.drain()
    system.release()
    system.worker.drain()
    work_through(system)
    system.worker.drain()
    began = time.monotonic()
    system.publish_changed()
    market.publishing.append(time.monotonic() - began)


def _calm_down(market: Market) -> None:
    """The troubles end; everything that waits, or waits for a person, goes on until nothing changes any more."""
    db = market.system.installation.db
    for simulator in (*market.channels.values(), market.carrier):
        for name in simulator.chaos.TROUBLES:
            simulator.chaos.arm(name, 0)
    before = None
    for _ in range(40):
        market.environment.moment += timedelta(minutes=20)
        _wait_for_the_patient(market)
        with market.system.installation.unit_of_work("person:bench") as uow:
            for (task_id,) in uow.db.rows("SELECT id FROM task WHERE state = 'parked'"):
                retry(uow, task_id)
        _go_on(market)
        market.system.look_back()
        market.system.publish()
        now = (
            db.rows("SELECT COUNT(*), MAX(id) FROM inbox"), db.rows("SELECT COUNT(*) FROM task WHERE state <> 'done'"),
            db.rows("SELECT state, COUNT(*) FROM fulfillment_order GROUP BY state ORDER BY state"),
        )  # fmt: skip
        if now == before:
            return
        before = now


def _wait_for_the_patient(market: Market) -> None:
    """Let time pass until whoever was asked for patience is through: a platform's bucket fills by the second."""
    db = market.system.installation.db
    for _ in range(4_000):
        if not market.system.worker.drain().worked and not db.rows(
            "SELECT 1 FROM task WHERE state IN ('due', 'leased') LIMIT 1"
        ):
            return
        market.environment.moment += timedelta(seconds=15)


def _tell(market: Market) -> dict[str, Any]:
    db = market.system.installation.db
    lost = doubled = 0
    once = equal = True
    state: dict[str, Any] = {}
    for code, channel in market.channels.items():
        told = channel.told()
        rows = db.rows(
            "SELECT d.external_id, o.id, o.status, o.payment, o.received, o.refunded FROM channel_order d "
            "JOIN connection c ON c.id = d.connection_id JOIN sales_order o ON o.id = d.order_id WHERE c.code = ?",
            (code,),
        )
        here = [row[0] for row in rows]
        lost += len(set(market.orders[code]) - set(here))
        [(shop_id,)] = db.rows("SELECT shop_id FROM connection WHERE code = ?", (code,))
        [(orders_here,)] = db.rows("SELECT COUNT(*) FROM sales_order WHERE shop_id = ?", (shop_id,))
        doubled += orders_here - len(set(here))
        place = {external_id: number for number, external_id in enumerate(market.orders[code])}
        for external_id, order_id, *head in rows:
            lines = db.rows(
                "SELECT k.code, l.quantity, l.shipped, l.cancelled FROM order_line l JOIN sku k ON k.id = l.sku_id "
                "WHERE l.order_id = ? ORDER BY l.no",
                (order_id,),
            )
            parcels = len(told.shipments.get(external_id, ()))
            shipped = any(line[2] for line in lines)
            once = once and parcels == (1 if shipped else 0)
            state[f"{code}/{place[external_id]}"] = (*head, tuple(lines), parcels)
        once = once and told.confirmations == sum(len(numbers) for numbers in told.shipments.values())
        today = market.system.installation.merchant.day(market.environment.now())
        for row in published(db, shop_id, None, today):
            equal = equal and told.stock.get(row.merchant_code) == row.wanted == row.acknowledged
    [(parked,)] = db.rows("SELECT COUNT(*) FROM inbox WHERE verdict = 'parked'")
    if parked:
        first = db.rows("SELECT document, reason FROM inbox WHERE verdict = 'parked' ORDER BY id LIMIT 3")
        say(f"{parked} documents are parked: {first}")
    findings = market.system.verify()
    for finding in findings[:5]:
        say(f"verify: {finding.check}: {finding.place}: {finding.what}")
    return {
        "lost": lost, "doubled": doubled, "written_back_once": once, "stock_equal": equal, "state": state,
        "verified": not findings,
    }  # fmt: skip


if __name__ == "__main__":
    main()
