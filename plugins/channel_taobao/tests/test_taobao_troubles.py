"""Every trouble the simulated platform can make, and that nothing is lost, doubled or guessed by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

from orderyard.core.channels.api import Memo, Page, Shipment, ShippedLine, StockOutcome, StockTarget, Window
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import HttpTransport
from orderyard.core.testing.scripted import FixedEnvironment

TRADES = "taobao.trades.sold.increment.get"
REFUNDS = "taobao.refunds.receive.get"


def window(channel: TaobaoChannel, environment: FixedEnvironment) -> Window:
    """As the engine asks: up to now, and some of the last window again."""
    now = environment.now()
    return Window(now - timedelta(minutes=10) - channel.ability.overlap, now - channel.ability.lag + timedelta(seconds=1))


def walked(pull: Callable[[Window, str | None], Page], asked: Window) -> list[str]:
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = pull(asked, cursor)
        seen += [found.external_id for found in page.found]
        cursor, pages = page.cursor, pages + 1
    return seen


def parcel(tid: str) -> Shipment:
    return Shipment(tid, (ShippedLine(tid, 1),), "SF", "顺丰速运", "SF1000000000017", True)


@pytest.mark.parametrize("many", [3, 120])
@pytest.mark.parametrize("trouble", ["duplicate", "reorder"])
def test_lists_in_disorder_hide_nothing(
    channel: TaobaoChannel,
    shop: TaobaoSimulator,
    place: Callable[..., str],
    environment: FixedEnvironment,
    trouble: str,
    many: int,
) -> None:
    placed = set()
    for _ in range(many):
        placed.add(place())
        environment.moment += timedelta(seconds=2)
    asked = {shop.ask_refund(tid) for tid in sorted(placed)}
    shop.chaos.arm(trouble, 5)
    assert set(walked(channel.pull, window(channel, environment))) == placed
    shop.chaos.arm(trouble, 5)
    assert set(walked(channel.pull_claims, window(channel, environment))) == asked
    assert {operation for _, operation in shop.chaos.struck} == {TRADES, REFUNDS}


def test_a_change_that_shows_late_is_in_the_next_window(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    early = place()
    environment.moment += timedelta(seconds=9)
    late = place()
    refund_id = shop.ask_refund(late)
    for operation in (TRADES, REFUNDS):
        shop.chaos.arm("delay", operation=operation)
    first = window(channel, environment)
    assert walked(channel.pull, first) == [early]
    assert walked(channel.pull_claims, first) == []
    environment.moment += timedelta(minutes=1)
    # What the engine asks next begins where the last window ended, less the overlap.
    second = Window(first.until - channel.ability.overlap, environment.now())
    assert late in walked(channel.pull, second)
    assert walked(channel.pull_claims, second) == [refund_id]


@pytest.mark.parametrize(
    ("limit", "scope", "seconds"),
    [
        ("api", "call", 2),
        ("app", "app", 3601),
        ("app-api", "call", 10),
        ("dynamic", "shop", 60),
        ("frequency", "app", 60),
        ("platform", "call", 60),
    ],
)
def test_a_limit_says_who_waits_and_for_how_long(
    channel: TaobaoChannel,
    shop: TaobaoSimulator,
    environment: FixedEnvironment,
    limit: str,
    scope: str,
    seconds: float,
) -> None:
    shop.limited_by = limit
    shop.chaos.arm("too_many")
    with pytest.raises(RateLimited) as raised:
        channel.pull(window(channel, environment))
    assert (raised.value.scope, raised.value.seconds) == (scope, seconds)
    assert channel.pull(window(channel, environment)).found == ()


def test_a_limited_write_has_certainly_not_happened(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    tid = place()
    for limit in ("api", "frequency"):
        shop.limited_by = limit
        shop.chaos.arm("too_many", operation="taobao.logistics.offline.send")
        with pytest.raises(RateLimited):
            channel.confirm_shipment(parcel(tid), "k1")
    assert shop.told().confirmations == 0


def test_a_session_that_ended_asks_for_a_person_and_does_nothing(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    tid = place()
    shop.chaos.arm("expire", operation="taobao.logistics.offline.send")
    with pytest.raises(CredentialsRefused) as raised:
        channel.confirm_shipment(parcel(tid), "k1")
    assert raised.value.code == "isv.session-expired"
    assert shop.told().confirmations == 0
    shop.chaos.arm("expire")
    with pytest.raises(CredentialsRefused):
        channel.pull(window(channel, environment))
    assert not channel.confirm_shipment(parcel(tid), "k1").already


def test_a_lost_answer_to_a_question_is_asked_again(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    tid = place()
    shop.chaos.arm("lose_answer")
    with pytest.raises(RemoteUnavailable):
        channel.pull(window(channel, environment))
    assert walked(channel.pull, window(channel, environment)) == [tid]


def test_a_lost_answer_to_a_note_is_written_again(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    tid = place(memo="老顾客")
    shop.chaos.arm("lose_answer", operation="taobao.trade.memo.update")
    with pytest.raises(RemoteUnavailable):
        channel.write_memo(tid, Memo("SH 仓", "3"))
    channel.write_memo(tid, Memo("SH 仓", "3"))
    assert shop.shop.trades[int(tid)].memo == "老顾客\n[OMS] SH 仓"


def test_of_a_batch_that_was_half_taken_every_figure_arrives(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    order = channel.read(channel.fetch(place(("TEE-M", 1), ("TEE-L", 1), ("MUG", 1))))
    targets = [StockTarget(line.listing, 5 + number) for number, line in enumerate(order.lines)]
    shop.chaos.arm("half")
    answers = channel.push_stock(targets, "k1")
    assert shop.chaos.struck == [("half", "taobao.skus.quantity.update")]
    assert {answer.outcome for answer in answers} == {StockOutcome.OK}
    assert shop.told().stock == {"TEE-M": 5, "TEE-L": 6, "MUG": 7}


@pytest.mark.parametrize("hours", [-8, 8])
def test_a_clock_eight_hours_off_is_told_before_anything_happens(
    shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment, hours: int
) -> None:
    """The platform names no zone in its times, so what can be wrong is this machine's clock."""
    tid = place()
    wrong = HttpTransport(FixedEnvironment(environment.now() + timedelta(hours=hours)))
    try:
        channel = TaobaoChannel(shop.settings(), wrong)
        with pytest.raises(CredentialsRefused, match="clock") as raised:
            channel.confirm_shipment(parcel(tid), "k1")
        assert raised.value.code == "31"
    finally:
        wrong.close()
    assert shop.told().confirmations == 0


