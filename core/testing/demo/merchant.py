"""A small merchant: three warehouses, a catalog with variants and kits, opening stock, one person per role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...auth.permissions import Role
from ...auth.service import add_person
from ...catalog.service import NewSku, add_shop, add_skus, set_carrier
from ...inventory.api import Place
from ...inventory.service import Receipt, add_warehouse, receive, serve
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ..simulator import ShopItem

PASSWORD = "orderyard-demo-2026"  # noqa: S105  printed at the start of every demo; it opens nothing else
LOGINS: Mapping[Role, tuple[str, str]] = {
    Role.ADMIN: ("admin", "陈思远"),
    Role.SUPERVISOR: ("supervisor", "林晓岚"),
    Role.REVIEWER: ("reviewer", "周雨桐"),
    Role.WAREHOUSE: ("warehouse", "赵大勇"),
    Role.FINANCE: ("finance", "吴佩珊"),
    Role.VIEWER: ("viewer", "Alex Reed"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """A SKU of the demo: price in fen and cents, cost in fen, units in (SH, GZ, BJ)."""

    code: str
    product: str
    chinese: str
    english: str
    option: str
    fen: int
    cents: int
    cost: int
    grams: int
    stock: tuple[int, int, int]


def _variants(
    product: str, chinese: str, english: str, options: Mapping[str, str], fen: int, cents: int, cost: int, grams: int,
    stock: tuple[int, int, int],
) -> list[Thing]:  # fmt: skip
    return [
        Thing(f"{product}-{tail}", product, chinese, english, option, fen, cents, cost, grams, stock)
        for tail, option in options.items()
    ]


THINGS: tuple[Thing, ...] = (
    *_variants("TEE", "纯棉短袖T恤", "Cotton T-shirt", {"BK-S": "黑 / S", "BK-M": "黑 / M", "BK-L": "黑 / L", "WH-S": "白 / S",
               "WH-M": "白 / M", "WH-L": "白 / L"}, 8900, 1490, 3150, 180, (60, 40, 30)),
    *_variants("HOOD", "加绒连帽卫衣", "Fleece hoodie",
               {"GY-M": "灰 / M", "GY-L": "灰 / L", "NV-M": "藏青 / M", "NV-L": "藏青 / L"}, 19900, 3290, 8200, 620,
               (35, 20, 25)),
    *_variants("CUP", "双层玻璃杯", "Double-wall glass", {"350": "350 ml", "450": "450 ml"}, 5900, 990, 1860, 340, (80, 60, 0)),
    *_variants("TEA", "明前龙井", "Longjing green tea", {"50": "50 g", "100": "100 g", "250": "250 g"}, 12800, 2190, 5400, 120,
               (50, 0, 30)),
    *_variants("POT", "紫砂壶", "Yixing teapot", {"200": "200 ml", "300": "300 ml"}, 36800, 5990, 15900, 560, (12, 8, 6)),
    *_variants("MAT", "瑜伽垫", "Yoga mat", {"6-PU": "6 mm / 紫", "6-GN": "6 mm / 绿", "8-BK": "8 mm / 黑"}, 15900, 2590, 6100,
               1250, (24, 30, 18)),
    *_variants("BAG", "帆布托特包", "Canvas tote", {"NA": "本色", "BK": "黑"}, 6900, 1190, 2240, 260, (70, 45, 40)),
    *_variants("LAMP", "护眼台灯", "Desk lamp", {"WH": "白"}, 25900, 3990, 11800, 980, (1, 0, 1)),
    *_variants("SOAP", "手工皂", "Handmade soap", {"LV": "薰衣草", "OR": "橙花", "MT": "薄荷"}, 3900, 690, 950, 110,
               (120, 90, 60)),
    *_variants("MUG", "陶瓷马克杯", "Stoneware mug", {"BL": "霁蓝", "WH": "月白"}, 7900, 1290, 2650, 410, (0, 55, 50)),
    *_variants("CHAIR", "人体工学椅", "Ergonomic chair", {"BK": "黑"}, 219900, 34900, 98000, 14500, (4, 3, 3)),
)  # fmt: skip
KITS: Mapping[str, tuple[str, str, int, int, Mapping[str, int]]] = {
    "KIT-TEA": ("龙井茶具礼盒", "Longjing tea gift set", 49900, 7990, {"TEA-100": 1, "POT-200": 1, "CUP-350": 2}),
    "KIT-BATH": ("手工皂三件套", "Handmade soap trio", 9900, 1790, {"SOAP-LV": 1, "SOAP-OR": 1, "SOAP-MT": 1}),
}
"""Title in both languages, price in fen and cents, units of each component."""

WAREHOUSES: tuple[tuple[str, str, tuple[str, ...], Mapping[str, str]], ...] = (
    ("SH", "上海嘉定仓", ("上海", "江苏", "浙江", "安徽", "福建", "江西", "湖北"),
     {"province": "上海市", "city": "上海市", "district": "嘉定区", "detail": "曹安公路4800号3号库", "name": "嘉定仓发货组",
      "phone": "13800000001"}),
    ("GZ", "广州白云仓", ("广东", "广西", "海南", "湖南", "四川", "重庆", "云南", "贵州", "US", "CA", "GB", "AU", "DE"),
     {"province": "广东省", "city": "广州市", "district": "白云区", "detail": "石沙路286号A座", "name": "白云仓发货组",
      "phone": "13800000002"}),
    ("BJ", "北京大兴仓", ("北京", "天津", "河北", "山东", "山西", "河南", "辽宁", "吉林", "黑龙江", "陕西"),
     {"province": "北京市", "city": "北京市", "district": "大兴区", "detail": "金星路12号B库", "name": "大兴仓发货组",
      "phone": "13800000003"}),
)  # fmt: skip


def found(uow: UnitOfWork) -> dict[str, int]:
    """Catalog, warehouses, opening stock and people; warehouse ids by code."""
    components = [
        NewSku(thing.code, thing.chinese, thing.product, {"规格": thing.option}, f"69{place:011d}", thing.fen, thing.grams)
        for place, thing in enumerate(THINGS, 1)
    ]
    kits = [NewSku(code, chinese, code, price=fen, kit=parts) for code, (chinese, _, fen, _, parts) in KITS.items()]
    skus = add_skus(uow, components + kits)
    places: dict[str, int] = {}
    for position, (code, title, regions, address) in enumerate(WAREHOUSES):
        places[code] = add_warehouse(uow, code, title, regions, address)
        opening = [Receipt(skus[thing.code], thing.stock[position], thing.cost) for thing in THINGS if thing.stock[position]]
        receive(
            uow,
            places[code],
            opening,
            source=Place.OPENING,
            document=places[code],
            key=f"opening/{code}",
            text=f"opening {code}",
        )
    for role, (login, name) in LOGINS.items():
        add_person(uow, login, name, PASSWORD, role, "en" if role is Role.VIEWER else "zh")
    return places


def open_shop(uow: UnitOfWork, code: str, currency: str, warehouses: Mapping[str, int], carrier: str, title: str = "") -> int:
    """A shop served by every warehouse; prices hold 13 % VAT at home and no tax abroad."""
    home = currency == "CNY"
    title = title or {"CNY": "有间茶铺旗舰店", "USD": "Tea & Thread"}.get(currency, code)
    shop_id = add_shop(
        uow, code, title, currency, timezone="Asia/Shanghai" if home else "America/New_York", tax_rate=1300 if home else 0
    )
    set_carrier(uow, shop_id, carrier)
    serve(uow, shop_id, warehouses.values(), safety=1)
    return shop_id


def offers(currency: str) -> tuple[ShopItem, ...]:
    """What the merchant offers on a channel that trades in this currency."""
    home = currency == "CNY"
    items = [
        ShopItem(
            thing.code,
            thing.chinese if home else thing.english,
            Money(thing.fen if home else thing.cents, currency),
            f"69{place:011d}",
            {"规格" if home else "Option": thing.option},
        )
        for place, thing in enumerate(THINGS, 1)
    ]
    items += [
        ShopItem(code, chinese if home else english, Money(fen if home else cents, currency))
        for code, (chinese, english, fen, cents, _) in KITS.items()
    ]
    return tuple(items)
