"""Documents come in once, in their order, each by itself; what is wrong with one parks it alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orderyard.core.channels import inbox
from orderyard.core.channels.api import DocumentKind
from orderyard.core.channels.service import replay
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.errors import CredentialsRefused, DomainError, RemoteNotUnderstood, RemoteUnavailable
from orderyard.core.kernel.transport import Delivery, Request, Response
from orderyard.core.kernel.values import Money
from orderyard.core.orders import amendments
from orderyard.core.testing.builders import codes
from orderyard.core.testing.paper import Shop, body, document, later, signed


def test_a_new_order_is_taken_in_once(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    order = document("T1", ("TEE", 2), freight=500)
    assert (shop.pull(order).verdicts, shop.pull().verdicts) == ({"effective": 1}, {})
    card = shop.house.card(shop.order("T1"))
    assert (card.status, card.total, card.external_number) == ("to_ship", Money(2500, "CNY"), "T1")
    assert shop.house.levels("TEE") == {"SH": (5, 2)}
    shop.house.prove()


def test_more_than_a_page_is_walked_to_its_end(shop: Shop) -> None:
    pulled = shop.pull(*[document(f"T{number}", ("TEE", 1)) for number in range(8)])
    assert pulled.verdicts == {"effective": 8}


def test_the_same_version_again_is_a_duplicate_and_an_older_one_is_stale(shop: Shop) -> None:
    order = document("T1", ("TEE", 1), paid=0, state="unpaid")
    paid = later(order, paid=1000, state="to_ship")
    shop.pull(order)
    assert shop.pull(paid).verdicts == {"effective": 1}
    system, facts = shop.house.system, shop.facts
    channel = system.channels.accounts.channel(facts)
    for number, (said, verdict) in enumerate([(paid, "duplicate"), (order, "stale")]):
        with shop.house.work() as uow:
            row = inbox.store(uow, facts.id, "push", f"d{number}", "T1", body=body(said))
        assert row is not None
        assert inbox.take(system.installation, facts, channel, row, body(said)) == (verdict, shop.order("T1"))
    assert shop.house.card(shop.order("T1")).payment == "paid"
    assert [verdict for _, verdict in shop.verdicts()] == ["effective", "effective", "duplicate", "stale"]
    shop.house.prove()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lines": []}, "order T1 has no lines"),
        ({"currency": "RMB"}, "unknown currency 'RMB'"),
        ({"currency": "USD"}, "is in USD, shop cn trades in CNY"),
        ({"state": "dancing"}, "unknown state dancing"),
        ({"total": 999}, "total 9.99 CNY is not lines plus freight"),
        ({"paid": -1}, "has a negative amount"),
        ({"id": ""}, "the order has no id"),
        ({"receiver": {"street": "x"}}, "lacks"),
        ({"crash": 1}, "ZeroDivisionError: the adapter fell over"),
        ({"message": "half a \ud83d smiley"}, "surrogate|UnicodeEncodeError|message"),
        ({"freight": 10**20, "total": 1000 + 10**20, "paid": 0, "state": "unpaid"}, "too large|out of range|large"),
    ],
)
def test_a_document_that_cannot_be_true_parks_itself_and_the_feed_goes_on(
    shop: Shop, wrong: dict[str, Any], reason: str
) -> None:
    bad = document("T1", ("TEE", 1)) | wrong
    shop.platform.keep(document("T1", ("TEE", 1)) | {"id": "T1"}, body(bad))
    pulled = shop.pull(document("T0", ("TEE", 1)), document("T2", ("TEE", 1)))
    assert (pulled.verdicts, pulled.parked, pulled.error) == ({"effective": 2, "parked": 1}, ["T1"], "")
    [(why, kept)] = shop.house.db.rows("SELECT reason, body FROM inbox WHERE verdict = 'parked'")
    assert bytes(kept) == body(bad)
    assert any(part in why for part in reason.split("|")), why
    assert shop.pull().verdicts == {}
    assert shop.house.db.rows("SELECT COUNT(*) FROM sales_order") == [(2,)]
    shop.house.prove()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"quantity": 0}, "quantity of line L-TEE is 0"),
        ({"quantity": -2}, "quantity of line L-TEE is -2"),
        ({"amount": -1000}, "has a negative price"),
        ({"cancelled": 2}, "more cancelled and shipped than ordered"),
        ({"quantity": 1_000_000_000, "code": "SET"}, "units of TEE is 2000000000"),
    ],
)
def test_a_line_that_cannot_be_true_parks_its_document(shop: Shop, line: dict[str, Any], reason: str) -> None:
    order = document("T1", {"code": "TEE", "quantity": 1})
    order["lines"][0] |= line
    total = sum(one["amount"] for one in order["lines"])
    order |= {"total": total, "paid": max(0, total)}
    pulled = shop.pull(order)
    assert pulled.parked == ["T1"]
    [(why,)] = shop.house.db.rows("SELECT reason FROM inbox")
    assert reason in why
    assert shop.house.db.rows("SELECT 1 FROM sales_order") == []


def test_a_line_named_twice_parks_its_document(shop: Shop) -> None:
    assert shop.pull(document("T1", ("TEE", 1), ("TEE", 2))).parked == ["T1"]


def test_text_that_no_database_keeps_parks_its_document(shop: Shop) -> None:
    """PostgreSQL keeps no NUL in a text; on either engine it is better not to have it."""
    pulled = shop.pull(document("T1", ("TEE", 1), message="a\x00b"), document("T2", ("TEE", 1)))
    assert pulled.verdicts.get("effective", 0) >= 1
    assert shop.order("T2")
    assert pulled.error == ""


def test_a_parked_document_is_read_again_after_the_mending(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    assert shop.pull(document("T1", ("TEE", 1), crash=True)).parked == ["T1"]
    [(row,)] = shop.house.db.rows("SELECT id FROM inbox")
    for mended, verdict in ((False, "parked"), (True, "effective")):
        shop.Paper.mended = mended
        with shop.house.work() as uow:
            replay(uow, row)
        shop.house.system.worker.drain()
        assert shop.verdicts() == [("T1", verdict)]
    assert shop.house.card(shop.order("T1")).status == "to_ship"
    with pytest.raises(DomainError, match="is not parked"), shop.house.work() as uow:
        replay(uow, row)
    shop.house.prove()


def test_an_order_that_is_gone_is_set_aside_and_can_be_fetched_later(shop: Shop) -> None:
    order = document("T1", ("TEE", 1))
    shop.platform.keep(order)
    content = shop.platform.orders.pop("T1")
    assert shop.pull(document("T2", ("TEE", 1))).parked == ["T1"]
    shop.platform.orders["T1"] = content
    [(row,)] = shop.house.db.rows("SELECT id FROM inbox WHERE verdict = 'parked'")
    with shop.house.work() as uow:
        replay(uow, row)
    shop.house.system.worker.drain()
    assert shop.order("T1")


def test_a_document_that_was_kept_and_never_read_is_read_by_the_next_pull(shop: Shop) -> None:
    """Whoever kept it was killed in between."""
    order = document("T1", ("TEE", 1))
    version = shop.platform.moment
    with shop.house.work() as uow:
        name = inbox.polled(DocumentKind.ORDER, "T1", version, body(order))
        inbox.store(uow, shop.facts.id, "pull", name, "T1", version=version, body=body(order))
    assert shop.pull(order).verdicts == {"effective": 1}
    assert shop.verdicts() == [("T1", "effective")]


def test_a_document_read_from_two_sides_keeps_its_first_verdict(shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)))
    [(row, content)] = shop.house.db.rows("SELECT id, body FROM inbox")
    system = shop.house.system
    again = inbox.take(system.installation, shop.facts, system.channels.accounts.channel(shop.facts), row, bytes(content))
    assert again == ("effective", shop.order("T1"))
    assert shop.verdicts() == [("T1", "effective")]


class Broken:
    """A platform that answers some request with an error instead."""

    def __init__(self, shop: Shop, where: str, error: Exception) -> None:
        self.shop, self.where, self.error = shop, where, error

    def now(self) -> Any:
        return self.shop.platform.now()

    def send(self, request: Request) -> Response:
        if request.url == self.where and (b"T1" in request.body or self.where == "paper:orders"):
            raise self.error
        return self.shop.platform.send(request)


def breaking(shop: Shop, where: str, error: Exception) -> None:
    shop.house.system.channels.accounts._transport = Broken(shop, where, error)


def mended(shop: Shop) -> None:
    shop.house.system.channels.accounts._transport = shop.platform


def test_an_unreachable_platform_ends_the_pull_and_loses_nothing(shop: Shop) -> None:
    shop.platform.keep(document("T0", ("TEE", 1)))
    shop.platform.keep(document("T1", ("TEE", 1)))
    breaking(shop, "paper:order", RemoteUnavailable("down"))
    pulled = shop.pull()
    assert (pulled.verdicts, pulled.error) == ({"effective": 1}, "down")
    assert shop.facts.cursor is None
    mended(shop)
    assert shop.pull().verdicts == {"effective": 1}
    assert shop.facts.cursor is not None


def test_refused_credentials_pause_the_connection(shop: Shop) -> None:
    breaking(shop, "paper:orders", CredentialsRefused("key expired"))
    assert shop.pull().error == "key expired"
    assert (shop.facts.state, shop.house.system.channels.accounts.active()) == ("paused", [])


@pytest.mark.parametrize("error", [RemoteNotUnderstood("half an answer"), KeyError("trade")])
def test_an_order_whose_answer_cannot_be_read_is_set_aside_alone(shop: Shop, error: Exception) -> None:
    shop.platform.keep(document("T1", ("TEE", 1)))
    breaking(shop, "paper:order", error)
    pulled = shop.pull(document("T2", ("TEE", 1)))
    assert (pulled.verdicts, pulled.parked, pulled.error) == ({"effective": 1, "parked": 1}, ["T1"], "")


def test_an_adapter_that_falls_over_ends_its_own_pull_only(shop: Shop) -> None:
    breaking(shop, "paper:orders", ZeroDivisionError("bug"))
    assert shop.pull().error == "ZeroDivisionError: bug"
    assert shop.house.system.pull() == []


# pushes


def push(shop: Shop, content: bytes, delivery_id: str = "d1", **headers: str) -> str:
    given = {name.lower(): value for name, value in (signed(content, delivery_id) | headers).items()}
    return shop.house.system.channels.feeds.receive("paper", Delivery(given, content))


def test_a_push_is_kept_and_its_document_fetched_later(shop: Shop) -> None:
    shop.platform.keep(document("T1", ("TEE", 1)))
    assert push(shop, b'{"id": "T1"}') == "stored"
    assert shop.verdicts() == [("T1", "")]
    shop.house.system.worker.drain()
    assert shop.verdicts() == [("T1", "effective")]
    assert shop.pull().verdicts.get("effective", 0) == 0
    assert shop.house.db.rows("SELECT COUNT(*) FROM sales_order") == [(1,)]


def test_a_repeated_push_is_written_down_as_a_duplicate_without_effect(shop: Shop) -> None:
    shop.platform.keep(document("T1", ("TEE", 1)))
    assert [push(shop, b'{"id": "T1"}') for _ in range(3)] == ["stored", "duplicate", "duplicate"]
    shop.house.system.worker.drain()
    assert sorted(verdict for _, verdict in shop.verdicts()) == ["duplicate", "duplicate", "effective"]
    assert shop.house.db.rows("SELECT COUNT(*) FROM task") == [(1,)]


def test_a_push_about_nothing_the_platform_has_is_parked(shop: Shop) -> None:
    push(shop, b'{"id": "T9"}')
    shop.house.system.worker.drain()
    assert shop.verdicts() == [("T9", "parked")]


def test_a_push_that_cannot_be_read_is_kept_raw(shop: Shop) -> None:
    assert push(shop, b"\xff\xfe{") == "parked"
    [(kept, why)] = shop.house.db.rows("SELECT body, reason FROM inbox")
    assert bytes(kept) == b"\xff\xfe{"
    assert "utf-8" in why


# what the platform changes


def test_a_payment_a_refund_and_the_end_are_followed(shop: Shop) -> None:
    house = shop.house
    house.receive("SH", TEE=5)
    order = document("T1", ("TEE", 2), paid=0, state="unpaid")
    shop.pull(order)
    assert house.card(shop.order("T1")).status == "pending_payment"
    order = later(order, paid=2000, state="to_ship")
    shop.pull(order)
    assert house.card(shop.order("T1")).status == "to_ship"
    order = later(order, refunded=500)
    shop.pull(order)
    assert house.card(shop.order("T1")).payment == "partially_refunded"
    house.ship(house.fos(shop.order("T1"))[0])
    order = later(order, state="completed", lines=[order["lines"][0] | {"shipped": 2}])
    shop.pull(order)
    assert house.card(shop.order("T1")).status == "completed"
    assert house.db.rows("SELECT SUM(shipped_externally) FROM order_line") == [(0,)]
    house.prove()


def test_a_cancelled_trade_cancels_what_is_not_sent(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    order = document("T1", ("TEE", 2))
    shop.pull(order)
    shop.pull(later(order, state="cancelled", refunded=2000))
    card = shop.house.card(shop.order("T1"))
    assert (card.status, card.payment) == ("cancelled", "refunded")
    assert shop.house.levels("TEE") == {"SH": (5, 0)}
    assert shop.house.ledger(shop.order("T1")) == {}
    shop.house.prove()


def test_kits_are_cancelled_and_shipped_elsewhere_as_kits(shop: Shop) -> None:
    shop.house.receive("SH", TEE=9, CAP=9)
    order = document("T1", ("SET", 3))
    shop.pull(order)
    line = order["lines"][0]
    shop.pull(later(order, lines=[line | {"cancelled": 1, "shipped": 1}]))
    rows = shop.house.db.rows("SELECT quantity, cancelled, shipped, reserved FROM order_line WHERE NOT kit ORDER BY no")
    assert [tuple(row) for row in rows] == [(6, 2, 2, 2), (3, 1, 1, 1)]
    shop.house.prove()


def edited(shop: Shop) -> dict[str, Any]:
    """One more shirt for the same money, another thing instead of the cap."""
    order = document("T1", ("TEE", 2), ("CAP", 1))
    shop.pull(order)
    tee, cap = order["lines"]
    return later(order, lines=[tee | {"quantity": 3}, {**cap, "id": "L-NEW", "code": "MUG"}])


def test_an_edited_quantity_a_new_line_and_a_lost_one_are_followed(shop: Shop) -> None:
    house = shop.house
    house.receive("SH", TEE=5, CAP=5, MUG=5)
    change = edited(shop)
    order_id = shop.order("T1")
    assert (shop.pull(change).verdicts, shop.pull(change).verdicts) == ({"effective": 1}, {})
    [(reason,)] = house.db.rows("SELECT reason FROM inbox ORDER BY id DESC LIMIT 1")
    assert reason == "edited"
    rows = house.db.rows("SELECT external_id, quantity, cancelled, amount, reserved FROM order_line ORDER BY no")
    assert rows == [("L-TEE", 3, 0, 2000, 3), ("L-CAP", 1, 1, 1000, 0), ("L-NEW", 1, 0, 1000, 1)]
    assert [house.levels(code)["SH"] for code in ("TEE", "CAP", "MUG")] == [(5, 3), (5, 0), (5, 1)]
    assert house.holds(order_id) == []
    with house.db.connection():
        money = amendments.sums(house.db, order_id)
    assert (money.worth, money.due, money.refund_due) == (3000, 0, 0)
    house.prove()


def test_an_edit_after_picking_began_waits_for_a_person(shop: Shop) -> None:
    house = shop.house
    house.receive("SH", TEE=5, CAP=5, MUG=5)
    change = edited(shop)
    order_id = shop.order("T1")
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    with house.work("person:warehouse") as uow:
        fulfillment.start_picking(uow, fo_id)
    shop.pull(change)
    assert codes(house.holds(order_id)) == ["upstream_changed"]
    [(note,)] = house.db.rows("SELECT note FROM hold WHERE code = 'upstream_changed'")
    assert note == "line 1: 3 units; line 1: costs 2000; 1 MUG more; line 2: 0 units"
    assert house.db.rows("SELECT quantity, cancelled FROM order_line ORDER BY no") == [(2, 0), (1, 0)]
    house.prove()


@pytest.mark.parametrize(
    ("change", "hold"),
    [
        ({"held": "risk check"}, "platform_hold"),
        ({"refunded": 1000}, "refunded"),
        ({"state": "deposit_paid", "paid": 300}, "presale"),
    ],
)
def test_what_the_platform_forbids_is_held_until_it_allows_it(shop: Shop, change: dict[str, Any], hold: str) -> None:
    order = document("T1", ("TEE", 1)) | change
    shop.pull(order)
    assert codes(shop.house.holds(shop.order("T1"))) == [hold]
    if hold != "refunded":
        shop.pull(later(order, held="", state="to_ship", paid=1000))
        assert shop.house.holds(shop.order("T1")) == []
    shop.house.prove()


def test_a_refund_request_is_held_until_it_is_decided(shop: Shop) -> None:
    order = document("T1", ("TEE", 1))
    line = order["lines"][0]
    shop.pull(order)
    order = later(order, lines=[line | {"asked": True}])
    shop.pull(order)
    assert codes(shop.house.holds(shop.order("T1"))) == ["refund_requested"]
    shop.pull(later(order, lines=[line]))
    assert shop.house.holds(shop.order("T1")) == []


def test_a_changed_door_and_changed_words_are_followed_and_a_new_token_for_the_same_door_is_not(shop: Shop) -> None:
    masked = {"masked": True, "privacy_token": "t1", "token_owner": "paper"}
    order = document("T1", ("TEE", 1))
    order["receiver"] |= masked
    shop.pull(order)
    order = later(order, receiver=order["receiver"] | {"privacy_token": "t2"})
    shop.pull(order)
    assert shop.house.db.rows("SELECT COUNT(*) FROM audit WHERE action = 'address changed'") == [(0,)]
    shop.pull(later(order, receiver=order["receiver"] | {"detail": "新路9号"}, memo="VIP"))
    card = shop.house.card(shop.order("T1"))
    assert (card.receiver.detail, card.memo) == ("新路9号", "VIP")


def test_a_document_may_change_again_within_the_same_second(shop: Shop) -> None:
    now = shop.house.environment.moment
    order = document("T1", ("TEE", 1), version=now.isoformat())
    for memo in ("", "written in the same second"):
        shop.platform.keep(order | {"memo": memo}, changed=now)
        shop.house.environment.moment += timedelta(seconds=1)
        assert shop.house.system.channels.feeds.pull(shop.facts).verdicts == {"effective": 1}
    assert shop.house.card(shop.order("T1")).memo == "written in the same second"
