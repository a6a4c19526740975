"""Which column of a file means what: guessed from the titles, said by a person, remembered per shop."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...kernel.errors import DomainError

FIELDS: Mapping[str, tuple[str, ...]] = {
    "number": ("订单号", "订单编号", "外部订单号", "平台单号", "order number", "order no", "order id", "order", "number"),
    "line": ("行号", "子订单号", "子订单编号", "明细号", "line", "line no", "line number", "line id"),
    "sku": ("商品编码", "商家编码", "货号", "规格编码", "sku编码", "条码", "sku", "sku code", "item code", "barcode", "code"),
    "quantity": ("数量", "购买数量", "商品数量", "件数", "quantity", "qty", "units"),
    "price": ("单价", "商品单价", "销售价", "unit price", "price"),
    "amount": ("金额", "商品金额", "小计", "实付金额", "line amount", "amount"),
    "discount": ("优惠", "优惠金额", "订单优惠", "折扣", "discount"),
    "freight": ("运费", "邮费", "freight", "shipping", "shipping fee"),
    "total": ("订单金额", "总金额", "合计", "应付金额", "order total", "total"),
    "received": ("已付金额", "已收金额", "received", "paid amount"),
    "paid": ("是否付款", "付款状态", "已付款", "paid"),
    "cod": ("货到付款", "是否货到付款", "cod", "cash on delivery"),
    "placed_at": ("下单时间", "订单创建时间", "创建时间", "拍下时间", "placed at", "order date", "ordered at", "date"),
    "paid_at": ("付款时间", "支付时间", "订单付款时间", "paid at", "payment date"),
    "name": ("收货人", "收件人", "收货人姓名", "收件人姓名", "姓名", "receiver", "recipient", "name"),
    "phone": ("手机", "手机号", "联系手机", "联系电话", "电话", "收货人手机", "收件人电话", "phone", "mobile", "telephone"),
    "country": ("国家", "country"),
    "province": ("省", "省份", "收货省份", "省/州", "province", "state"),
    "city": ("市", "城市", "收货城市", "city"),
    "district": ("区", "区县", "县区", "收货区县", "district", "county"),
    "town": ("街道", "镇", "乡镇", "town", "street"),
    "detail": ("地址", "详细地址", "收货地址", "收件地址", "address", "address 1", "detail"),
    "postcode": ("邮编", "邮政编码", "postcode", "zip", "postal code"),
    "company": ("公司", "company"),
    "buyer": ("买家id", "买家", "买家会员名", "buyer id", "buyer"),
    "email": ("邮箱", "电子邮箱", "email", "e-mail"),
    "message": ("买家留言", "留言", "message", "buyer message"),
    "memo": ("备注", "卖家备注", "memo", "note", "remark"),
    "type": ("订单类型", "类型", "order type", "type"),
}  # fmt: skip
"""What a column may mean, and the titles by which it is guessed."""

REQUIRED = ("number", "sku", "quantity", "name", "phone", "detail")


def column_letter(place: int) -> str:
    """`A` for the first column, `AA` for the 27th."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _plain(title: str) -> str:
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFKC", title)).strip(" *:：").casefold()


@dataclass(frozen=True)
class FileMapping:
    """How a shop's files are read. `columns` gives a field its column's title, or an empty one to leave the field out.

    One row is one order. Only where a column is mapped to `line` may several rows carry the same number: then they are the
    lines of one order, stand together and agree in everything that is the order's own.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    """Where no column says one; CN unless said."""
    paid: bool | None = None
    """Whether orders are paid where no column says so; they are, unless said."""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in FIELDS:
                raise DomainError(f"a file of orders has no field {name!r}", remedy=f"there are: {', '.join(FIELDS)}")

    @classmethod
    def stored(cls, settings: Mapping[str, Any]) -> FileMapping:
        return cls(dict(settings["columns"]), settings["country"], settings["paid"])

    def settings(self) -> dict[str, Any]:
        return {"columns": dict(self.columns), "country": self.country, "paid": self.paid}


def guessed(header: Sequence[str]) -> dict[str, str]:
    """Fields that the titles name by themselves."""
    titles: dict[str, str] = {}
    for title in header:
        titles.setdefault(_plain(title), title)
    found = {}
    for name, known in FIELDS.items():
        if name == "line":
            continue  # it changes what a repeated number means, so a person says it
        for synonym in known:
            if synonym in titles:
                found[name] = titles[synonym]
                break
    return found


def fitted(header: Sequence[str], given: FileMapping | None, remembered: FileMapping | None) -> FileMapping:
    """The mapping for a file: what is said now, else what was remembered and still fits, else what the titles say."""
    titles = {_plain(title) for title in header}
    base = remembered or FileMapping()
    kept = {name: title for name, title in base.columns.items() if not title or _plain(title) in titles}
    columns = guessed(header) | kept | (dict(given.columns) if given else {})
    said = given or FileMapping()
    paid = next((one for one in (said.paid, base.paid) if one is not None), True)
    return FileMapping(columns, said.country or base.country or "CN", paid)


def places(header: Sequence[str], mapping: FileMapping) -> dict[str, int]:
    """The column of each mapped field; DomainError names what is missing or ambiguous."""
    by_title: dict[str, list[int]] = {}
    for place, title in enumerate(header):
        by_title.setdefault(_plain(title), []).append(place)
    found: dict[str, int] = {}
    for name, title in mapping.columns.items():
        if not title:
            continue
        here = by_title.get(_plain(title), [])
        if not here:
            raise DomainError(f"the file has no column {title!r} for {name}", remedy=f"it has: {', '.join(header)}")
        if len(here) > 1:
            letters = " and ".join(column_letter(place) for place in here)
            raise DomainError(f"columns {letters} are both called {title!r}", remedy="give each a title of its own")
        found[name] = here[0]
    if missing := [name for name in REQUIRED if name not in found]:
        raise DomainError(
            f"no column is mapped to {', '.join(missing)}", remedy=f"say which it is; the file has: {', '.join(header)}"
        )
    return found
