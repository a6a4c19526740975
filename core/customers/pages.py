"""What pages about customers show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_moment, marks
from ..kernel.matching import begins
from .phones import read_phone

PAGE = 50


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the list."""

    id: int
    name: str
    email: str
    phone: str
    price_group: str
    shop: str
    """Title of the shop where they first bought."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Something a customer is recognised by; `shop` is empty for what holds in all of them."""

    kind: str
    shop: str
    value: str


@dataclass(frozen=True, slots=True)
class CustomerHead:
    """One customer whole; `merged_into` stands for them now, `absorbed` are those for whom they stand."""

    row: CustomerRow
    merged_into: int | None
    identities: tuple[Identity, ...]
    absorbed: tuple[int, ...]


_ROW = (
    "SELECT c.id, c.name, c.email, c.phone, c.price_group, s.title, c.created_at, c.merged_into FROM customer c "
    "JOIN shop s ON s.id = c.shop_id"
)


def search(db: Database, text: str = "", after: int | None = None, region: str = "CN") -> tuple[list[CustomerRow], int | None]:
    """One page, and the customer after whom the next one starts.

    Whoever is recognised by the text as a telephone number, e-mail or id on a platform; else by the beginning of the name, in
    order of names; without a text everybody, newest first.
    """
    if not (text := text.strip()):
        newest = "" if after is None else "AND c.id < ?"
        rows = db.rows(
            f"{_ROW} WHERE c.merged_into IS NULL {newest} ORDER BY c.id DESC LIMIT {PAGE + 1}", [] if after is None else [after]
        )
        return _page(rows)
    known = _recognised(db, text, region)
    if known:
        return _page(db.rows(f"{_ROW} WHERE c.id IN ({marks(known)}) ORDER BY c.id", known))
    condition, given = begins(db, "c.name", text)
    further = "" if after is None else " AND (c.name, c.id) > (SELECT name, id FROM customer WHERE id = ?)"
    return _page(
        db.rows(
            f"{_ROW} WHERE {condition} AND c.merged_into IS NULL{further} ORDER BY c.name, c.id LIMIT {PAGE + 1}",
            [*given, *([] if after is None else [after])],
        )
    )


def _recognised(db: Database, text: str, region: str) -> list[int]:
    sure = [("email", "", text.casefold()), *(("buyer", str(shop_id), text) for (shop_id,) in db.rows("SELECT id FROM shop"))]
    if (phone := read_phone(text, region)) is not None:
        sure.append(("phone", "", phone.e164))
    rows = db.rows(
        f"SELECT DISTINCT i.customer_id FROM (VALUES {','.join(['(?,?,?)'] * len(sure))}) AS v CROSS JOIN customer_identity i "
        "WHERE i.kind = v.column1 AND i.scope = v.column2 AND i.value = v.column3 ORDER BY i.customer_id LIMIT ?",
        [*(part for one in sure for part in one), PAGE],
    )
    return [row[0] for row in rows]


def _page(rows: Sequence[tuple[Any, ...]]) -> tuple[list[CustomerRow], int | None]:
    return [_row(row) for row in rows[:PAGE]], rows[PAGE - 1][0] if len(rows) > PAGE else None


def _row(row: tuple[Any, ...]) -> CustomerRow:
    return CustomerRow(*[*row[:6], as_moment(row[6])])


def head(db: Database, customer_id: int) -> CustomerHead | None:
    """One customer, merged away or not; None when there never was one."""
    row = db.row(f"{_ROW} WHERE c.id = ?", (customer_id,))
    if row is None:
        return None
    absorbed = db.rows("SELECT id FROM customer WHERE merged_into = ? ORDER BY id", (customer_id,))
    return CustomerHead(
        _row(row), row[7], tuple(identities(db, [customer_id]).get(customer_id, ())), tuple(one[0] for one in absorbed)
    )


def identities(db: Database, customer_ids: Sequence[int]) -> dict[int, list[Identity]]:
    """What each of these customers is recognised by."""
    found: dict[int, list[Identity]] = {}
    if customer_ids:
        for customer_id, kind, value, shop in db.rows(
            "SELECT i.customer_id, i.kind, i.value, COALESCE(s.title, '') FROM customer_identity i LEFT JOIN shop s ON "
            f"i.kind = 'buyer' AND i.scope = CAST(s.id AS TEXT) WHERE i.customer_id IN ({marks(customer_ids)}) ORDER BY i.id",
            list(customer_ids),
        ):
            found.setdefault(customer_id, []).append(Identity(kind, shop, value))
    return found
