"""The limit: hand-written SQL that writes the same minimal rows, on sqlite3 and psycopg, with nothing around it.

Per order: customer, address, order, three lines, a conditional update of each stock row, three reservations, a line of
history. Per shipment: order and lines, the stock rows, the reservations, three moves, a parcel, a line of history. No checks of what
comes in, no review, no routing (the warehouse is given), no ledger, no payment: what nobody can be quicker than.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

import psycopg

PRODUCTS = 20
WAREHOUSES = 3

_TABLES = """
CREATE TABLE customer (id {key}, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL);
CREATE TABLE address (id {key}, customer_id {ref} NOT NULL REFERENCES customer (id), province TEXT NOT NULL, city TEXT NOT NULL,
  detail TEXT NOT NULL, name TEXT NOT NULL, phone TEXT NOT NULL);
CREATE TABLE product (id {key}, code TEXT NOT NULL UNIQUE, price {ref} NOT NULL);
CREATE TABLE stock (id {key}, product_id {ref} NOT NULL REFERENCES product (id), warehouse_id {ref} NOT NULL,
  on_hand {ref} NOT NULL, reserved {ref} NOT NULL, CHECK (reserved >= 0 AND reserved <= on_hand),
  UNIQUE (product_id, warehouse_id));
CREATE TABLE orders (id {key}, shop_id {ref} NOT NULL, external_id TEXT NOT NULL, status TEXT NOT NULL,
  customer_id {ref} NOT NULL REFERENCES customer (id), address_id {ref} NOT NULL REFERENCES address (id),
  buyer_name TEXT NOT NULL, total {ref} NOT NULL, placed_at TEXT NOT NULL, UNIQUE (shop_id, external_id));
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_buyer ON orders (buyer_name);
CREATE TABLE order_line (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), product_id {ref} NOT NULL, quantity {ref} NOT NULL,
  price {ref} NOT NULL, shipped {ref} NOT NULL DEFAULT 0);
CREATE INDEX order_line_order ON order_line (order_id);
CREATE TABLE reservation (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), stock_id {ref} NOT NULL, quantity {ref} NOT NULL,
  state TEXT NOT NULL);
