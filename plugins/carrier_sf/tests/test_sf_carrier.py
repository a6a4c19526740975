"""What the adapter sends, and what it makes of SF's answers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from orderyard_carrier_sf.carrier import SfExpress
from orderyard_carrier_sf.signing import digest

from orderyard.core.carriers.api import Booked, Booking, Goods, TrackQuery
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Response
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import ScriptedTransport, answer

SETTINGS = {
    "partner_id": "TESTPARTNER",
    "check_word": "TESTCHECKWORD000000000000000000",
    "base_url": "https://sf.example/std/service",
    "monthly_card": "7551234567",
}
MOMENT = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
BOOKING = Booking(
    sender=Address(province="广东省", city="深圳市", district="南山区", detail="测试路1号", name="仓", phone="0755-8000000"),
    receiver=Address(
        province="上海市",
        city="上海市",
        district="浦东新区",
        town="测试镇",
        detail="测试路*号",
        name="测**",
        phone="138****0002",
        masked=True,
        privacy_token="OAID-1",
        token_owner="taobao/1",
    ),
    goods=(Goods("T恤", 2, weight_g=350, value=Money.of("49.50", "CNY")),),
    weight_g=750,
)
ANSWERED = {
    "orderId": "FO-1",
    "originCode": "755",
    "destCode": "021",
    "filterResult": 2,
    "waybillNoInfoList": [{"waybillType": 2, "waybillNo": "SF2"}, {"waybillType": 1, "waybillNo": "SF1"}],
}


def platform(code: str) -> Response:
    return answer({"apiErrorMsg": "因为", "apiResponseID": "1", "apiResultCode": code, "apiResultData": None})


def service(inner: Any) -> Response:
    text = json.dumps(inner, ensure_ascii=False)
    return answer({"apiErrorMsg": "", "apiResponseID": "1", "apiResultCode": "A1000", "apiResultData": text})


def done(data: Any) -> Response:
    return service({"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": data})


def declined(code: str) -> Response:
    return service({"success": False, "errorCode": code, "errorMsg": "原因", "msgData": None})


def sf(*script: Response | Exception, **settings: str) -> tuple[SfExpress, ScriptedTransport]:
    transport = ScriptedTransport(*script, moment=MOMENT)
    return SfExpress({**SETTINGS, **settings}, transport), transport


def sent(transport: ScriptedTransport, index: int = 0) -> tuple[dict[str, str], dict[str, Any]]:
    """The form of a call, and its message."""
    form = {name: values[0] for name, values in parse_qs(transport.sent[index].body.decode(), strict_parsing=True).items()}
    return form, json.loads(form["msgData"])


def book(carrier: SfExpress) -> Booked:
    return carrier.book(BOOKING, "FO-1")


def find(carrier: SfExpress) -> Booked | None:
    return carrier.find("FO-1", BOOKING)


def cancel(carrier: SfExpress) -> None:
    carrier.cancel("SF1", "FO-1")


def track(carrier: SfExpress) -> object:
    return carrier.track([TrackQuery("SF1", "0002")])


# What goes out


def test_the_text_that_is_signed_is_the_text_that_is_sent() -> None:
    carrier, transport = sf(done(ANSWERED))
    book(carrier)
    form, message = sent(transport)
    assert form["timestamp"] == "1772445600123"
    assert form["msgDigest"] == digest(form["msgData"], form["timestamp"], SETTINGS["check_word"])
    assert form["msgData"] == json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    assert form["serviceCode"] == "EXP_RECE_CREATE_ORDER"
    assert form["partnerID"] == "TESTPARTNER"
    assert SETTINGS["check_word"].encode() not in transport.sent[0].body
    assert transport.sent[0].effect


def test_an_order_is_one_parcel_paid_by_the_sender_in_kilograms() -> None:
    carrier, transport = sf(done(ANSWERED))
    book(carrier)
    _, message = sent(transport)
    assert message["orderId"] == "FO-1"
    assert (message["payMethod"], message["parcelQty"], message["expressTypeId"]) == (1, 1, 2)
    assert message["totalWeight"] == 0.75
    assert message["cargoDetails"] == [
        {"name": "T恤", "count": 2, "unit": "件", "weight": 0.35, "amount": 49.5, "currency": "CNY"}
    ]
    assert message["monthlyCard"] == "7551234567"
    assert "serviceList" not in message


def test_a_masked_receiver_goes_out_as_it_is_given() -> None:
    carrier, transport = sf(done(ANSWERED))
    book(carrier)
    form, message = sent(transport)
    sender, receiver = message["contactInfoList"]
    assert (sender["contactType"], sender["tel"]) == (1, "0755-8000000")
    assert (receiver["contactType"], receiver["contact"], receiver["mobile"]) == (2, "测**", "138****0002")
    assert receiver["address"] == "测试镇测试路*号"
    assert "OAID" not in form["msgData"]


@pytest.mark.parametrize(("settings", "account"), [({}, "7551234567"), ({"cod_account": "9990000001"}, "9990000001")])
def test_cash_on_delivery_names_the_account_it_is_paid_out_to(settings: dict[str, str], account: str) -> None:
    carrier, transport = sf(done(ANSWERED), **settings)
    carrier.book(Booking(BOOKING.sender, BOOKING.receiver, BOOKING.goods, 750, cod=Money.of("108", "CNY")), "FO-1")
    assert sent(transport)[1]["serviceList"] == [{"name": "COD", "value": "108.00", "value1": account}]


@pytest.mark.parametrize(
    ("booking", "settings"),
    [
        (Booking(BOOKING.sender, BOOKING.receiver, BOOKING.goods, 1, cod=Money.of("1", "USD")), {}),
        (Booking(BOOKING.sender, BOOKING.receiver, BOOKING.goods, 1, cod=Money.of("1", "CNY")), {"monthly_card": ""}),
        (Booking(BOOKING.sender, BOOKING.receiver, BOOKING.goods, 1, product="NEXT-DAY"), {}),
    ],
)
def test_what_sf_cannot_be_asked_for_is_refused_before_anything_is_sent(booking: Booking, settings: dict[str, str]) -> None:
    carrier, transport = sf(**settings)
    with pytest.raises(RemoteRejected):
        carrier.book(booking, "FO-1")
    assert transport.sent == []


def test_a_booking_sent_again_later_has_another_request_id_and_the_same_order_id() -> None:
    carrier, transport = sf(platform("A1005"), done(ANSWERED))
    with pytest.raises(RateLimited):
        book(carrier)
    transport.moment = datetime(2026, 3, 2, 10, 0, 5, tzinfo=UTC)
    book(carrier)
    first, second = sent(transport, 0), sent(transport, 1)
    assert first[0]["requestID"] != second[0]["requestID"]
    assert first[1]["orderId"] == second[1]["orderId"] == "FO-1"
    assert len(first[0]["requestID"]) == 36


def test_the_request_id_follows_from_the_call_alone() -> None:
    ids = []
    for _ in range(2):
        carrier, transport = sf(done(ANSWERED))
        book(carrier)
        ids.append(sent(transport)[0]["requestID"])
    assert ids[0] == ids[1]


def test_an_unknown_sign_mode_is_for_a_person_to_mend() -> None:
    carrier, transport = sf(sign_mode="rot13")
    with pytest.raises(CredentialsRefused, match="sm3"):
        book(carrier)
    assert transport.sent == []


# What comes back


def test_the_mother_waybill_is_the_number_and_the_others_are_children() -> None:
    carrier, _ = sf(done(ANSWERED))
    booked = book(carrier)
    assert (booked.number, booked.children, booked.origin, booked.destination) == ("SF1", ("SF2",), "755", "021")


def test_find_reads_the_search_answers_own_spelling() -> None:
    waybills = [{"waybillType": "1", "waybillNo": "SF1"}]
    carrier, _ = sf(done({"origincode": "755", "destcode": "021", "filterResult": "2", "waybillNoInfoList": waybills}))
    booked = find(carrier)
    assert booked is not None
    assert (booked.number, booked.origin, booked.destination) == ("SF1", "755", "021")


def test_result_data_may_also_be_an_object() -> None:
    inner = {"success": True, "errorCode": "S0000", "msgData": ANSWERED}
    carrier, _ = sf(answer({"apiResultCode": "A1000", "apiResultData": inner}))
    assert book(carrier).number == "SF1"


PLATFORM: list[tuple[str, type[RemoteError], type[RemoteError]]] = [
    ("A1001", CredentialsRefused, CredentialsRefused),
    ("A1002", RemoteUnavailable, RemoteUnavailable),
    ("A1003", CredentialsRefused, CredentialsRefused),
    ("A1004", CredentialsRefused, CredentialsRefused),
    ("A1005", RateLimited, RateLimited),
    ("A1006", CredentialsRefused, CredentialsRefused),
    ("A1007", OutcomeUnknown, RemoteUnavailable),
    ("A1008", CredentialsRefused, CredentialsRefused),
    ("A1009", OutcomeUnknown, RemoteUnavailable),
    ("A1010", CredentialsRefused, CredentialsRefused),
    ("A1011", CredentialsRefused, CredentialsRefused),
    ("A1099", OutcomeUnknown, RemoteUnavailable),
    ("A7777", OutcomeUnknown, RemoteNotUnderstood),
]


@pytest.mark.parametrize(("code", "with_effect", "without"), PLATFORM)
def test_what_a_platform_code_means(code: str, with_effect: type[RemoteError], without: type[RemoteError]) -> None:
    for ask, expected in ((book, with_effect), (find, without), (track, without)):
        carrier, _ = sf(platform(code))
        with pytest.raises(RemoteError) as raised:
            ask(carrier)
        assert type(raised.value) is expected
        assert raised.value.code == code
        assert raised.value.raw


BUSINESS: list[tuple[str, type[RemoteError]]] = [
    ("8016", OutcomeUnknown),
    ("S0003", OutcomeUnknown),
    ("S0001", RemoteRejected),
    ("S0002", RemoteRejected),
    ("S0004", RemoteRejected),
    ("1014", RemoteRejected),
    ("6126", CredentialsRefused),
    ("8114", CredentialsRefused),
    ("8119", CredentialsRefused),
    ("8177", RemoteUnavailable),
    ("8057", RemoteRejected),
    ("8196", RemoteRejected),
    ("20012", RemoteRejected),
    ("20035", RemoteRejected),
    ("20036", RemoteRejected),
    ("99999", RemoteRejected),
]


@pytest.mark.parametrize(("code", "expected"), BUSINESS)
def test_what_a_refused_booking_means(code: str, expected: type[RemoteError]) -> None:
    carrier, _ = sf(declined(code))
    with pytest.raises(RemoteError) as raised:
        book(carrier)
    assert type(raised.value) is expected
    assert raised.value.code == code


BROKEN = [
    answer("<html>"),
    answer(b""),
    answer(b"\xff"),
    answer("null"),
    answer({"apiResultCode": None}),
    answer({"apiResultCode": "A1000", "apiResultData": None}),
    answer({"apiResultCode": "A1000", "apiResultData": "{"}),
    answer({"apiResultCode": "A1000", "apiResultData": "[]"}),
    service({"errorCode": "S0000"}),
    done(None),
    done({"filterResult": 2, "waybillNoInfoList": "SF1"}),
    done({"filterResult": 2, "waybillNoInfoList": [None]}),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_booking_answered_by_nonsense_may_have_happened(broken: Response) -> None:
    carrier, _ = sf(broken)
    with pytest.raises(OutcomeUnknown):
        book(carrier)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_question_answered_by_nonsense_keeps_the_answer(broken: Response) -> None:
    carrier, _ = sf(broken)
    with pytest.raises(RemoteNotUnderstood) as raised:
        find(carrier)
    assert raised.value.raw or broken.body == b""


@pytest.mark.parametrize(
    ("status", "with_effect", "without"),
    [
        (429, RateLimited, RateLimited),
        (403, CredentialsRefused, CredentialsRefused),
        (404, RemoteRejected, RemoteRejected),
        (502, OutcomeUnknown, RemoteUnavailable),
        (302, OutcomeUnknown, RemoteNotUnderstood),
    ],
)
def test_what_an_http_status_means(status: int, with_effect: type[RemoteError], without: type[RemoteError]) -> None:
    for ask, expected in ((book, with_effect), (find, without)):
        carrier, _ = sf(answer("x", status, retry_after="7"))
        with pytest.raises(RemoteError) as raised:
            ask(carrier)
        assert type(raised.value) is expected
        if isinstance(raised.value, RateLimited):
            assert raised.value.seconds == 7


@pytest.mark.parametrize("ask", [book, find])
def test_a_place_sf_does_not_serve_is_a_refusal_with_its_reason(ask: Callable[[SfExpress], object]) -> None:
    carrier, _ = sf(done({"filterResult": 3, "remark": "1", "destCode": None, "waybillNoInfoList": []}))
    with pytest.raises(RemoteRejected, match="does not deliver there"):
        ask(carrier)


def test_an_order_still_being_checked_by_hand_is_asked_about_again() -> None:
    unchecked = done({"filterResult": 1, "waybillNoInfoList": []})
    carrier, _ = sf(unchecked, unchecked)
    with pytest.raises(OutcomeUnknown):
        book(carrier)
    with pytest.raises(RemoteUnavailable):
        find(carrier)


@pytest.mark.parametrize("code", ["6150", "8018"])
def test_an_order_sf_does_not_have_is_none(code: str) -> None:
    carrier, _ = sf(declined(code))
    assert find(carrier) is None


@pytest.mark.parametrize("code", ["8037", "8253"])
def test_a_cancelled_order_keeps_its_number_and_takes_no_new_booking(code: str) -> None:
    carrier, _ = sf(declined(code))
    with pytest.raises(RemoteRejected, match="cancelled"):
        find(carrier)


# Cancelling


def test_cancelling_names_the_order_and_its_waybill() -> None:
    carrier, transport = sf(done({"orderId": "FO-1", "resStatus": 2}))
    cancel(carrier)
    assert sent(transport)[1] == {
        "orderId": "FO-1",
        "dealType": 2,
        "language": "zh-CN",
        "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "SF1"}],
    }


@pytest.mark.parametrize("code", ["8037", "8253"])
def test_what_is_cancelled_already_counts_as_cancelled(code: str) -> None:
    carrier, transport = sf(declined(code))
    cancel(carrier)
    assert len(transport.sent) == 1


@pytest.mark.parametrize("code", ["8019", "8252"])
def test_a_confirmed_or_cancelled_order_is_asked_about(code: str) -> None:
    void, _ = sf(declined(code), declined("8037"))
    cancel(void)
    alive, transport = sf(declined(code), done(ANSWERED))
    with pytest.raises(RemoteRejected, match="no longer"):
        cancel(alive)
    assert sent(transport, 1)[0]["serviceCode"] == "EXP_RECE_SEARCH_ORDER_RESP"


def test_a_cancel_without_an_answer_is_settled_by_a_question() -> None:
    void, _ = sf(OutcomeUnknown("lost"), declined("8037"))
    cancel(void)
    alive, _ = sf(OutcomeUnknown("lost"), done(ANSWERED))
    with pytest.raises(RemoteUnavailable, match="cancel it again"):
        cancel(alive)


@pytest.mark.parametrize("refusal", [declined("8018"), declined("8017"), done({"orderId": "FO-1", "resStatus": 1})])
def test_an_order_and_waybill_that_do_not_belong_together_are_refused(refusal: Response) -> None:
    carrier, _ = sf(refusal)
    with pytest.raises(RemoteRejected):
        cancel(carrier)


# Labels

FILE = {"url": "https://files.example/SF1.pdf", "token": "T", "waybillNo": "SF1"}


def test_a_label_is_drawn_and_then_fetched_with_its_token() -> None:
    carrier, transport = sf(service({"success": True, "obj": {"files": [FILE]}}), answer(b"%PDF-1.4 x"))
    label = carrier.label("SF1")
    assert (label.number, label.media_type, label.content) == ("SF1", "application/pdf", b"%PDF-1.4 x")
    assert sent(transport)[1]["templateCode"] == "fm_76130_standard_TESTPARTNER"
    assert transport.sent[1].headers["x-auth-token"] == "T"
    assert transport.sent[1].url == FILE["url"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([service({"success": False, "obj": None, "errorMessage": "模板不存在"})], RemoteRejected),
        ([service({"success": True, "obj": {"files": []}})], RemoteNotUnderstood),
        ([service({"success": True, "obj": {"files": [FILE]}}), answer("gone", 403)], RemoteUnavailable),
        ([service({"success": True, "obj": {"files": [FILE]}}), answer("<html>")], RemoteNotUnderstood),
    ],
)
def test_a_label_that_cannot_be_had_says_why(script: list[Response], expected: type[RemoteError]) -> None:
    carrier, _ = sf(*script, template_code="fm_150_TESTPARTNER")
    with pytest.raises(expected):
        carrier.label("SF1")
