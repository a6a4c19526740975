"""What a campaign brought, by link source: from the first look to what buyers accepted at the door."""

from __future__ import annotations

from dataclasses import dataclass

from orderyard.core.host.api import TableReader
from orderyard.core.hosted.api import Desk
from orderyard.core.orders.api import OrderStatus, PaymentState

_SENT = (OrderStatus.SHIPPED, OrderStatus.COMPLETED)


@dataclass(slots=True)
class Row:
    """One link source, or all of them together."""

    source: str
    viewed: int = 0
    started: int = 0
    ordered: int = 0
    units: int = 0
    amount: int = 0
    duplicate: int = 0
    fake: int = 0
    shipped: int = 0
    refused: int = 0
    """Not accepted at the door."""
    cancelled: int = 0

    @property
    def conversion(self) -> float:
        """Orders of a hundred views."""
        return 100 * self.ordered / self.viewed if self.viewed else 0.0

    @property
    def accepted(self) -> float:
        """Of a hundred orders, those that were sent and not refused."""
        return 100 * self.shipped / self.ordered if self.ordered else 0.0

    def add(self, other: Row) -> None:
        for name in ("viewed", "started", "ordered", "units", "amount", "duplicate", "fake", "shipped", "refused", "cancelled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Bar:
    """One source in the picture; lengths of 100, places from the top."""

    source: str
    top: int
    ordered: float
    shipped: float
    label: str


def figures(tables: TableReader, campaign: str, desk: Desk | None) -> tuple[list[Row], Row]:
    """By source, the best first; and the sum. Without a desk nobody knows what was sent."""
    rows: dict[str, Row] = {}
    for source, what, count in tables.rows("SELECT source, what, count FROM channel_web_count WHERE campaign = ?", (campaign,)):
        if what in ("viewed", "started", "duplicate", "fake"):
            setattr(rows.setdefault(source, Row(source)), what, count)
    orders = tables.rows("SELECT external_id, source, units, amount FROM channel_web_order WHERE campaign = ?", (campaign,))
    statuses = desk.statuses([order[0] for order in orders]) if desk is not None else {}
    for external_id, source, units, amount in orders:
        row = rows.setdefault(source, Row(source))
        row.ordered, row.units, row.amount = row.ordered + 1, row.units + units, row.amount + amount
        status, payment = statuses.get(external_id, (None, None))
        if payment is PaymentState.COD_REFUSED:
            row.refused += 1
        elif status in _SENT:
            row.shipped += 1
        elif status is OrderStatus.CANCELLED:
            row.cancelled += 1
    whole = Row("")
    for row in rows.values():
        whole.add(row)
    return sorted(rows.values(), key=lambda row: (-row.ordered, -row.viewed, row.source)), whole


def bars(rows: list[Row], most: int = 8) -> list[Bar]:
    """The picture's bars: orders of each source, and how many of them are with their buyers or on the way."""
    shown = [row for row in rows if row.ordered][:most]
    longest = max((row.ordered for row in shown), default=1)
    return [
        Bar(row.source, 26 * place, 100 * row.ordered / longest, 100 * row.shipped / longest, f"{row.shipped}/{row.ordered}")
        for place, row in enumerate(shown)
    ]


def orders_of(tables: TableReader) -> dict[str, tuple[int, int]]:
    """Orders and amounts of every campaign."""
    return {
        row[0]: (row[1], row[2])
        for row in tables.rows(
            "SELECT campaign, COUNT(*), CAST(SUM(amount) AS BIGINT) FROM channel_web_order GROUP BY campaign"
        )
    }
