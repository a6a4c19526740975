"""What the shop offers: simple products one by one, variable ones by their variations.

A cursor names a page of products and the variable products of the page before that are still to be opened, so that one call
of ours is never more than two of the platform's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from orderyard.core.channels.api import ItemPage, ListedItem, ListingRef
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected

from .node import Node
from .wire import RestApi

PER_PAGE = "100"
_WITHOUT_STOCK = frozenset({"grouped", "external"})
"""A grouped product is other products, an external one is sold elsewhere."""


@dataclass(frozen=True, slots=True)
class _Place:
    page: int
    """The next page of products, 0 when there is none."""
    open: tuple[str, ...] = ()
    """Variable products whose variations come first."""
    inner: int = 1
    """The page of variations of the first of them."""

    @classmethod
    def read(cls, cursor: str) -> _Place:
        try:
            page, opened, inner = json.loads(cursor)
            return cls(int(page), tuple(str(int(product)) for product in opened), int(inner))
        except (ValueError, TypeError):
            raise RemoteNotUnderstood(f"this is no cursor of ours: {cursor[:100]!r}") from None

    def write(self) -> str | None:
        return json.dumps([self.page, [int(product) for product in self.open], self.inner]) if self.page or self.open else None


def list_page(api: RestApi, cursor: str | None) -> ItemPage:
    """Products by id, so what is added meanwhile comes last; drafts too, what is in the trash not."""
    place = _Place(1) if cursor is None else _Place.read(cursor)
    return _variations(api, place) if place.open else _products(api, place)


def _products(api: RestApi, place: _Place) -> ItemPage:
    fields = "id,name,sku,type,variations,manage_stock,stock_quantity"
    answer = api.get(
        "products",
        {"page": str(place.page), "per_page": PER_PAGE, "orderby": "id", "order": "asc", "status": "any", "_fields": fields},
    )
    items: list[ListedItem] = []
    opened: list[str] = []
    for product in answer.rows:
        if product.values.get("variations"):
            opened.append(product.identity("id"))
        elif product.text("type") not in _WITHOUT_STOCK and not product.text("type").startswith("variable"):
            listing = ListingRef(product.identity("id"), "", product.text_or_empty("sku"))
            items.append(ListedItem(listing, product.text("name"), _quantity(product)))
    onward = _Place(place.page + 1 if place.page < answer.pages else 0, tuple(opened))
    return ItemPage(tuple(items), onward.write())


def _variations(api: RestApi, place: _Place) -> ItemPage:
    product, *later = place.open
    onward = _Place(place.page, tuple(later))
    try:
        title = api.get(f"products/{product}", {"_fields": "id,name"}).node.text("name")
        answer = api.get(
            f"products/{product}/variations",
            {"page": str(place.inner), "per_page": PER_PAGE, "orderby": "id", "order": "asc"},
        )
    except RemoteRejected:  # deleted meanwhile
        return ItemPage((), onward.write())
    if place.inner < answer.pages:
        onward = _Place(place.page, place.open, place.inner + 1)
    return ItemPage(tuple(_variation(product, title, row) for row in answer.rows), onward.write())


def _variation(product: str, title: str, row: Node) -> ListedItem:
    options = ", ".join(text for entry in row.each("attributes") if (text := entry.text_or_empty("option")))
    return ListedItem(
        ListingRef(product, row.identity("id"), row.text_or_empty("sku")),
        f"{title} - {options}" if options else title,  # as the platform names an order's line
        _quantity(row),
    )


def _quantity(row: Node) -> int | None:
    """None where the shop does not count it; a variation may say `parent`, whose number is not its own."""
    value = row.values.get("stock_quantity")
    return value if row.values.get("manage_stock") is True and isinstance(value, int) else None
