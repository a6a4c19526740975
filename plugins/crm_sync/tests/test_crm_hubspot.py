"""The wire: what we send, and what every kind of answer means."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from orderyard_crm_sync.hubspot import AlreadyExists, HubSpot, Link
from orderyard_crm_sync.mapping import Record

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

ONE = Record("C1", {"lastname": "甲"})
TWO = Record("C2", {"email": "nobody"})


def client(*script: Response | Exception) -> tuple[HubSpot, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return HubSpot("https://crm.example.invalid", "secret", transport), transport


def upsert(records: Sequence[Record], *script: Response | Exception) -> list[str | RemoteError]:
    return client(*script)[0].upsert("contacts", "oms_customer_key", records)


def done(*keys: str) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": [{"id": f"10{key[1:]}", "objectWriteTraceId": key, "new": True} for key in keys]}


def test_the_request_is_one_batch_with_a_trace_for_each_record() -> None:
    crm, transport = client(answer(done("C1")))
    assert crm.upsert("contacts", "oms_customer_key", [ONE]) == ["101"]
    (sent,) = transport.sent
    assert (sent.method, sent.url) == ("POST", "https://crm.example.invalid/crm/v3/objects/contacts/batch/upsert")
    assert sent.headers["Authorization"] == "Bearer secret"
    assert json.loads(sent.body) == {
        "inputs": [{"idProperty": "oms_customer_key", "id": "C1", "objectWriteTraceId": "C1", "properties": {"lastname": "甲"}}]
    }


def test_an_upsert_may_be_repeated_blindly() -> None:
    crm, transport = client(answer(done("C1")))
    crm.upsert("contacts", "oms_customer_key", [ONE])
    assert not transport.sent[0].effect


def test_results_are_found_by_our_property_where_the_trace_is_not_echoed() -> None:
    result = {"id": "102", "properties": {"oms_customer_key": "C1"}}
    assert upsert([ONE], answer({"results": [result]})) == ["102"]


def test_results_in_another_order_come_back_in_ours() -> None:
    assert upsert([ONE, TWO], answer(done("C2", "C1"))) == ["101", "102"]


@pytest.mark.parametrize("context", [{"ids": ["C2"]}, {"objectWriteTraceId": ["C2"]}])
def test_one_refused_record_leaves_the_others_done(context: dict[str, list[str]]) -> None:
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "Property values were not valid", "context": context}
    first, second = upsert([ONE, TWO], answer(done("C1") | {"numErrors": 1, "errors": [error]}, 207))
    assert first == "101"
    assert isinstance(second, RemoteRejected)
    assert (second.what, second.code) == ("Property values were not valid", "VALIDATION_ERROR")


@pytest.mark.parametrize("context", [{"objectWriteTraceId": ["C2"], "existingId": ["77"]}, {"ids": ["C2"]}])
def test_a_clash_names_the_record_that_is_in_the_way(context: dict[str, list[str]]) -> None:
    error = {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 77", "context": context}
    _, second = upsert([ONE, TWO], answer(done("C1") | {"errors": [error]}, 207))
    assert isinstance(second, AlreadyExists)
    assert second.holder == "77"


@pytest.mark.parametrize("status", [400, 409])
def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_record_stands_alone(status: int) -> None:
    refused = answer({"status": "error", "category": "CONFLICT", "message": "no"}, status)
    records = [Record(f"C{number}", {}) for number in range(1, 5)]
    outcomes = upsert(records, refused, answer(done("C1", "C2")), refused, answer(done("C3")), refused)
    assert outcomes[:3] == ["101", "102", "103"]
    assert isinstance(outcomes[3], RemoteRejected)


def test_an_error_that_names_nobody_is_asked_for_one_by_one() -> None:
    nameless = {"category": "VALIDATION_ERROR", "message": "no"}
    three = Record("C3", {})
    outcomes = upsert(
        [ONE, TWO, three],
        answer(done("C1") | {"errors": [nameless, nameless]}, 207),
        answer({"errors": [nameless]}, 207),
        answer(done("C3")),
    )
    assert (outcomes[0], outcomes[2]) == ("101", "103")
    assert isinstance(outcomes[1], RemoteRejected)


def test_a_record_the_answer_says_nothing_of_is_not_taken_for_done() -> None:
    (outcome,) = upsert([ONE], answer({"status": "COMPLETE", "results": []}))
    assert isinstance(outcome, RemoteNotUnderstood)


def test_no_call_carries_more_than_a_hundred_records() -> None:
    records = [Record(f"C{number}", {}) for number in range(250)]
    keys = [record.key for record in records]
    crm, transport = client(answer(done(*keys[:100])), answer(done(*keys[100:200])), answer(done(*keys[200:])))
    assert all(isinstance(outcome, str) for outcome in crm.upsert("contacts", "oms_customer_key", records))
    assert [len(json.loads(sent.body)["inputs"]) for sent in transport.sent] == [100, 100, 50]


def test_nothing_to_send_is_no_call() -> None:
    crm, transport = client()
    assert crm.upsert("contacts", "oms_customer_key", []) == []
    assert crm.link([]) == []
    assert transport.sent == []


def test_a_limit_in_the_middle_stops_the_rest_and_keeps_what_was_done() -> None:
    records = [Record(f"C{number}", {}) for number in range(201)]
    limit = answer({"message": "slow down", "policyName": "SECONDLY"}, 429, Retry_After="7")
    crm, transport = client(answer(done(*[record.key for record in records[:100]])), limit)
    outcomes = crm.upsert("contacts", "oms_customer_key", records)
    assert [isinstance(outcome, str) for outcome in outcomes] == [True] * 100 + [False] * 101
    assert all(isinstance(outcome, RateLimited) and outcome.seconds == 7 for outcome in outcomes[100:])
    assert len(transport.sent) == 2


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({"message": "who"}, 401), CredentialsRefused),
        (answer({"message": "scopes"}, 403), CredentialsRefused),
        (answer({"message": "bad"}, 400), RemoteRejected),
        (answer({"message": "gone"}, 404), RemoteRejected),
        (answer({"message": "slow"}, 429), RateLimited),
        (answer({"message": "migrating"}, 477, Retry_After="60"), RateLimited),
        (answer("<html>bad gateway</html>", 502), RemoteUnavailable),
        (answer(b"", 408), RemoteUnavailable),
        (answer(b"", 302), RemoteNotUnderstood),
        (answer("hello"), RemoteNotUnderstood),
        (answer([1, 2]), RemoteNotUnderstood),
        (answer({"results": "many"}), RemoteNotUnderstood),
        (answer({"results": [{"objectWriteTraceId": "C1"}]}), RemoteNotUnderstood),
        (answer({"results": [{"id": "1", "properties": 7}]}), RemoteNotUnderstood),
        (RemoteUnavailable("cannot reach it"), RemoteUnavailable),
    ],
)
def test_every_answer_has_its_place_in_the_error_tree(response: Response | Exception, kind: type[RemoteError]) -> None:
    (outcome,) = upsert([ONE], response)
    assert type(outcome) is kind


@pytest.mark.parametrize(
    ("headers", "policy", "seconds"),
    [({"Retry_After": "3"}, "", 3.0), ({}, "SECONDLY", 10.0), ({}, "DAILY", 3600.0), ({"Retry_After": "soon"}, "", 10.0)],
)
def test_patience_is_what_the_remote_asks_for(headers: dict[str, str], policy: str, seconds: float) -> None:
    (outcome,) = upsert([ONE], answer({"message": "slow", "policyName": policy}, 429, **headers))
    assert isinstance(outcome, RateLimited)
    assert outcome.seconds == seconds


def test_the_token_is_in_no_error() -> None:
    (outcome,) = upsert([ONE], answer({"message": "who"}, 401))
    assert isinstance(outcome, RemoteError)
    assert "secret" not in str(outcome) + outcome.raw


def test_links_are_made_in_one_call_and_answered_one_by_one() -> None:
    made = {"from": {"id": "104"}, "to": {"id": "102"}, "associationSpec": {"associationTypeId": 3}}
    back = {"from": {"id": "102"}, "to": {"id": "104"}, "associationSpec": {"associationTypeId": 4}}
    error = {"category": "OBJECT_NOT_FOUND", "message": "No contact 999", "context": {"toObjectId": ["999"]}}
    crm, transport = client(answer({"results": [made, back], "numErrors": 1, "errors": [error]}, 207))
    first, second = crm.link([Link("104", "102"), Link("105", "999")])
    assert first == "102"
    assert isinstance(second, RemoteRejected)
    assert transport.sent[0].url.endswith("/crm/v4/associations/deals/contacts/batch/associate/default")


def vendor(name: str) -> Path:
    root = Path(__file__).resolve().parents[3]
    path = Path(os.environ.get("ORDERYARD_VENDOR_DATA", root / "../shared/data")) / "crm" / name
    if not path.is_file():
        pytest.skip("vendor samples are not here: set ORDERYARD_VENDOR_DATA")
    return path


def test_the_vendors_sample_answers_are_understood() -> None:
    samples = json.loads(vendor("hubspot_contacts.json").read_text())["batch upsert"]
    crm, _ = client(answer(samples["200"]), answer(samples["207"], 207))
    assert crm.upsert("contacts", "oms_customer_id", [Record("CUST-001", {})]) == ["102"]
    (refused,) = crm.upsert("contacts", "oms_customer_id", [Record("CUST-002", {})])
    assert isinstance(refused, RemoteRejected)


def test_the_vendors_rate_limit_is_understood() -> None:
    sample = json.loads(vendor("hubspot_contacts.json").read_text())["429"]
    (outcome,) = upsert([ONE], answer(sample["body"], 429, Retry_After=sample["headers"]["Retry-After"]))
    assert isinstance(outcome, RateLimited)
    assert outcome.seconds == 1


def test_our_requests_have_the_shape_of_the_official_clients() -> None:
    captured = [json.loads(line) for line in vendor("captured_hubspot_clients.jsonl").read_text().splitlines()]
    crm, transport = client(
        answer({"results": [{"id": "105", "objectWriteTraceId": "CUST-900"}]}),
        answer({"results": [{"from": {"id": "104"}, "to": {"id": "102"}}]}),
    )
    crm.upsert("contacts", "oms_customer_id", [Record("CUST-900", {"email": "n@example.invalid"})])
    crm.link([Link("104", "102")])
    for sent in transport.sent:
        path = sent.url.removeprefix("https://crm.example.invalid")
        (theirs,) = [one for one in captured if (one["m"], one["path"]) == (sent.method, path)]
        ours = json.loads(sent.body)
        for one in ours["inputs"]:
            one.pop("objectWriteTraceId", None)
        assert ours == theirs["body"]
        assert sent.headers["Content-Type"] == theirs["ct"]
