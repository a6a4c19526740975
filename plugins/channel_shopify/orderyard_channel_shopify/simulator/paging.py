"""How the graph shows anything: pages of sorted entries with cursors, moments in whole seconds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from graphql import GraphQLError

Entry = TypeVar("Entry")
View = dict[str, object]


def connection(
    entries: Sequence[Entry], by: Callable[[Entry], list[str]], view: Callable[[Entry], View], args: Mapping[str, object]
) -> View:
    """A page of sorted entries; the cursor holds the sort key, so entries may come and go between two pages."""
    first, last, after, before = (args.get(name) for name in ("first", "last", "after", "before"))
    if not isinstance(first, int) and not isinstance(last, int):
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if (isinstance(first, int) and not 0 < first <= 250) or (isinstance(last, int) and not 0 < last <= 250):
        raise GraphQLError("first and last must be between 1 and 250", extensions={"code": "BAD_REQUEST"})
    backwards = bool(args.get("reverse"))
    ordered = list(reversed(entries)) if backwards else list(entries)
    keys = [by(entry) for entry in ordered]
    start, stop = 0, len(ordered)
    if isinstance(after, str):
        edge = _uncursor(after)
        start = sum(1 for key in keys if (key >= edge if backwards else key <= edge))
    if isinstance(before, str):
        edge = _uncursor(before)
        stop = sum(1 for key in keys if (key > edge if backwards else key < edge))
    page = list(range(start, max(start, stop)))
    page = page[:first] if isinstance(first, int) else page[-last:] if isinstance(last, int) else page
    cursors = [_cursor(keys[index]) for index in page]
    nodes = [view(ordered[index]) for index in page]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "pageInfo": {
            "hasNextPage": bool(page) and page[-1] + 1 < stop,
            "hasPreviousPage": bool(page) and page[0] > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(key: list[str]) -> str:
    return base64.b64encode(json.dumps({"last_value": key}).encode()).decode()


def _uncursor(text: str) -> list[str]:
    try:
        return [str(part) for part in json.loads(base64.b64decode(text))["last_value"]]
    except (ValueError, KeyError, TypeError):
        raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"}) from None


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
