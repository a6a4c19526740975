"""Several processes that order the last units of one SKU: how quick, and whether anybody is promised what is not there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apart import at_once
from jobs import Stand
from measuring import Took, by_turns, compared
from ours import open_house
from raw import open_raw

UNITS = 1000
WRITERS = (4, 8)
MORE = 1.2
"""So many times the units are wanted."""


def race(stand: Stand) -> Iterator[dict[str, Any]]:
    for writers in WRITERS:
        each = int(UNITS * MORE / writers)
        oversold: list[int] = []

        def ours(writers: int = writers, each: int = each, oversold: list[int] = oversold) -> Took:
            house = stand.house()
            house.stock_up(UNITS)
            url, home = house.system.config.url, str(house.system.config.home)
            house.system.close()
            took = _together(at_once(_order, [(url, home, one, each) for one in range(writers)]))
            oversold.append(_beyond(house.hot_stock()))
            house.prove()
            house.system.close()
            return took

        def limit(writers: int = writers, each: int = each, oversold: list[int] = oversold) -> Took:
            url = stand.create()
            raw = open_raw(url)
            raw.found()
            raw.stock_up(UNITS)
            took = _together(at_once(_take, [(url, one, each) for one in range(writers)]))
            _beyond(raw.hot())
            raw.close()
            return took

        line: dict[str, Any] = {"unit": "orders/s", "writers": writers}
        line |= compared(by_turns({"raw": limit, "ours": ours}, stand.sizes.repetitions))
        yield line | {"oversold": sum(oversold), "sold": UNITS, "runs": len(oversold)}


def _together(parts: list[tuple[int, float, float, float]]) -> Took:
    """Of (orders, begin, end, cpu) of each process: from the first begin to the last end."""
    seconds = max(end for _, _, end, _ in parts) - min(begin for _, begin, _, _ in parts)
    return Took(sum(count for count, *_ in parts), seconds, statistics.fsum(cpu for *_, cpu in parts))


def _beyond(stock: tuple[int, int, int]) -> int:
    """Units promised that are not there; everything there must be sold, and the counter say what the reservations say."""
    on_hand, reserved, promised = stock
    if reserved != promised or reserved < on_hand:
        raise SystemExit(f"bench: of {on_hand} units {reserved} are reserved, and {promised} by reservations")
    return max(0, promised - on_hand)


def _order(barrier: Any, url: str, home: str, writer: int, count: int) -> tuple[int, float, float, float]:
    house = open_house(url, Path(home))
    drafts = [house.draft(1_000_000 * (writer + 1) + no, [house.hot]) for no in range(count)]
    barrier.wait()
    begin, cpu = time.monotonic(), time.process_time()
    house.intake(drafts)
    end = time.monotonic()
    house.system.close()
    return count, begin, end, time.process_time() - cpu


def _take(barrier: Any, url: str, writer: int, count: int) -> tuple[int, float, float, float]:
    raw = open_raw(url)
    barrier.wait()
    begin, cpu = time.monotonic(), time.process_time()
    for no in range(count):
        raw.buy_hot(1_000_000 * (writer + 1) + no)
    end = time.monotonic()
    raw.close()
    return count, begin, end, time.process_time() - cpu
