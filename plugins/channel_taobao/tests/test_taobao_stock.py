"""Stock figures: one call per item and twenty SKUs, one answer per target."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel

from orderyard.core.channels.api import ListingRef, StockOutcome, StockTarget
from orderyard.core.kernel.errors import RateLimited, RemoteUnavailable
from orderyard.core.kernel.transport import Response
from orderyard.core.testing.scripted import ScriptedTransport, answer


def target(item: str, sku: str, quantity: int = 5) -> StockTarget:
    return StockTarget(ListingRef(item, sku, "CODE"), quantity)


def taken(*skus: int) -> Response:
    listed = {"skus": {"sku": [{"sku_id": sku, "quantity": 5} for sku in skus]}} if skus else {}
    return answer({"skus_quantity_update_response": {"item": {"num_iid": 1, **listed}}})


def refused(sub_code: str, code: int = 15) -> Response:
    return answer({"error_response": {"code": code, "msg": "Remote service error", "sub_code": sub_code}})


def calls(transport: ScriptedTransport) -> list[dict[str, str]]:
    found = []
    for request in transport.sent:
        body = dict(parse_qsl(request.body.decode()))
        del body["session"]
        found.append({"method": dict(parse_qsl(urlsplit(request.url).query))["method"].removeprefix("taobao."), **body})
        assert not request.effect
    return found


def test_skus_are_set_item_by_item_and_answered_in_order(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(answer({"item_quantity_update_response": {"item": {}}}), taken(11, 13), taken(21))
    targets = [target("1", "11", 95), target("2", "21", 3), target("3", "", 7), target("1", "13", 0)]
    answers = TaobaoChannel(settings, transport).push_stock(targets, "k1")
    assert [(one.target, one.outcome, one.current) for one in answers] == [
        (one, StockOutcome.OK, one.quantity) for one in targets
    ]
    assert calls(transport) == [
        {"method": "item.quantity.update", "num_iid": "3", "quantity": "7", "type": "1"},
        {"method": "skus.quantity.update", "num_iid": "1", "skuid_quantities": "11:95;13:0", "type": "1"},
        {"method": "skus.quantity.update", "num_iid": "2", "skuid_quantities": "21:3", "type": "1"},
    ]


def test_a_call_carries_twenty_skus_at_most(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(taken(), taken())
    targets = [target("1", str(sku)) for sku in range(100, 125)]
    answers = TaobaoChannel(settings, transport).push_stock(targets, "k1")
    assert {one.outcome for one in answers} == {StockOutcome.OK}
    assert [len(call["skuid_quantities"].split(";")) for call in calls(transport)] == [20, 5]


def test_one_wrong_sku_does_not_stop_the_others(settings: dict[str, str]) -> None:
    wrong = refused("isv.invalid-parameter:sku-properties-tmall")
    transport = ScriptedTransport(wrong, taken(11), wrong, taken(13))
    answers = TaobaoChannel(settings, transport).push_stock([target("1", "11"), target("1", "12"), target("1", "13")], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.OK, StockOutcome.UNKNOWN_LISTING, StockOutcome.OK]


def test_a_sku_that_the_answer_leaves_out_was_not_found(settings: dict[str, str]) -> None:
    answers = TaobaoChannel(settings, ScriptedTransport(taken(11))).push_stock([target("1", "11"), target("1", "12")], "k1")
    assert [one.outcome for one in answers] == [StockOutcome.OK, StockOutcome.UNKNOWN_LISTING]


@pytest.mark.parametrize(
    ("sub_code", "outcome"),
    [
        ("isv.item-not-exist:invalid-numIid-or-iid", StockOutcome.UNKNOWN_LISTING),
        ("isv.item-is-delete:invalid-numIid-or-iid-tmall", StockOutcome.UNKNOWN_LISTING),
        ("isv.invalid-parameter:quantity-tmall", StockOutcome.REFUSED),
    ],
)
def test_a_refusal_is_answered_and_not_raised(settings: dict[str, str], sub_code: str, outcome: StockOutcome) -> None:
    (one,) = TaobaoChannel(settings, ScriptedTransport(refused(sub_code))).push_stock([target("1", "")], "k1")
    assert one.outcome is outcome
    assert sub_code in one.note


def test_what_can_never_be_taken_is_not_sent(settings: dict[str, str]) -> None:
    targets = [target("gid://1", "11"), target("1", "x"), target("", ""), target("1", "11", -1)]
    answers = TaobaoChannel(settings, ScriptedTransport()).push_stock(targets, "k1")
    assert [one.outcome for one in answers] == [StockOutcome.UNKNOWN_LISTING] * 3 + [StockOutcome.REFUSED]


def test_a_fault_of_the_platform_is_tried_again_since_the_numbers_are_absolute(settings: dict[str, str]) -> None:
    with pytest.raises(RemoteUnavailable):
        TaobaoChannel(settings, ScriptedTransport(refused("isp.service-error"))).push_stock([target("1", "11")], "k1")
    with pytest.raises(RateLimited):
        TaobaoChannel(settings, ScriptedTransport(refused("", 7))).push_stock([target("1", "11")], "k1")
