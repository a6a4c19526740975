"""The limit: hand-written SQL that writes the same minimal rows, on sqlite3 and psycopg, with nothing around it.

Per order: customer, address, order, three lines, a conditional update of each stock row, three reservations, a line of
history, an outbox row. Per shipment: order and lines, the stock rows, the reservations, three moves, a parcel, a line of
history, an outbox row. With the indexes that nobody can do without. No checks of what comes in, nobody recognised, no review,
no routing (the warehouse is given), no ledger, no payment: what nobody can be quicker than.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg

PRODUCTS = 20
WAREHOUSES = 3
PLENTY = 100_000_000
HOT = PRODUCTS + 1
"""A product of its own, with as much as `stock_up` says."""
AT = "2026-11-22T04:00:00.000000+00:00"

_TABLES = """
CREATE TABLE customer (id {key}, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL);
CREATE TABLE address (id {key}, customer_id {ref} NOT NULL REFERENCES customer (id), province TEXT NOT NULL,
  city TEXT NOT NULL, detail TEXT NOT NULL, name TEXT NOT NULL, phone TEXT NOT NULL);
CREATE TABLE product (id {key}, code TEXT NOT NULL UNIQUE, price {ref} NOT NULL);
CREATE TABLE stock (id {key}, product_id {ref} NOT NULL REFERENCES product (id), warehouse_id {ref} NOT NULL,
  on_hand {ref} NOT NULL, reserved {ref} NOT NULL, CHECK (reserved >= 0 AND reserved <= on_hand),
  UNIQUE (product_id, warehouse_id));
CREATE TABLE orders (id {key}, shop_id {ref} NOT NULL, external_id TEXT NOT NULL, status TEXT NOT NULL,
  customer_id {ref} NOT NULL REFERENCES customer (id), address_id {ref} NOT NULL REFERENCES address (id),
  buyer_name TEXT NOT NULL, total {ref} NOT NULL, placed_at TEXT NOT NULL, UNIQUE (shop_id, external_id));
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_buyer ON orders (buyer_name);
CREATE TABLE order_line (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), product_id {ref} NOT NULL,
  quantity {ref} NOT NULL, price {ref} NOT NULL, shipped {ref} NOT NULL DEFAULT 0);
CREATE INDEX order_line_order ON order_line (order_id);
CREATE TABLE reservation (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), stock_id {ref} NOT NULL,
  quantity {ref} NOT NULL, state TEXT NOT NULL);
