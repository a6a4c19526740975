"""What an intake costs: our whole command beside hand-written SQL that writes the least any shop must, interleaved in one run.

    .venv/bin/python benchmarks/intake.py [orders]

Prints one JSON object: orders a second (median of the repetitions) and statements an order, and ours as a share of the
hand-written program. Read the ratio; the rates are the machine's.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from orderyard.app import Config, System
from orderyard.core.testing.builders import AT, House, door, found
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport

REPETITIONS = 3

SCHEMA = """
CREATE TABLE stock (id INTEGER PRIMARY KEY, on_hand INT, reserved INT DEFAULT 0, CHECK (reserved <= on_hand));
CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT UNIQUE, total INT, status TEXT);
CREATE TABLE address (id INTEGER PRIMARY KEY, order_id INT, name TEXT, text TEXT);
CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INT, stock_id INT, quantity INT, amount INT);
CREATE TABLE reservation (id INTEGER PRIMARY KEY, line_id INT, stock_id INT, quantity INT);
CREATE TABLE audit (id INTEGER PRIMARY KEY, order_id INT, text TEXT);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, order_id INT, payload TEXT);
"""


class ByHand:
    """The floor: order, address, three lines, three conditional stock updates, three reservations, audit and outbox rows."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=wal; PRAGMA synchronous=normal; {SCHEMA}")
        self._db.executemany("INSERT INTO stock (id, on_hand) VALUES (?, 1000000)", [(1,), (2,), (3,)])
        self._count = 0

    def run(self, orders: int) -> float:
        began = time.perf_counter()
        for _ in range(orders):
            self._count += 1
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            order = db.execute(
                "INSERT INTO orders (number, total, status) VALUES (?,?,?)", (f"N{self._count}", 22600, "to_ship")
            ).lastrowid
            db.execute("INSERT INTO address (order_id, name, text) VALUES (?,?,?)", (order, "测试", "某路1号"))
            for stock, quantity, amount in ((1, 1, 9900), (2, 2, 9800), (3, 1, 2900)):
                line = db.execute(
                    "INSERT INTO line (order_id, stock_id, quantity, amount) VALUES (?,?,?,?)", (order, stock, quantity, amount)
                ).lastrowid
                taken = db.execute(
                    "UPDATE stock SET reserved = reserved + ? WHERE id = ? AND on_hand - reserved >= ?",
                    (quantity, stock, quantity),
                )
                if taken.rowcount != 1:
                    raise SystemExit("the benchmark ran out of stock")
                db.execute("INSERT INTO reservation (line_id, stock_id, quantity) VALUES (?,?,?)", (line, stock, quantity))
            db.execute("INSERT INTO audit (order_id, text) VALUES (?,?)", (order, "placed"))
            db.execute("INSERT INTO outbox (order_id, payload) VALUES (?,?)", (order, "{}"))
            db.execute("COMMIT")
        return orders / (time.perf_counter() - began)


class Ours:
    """Placed, reviewed, routed over three warehouses, reserved, posted to the ledger, noted in the history; one transaction."""

    def __init__(self, home: Path) -> None:
        url = f"sqlite:///{home / 'bench.db'}"
        found(url)
        environment = FixedEnvironment(AT)
        self._house = House(System(Config(home, url), environment=environment, transport=ScriptedTransport()), environment)
        for warehouse in self._house.warehouses:
            self._house.receive(warehouse, TEE=1_000_000, CAP=1_000_000, MUG=1_000_000)
        self._count = 0
        self.statements = 0

    def run(self, orders: int) -> float:
        drafts = []
        for _ in range(orders):
            self._count += 1
            drafts.append(self._house.order(("TEE", 1), ("CAP", 2), ("MUG", 1), to=door(self._count)))
        began = time.perf_counter()
        for draft in drafts:
            self._house.place(draft)
        rate = orders / (time.perf_counter() - began)
        seen: list[str] = []
        self._house.db.observers.append(seen.append)
        self._house.place(self._house.order(("TEE", 1), ("CAP", 2), ("MUG", 1), to=door(10_000_000 + self._count)))
        self._house.db.observers.clear()
        self.statements = len(seen)
        return rate

    def verified(self) -> bool:
        return not self._house.system.verify()


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        ours, raw = Ours(Path(folder)), ByHand(Path(folder) / "raw.db")
        ours.run(20)
        raw.run(20)
        pairs = [(ours.run(orders), raw.run(orders)) for _ in range(REPETITIONS)]
        mine, floor = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        print(
            json.dumps(
                {
                    "bench": "intake", "database": "sqlite", "orders": orders, "ours": round(mine), "raw": round(floor),
                    "vs_raw": round(mine / floor, 3), "statements": ours.statements, "verified": ours.verified(),
                }
            )
        )  # fmt: skip


if __name__ == "__main__":
    main()
