"""Lists of the REST API: filters by time, order, pages and their headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from .books import Order
from .keys import Refused

T = TypeVar("T")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}(:\d{2})?)?")


def invalid(name: str) -> Refused:
    return Refused("rest_invalid_param", f"Invalid parameter(s): {name}", 400)


def whole(args: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = args.get(name, str(default))
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise invalid(name)
    return int(text)


def digits(args: Mapping[str, str]) -> int | None:
    return whole(args, "dp", 0, 0, 12) if "dp" in args else None


def orders(args: Mapping[str, str], every: Iterable[Order], zone: timedelta) -> list[Order]:
    """The orders that a request asks for, drafts among them, the trash not."""
    gmt = args.get("dates_are_gmt", "false") in ("true", "1")
    found = [order for order in every if order.status != "trash"]
    wanted = args.get("status", "any").split(",")
    if "any" not in wanted:
        found = [order for order in every if order.status in wanted]
    for name, of, later in (
        ("after", _created, True),
        ("before", _created, False),
        ("modified_after", _modified, True),
        ("modified_before", _modified, False),
    ):
        if name in args:
            bound = _column(args[name], name, zone)
            found = [order for order in found if _beyond(_stored(of(order), gmt, zone), bound, later)]
    keys: dict[str, Callable[[Order], Any]] = {
        "date": lambda order: (order.created, order.id),
        "modified": lambda order: (order.modified, order.id),
        "id": lambda order: order.id,
    }
    by = args.get("orderby", "date")
    if by not in keys:
        raise invalid("orderby")
    return sorted(found, key=keys[by], reverse=args.get("order", "desc") == "desc")


def paged(args: Mapping[str, str], rows: list[T]) -> tuple[list[T], dict[str, str]]:
    """One page with its headers."""
    size, page = whole(args, "per_page", 10, 1, 100), whole(args, "page", 1, 1, 10**9)
    offset = whole(args, "offset", (page - 1) * size, 0, 10**12)
    return rows[offset : offset + size], {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // size))}


def fields(args: Mapping[str, str], view: dict[str, Any]) -> dict[str, Any]:
    """Only the fields that `_fields` names."""
    if not args.get("_fields"):
        return view
    named = [name.strip() for name in args["_fields"].split(",")]
    return {name: value for name, value in view.items() if name in named}


def _created(order: Order) -> datetime:
    return order.created


def _modified(order: Order) -> datetime:
    return order.modified


def _column(text: str, name: str, zone: timedelta) -> datetime:
    """A bound as WordPress compares it: without a zone as it stands, with one turned into the site's time first.

    That is so even where the column holds GMT, which is why a bound for such a column must come without a zone.
    """
    if not _MOMENT.fullmatch(text):
        raise invalid(name)
    moment = datetime.fromisoformat(text.upper())
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None) + zone


def _stored(at: datetime, gmt: bool, zone: timedelta) -> datetime:
    return at.replace(tzinfo=None) + (timedelta(0) if gmt else zone)


def _beyond(at: datetime, bound: datetime, later: bool) -> bool:
    return at > bound if later else at < bound
