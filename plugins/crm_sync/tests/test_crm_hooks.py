"""The hooks against the simulated CRM: what it is told is what counts."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import httpx
import pluggy
import pytest
from orderyard_crm_sync import plugin
from orderyard_crm_sync.simulator import HubSpotSimulator

from orderyard import hookspecs
from orderyard.core.customers.api import CustomerChanged
from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import Failed, PluginContext
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    DomainError,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.orders.api import OrderMoved, OrderPlaced, OrderStatus

if TYPE_CHECKING:
    from conftest import Core


def changed(context: PluginContext, *ids: int) -> list[Failed]:
    return list(plugin.on_customer_changed([CustomerChanged(one) for one in ids], context))


def placed(context: PluginContext, *ids: int) -> list[Failed]:
    return list(plugin.on_order_placed([OrderPlaced(one) for one in ids], context))


def moved(context: PluginContext, order_id: int) -> list[Failed]:
    event = OrderMoved(order_id, OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP, "reviewed")
    return list(plugin.on_order_moved([event], context))


def test_a_customer_becomes_a_contact(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, email="A@example.invalid", phone="+8613000000002")
    assert changed(context, 1) == []
    assert crm.told().contacts == {
        "C1": {
            "oms_customer_key": "C1",
            "email": "a@example.invalid",
            "phone": "+8613000000002",
            "lastname": "测试甲",
            "oms_shop": "tb",
        }
    }


def test_buyers_without_email_and_phone_stay_apart(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, name="林**", phone="*******0001")
    core.meet(2, name="林**", phone="*******0001")
    assert changed(context, 1, 2) == []
    assert sorted(crm.told().contacts) == ["C1", "C2"]
    assert "phone" not in crm.told().contacts["C1"]


def test_what_did_not_change_is_not_sent_again(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    changed(context, 1)
    changed(context, 1)
    assert crm.calls["contacts.upsert"] == 1
    core.meet(1, phone="+8613000000003")
    changed(context, 1)
    assert crm.told().contacts["C1"]["phone"] == "+8613000000003"
    assert crm.calls["contacts.upsert"] == 2


def test_another_token_sends_everything_again(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    changed(context, 1)
    crm.token = "pat-other"
    changed(replace(context, settings=crm.settings()), 1)
    assert crm.calls["contacts.upsert"] == 2


def test_events_about_the_same_customer_become_one_record(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, email="nobody")
    failures = changed(context, 1, 1, 1)
    assert [failure.index for failure in failures] == [0, 1, 2]
    assert crm.calls["contacts.upsert"] == 1


def test_one_bad_email_stops_only_itself(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, email="a@example.invalid")
    core.meet(2, email="nobody")
    core.meet(3, email="c@example.invalid")
    (failure,) = changed(context, 1, 2, 3)
    assert failure.index == 1
    assert isinstance(failure.error, RemoteRejected)
    assert "INVALID_EMAIL" in failure.error.what
    assert sorted(crm.told().contacts) == ["C1", "C3"]


def test_a_customer_that_is_gone_fails_alone(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    (failure,) = changed(context, 9, 1)
    assert failure.index == 0
    assert isinstance(failure.error, DomainError)
    assert list(crm.told().contacts) == ["C1"]


def test_more_customers_than_one_call_carries(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    for one in range(1, 231):
        core.meet(one)
    assert changed(context, *range(1, 231)) == []
    assert (len(crm.told().contacts), crm.calls["contacts.upsert"]) == (230, 3)


def test_a_contact_the_crm_already_had_is_taken_over(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    made = {"properties": {"email": "a@example.invalid", "company": "Acme"}}
    authorization = {"Authorization": f"Bearer {crm.token}"}
    httpx.post(f"{crm.base_url}/crm/v3/objects/contacts", json=made, headers=authorization, trust_env=False).raise_for_status()
    core.meet(1, email="a@example.invalid")
    assert changed(context, 1) == []
    assert crm.told().contacts["C1"]["company"] == "Acme"
    assert len(crm.told().contacts) == 1


def test_an_email_of_another_customer_is_for_a_person_to_decide(
    core: Core, crm: HubSpotSimulator, context: PluginContext
) -> None:
    core.meet(1, email="a@example.invalid")
    core.meet(2, email="a@example.invalid")
    (failure,) = changed(context, 1, 2)
    assert failure.index == 1
    assert isinstance(failure.error, RemoteRejected)
    assert "belongs to customer C1: merge customers C1 and C2" in str(failure.error)
    assert list(crm.told().contacts) == ["C1"]


def test_an_order_becomes_a_deal_linked_with_its_contact(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    assert placed(context, 31) == []
    told = crm.told()
    assert list(told.contacts) == ["C1"]
    deal = told.deals["O31"]
    assert (deal["dealname"], deal["amount"], deal["deal_currency_code"]) == ("SO-0031", "108.00", "CNY")
    assert (deal["dealstage"], deal["oms_status"], deal["contacts"]) == ("qualifiedtobuy", "pending_review", "C1")


def test_a_deal_follows_its_order(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    placed(context, 31)
    core.move(31, OrderStatus.SHIPPED)
    assert moved(context, 31) == []
    assert crm.told().deals["O31"]["dealstage"] == "closedwon"
    assert (crm.calls["contacts.upsert"], crm.calls["associations.associate"]) == (1, 1)


def test_a_parcel_is_named_in_the_deals_of_all_its_orders(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    core.take(32, customer_id=1)
    both = ShipmentDispatched(5, "FO-5", "SH", "SF", "SF7440000000001", (31, 32))
    second = ShipmentDispatched(6, "FO-6", "SH", "SF", "SF7440000000002", (32,))
    assert plugin.on_shipment_dispatched([both], context) == []
    assert plugin.on_shipment_dispatched([both, second], context) == []
    deals = crm.told().deals
    assert deals["O31"]["oms_waybills"] == "SF SF7440000000001"
    assert deals["O32"]["oms_waybills"] == "SF SF7440000000001; SF SF7440000000002"


def test_a_parcel_with_one_refused_order_is_reported_once(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    core.take(32, customer_id=1, currency="THB")
    parcels = [
        ShipmentDispatched(5, "FO-5", "SH", "SF", "SF1", (31, 32)),
        ShipmentDispatched(6, "FO-6", "SH", "SF", "SF2", (31,)),
    ]
    (failure,) = plugin.on_shipment_dispatched(parcels, context)
    assert failure.index == 0
    assert crm.told().deals["O31"]["oms_waybills"] == "SF SF1; SF SF2"


def test_an_event_states_nothing_the_order_no_longer_is(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    core.move(31, OrderStatus.CANCELLED)
    assert moved(context, 31) == []
    assert crm.told().deals["O31"]["oms_status"] == "cancelled"


def test_an_order_that_moves_while_it_is_sent_is_sent_again(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    core.while_sending = [(31, OrderStatus.TO_SHIP)]
    assert placed(context, 31) == []
    assert crm.told().deals["O31"]["oms_status"] == "to_ship"


def test_an_order_that_never_holds_still_is_tried_later(core: Core, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    core.while_sending = [(31, OrderStatus.TO_SHIP), (31, OrderStatus.SHIPPED), (31, OrderStatus.COMPLETED)]
    (failure,) = placed(context, 31)
    assert isinstance(failure.error, RemoteUnavailable)
    assert placed(context, 31) == []


def test_an_order_of_a_refused_contact_still_gets_its_deal(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, email="nobody")
    core.meet(2)
    core.take(31, customer_id=1)
    core.take(32, customer_id=2)
    (failure,) = placed(context, 31, 32)
    assert failure.index == 0
    assert isinstance(failure.error, RemoteRejected)
    assert {key: deal["contacts"] for key, deal in crm.told().deals.items()} == {"O31": "", "O32": "C2"}
    core.meet(1, email="a@example.invalid")
    assert placed(context, 31) == []
    assert crm.told().deals["O31"]["contacts"] == "C1"


def test_a_deal_in_a_currency_the_crm_lacks_is_refused_alone(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1, currency="THB")
    core.take(32, customer_id=1, currency="USD")
    (failure,) = placed(context, 31, 32)
    assert failure.index == 0
    assert isinstance(failure.error, RemoteRejected)
    assert list(crm.told().deals) == ["O32"]


def test_a_property_nobody_created_is_told_by_name(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    crm.properties["contacts"].remove("oms_shop")
    core.meet(1)
    (failure,) = changed(context, 1)
    assert isinstance(failure.error, RemoteRejected)
    assert "oms_shop" in failure.error.what


def test_a_contact_deleted_in_the_crm_comes_back_on_a_retry(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    changed(context, 1)
    found = httpx.get(
        f"{crm.base_url}/crm/v3/objects/contacts/C1?idProperty=oms_customer_key",
        headers={"Authorization": f"Bearer {crm.token}"},
        trust_env=False,
    ).json()
    httpx.delete(
        f"{crm.base_url}/crm/v3/objects/contacts/{found['id']}",
        headers={"Authorization": f"Bearer {crm.token}"},
        trust_env=False,
    ).raise_for_status()
    (failure,) = placed(context, 31)
    assert isinstance(failure.error, RemoteRejected)
    assert placed(context, 31) == []
    assert crm.told().deals["O31"]["contacts"] == "C1"


def test_a_rate_limit_is_waited_out_by_the_host(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    crm.chaos.arm("too_many")
    (failure,) = changed(context, 1)
    assert isinstance(failure.error, RateLimited)
    assert failure.error.seconds == 1
    assert changed(context, 1) == []


@pytest.mark.parametrize("operation", ["contacts.upsert", "deals.upsert", "associations.associate"])
def test_a_lost_answer_is_repeated_without_doubling(
    operation: str, core: Core, crm: HubSpotSimulator, context: PluginContext
) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    crm.chaos.arm("lose_answer", 1, operation)
    (failure,) = placed(context, 31)
    assert type(failure.error) is RemoteUnavailable
    assert placed(context, 31) == []
    told = crm.told()
    assert (list(told.contacts), list(told.deals), told.deals["O31"]["contacts"]) == (["C1"], ["O31"], "C1")


def test_a_token_that_is_no_longer_valid_is_for_a_person(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    crm.token = "pat-revoked"
    (failure,) = changed(context, 1)
    assert isinstance(failure.error, CredentialsRefused)


def test_a_missing_token_fails_every_event(context: PluginContext) -> None:
    failures = changed(replace(context, settings={}), 1, 2)
    assert [(failure.index, type(failure.error)) for failure in failures] == [(0, CredentialsRefused), (1, CredentialsRefused)]


def test_a_crm_that_is_down_is_tried_again_later(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1)
    crm.stop()
    (failure,) = changed(context, 1)
    assert isinstance(failure.error, RemoteUnavailable)


def test_the_panel_links_the_deal_and_the_contact(core: Core, crm: HubSpotSimulator, context: PluginContext) -> None:
    core.meet(1, name="<b>甲</b>")
    core.take(31, customer_id=1)
    placed(context, 31)
    requests = len(core.sent)
    (panel,) = plugin.show_order_panels(31, context)
    assert panel.title == "HubSpot (simulated)"
    assert len(core.sent) == requests
    deal, contact = panel.rows
    assert httpx.get(deal[2], trust_env=False).text.count("SO-0031") == 1
    assert "&lt;b&gt;甲" in httpx.get(contact[2], trust_env=False).text


def test_the_panel_says_what_is_not_there_yet(core: Core, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    (panel,) = plugin.show_order_panels(31, context)
    assert [(text, address) for _, text, address in panel.rows] == [("尚未同步 not sent yet", "")] * 2


def test_there_is_no_panel_before_the_plugin_is_set_up(core: Core, context: PluginContext) -> None:
    core.meet(1)
    core.take(31, customer_id=1)
    assert list(plugin.show_order_panels(31, replace(context, settings={}))) == []


def test_the_plugin_fits_the_hooks() -> None:
    (found,) = entry_points(group="orderyard.plugins", name=plugin.manifest.slug)
    assert found.load() is plugin
    manager = pluggy.PluginManager("orderyard")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert [[simulator.name for simulator in offered] for offered in manager.hook.register_simulators()] == [["crm_sync"]]