CREATE INDEX reservation_order ON reservation (order_id);
CREATE TABLE move (id {key}, stock_id {ref} NOT NULL, order_id {ref} NOT NULL, quantity {ref} NOT NULL, at TEXT NOT NULL);
CREATE TABLE parcel (id {key}, order_id {ref} NOT NULL REFERENCES orders (id), tracking TEXT NOT NULL);
CREATE TABLE audit (id {key}, entity TEXT NOT NULL, entity_id {ref} NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX audit_entity ON audit (entity, entity_id);
CREATE TABLE outbox (id {key}, topic TEXT NOT NULL, payload TEXT NOT NULL, sent_at TEXT);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL
"""

_CUSTOMER = "INSERT INTO customer (name, email, phone) VALUES (?,?,?)"
_ADDRESS = "INSERT INTO address (customer_id, province, city, detail, name, phone) VALUES (?,?,?,?,?,?)"
_ORDER = (
    "INSERT INTO orders (shop_id, external_id, status, customer_id, address_id, buyer_name, total, placed_at) "
    "VALUES (1,?,'to_ship',?,?,?,?,?)"
)
_TAKE = (
    "UPDATE stock SET reserved = reserved + ? WHERE product_id = ? AND warehouse_id = ? AND on_hand - reserved >= ? "
    "RETURNING id"
)
_LINES = {
    n: f"INSERT INTO order_line (order_id, product_id, quantity, price) VALUES {','.join(['(?,?,?,?)'] * n)}" for n in (1, 3)
}
_KEEP = {
    n: f"INSERT INTO reservation (order_id, stock_id, quantity, state) VALUES {','.join(['(?,?,?,?)'] * n)}" for n in (1, 3)
}
_MOVES = "INSERT INTO move (stock_id, order_id, quantity, at) VALUES (?,?,?,?),(?,?,?,?),(?,?,?,?)"
_AUDIT = "INSERT INTO audit (entity, entity_id, what, at) VALUES ('order',?,?,?)"
_OUTBOX = "INSERT INTO outbox (topic, payload) VALUES (?,?)"
_NEWEST = (
    "SELECT id, external_id, status, buyer_name, total, placed_at FROM orders WHERE status = ? AND buyer_name = ? "
    "ORDER BY id DESC LIMIT 50"
)

Wanted = tuple[tuple[int, int, int], ...]
"""(product, quantity, price) of each line."""


def order(no: int) -> Wanted:
    """What the order of this number is about."""
    return tuple(((no * 7 + place * 3) % PRODUCTS + 1, 1 + (no + place) % 2, 9900) for place in range(3))


class SoldOut(Exception):
    """A conditional update found less than was wanted."""


class Raw(ABC):
    """One database, written by hand."""

    def intake(self, numbers: Sequence[int]) -> None:
        """Import and reserve these orders, all in one transaction."""
        with self._transaction():
            for no in numbers:
                self._place(no, sorted(order(no)), no % WAREHOUSES + 1)

    def buy_hot(self, no: int) -> bool:
        """One unit of the hot product for one order; False when there is none left."""
        try:
            with self._transaction():
                self._place(no, [(HOT, 1, 9900)], 1)
        except SoldOut:
            return False
        return True

    def stock_up(self, units: int) -> None:
        """Put so many units of the hot product into the first warehouse."""
        with self._transaction():
            self._run("INSERT INTO product VALUES (?,'HOT',9900)", (HOT,))
            self._run("INSERT INTO stock (product_id, warehouse_id, on_hand, reserved) VALUES (?,1,?,0)", (HOT, units))

    def _place(self, no: int, lines: Sequence[tuple[int, int, int]], warehouse: int) -> None:
        run, name = self._run, f"Buyer {no % 97:02}"
        customer = self._new(_CUSTOMER, (name, "", "13800000000"))
        address = self._new(_ADDRESS, (customer, "上海", "上海市", f"某路{no}号", name, "13800000000"))
        total = sum(count * price for _, count, price in lines)
        placed = self._new(_ORDER, (f"B{no}", customer, address, name, total, AT))
        run(_LINES[len(lines)], [part for line in lines for part in (placed, *line)])
        run(_AUDIT, (placed, "placed", AT))
        run(_OUTBOX, ("order_placed", f'{{"order":{placed}}}'))
        kept: list[Any] = []
        for product, count, _ in lines:
            row = run(_TAKE, (count, product, warehouse, count)).fetchone()
            if row is None:
                raise SoldOut
            kept += (placed, row[0], count, "held")
        run(_KEEP[len(lines)], kept)

    def ship(self, order_id: int) -> None:
        run = self._run
        with self._transaction():
            kept = run(
                "SELECT stock_id, quantity FROM reservation WHERE order_id = ? ORDER BY stock_id", (order_id,)
            ).fetchall()
            run("UPDATE orders SET status = 'shipped' WHERE id = ?", (order_id,))
            run("UPDATE order_line SET shipped = quantity WHERE order_id = ?", (order_id,))
            for stock, count in kept:
                run("UPDATE stock SET on_hand = on_hand - ?, reserved = reserved - ? WHERE id = ?", (count, count, stock))
            run("UPDATE reservation SET state = 'consumed' WHERE order_id = ?", (order_id,))
            run(_MOVES, [part for stock, count in kept for part in (stock, order_id, count, AT)])
            run("INSERT INTO parcel (order_id, tracking) VALUES (?,?)", (order_id, f"SF{order_id}"))
            run(_AUDIT, (order_id, "shipped", AT))
            run(_OUTBOX, ("order_shipped", f'{{"order":{order_id}}}'))

    def newest(self, status: str, name: str) -> int:
        """How many of the 50 newest orders of a status and a buyer there are."""
        with self._reading():
            return len(self._run(_NEWEST, (status, name)).fetchall())

    def hot(self) -> tuple[int, int, int]:
        """Of the hot product: (on hand, reserved, units in reservations)."""
        text = (
            "SELECT s.on_hand, s.reserved, (SELECT COALESCE(SUM(r.quantity), 0) FROM reservation r WHERE r.stock_id = s.id) "
            "FROM stock s WHERE s.product_id = ?"
        )
        with self._reading():
            on_hand, reserved, promised = self._run(text, (HOT,)).fetchone()
        return on_hand, reserved, int(promised)

    def found(self) -> None:
        """Tables and stock, in an empty database."""
        key, ref = self._types()
        with self._transaction():
            for statement in _TABLES.format(key=key, ref=ref).split(";"):
                self._run(statement, ())
            for product in range(1, PRODUCTS + 1):
                self._run("INSERT INTO product VALUES (?,?,9900)", (product, f"SKU-{product:02}"))
                for warehouse in range(1, WAREHOUSES + 1):
                    self._run(
                        "INSERT INTO stock (product_id, warehouse_id, on_hand, reserved) VALUES (?,?,?,0)",
                        (product, warehouse, PLENTY),
                    )

    @abstractmethod
    def _types(self) -> tuple[str, str]:
        """How a primary key is declared, and a whole number."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[object]: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[object]: ...

    @abstractmethod
    def _run(self, sql: str, values: Sequence[Any]) -> Any: ...

    @abstractmethod
    def _new(self, sql: str, values: Sequence[Any]) -> int:
        """Write a row; its id."""

    @abstractmethod
    def close(self) -> None: ...


class RawSqlite(Raw):
    """sqlite3 with WAL, synchronous=NORMAL, immediate transactions."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        for pragma in ("journal_mode = wal", "synchronous = normal", "foreign_keys = 1"):
            self._db.execute(f"PRAGMA {pragma}")
        self._execute = self._db.execute

    def _types(self) -> tuple[str, str]:
        return "INTEGER PRIMARY KEY", "INTEGER"

    @contextmanager
    def _transaction(self) -> Any:
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK")
            raise
        self._execute("COMMIT")

    @contextmanager
    def _reading(self) -> Any:
        yield

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        return self._execute(sql, values)

    def _new(self, sql: str, values: Sequence[Any]) -> int:
        return int(self._execute(sql, values).lastrowid or 0)

    def close(self) -> None:
        self._db.close()


class RawPostgres(Raw):
    """psycopg 3, one statement after another, prepared."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        self._cursor = self._db.cursor()
        self._texts: dict[str, bytes] = {}

    def _types(self) -> tuple[str, str]:
        return "BIGSERIAL PRIMARY KEY", "BIGINT"

    def _transaction(self) -> Any:
        return self._db.transaction()

    _reading = _transaction

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("?", "%s").encode()
        return self._cursor.execute(text, values or None, prepare=bool(values))

    def _new(self, sql: str, values: Sequence[Any]) -> int:
        [id_] = self._run(f"{sql} RETURNING id", values).fetchone()
        return int(id_)

    def close(self) -> None:
        self._db.close()


def open_raw(url: str) -> Raw:
    """The hand-written program on a database of its own."""
    return RawSqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else RawPostgres(url)
