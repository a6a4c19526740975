"""The simulator judged from outside: by plain HTTP, and by HubSpot's own client where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from orderyard_crm_sync.simulator import HubSpotSimulator

UPSERT = "/crm/v3/objects/contacts/batch/upsert"


@pytest.fixture
def http(crm: HubSpotSimulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {crm.token}"}
    with httpx.Client(base_url=crm.base_url, headers=headers, trust_env=False) as client:
        yield client


def one(key: str, trace: str = "", **properties: str) -> dict[str, Any]:
    found: dict[str, Any] = {"idProperty": "oms_customer_key", "id": key, "properties": properties}
    return found | ({"objectWriteTraceId": trace} if trace else {})


def test_without_traces_one_bad_record_spoils_the_batch(http: httpx.Client, crm: HubSpotSimulator) -> None:
    answer = http.post(UPSERT, json={"inputs": [one("C1", lastname="a"), one("C2", email="nobody")]})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert crm.told().contacts == {}


def test_with_traces_each_record_has_its_own_answer(http: httpx.Client, crm: HubSpotSimulator) -> None:
    answer = http.post(UPSERT, json={"inputs": [one("C1", "t1", lastname="a"), one("C2", "t2", email="nobody")]})
    body = answer.json()
    assert (answer.status_code, body["numErrors"], len(body["results"])) == (207, 1, 1)
    assert body["errors"][0]["context"]["objectWriteTraceId"] == ["t2"]
    assert list(crm.told().contacts) == ["C1"]


def test_a_traced_clash_names_the_holder(http: httpx.Client) -> None:
    first = http.post(UPSERT, json={"inputs": [one("C1", "t1", email="a@example.invalid")]}).json()["results"][0]["id"]
    error = http.post(UPSERT, json={"inputs": [one("C2", "t2", email="A@example.invalid")]}).json()["errors"][0]
    assert (error["category"], error["context"]["existingId"]) == ("CONFLICT", [first])


def test_an_untraced_clash_is_a_409(http: httpx.Client) -> None:
    http.post(UPSERT, json={"inputs": [one("C1", email="a@example.invalid")]})
    answer = http.post(UPSERT, json={"inputs": [one("C2", email="a@example.invalid")]})
    assert (answer.status_code, answer.json()["message"]) == (409, "Contact already exists. Existing ID: 101")


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": []},
        {"inputs": [one(f"C{number}") for number in range(101)]},
        {"inputs": [one("C1"), one("C1")]},
        {"inputs": [{"idProperty": "lastname", "id": "a", "properties": {}}]},
        {"inputs": [{"idProperty": "oms_customer_key", "id": "C1"}]},
        {},
    ],
    ids=["empty", "too many", "twice", "not unique", "no properties", "no inputs"],
)
def test_a_batch_that_breaks_the_rules_is_refused(body: dict[str, Any], http: httpx.Client, crm: HubSpotSimulator) -> None:
    assert http.post(UPSERT, json=body).status_code == 400
    assert crm.told().contacts == {}


def test_a_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    assert http.post(UPSERT, content=b"\xff{").status_code == 400


def test_nobody_gets_in_without_the_token(crm: HubSpotSimulator) -> None:
    answer = httpx.post(crm.base_url + UPSERT, json={"inputs": []}, trust_env=False)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_search_pages_through_what_changed(http: httpx.Client) -> None:
    http.post(UPSERT, json={"inputs": [one(f"C{number}") for number in range(3)]})
    changed = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}
    query: dict[str, Any] = {"filterGroups": [{"filters": [changed]}], "limit": 2, "properties": ["oms_customer_key"]}
    first = http.post("/crm/v3/objects/contacts/search", json=query).json()
    after = first["paging"]["next"]["after"]
    second = http.post("/crm/v3/objects/contacts/search", json=query | {"after": after}).json()
    found = [result["properties"]["oms_customer_key"] for page in (first, second) for result in page["results"]]
    assert (first["total"], found, "paging" in second) == (3, ["C0", "C1", "C2"], False)


def test_an_unknown_path_is_a_404(http: httpx.Client) -> None:
    assert http.get("/crm/v3/objects/tickets/1").status_code == 404


def test_the_official_client_is_content(crm: HubSpotSimulator) -> None:
    hubspot = pytest.importorskip("hubspot", reason="the official hubspot-api-client is not installed")
    from hubspot.crm.associations.v4 import BatchInputPublicDefaultAssociationMultiPost  # type: ignore[import-not-found]
    from hubspot.crm.contacts import (  # type: ignore[import-not-found]
        ApiException,
        BatchInputSimplePublicObjectBatchInputUpsert,
        PublicObjectSearchRequest,
        SimplePublicObjectInputForCreate,
    )
    from hubspot.crm.deals import (  # type: ignore[import-not-found]
        BatchInputSimplePublicObjectBatchInputUpsert as DealBatch,
    )

    client = hubspot.Client.create(access_token=crm.token, host=crm.base_url)
    contacts = client.crm.contacts
    batch = BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one("C1", "t1", email="a@example.invalid")])
    first = contacts.batch_api.upsert(batch)
    assert [(result.new, result.properties["email"]) for result in first.results] == [(True, "a@example.invalid")]
    assert [result.new for result in contacts.batch_api.upsert(batch).results] == [False]
    contact = first.results[0].id
    read = contacts.basic_api.get_by_id("C1", id_property="oms_customer_key", properties=["email"])
    assert (read.id, read.properties["email"]) == (contact, "a@example.invalid")
    assert read.created_at.tzinfo is not None
    mixed = BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one("C2", "t2"), one("C3", "t3", email="nobody")])
    partly = contacts.batch_api.upsert(mixed)
    assert (partly.num_errors, len(partly.results)) == (1, 1)
    assert partly.errors[0].context == {"objectWriteTraceId": ["t3"]}
    with pytest.raises(ApiException) as clash:
        contacts.basic_api.create(SimplePublicObjectInputForCreate(properties={"email": "a@example.invalid"}))
    assert clash.value.status == 409
    query = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@example.invalid"}]}]
    )
    assert contacts.search_api.do_search(query).total == 1
    deal = client.crm.deals.batch_api.upsert(
        DealBatch(inputs=[{"idProperty": "oms_order_id", "id": "O1", "properties": {"dealstage": "closedwon"}}])
    )
    pair = {"from": {"id": deal.results[0].id}, "to": {"id": contact}}
    client.crm.associations.v4.batch_api.create_default(
        "deals", "contacts", BatchInputPublicDefaultAssociationMultiPost(inputs=[pair])
    )
    linked = client.crm.associations.v4.basic_api.get_page("deals", deal.results[0].id, "contacts")
    assert [str(result.to_object_id) for result in linked.results] == [contact]
    # The client obeys Retry-After by itself, so all there is to see is that it was asked to wait and came again.
    crm.chaos.arm("too_many")
    assert contacts.basic_api.get_by_id(contact).id == contact
    assert crm.chaos.struck == [("too_many", "contacts.read")]
