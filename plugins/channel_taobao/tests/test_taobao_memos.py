"""The seller's note and flag on a trade."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import Memo, WritesMemos
from orderyard.core.kernel.errors import RemoteRejected
from orderyard.core.testing.scripted import ScriptedTransport, answer

Methods = Callable[[], list[str]]


def test_our_note_stands_under_the_seller_s_words_and_is_not_read_back(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    assert isinstance(channel, WritesMemos)
    tid = place(memo="老顾客\n送贺卡")
    channel.write_memo(tid, Memo("SH 仓\n次日达", "3"))
    trade = shop.shop.trades[int(tid)]
    assert (trade.memo, trade.flag) == ("老顾客\n送贺卡\n[OMS] SH 仓\n[OMS] 次日达", 3)
    assert channel.read(channel.fetch(tid)).memo == "老顾客\n送贺卡"
    channel.write_memo(tid, Memo("HZ 仓"))
    assert (trade.memo, trade.flag) == ("老顾客\n送贺卡\n[OMS] HZ 仓", 3)


def test_the_same_note_again_changes_nothing(channel: TaobaoChannel, place: Callable[..., str], methods: Methods) -> None:
    tid = place()
    for _ in range(2):
        channel.write_memo(tid, Memo("SH 仓"))
    assert methods().count("trade.memo.update") == 1


def test_an_empty_note_takes_ours_away(channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    for memo in ("", "老顾客"):
        tid = place(memo=memo)
        channel.write_memo(tid, Memo("SH 仓"))
        channel.write_memo(tid, Memo(""))
        assert shop.shop.trades[int(tid)].memo == memo


@pytest.mark.parametrize("memo", [Memo("x" * 995), Memo("长" * 332), Memo("", "6"), Memo("", "red")])
def test_what_the_platform_would_cut_or_refuse_is_not_sent(
    channel: TaobaoChannel, place: Callable[..., str], methods: Methods, memo: Memo
) -> None:
    with pytest.raises(RemoteRejected):
        channel.write_memo(place(), memo)
    assert "trade.memo.update" not in methods()


def test_an_id_that_cannot_be_one_is_rejected_unasked(settings: dict[str, str]) -> None:
    with pytest.raises(RemoteRejected):
        TaobaoChannel(settings, ScriptedTransport()).write_memo("#1001", Memo("x"))


def test_a_lone_flag_keeps_the_words(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(
        answer({"trade_fullinfo_get_response": {"trade": {"tid": 7, "seller_memo": "老顾客"}}}),
        answer({"trade_memo_update_response": {"trade": {"tid": 7}}}),
    )
    TaobaoChannel(settings, transport).write_memo("7", Memo("", "1"))
    sent = dict(parse_qsl(transport.sent[-1].body.decode()))
    del sent["session"]
    assert sent == {"tid": "7", "memo": "老顾客", "flag": "1"}
