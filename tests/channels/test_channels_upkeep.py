"""Access is given on the platform's page and renewed once; queues are emptied; a channel in trouble slows only itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from orderyard.core.channels.pages import connections_to_mend
from orderyard.core.channels.service import resend, write_memo
from orderyard.core.connections.service import ConnectionFacts, connect, move_back
from orderyard.core.kernel.errors import DomainError, RateLimited, RemoteUnavailable
from orderyard.core.testing.paper import Paper, Shop, document

BACK = "https://erp.example/connections/paper/back"


def consented(shop: Shop) -> str:
    """The state that the platform sends back after the seller's consent."""
    page = shop.house.system.channels.upkeep.consent_page(shop.facts, BACK)
    [state] = parse_qs(urlsplit(page).query, keep_blank_values=True)["state"]
    return state


def test_access_is_given_on_the_platforms_page(shop: Shop) -> None:
    upkeep = shop.house.system.channels.upkeep
    upkeep.exchange("paper", {"code": "yes", "state": consented(shop)}, BACK)
    assert shop.facts.expires_at == shop.platform.moment + timedelta(hours=1)
    assert upkeep.who(shop.facts) == "the shop of token-1"
    assert b"token-1" not in str(shop.house.db.rows("SELECT settings FROM connection")).encode()


def test_an_answer_to_another_question_or_too_late_is_refused(shop: Shop) -> None:
    upkeep, state = shop.house.system.channels.upkeep, consented(shop)
    with pytest.raises(DomainError, match="does not belong to a question"):
        upkeep.exchange("paper", {"code": "yes", "state": state[:-4] + "AAAA"}, BACK)
    shop.house.environment.moment += timedelta(minutes=31)
    with pytest.raises(DomainError, match="is too old"):
        upkeep.exchange("paper", {"code": "yes", "state": state}, BACK)
    assert shop.platform.grants == 0


def granted(shop: Shop) -> None:
    """Access for an hour from now on, by both sides' clocks."""
    shop.house.environment.moment = shop.platform.moment
    shop.house.system.channels.upkeep.exchange("paper", {"code": "yes", "state": consented(shop)}, BACK)


def test_a_grant_that_ends_soon_is_renewed_by_one_of_many(shop: Shop) -> None:
    system = shop.house.system
    granted(shop)
    shop.house.environment.moment += timedelta(minutes=39)
    assert (system.channels.upkeep.renew_all(), warned(shop)) == ([], False)
    shop.house.environment.moment += timedelta(minutes=1)

    def renew(_: int) -> list[str]:
        try:
            return system.channels.upkeep.renew_all()
        finally:
            system.installation.db.release()

    with ThreadPoolExecutor(6) as pool:
        renewed = [code for codes in pool.map(renew, range(6)) for code in codes]
    assert (renewed, shop.platform.grants) == (["paper"], 2)
    assert shop.facts.expires_at == shop.platform.moment + timedelta(days=30)
    assert system.channels.upkeep.renew_all() == []


def warned(shop: Shop) -> bool:
    return bool(connections_to_mend(shop.house.db, shop.house.environment.moment))


def test_people_are_warned_when_renewing_comes_to_nothing(shop: Shop) -> None:
    upkeep = shop.house.system.channels.upkeep
    granted(shop)
    shop.platform.trouble = RemoteUnavailable("nobody answers")
    shop.house.environment.moment += timedelta(minutes=49)
    assert (upkeep.renew_all(), warned(shop)) == ([], False)
    shop.house.environment.moment += timedelta(minutes=1)
    assert (upkeep.renew_all(), warned(shop)) == ([], True)
    shop.platform.trouble = None
    shop.house.environment.moment += timedelta(minutes=3)
    assert (upkeep.renew_all(), warned(shop)) == (["paper"], False)


def test_a_renewal_that_moves_nothing_is_tried_ever_later(shop: Shop) -> None:
    upkeep, moment = shop.house.system.channels.upkeep, shop.house.environment
    granted(shop)
    ends = shop.platform.fixed_end = shop.facts.expires_at
    assert ends is not None
    renewed = 0
    while moment.moment < ends:
        moment.moment += timedelta(minutes=5)
        renewed += len(upkeep.renew_all())
    assert 2 <= renewed <= 5
    assert warned(shop)


def test_what_the_platform_forgot_of_its_pushes_is_mended_by_itself(shop: Shop) -> None:
    upkeep = shop.house.system.channels.upkeep
    assert upkeep.subscribe_all() == {}
    upkeep.subscribe(shop.facts, "https://erp.example/hook/paper/paper")
    assert upkeep.subscribe_all() == {"paper": []}
    shop.platform.subscribed.clear()
    assert upkeep.subscribe_all() == {"paper": ["orders"]}


def test_a_queue_is_emptied_and_what_was_not_confirmed_comes_again(shop: Shop) -> None:
    for number in range(5):
        shop.platform.keep(document(f"T{number}", ("TEE", 1)))
        shop.platform.queue.append((f"m{number}", f"T{number}"))
    feeds = shop.house.system.channels.feeds
    assert (feeds.ask_queues(), shop.platform.queue) == ({"paper": 5}, [])
    shop.platform.queue.append(("m4", "T4"))
    assert feeds.ask_queues() == {"paper": 1}
    shop.house.system.worker.drain()
    assert sorted(shop.verdicts())[-2:] == [("T4", "duplicate"), ("T4", "effective")]


