"""Small documents in the platform's shape; every person in them is made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import ChannelOrder
from orderyard.core.kernel.transport import HttpTransport, Request, Response
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

SETTINGS = {"app_key": "12345678", "app_secret": "helloworld", "session": "6100test", "number_rules": "off"}
OAID = "1F8QmC3vWnPz0kRYb7sXtA6uJe2LhGd5KxoV9wEiNfTqSyBgMlUaZrHjD4cOp-abcDEF0123456789_xyz"


class Listening:
    """Passes everything on and remembers it."""

    def __init__(self, inner: HttpTransport) -> None:
        self.inner = inner
        self.sent: list[Request] = []

    def now(self) -> datetime:
        return self.inner.now()

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return self.inner.send(request)

    def calls(self) -> list[dict[str, str]]:
        """The parameters of every call, wherever they stood."""
        return [dict(parse_qsl(urlsplit(one.url).query)) | dict(parse_qsl(one.body.decode())) for one in self.sent]


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "oid": 2231958349012345679,
        "oid_str": "2231958349012345679",
        "num_iid": 612345678901,
        "sku_id": "4812345678901",
        "outer_iid": "TEE",
        "outer_sku_id": "TEE-BLU-M",
        "title": "纯棉短袖T恤",
        "sku_properties_name": "颜色:蓝色;尺码:M",
        "num": 2,
        "price": "59.00",
        "total_fee": "118.00",
        "payment": "118.00",
        "divide_order_fee": "108.00",
        "part_mjz_discount": "10.00",
        "refund_status": "NO_REFUND",
        "status": "WAIT_SELLER_SEND_GOODS",
        **changes,
    }


def second_line(**changes: Any) -> dict[str, Any]:
    own = {"oid": 2231958349012345680, "oid_str": "2231958349012345680", "sku_id": "4812345678902", "num": 1}
    money = {"price": "40.00", "total_fee": "40.00", "payment": "40.00", "divide_order_fee": "40.00"}
    return a_line(**{**own, **money, "outer_sku_id": "TEE-RED-L", "part_mjz_discount": "0.00", **changes})


def a_trade(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Two lines, paid, to be shipped, 108.00 + 40.00 + 5.00 freight, unless told otherwise."""
    return {
        "tid": 2231958349012345678,
        "tid_str": "2231958349012345678",
        "type": "fixed",
        "status": "WAIT_SELLER_SEND_GOODS",
        "seller_nick": "演示旗舰店",
        "title": "演示旗舰店",
        "buyer_nick": "m**0",
        "buyer_open_uid": "AAHk5d-EAAeGwJedwSyntheticUid01",
        "buyer_message": "请周末送货",
        "seller_memo": "",
        "created": "2026-11-21 10:01:07",
        "pay_time": "2026-11-21 10:03:21",
        "modified": "2026-11-21 10:03:22",
        "payment": "153.00",
        "total_fee": "158.00",
        "post_fee": "5.00",
        "num": 0,
        "step_trade_status": "",
        "top_hold": 0,
        "oaid": OAID,
        "receiver_name": "林**",
        "receiver_mobile": "*******4321",
        "receiver_phone": "",
        "receiver_country": "",
        "receiver_state": "浙江省",
        "receiver_city": "杭州市",
        "receiver_district": "余杭区",
        "receiver_town": "五常街道",
        "receiver_address": "文*西*9**号*幢*",
        "receiver_zip": "311100",
        "orders": {"order": list(lines) or [a_line(), second_line()]},
        **changes,
    }


def whole_answer(trade: dict[str, Any]) -> dict[str, Any]:
    return {"trade_fullinfo_get_response": {"trade": trade, "request_id": "16r2r6t6zjzg8"}}


@pytest.fixture
def settings() -> dict[str, str]:
    return dict(SETTINGS)


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    return a_line


@pytest.fixture
def other_line() -> Callable[..., dict[str, Any]]:
    return second_line


@pytest.fixture
def trade() -> Callable[..., dict[str, Any]]:
    return a_trade


@pytest.fixture
def envelope() -> Callable[[dict[str, Any]], dict[str, Any]]:
    return whole_answer


@pytest.fixture
def read() -> Callable[[dict[str, Any]], ChannelOrder]:
    """Reads a trade as `fetch` would have brought it."""
    channel = TaobaoChannel(SETTINGS, ScriptedTransport())
    return lambda trade: channel.read(json.dumps(whole_answer(trade), ensure_ascii=False).encode())


def a_refund(**changes: Any) -> dict[str, Any]:
    """A buyer asks for the money of a line that is still here, unless told otherwise."""
    return {
        "refund_id": "198765432109876543",
        "tid": 2231958349012345678,
        "oid": 2231958349012345680,
        "status": "WAIT_SELLER_AGREE",
        "good_status": "BUYER_NOT_RECEIVED",
        "has_good_return": False,
        "refund_fee": "40.00",
        "reason": "多拍/拍错/不想要",
        "desc": "",
        "num": 1,
        "created": "2026-11-21 16:18:00",
        "modified": "2026-11-21 16:18:01",
        "order_status": "WAIT_SELLER_SEND_GOODS",
        "refund_phase": "onsale",
        "refund_version": 1795249081000,
        "dispute_type": "REFUND",
        "operation_contraint": "null",
        "cs_status": 1,
        "advance_status": 0,
        "refund_remind_timeout": {"exist_timeout": True, "remind_type": 1, "timeout": "2026-11-23 16:18:01"},
        **changes,
    }


@pytest.fixture
def refund() -> Callable[..., dict[str, Any]]:
    return a_refund


@pytest.fixture
def environment() -> FixedEnvironment:
    return FixedEnvironment(datetime(2026, 11, 21, 4, 0, 0, tzinfo=UTC))


@pytest.fixture
def shop(environment: FixedEnvironment) -> Iterator[TaobaoSimulator]:
    """A simulated shop, open; two sizes of a shirt and a mug."""
    simulator = TaobaoSimulator(environment)
    simulator.start()
    price = Money.of("59.00", "CNY")
    simulator.open_shop(
        (
            ShopItem("TEE-M", "T恤", price, options={"尺码": "M"}),
            ShopItem("TEE-L", "T恤", price, options={"尺码": "L"}),
            ShopItem("MUG", "杯子", Money.of("20.00", "CNY")),
        )
    )
    yield simulator
    simulator.stop()


@pytest.fixture
def transport(environment: FixedEnvironment) -> Iterator[Listening]:
    """Real HTTP, and everything that was sent over it."""
    inner = HttpTransport(environment)
    yield Listening(inner)
    inner.close()


@pytest.fixture
def calls(transport: Listening) -> Callable[[], list[dict[str, str]]]:
    """The parameters of every call so far."""
    return transport.calls


@pytest.fixture
def methods(transport: Listening) -> Callable[[], list[str]]:
    """The methods called so far, without their common beginning."""
    return lambda: [call["method"].removeprefix("taobao.") for call in transport.calls()]


@pytest.fixture
def channel(shop: TaobaoSimulator, transport: Listening) -> TaobaoChannel:
    return TaobaoChannel(shop.settings(), transport)


@pytest.fixture
def place(shop: TaobaoSimulator) -> Callable[..., str]:
    """A buyer orders; a mug, unless told otherwise."""
    home = Address(province="浙江省", city="杭州市", detail="文一西路969号", name="林小满", phone="18800004321")

    def one(*lines: tuple[str, int], **changes: Any) -> str:
        return shop.place(BuyerOrder(**{"buyer": "xiaoman", "receiver": home, "lines": lines or (("MUG", 1),), **changes}))

    return one
