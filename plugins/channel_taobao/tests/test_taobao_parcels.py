"""Parcels told in every way the platform knows, one by one and unit by unit, and told anew under another number."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import ChangesShipments, Confirmed, Shipment, ShippedLine, TradeState
from orderyard.core.kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer

Calls = Callable[[], list[dict[str, str]]]
Methods = Callable[[], list[str]]

FIRST, SECOND, THIRD = "SF1000000000017", "SF1000000000024", "SF1000000000031"


def parcel(channel: TaobaoChannel, tid: str, number: str, *units: int, whole: bool = False, carrier: str = "SF") -> Shipment:
    """So many units of each line, in the order of the lines; none of a line that is left out or 0."""
    order = channel.read(channel.fetch(tid))
    counts = units or tuple(line.quantity for line in order.lines)
    lines = tuple(ShippedLine(line.external_id, count) for line, count in zip(order.lines, counts, strict=False) if count)
    return Shipment(tid, lines, carrier, carrier, number, whole or not units)


def shipped(channel: TaobaoChannel, tid: str) -> tuple[TradeState, list[int]]:
    order = channel.read(channel.fetch(tid))
    return order.state, [line.shipped for line in order.lines]


@pytest.fixture
def by_unit(shop: TaobaoSimulator, transport: Transport) -> TaobaoChannel:
    return TaobaoChannel({**shop.settings(), "consign": "ascp"}, transport)


# number rules


@pytest.mark.parametrize(("carrier", "number"), [("YTO", "SF1000000000017"), ("ZTO", "12345"), ("SF", "顺丰一号")])
def test_a_number_that_is_not_its_carrier_s_is_refused_before_the_call(
    channel: TaobaoChannel, place: Callable[..., str], methods: Methods, carrier: str, number: str
) -> None:
    with pytest.raises(RemoteRejected, match="correct the number") as raised:
        channel.confirm_shipment(parcel(channel, place(), number, carrier=carrier), "k1")
    assert raised.value.code == "reg_mail_no"
    assert "logistics.offline.send" not in methods()


def test_the_rules_may_be_left_to_the_platform(
    shop: TaobaoSimulator, transport: Transport, place: Callable[..., str], methods: Methods
) -> None:
    channel = TaobaoChannel({**shop.settings(), "number_rules": "off"}, transport)
    with pytest.raises(RemoteRejected) as raised:
        channel.confirm_shipment(parcel(channel, place(), "12345", carrier="ZTO"), "k1")
    assert raised.value.code.endswith("B60")
    assert "logistics.companies.get" not in methods()


@pytest.mark.parametrize("rule", [{}, {"code": "YTO"}, {"code": "SF", "reg_mail_no": ""}, {"code": "SF", "reg_mail_no": "(["}])
def test_a_carrier_without_a_rule_is_left_to_the_platform(settings: dict[str, str], rule: dict[str, str]) -> None:
    rows = {"logistics_companies": {"logistics_company": [rule]}} if rule else {}
    transport = ScriptedTransport(
        answer({"logistics_companies_get_response": rows}),
        answer({"logistics_offline_send_response": {"shipping": {"is_success": True}}}),
    )
    channel = TaobaoChannel({**settings, "number_rules": "check"}, transport)
    assert channel.confirm_shipment(Shipment("7", (ShippedLine("7", 1),), "SF", "顺丰", "?", True), "k1") == Confirmed()


# ways of shipping


def test_the_way_of_shipping_is_a_setting(
    shop: TaobaoSimulator, transport: Transport, place: Callable[..., str], methods: Methods
) -> None:
    online = TaobaoChannel({**shop.settings(), "consign": "online"}, transport)
    cod, usual = place(cod=True), place()
    online.confirm_shipment(parcel(online, cod, FIRST), "k1")
    online.confirm_shipment(parcel(online, usual, SECOND), "k2")
    sends = [method for method in methods() if method.endswith(".send")]
    # What the platform's carriers do not fetch is sent by the other call.
    assert sends == ["logistics.online.send", "logistics.online.send", "logistics.offline.send"]
    with pytest.raises(CredentialsRefused, match="pigeon"):
        TaobaoChannel({**shop.settings(), "consign": "pigeon"}, transport).confirm_shipment(parcel(online, usual, THIRD), "k3")


def test_what_no_carrier_brings_is_sent_without_a_number(
    channel: TaobaoChannel, place: Callable[..., str], methods: Methods
) -> None:
    tid = place(("TEE-M", 1), ("MUG", 1))
    assert channel.find_shipment(parcel(channel, tid, "")) is None
    assert channel.confirm_shipment(parcel(channel, tid, ""), "k1") == Confirmed()
    assert channel.confirm_shipment(parcel(channel, tid, ""), "k1") == Confirmed(already=True)
    assert shipped(channel, tid) == (TradeState.SHIPPED, [1, 1])
    assert "logistics.dummy.send" in methods()


def test_a_part_without_a_number_is_refused(channel: TaobaoChannel, place: Callable[..., str], methods: Methods) -> None:
    tid = place(("TEE-M", 1), ("MUG", 1))
    with pytest.raises(RemoteRejected, match="give the parcel a number"):
        channel.confirm_shipment(parcel(channel, tid, "", 1, 0), "k1")
    assert "logistics.dummy.send" not in methods()


def test_of_a_call_that_was_half_done_the_rest_is_sent_again(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    tid = place(("TEE-M", 1), ("TEE-L", 1), ("MUG", 1), ("MUG", 2))
    shop.chaos.arm("half")
    channel.confirm_shipment(parcel(channel, tid, FIRST, 1, 1, 1, 0), "k1")
    assert shop.chaos.struck == [("half", "taobao.logistics.offline.send")]
    assert shipped(channel, tid) == (TradeState.PARTLY_SHIPPED, [1, 1, 1, 0])
    assert shop.told().shipments == {tid: (FIRST,)}


# unit by unit


def test_only_ascp_tells_parcels_by_unit(channel: TaobaoChannel, by_unit: TaobaoChannel) -> None:
    assert (channel.ability.tracking_per, by_unit.ability.tracking_per) == ("line", "quantity")
    assert TaobaoChannel.ability.tracking_per == "line"


def test_a_line_leaves_in_two_parcels(by_unit: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    tid = place(("TEE-M", 3), ("MUG", 1))
    assert by_unit.confirm_shipment(parcel(by_unit, tid, FIRST, 2, 1), "k1") == Confirmed()
    assert shipped(by_unit, tid) == (TradeState.PARTLY_SHIPPED, [2, 1])
    second = parcel(by_unit, tid, SECOND, 1, whole=True)
    assert by_unit.find_shipment(second) is None
    assert by_unit.confirm_shipment(second, "k2") == Confirmed()
    assert by_unit.confirm_shipment(second, "k2") == Confirmed(already=True)
    assert by_unit.find_shipment(parcel(by_unit, tid, FIRST, 2, 1)) == Confirmed(already=True)
    assert shipped(by_unit, tid) == (TradeState.SHIPPED, [3, 1])
    told = shop.told()
    assert (told.shipments, told.confirmations) == ({tid: (FIRST, SECOND)}, 2)


def test_parts_of_several_lines_in_one_parcel_need_a_call_each(
    by_unit: TaobaoChannel, place: Callable[..., str], calls: Calls
) -> None:
    tid = place(("TEE-M", 2), ("TEE-L", 2), ("MUG", 1))
    by_unit.confirm_shipment(parcel(by_unit, tid, FIRST, 1, 1, 1), "k1")
    assert shipped(by_unit, tid) == (TradeState.PARTLY_SHIPPED, [1, 1, 1])
    sent = [call for call in calls() if call["method"].startswith("alibaba.ascp")]
    assert [len(json.loads(call["consign_pkgs"])[0]["goods"]) for call in sent] == [1, 2]
    by_unit.confirm_shipment(parcel(by_unit, tid, SECOND, 1, 1), "k2")
    assert shipped(by_unit, tid) == (TradeState.SHIPPED, [2, 2, 1])


def test_a_lost_answer_about_units_tells_them_once(
    by_unit: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    tid = place(("TEE-M", 3))
    shipment = parcel(by_unit, tid, FIRST, 2)
    shop.chaos.arm("lose_answer", operation="alibaba.ascp.logistics.offline.send")
    with pytest.raises(OutcomeUnknown):
        by_unit.confirm_shipment(shipment, "k1")
    assert by_unit.find_shipment(shipment) == Confirmed(already=True)
    assert by_unit.confirm_shipment(shipment, "k1") == Confirmed(already=True)
    assert shipped(by_unit, tid) == (TradeState.PARTLY_SHIPPED, [2])
    shop.chaos.arm("too_many", operation="alibaba.ascp.logistics.offline.send")
    with pytest.raises(RateLimited):
        by_unit.confirm_shipment(parcel(by_unit, tid, SECOND, 1, whole=True), "k2")


def test_more_units_than_there_are_is_refused_by_the_platform(by_unit: TaobaoChannel, place: Callable[..., str]) -> None:
    with pytest.raises(RemoteRejected) as raised:
        by_unit.confirm_shipment(parcel(by_unit, place(("TEE-M", 3)), FIRST, 4), "k1")
    assert raised.value.code.endswith("CD25")


# another number


def test_a_parcel_is_told_anew_in_its_place(channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    assert isinstance(channel, ChangesShipments)
    tid = place(("TEE-M", 1), ("MUG", 1))
    channel.confirm_shipment(parcel(channel, tid, FIRST), "k1")
    again = parcel(channel, tid, SECOND)
    assert channel.change_shipment(again, FIRST, "k2") == Confirmed()
    assert channel.change_shipment(again, FIRST, "k2") == Confirmed(already=True)
    assert shop.told().shipments == {tid: (SECOND,)}
    with pytest.raises(RemoteRejected, match=f"shows {SECOND}, not {FIRST}"):
        channel.change_shipment(parcel(channel, tid, THIRD), FIRST, "k3")


def test_other_parcels_of_the_trade_keep_their_number(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], calls: Calls
) -> None:
    tid = place(("TEE-M", 1), ("MUG", 1))
    channel.confirm_shipment(parcel(channel, tid, FIRST, 1, 0), "k1")
    channel.change_shipment(parcel(channel, tid, SECOND, 1, 0), FIRST, "k2")
    channel.confirm_shipment(parcel(channel, tid, THIRD, 0, 1, whole=True), "k3")
    channel.change_shipment(parcel(channel, tid, FIRST, 1, 0), SECOND, "k4")
    assert shop.told().shipments == {tid: (FIRST, THIRD)}
    assert all(call["is_split"] == "1" for call in calls() if call["method"].endswith("consign.resend"))


def test_a_parcel_told_by_unit_is_changed_too(by_unit: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    tid = place(("TEE-M", 3))
    by_unit.confirm_shipment(parcel(by_unit, tid, FIRST, 2), "k1")
    by_unit.confirm_shipment(parcel(by_unit, tid, SECOND, 1, whole=True), "k2")
    assert by_unit.change_shipment(parcel(by_unit, tid, THIRD, 2), FIRST, "k3") == Confirmed()
    assert shop.told().shipments == {tid: (THIRD, SECOND)}


def test_a_change_whose_answer_was_lost_is_found(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    tid = place()
    channel.confirm_shipment(parcel(channel, tid, FIRST), "k1")
    shop.chaos.arm("lose_answer", operation="taobao.logistics.consign.resend")
    with pytest.raises(OutcomeUnknown):
        channel.change_shipment(parcel(channel, tid, SECOND), FIRST, "k2")
    assert channel.find_shipment(parcel(channel, tid, SECOND)) == Confirmed(already=True)


def test_after_fifty_days_the_number_stays(
    channel: TaobaoChannel, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    tid = place()
    channel.confirm_shipment(parcel(channel, tid, FIRST), "k1")
    environment.moment += timedelta(days=51)
    with pytest.raises(RemoteRejected, match="50天"):
        channel.change_shipment(parcel(channel, tid, SECOND), FIRST, "k2")


def test_what_was_never_told_cannot_be_changed(channel: TaobaoChannel, place: Callable[..., str]) -> None:
    tid = place()
    with pytest.raises(RemoteRejected, match="no number, not"):
        channel.change_shipment(parcel(channel, tid, SECOND), FIRST, "k1")
