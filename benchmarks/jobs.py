"""The jobs, each a function from a stand to lines: what ours, the limit and the peer do by turns, and how big a turn is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import Took, Turn, by_turns, compared, short, timed
from ours import House, found_house
from peer import Peer
from raw import Raw, open_raw
from same_rows import SameRows, recorded

Line = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much of everything; `scale` times what gives a steady figure in a minute."""

    repetitions: int
    scale: float
    grown: int
    page: int
    waiting: int

    def of(self, count: int) -> int:
        return max(10, int(count * self.scale))


@dataclass
class Stand:
    """Where one job is measured on one engine: databases of its own, a folder, the peer if it is wanted."""

    database: str
    create: Callable[[], str]
    home: Path
    sizes: Sizes
    with_peer: bool
    _made: int = 0

    def house(self) -> House:
        self._made += 1
        home = self.home / f"house{self._made}"
        home.mkdir()
        return found_house(self.create(), home)

    def raw(self) -> Raw:
        made = open_raw(self.create())
        made.found()
        return made

    def peer(self) -> Peer | None:
        return Peer(self.create()) if self.with_peer else None


class _Numbers:
    """Order numbers for the hand-written program."""

    def __init__(self) -> None:
        self.last = 0

    def next(self, count: int) -> range:
        first, self.last = self.last + 1, self.last + count
        return range(first, first + count)


def _raw_intake(raw: Raw, numbers: _Numbers, count: int, together: int = 1) -> Took:
    given = numbers.next(count)

    def work() -> None:
        for start in range(0, count, together):
            raw.intake(given[start : start + together])

    return timed(work, count)


def _our_intake(house: House, count: int, together: int = 1) -> Took:
    drafts = house.drafts(count)
    return timed(lambda: house.intake(drafts, together), count)


