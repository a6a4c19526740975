"""The platform's own behaviour, asked by hand so that the adapter has no say in it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from orderyard_carrier_sf.simulator.gate import url_encoder
from orderyard_carrier_sf.simulator.server import SfExpressSimulator
from werkzeug.test import Client

from orderyard.core.carriers.api import TrackingState
from orderyard.core.testing.scripted import FixedEnvironment

ORDER: dict[str, Any] = {
    "language": "zh-CN",
    "orderId": "OMS-1",
    "monthlyCard": "7551234567",
    "expressTypeId": 2,
    "payMethod": 1,
    "cargoDetails": [{"name": "T恤", "count": 2}],
    "contactInfoList": [
        {"contactType": 1, "contact": "仓", "mobile": "13000000001", "country": "CN", "city": "深圳市", "address": "测试路1号"},
        {"contactType": 2, "contact": "甲", "mobile": "13000000002", "country": "CN", "city": "上海市", "address": "测试路2号"},
    ],
}


@pytest.fixture
def sf() -> Iterator[SfExpressSimulator]:
    simulator = SfExpressSimulator(FixedEnvironment())
    simulator.start()
    yield simulator
    simulator.stop()


def ask(sf: SfExpressSimulator, service: str, message: Any, **changes: str) -> tuple[str, dict[str, Any]]:
    """The platform's code and what the service said, from a call signed here and now."""
    text = json.dumps(message, ensure_ascii=False)
    form = {"partnerID": sf.partner, "requestID": "1", "serviceCode": service, "timestamp": "1772445600", "msgData": text}
    signed = url_encoder(text + form["timestamp"] + sf.check_word).encode()
    form["msgDigest"] = base64.b64encode(hashlib.md5(signed, usedforsecurity=False).digest()).decode()
    form = {name: value for name, value in {**form, **changes}.items() if value}
    answer = Client(sf._application).post("/std/service", data=form)
    body = answer.get_json()
    return body["apiResultCode"], json.loads(body["apiResultData"]) if body["apiResultData"] else {}


def create(sf: SfExpressSimulator, **changes: Any) -> dict[str, Any]:
    code, data = ask(sf, "EXP_RECE_CREATE_ORDER", {**ORDER, **changes})
    assert code == "A1000"
    return data


def numbers(data: dict[str, Any]) -> list[str]:
    return [waybill["waybillNo"] for waybill in data["msgData"]["waybillNoInfoList"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "A1000"),
        ({"msgDigest": "AAAAAAAAAAAAAAAAAAAAAA=="}, "A1006"),
        ({"msgDigest": ""}, "A1001"),
        ({"requestID": ""}, "A1001"),
        ({"timestamp": "yesterday"}, "A1002"),
        ({"partnerID": "SOMEBODY"}, "A1004"),
        ({"serviceCode": "EXP_RECE_NOT_GRANTED", "msgDigest": "wrong"}, "A1004"),
        ({"accessToken": "stale"}, "A1011"),
    ],
)
def test_who_may_come_in(sf: SfExpressSimulator, changes: dict[str, str], code: str) -> None:
    assert ask(sf, "EXP_RECE_CREATE_ORDER", ORDER, **changes)[0] == code


def test_a_token_stands_in_for_a_digest(sf: SfExpressSimulator) -> None:
    secret = {"partnerID": sf.partner, "secret": sf.check_word, "grantType": "password"}
    client = Client(sf._application)
    in_the_query = client.post("/oauth2/accessToken?" + urlencode(secret)).get_json()
    in_the_body = client.post("/oauth2/accessToken", data=secret).get_json()
    assert in_the_query["accessToken"] == in_the_body["accessToken"]
    assert ask(sf, "EXP_RECE_CREATE_ORDER", ORDER, accessToken=in_the_body["accessToken"], msgDigest="")[0] == "A1000"
    assert client.post("/oauth2/accessToken", data={**secret, "secret": "x"}).get_json()["apiResultCode"] == "A1011"


def test_waybill_numbers_follow_from_the_order_number(sf: SfExpressSimulator) -> None:
    again = SfExpressSimulator()
    (first,) = numbers(create(sf))
    assert numbers(create(again)) == [first]
    assert first.startswith("SF")
    assert len(first) == 15
    assert first[2:].isdecimal()


def test_an_order_number_is_taken_for_good(sf: SfExpressSimulator) -> None:
    (number,) = numbers(create(sf))
    assert create(sf)["errorCode"] == "8016"
    ask(sf, "EXP_RECE_UPDATE_ORDER", {"orderId": "OMS-1", "dealType": 2})
    assert create(sf)["errorCode"] == "8016"
    assert sf.told().bookings == 1
    assert number not in sf.told().waybills.values()


