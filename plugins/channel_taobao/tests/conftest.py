"""Small documents in the platform's shape; every person in them is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel

from orderyard.core.channels.api import ChannelOrder
from orderyard.core.testing.scripted import ScriptedTransport

SETTINGS = {"app_key": "12345678", "app_secret": "helloworld", "session": "6100test"}
OAID = "1F8QmC3vWnPz0kRYb7sXtA6uJe2LhGd5KxoV9wEiNfTqSyBgMlUaZrHjD4cOp-abcDEF0123456789_xyz"


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