def _intakes(stand: Stand, together: int) -> tuple[Line, House]:
    house, raw, peer, numbers, of = stand.house(), stand.raw(), stand.peer(), _Numbers(), stand.sizes.of
    count, twin = of(300 if together == 1 else 1000), stand.house()
    drafts = [twin.drafts(count) for _ in range(stand.sizes.repetitions + 1)]
    rows = SameRows(recorded(twin, lambda: [twin.intake(some, together) for some in drafts]), stand.house())
    turns: dict[str, Turn] = {
        "raw": lambda: _raw_intake(raw, numbers, of(1500 if together == 1 else 4000), together),
        "same_rows": lambda: rows.send(-(-count // together), count),
        "ours": lambda: _our_intake(house, count, together),
    }
    if peer:
        turns["peer"] = lambda: peer.run("intake", of(30), together)
    line: Line = {"unit": "orders/s"} | compared(by_turns(turns, stand.sizes.repetitions))
    line["statements"] = house.statements(lambda: house.intake(house.drafts(together), together))
    if peer:
        line["peer_statements"] = peer.statements("intake")
        peer.close()
    raw.close()
    twin.system.close()
    return line, house


def intake(stand: Stand) -> Iterator[Line]:
    """One order per transaction: imported, reviewed, routed over three warehouses, reserved."""
    line, house = _intakes(stand, 1)
    house.prove()
    yield line
    house.system.close()


def intake_batch(stand: Stand) -> Iterator[Line]:
    """The same, 50 orders per transaction."""
    line, house = _intakes(stand, 50)
    house.prove()
    yield line
    house.system.close()


def ship(stand: Stand) -> Iterator[Line]:
    """A packed parcel leaves."""
    house, raw, peer, numbers, of = stand.house(), stand.raw(), stand.peer(), _Numbers(), stand.sizes.of
    count, twin, copy = of(300), stand.house(), stand.house()

    def packed(at: House, times: int = 1) -> list[int]:
        return at.pack(at.intake(at.drafts(times * count), 50))

    waiting = [packed(one, stand.sizes.repetitions + 1) for one in (twin, copy)]
    rows = SameRows(recorded(twin, lambda: twin.ship(waiting[0])), copy)

    def ours() -> Took:
        fo_ids = packed(house)
        return timed(lambda: house.ship(fo_ids), len(fo_ids))

    def limit() -> Took:
        given = numbers.next(of(1500))
        raw.intake(given)
        return timed(lambda: [raw.ship(no) for no in given], len(given))

    turns: dict[str, Turn] = {"raw": limit, "same_rows": lambda: rows.send(count, count), "ours": ours}
    if peer:

        def theirs() -> Took:
            peer.run("intake", of(30))
            return peer.run("ship", of(30))

        turns["peer"] = theirs
    line: Line = {"unit": "shipments/s"} | compared(by_turns(turns, stand.sizes.repetitions))
    [last] = house.pack(house.intake(house.drafts(1)))
    line["statements"] = house.statements(lambda: house.ship([last]))
    if peer:
        peer.run("intake", 1)
        line["peer_statements"] = peer.statements("ship")
        peer.close()
    house.prove()
    yield line
    raw.close()
    for one in (house, twin):
        one.system.close()


def page(stand: Stand) -> Iterator[Line]:
    """The newest orders of a status and a buyer's name among many, as the orders page shows them; without HTTP."""
    house, raw, peer, numbers, of = stand.house(), stand.raw(), stand.peer(), _Numbers(), stand.sizes.of
    house.intake(house.drafts(stand.sizes.page), 500)
    for start in range(0, stand.sizes.page, 500):
        raw.intake(numbers.next(min(500, stand.sizes.page - start)))
    turns: dict[str, Turn] = {
        "raw": lambda: timed(lambda: [raw.newest("to_ship", "Buyer 05") for _ in range(of(300))], of(300)),
        "ours": lambda: timed(lambda: [house.newest("Buyer 05") for _ in range(of(300))], of(300)),
    }
    if peer:
        peer.fill(stand.sizes.page)
        turns["peer"] = lambda: peer.run("list", of(30))
    took = by_turns(turns, stand.sizes.repetitions)
    line: Line = {"unit": "ms", "orders": stand.sizes.page} | compared(took)
    for name, turn in took.items():
        line[name] = short(1000 / statistics.median(one.rate for one in turn))
    line["statements"] = house.statements(lambda: house.newest("Buyer 05"))
    yield line
    if peer:
        peer.close()
    raw.close()
    house.system.close()


def waiting(stand: Stand) -> Iterator[Line]:
    """Many single-line orders in one run: all reviewed, routed and reserved at once; then as many served by one receipt."""
    from waiting import all_released, all_served

    for case, work in (("released", all_released), ("served", all_served)):
        took, house = [], None
        for _ in range(stand.sizes.repetitions):
            house = stand.house()
            took.append(work(house, stand.sizes.waiting))
            house.prove()
            house.system.close()
        line: Line = {"unit": "orders/s", "case": case, "orders": stand.sizes.waiting} | compared({"ours": took})
        line["seconds"] = short(statistics.median(one.seconds for one in took))
        yield line


def memory(stand: Stand) -> Iterator[Line]:
    """The most memory a process used that took in 5,000 orders; the peer's after 500."""
    from apart import apart

    line: Line = {"unit": "MB", "raw": None, "peer": None}
    line["ours"] = round(apart(_peak_of_ours, stand.create(), str(stand.home), stand.sizes.of(5000)))
    line["raw"] = round(apart(_peak_of_raw, stand.create(), stand.sizes.of(5000)))
    if peer := stand.peer():
        peer.run("intake", stand.sizes.of(500))
        line["peer"] = round(peer.peak())
        peer.close()
    line["vs_raw"] = short(line["raw"] / line["ours"])
    line["vs_peer"] = short(line["peer"] / line["ours"]) if peer else None
    yield line


def _peak() -> float:
    """MB; the kernel's own mark, for what getrusage says of a process begins with its parent's."""
    return int(Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1024


def _peak_of_ours(url: str, home: str, count: int) -> float:
    folder = Path(home, "apart")
    folder.mkdir()
    house = found_house(url, folder)
    for _ in range(count):
        house.intake(house.drafts(1))
    house.system.close()
    return _peak()


def _peak_of_raw(url: str, count: int) -> float:
    raw = open_raw(url)
    raw.found()
    for no in range(1, count + 1):
        raw.intake([no])
    raw.close()
    return _peak()


def growth(stand: Stand) -> Iterator[Line]:
    """What an intake costs among many orders, as a multiple of what it costs among 1,000; both by turns."""
    from growing import multiply

    small, large, of = stand.house(), stand.house(), stand.sizes.of
    for house in (small, large):
        house.intake(house.drafts(1000), 50)
    began = time.monotonic()
    multiply(large, stand.sizes.grown)
    filled = time.monotonic() - began
    large.prove()
    took = by_turns({"small": lambda: _our_intake(small, of(100)), "large": lambda: _our_intake(large, of(100))}, 8)
    pairs = list(zip(took["large"], took["small"], strict=True))
    line: Line = {"unit": "times", "orders": stand.sizes.grown, "raw": None, "peer": None, "vs_raw": None, "vs_peer": None}
    line["ours"] = short(statistics.median(one.seconds / other.seconds for one, other in pairs))
    line["ours_cpu"] = short(statistics.median(one.cpu / other.cpu for one, other in pairs))
    line["cpu_ms"] = short(statistics.median(one.cpu_ms for one, _ in pairs))
    line["fill_seconds"] = round(filled)
    yield line
    for house in (small, large):
        house.system.close()


def hot_sku(stand: Stand) -> Iterator[Line]:
    """Several writers, each a process, order the last 1,000 units of one SKU, and some more."""
    from racing import race

    yield from race(stand)


def publish(stand: Stand) -> Iterator[Line]:
    """From a stock change to the last channel's acknowledgement."""
    from publishing import acknowledged

    yield from acknowledged(stand)


JOBS: dict[str, Callable[[Stand], Iterator[Line]]] = {
    "intake": intake,
    "ship": ship,
    "intake_batch": intake_batch,
    "growth": growth,
    "list": page,
    "hot_sku": hot_sku,
    "publish": publish,
    "waiting": waiting,
    "memory": memory,
}
