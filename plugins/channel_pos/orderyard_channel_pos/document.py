"""What a sale is on its way: the JSON that the counter's page writes, stamped by the server that took it in.

    {"sale": {"id": "0b9c…", "at": "2026-11-22T10:15:02.120Z", "kind": "sale", "method": "cash",
              "lines": [{"sku": "TEE-M", "title": "T-shirt M", "quantity": 2, "listed": 9900, "price": 9900, "amount": 19800}],
              "discount": 0, "name": "", "phone": "", "code": ""},
     "warehouse": "SH", "currency": "CNY", "memo": "", "taken": "2026-11-22T10:15:03+00:00"}

`kind` is `sale` (the buyer took the goods along) or `pickup` (kept under `code`; without a method it is paid when it is
fetched). Amounts are minor units. The sale's id is made in the browser; together with its own time it counts once. A till whose
clock is ahead sold when its sale was taken in, so that no book is kept ahead of time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orderyard.core.channels.api import Buyer, ChannelLine, ChannelOrder, ListingRef, TradeState
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import Reach

KINDS: Mapping[str, Reach] = {"sale": Reach.COUNTER, "pickup": Reach.PICKUP}
WALK_IN = "walk-in"
"""Who buys without saying who they are: one customer of each shop."""
_ID = re.compile(r"[0-9a-f][0-9a-f-]{15,63}")


def read(body: bytes) -> ChannelOrder:
    """The sale's meaning; RemoteNotUnderstood says what is wrong with it."""
    try:
        return _order(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, DomainError) as error:
        raise RemoteNotUnderstood(f"this is no sale of a counter: {type(error).__name__}: {error}") from error


def _order(said: Mapping[str, Any]) -> ChannelOrder:
    sale: Mapping[str, Any] = said["sale"]
    if not _ID.fullmatch(sale["id"]):
        raise RemoteNotUnderstood(f"{sale['id']!r} is no id of a sale")
    at, reach, currency = datetime.fromisoformat(sale["at"]), KINDS[sale["kind"]], said["currency"]
    moment = min(at, datetime.fromisoformat(said["taken"]))
    method, name, phone = sale["method"].strip(), sale["name"].strip(), sale["phone"].strip()
    lines = _lines(sale, currency)
    total = sum((line.amount for line in lines), Money.zero(currency))
    later = reach is Reach.PICKUP and not method
    if not later and not method:
        raise RemoteNotUnderstood(f"sale {sale['id']} does not say how it was paid")
    return ChannelOrder(
        external_id=sale["id"],
        number=number(sale["id"]),
        version=at,
        state=TradeState.TO_SHIP,
        placed_at=moment,
        paid_at=None if later else moment,
        currency=currency,
        lines=lines,
        freight=Money.zero(currency),
        total=total,
        paid=Money.zero(currency) if later else total,
        refunded=Money.zero(currency),
        buyer=Buyer("" if phone else WALK_IN, name, "", phone),
        receiver=Address(name=name, phone=phone),
        cod=later,
        memo=said["memo"],
        reach=reach,
        warehouse=said["warehouse"],
        pickup_code=sale["code"].strip().upper() if reach is Reach.PICKUP else "",
        method=method or "platform",
    )


def _lines(sale: Mapping[str, Any], currency: str) -> tuple[ChannelLine, ...]:
    """The lines with the discount on the whole sale shared over them by what they cost, the last fen where it is most."""
    given = [(line, _whole(line["quantity"]), _whole(line["price"]), _whole(line["amount"])) for line in sale["lines"]]
    goods, discount = sum(amount for *_, amount in given), _whole(sale["discount"])
    if discount > goods:
        raise RemoteNotUnderstood(f"a discount of {discount} is more than the goods cost, {goods}")
    lines, left, before = [], goods, discount
    for no, (line, quantity, price, amount) in enumerate(given, 1):
        off = -(-before * amount // left) if left else 0
        left, before = left - amount, before - off
        sku = str(line["sku"])
        lines.append(
            ChannelLine(
                str(no), ListingRef(sku, "", sku), str(line["title"]), quantity, Money(price, currency),
                Money(amount - off, currency),
            )
        )  # fmt: skip
    return tuple(lines)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RemoteNotUnderstood(f"{value!r} is no whole number of at least 0")
    return value


def number(sale_id: str) -> str:
    """What the receipt calls a sale."""
    return f"POS-{sale_id.replace('-', '')[:10].upper()}"