def test_several_parcels_have_one_mother(sf: SfExpressSimulator) -> None:
    kinds = [waybill["waybillType"] for waybill in create(sf, parcelQty=3)["msgData"]["waybillNoInfoList"]]
    assert kinds == [1, 2, 2]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"orderId": ""}, "S0002"),
        ({"orderId": "x" * 65}, "S0004"),
        ({"contactInfoList": ORDER["contactInfoList"][1:]}, "1010"),
        ({"contactInfoList": ORDER["contactInfoList"][:1]}, "1014"),
        ({"cargoDetails": []}, "1023"),
        ({"monthlyCard": "755"}, "6126"),
        ({"parcelQty": 308}, "8067"),
        ({"expressTypeId": 3}, "20036"),
        ({"serviceList": [{"name": "COD", "value": "much"}]}, "6138"),
        ({"serviceList": [{"name": "COD", "value": "-1"}]}, "6139"),
    ],
)
def test_an_order_that_cannot_be_taken_says_why(sf: SfExpressSimulator, changes: dict[str, Any], code: str) -> None:
    assert create(sf, **changes)["errorCode"] == code
    assert sf.told().bookings == 0


def test_a_message_that_is_no_object_is_bad_json(sf: SfExpressSimulator) -> None:
    assert ask(sf, "EXP_RECE_CREATE_ORDER", [])[1]["errorCode"] == "S0001"


def test_a_place_that_is_not_served_gets_no_waybill(sf: SfExpressSimulator) -> None:
    receiver = {**ORDER["contactInfoList"][1], "address": "无法派送的岛"}
    data = create(sf, contactInfoList=[ORDER["contactInfoList"][0], receiver])
    assert (data["success"], data["msgData"]["filterResult"], numbers(data)) == (True, 3, [])
    assert sf.told().bookings == 0
    assert create(sf)["errorCode"] == "8016"


def test_cancelling_ends_when_the_parcel_is_picked_up(sf: SfExpressSimulator) -> None:
    (number,) = numbers(create(sf))
    cancel = {"orderId": "OMS-1", "dealType": 2}
    sf.advance(number, "booked")
    wrong = {**cancel, "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "SF0"}]}
    assert ask(sf, "EXP_RECE_UPDATE_ORDER", wrong)[1]["errorCode"] == "8017"
    sf.advance(number, "picked_up")
    assert ask(sf, "EXP_RECE_UPDATE_ORDER", cancel)[1]["errorCode"] == "8252"
    assert ask(sf, "EXP_RECE_UPDATE_ORDER", {**cancel, "orderId": "OMS-2"})[1]["errorCode"] == "8018"


def test_every_state_can_be_reported(sf: SfExpressSimulator) -> None:
    (number,) = numbers(create(sf))
    for state in TrackingState:
        sf.advance(number, state)
    with pytest.raises(ValueError, match="no waybill"):
        sf.advance("SF0", "delivered")
    with pytest.raises(ValueError, match="unknown state"):
        sf.advance(number, "teleported")


def test_routes_want_the_telephone_number_of_either_side(sf: SfExpressSimulator) -> None:
    (number,) = numbers(create(sf))
    sf.advance(number, "delivered")

    def codes(**changes: Any) -> list[str]:
        message = {"trackingType": "1", "trackingNumber": [number], "methodType": "1", **changes}
        _, data = ask(sf, "EXP_RECE_SEARCH_ROUTES", message)
        return [route["opCode"] for route in data["msgData"]["routeResps"][0]["routes"]]

    assert codes() == codes(checkPhoneNo="0002") == codes(checkPhoneNo="9999,0001") == ["80", "8000"]
    assert codes(checkPhoneNo="9999") == []
    assert codes(trackingType="2", trackingNumber=["OMS-1"]) == ["80", "8000"]
    assert ask(sf, "EXP_RECE_SEARCH_ROUTES", {"trackingNumber": ["1"] * 11})[1]["errorCode"] == "8003"


def test_a_label_needs_its_token(sf: SfExpressSimulator) -> None:
    (number,) = numbers(create(sf))
    message = {"templateCode": f"fm_76130_standard_{sf.partner}", "version": "2.0", "documents": [{"masterWaybillNo": number}]}
    _, data = ask(sf, "COM_RECE_CLOUD_PRINT_WAYBILLS", message)
    file = data["obj"]["files"][0]
    client = Client(sf._application)
    path = file["url"].removeprefix(sf.base_url)
    assert client.get(path).status_code == 401
    first, second = (client.get(path, headers={"X-Auth-token": file["token"]}).data for _ in range(2))
    assert first.startswith(b"%PDF")
    assert first == second
    _, refused = ask(sf, "COM_RECE_CLOUD_PRINT_WAYBILLS", {**message, "templateCode": "fm_none"})
    assert (refused["success"], refused["errorMessage"]) == (False, "模板不存在")


def test_chaos_is_named_by_service(sf: SfExpressSimulator) -> None:
    sf.chaos.arm("too_many", operation="EXP_RECE_CREATE_ORDER")
    assert ask(sf, "EXP_RECE_SEARCH_ORDER_RESP", {"orderId": "OMS-1"})[0] == "A1000"
    assert ask(sf, "EXP_RECE_CREATE_ORDER", ORDER)[0] == "A1005"
    assert ask(sf, "EXP_RECE_CREATE_ORDER", ORDER)[0] == "A1000"
