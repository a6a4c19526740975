"""Review of real orders: rules with facts, rules that change, people with limits, finance, taking back, dry runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.auth.service import add_person
from orderyard.core.inventory.service import add_warehouse
from orderyard.core.kernel.errors import DomainError, IllegalTransition
from orderyard.core.kernel.values import Money
from orderyard.core.orders import holds
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import HoldCode, OrderStatus, ReviewState
from orderyard.core.review import decisions, service
from orderyard.core.review.api import BlacklistKind
from orderyard.core.review.blacklist import blacklist, entries, take_off
from orderyard.core.testing.builders import House, codes, door


def rule(house: House, name: str, enabled: bool = True, **settings: str) -> None:
    with house.work("person:boss") as uow:
        service.set_rule(uow, name, enabled=enabled, settings=settings, offered={})


def people(house: House, *logins: str) -> None:
    with house.work("founder") as uow:
        for login in logins:
            add_person(uow, login, login.title(), "correct horse battery", "reviewer")


def history(house: House, order_id: int) -> list[tuple[str, str]]:
    rows = house.db.rows("SELECT action, because FROM audit WHERE kind = 'order' AND document = ? ORDER BY id", (order_id,))
    return [(row[0], row[1]) for row in rows]


def test_all_failed_rules_are_listed_and_not_the_first_only(house: House) -> None:
    rule(house, "amount_limit", CNY="50.00")
    [order_id] = house.place(house.order(("TEE", 1), to=door(detail=""), message="快点"))
    assert sorted(codes(house.holds(order_id))) == ["address_invalid", "review_rule", "review_rule"]
    rows = house.db.rows("SELECT source, note FROM hold WHERE document = ? ORDER BY source", (order_id,))
    assert rows == [("amount_limit", "total 99.00 CNY is not below 50.00"), ("complete_address", "missing: street"),
                    ("words", "message: 快点")]  # fmt: skip
    house.prove()


def test_orders_of_one_telephone_number_are_counted_back_from_their_own_time(house: House) -> None:
    rule(house, "orders_per_phone", limit="3", hours="2")
    house.receive("SH", TEE=20)
    to = [door(1), door(2, phone="+86 138 0000 0001"), door(3, phone="13800000001"), door(4, phone="13800000001")]
    [first] = house.place(house.order(("TEE", 1), to=to[0]))
    house.environment.moment += timedelta(hours=1)
    [second] = house.place(house.order(("TEE", 1), to=to[1]))
    house.environment.moment += timedelta(minutes=59)
    [third] = house.place(house.order(("TEE", 1), to=to[2]))
    house.environment.moment += timedelta(minutes=1)
    [fourth] = house.place(house.order(("TEE", 1), to=to[3]))
    assert [codes(house.holds(order_id)) for order_id in (first, second)] == [[], []]
    assert codes(house.holds(third)) == ["fraud_risk"]
    assert codes(house.holds(fourth)) == ["fraud_risk"], "the first is two hours old and out of the window; three are left"
    house.prove()


def test_many_orders_at_once_see_the_ones_before_them(house: House) -> None:
    rule(house, "orders_per_phone", limit="3")
    house.receive("SH", TEE=20)
    ids = house.place(*(house.order(("TEE", 1), to=door(1)) for _ in range(4)))
    assert [codes(house.holds(order_id)) for order_id in ids] == [[], [], ["fraud_risk"], ["fraud_risk"]]


def test_a_rule_that_is_eased_lets_waiting_orders_go_on(house: House) -> None:
    house.receive("SH", TEE=5)
    rule(house, "amount_limit", CNY="50.00")
    [order_id] = house.place(house.order(("TEE", 1)))
    assert house.card(order_id).status is OrderStatus.PENDING_REVIEW
    rule(house, "amount_limit", CNY="99.00")
    assert codes(house.holds(order_id)) == ["review_rule"], "an amount equal to the limit goes to people"
    rule(house, "amount_limit", CNY="99.01")
    assert house.holds(order_id) == []
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


def test_a_rule_that_is_switched_off_lifts_what_it_held(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 1), message="快点"))
    assert codes(house.holds(order_id)) == ["review_rule"]
    rule(house, "words", enabled=False)
    assert house.card(order_id).status is OrderStatus.TO_SHIP


def test_a_rule_may_be_asked_twice_and_for_some_shops_only(house: House) -> None:
    house.receive("SH", TEE=9)
    rule(house, "amount_limit/cn2", CNY="50.00", shops="cn2")
    [here] = house.place(house.order(("TEE", 1)))
    [there] = house.place(house.order(("TEE", 1), shop="cn2"))
    assert house.holds(here) == []
    assert house.db.rows("SELECT source FROM hold WHERE document = ?", (there,)) == [("amount_limit/cn2",)]


def test_rules_changed_by_another_process_are_seen_before_anything_passes(house: House) -> None:
    house.receive("SH", TEE=5)
    with house.db.write_transaction():  # as another process would: nobody here hears of it
        house.db.insert("review_rule_setting", ("name", "enabled", "settings"), [("amount_limit", True, '{"CNY": "50.00"}')])
    [order_id] = house.place(house.order(("TEE", 1)))
    assert codes(house.holds(order_id)) == ["review_rule"]


def test_an_order_without_history_rules_costs_no_further_statement(house: House) -> None:
    house.receive("SH", TEE=9)
    house.place(house.order(("TEE", 1)))
    seen: list[str] = []
    house.db.observers.append(seen.append)
    house.place(house.order(("TEE", 1)))
    assert not [sql for sql in seen if sql.startswith("SELECT COALESCE(SUM(version)")]
    assert not [sql for sql in seen if "blacklist" in sql or "a.phone IN" in sql]


def test_the_blacklist_holds_whatever_way_it_is_written(house: House) -> None:
    house.receive("SH", TEE=9)
    with house.work("person:boss") as uow:
        assert blacklist(uow, BlacklistKind.PHONE, ["138 0000 0001"], "chargeback") == 1
        assert blacklist(uow, BlacklistKind.ADDRESS, ["某路2号"]) == 1
        assert blacklist(uow, BlacklistKind.BUYER, ["buyer3"]) == 1
    ids = house.place(*(house.order(("TEE", 1), to=door(number)) for number in (1, 2, 3, 4)))
    assert [codes(house.holds(order_id)) for order_id in ids] == [["blacklist"]] * 3 + [[]]
    notes = [note for (note,) in house.db.rows("SELECT note FROM hold ORDER BY document")]
    assert notes == ["telephone number +8613800000001 (chargeback)", "address 某路2号", "buyer buyer3"]
    with house.work("person:boss") as uow:
        take_off(uow, [entry.id for entry in entries(uow.db)])
    assert [house.card(order_id).status for order_id in ids] == [OrderStatus.TO_SHIP] * 4
    house.prove()


@pytest.mark.parametrize("value", ["138****0001", "12345", ""])
def test_a_masked_number_cannot_be_blacklisted(house: House, value: str) -> None:
    with pytest.raises(DomainError, match="too little for the blacklist") as refused, house.work() as uow:
        blacklist(uow, BlacklistKind.PHONE, [value])
    assert refused.value.remedy == "give the whole value; a masked one speaks of nobody"


def test_a_changed_address_is_judged_again(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1), to=door(1, detail="")))
    assert codes(house.holds(order_id)) == ["address_invalid"]
    with house.work() as uow:
        orders.change_address(uow, order_id, door(1), "the buyer told us")
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    with house.work() as uow:
        orders.change_address(uow, order_id, door(1, detail=""), "the buyer told us")
    assert codes(house.holds(order_id)) == ["address_invalid"], "it passed, but must not leave like this"
    with house.work() as uow:
        orders.change_address(uow, order_id, door(2), "the buyer told us")
    assert house.holds(order_id) == []
    house.prove()


def test_a_hold_of_people_keeps_review_from_passing(house: House) -> None:
    rule(house, "amount_limit", CNY="50.00")
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    with house.work() as uow:
        holds.open_by_hand(uow, [order_id], HoldCode.FRAUD_RISK, "the buyer called from another country")
    rule(house, "amount_limit", CNY="")
    assert codes(house.holds(order_id)) == ["fraud_risk"]
    assert house.card(order_id).status is OrderStatus.PENDING_REVIEW
    [(hold_id,)] = house.db.rows("SELECT id FROM hold WHERE document = ? AND released_at IS NULL", (order_id,))
    with house.work() as uow:
        holds.lift_hold(uow, hold_id, "she is on holiday")
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


# people


def waits(house: House, **order: object) -> int:
    rule(house, "amount_limit", CNY="50.00")
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1), **order))
    return order_id


def test_as_long_as_nobody_is_assigned_everybody_may_decide(house: House) -> None:
    order_id = waits(house)
    with house.work("person:ann") as uow:
        decisions.approve(uow, order_id, "known customer")
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


def test_an_attempt_beyond_the_limit_is_refused_and_remembered(house: House) -> None:
    people(house, "ann", "bob", "cat")
    order_id = waits(house)
    with house.work("person:boss") as uow:
        decisions.assign(uow, "ann", "cn", Money.of("99.00", "CNY"))
        decisions.assign(uow, "bob", "", None)
    with (
        pytest.raises(DomainError, match=r"of 99.00 CNY is not below the limit of ann, 99.00 CNY: ask bob"),
        house.work() as uow,
    ):
        decisions.approve(uow, order_id, "fine")
    with (
        pytest.raises(DomainError, match="cat is not assigned to the orders of shop cn: ask bob"),
        house.work("person:cat") as uow,
    ):
        decisions.reject(uow, order_id, "no")
    assert house.card(order_id).status is OrderStatus.PENDING_REVIEW
    refused = [because for action, because in history(house, order_id) if action == "review refused"]
    assert refused == ["order SO00000001 of 99.00 CNY is not below the limit of ann, 99.00 CNY",
                       "cat is not assigned to the orders of shop cn"]  # fmt: skip
    with house.work("person:boss") as uow:
        decisions.assign(uow, "ann", "cn", Money.of("99.01", "CNY"))
        assert [(scope.login, str(scope.limit)) for scope in decisions.scopes(uow.db)] == [
            ("ann", "99.01 CNY"),
            ("bob", "None"),
        ]
    with house.work("person:ann") as uow:
        decisions.approve(uow, order_id, "fine")
    assert house.card(order_id).status is OrderStatus.TO_SHIP
    house.prove()


@pytest.mark.parametrize(
    ("login", "shop", "limit", "what"),
    [
        ("nobody", "cn", None, "there is no person 'nobody'"),
        ("ann", "moon", None, "there is no shop 'moon'"),
        ("ann", "cn", Money(100, "USD"), "shop cn trades in CNY"),
        ("ann", "cn", Money(0, "CNY"), "a limit of 0.00 CNY"),
    ],
)
def test_an_assignment_that_makes_no_sense_is_refused(
    house: House, login: str, shop: str, limit: Money | None, what: str
) -> None:
    people(house, "ann")
    with pytest.raises(DomainError, match=what) as refused, house.work() as uow:
        decisions.assign(uow, login, shop, limit)
    assert refused.value.remedy


def test_approving_may_choose_carrier_and_warehouse(house: House) -> None:
    order_id = waits(house)
    house.receive("GZ", TEE=2)
    with pytest.raises(DomainError, match="'XX' does not serve the shop") as refused, house.work() as uow:
        add_warehouse(uow, "XX", "XX", [])
        decisions.approve(uow, order_id, "fine", warehouse="XX")
    assert refused.value.remedy == "these do: BJ, GZ, SH"
    with house.work() as uow:
        decisions.approve(uow, order_id, "fine", carrier="yto", warehouse="GZ")
    [fo_id] = house.fos(order_id)
    assert house.db.rows(
        "SELECT f.carrier, w.code, f.state FROM fulfillment_order f JOIN warehouse w ON w.id = f.warehouse_id WHERE f.id = ?",
        (fo_id,),
    ) == [("yto", "GZ", "allocated")]
    house.prove()


def test_a_chosen_warehouse_without_the_goods_waits_for_them(house: House) -> None:
    order_id = waits(house)
    with house.work() as uow:
        decisions.approve(uow, order_id, "fine", warehouse="BJ")
    [fo_id] = house.fos(order_id)
    assert house.fo_state(fo_id) == "planned"
    house.receive("BJ", TEE=1)
    assert house.fo_state(fo_id) == "allocated"
    house.prove()


def test_an_order_is_decided_once(house: House) -> None:
    order_id = waits(house)
    with house.work() as uow:
        decisions.approve(uow, order_id, "fine")
    with pytest.raises(DomainError, match="is to_ship, its review passed"), house.work() as uow:
        decisions.approve(uow, order_id, "again")
    with pytest.raises(IllegalTransition, match="from passed to rejected"), house.work() as uow:
        decisions.reject(uow, order_id, "no")
    with pytest.raises(DomainError, match="a rejection needs a reason"), house.work() as uow:
        decisions.reject(uow, order_id, " ")


# finance


def test_finance_looks_second_where_a_shop_asks(house: House) -> None:
    house.receive("SH", TEE=9)
    with house.work("person:boss") as uow:
        decisions.ask_finance(uow, "cn", True)
    first, second = house.place(house.order(("TEE", 1)), house.order(("TEE", 1)))
    assert house.card(first).review is ReviewState.PASSED
    assert house.card(first).status is OrderStatus.PENDING_REVIEW
    assert house.fos(first) == []
    with house.work("person:fin") as uow:
        decisions.approve_finance(uow, first)
    assert house.card(first).status is OrderStatus.TO_SHIP
    assert house.fo_state(house.fos(first)[0]) == "allocated"
    with house.work("person:fin") as uow:
        decisions.reject_finance(uow, second, "the money is not there")
    assert house.card(second).status is OrderStatus.CANCELLED
    with pytest.raises(DomainError, match="does not wait for finance"), house.work("person:fin") as uow:
        decisions.approve_finance(uow, first)
    house.prove()


def test_finance_is_not_asked_elsewhere(house: House) -> None:
    house.receive("SH", TEE=9)
    [order_id] = house.place(house.order(("TEE", 1)))
    with pytest.raises(DomainError, match="finance not asked") as refused, house.work() as uow:
        decisions.approve_finance(uow, order_id)
    assert refused.value.remedy == "finance decides after review, in shops that ask for it"


# taking back


def test_a_withdrawn_order_gives_everything_back_and_waits_for_a_person(house: House) -> None:
    house.receive("SH", TEE=1)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    with house.work() as uow:
        decisions.withdraw(uow, order_id, "wrong colour")
    card = house.card(order_id)
    assert (card.review, card.status) == (ReviewState.WITHDRAWN, OrderStatus.PENDING_REVIEW)
    assert house.levels("TEE") == {"SH": (1, 0)}
    assert house.db.rows("SELECT state, cancel_reason FROM fulfillment_order") == [("cancelled", "review_withdrawn")]
    house.prove()
    rule(house, "amount_limit", CNY="")
    assert house.card(order_id).review is ReviewState.WITHDRAWN, "no rule passes what a person took back"
    with house.work() as uow:
        decisions.approve(uow, order_id, "right colour after all")
    assert house.fo_state(house.fos(order_id)[0]) == "allocated"
    assert house.levels("TEE") == {"SH": (1, 1)}
    house.prove()


def test_from_picking_on_nothing_is_taken_back(house: House) -> None:
    house.receive("SH", TEE=1)
    [order_id] = house.place(house.order(("TEE", 1)))
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    house.pack(fo_id)
    with pytest.raises(DomainError, match="FO00000001 is packed") as refused, house.work() as uow:
        decisions.withdraw(uow, order_id, "wrong colour")
    assert refused.value.remedy == "from picking on an order can only be amended or cancelled"
    house.prove()


def test_a_reason_is_needed_to_take_back(house: House) -> None:
    with pytest.raises(DomainError, match="a withdrawal needs a reason"), house.work() as uow:
        decisions.withdraw(uow, 1, "")


# dry runs


def test_a_dry_run_says_what_another_limit_would_do_and_writes_nothing(house: House) -> None:
    house.receive("SH", TEE=20)
    house.environment.moment -= timedelta(days=9)
    house.place(house.order(("TEE", 3)))
    house.environment.moment += timedelta(days=9)
    small, big = house.place(house.order(("TEE", 1)), house.order(("TEE", 3)))
    [spoken] = house.place(house.order(("TEE", 1), message="快点"))
    with house.db.connection():
        run = service.dry_run(
            house.db, house.system.installation.merchant, house.environment.moment, 7,
            {"amount_limit": (True, {"CNY": "200.00"}), "words": (False, {})},
        )  # fmt: skip
    assert [row.order_id for row in run.would_pass] == [small, spoken]
    assert [(row.order_id, row.after) for row in run.would_hold] == [
        (big, ("amount_limit: total 297.00 CNY is not below 200.00",))
    ]
    assert [row.order_id for row in run.newly_held] == [big]
    assert [row.order_id for row in run.newly_passed] == [spoken]
    assert house.db.rows("SELECT COUNT(*) FROM review_rule_setting") == [(0,)]


def test_a_dry_run_of_an_unknown_rule_is_refused(house: House) -> None:
    with pytest.raises(DomainError, match="there is no review rule 'magic'"):
        service.dry_run(house.db, house.system.installation.merchant, house.environment.moment, 7, {"magic": (True, {})})
