"""What goes over the wire, and what every refusal means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.signing import sign

from orderyard.core.channels.api import Page, Shipment, ShippedLine, Window
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response
from orderyard.core.testing.scripted import ScriptedTransport, answer

NOON = datetime(2026, 11, 21, 4, 22, 35, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 21, 2, 0, 0, 400, tzinfo=UTC), datetime(2026, 11, 21, 2, 30, 0, 1, tzinfo=UTC))
SHIPMENT = Shipment("2231958349099345678", (ShippedLine("2231958349099345678", 1),), "YTO", "圆通", "YT1234567890123", True)


def sent(request: Request) -> tuple[dict[str, str], dict[str, str]]:
    """Query and body of a request."""
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True)
    return dict(query), dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))


def error(code: int, sub_code: str = "", sub_msg: str = "", msg: str = "Remote service error") -> Response:
    return answer({"error_response": {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}})


def listing(*trades: tuple[int, str], total: int | None = None) -> Response:
    body: dict[str, Any] = {"request_id": "16r2r6t6zjzg8"}
    body |= {"has_next": False} if total is None else {"total_results": total}
    if trades:
        body["trades"] = {"trade": [{"tid": tid, "modified": modified} for tid, modified in trades]}
    return answer({"trades_sold_increment_get_response": body})


def test_a_call_carries_its_protocol_in_the_query_and_its_business_in_the_body(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(listing(total=0), moment=NOON)
    TaobaoChannel({**settings, "gateway": "https://gw.example/router/rest"}, transport).pull(WINDOW)
    (request,) = transport.sent
    query, body = sent(request)
    assert request.url.startswith("https://gw.example/router/rest?")
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert {**query, "sign": ""} == {
        "method": "taobao.trades.sold.increment.get",
        "app_key": "12345678",
        "timestamp": "2026-11-21 12:22:35",
        "v": "2.0",
        "format": "json",
        "sign_method": "hmac-sha256",
        "sign": "",
    }
    assert query["sign"] == sign({**query, **body}, "helloworld", "hmac-sha256")
    assert body["session"] == "6100test"
    assert "6100test" not in request.url
    assert (body["start_modified"], body["end_modified"]) == ("2026-11-21 10:00:00", "2026-11-21 10:30:01")
    assert {"guarantee_trade", "cod", "step", "tmall_i18n"} <= set(body["type"].split(","))
    assert all([*query.values(), *body.values()])


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_the_sign_method_is_a_setting(settings: dict[str, str], method: str) -> None:
    transport = ScriptedTransport(listing(total=0))
    TaobaoChannel({**settings, "sign_method": method}, transport).pull(WINDOW)
    query, body = sent(transport.sent[0])
    assert query["sign"] == sign({**query, **body}, "helloworld", method)


@pytest.mark.parametrize("missing", ["app_key", "app_secret", "session"])
def test_an_empty_setting_asks_for_a_person_and_sends_nothing(settings: dict[str, str], missing: str) -> None:
    transport = ScriptedTransport()
    with pytest.raises(CredentialsRefused, match=missing):
        TaobaoChannel({**settings, missing: ""}, transport).pull(WINDOW)
    assert transport.sent == []


def test_an_unknown_sign_method_asks_for_a_person(settings: dict[str, str]) -> None:
    with pytest.raises(CredentialsRefused, match="sha1"):
        TaobaoChannel({**settings, "sign_method": "sha1"}, ScriptedTransport()).pull(WINDOW)


def test_a_window_that_fits_one_page_costs_one_call(settings: dict[str, str]) -> None:
    transport = ScriptedTransport(listing((2231958349012345678, "2026-11-21 10:03:22"), total=1))
    page = TaobaoChannel(settings, transport).pull(WINDOW)
    assert page.cursor is None
    (found,) = page.found
    assert (found.external_id, found.version, found.body) == (
        "2231958349012345678",
        datetime(2026, 11, 21, 2, 3, 22, tzinfo=UTC),
        None,
    )
    assert sent(transport.sent[0])[1]["use_has_next"] == "false"


def test_an_empty_window_has_no_list_at_all(settings: dict[str, str]) -> None:
    assert TaobaoChannel(settings, ScriptedTransport(listing(total=0))).pull(WINDOW) == Page((), None)


def test_many_pages_are_walked_from_the_last_to_the_first(settings: dict[str, str]) -> None:
    newest, middle, oldest = (3, "2026-11-21 10:05:40"), (2, "2026-11-21 10:04:00"), (1, "2026-11-21 10:03:22")
    transport = ScriptedTransport(listing(newest, total=120), listing(oldest), listing(middle), listing(newest, total=120))
    channel = TaobaoChannel(settings, transport)
    cursor, found = None, []
    for _ in range(4):
        page = channel.pull(WINDOW, cursor)
        found += [one.external_id for one in page.found]
        cursor = page.cursor
    assert cursor is None
    assert found == ["1", "2", "3"]
    asked = [(sent(request)[1]["page_no"], sent(request)[1]["use_has_next"]) for request in transport.sent]
    assert asked == [("1", "false"), ("3", "true"), ("2", "true"), ("1", "false")]


def test_the_walk_begins_again_when_a_trade_moved_to_the_front_meanwhile(settings: dict[str, str]) -> None:
    first, moved = (3, "2026-11-21 10:05:40"), (1, "2026-11-21 10:06:00")
    transport = ScriptedTransport(
        listing(first, total=60), listing((1, "2026-11-21 10:01:00")), listing(moved, first, total=60)
    )
    channel = TaobaoChannel(settings, transport)
    page = channel.pull(WINDOW)
    page = channel.pull(WINDOW, page.cursor)
    page = channel.pull(WINDOW, page.cursor)
    assert [one.external_id for one in page.found] == ["1", "3"]
    assert page.cursor is not None
    assert page.cursor.startswith("2:")


def test_a_listing_without_a_total_is_not_understood(settings: dict[str, str]) -> None:
    with pytest.raises(RemoteNotUnderstood):
        TaobaoChannel(settings, ScriptedTransport(listing())).pull(WINDOW)


def test_a_simplified_listing_is_read_too(settings: dict[str, str]) -> None:
    simple = answer({"total_results": 1, "trades": [{"tid": "7", "modified": "2026-11-21 10:03:22"}]})
    assert [one.external_id for one in TaobaoChannel(settings, ScriptedTransport(simple)).pull(WINDOW).found] == ["7"]


def test_fetching_asks_for_the_oaid_with_the_fields_that_it_needs(
    settings: dict[str, str], trade: Callable[..., dict[str, Any]], envelope: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    transport = ScriptedTransport(answer(envelope(trade())))
    channel = TaobaoChannel(settings, transport)
    assert channel.read(channel.fetch("2231958349012345678")).external_id == "2231958349012345678"
    body = sent(transport.sent[0])[1]
    needed = {"receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone", "oaid"}
    assert needed <= set(body["fields"].split(","))
    assert body["include_oaid"]


def test_an_id_that_cannot_be_one_is_rejected_unasked(settings: dict[str, str]) -> None:
    with pytest.raises(RemoteRejected):
        TaobaoChannel(settings, ScriptedTransport()).fetch("#1001")


READS: list[tuple[Response, type[RemoteError]]] = [
    (error(9), RemoteRejected),
    (error(10), RemoteUnavailable),
    (error(11, "isv.permission-api-package-limit"), CredentialsRefused),
    (error(12), CredentialsRefused),
    (error(15, "isp.top-remote-connection-timeout"), RemoteUnavailable),
    (error(15, "ism.json-decode-error"), RemoteUnavailable),
    (error(50, "isp.item-update-service-error:GENERIC_FAILURE"), RemoteUnavailable),
    (error(15, "isv.trade-not-exist"), RemoteRejected),
    (error(21), RemoteRejected),
    (error(22), RemoteRejected),
    (error(24), RemoteRejected),
    (error(25, msg="Invalid signature"), CredentialsRefused),
    (error(26), CredentialsRefused),
    (error(27, "isv.session-expired", "sessionkey 已过期"), CredentialsRefused),
    (error(15, "session-expired"), CredentialsRefused),
    (error(28), RemoteRejected),
    (error(29), CredentialsRefused),
    (error(30), RemoteRejected),
    (error(31), CredentialsRefused),
    (error(40, msg="Missing required arguments:tid"), RemoteRejected),
    (error(53), CredentialsRefused),
    (error(530, "isp.system-busy"), RemoteUnavailable),
    (error(99_999), RemoteRejected),
    (answer({"error_response": {"code": "27"}}), CredentialsRefused),
    (answer({"error_response": {"code": None}}), RemoteRejected),
    (answer("<html>bad gateway</html>", 502), RemoteUnavailable),
    (answer({}, 503), RemoteUnavailable),
    (answer("slow down", 429), RateLimited),
    (answer("<html>welcome</html>"), RemoteNotUnderstood),
    (answer(b"\xff\xfe"), RemoteNotUnderstood),
    (answer("[]"), RemoteNotUnderstood),
]


@pytest.mark.parametrize(("said", "meaning"), READS)
def test_every_refusal_of_a_read_has_its_place_in_the_tree(
    settings: dict[str, str], said: Response, meaning: type[RemoteError]
) -> None:
    with pytest.raises(RemoteError) as raised:
        TaobaoChannel(settings, ScriptedTransport(said)).fetch("1")
    assert type(raised.value) is meaning


WRITES: list[tuple[Response, type[RemoteError]]] = [
    (error(10), OutcomeUnknown),
    (error(15, "isp.top-remote-connection-timeout"), OutcomeUnknown),
    (error(15, "isv.logistics-offline-service-error:S01"), OutcomeUnknown),
    (error(15, "isv.logistics-offline-service-error:B150"), OutcomeUnknown),
    (answer("<html>bad gateway</html>", 502), OutcomeUnknown),
    (answer("{}", 504), OutcomeUnknown),
    (answer("{cut", 200), OutcomeUnknown),
    (error(7, "accesscontrol.limited-by-api-access-count"), RateLimited),
    (error(27), CredentialsRefused),
    (error(40), RemoteRejected),
    (answer({"logistics_offline_send_response": {"shipping": {"is_success": False}}}), RemoteRejected),
]


@pytest.mark.parametrize(("said", "meaning"), WRITES)
def test_a_write_that_may_have_happened_is_left_open(
    settings: dict[str, str], said: Response, meaning: type[RemoteError]
) -> None:
    transport = ScriptedTransport(said)
    with pytest.raises(RemoteError) as raised:
        TaobaoChannel(settings, transport).confirm_shipment(SHIPMENT, "k1")
    assert type(raised.value) is meaning
    assert transport.sent[0].effect


@pytest.mark.parametrize(
    ("sub_code", "sub_msg", "seconds"),
    [
        ("accesscontrol.limited-by-api-access-count", "This ban will last for 1 more seconds", 2.0),
        ("accesscontrol.limited-by-app-access-count", "This ban will last for 3600 more seconds", 3601.0),
        # The day's quota begins anew at midnight in GMT+8, which is 16:00 UTC.
        ("accesscontrol.limited-by-app-access-count", "", timedelta(hours=11, minutes=37, seconds=26).total_seconds()),
        ("accesscontrol.limited-by-dynamic-access-count", "", 60.0),
    ],
)
def test_a_rate_limit_is_kept_to_the_second(settings: dict[str, str], sub_code: str, sub_msg: str, seconds: float) -> None:
    transport = ScriptedTransport(error(7, sub_code, sub_msg, "App Call Limited"), moment=NOON)
    with pytest.raises(RateLimited) as raised:
        TaobaoChannel(settings, transport).fetch("1")
    assert raised.value.seconds == seconds
    assert raised.value.code == sub_code


def test_a_secret_that_the_platform_quotes_back_is_blotted_out(settings: dict[str, str]) -> None:
    said = error(27, "isv.invalid-sessionkey", "sessionkey 6100test of helloworld")
    with pytest.raises(CredentialsRefused) as raised:
        TaobaoChannel(settings, ScriptedTransport(said)).fetch("1")
    text = f"{raised.value}{raised.value.raw}"
    assert "6100test" not in text
    assert "helloworld" not in text
