"""Many orders quickly: the rows of those that are there, written again under other ids, numbers and keys.

What a row says beyond that stays: the copies are rows as intake wrote them, so that indexes and tables are as big as they would
be, and `orderyard verify` finds nothing. Stock counters grow with the reservations.
"""

from __future__ import annotations

from ours import House

_IDS = {
    "customer": ("id",),
    "customer_identity": ("id", "customer_id"),
    "postal_address": ("id",),
    "sales_order": ("id", "customer_id", "address_id"),
    "order_line": ("id", "order_id"),
    "payment": ("id", "order_id"),
    "fulfillment_order": ("id", "address_id"),
    "fo_line": ("id", "fo_id", "order_id", "line_id"),
    "reservation": ("id", "holder"),
    "ledger_entry": ("id", "document"),
    "ledger_posting": ("id", "entry_id"),
    "task": ("id",),
    "audit": ("id", "document"),
}
"""Tables that an intake writes to, with the columns that hold ids of such rows; every one is moved by the same distance."""

_NAMES = {
    "customer_identity": ("value",),
    "postal_address": ("detail", "merge_key"),
    "sales_order": ("external_id", "external_number"),
    "payment": ("key",),
    "fulfillment_order": ("merge_key",),
    "ledger_entry": ("ref",),
}
"""Texts that tell one order from another; each copy gets its own."""

_OF_ORDERS = {
    "audit": " AND kind = 'order'",
    "ledger_entry": " AND kind = 'order'",
    "ledger_posting": " AND entry_id IN (SELECT e.id FROM ledger_entry e WHERE e.kind = 'order')",
}
"""Tables in which there is more than orders."""

_DISTANCE = 20_000
"""Between the ids of an order and those of its copy; more than there are rows of any of these tables at first."""


def multiply(house: House, orders: int) -> None:
    """Copy the orders that are there until there are so many; what they reserved is reserved again."""
    db = house.system.installation.db
    there = house.placed
    copies = range(1, orders // there)
    with db.write_transaction():
        for table, ids in _IDS.items():
            columns = [column.name for column in db.engine.get_columns(table)]
            first = db.row(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
            if first is None or first[0] >= _DISTANCE:
                raise SystemExit(f"bench: {table} holds more than can be told apart from its copies")
            only = f"id <= {_DISTANCE}{_OF_ORDERS.get(table, '')}"
            for copy in copies:
                shown = [_copied(table, column, column in ids, copy) for column in columns]
                db.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(shown)} FROM {table} WHERE {only}")
        db.execute(
            "UPDATE stock_level SET reserved = (SELECT COALESCE(SUM(r.quantity), 0) FROM reservation r "
            "WHERE r.level_id = stock_level.id AND r.state = 'held')"
        )
        if not db.sqlite:
            for table in _IDS:
                db.execute(f"SELECT setval('{table}_id_seq', (SELECT MAX(id) FROM {table}))")
            db.execute("ANALYZE")
    house.placed = orders


def _copied(table: str, column: str, moved: bool, copy: int) -> str:
    shift = copy * _DISTANCE
    if moved:
        return f"{column} + {shift}"
    if column == "number":
        prefix = {"sales_order": "SO", "fulfillment_order": "FO"}[table]
        return f"'{prefix}' || SUBSTR(CAST(100000000 + id + {shift} AS TEXT), 2)"
    if column in _NAMES.get(table, ()):
        return f"{column} || '/{copy}'"
    return column
