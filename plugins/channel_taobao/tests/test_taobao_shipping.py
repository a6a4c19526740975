"""Telling the platform of parcels, whatever it says back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.companies import company_code

from orderyard.core.channels.api import Confirmed, Shipment, ShippedLine
from orderyard.core.kernel.errors import RemoteRejected
from orderyard.core.kernel.transport import Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

TID = "2231958349012345678"
OURS = "YT1234567890123"
SUCCESS = answer({"logistics_offline_send_response": {"shipping": {"is_success": True}, "request_id": "16r2r6t6zjzg8"}})


def refused(code: str) -> Response:
    return answer({"error_response": {"code": 15, "msg": "Remote service error", "sub_code": code, "sub_msg": "不能重复发货"}})


def already(code: str = "B04") -> Response:
    return refused(f"isv.logistics-offline-service-error:{code}")


def trade(*lines: tuple[str, str, str]) -> Response:
    """A trade of lines (oid, status, waybill number)."""
    orders = [
        {"oid": int(oid), "status": status, **({"invoice_no": number} if number else {})} for oid, status, number in lines
    ]
    return answer({"trade_fullinfo_get_response": {"trade": {"tid": int(TID), "orders": {"order": orders}}}})


def shipment(*lines: str, whole: bool = True) -> Shipment:
    return Shipment(TID, tuple(ShippedLine(line, 1) for line in lines or (TID,)), "YTO", "圆通速递", OURS, whole)


def calls(transport: ScriptedTransport) -> list[dict[str, str]]:
    """Method and business parameters of what was sent."""
    found: list[dict[str, str]] = []
    for request in transport.sent:
        body = dict(parse_qsl(request.body.decode()))
        del body["session"]
        body.pop("fields", None)
        found.append({"method": dict(parse_qsl(urlsplit(request.url).query))["method"].removeprefix("taobao."), **body})
    return found


def confirm(settings: dict[str, str], sent: Shipment, *script: Response) -> tuple[Confirmed, list[dict[str, str]]]:
    transport = ScriptedTransport(*script)
    confirmed = TaobaoChannel(settings, transport).confirm_shipment(sent, "k1")
    assert transport.script == []
    return confirmed, calls(transport)


def test_the_only_line_of_a_trade_is_sent_at_once(settings: dict[str, str]) -> None:
    confirmed, sent = confirm(settings, shipment(), SUCCESS)
    assert confirmed == Confirmed()
    assert sent == [{"method": "logistics.offline.send", "tid": TID, "out_sid": OURS, "company_code": "YTO"}]


def test_a_part_is_sent_by_naming_its_lines(settings: dict[str, str]) -> None:
    _, sent = confirm(settings, shipment("11", "12", whole=False), SUCCESS)
    (only,) = sent
    assert (only["is_split"], only["sub_tid"]) == ("1", "11,12")


def test_the_rest_of_a_trade_is_sent_by_naming_its_lines_too(settings: dict[str, str]) -> None:
    state = trade(("11", "WAIT_BUYER_CONFIRM_GOODS", "YT1"), ("12", "WAIT_SELLER_SEND_GOODS", ""))
    _, sent = confirm(settings, shipment("12"), state, SUCCESS)
    assert sent[1]["sub_tid"] == "12"


def test_a_whole_trade_is_sent_without_naming_lines(settings: dict[str, str]) -> None:
    state = trade(("11", "WAIT_SELLER_SEND_GOODS", ""), ("12", "WAIT_SELLER_SEND_GOODS", ""), ("13", "TRADE_CLOSED", ""))
    _, sent = confirm(settings, shipment("11", "12"), state, SUCCESS)
    assert "sub_tid" not in sent[1]


def test_many_lines_go_in_several_calls(settings: dict[str, str]) -> None:
    lines = [str(oid) for oid in range(100, 145)]
    _, sent = confirm(settings, shipment(*lines, whole=False), SUCCESS, SUCCESS, SUCCESS)
    assert [len(call["sub_tid"].split(",")) for call in sent] == [20, 20, 5]


@pytest.mark.parametrize("code", ["B02", "B04", "B55", "P38", "B27"])
def test_shipped_before_under_our_number_is_confirmed(settings: dict[str, str], code: str) -> None:
    state = trade((TID, "WAIT_BUYER_CONFIRM_GOODS", f" {OURS.lower()} "))
    confirmed, _ = confirm(settings, shipment(), already(code), state)
    assert confirmed == Confirmed(already=True)


def test_shipped_before_under_another_number_is_rejected_with_that_number(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(already(), trade((TID, "WAIT_BUYER_CONFIRM_GOODS", "SF777")))
    with pytest.raises(RemoteRejected, match="SF777"):
        TaobaoChannel(settings, transport).confirm_shipment(shipment(), "k1")


def test_sent_without_a_number_is_not_our_parcel(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(already(), trade((TID, "WAIT_BUYER_CONFIRM_GOODS", "")))
    with pytest.raises(RemoteRejected, match="no number"):
        TaobaoChannel(settings, transport).confirm_shipment(shipment(), "k1")


def test_a_closed_trade_keeps_the_platform_s_own_reason(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(already(), trade((TID, "TRADE_CLOSED", "")))
    with pytest.raises(RemoteRejected, match="不能重复发货") as raised:
        TaobaoChannel(settings, transport).confirm_shipment(shipment(), "k1")
    assert raised.value.code == "isv.logistics-offline-service-error:B04"


def test_a_refusal_that_is_not_about_shipping_asks_nothing_more(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(refused("isv.invalid-parameter:tid"))
    with pytest.raises(RemoteRejected):
        TaobaoChannel(settings, transport).confirm_shipment(shipment(), "k1")


@pytest.mark.parametrize("code", ["isv.logistics-offline-service-error:B98", "CD86"])
def test_a_trade_that_wants_the_other_call_gets_it(settings: dict[str, str], code: str) -> None:
    confirmed, sent = confirm(settings, shipment(), refused(code), SUCCESS)
    assert confirmed == Confirmed()
    assert [call.pop("method") for call in sent] == ["logistics.offline.send", "logistics.online.send"]
    assert sent[0] == sent[1]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (trade(("11", "WAIT_BUYER_CONFIRM_GOODS", OURS), ("12", "WAIT_BUYER_CONFIRM_GOODS", OURS)), True),
        (trade(("11", "WAIT_BUYER_CONFIRM_GOODS", OURS), ("12", "TRADE_CLOSED", "")), True),
        (trade(("11", "TRADE_FINISHED", OURS), ("12", "TRADE_CLOSED", OURS)), True),
        (trade(("11", "WAIT_BUYER_CONFIRM_GOODS", OURS), ("12", "WAIT_SELLER_SEND_GOODS", "")), False),
        (trade(("11", "WAIT_BUYER_CONFIRM_GOODS", "SF777"), ("12", "WAIT_BUYER_CONFIRM_GOODS", "SF777")), False),
        (trade(("11", "WAIT_SELLER_SEND_GOODS", ""), ("12", "WAIT_SELLER_SEND_GOODS", "")), False),
        (trade(("99", "WAIT_BUYER_CONFIRM_GOODS", OURS)), False),
    ],
)
def test_a_parcel_is_found_by_its_number_on_all_of_its_lines(settings: dict[str, str], state: Response, found: bool) -> None:
    looked_up = TaobaoChannel(settings, ScriptedTransport(state)).find_shipment(shipment("11", "12"))
    assert looked_up == (Confirmed(already=True) if found else None)


@pytest.mark.parametrize(
    ("ours", "overrides", "theirs"),
    [
        ("SF", "", "SF"),
        ("yto", "", "YTO"),
        ("YD", "", "YUNDA"),
        ("DBL", "", "DBKD"),
        ("NEWONE", "", "NEWONE"),
        ("JD", "JD=LE04284890, SF = SFEX", "LE04284890"),
        ("SF", "JD=LE04284890, SF = SFEX", "SFEX"),
        ("SF", "SF=", "SF"),
    ],
)
def test_carriers_are_spelt_as_the_platform_spells_them(ours: str, overrides: str, theirs: str) -> None:
    assert company_code(ours, overrides) == theirs


def test_the_overrides_are_a_setting(settings: dict[str, Any]) -> None:
    _, sent = confirm({**settings, "company_codes": "YTO=YTOEX"}, shipment(), SUCCESS)
    assert sent[0]["company_code"] == "YTOEX"
