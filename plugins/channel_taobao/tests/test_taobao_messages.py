"""The message service: hints that are asked for, kept here, and then confirmed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.messages import TOPICS
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import DocumentKind, Hint, KeepsSubscriptions, QueuesMessages
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteUnavailable
from orderyard.core.kernel.transport import Response
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer

GROUP = {"tmc_group": "default", "shop": "演示旗舰店"}


def batch(*rows: dict[str, Any]) -> Response:
    body: dict[str, Any] = {"request_id": "16r2r6t6zjzg8"}
    if rows:
        body["messages"] = {"tmc_message": list(rows)}
    return answer({"tmc_messages_consume_response": body})


def row(topic: str, content: str, id_: int = 2160600001, nick: str = "演示旗舰店") -> dict[str, Any]:
    return {"id": id_, "topic": topic, "content": content, "user_nick": nick, "pub_time": "2026-11-21 10:03:22"}


CONFIRMED = answer({"tmc_messages_confirm_response": {"is_success": True}})


def drained(channel: TaobaoChannel) -> list[Hint]:
    """What the engine would keep: batch by batch, each confirmed."""
    hints = []
    while messages := channel.next_messages():
        hints += [message.hint for message in messages]
        channel.confirm_messages([message.token for message in messages])
    return hints


@pytest.mark.parametrize(
    ("topic", "content", "external_id", "kind"),
    [
        ("taobao_trade_TradeBuyerPay", '{"tid": 2231958349012345678}', "2231958349012345678", DocumentKind.ORDER),
        ("taobao_trade_TradeBuyerPay", '{"tid": "2231958349012345678"}', "2231958349012345678", DocumentKind.ORDER),
        ("taobao_trade_TradeSomethingNew", '{"tid": 7}', "7", DocumentKind.ORDER),
        ("taobao_rdcaligenius_OrderMsgSend", '{"tid": 7}', "7", DocumentKind.ORDER),
        (
            "taobao_refund_RefundCreated",
            '{"refund_id": 198765432109876543, "tid": 7}',
            "198765432109876543",
            DocumentKind.CLAIM,
        ),
        ("taobao_item_ItemUpdate", '{"num_iid": 612345678901}', "612345678901", DocumentKind.LISTING),
        # What cannot be read names nothing, so that a person sees it.
        ("taobao_refund_RefundCreated", "<xml/>", "", DocumentKind.CLAIM),
        ("taobao_trade_TradeBuyerPay", '{"oid": 7}', "", DocumentKind.ORDER),
        ("taobao_trade_TradeBuyerPay", '{"tid": 2.2e18}', "", DocumentKind.ORDER),
    ],
)
def test_a_message_hints_at_its_document(
    settings: dict[str, str], topic: str, content: str, external_id: str, kind: DocumentKind
) -> None:
    (message,) = TaobaoChannel({**settings, **GROUP}, ScriptedTransport(batch(row(topic, content)))).next_messages()
    assert message.hint == Hint("tmc/2160600001", external_id, topic, kind)
    assert message.token == "2160600001"


def test_what_concerns_no_document_is_confirmed_at_once(settings: dict[str, str]) -> None:
    rows = [row("taobao_fenxiao_FxProductChanged", '{"id": 1}', 1), row("taobao_trade_TradeClose", '{"tid": 7}', 2)]
    transport = ScriptedTransport(batch(rows[0]), CONFIRMED, batch(*rows), CONFIRMED)
    (message,) = TaobaoChannel({**settings, **GROUP}, transport).next_messages()
    assert (message.token, transport.script) == ("2", [])
    assert b"s_message_ids=1&" in transport.sent[-1].body + b"&"


def test_several_messages_about_one_document_are_one_that_stands_for_all(settings: dict[str, str]) -> None:
    rows = [
        row("taobao_trade_TradeBuyerPay", '{"tid": 7}', 10),
        row("taobao_trade_TradeCreate", '{"tid": 7}', 9),
        row("taobao_refund_RefundCreated", '{"refund_id": 7, "tid": 7}', 11),
        row("taobao_trade_TradeCreate", "?", 12),
        row("taobao_trade_TradeCreate", "?", 13),
        row("taobao_trade_TradeBuyerPay", '{"tid": 7}', 10),
    ]
    transport = ScriptedTransport(batch(*rows), CONFIRMED)
    channel = TaobaoChannel({**settings, **GROUP}, transport)
    messages = channel.next_messages()
    assert [(one.hint.delivery_id, one.hint.topic.rpartition("_")[2], one.token) for one in messages] == [
        ("tmc/10", "TradeBuyerPay", "10,9"),
        ("tmc/11", "RefundCreated", "11"),
        ("tmc/12", "TradeCreate", "12"),
        ("tmc/13", "TradeCreate", "13"),
    ]
    channel.confirm_messages([one.token for one in messages])
    assert b"s_message_ids=10%2C9%2C11%2C12%2C13" in transport.sent[-1].body


def test_messages_of_other_shops_are_left_to_them(settings: dict[str, str]) -> None:
    other, ours = row("taobao_trade_TradeClose", '{"tid": 7}', 1, "别家"), row("taobao_trade_TradeClose", '{"tid": 8}', 2)
    transport = ScriptedTransport(batch(other, ours), batch(other))
    channel = TaobaoChannel({**settings, **GROUP}, transport)
    assert [message.hint.external_id for message in channel.next_messages()] == ["8"]
    assert channel.next_messages() == []
    assert len(transport.sent) == 2


def test_without_a_group_nothing_is_asked(settings: dict[str, str]) -> None:
    channel = TaobaoChannel(settings, ScriptedTransport())
    assert channel.next_messages() == []
    assert channel.subscribe("https://yard.example/") == []


def test_an_empty_queue_has_no_list_at_all(settings: dict[str, str]) -> None:
    assert TaobaoChannel({**settings, **GROUP}, ScriptedTransport(batch())).next_messages() == []


def test_a_message_without_a_number_is_not_understood(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(batch({"topic": "taobao_trade_TradeClose", "content": "{}"}))
    with pytest.raises(RemoteNotUnderstood):
        TaobaoChannel({**settings, **GROUP}, transport).next_messages()


# against the simulator


def test_whatever_happens_to_orders_and_refunds_is_hinted_at(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    assert isinstance(channel, QueuesMessages)
    unpaid, paid = place(paid=False), place()
    shop.pay(unpaid)
    refund_id = shop.ask_refund(paid)
    hints = drained(channel)
    shop.withdraw(refund_id)
    shop.hold(paid)
    hints += drained(channel)
    assert {hint.external_id for hint in hints if hint.kind is DocumentKind.ORDER} == {unpaid, paid}
    assert [hint.topic for hint in hints if hint.kind is DocumentKind.CLAIM] == [
        "taobao_refund_RefundCreated",
        "taobao_refund_RefundClosed",
    ]
    assert {hint.external_id for hint in hints if hint.kind is DocumentKind.CLAIM} == {refund_id}
    assert len({hint.delivery_id for hint in hints}) == len(hints)
    assert drained(channel) == []


def test_what_was_not_confirmed_comes_again_under_the_same_name(
    channel: TaobaoChannel, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    place()
    first = channel.next_messages()
    assert first
    assert channel.next_messages() == []
    environment.moment += timedelta(minutes=2)
    assert channel.next_messages() == first


def test_a_long_queue_is_emptied_in_order(channel: TaobaoChannel, place: Callable[..., str]) -> None:
    placed = [place(paid=False) for _ in range(230)]
    assert [hint.external_id for hint in drained(channel)] == placed


@pytest.mark.parametrize("trouble", ["duplicate", "reorder", "delay"])
def test_disorder_hides_no_message(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment, trouble: str
) -> None:
    placed = set()
    for _ in range(3):
        placed.add(place(paid=False))
        environment.moment += timedelta(seconds=2)
    shop.chaos.arm(trouble, operation="taobao.tmc.messages.consume")
    seen = [hint.external_id for hint in drained(channel)]
    assert shop.chaos.struck == [(trouble, "taobao.tmc.messages.consume")]
    assert (set(seen) == placed) is (trouble != "delay")
    environment.moment += timedelta(minutes=2)
    assert set(seen) | {hint.external_id for hint in drained(channel)} == placed


def test_a_confirmation_that_was_half_taken_is_given_again(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    for _ in range(4):
        place(paid=False)
    tokens = [message.token for message in channel.next_messages()]
    shop.chaos.arm("half")
    with pytest.raises(RemoteUnavailable):
        channel.confirm_messages(tokens)
    channel.confirm_messages(tokens)
    environment.moment += timedelta(minutes=2)
    assert drained(channel) == []


def test_a_shop_whose_messages_are_not_kept_is_opened(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    assert isinstance(channel, KeepsSubscriptions)
    assert channel.subscribe("https://yard.example/") == []
    shop.shop.permitted = False
    place()
    assert drained(channel) == []
    assert set(channel.subscribe("https://yard.example/")) >= set(TOPICS)
    tid = place()
    assert {hint.external_id for hint in drained(channel)} == {tid}