def test_all_troubles_at_once_end_as_a_calm_day(
    channel: TaobaoChannel, shop: TaobaoSimulator, place: Callable[..., str], environment: FixedEnvironment
) -> None:
    placed = []
    for _ in range(60):
        placed.append(place())
        environment.moment += timedelta(seconds=2)
    troubles = {"lose_answer", "too_many", "duplicate", "reorder", "delay", "expire"}
    for trouble in troubles:
        shop.chaos.arm(trouble, 5)
    seen: set[str] = set()
    done: set[str] = set()
    for _ in range(400):
        environment.moment += timedelta(seconds=1)
        asked = Window(environment.now() - timedelta(minutes=20), environment.now())
        try:
            seen |= set(walked(channel.pull, asked))
            for tid in sorted(seen - done):
                if channel.find_shipment(parcel(tid)) is None:
                    channel.confirm_shipment(parcel(tid), f"k{tid}")
                done.add(tid)
        except (RemoteUnavailable, OutcomeUnknown, CredentialsRefused):
            continue
        if done == set(placed):
            break
    told = shop.told()
    assert {trouble for trouble, _ in shop.chaos.struck} == troubles
    assert done == set(placed)
    assert told.shipments == dict.fromkeys(placed, ("SF1000000000017",))
    assert told.confirmations == len(placed)
