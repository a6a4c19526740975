"""Walking the orders that changed in a window.

WooCommerce pages by number, and an order that changes meanwhile moves to the end and pulls another one over the edge of a
page. So only first pages are asked for: each begins at the second in which the former ended. A second that holds more orders
than a page is walked by order id, and again from its start when its count has changed.

Both bounds of the platform are exclusive and count whole seconds; with `dates_are_gmt` they must be written without a zone,
because what bears one is turned into the shop's own time first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orderyard.core.channels.api import Found, Page, Window
from orderyard.core.kernel.errors import RemoteNotUnderstood

from .node import Node
from .reading import changed, envelope, version
from .wire import Answer, RestApi

ORDERS_PER_PAGE = 50
"""Half of what the API allows: a small host takes long for a hundred whole orders."""
DIGITS = "6"
"""Digits after the point in amounts: WooCommerce keeps more than it shows, and only these add up."""
_DRAFTS = frozenset({"auto-draft", "checkout-draft"})
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Place:
    since: datetime
    until: datetime
    page: int = 0
    """Inside the one second `since`: the page; 0 while whole pages begin there."""
    total: int = 0

    @classmethod
    def read(cls, cursor: str) -> _Place:
        try:
            since, until, page, total = json.loads(cursor)
            return cls(_at(since), _at(until), int(page), int(total))
        except (ValueError, TypeError, OverflowError):
            raise RemoteNotUnderstood(f"this is no cursor of ours: {cursor[:100]!r}") from None

    def write(self) -> str:
        return json.dumps([int(self.since.timestamp()), int(self.until.timestamp()), self.page, self.total])


def pull(api: RestApi, window: Window, cursor: str | None) -> Page:
    """One page; the window is moved by as much as the shop's clock is off, which its first answer tells."""
    if cursor is not None:
        place = _Place.read(cursor)
        return _second(api, place) if place.page else _page(place, _ask(api, place))
    asked = api.ahead
    place = _place(window, asked)
    answer = _ask(api, place)
    if api.ahead != asked and abs(api.ahead - asked) > _SECOND:
        place = _place(window, api.ahead)
        answer = _ask(api, place)
    return _page(place, answer)


def _place(window: Window, ahead: timedelta) -> _Place:
    since, until = window.since.astimezone(UTC) + ahead, window.until.astimezone(UTC) + ahead
    whole = until.replace(microsecond=0)
    return _Place(since.replace(microsecond=0), whole if whole == until else whole + _SECOND)


def _ask(api: RestApi, place: _Place) -> Answer:
    if place.page:
        between = {"modified_after": _stamp(place.since - _SECOND), "modified_before": _stamp(place.since + _SECOND)}
        order = {"orderby": "id", "page": str(place.page)}
    else:
        between = {"modified_after": _stamp(place.since - _SECOND), "modified_before": _stamp(place.until)}
        order = {"orderby": "modified", "page": "1"}
    fixed = {"dates_are_gmt": "true", "order": "asc", "status": "any", "per_page": str(ORDERS_PER_PAGE), "dp": DIGITS}
    return api.get("orders", {**fixed, **between, **order})


def _page(place: _Place, answer: Answer) -> Page:
    rows = answer.rows
    moments = [changed(row) for row in rows]
    if moments != sorted(moments):
        raise RemoteNotUnderstood("the shop lists orders in another order than asked for", remedy="update WooCommerce to 5.8")
    if answer.pages <= 1:
        return Page(_found(rows), None)
    if not rows:
        raise RemoteNotUnderstood(f"the shop speaks of {answer.pages} pages and shows an empty one")
    last = moments[-1]
    onward = _Place(last, place.until) if last > place.since else _Place(place.since, place.until, page=1)
    return Page(_found(rows), onward.write())


def _second(api: RestApi, place: _Place) -> Page:
    answer = _ask(api, place)
    if place.page > 1 and answer.total != place.total:
        onward = _Place(place.since, place.until, page=1)
    elif place.page < answer.pages:
        onward = _Place(place.since, place.until, place.page + 1, answer.total)
    else:
        onward = _Place(place.since + _SECOND, place.until)
    return Page(_found(answer.rows), onward.write() if onward.since < place.until else None)


def _found(rows: list[Node]) -> tuple[Found, ...]:
    """The orders of a page; the units of a refund are told only when an order is fetched by itself."""
    return tuple(
        Found(row.identity("id"), version(row), None if any(row.each("refunds")) else envelope(row, ()))
        for row in rows
        if row.text("status") not in _DRAFTS
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