CREATE INDEX reservation_order ON reservation (order_id);
CREATE TABLE move (id {key}, stock_id {ref} NOT NULL, order_id {ref} NOT NULL, quantity {ref} NOT NULL, at TEXT NOT NULL);
CREATE TABLE parcel (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), tracking TEXT NOT NULL);
CREATE TABLE audit (id {key}, entity TEXT NOT NULL, entity_id {ref} NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX audit_entity ON audit (entity, entity_id);
"""


class Raw(Protocol):
    """One database, written by hand."""

    def intake(self, numbers: Sequence[int]) -> None:
        """Import and reserve these orders, all in one transaction."""

    def ship(self, order_id: int) -> None: ...

    def newest(self, status: str, name: str) -> int:
        """How many of the 50 newest orders of a status and a buyer there are."""

    def close(self) -> None: ...


def order(no: int) -> tuple[tuple[Any, ...], ...]:
    """The numbers of one order: (product, quantity, price) three times."""
    return tuple(((no * 7 + place * 3) % PRODUCTS + 1, 1 + (no + place) % 2, 9900) for place in range(3))


class RawSqlite:
    """sqlite3 with WAL, synchronous=NORMAL, immediate transactions."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = wal", "synchronous = normal", "foreign_keys = 1", "busy_timeout = 30000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_TABLES.format(key="INTEGER PRIMARY KEY", ref="INTEGER"))
        with self._db:
            for product in range(1, PRODUCTS + 1):
                self._db.execute("INSERT INTO product VALUES (?,?,9900)", (product, f"SKU-{product:02}"))
                for warehouse in range(1, WAREHOUSES + 1):
                    self._db.execute(
                        "INSERT INTO stock (product_id, warehouse_id, on_hand, reserved) VALUES (?,?,100000000,0)",
                        (product, warehouse),
                    )

    def intake(self, numbers: Sequence[int]) -> None:
        run = self._db.execute
        run("BEGIN IMMEDIATE")
        for no in numbers:
            lines = sorted(order(no))
            name = f"Buyer {no % 97}"
            customer = run("INSERT INTO customer (name, email, phone) VALUES (?,?,?)", (name, "", "13800000000")).lastrowid
            address = run(
                "INSERT INTO address (customer_id, province, city, detail, name, phone) VALUES (?,?,?,?,?,?)",
                (customer, "上海", "上海市", f"某路{no}号", name, "13800000000"),
            ).lastrowid
            at = "2026-11-22T04:00:00.000000+00:00"
            placed = run(
                "INSERT INTO orders (shop_id, external_id, status, customer_id, address_id, buyer_name, total, placed_at) "
                "VALUES (1,?,'to_ship',?,?,?,?,?)",
                (f"B{no}", customer, address, name, sum(count * price for _, count, price in lines), at),
            ).lastrowid
            run(
                "INSERT INTO order_line (order_id, product_id, quantity, price) VALUES (?,?,?,?),(?,?,?,?),(?,?,?,?)",
                [part for line in lines for part in (placed, *line)],
            )
            warehouse = no % WAREHOUSES + 1
            kept: list[Any] = []
            for product, count, _ in lines:
                row = run(
                    "UPDATE stock SET reserved = reserved + ? WHERE product_id = ? AND warehouse_id = ? "
                    "AND on_hand - reserved >= ? RETURNING id",
                    (count, product, warehouse, count),
                ).fetchone()
                if row is None:
                    raise RuntimeError("out of stock")
                kept += (placed, row[0], count, "held")
            run("INSERT INTO reservation (order_id, stock_id, quantity, state) VALUES (?,?,?,?),(?,?,?,?),(?,?,?,?)", kept)
            run("INSERT INTO audit (entity, entity_id, what, at) VALUES ('order',?,'placed',?)", (placed, at))
        run("COMMIT")

    def ship(self, order_id: int) -> None:
        run = self._db.execute
        run("BEGIN IMMEDIATE")
        kept = run("SELECT stock_id, quantity FROM reservation WHERE order_id = ? ORDER BY stock_id", (order_id,)).fetchall()
        run("UPDATE orders SET status = 'shipped' WHERE id = ?", (order_id,))
        run("UPDATE order_line SET shipped = quantity WHERE order_id = ?", (order_id,))
        at = "2026-11-22T04:00:00.000000+00:00"
        for stock, count in kept:
            run("UPDATE stock SET on_hand = on_hand - ?, reserved = reserved - ? WHERE id = ?", (count, count, stock))
        run("UPDATE reservation SET state = 'consumed' WHERE order_id = ?", (order_id,))
        run(
            "INSERT INTO move (stock_id, order_id, quantity, at) VALUES (?,?,?,?),(?,?,?,?),(?,?,?,?)",
            [part for stock, count in kept for part in (stock, order_id, count, at)],
        )
        run("INSERT INTO parcel (order_id, tracking) VALUES (?,?)", (order_id, f"SF{order_id}"))
        run("INSERT INTO audit (entity, entity_id, what, at) VALUES ('order',?,'shipped',?)", (order_id, at))
        run("COMMIT")

    def newest(self, status: str, name: str) -> int:
        return len(
            self._db.execute(
                "SELECT id, external_id, status, buyer_name, total, placed_at FROM orders WHERE status = ? AND buyer_name = ? "
                "ORDER BY id DESC LIMIT 50",
                (status, name),
            ).fetchall()
        )

    def close(self) -> None:
        self._db.close()


class RawPostgres:
    """psycopg 3, one statement after another, prepared by itself."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        with self._db.transaction():
            for statement in _TABLES.format(key="BIGSERIAL PRIMARY KEY", ref="BIGINT").split(";"):
                if statement.strip():
                    self._db.execute(statement.encode())
            for product in range(1, PRODUCTS + 1):
                self._db.execute("INSERT INTO product VALUES (%s,%s,9900)", (product, f"SKU-{product:02}"))
                for warehouse in range(1, WAREHOUSES + 1):
                    self._db.execute(
                        "INSERT INTO stock (product_id, warehouse_id, on_hand, reserved) VALUES (%s,%s,100000000,0)",
                        (product, warehouse),
                    )

    def intake(self, numbers: Sequence[int]) -> None:
        with self._db.transaction(), self._db.cursor() as cursor:

            def run(sql: bytes, values: Sequence[Any]) -> Any:
                cursor.execute(sql, values, prepare=True)
                return cursor

            for no in numbers:
                lines = sorted(order(no))
                name = f"Buyer {no % 97}"
                [customer] = run(
                    b"INSERT INTO customer (name, email, phone) VALUES (%s,%s,%s) RETURNING id", (name, "", "13800000000")
                ).fetchone()
                [address] = run(
                    b"INSERT INTO address (customer_id, province, city, detail, name, phone) VALUES (%s,%s,%s,%s,%s,%s) RETURNING id",
                    (customer, "上海", "上海市", f"某路{no}号", name, "13800000000"),
                ).fetchone()
                at = "2026-11-22T04:00:00.000000+00:00"
                [placed] = run(
                    b"INSERT INTO orders (shop_id, external_id, status, customer_id, address_id, buyer_name, total, placed_at) "
                    b"VALUES (1,%s,'to_ship',%s,%s,%s,%s,%s) RETURNING id",
                    (f"B{no}", customer, address, name, sum(count * price for _, count, price in lines), at),
                ).fetchone()
                run(
                    b"INSERT INTO order_line (order_id, product_id, quantity, price) "
                    b"VALUES (%s,%s,%s,%s),(%s,%s,%s,%s),(%s,%s,%s,%s)",
                    [part for line in lines for part in (placed, *line)],
                )
                warehouse = no % WAREHOUSES + 1
                kept: list[Any] = []
                for product, count, _ in lines:
                    row = run(
                        b"UPDATE stock SET reserved = reserved + %s WHERE product_id = %s AND warehouse_id = %s "
                        b"AND on_hand - reserved >= %s RETURNING id",
                        (count, product, warehouse, count),
                    ).fetchone()
                    if row is None:
                        raise RuntimeError("out of stock")
                    kept += (placed, row[0], count, "held")
                run(
                    b"INSERT INTO reservation (order_id, stock_id, quantity, state) "
                    b"VALUES (%s,%s,%s,%s),(%s,%s,%s,%s),(%s,%s,%s,%s)",
                    kept,
                )
                run(b"INSERT INTO audit (entity, entity_id, what, at) VALUES ('order',%s,'placed',%s)", (placed, at))

    def ship(self, order_id: int) -> None:
        with self._db.transaction(), self._db.cursor() as cursor:

            def run(sql: bytes, values: Sequence[Any]) -> Any:
                cursor.execute(sql, values, prepare=True)
                return cursor

            kept = run(
                b"SELECT stock_id, quantity FROM reservation WHERE order_id = %s ORDER BY stock_id", (order_id,)
            ).fetchall()
            run(b"UPDATE orders SET status = 'shipped' WHERE id = %s", (order_id,))
            run(b"UPDATE order_line SET shipped = quantity WHERE order_id = %s", (order_id,))
            at = "2026-11-22T04:00:00.000000+00:00"
            for stock, count in kept:
                run(b"UPDATE stock SET on_hand = on_hand - %s, reserved = reserved - %s WHERE id = %s", (count, count, stock))
            run(b"UPDATE reservation SET state = 'consumed' WHERE order_id = %s", (order_id,))
            run(
                b"INSERT INTO move (stock_id, order_id, quantity, at) VALUES (%s,%s,%s,%s),(%s,%s,%s,%s),(%s,%s,%s,%s)",
                [part for stock, count in kept for part in (stock, order_id, count, at)],
            )
            run(b"INSERT INTO parcel (order_id, tracking) VALUES (%s,%s)", (order_id, f"SF{order_id}"))
            run(b"INSERT INTO audit (entity, entity_id, what, at) VALUES ('order',%s,'shipped',%s)", (order_id, at))

    def newest(self, status: str, name: str) -> int:
        with self._db.transaction():
            cursor = self._db.execute(
                b"SELECT id, external_id, status, buyer_name, total, placed_at FROM orders WHERE status = %s AND buyer_name = %s "
                b"ORDER BY id DESC LIMIT 50",
                (status, name),
            )
            return len(cursor.fetchall())

    def close(self) -> None:
        self._db.close()


def open_raw(url: str) -> Raw:
    """The hand-written program on an empty database."""
    return RawSqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else RawPostgres(url)


def sell_out(url: str, units: int) -> tuple[int, int]:
    """Sell one unit at a time from one stock row until it is empty: (sold, attempts refused)."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)) as db:
        sold = 0
        while db.execute("UPDATE stock SET reserved = reserved + 1 WHERE id = 1 AND on_hand - reserved >= 1").rowcount:
            sold += 1
        return sold, 1
