"""After-sales of a platform become documents and holds; what people answer reaches the platform once."""

from __future__ import annotations

import pytest

from orderyard.core.aftersales import service as aftersales
from orderyard.core.aftersales.api import AfterSaleType, Wanted
from orderyard.core.channels.service import dismiss
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.transport import Delivery
from orderyard.core.testing.builders import codes
from orderyard.core.testing.paper import Shop, body, claim, document, later, signed


def states(shop: Shop) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in shop.house.db.rows("SELECT external_id, state, money FROM after_sale ORDER BY id")]


def holds(shop: Shop) -> list[str]:
    return codes(shop.house.holds(shop.order("T1")))


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """An order that waits to be sent, and a buyer who wants money back for one of its lines."""
    shop.house.receive("SH", TEE=5, CAP=5)
    shop.platform.claims["C1"] = claim("C1", "T1", ("TEE", 2))
    assert shop.pull(document("T1", ("TEE", 2), ("CAP", 1))).verdicts == {"effective": 2}
    return shop


def test_a_request_becomes_a_document_and_holds_what_has_not_left(asked: Shop) -> None:
    assert (states(asked), holds(asked)) == ([("C1", "requested", "pending")], ["refund_requested"])
    asked.house.prove()


def test_the_same_claim_again_changes_nothing_and_a_newer_one_is_followed(asked: Shop) -> None:
    assert asked.pull().verdicts == {}
    newer = later(asked.platform.claims["C1"], state="cancelled", money="none")
    assert asked.claim(newer).verdicts == {"effective": 1}
    assert (states(asked), holds(asked)) == ([("C1", "cancelled", "none")], [])
    asked.house.prove()


def test_a_claim_leads_to_a_look_at_its_order(asked: Shop) -> None:
    paid_back = later(document("T1", ("TEE", 2), ("CAP", 1)), 90, refunded=2000)
    paid_back["lines"][0]["cancelled"] = 2
    asked.platform.keep(paid_back)
    asked.house.system.worker.drain()
    card = asked.house.card(asked.order("T1"))
    assert (card.refunded.minor, [line.cancelled for line in card.lines]) == (2000, [2, 0])


def test_an_agreement_reaches_the_platform_and_comes_back_as_its_state(asked: Shop) -> None:
    with asked.house.work() as uow:
        aftersales.answer(uow, 1, True, "as they wish")
    assert states(asked) == [("C1", "requested", "pending")]
    asked.house.system.worker.drain()
    assert (asked.platform.claims["C1"]["state"], states(asked)[0][1]) == ("approved", "approved")
    with pytest.raises(DomainError, match="is approved"), asked.house.work() as uow:
        aftersales.answer(uow, 1, False, "changed my mind")
    asked.house.prove()


def test_a_refusal_needs_a_reason_and_lets_the_goods_go(asked: Shop) -> None:
    with pytest.raises(DomainError, match="without a reason"), asked.house.work() as uow:
        aftersales.answer(uow, 1, False, " ")
    with asked.house.work() as uow:
        aftersales.answer(uow, 1, False, "it left this morning")
    with pytest.raises(DomainError, match="was answered by"), asked.house.work() as uow:
        aftersales.answer(uow, 1, True, "")
    asked.house.system.worker.drain()
    assert (states(asked)[0][1], holds(asked)) == ("rejected", [])
    asked.house.prove()


def test_an_answer_that_the_platform_does_not_take_goes_back_to_people(asked: Shop) -> None:
    with asked.house.work() as uow:
        aftersales.answer(uow, 1, False, "no")
    asked.house.system.worker.drain()
    assert asked.house.db.rows("SELECT state, answered_by FROM after_sale") == [("requested", "")]
    assert asked.house.db.rows("SELECT error FROM task WHERE kind = 'answer_claim' AND state = 'parked'")
    with asked.house.work() as uow:
        aftersales.answer(uow, 1, True, "then so be it")
    asked.house.system.worker.drain()
    assert states(asked)[0][1] == "approved"


def test_a_claim_about_an_order_that_is_not_here_brings_the_order_in(shop: Shop) -> None:
    shop.platform.keep(document("T0", ("TEE", 1)), changed=shop.platform.moment.replace(year=2020))
    shop.platform.claims["C1"] = claim("C1", "T0", ("TEE", 1))
    assert shop.pull().verdicts == {"effective": 1}
    assert shop.verdicts()[:2] == [("C1", "effective"), ("T0", "effective")]
    shop.house.prove()


