"""Both sides held to samples of the vendor's wire format, and to what a public client really sent.

The samples stay where they are (their terms are not ours); without them these cases skip.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from orderyard_carrier_sf.carrier import SfExpress
from orderyard_carrier_sf.opcodes import OPCODES
from orderyard_carrier_sf.simulator.books import JOURNEY
from orderyard_carrier_sf.simulator.server import SfExpressSimulator
from werkzeug.test import Client

from orderyard.core.carriers.api import Booking, TrackingState, TrackQuery
from orderyard.core.kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteError, RemoteRejected
from orderyard.core.kernel.transport import Delivery
from orderyard.core.kernel.values import Address
from orderyard.core.testing.scripted import ScriptedTransport, answer

SAMPLES = Path(os.environ.get("ORDERYARD_VENDOR_DATA") or Path(__file__).parents[4] / "shared" / "data") / "sf"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no vendor samples; name their folder in ORDERYARD_VENDOR_DATA")

BOOKING = Booking(Address(name="a", phone="1"), Address(name="b", phone="2"), (), 0)
MOTHER, CHILD = "SF1000000000007", "SF1000000000014"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text("utf-8"))
    return found


def sf(service: str, which: str) -> SfExpress:
    settings = {"partner_id": "TESTPARTNER", "check_word": "W", "base_url": "https://sf.example/std/service"}
    return SfExpress(settings, ScriptedTransport(answer(sample(f"{service}.json")["responses"][which])))


def test_a_created_order_has_a_mother_and_a_child() -> None:
    booked = sf("EXP_RECE_CREATE_ORDER", "ok").book(BOOKING, "OMS-SO-0001")
    assert (booked.number, booked.children, booked.origin, booked.destination) == (MOTHER, (CHILD,), "755", "021")


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("repeat", OutcomeUnknown),
        ("bad address", RemoteRejected),
        ("not deliverable (filterResult 3)", RemoteRejected),
        ("bad digest", CredentialsRefused),
        ("rate limit", RateLimited),
        ("no permission", CredentialsRefused),
    ],
)
def test_each_way_an_order_is_not_created(which: str, expected: type[RemoteError]) -> None:
    with pytest.raises(expected):
        sf("EXP_RECE_CREATE_ORDER", which).book(BOOKING, "OMS-SO-0001")


def test_a_searched_order_is_found_or_not() -> None:
    found = sf("EXP_RECE_SEARCH_ORDER_RESP", "ok").find("OMS-SO-0001", BOOKING)
    assert found is not None
    assert (found.number, found.children, found.origin, found.destination) == (MOTHER, (CHILD,), "755", "021")
    assert sf("EXP_RECE_SEARCH_ORDER_RESP", "none").find("OMS-SO-0001", BOOKING) is None


def test_an_order_is_cancelled_once_or_again() -> None:
    sf("EXP_RECE_UPDATE_ORDER", "ok").cancel(MOTHER, "OMS-SO-0001")
    sf("EXP_RECE_UPDATE_ORDER", "already cancelled").cancel(MOTHER, "OMS-SO-0001")
    with pytest.raises(RemoteRejected):
        sf("EXP_RECE_UPDATE_ORDER", "unknown").cancel(MOTHER, "OMS-SO-0001")


def test_the_routes_are_six_events_with_one_delivery() -> None:
    events = sf("EXP_RECE_SEARCH_ROUTES", "ok").track([TrackQuery(MOTHER, "0002")])
    assert [event.state.value for event in events] == [
        "picked_up",
        "in_transit",
        "in_transit",
        "out_for_delivery",
        "delivery_failed",
        "delivered",
    ]
    assert list(sf("EXP_RECE_SEARCH_ROUTES", "no right or nothing yet").track([TrackQuery(MOTHER)])) == []


def test_a_failed_print_says_why() -> None:
    with pytest.raises(RemoteRejected, match="模板不存在"):
        sf("COM_RECE_CLOUD_PRINT_WAYBILLS", "failed").label(MOTHER)


def test_a_pushed_batch_is_read_and_answered() -> None:
    push = sample("push_route.json")
    carrier = SfExpress({}, ScriptedTransport())
    events, reply = carrier.receive_tracking(
        Delivery({}, json.dumps(push["request body (JSON POST to the merchant URL)"]).encode())
    )
    assert [event.state.value for event in events] == ["picked_up", "in_transit", "in_transit"]
    assert json.loads(reply) == push["required reply"]


def test_every_listed_opcode_means_what_the_list_says() -> None:
    ours = {"pending": TrackingState.BOOKED, "return_to_sender": TrackingState.RETURNING}
    for row in (SAMPLES / "opcodes.csv").read_text("utf-8").splitlines()[1:]:
        code, state, _ = row.split(",", 2)
        if not state.startswith("("):
            assert OPCODES[code] is (ours.get(state) or TrackingState(state)), code
    reported = {step[0] for steps in JOURNEY.values() for step in steps}
    assert reported <= {*OPCODES, "7777"}


def test_every_listed_error_has_a_meaning() -> None:
    for row in (SAMPLES / "errors.csv").read_text("utf-8").splitlines()[1:]:
        code, level = row.split(",")[:2]
        if code in ("A1000", "S0000"):
            continue
        inner = json.dumps({"success": False, "errorCode": code, "errorMsg": "", "msgData": None})
        body = (
            {"apiResultCode": code, "apiResultData": None}
            if level == "platform"
            else {"apiResultCode": "A1000", "apiResultData": inner}
        )
        with pytest.raises(RemoteError) as raised:
            SfExpress({}, ScriptedTransport(answer(body))).book(BOOKING, "OMS-SO-0001")
        assert raised.value.code == code


@pytest.fixture
def simulator() -> Iterator[SfExpressSimulator]:
    class Test(SfExpressSimulator):
        partner = "TESTPARTNER"
        check_word = "TESTCHECKWORD000000000000000000"

    running = Test()
    running.start()
    yield running
    running.stop()


def test_the_simulator_takes_the_recorded_form_as_it_was_sent(simulator: SfExpressSimulator) -> None:
    recorded = sample("form_create_order.json")
    sent = Client(simulator._application).post("/std/service", data=recorded["body"], content_type=recorded["Content-Type"])
    told = json.loads(sent.get_json()["apiResultData"])
    assert told["success"], told
    assert list(simulator.told().waybills) == ["OMS-SO-0001"]
    expected = json.loads(sample("EXP_RECE_CREATE_ORDER.json")["responses"]["ok"]["apiResultData"])
    assert _shape(told) == _shape(expected)


@pytest.mark.parametrize("service", ["SEARCH_ORDER_RESP", "SEARCH_ROUTES", "UPDATE_ORDER"])
def test_the_simulators_answers_have_the_samples_fields(simulator: SfExpressSimulator, service: str) -> None:
    recorded = sample("form_create_order.json")
    client = Client(simulator._application)
    client.post("/std/service", data=recorded["body"], content_type=recorded["Content-Type"])
    (number,) = simulator.told().waybills.values()
    message = sample(f"EXP_RECE_{service}.json")["msgData (request)"]
    message = json.loads(json.dumps(message.get("cancel", message)).replace(MOTHER, number))
    message.pop("waybillNoInfoList", None)
    if service == "SEARCH_ROUTES":
        simulator.advance(number, "picked_up")
    secret = {"partnerID": "TESTPARTNER", "secret": simulator.check_word}
    token = client.post("/oauth2/accessToken", data=secret).get_json()["accessToken"]
    form = {
        "partnerID": "TESTPARTNER",
        "requestID": "1",
        "serviceCode": f"EXP_RECE_{service}",
        "timestamp": "1772330400",
        "msgData": json.dumps(message),
        "accessToken": token,
    }
    got = json.loads(client.post("/std/service", data=form).get_json()["apiResultData"])
    expected = json.loads(sample(f"EXP_RECE_{service}.json")["responses"]["ok"]["apiResultData"])
    assert _shape(got) == _shape(expected)


def _shape(value: Any) -> Any:
    """Names of fields at every depth, a list by its first element; what a label says is the label's business."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items() if name != "routeLabelInfo"}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return None


def test_the_simulator_understands_a_public_client(simulator: SfExpressSimulator) -> None:
    simulator.check_word = "TESTCHECKWORD"
    client = Client(simulator._application)
    token, codes = "", []
    for line in (SAMPLES / "captured" / "sf-sdk_2.1.0.0.jsonl").read_text("utf-8").splitlines():
        if not line.startswith("{"):
            continue
        call = json.loads(line)
        if call.get("path") == "/oauth2/accessToken":
            token = client.post(f"{call['path']}?{call['query']}").get_json()["accessToken"]
        elif call.get("path") == "/std/service":
            form = {**call["form"], "accessToken": token}
            body = client.post(call["path"], data=form, content_type=call["ct"]).get_json()
            codes.append((form["serviceCode"], body["apiResultCode"]))
            if body["apiResultCode"] == "A1000":
                assert json.loads(body["apiResultData"])["success"] in (True, False)
    assert ("EXP_RECE_CREATE_ORDER", "A1000") in codes
    assert ("EXP_RECE_SEARCH_ROUTES", "A1000") in codes
    # The recording books the same order twice and ends by cancelling it.
    assert simulator.told().bookings == 1
    assert dict(simulator.told().waybills) == {}
