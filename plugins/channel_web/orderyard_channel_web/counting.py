"""What is counted: visits by campaign and link source, and how often somebody tried something within a while."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orderyard.core.host.api import Tables, TableWriter

DAY = 24 * 3600
_SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
DIRECT = "direct"
_UP = "channel_web_{0}.count + 1"


def source_of(text: str) -> str:
    """The name of a link source out of an address; whatever is none counts as direct."""
    return text if _SOURCE.fullmatch(text) else DIRECT


def count(tables: Tables, campaign: str, source: str, what: str) -> None:
    """One more `viewed`, `started`, `duplicate` or `fake`."""
    with tables.write() as writing:
        writing.insert(
            "channel_web_count",
            ("campaign", "source", "what", "count"),
            [(campaign, source, what, 1)],
            conflict=f"(campaign, source, what) DO UPDATE SET count = {_UP.format('count')}",
        )


def tried(tables: Tables, kind: str, who: str, now: int, window: int = DAY) -> int:
    """How often somebody did this in the present window."""
    row = tables.row(
        "SELECT count FROM channel_web_limit WHERE kind = ? AND who = ? AND slot = ?", (kind, who, now // window * window)
    )
    return 0 if row is None else int(row[0])


def note(writing: TableWriter, kind: str, who: str, now: int, window: int = DAY) -> None:
    """Somebody did it once more; windows that are long over are forgotten."""
    writing.change("DELETE FROM channel_web_limit WHERE slot < ?", (now - 2 * DAY,))
    writing.insert(
        "channel_web_limit",
        ("kind", "who", "slot", "count"),
        [(kind, who, now // window * window, 1)],
        conflict=f"(kind, who, slot) DO UPDATE SET count = {_UP.format('limit')}",
    )


def claim_phone(tables: Tables, campaign: str, phone: str, external_id: str, now: int, hours: int) -> tuple[str, int]:
    """Whose order a telephone's is, now and for so many hours, and since when: ours, or the one that was there before."""
    with tables.write() as writing:
        until = now - hours * 3600
        writing.insert(
            "channel_web_phone",
            ("campaign", "phone", "external_id", "at"),
            [(campaign, phone, external_id, now)],
            conflict="(campaign, phone) DO UPDATE SET external_id = excluded.external_id, at = excluded.at "
            f"WHERE channel_web_phone.at <= {int(until)}",
        )
        row = writing.row("SELECT external_id, at FROM channel_web_phone WHERE campaign = ? AND phone = ?", (campaign, phone))
        return (external_id, now) if row is None else (str(row[0]), int(row[1]))


def free_phone(tables: Tables, external_id: str) -> None:
    """The order came to nothing: its telephone may order again."""
    with tables.write() as writing:
        writing.change("DELETE FROM channel_web_phone WHERE external_id = ?", (external_id,))


def ordered(tables: Tables, row: Sequence[object], limits: Sequence[tuple[str, str]], now: int) -> None:
    """An order is about to be handed in: (external id, campaign, source, at, units, amount), and who orders, for limits."""
    with tables.write() as writing:
        made = writing.insert(
            "channel_web_order",
            ("external_id", "campaign", "source", "at", "units", "amount"),
            [row],
            conflict="(external_id) DO NOTHING",
            returning="external_id",
        )
        for kind, who in limits if made else ():
            note(writing, kind, who, now)


def forget(tables: Tables, external_id: str) -> None:
    """The order came to nothing, so it counts for nothing."""
    with tables.write() as writing:
        writing.change("DELETE FROM channel_web_order WHERE external_id = ?", (external_id,))
