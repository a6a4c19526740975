"""Lists by time of change that the platform sorts newest first: trades and refunds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orderyard.core.channels.api import Found, Page, Window
from orderyard.core.kernel.errors import RemoteNotUnderstood

from . import answers
from .gateway import Gateway
from .moments import from_wire, to_wire

PAGE_SIZE = 50
"""The platform takes 100 and advises 40 to 50."""

# Without `type` the platform silently leaves out whatever belongs to a trade that is none of its few usual kinds.
TYPES = (
    "fixed,auction,guarantee_trade,step,independent_simple_trade,independent_shop_trade,auto_delivery,ec,cod,game_equipment,"
    "shopex_trade,netcn_trade,external_trade,instant_trade,b2c_cod,hotel_trade,super_market_trade,super_market_cod_trade,"
    "taohua,waimai,o2o_offlinetrade,nopaid,eticket,tmall_i18n,insurance_plus,finance,pre_auth_type,lazada,fenxiao"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One such list: its method, the key of its rows in the answer, the field with a row's id, and the fields asked for."""

    method: str
    rows: str
    id: str
    fields: str


TRADES = Listing("taobao.trades.sold.increment.get", "trades", "tid", "tid,modified,status")
REFUNDS = Listing("taobao.refunds.receive.get", "refunds", "refund_id", "refund_id,tid,modified,status")


def walk(gateway: Gateway, listing: Listing, window: Window, cursor: str | None) -> Page:
    """Ids and times of what changed in the window, last page first.

    Sorted by `modified`, newest first, so a document that changes while we read moves to page 1 and pushes the others back.
    The first call asks for the total. If all fit one page, that answer is complete in itself. Else the pages are walked from
    the last to the first. The cursor is the page still to read and a fingerprint of the list's newest rows, `3:1f2e3d4c`:
    should they no longer be the newest when page 1 is reached, something moved in front and pushed others onto pages already
    read, so the walk begins again. That ends once the window lies in the past.
    """
    if cursor is None:
        answer = _page(gateway, listing, window, 1, count=True)
        pages = _pages(listing, answer)
        if pages > 1:
            return Page((), f"{pages}:{_fingerprint(listing, answer)}")
        return Page(_found(listing, answer), None)
    number, _, before = cursor.partition(":")
    page = answers.whole(number, "the cursor's page")
    if page > 1:
        return Page(_found(listing, _page(gateway, listing, window, page, count=False)), f"{page - 1}:{before}")
    answer = _page(gateway, listing, window, 1, count=True)
    now, pages = _fingerprint(listing, answer), _pages(listing, answer)
    done = pages <= 1 or now == before
    return Page(_found(listing, answer), None if done else f"{pages}:{now}")


def _page(gateway: Gateway, listing: Listing, window: Window, page: int, *, count: bool) -> Mapping[str, Any]:
    return gateway.call(
        listing.method,
        {
            "fields": listing.fields,
            "start_modified": to_wire(window.since),
            "end_modified": to_wire(window.until, up=True),
            "type": TYPES,
            "page_no": str(page),
            "page_size": str(PAGE_SIZE),
            # With has_next the platform leaves out the total and is much quicker.
            "use_has_next": "false" if count else "true",
        },
    )


def _found(listing: Listing, answer: Mapping[str, Any]) -> tuple[Found, ...]:
    """An empty window has no list at all."""
    found = []
    for row in answers.listed(answer.get(listing.rows), listing.rows):
        external_id = answers.identity(row.get(f"{listing.id}_str") or row.get(listing.id), listing.id)
        found.append(Found(external_id, from_wire(row.get("modified"), f"modified of {external_id}")))
    return tuple(found)


def _pages(listing: Listing, answer: Mapping[str, Any]) -> int:
    if "total_results" not in answer:
        raise RemoteNotUnderstood(f"Taobao: the list of {listing.rows} does not say how long it is", raw=str(answer)[:2000])
    return -(-answers.whole(answer["total_results"], "total_results") // PAGE_SIZE)


def _fingerprint(listing: Listing, answer: Mapping[str, Any]) -> str:
    """Stands for the newest rows of the list: every one that shares the newest second, so ties may come in any order."""
    found = _found(listing, answer)
    newest = max((one.version for one in found), default=None)
    text = ",".join(sorted(f"{one.external_id}@{one.version}" for one in found if one.version == newest))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
