"""A small merchant with orders in every situation, behind a console that a test can drive."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orderyard.app import Config, System, create_app
from orderyard.core.auth.service import add_person
from orderyard.core.carriers.api import Booked, Booking, Carrier, TrackingEvent, TrackQuery
from orderyard.core.catalog import service as catalog
from orderyard.core.catalog.queries import items_by_code, shop
from orderyard.core.connections.service import pause
from orderyard.core.customers.service import CustomerFacts
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.host.api import Panel, PluginContext
from orderyard.core.host.service import save_settings
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory.api import Place
from orderyard.core.kernel.errors import RemoteUnavailable
from orderyard.core.kernel.transport import Request, Response
from orderyard.core.kernel.uow import Merchant, UnitOfWork
from orderyard.core.kernel.values import Address, SettingField
from orderyard.core.ledger.api import ExportFile, Journal, LedgerExporter
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode
from orderyard.core.orders.intake import DraftLine, OrderDraft, place
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Shop, open_shop
from orderyard.hookspecs import Manifest, hookimpl

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PASSWORD = "a quiet harbour"
ROLES = ("admin", "supervisor", "reviewer", "warehouse", "finance", "viewer")
NAMES = ("林晓", "周敏", "陈佳怡", "王建国", "赵慧", "Sam Lee")
LABEL = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self._tokens = 0

    def now(self) -> datetime:
        return self.at

    def token(self) -> str:
        self._tokens += 1
        return f"{self._tokens:032x}"

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)


class Unplugged:
    """A network that is not there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def send(self, request: Request) -> Response:
        raise RemoteUnavailable(f"no network in tests: {request.url}")


def helpful() -> types.ModuleType:
    """A plugin with a panel, a file format and settings, one of them secret."""
    module = types.ModuleType("orderyard_pocket")
    fields = (SettingField("account", "Account"), SettingField("token", "Token", secret=True, required=False))

    class Plain(LedgerExporter):
        name = "pocket_plain"
        title = "Plain text"

        def export(self, journal: Journal) -> list[ExportFile]:
            text = "\n".join(entry.ref for entry in journal.entries)
            return [ExportFile(f"{journal.period}.txt", "text/plain", text.encode())]

    def register_ledger_exporters() -> Iterable[type[LedgerExporter]]:
        return [Plain]

    def show_order_panels(order_id: int, context: PluginContext) -> Iterable[Panel]:
        return [Panel("会员", (("等级", "金卡", ""), ("累计订单", "7", ""), ("账户", context.settings["account"], "")))]

    class Post(Carrier):
        name = "pocket_post"
        title = "口袋快递"
        code = "PP"
        settings = (SettingField("key", "API key", secret=True),)

        def book(self, booking: Booking, key: str) -> Booked:
            raise RemoteUnavailable("closed")

        def find(self, key: str, booking: Booking) -> Booked | None:
            return None

        def cancel(self, number: str, key: str) -> None:
            raise RemoteUnavailable("closed")

        def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
            return []

    def register_carriers() -> Iterable[type[Carrier]]:
        return [Post]

    module.register_carriers = hookimpl(register_carriers)  # type: ignore[attr-defined]
    module.manifest = Manifest("pocket", "会员口袋", settings=fields)  # type: ignore[attr-defined]
    module.register_ledger_exporters = hookimpl(register_ledger_exporters)  # type: ignore[attr-defined]
    module.show_order_panels = hookimpl(show_order_panels)  # type: ignore[attr-defined]
    return module


def hurtful() -> types.ModuleType:
    """A plugin that raises when it is asked what it offers."""
    module = types.ModuleType("orderyard_torn")

    def register_review_rules() -> None:
        raise ZeroDivisionError("0 rules per 0 orders")

    module.manifest = Manifest("torn", "Torn rules")  # type: ignore[attr-defined]
    module.register_review_rules = hookimpl(register_review_rules)  # type: ignore[attr-defined]
    return module


GOODS = (
    ("TEE-BLK-M", "重磅纯棉T恤 黑色 M", 9900, 60),
    ("TEE-BLK-L", "重磅纯棉T恤 黑色 L", 9900, 42),
    ("TEE-WHT-M", "重磅纯棉T恤 白色 M", 9900, 35),
    ("HOOD-GRY-L", "加绒连帽卫衣 灰色 L", 25900, 18),
    ("CAP-NVY", "复古棒球帽 藏青", 5900, 80),
    ("SOCK-3P", "中筒棉袜 三双装", 3900, 200),
    ("BAG-CNV", "大容量帆布托特包", 12900, 26),
    ("MUG-WHT", "骨瓷马克杯 350ml", 6900, 12),
    ("SCARF-RED", "羊毛围巾 酒红", 19900, 0),
)
RECEIVERS = (
    ("李思雨", "13816620431", "上海", "上海市", "徐汇区", "漕溪北路88号圣爱大厦1203室"),
    ("张伟", "13924417702", "广东省", "深圳市", "南山区", "科技园南区高新南七道12号"),
    ("刘洋", "13551187265", "四川省", "成都市", "武侯区", "天府三街199号太平洋保险大厦B座"),
    ("欧阳若曦", "18600317284", "北京", "北京市", "朝阳区", "望京街道阜通东大街6号院3号楼"),
    ("陈浩然", "13705718826", "浙江省", "杭州市", "西湖区", "文三路478号华星时代广场A座"),
    ("黄丽娟", "13607339150", "湖南省", "长沙市", "岳麓区", "麓谷大道668号"),
)


