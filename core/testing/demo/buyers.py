"""What buyers do in the demo: an even stream of ordinary orders, with every special case once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...kernel.values import Address
from ..simulator import BuyerOrder

_CHINESE = (
    ("林静怡", "13912340001", "浙江省", "杭州市", "西湖区", "文三路90号东部软件园2号楼"),
    ("王建国", "13712340002", "广东省", "深圳市", "南山区", "科技园南区高新南七道18号"),
    ("张雅雯", "13612340003", "北京市", "北京市", "朝阳区", "建国路88号SOHO现代城C座1203"),
    ("刘子墨", "13512340004", "四川省", "成都市", "武侯区", "人民南路四段11号"),
    ("陈可欣", "13412340005", "江苏省", "南京市", "鼓楼区", "中山北路200号8幢302室"),
    ("杨晨曦", "13312340006", "湖北省", "武汉市", "洪山区", "珞喻路1037号"),
    ("黄诗涵", "13212340007", "山东省", "青岛市", "市南区", "香港中路40号"),
    ("吴浩然", "13112340008", "陕西省", "西安市", "雁塔区", "科技路33号高新国际商务中心"),
    ("徐若曦", "13012340009", "福建省", "厦门市", "思明区", "环岛南路1699号"),
    ("孙宇航", "15812340010", "辽宁省", "大连市", "沙河口区", "中山路572号"),
)
_ABROAD = (
    ("Grace Miller", "+12025550101", "US", "NY", "New York", "350 5th Avenue, Floor 21", "10118"),
    ("Daniel Novak", "+12025550102", "US", "CA", "San Francisco", "1355 Market Street, Suite 900", "94103"),
    ("Sophie Martin", "+12025550103", "CA", "ON", "Toronto", "290 Bremner Boulevard", "M5V 3L9"),
    ("Oliver Smith", "+12025550104", "GB", "ENG", "London", "221B Baker Street", "NW1 6XE"),
    ("Emma Fischer", "+12025550105", "DE", "BE", "Berlin", "Friedrichstraße 43", "10969"),
    ("Liam O'Brien", "+12025550106", "US", "MA", "Boston", "4 Jersey Street", "02215"),
    ("Mia Rossi", "+12025550107", "AU", "NSW", "Sydney", "1 Macquarie Street", "2000"),
    ("Noah Kim", "+12025550108", "US", "WA", "Seattle", "400 Broad Street", "98109"),
)
_BASKETS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("TEE-BK-M", 1),),
    (("CUP-350", 2), ("TEA-50", 1)),
    (("HOOD-GY-L", 1), ("BAG-NA", 1)),
    (("SOAP-LV", 3),),
    (("MUG-BL", 2), ("MUG-WH", 2)),
    (("MAT-6-PU", 1),),
    (("KIT-BATH", 1),),
    (("TEE-WH-S", 1), ("TEE-WH-M", 1), ("TEE-WH-L", 1)),
    (("POT-200", 1),),
    (("TEA-250", 1), ("MUG-WH", 1)),
    (("BAG-BK", 2),),
    (("HOOD-NV-M", 1),),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One buyer's order, and what happens with it afterwards."""

    order: BuyerOrder
    then: str = ""
    """`refund` before shipment, `push` by webhook as well as by poll, or nothing."""


def _receiver(place: int, home: bool) -> tuple[str, str, Address]:
    """A buyer's handle, e-mail and door."""
    if home:
        name, phone, province, city, district, detail = _CHINESE[place % len(_CHINESE)]
        return f"tb_{phone[-4:]}", "", Address("CN", province, city, district, "", detail, "", name, phone)
    name, phone, country, province, city, detail, postcode = _ABROAD[place % len(_ABROAD)]
    handle = name.split()[0].lower()
    return handle, f"{handle}@example.com", Address(country, province, city, "", "", detail, postcode, name, phone)


def ordinary(place: int, currency: str) -> BuyerOrder:
    """The n-th everyday order of a shop."""
    home = currency == "CNY"
    buyer, email, receiver = _receiver(place, home)
    discount = (500 if home else 100) if place % 4 == 1 else 0
    freight = (1000 if home else 499) if place % 3 == 0 else 0
    return BuyerOrder(buyer, receiver, _BASKETS[place % len(_BASKETS)], email, freight, discount)


def stream(currency: str) -> Iterator[BuyerOrder]:
    """Everyday orders without an end."""
    place = 0
    while True:
        yield ordinary(place, currency)
        place += 1


def scenes(currency: str, count: int = 22) -> list[Scene]:
    """A shop's day: every special case once, the rest everyday orders."""
    home = currency == "CNY"

    def of(place: int, *lines: tuple[str, int], **more: object) -> BuyerOrder:
        buyer, email, receiver = _receiver(place, home)
        return BuyerOrder(buyer, receiver, lines, email, **more)  # type: ignore[arg-type]  # names are BuyerOrder's own

    special = [
        Scene(of(0, ("TEE-BK-L", 1), ("SOAP-OR", 2)), "push"),
        Scene(of(4, ("BAG-NA", 1))),
        Scene(of(4, ("SOAP-MT", 2))),  # the same door as the one before: one parcel
        Scene(of(1, ("LAMP-WH", 3))),  # two are there, in two warehouses
        Scene(of(2, ("GHOST-404", 1))),
        Scene(of(3, ("CHAIR-BK", 3))),  # above the limit that people look at
        Scene(of(5, ("MAT-8-BK", 1), paid=False)),
        Scene(of(6, ("CUP-450", 2)), "refund"),
        Scene(of(7, ("KIT-TEA", 1))),
        Scene(of(0, ("HOOD-GY-M", 1), message="请周末送到" if home else "Please leave it at the front desk")),
        Scene(of(1, ("TEA-100", 1), ("MUG-WH", 3))),  # no single warehouse has both
    ]
    if home:
        special.append(Scene(of(8, ("TEE-WH-M", 2), ("BAG-BK", 1), cod=True)))
    return special + [Scene(ordinary(place, currency)) for place in range(max(0, count - len(special)))]