def test_what_cannot_be_read_or_belongs_to_nobody_is_parked_alone(shop: Shop) -> None:
    shop.platform.claims = {
        "C1": claim("C1", "T1", state="dreaming"),
        "C2": claim("C2", "T9"),
        "C3": claim("C3", "T1", ("HAT", 1)),
        "C4": claim("C4", "T1", ("TEE", 1)),
    }
    result = shop.pull(document("T1", ("TEE", 2)))
    assert (result.verdicts, result.parked) == ({"effective": 2, "parked": 3}, ["C1", "C2", "C3"])
    [(reason,)] = shop.house.db.rows("SELECT reason FROM inbox WHERE document = 'C2'")
    assert "about order T9, which is not here" in reason


def test_a_shipped_order_is_not_held(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 2)))
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    said = claim("C1", "T1", ("TEE", 2), type="return_refund", goods="waiting", state="approved")
    shop.claim(said)
    assert (states(shop), holds(shop)) == ([("C1", "approved", "pending")], [])
    shop.claim(later(said, state="in_transit", waybill="SF99"))
    assert shop.house.db.rows("SELECT state, waybill FROM after_sale") == [("in_transit", "SF99")]
    shop.house.prove()


def test_a_wish_that_no_platform_reports_is_taken_in_and_answered_here(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    [order_id] = shop.house.place(shop.house.order(("TEE", 2)))
    [line] = shop.house.line_ids(order_id)
    wanted = [Wanted(line, 2, 5000)]
    with shop.house.work() as uow:
        one = aftersales.request(uow, order_id, AfterSaleType.RETURN_REFUND, wanted, "too small", amount=5000)
    with pytest.raises(DomainError, match="0 of that line are left"), shop.house.work() as uow:
        aftersales.request(uow, order_id, AfterSaleType.RETURN_REFUND, [Wanted(line, 1)], "too small")
    with pytest.raises(DomainError, match="is asked back"), shop.house.work() as uow:
        aftersales.request(uow, order_id, AfterSaleType.REFUND_ONLY, [], "too small", amount=99999)
    assert codes(shop.house.holds(order_id)) == ["refund_requested"]
    with shop.house.work() as uow:
        aftersales.answer(uow, one, True, "")
    with shop.house.work() as uow:
        aftersales.cancel(uow, one, "the buyer keeps it")
    assert (states(shop)[0][1], shop.house.holds(order_id)) == ("cancelled", [])
    assert shop.house.db.rows("SELECT 1 FROM task WHERE kind = 'answer_claim'") == []
    shop.house.prove()


def test_a_push_about_a_claim_leads_to_a_fetch(asked: Shop) -> None:
    asked.platform.claims["C1"] = later(asked.platform.claims["C1"], state="approved")
    content = body({"id": "C1", "kind": "claim"})
    headers = {name.lower(): value for name, value in signed(content).items()}
    assert asked.house.system.channels.feeds.receive("paper", Delivery(headers, content)) == "stored"
    asked.house.system.worker.drain()
    assert states(asked)[0][1] == "approved"


def test_what_privacy_asks_for_waits_for_a_person(shop: Shop) -> None:
    content = body({"id": "buyer-7", "kind": "privacy", "topic": "customers/redact"})
    headers = {name.lower(): value for name, value in signed(content).items()}
    assert shop.house.system.channels.feeds.receive("paper", Delivery(headers, content)) == "stored"
    [(row, verdict, reason)] = shop.house.db.rows("SELECT id, verdict, reason FROM inbox")
    assert (verdict, reason.split(":")[0]) == ("parked", "customers/redact")
    with pytest.raises(DomainError, match="without a reason"), shop.house.work() as uow:
        dismiss(uow, row, "")
    with shop.house.work() as uow:
        dismiss(uow, row, "erased")
    assert shop.verdicts() == [("buyer-7", "dismissed")]
    with pytest.raises(DomainError, match="is not parked"), shop.house.work() as uow:
        dismiss(uow, row, "again")


def test_goods_that_came_back_are_another_question(shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 2)))
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    said = claim("C1", "T1", ("TEE", 2), type="return_refund", goods="waiting")
    shop.claim(said)
    with shop.house.work() as uow:
        aftersales.answer(uow, 1, True, "send it back")
    shop.house.system.worker.drain()
    assert states(shop)[0][1] == "approved"
    shop.claim(later(said, 120, state="in_transit", waybill="SF99"))
    assert shop.house.db.rows("SELECT state, answered_by FROM after_sale") == [("in_transit", "")]
    with shop.house.work() as uow:
        aftersales.answer(uow, 1, True, "it is here and whole")
    shop.house.system.worker.drain()
    assert [told["because"] for told in shop.platform.answers] == ["send it back", "it is here and whole"]
    shop.house.prove()


def test_a_platform_may_decide_otherwise_after_a_refusal(asked: Shop) -> None:
    asked.claim(later(asked.platform.claims["C1"], 60, state="rejected"))
    asked.claim(later(asked.platform.claims["C1"], 60, state="in_transit"))
    asked.claim(later(asked.platform.claims["C1"], 60, state="closed"))
    assert states(asked)[0][1] == "closed"
    asked.house.prove()
