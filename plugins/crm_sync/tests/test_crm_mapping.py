"""What goes into a contact and a deal, and what is held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from orderyard_crm_sync.mapping import configured, contact, deal

from orderyard.core.customers.api import CustomerCard
from orderyard.core.kernel.errors import CredentialsRefused, DomainError
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import OrderCard, OrderStatus, PaymentState, ReviewState

CUSTOMER = CustomerCard(7, "Ada Lovelace", "Ada@Example.invalid", "+8613000000002", "tb", "buyer-7")
ORDER = OrderCard(
    id=31,
    number="SO-0031",
    shop="tb",
    external_number="T1",
    status=OrderStatus.TO_SHIP,
    review=ReviewState.PASSED,
    payment=PaymentState.PAID,
    customer_id=7,
    receiver=Address(),
    lines=(),
    freight=Money.of("8.00", "CNY"),
    total=Money.of("108.00", "CNY"),
    paid=Money.of("108.00", "CNY"),
    refunded=Money.zero("CNY"),
    cod=False,
    placed_at=datetime(2026, 3, 1, 2, 0, 0, 123, tzinfo=UTC),
    paid_at=None,
    message="",
    memo="",
)
CONFIG = configured({"access_token": "t"})


def test_a_contact_carries_our_key_and_what_is_known() -> None:
    record = contact(CUSTOMER)
    assert record.key == "C7"
    assert record.properties == {
        "oms_customer_key": "C7",
        "email": "ada@example.invalid",
        "phone": "+8613000000002",
        "firstname": "Ada",
        "lastname": "Lovelace",
        "oms_shop": "tb",
    }


def test_a_chinese_name_stays_whole() -> None:
    assert contact(replace(CUSTOMER, name="测试 甲")).properties["lastname"] == "测试 甲"
    assert "firstname" not in contact(replace(CUSTOMER, name="测试甲")).properties


def test_a_customer_without_email_and_phone_is_a_contact_all_the_same() -> None:
    record = contact(replace(CUSTOMER, name="", email="", phone=""))
    assert (record.key, record.properties) == ("C7", {"oms_customer_key": "C7", "oms_shop": "tb"})


@pytest.mark.parametrize("field", ["name", "email", "phone"])
def test_a_masked_value_is_never_sent(field: str) -> None:
    record = contact(CustomerCard(7, **{"name": "", "email": "", "phone": "", field: "1**2"}, shop="tb", platform_id=""))
    assert record.properties == {"oms_customer_key": "C7", "oms_shop": "tb"}


def test_a_deal_states_amount_currency_stage_and_day() -> None:
    record = deal(ORDER, CONFIG)
    assert record.key == "O31"
    assert record.properties == {
        "oms_order_id": "O31",
        "dealname": "SO-0031",
        "amount": "108.00",
        "deal_currency_code": "CNY",
        "pipeline": "default",
        "dealstage": "contractsent",
        "closedate": "2026-03-01T02:00:00.000Z",
        "oms_status": "to_ship",
        "oms_shop": "tb",
    }


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_has_a_stage(status: OrderStatus) -> None:
    assert deal(replace(ORDER, status=status), CONFIG).properties["dealstage"]


def test_stages_and_pipeline_are_settings() -> None:
    config = configured({"access_token": "t", "pipeline": "12", "stages": "to_ship=4711\nshipped = 4712;"})
    record = deal(ORDER, config)
    assert (record.properties["pipeline"], record.properties["dealstage"]) == ("12", "4711")
    assert config.stages[OrderStatus.SHIPPED] == "4712"
    assert config.stages[OrderStatus.CANCELLED] == "closedlost"


@pytest.mark.parametrize("stages", ["lost=1", "to_ship", "to_ship="])
def test_a_stage_for_no_status_is_refused(stages: str) -> None:
    with pytest.raises(DomainError, match="setting stages"):
        configured({"access_token": "t", "stages": stages})


def test_without_a_token_nothing_can_start() -> None:
    with pytest.raises(CredentialsRefused, match="access token is not set"):
        configured({})


def test_links_need_the_account_number() -> None:
    assert CONFIG.page("0-1", "102") == ""
    linked = configured({"access_token": "t", "portal_id": "42", "app_url": "https://crm.example.invalid/"})
    assert linked.page("0-3", "104") == "https://crm.example.invalid/contacts/42/record/0-3/104"
    assert linked.page("0-3", "") == ""
