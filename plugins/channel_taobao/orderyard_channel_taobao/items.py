"""What the shop offers, page by page: every SKU, and items that have none by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orderyard.core.channels.api import ItemPage, ListedItem, ListingRef
from orderyard.core.kernel.errors import RemoteNotUnderstood

from . import answers
from .gateway import Gateway
from .moments import from_wire, to_wire

PAGE_SIZE = 40
"""The most items whose SKUs one call tells."""

# On sale; waiting in the seller's warehouse (仓库中); and sold out, which the platform takes off sale by itself.
_SHELVES = ("onsale", "for_shelved", "sold_out")
_FIELDS = "num_iid,title,outer_id,num,modified"
_SKU_FIELDS = "sku_id,num_iid,outer_id,quantity,properties_name,status"


def list_page(gateway: Gateway, cursor: str | None) -> ItemPage:
    """One page of one shelf after the other, oldest change first: what changes meanwhile moves behind the cursor.

    The platform goes no deeper than 20,000 items into one search, so the next page is asked for by time of change and not
    by number. Times have whole seconds: the items of a page's last second are left to the next, which begins with them.
    Only where one second fills a page are its pages counted. The cursor is shelf, page and time.
    """
    shelf, page, since = _place(cursor)
    answer = _listing(gateway, shelf, page, since)
    items = answers.listed(answer.get("items"), "items")
    if not items or page * PAGE_SIZE >= answers.whole(answer.get("total_results"), "total_results"):
        after = _SHELVES.index(shelf) + 1
        return ItemPage(_listed(gateway, items), f"{_SHELVES[after]}:1:" if after < len(_SHELVES) else None)
    changed = [from_wire(item.get("modified"), f"modified of item {_id(item)}") for item in items]
    last = changed[-1]
    if changed[0] == last:
        return ItemPage(_listed(gateway, items), f"{shelf}:{page + 1}:{since}")
    whole = [item for item, moment in zip(items, changed, strict=True) if moment != last]
    return ItemPage(_listed(gateway, whole), f"{shelf}:1:{to_wire(last)}")


def _place(cursor: str | None) -> tuple[str, int, str]:
    if cursor is None:
        return _SHELVES[0], 1, ""
    shelf, _, rest = cursor.partition(":")
    page, _, since = rest.partition(":")
    if shelf not in _SHELVES:
        raise RemoteNotUnderstood(f"Taobao: {cursor!r} is no cursor of a list of items")
    return shelf, answers.whole(page, "the cursor's page"), since


def _listing(gateway: Gateway, shelf: str, page: int, since: str) -> Mapping[str, Any]:
    params = {
        "fields": _FIELDS,
        "start_modified": since,
        "order_by": "modified:asc",
        "page_no": str(page),
        "page_size": str(PAGE_SIZE),
    }
    if shelf == "onsale":
        return gateway.call("taobao.items.onsale.get", params)
    return gateway.call("taobao.items.inventory.get", {**params, "banner": shelf})


def _listed(gateway: Gateway, items: Sequence[Mapping[str, Any]]) -> tuple[ListedItem, ...]:
    if not items:
        return ()
    num_iids = ",".join(_id(item) for item in items)
    answer = gateway.call("taobao.item.skus.get", {"fields": _SKU_FIELDS, "num_iids": num_iids})
    skus: dict[str, list[Mapping[str, Any]]] = {}
    for sku in answers.listed(answer.get("skus"), "skus"):
        if answers.text(sku.get("status")) != "delete":
            skus.setdefault(_id(sku), []).append(sku)
    return tuple(one for item in items for one in _variants(item, skus.get(_id(item), [])))


def _variants(item: Mapping[str, Any], skus: Sequence[Mapping[str, Any]]) -> Iterator[ListedItem]:
    """The SKUs of an item, or the item itself; a SKU without a code of its own goes by the item's, as in a trade's lines."""
    item_id, title, code = _id(item), answers.text(item.get("title")), answers.text(item.get("outer_id"))
    if not skus:
        yield ListedItem(ListingRef(item_id, "", code), title, _quantity(item.get("num"), item_id))
    for sku in skus:
        sku_id = answers.identity(sku.get("sku_id"), f"sku_id of item {item_id}")
        yield ListedItem(
            ListingRef(item_id, sku_id, answers.text(sku.get("outer_id")) or code),
            f"{title} {_properties(answers.text(sku.get('properties_name')))}".strip(),
            _quantity(sku.get("quantity"), sku_id),
        )


def _id(item: Mapping[str, Any]) -> str:
    return answers.identity(item.get("num_iid"), "num_iid")


def _quantity(value: object, what: str) -> int | None:
    return answers.whole(value, f"quantity of {what}") if answers.text(value) else None


def _properties(names: str) -> str:
    """`1627207:28338:颜色:蓝色;…` without the platform's own numbers: `颜色:蓝色;…`."""
    return ";".join(pair.split(":", 2)[-1] if pair.count(":") >= 3 else pair for pair in names.split(";"))