def test_a_cursor_moves_back_and_never_forward(shop: Shop) -> None:
    with pytest.raises(DomainError, match="has not been pulled yet"), shop.house.work() as uow:
        move_back(uow, shop.facts.id, shop.platform.moment)
    shop.pull(document("T1", ("TEE", 1)))
    reached = shop.facts.cursor
    assert reached is not None
    with pytest.raises(DomainError, match="give an earlier moment"), shop.house.work() as uow:
        move_back(uow, shop.facts.id, reached + timedelta(seconds=1))
    with shop.house.work() as uow:
        move_back(uow, shop.facts.id, reached - timedelta(days=3))
    assert shop.facts.cursor == reached - timedelta(days=3)
    shop.platform.keep(document("T2", ("TEE", 1)), changed=reached - timedelta(days=2))
    assert shop.pull().verdicts == {"effective": 1}


def test_a_look_back_finds_what_pulls_and_pushes_missed(shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)))
    cursor = shop.facts.cursor
    shop.platform.keep(document("T2", ("TEE", 1)), changed=shop.platform.moment - timedelta(days=2))
    assert shop.pull().verdicts == {}
    feeds = shop.house.system.channels.feeds
    assert feeds.look_back(shop.facts, 3, known=True).verdicts == {}
    assert feeds.look_back(shop.facts, 3).verdicts == {"effective": 1}
    assert feeds.look_back(shop.facts, 3).verdicts == {}
    assert cursor is not None
    assert shop.facts.cursor == cursor + timedelta(minutes=1)
    with pytest.raises(DomainError, match="over 0 days"):
        feeds.look_back(shop.facts, 0)


def test_a_note_reaches_the_platform(shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)))
    with shop.house.work() as uow:
        write_memo(uow, shop.order("T1"), "call before delivery", "2")
    shop.house.system.worker.drain()
    assert shop.platform.memos == {"T1": ("call before delivery", "2")}


def test_another_number_takes_the_place_of_the_one_that_stands_there(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 2)))
    number = shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    with pytest.raises(DomainError, match="is being told already"), shop.house.work() as uow:
        resend(uow, 1)
    shop.house.system.worker.drain()
    with pytest.raises(DomainError, match="was told already"), shop.house.work() as uow:
        resend(uow, 1)
    with shop.house.work() as uow:
        resend(uow, 1, replaces="OLD1")
    shop.house.system.worker.drain()
    assert [(told["number"], told.get("replaces")) for told in shop.platform.shipments] == [(number, None), (number, "OLD1")]
    assert shop.house.db.rows("SELECT state, note FROM shipment_notice") == [("done", "instead of OLD1")]


# trouble


def second(shop: Shop) -> None:
    with shop.house.work() as uow:
        connect(
            uow, shop.house.system.seal, code="other", kind="channel", adapter="paper", shop_id=shop.house.shops["cn2"].id,
            fields=Paper.settings, settings={},
        )  # fmt: skip


def test_a_slow_channel_delays_nobody(shop: Shop) -> None:
    second(shop)
    accounts, done = shop.house.system.channels.accounts, threading.Event()

    def work(facts: ConnectionFacts) -> str:
        if facts.code == "other":
            assert done.wait(30), "the slow one was waited for"
            # It is still at it: whoever comes now leaves it alone.
            assert accounts.side_by_side("pull", lambda facts: facts.code) == {"paper": "paper"}
            return "slow"
        done.set()
        return "quick"

    assert accounts.side_by_side("pull", work) == {"other": "slow", "paper": "quick"}


@pytest.mark.parametrize(
    ("scope", "rests"),
    [
        ("call", {"pull": ["other"], "publish": ["other", "paper"]}),
        ("shop", {"pull": ["other"], "publish": ["other"]}),
        ("app", {"pull": [], "publish": []}),
    ],
)
def test_a_limit_is_obeyed_by_whom_it_is_for(shop: Shop, scope: str, rests: dict[str, list[str]]) -> None:
    second(shop)
    accounts = shop.house.system.channels.accounts
    accounts.troubled(shop.facts, RateLimited("slowly", seconds=30, scope=scope), "pull")
    assert {call: [facts.code for facts in accounts.ready(call)] for call in rests} == rests
    shop.house.environment.moment += timedelta(seconds=30)
    assert len(accounts.ready("pull")) == 2


def test_one_that_fails_is_remembered_and_the_others_go_on(shop: Shop) -> None:
    second(shop)

    def work(facts: ConnectionFacts) -> int:
        if facts.code == "paper":
            raise RemoteUnavailable("no answer")
        return 1

    accounts = shop.house.system.channels.accounts
    assert accounts.side_by_side("pull", work) == {"other": 1}
    assert shop.house.db.rows("SELECT code, message FROM connection ORDER BY code") == [("other", ""), ("paper", "no answer")]
