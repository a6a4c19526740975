"""From a stock change to the acknowledgement of every channel, over the vendors' real protocols on their simulators."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from jobs import Stand

from orderyard.app import Config, System
from orderyard.core.catalog.service import NewSku, add_shop, add_skus
from orderyard.core.connections.service import connect
from orderyard.core.host.loading import entries
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.kernel.values import Money
from orderyard.core.testing.simulator import ChannelSimulator, ShopItem

CHANNELS = 10
OPTIONS = 10
"""Listings of one product."""
CHANGES = 60


def acknowledged(stand: Stand) -> Iterator[dict[str, Any]]:
    listings = stand.sizes.of(5000)
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    vendors = context.Process(target=_vendors, args=(theirs, listings))
    vendors.start()
    names = sorted(slug for slug in entries() if slug.startswith("channel_"))
    home = stand.home / "publish"
    system = System(Config(home, stand.create(), plugins=tuple(names), simulators=True))
    stop = threading.Event()
    worker = threading.Thread(target=system.serve, args=(stop,), name="rounds")
    try:
        skus = _found(system, listings, mine.recv())
        met = system.channels.publishing.meet_all()
        shown = system.publish()
        if set(met.values()) != {listings} or set(shown.values()) != {listings}:
            raise SystemExit(f"bench: of {listings} listings in each shop were met {met} and published {shown}")
        print(f"bench: {CHANNELS} channels show {listings} listings each", file=sys.stderr)
        worker.start()
        took = sorted(_changes(system, skus))
    finally:
        stop.set()
        if worker.is_alive():
            worker.join()
        system.close()
        mine.send("end")
        vendors.join()
    line: dict[str, Any] = {"unit": "s", "channels": CHANNELS, "listings": CHANNELS * listings, "raw": None, "peer": None}
    line |= {"ours": round(took[int(len(took) * 0.95)], 2), "p50": round(statistics.median(took), 2), "changes": len(took)}
    yield line | {"vs_raw": None, "vs_peer": None}


def _found(system: System, listings: int, shops: list[tuple[str, str, Mapping[str, str]]]) -> list[int]:
    with system.installation.unit_of_work("person:bench") as uow:
        new = [NewSku(_code(number), f"Thing {number}", price=9900) for number in range(listings)]
        skus = list(add_skus(uow, new).values())
        warehouse = inventory.add_warehouse(uow, "SH", "SH", ["上海"])
        receipts = [inventory.Receipt(sku, 1000, 100) for sku in skus]
        inventory.receive(uow, warehouse, receipts, source=Place.OPENING, document=warehouse, key="OPEN", text="opening")
        for place, (adapter, currency, settings) in enumerate(shops):
            shop_id = add_shop(uow, f"shop{place}", f"Shop {place}", currency)
            inventory.serve(uow, shop_id, [warehouse])
            fields = system.plugins.channels[adapter].settings
            connect(
                uow, system.seal, code=f"shop{place}", kind="channel", adapter=adapter, shop_id=shop_id, fields=fields,
                settings=settings,
            )  # fmt: skip
    return skus


def _changes(system: System, skus: list[int]) -> Iterator[float]:
    """One SKU after another gets a few units more, at moments spread over the second; how long until all shops show it."""
    db = system.installation.db
    for change in range(CHANGES):
        sku = skus[change * 7919 % len(skus)]
        time.sleep(change * 0.618 % 1)
        with system.installation.unit_of_work("person:bench") as uow:
            receipts = [inventory.Receipt(sku, 1 + change % 9, 100)]
            inventory.receive(uow, 1, receipts, source=Place.SUPPLIER, document=1, key=f"MORE/{change}", text="more")
        began = time.monotonic()
        [[there]] = db.rows("SELECT SUM(on_hand - reserved) FROM stock_level WHERE sku_id = ?", (sku,))
        while db.rows("SELECT COUNT(*) FROM listing WHERE sku_id = ? AND published = ?", (sku, there)) != [(CHANNELS,)]:
            if time.monotonic() - began > 60:
                raise SystemExit(f"bench: the channels were not told of SKU {sku} within a minute")
            time.sleep(0.005)
        yield time.monotonic() - began


def _code(number: int) -> str:
    return f"SKU-{number:05}"


def _vendors(pipe: Connection, listings: int) -> None:
    """The simulators, in a process of their own as a vendor's machine is; they stop when something is said."""
    kinds = []
    for _, [entry] in sorted(entries().items()):
        register = getattr(entry.load(), "register_simulators", None)
        kinds += [kind for kind in (register() if register else ()) if issubclass(kind, ChannelSimulator)]
    running = [kinds[place % len(kinds)]() for place in range(CHANNELS)]
    for simulator in running:
        simulator.start()
        simulator.open_shop(
            tuple(
                ShopItem(_code(n), f"Thing {n // OPTIONS}", Money(9900, simulator.currency), "", {"Option": str(n % OPTIONS)})
                for n in range(listings)
            )
        )
    pipe.send([(simulator.name, simulator.currency, dict(simulator.settings())) for simulator in running])
    pipe.recv()
    for simulator in running:
        simulator.stop()
