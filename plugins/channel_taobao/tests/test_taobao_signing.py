"""The signature, against the values that official SDKs compute; adapter and simulator each sign by themselves."""

from __future__ import annotations

import pytest
from orderyard_channel_taobao.signing import sign
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

# Secret `helloworld`; computed by the official Java SDK, the md5 one also by three other clients.
PARAMS = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}
VECTORS = [
    ("md5", "66987CB115214E59E6EC978214934FB8"),
    ("hmac", "D56D7858309C31B6251083A874D48273"),
    ("hmac-sha256", "04DB15AD0774D5CFCE2C837DE43E3FCEA9011ED74F3038FB6AB5F3C4CEA119E8"),
]


@pytest.mark.parametrize(("method", "signature"), VECTORS)
def test_the_adapter_signs_as_the_official_sdks_do(method: str, signature: str) -> None:
    assert sign({**PARAMS, "sign_method": method, "sign": "left out"}, "helloworld", method) == signature


@pytest.mark.parametrize(("method", "signature"), VECTORS)
def test_the_simulator_signs_as_the_official_sdks_do(method: str, signature: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderyard_channel_taobao.simulator.gateway.SECRET", "helloworld")
    assert TaobaoSimulator()._signature({**PARAMS, "sign_method": method}) == signature


# A request of the official Java SDK as it went over the wire: protocol in the query, business in the body, one signature
# over both, with text that URL-encoding would change.
CAPTURED = {
    "app_key": "12345678",
    "format": "json",
    "method": "taobao.trades.sold.increment.get",
    "partner_id": "top-sdk-java-dynamicVersionNo",
    "session": "6100sessionkey",
    "sign_method": "hmac-sha256",
    "timestamp": "2026-11-22 12:22:35",
    "v": "2.0",
    "buyer_nick": "测试 买家+&=",
    "start_modified": "2026-11-21 00:00:00",
    "end_modified": "2026-11-21 00:30:00",
    "fields": "tid,status,modified,oaid",
    "page_no": "1",
    "page_size": "50",
    "use_has_next": "true",
}


def test_a_captured_request_of_the_java_sdk_is_signed_alike() -> None:
    expected = "8BB9076E78EA8BECB64C8A0C46FB55C7B8ECB6A14C38D3E8C9ABB943D7E7112E"
    assert sign(CAPTURED, "helloworld", "hmac-sha256") == expected


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="sha1"):
        sign(PARAMS, "helloworld", "sha1")
