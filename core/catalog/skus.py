"""SKUs as people keep them: added one by one, and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..kernel.db import to_json
from ..kernel.errors import DomainError, Duplicate
from ..kernel.uow import UnitOfWork
from ..kernel.values import bounded, one_line
from . import queries
from .service import LONGEST_CODE, LONGEST_TITLE, NewSku, add_skus, write_components

HIGHEST_PRICE = 10**15
MOST = 1_000_000_000
"""Grams or cubic centimetres of one unit."""
LONGEST_OPTION = 100


@dataclass(frozen=True, slots=True)
class SkuDetails:
    """What may be changed about a SKU; its code stays, for documents, labels and listings name it."""

    title: str
    product: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    barcode: str = ""
    price: int = 0
    weight_g: int = 0
    volume_cm3: int = 0


def add_sku(uow: UnitOfWork, sku: NewSku) -> int:
    """A SKU that somebody typed; its id. A barcode that another one has is refused, for a scan must mean one thing."""
    code = one_line(sku.code, "the code of the SKU", LONGEST_CODE, needed=True)
    details = _checked(
        uow, code, SkuDetails(sku.title, sku.product, sku.options, sku.barcode, sku.price, sku.weight_g, sku.volume_cm3)
    )
    new = NewSku(
        code, details.title, details.product, details.options, details.barcode, details.price, details.weight_g,
        details.volume_cm3, sku.kit,
    )  # fmt: skip
    [sku_id] = add_skus(uow, [new]).values()
    uow.note("added", "sku", sku_id, data=_told(details) | ({"kit": dict(sku.kit)} if sku.kit else {}))
    return sku_id


def change_sku(uow: UnitOfWork, code: str, details: SkuDetails) -> None:
    """Correct what is known about a SKU; orders keep the titles and prices they were made with."""
    sku_id = _item(uow, code).sku_id
    kept = _checked(uow, code, details)
    uow.db.change(
        "UPDATE sku SET title = ?, product = ?, options = ?, barcode = ?, price = ?, weight_g = ?, volume_cm3 = ? WHERE id = ?",
        (
            kept.title, kept.product, to_json(dict(kept.options)), kept.barcode, kept.price, kept.weight_g, kept.volume_cm3,
            sku_id,
        ),
    )  # fmt: skip
    uow.note("details changed", "sku", sku_id, data=_told(kept))


def set_components(uow: UnitOfWork, code: str, kit: Mapping[str, int]) -> None:
    """Say anew what is in a kit: units by component code. Orders that exist keep what they were made with."""
    item = _item(uow, code)
    if not item.kit:
        raise DomainError(f"{code} is no kit", remedy="add a new SKU with components; what has been in stock is never a kit")
    if not kit:
        raise DomainError(f"kit {code} has nothing in it", remedy="name at least one component")
    uow.db.change("DELETE FROM kit_component WHERE kit_id = ?", (item.sku_id,))
    write_components(uow, {item.sku_id: (code, kit)})
    uow.note("components set", "sku", item.sku_id, data={"kit": dict(kit)})


def _item(uow: UnitOfWork, code: str) -> queries.Item:
    item = queries.items_by_code(uow.db, [code]).get(code)
    if item is None:
        raise DomainError(f"there is no SKU {code}", remedy="look it up in the list")
    return item


def _checked(uow: UnitOfWork, code: str, given: SkuDetails) -> SkuDetails:
    """The same without blanks around its texts; DomainError for what does not fit."""
    bounded(given.price, f"the price of {code} in minor units", HIGHEST_PRICE)
    bounded(given.weight_g, f"the weight of {code} in grams", MOST)
    bounded(given.volume_cm3, f"the volume of {code} in cubic centimetres", MOST)
    barcode = one_line(given.barcode, "the barcode", LONGEST_CODE)
    taken = uow.db.row("SELECT code FROM sku WHERE (barcode = ? OR code = ?) AND code <> ?", (barcode, barcode, code))
    if barcode and taken is not None:
        raise Duplicate(
            f"{taken[0]} has the barcode {barcode} already", remedy="correct one of the two: a scan must mean one thing"
        )
    options = {
        one_line(name, "the name of an option", LONGEST_OPTION, needed=True): one_line(text, f"option {name}", LONGEST_OPTION)
        for name, text in given.options.items()
    }
    return SkuDetails(
        one_line(given.title, f"the name of {code}", LONGEST_TITLE, needed=True),
        one_line(given.product, "the product", LONGEST_CODE),
        options,
        barcode,
        given.price,
        given.weight_g,
        given.volume_cm3,
    )


def _told(details: SkuDetails) -> dict[str, object]:
    return {
        "title": details.title, "barcode": details.barcode, "price": details.price, "weight": details.weight_g,
        "volume": details.volume_cm3,
    }  # fmt: skip
