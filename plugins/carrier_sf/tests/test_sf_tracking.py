"""Routes, asked for and pushed, as events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from orderyard_carrier_sf.carrier import SfExpress
from orderyard_carrier_sf.opcodes import OPCODES, state_of
from orderyard_carrier_sf.tracking import pushed, routes

from orderyard.core.carriers.api import TrackingState, TrackQuery
from orderyard.core.kernel.errors import RemoteError, RemoteNotUnderstood, RemoteRejected
from orderyard.core.kernel.transport import Delivery, Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

SETTINGS = {"partner_id": "P", "check_word": "W", "base_url": "https://sf.example/std/service"}


def step(time: str, code: str, remark: str = "") -> dict[str, str]:
    return {"acceptTime": f"2026-03-03 {time}", "acceptAddress": "上海市", "remark": remark, "opCode": code}


def asked(*steps: dict[str, str]) -> list[tuple[str, TrackingState]]:
    found = routes({"routeResps": [{"mailNo": "SF1", "routes": list(steps)}]}, "")
    return [(event.code, event.state) for event in found]


def answered(data: Any) -> Response:
    inner = json.dumps({"success": True, "errorCode": "S0000", "msgData": data})
    return answer({"apiResultCode": "A1000", "apiResultData": inner})


def push(*steps: dict[str, Any]) -> bytes:
    return json.dumps({"Body": {"WaybillRoute": [{"mailno": "SF1", "id": "1", **one} for one in steps]}}).encode()


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("655", "booked"),
        ("50", "picked_up"),
        ("54", "picked_up"),
        ("30", "in_transit"),
        ("31", "in_transit"),
        ("3036", "in_transit"),
        ("44", "out_for_delivery"),
        ("204", "out_for_delivery"),
        ("125", "ready_for_pickup"),
        ("70", "delivery_failed"),
        ("33", "delivery_failed"),
        ("80", "delivered"),
        ("8000", "delivered"),
        ("648", "returning"),
        ("99", "returning"),
        ("922", "unknown"),
        ("", "unknown"),
        ("123456", "unknown"),
    ],
)
def test_what_an_opcode_means(code: str, state: str) -> None:
    assert state_of(code) is TrackingState(state)


def test_no_opcode_claims_a_state_that_only_history_can_tell() -> None:
    assert not {TrackingState.RETURNED, TrackingState.UNKNOWN} & set(OPCODES.values())


def test_beijing_time_becomes_utc() -> None:
    (event,) = routes({"routeResps": [{"mailNo": "SF1", "routes": [step("06:02:11", "31")]}]}, "")
    assert event.at == datetime(2026, 3, 2, 22, 2, 11, tzinfo=UTC)
    assert (event.number, event.place) == ("SF1", "上海市")


def test_events_come_in_order_of_time_and_each_once() -> None:
    late, early = step("10:00:00", "44"), step("09:00:00", "31")
    assert [code for code, _ in asked(late, early, late)] == ["31", "44"]


def test_8000_after_80_is_one_delivery() -> None:
    assert asked(step("16:30:02", "8000"), step("16:30:01", "80")) == [("80", TrackingState.DELIVERED)]


def test_8000_alone_is_a_delivery() -> None:
    assert asked(step("16:30:02", "8000")) == [("8000", TrackingState.DELIVERED)]


def test_a_signature_after_turning_back_is_a_return() -> None:
    came_back = asked(step("09:00:00", "70"), step("10:00:00", "648"), step("16:00:00", "80"), step("16:00:01", "8000"))
    assert [state for _, state in came_back] == [
        TrackingState.DELIVERY_FAILED,
        TrackingState.RETURNING,
        TrackingState.RETURNED,
    ]


def test_a_return_has_another_id_than_the_delivery_a_push_made_of_it() -> None:
    (delivered,) = pushed(push(step("16:00:00", "80")))
    returned = routes({"routeResps": [{"mailNo": "SF1", "routes": [step("10:00:00", "648"), step("16:00:00", "80")]}]}, "")
    assert returned[-1].state is TrackingState.RETURNED
    assert returned[-1].id != delivered.id


def test_a_step_has_the_same_id_asked_for_and_pushed() -> None:
    one = step("09:00:00", "31")
    (first,) = routes({"routeResps": [{"mailNo": "SF1", "routes": [one]}]}, "")
    (second,) = pushed(push(one))
    assert first == second


@pytest.mark.parametrize("data", [{"routeResps": []}, {"routeResps": [{"mailNo": "SF1", "routes": []}]}])
def test_no_routes_is_no_error(data: dict[str, Any]) -> None:
    assert routes(data, "") == []


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"routeResps": [None]},
        {"routeResps": [{"mailNo": "SF1", "routes": {}, "x": 1}, {"mailNo": "SF1", "routes": "x"}]},
        {"routeResps": [{"mailNo": "SF1", "routes": [None]}]},
        {"routeResps": [{"mailNo": "SF1", "routes": [{"opCode": "50"}]}]},
        {"routeResps": [{"mailNo": "SF1", "routes": [{"opCode": "50", "acceptTime": "yesterday"}]}]},
        {"routeResps": [{"routes": [{"opCode": "50", "acceptTime": "2026-03-03 09:00:00"}]}]},
    ],
)
def test_routes_of_another_shape_are_kept_for_reading(data: Any) -> None:
    with pytest.raises(RemoteNotUnderstood) as raised:
        routes(data, "the answer")
    assert raised.value.raw == "the answer"


def test_twelve_waybills_are_two_questions_with_the_ends_of_their_numbers() -> None:
    transport = ScriptedTransport(answered({"routeResps": []}), answered({"routeResps": []}))
    carrier = SfExpress(SETTINGS, transport)
    ends = ["0001", "0002", "0001", "**12", ""]
    carrier.track([TrackQuery(f"SF{index}", ends[index % 5]) for index in range(12)])
    bodies = [request.body.decode() for request in transport.sent]
    assert len(bodies) == 2
    assert "%22checkPhoneNo%22%3A%220001%2C0002%22" in bodies[0]
    assert bodies[0].count("%22SF") == 10
    assert not any(request.effect for request in transport.sent)


def test_a_refused_question_is_an_error_with_its_code() -> None:
    inner = {"success": False, "errorCode": "8003", "errorMsg": "查询单号超过最大限制", "msgData": None}
    transport = ScriptedTransport(answer({"apiResultCode": "A1000", "apiResultData": json.dumps(inner)}))
    with pytest.raises(RemoteRejected) as raised:
        SfExpress(SETTINGS, transport).track([TrackQuery("SF1")])
    assert raised.value.code == "8003"


def test_a_push_is_answered_as_sf_wants_it() -> None:
    carrier = SfExpress(SETTINGS, ScriptedTransport())
    events, reply = carrier.receive_tracking(Delivery({}, push(step("09:00:00", "50"), step("16:30:01", "80"))))
    assert [event.state for event in events] == [TrackingState.PICKED_UP, TrackingState.DELIVERED]
    assert json.loads(reply) == {"return_code": "0000", "return_msg": "成功"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"Body":null}',
        b'{"Body":{"WaybillRoute":"x"}}',
        b'{"Body":{"WaybillRoute":[1]}}',
        push({"opCode": "50"}),
        json.dumps({"Body": {"WaybillRoute": [step("09:00:00", "50")]}}).encode(),
    ],
)
def test_a_push_that_cannot_be_read_is_a_remote_error(body: bytes) -> None:
    carrier = SfExpress(SETTINGS, ScriptedTransport())
    with pytest.raises(RemoteError):
        carrier.receive_tracking(Delivery({}, body))