def furnish(system: System, clock: Clock) -> None:
    """Three warehouses, two shops, thirteen orders, and something of everything that can go wrong."""
    with system.installation.unit_of_work("setup") as uow:
        for role, name in zip(ROLES, NAMES, strict=True):
            add_person(uow, role, name, PASSWORD, role, "en" if name == "Sam Lee" else "zh")
        taobao = catalog.add_shop(uow, "taobao", "云裳旗舰店（淘宝）", "CNY")
        shopify = catalog.add_shop(uow, "shopify", "Yunshang Global (Shopify)", "USD", tax_rate=0)
        uow.db.change("UPDATE shop SET carrier = 'sf'")
        skus = catalog.add_skus(
            uow,
            [
                *(
                    catalog.NewSku(code, title, price=price, barcode=f"69{n:011d}")
                    for n, (code, title, price, _) in enumerate(GOODS)
                ),
                catalog.NewSku("SET-WINTER", "冬日礼盒（卫衣+围巾+棉袜）", price=45900, kit={"HOOD-GRY-L": 1, "SOCK-3P": 2}),
            ],
        )
        places = (
            ("SH", "上海仓", ["上海", "浙江", "江苏", "北京"], 3),
            ("GZ", "广州仓", ["广东", "湖南"], 2),
            ("CD", "成都仓", ["四川"], 1),
        )
        for code, title, regions, share in places:
            warehouse = inventory.add_warehouse(uow, code, title, regions)
            inventory.serve(uow, taobao, [warehouse])
            inventory.serve(uow, shopify, [warehouse])
            receipts = [
                inventory.Receipt(skus[one], units * share // 6, price * 4 // 10)
                for one, _, price, units in GOODS
                if units * share // 6
            ]
            inventory.receive(
                uow, warehouse, receipts, source=Place.OPENING, document=warehouse, key=f"OPEN/{code}", text="期初库存"
            )
        for one, title, _, _ in GOODS:
            catalog.meet_listings(uow, taobao, {(f"6820{skus[one]:04d}", "0"): (one, title)})
            catalog.meet_listings(uow, shopify, {(f"gid-{skus[one]}", "1"): (one, title)})
        uow.db.change("UPDATE listing SET published = 40 + id WHERE shop_id = ?", (taobao,))
        catalog.meet_listings(uow, taobao, {("68209999", "31"): ("OLD-773", "亲子装T恤 儿童款 110cm 柠檬黄")})
        _connect(uow, taobao, shopify)
    for number in range(1, 14):
        clock.move(minutes=7)
        with system.installation.unit_of_work("channel:taobao") as uow:
            place(uow, [_draft(uow, number, clock)])
    for fo_id in _released(system):
        _work(system, clock, fo_id)
    _troubles(system, clock)
    with system.installation.unit_of_work("setup") as uow:
        given = {"account": "云裳会员", "token": "never-shown-again"}
        save_settings(uow, system.seal, system.plugins.manifests["pocket"], given)


def _connect(uow: UnitOfWork, taobao: int, shopify: int) -> None:
    columns = ("code", "kind", "adapter", "shop_id", "settings", "state", "message", "cursor", "last_good_at")
    uow.db.insert(
        "connection",
        columns,
        [
            ("taobao-1", "channel", "channel_taobao", taobao, "", "active", "", uow.now, uow.now),
            ("shopify-1", "channel", "channel_shopify", shopify, "", "active", "", uow.now, uow.now),
            ("sf", "carrier", "carrier_sf", None, "", "active", "", None, uow.now),
            ("pocket-1", "carrier", "pocket_post", None, "", "active", "", None, None),
        ],
    )


def _draft(uow: UnitOfWork, number: int, clock: Clock) -> OrderDraft:
    """1–6 plain, 7 a kit, 8 with a message, 9 over the limit, 10 unpaid, 11 unknown item, 12 out of stock, 13 from abroad."""
    items = items_by_code(uow.db, [*(good[0] for good in GOODS), "SET-WINTER"])

    def line(code: str, count: int, price: int | None = None) -> DraftLine:
        item = items.get(code)
        each = price or (item.price if item else 8900)
        title = item.title if item else "亲子装T恤 儿童款 110cm 柠檬黄"
        return DraftLine(
            title, count, each, each * count, item, external_id=f"{number}{code}", listing=("68209999", "31", code)
        )

    wanted = {
        1: [line("TEE-BLK-M", 2), line("CAP-NVY", 1)],
        2: [line("HOOD-GRY-L", 1)],
        3: [line("SOCK-3P", 3), line("MUG-WHT", 1)],
        4: [line("BAG-CNV", 1)],
        5: [line("TEE-WHT-M", 1), line("TEE-BLK-L", 1)],
        6: [line("CAP-NVY", 2)],
        7: [line("SET-WINTER", 1), line("BAG-CNV", 1)],
        8: [line("TEE-BLK-M", 1)],
        9: [line("HOOD-GRY-L", 6), line("TEE-BLK-M", 40)],
        10: [line("MUG-WHT", 2)],
        11: [line("OLD-773", 1), line("SOCK-3P", 1)],
        12: [line("SCARF-RED", 1)],
        13: [line("BAG-CNV", 2, 2400)],
    }[number]
    abroad = number == 13
    name, phone, province, city, district, detail = RECEIVERS[number % len(RECEIVERS)]
    to = Address(province=province, city=city, district=district, detail=detail, name=name, phone=phone)
    if abroad:
        to = Address(
            country="US",
            province="CA",
            city="Oakland",
            detail="1428 Alice Street, Apt 9",
            postcode="94612",
            name="Maya Torres",
            phone="+1 510 555 0142",
        )
    total = sum(one.amount for one in wanted) + (0 if number % 2 else 800)
    paid = number != 10
    external = f"#10{number}" if abroad else f"28471936502{number:05d}"
    return OrderDraft(
        shop=shop(uow.db, 2 if abroad else 1),
        external_id=external,
        external_number=external,
        source="channel",
        placed_at=clock.now() - timedelta(minutes=3),
        paid_at=clock.now() if paid else None,
        customer=CustomerFacts(2 if abroad else 1, platform_id=f"buyer{number}", name=to.name),
        receiver=to,
        lines=tuple(wanted),
        freight=0 if number % 2 else 800,
        received=total if paid else 0,
        payment_key=f"P{number}",
        method="Shopify Payments" if abroad else "支付宝",
        message="麻烦周五前到，是生日礼物，谢谢！" if number == 8 else "",
        memo="老客户，送贺卡" if number == 8 else "",
    )


def _released(system: System) -> list[int]:
    with system.installation.unit_of_work("automatic") as uow:
        orders.hold(uow, 6, HoldCode.MANUAL, "买家来电，可能要改颜色")
    with system.installation.unit_of_work("automatic") as uow:
        return release_ready(uow)


def _work(system: System, clock: Clock, fo_id: int) -> None:
    """The first ones go further than the later ones."""
    steps = (fulfillment.start_picking, fulfillment.pick, fulfillment.pack, fulfillment.ship)
    for step in steps[: max(0, 5 - fo_id)]:
        clock.move(minutes=2)
        with system.installation.unit_of_work("person:warehouse") as uow:
            row = uow.db.row("SELECT id, state FROM waybill WHERE fo_id = ?", (fo_id,))
            if row is not None and row[1] == "requested":
                fulfillment.issue_waybill(uow, row[0], f"SF134450{fo_id:07d}", "ok", LABEL, "application/pdf")
            step(uow, fo_id)
    if fo_id == 1:
        with system.installation.unit_of_work("carrier:sf") as uow:
            [(waybill,)] = uow.db.rows("SELECT id FROM waybill WHERE fo_id = 1")
            said = (
                ("picked_up", "50", "顺丰速运 已收取快件", "上海徐汇漕河泾营业点"),
                ("in_transit", "31", "快件已发往 上海虹桥转运中心", "上海虹桥转运中心"),
                ("out_for_delivery", "44", "正在派送途中，请保持电话畅通（派件人：孙强）", "上海徐汇"),
            )
            for n, (state, code, text, where) in enumerate(said):
                row = (waybill, f"e{n}", uow.now + timedelta(hours=3 * n), state, code, text, where)
                uow.db.insert("tracking", ("waybill_id", "external_id", "at", "state", "code", "text", "place"), [row])
                uow.db.change("UPDATE waybill SET tracking = ? WHERE id = ?", (state, waybill))
            uow.db.change("UPDATE shipment_notice SET state = 'done', done_at = ?", (uow.now,))


def _troubles(system: System, clock: Clock) -> None:
    with system.installation.unit_of_work("worker") as uow:
        pause(uow, 2, "Shopify answered 401: the access token was revoked")
        columns = ("connection_id", "source", "delivery_id", "document", "received_at", "body", "verdict", "reason")
        uow.db.insert(
            "inbox",
            columns,
            [
                (
                    1,
                    "pull",
                    "2847193650299901@1",
                    "2847193650299901",
                    uow.now,
                    '{"tid":1,"买家":"王"}'.encode(),
                    "parked",
                    "unknown trade status WAIT_PRE_AUTH_CONFIRM",
                )
            ],
        )
        columns = ("kind", "owner", "key", "payload", "state", "attempts", "due_at", "error", "remedy", "unsure")
        uow.db.insert(
            "task",
            columns,
            [
                (
                    "tell",
                    "taobao-1",
                    "tell/FO00000001/2847193650200001",
                    "{}",
                    "parked",
                    6,
                    uow.now,
                    "isv.logistics-offline-service-error:B04 the order is being refunded",
                    "see the refund in the seller's console, then try again",
                    False,
                )
            ],
        )
        uow.db.insert(
            "plugin_fault",
            ("slug", "at", "place", "message"),
            [("pocket", uow.now, "on_order_placed", "TimeoutError: the points service did not answer")],
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The merchant's files, made once; each test works on a copy."""
    home = tmp_path_factory.mktemp("furnished")
    clock = Clock()
    system = _system(home, clock)
    furnish(system, clock)
    system.installation.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    system.close()
    return home


def _system(home: Path, clock: Clock, url: str = "") -> System:
    plugins = {"pocket": helpful(), "torn": hurtful()}
    config = Config(home, url, plugins=tuple(plugins), merchant=Merchant("云裳服饰"), extra=plugins)
    return System(config, environment=clock, transport=Unplugged(clock))


@pytest.fixture
def make_house() -> Callable[[Path, str], tuple[System, Browser]]:
    """The same merchant on another database, with an administrator at the console."""

    def made(home: Path, url: str) -> tuple[System, Browser]:
        clock = Clock()
        system = _system(home, clock, url)
        furnish(system, clock)
        browser = Browser(create_app(system))
        assert browser.sign_in("admin").status_code == 303
        return system, browser

    return made


@pytest.fixture
def system(furnished: Path, tmp_path: Path, clock: Clock) -> Iterator[System]:
    for name in ("orderyard.db", "orderyard.key"):
        (tmp_path / name).write_bytes((furnished / name).read_bytes())
    clock.move(hours=8)
    made = _system(tmp_path, clock)
    yield made
    made.close()


@pytest.fixture
def app(system: System) -> Flask:
    made = create_app(system)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


class Browser:
    """A client that fetches the page's form token by itself, as a browser would."""

    def __init__(self, app: Flask, language: str = "en") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Accept-Language": language}

    def get(self, path: str, **kwargs: object) -> TestResponse:
        headers = {**self.headers, **kwargs.pop("headers", {})}  # type: ignore[dict-item]
        return self.client.get(path, headers=headers, **kwargs)  # type: ignore[arg-type]

    def text(self, path: str, status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.text

    def post(self, path: str, *, page: str = "", follow: bool = True, **fields: object) -> TestResponse:
        source = self.get(page or "/sign-in", follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', source)
        assert found is not None
        return self.client.post(path, data={"csrf_token": found[1], **fields}, headers=self.headers, follow_redirects=follow)

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", follow=False, login=login, password=password)


Enter = Callable[..., Browser]


@pytest.fixture
def enter(app: Flask, system: System) -> Enter:
    """A browser signed in under a role, in English unless told otherwise."""

    def entered(role: str, language: str = "en") -> Browser:
        with system.installation.unit_of_work("setup") as uow:
            uow.db.change("UPDATE person SET language = ? WHERE login = ?", (language, role))
        browser = Browser(app, language)
        assert browser.sign_in(role).status_code == 303
        return browser

    return entered


@pytest.fixture(name="shop")
def paper_shop(databases: Databases, tmp_path: Path) -> Iterator[Shop]:
    """Another merchant, on each engine, with a sales channel on paper and people in every role."""
    with open_shop(databases, tmp_path) as opened:
        with opened.house.work("setup") as uow:
            for role, name in zip(ROLES, NAMES, strict=True):
                add_person(uow, role, name, PASSWORD, role, "en")
        yield opened


@pytest.fixture
def at_shop(shop: Shop) -> Enter:
    """A browser at that merchant's console."""
    app = create_app(shop.house.system)

    def entered(role: str, language: str = "en") -> Browser:
        with shop.house.work("setup") as uow:
            uow.db.change("UPDATE person SET language = ? WHERE login = ?", (language, role))
        browser = Browser(app, language)
        assert browser.sign_in(role).status_code == 303
        return browser

    return entered
