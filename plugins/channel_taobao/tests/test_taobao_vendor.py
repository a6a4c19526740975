"""Adapter and simulator against the platform's own metadata and samples, where those are present."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from orderyard_channel_taobao.channel import TaobaoChannel
from orderyard_channel_taobao.signing import sign
from orderyard_channel_taobao.simulator.aftersales import document
from orderyard_channel_taobao.simulator.calls import CALLS
from orderyard_channel_taobao.simulator.documents import document as trade_document
from orderyard_channel_taobao.simulator.server import TaobaoSimulator
from orderyard_channel_taobao.waybills import CainiaoWaybills

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType
from orderyard.core.carriers.api import Booking, Goods, Trade
from orderyard.core.channels.api import (
    ClaimAnswer,
    DocumentKind,
    ListingRef,
    MaskedDoor,
    Memo,
    Shipment,
    ShippedLine,
    StockTarget,
    TradeState,
    Window,
    check,
)
from orderyard.core.kernel.errors import RemoteError, RemoteRejected
from orderyard.core.kernel.transport import Transport
from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

UNDESCRIBED = {
    "taobao.user.seller.get",
    "taobao.tmc.user.get",
    "cainiao.waybill.ii.query.by.tradecode",
    "cainiao.waybill.ii.query.by.waybillcode",
}
"""Calls of which the folder holds no metadata."""
PROTOCOL = {"method", "app_key", "session", "timestamp", "v", "format", "sign_method", "sign"}


@pytest.fixture
def taobao(vendor_data: Path) -> Path:
    return vendor_data / "taobao"


def sample(taobao: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((taobao / f"{name}.json").read_text())
    return found


def metadata(taobao: Path, method: str) -> dict[str, Any]:
    path = taobao / "meta" / f"{method.replace('.', '_')}.json"
    if not path.exists():
        pytest.skip(f"the folder holds no metadata of {method}")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture
def everything_sent(
    shop: TaobaoSimulator,
    transport: Transport,
    calls: Callable[[], list[dict[str, str]]],
    place: Callable[..., str],
    environment: FixedEnvironment,
) -> list[dict[str, str]]:
    """The parameters of every kind of call, from one life of a shop."""
    returns = {f"return_{name}": "1001" for name in ("address_id", "name", "address", "mobile", "post")}
    channel = TaobaoChannel({**shop.settings(), **returns}, transport)
    placed = [place(("TEE-M", 1), ("MUG", 1), cod=number == 0, paid=number > 0) for number in range(60)]
    window = Window(environment.now() - timedelta(minutes=10), environment.now() + timedelta(minutes=1))
    cursor = channel.pull(window).cursor
    while cursor:
        cursor = channel.pull(window, cursor).cursor
    for tid in placed[:2]:
        order = channel.read(channel.fetch(tid))
        lines = tuple(ShippedLine(line.external_id, line.quantity) for line in order.lines)
        for part, whole in ((lines[:1], False), (lines[1:], True)):
            parcel = Shipment(tid, part, "SF", "顺丰速运", "SF1000000000017", whole)
            channel.confirm_shipment(parcel, "k1")
            channel.find_shipment(parcel)
        channel.push_stock([StockTarget(line.listing, 5) for line in order.lines], "k1")
    channel.push_stock([StockTarget(ListingRef("1"), 5)], "k1")
    _parcels(shop, transport, place)
    page = channel.list_items()
    while page.cursor:
        page = channel.list_items(page.cursor)
    _refunds(shop, transport, returns, placed)
    channel.confirm_messages([message.token for message in channel.next_messages()])
    shop.shop.permitted = False
    channel.subscribe("")
    _waybills(shop, transport, channel, placed[:2])
    channel.cancel_order(place(paid=False), "缺货")
    return [call for call in calls() if call["method"] not in UNDESCRIBED]


def _waybills(shop: TaobaoSimulator, transport: Transport, channel: TaobaoChannel, tids: list[str]) -> None:
    """Two trades of one hidden receiver in one parcel, paid for at the door, and what is asked about it."""
    receiver = channel.read(channel.fetch(tids[0])).receiver
    doors = [MaskedDoor(tid, channel.read(channel.fetch(tid)).receiver.privacy_token) for tid in tids]
    assert channel.same_doors(doors) == [tids]
    sender = Address(province="上海市", city="上海市", district="浦东新区", detail="示例仓1号", name="仓", phone="18800000000")
    parcel = Booking(
        sender,
        receiver,
        (Goods("T恤", 3),),
        600,
        "",
        Money.of("20", "CNY"),
        "",
        tuple(Trade("channel_taobao", "t", t) for t in tids),
    )
    own = {"user_id": "1", "cp_code": "YTO", "customer_code": "1", "product_code": "2"}
    carrier = CainiaoWaybills({**shop.settings(), **own}, transport)
    number = carrier.book(parcel, "FO-1").number
    carrier.label(number)
    carrier.cancel(number, "FO-1")


def _parcels(shop: TaobaoSimulator, transport: Transport, place: Callable[..., str]) -> None:
    """Everything else that can be said of parcels, and a note."""
    for way in ("offline", "ascp"):
        channel = TaobaoChannel({**shop.settings(), "consign": way}, transport)
        tid = place(("TEE-M", 3), ("MUG", 1))
        order = channel.read(channel.fetch(tid))
        first = (ShippedLine(order.lines[0].external_id, 2),)
        channel.confirm_shipment(Shipment(tid, first, "SF", "顺丰速运", "SF1000000000017", False), "k1")
        again = Shipment(tid, first, "SF", "顺丰速运", "SF1000000000024", False)
        channel.change_shipment(again, "SF1000000000017", "k2")
        channel.write_memo(tid, Memo(f"sent by {way}", "3"))
        channel.write_memo(tid, Memo("", "0"))
    tid = place()
    channel.confirm_shipment(Shipment(tid, (ShippedLine(tid, 1),), "", "", "", True), "k3")


def _refunds(shop: TaobaoSimulator, transport: Transport, returns: dict[str, str], placed: list[str]) -> None:
    """Every answer to a refund, on Taobao and on Tmall."""
    for tmall, ag, tid in ((False, "", placed[2]), (True, "", placed[3]), (True, "1", placed[4])):
        shop.shop.tmall = tmall
        channel = TaobaoChannel({**shop.settings(), **returns, "ag": ag}, transport)
        asked = [(shop.ask_refund(tid), True), (shop.ask_refund(tid, 1, kind="REFUND_AND_RETURN"), True)]
        asked += [(shop.ask_refund(placed[1]), False)]
        window = Window(shop.now() - timedelta(minutes=10), shop.now() + timedelta(minutes=1))
        assert len(channel.pull_claims(window).found) >= 3
        for refund_id, agree in asked:
            answer = ClaimAnswer(channel.read_claim(channel.fetch_claim(refund_id)), agree, "已经在路上了")
            with contextlib.suppress(RemoteRejected):
                channel.answer_claim(answer, "k1")


def test_every_parameter_sent_is_in_the_metadata_and_every_required_one_is_sent(
    taobao: Path, everything_sent: list[dict[str, str]]
) -> None:
    assert {params["method"] for params in everything_sent} == {
        "taobao.trades.sold.increment.get",
        "taobao.trade.fullinfo.get",
        "taobao.logistics.offline.send",
        "taobao.logistics.online.send",
        "taobao.skus.quantity.update",
        "taobao.item.quantity.update",
        "taobao.items.onsale.get",
        "taobao.items.inventory.get",
        "taobao.item.skus.get",
        "taobao.refunds.receive.get",
        "taobao.refund.get",
        "taobao.refund.refuse",
        "taobao.rp.refund.review",
        "taobao.rp.refunds.agree",
        "taobao.rp.returngoods.agree",
        "taobao.rdc.aligenius.sendgoods.cancel",
        "taobao.logistics.companies.get",
        "taobao.logistics.dummy.send",
        "taobao.logistics.consign.resend",
        "alibaba.ascp.logistics.offline.send",
        "alibaba.ascp.logistics.consign.modify",
        "taobao.trade.memo.update",
        "taobao.tmc.messages.consume",
        "taobao.tmc.messages.confirm",
        "taobao.tmc.user.permit",
        "taobao.top.oaid.merge",
        "taobao.trade.close",
        "cainiao.waybill.ii.get",
        "cainiao.waybill.ii.cancel",
    }
    for params in everything_sent:
        declared = {one["name"]: one for one in metadata(taobao, params["method"])["requestParams"]}
        own = {name: value for name, value in params.items() if name not in PROTOCOL}
        assert own.keys() <= declared.keys()
        assert {name for name, one in declared.items() if one.get("required")} <= own.keys()
        for name, value in own.items():
            if declared[name]["type"] == "Number":
                assert value.isdigit(), name
            if declared[name]["type"] == "Boolean":
                assert value in ("true", "false"), name
            if declared[name].get("subParams"):
                _fits(json.loads(value), declared[name])


def _fits(value: Any, declared: dict[str, Any]) -> None:
    """A structure sent as JSON has the fields, types and required parts that the metadata names."""
    if declared["type"].endswith("[]"):
        assert isinstance(value, list)
        for one in value:
            _fits(one, {**declared, "type": declared["type"].removesuffix("[]").strip()})
        return
    parts = {part["name"]: part for part in declared["subParams"]}
    assert value.keys() <= parts.keys()
    assert {name for name, part in parts.items() if part.get("required")} <= value.keys()
    for name, inner in value.items():
        kind = parts[name]["type"]
        if parts[name].get("subParams"):
            _fits(inner, parts[name])
        elif kind.endswith("[]"):
            assert all(isinstance(one, str) for one in inner), name
        elif kind in ("Number", "Boolean"):
            assert isinstance(inner, bool if kind == "Boolean" else int), name
        else:
            assert isinstance(inner, str), name


def test_every_field_asked_for_is_in_the_metadata(taobao: Path, everything_sent: list[dict[str, str]]) -> None:
    for params in everything_sent:
        if "fields" in params:
            (root,) = (one for one in metadata(taobao, params["method"])["responseParams"] if one.get("subParams"))
            declared = {one["name"] for one in root["subParams"]}
            assert set(params["fields"].split(",")) <= declared, params["method"]


def test_the_simulator_sends_no_field_that_the_metadata_does_not_know(taobao: Path) -> None:
    simulator = TaobaoSimulator(FixedEnvironment())
    simulator.open_shop((ShopItem("TEE", "T恤", Money.of("59.00", "CNY"), options={"尺码": "M"}),))
    home = Address(province="浙江省", city="杭州市", detail="文一西路969号", name="林小满", phone="18800004321")
    tid = simulator.place(BuyerOrder("xiaoman", home, (("TEE", 1),), message="m", memo="n"))
    trade = simulator.shop.trades[int(tid)]
    simulator.shop.ship(trade, trade.lines, "顺丰速运", "SF1", simulator.now())
    document = trade_document(simulator.shop, trade)
    (root,) = metadata(taobao, "taobao.trade.fullinfo.get")["responseParams"]
    fields = {one["name"]: one for one in root["subParams"]}
    assert document.keys() <= fields.keys()
    of_lines = {one["name"] for one in fields["orders"]["subParams"]}
    assert document["orders"]["order"][0].keys() <= of_lines


def test_the_simulator_shows_parcels_and_presales_in_fields_that_the_metadata_knows(
    taobao: Path, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    trade = shop.shop.trades[int(place(("MUG", 3)))]
    trade.step, trade.deposit = "FRONT_PAID_FINAL_PAID", 100
    shop.shop.ship_units(trade, [(trade.lines[0], "顺丰速运", "SF1", 2)], str(trade.tid), shop.now())
    shown = trade_document(shop.shop, trade)
    (root,) = metadata(taobao, "taobao.trade.fullinfo.get")["responseParams"]
    fields = {one["name"]: one for one in root["subParams"]}
    assert {"step_trade_status", "step_paid_fee", "combine_logistics_details"} <= shown.keys() <= fields.keys()
    details = {one["name"]: one for one in fields["combine_logistics_details"]["subParams"]}
    (detail,) = shown["combine_logistics_details"]["combine_logistics_detail"]
    assert detail.keys() <= details.keys()
    parts = {one["name"] for one in details["send_goods_details"]["subParams"]}
    assert detail["send_goods_details"]["send_goods_detail"][0].keys() <= parts


def test_the_simulator_sends_no_field_of_a_refund_that_the_metadata_does_not_know(
    taobao: Path, shop: TaobaoSimulator, place: Callable[..., str]
) -> None:
    refund = shop.shop.refunds[int(shop.ask_refund(place(), kind="REFUND_AND_RETURN"))]
    refund.status, refund.company, refund.sid, refund.words = "WAIT_SELLER_CONFIRM_GOODS", "顺丰速运", "SF1", "大了"
    shown = document(shop.shop, refund)
    (root,) = metadata(taobao, "taobao.refund.get")["responseParams"]
    declared = {one["name"]: one["type"] for one in root["subParams"]}
    assert shown.keys() <= declared.keys()
    types = {"Number": int, "Boolean": bool, "String": str, "Date": str, "RefundRemindTimeout": dict}
    assert all(type(value) is types[declared[name]] for name, value in shown.items())
    listed = CALLS["taobao.refunds.receive.get"](shop.shop, {"fields": ",".join(shown)}, shop.now())["refunds"]["refund"]
    (root,) = (one for one in metadata(taobao, "taobao.refunds.receive.get")["responseParams"] if one.get("subParams"))
    assert listed[0].keys() <= {one["name"] for one in root["subParams"]}


@pytest.mark.parametrize(
    ("method", "kind", "asked"),
    [
        ("taobao.items.onsale.get", "item", {}),
        ("taobao.items.inventory.get", "item", {"banner": "sold_out"}),
        ("taobao.item.skus.get", "sku", {"num_iids": "612345600001"}),
    ],
)
def test_the_simulator_lists_no_field_that_the_metadata_does_not_know(
    taobao: Path, method: str, kind: str, asked: dict[str, str]
) -> None:
    simulator = TaobaoSimulator(FixedEnvironment())
    price = Money.of("59.00", "CNY")
    simulator.open_shop((ShopItem("TEE", "T恤", price, "6901", {"尺码": "M"}), ShopItem("MUG", "杯子", price)))
    simulator.shop.goods[1].shown = 1
    (root,) = (one for one in metadata(taobao, method)["responseParams"] if one.get("subParams"))
    declared = {one["name"]: one["type"] for one in root["subParams"]}
    known = "num_iid,title,outer_id,price,num,list_time,modified,approve_status,sku_id,quantity,properties_name,barcode,status"
    listed = CALLS[method](simulator.shop, {"fields": known, **asked}, simulator.now())[f"{kind}s"][kind]
    for one in listed:
        assert one.keys() <= declared.keys()
        assert {name for name, value in one.items() if isinstance(value, int)} == {
            name for name in one if declared[name] == "Number"
        }


def test_the_sample_items_are_listed(taobao: Path, settings: dict[str, str]) -> None:
    script = [answer(sample(taobao, name)["response"]) for name in ("items.onsale.get", "item.skus.get")]
    (found,) = TaobaoChannel(settings, ScriptedTransport(*script)).list_items().items
    assert (found.listing, found.quantity) == (ListingRef("612345678901", "4812345678901", "TEE-BLU-M"), 95)


@pytest.mark.parametrize("method", sorted(CALLS))
def test_the_simulator_demands_what_the_metadata_requires(taobao: Path, method: str) -> None:
    needed = [one["name"] for one in metadata(taobao, method)["requestParams"] if one.get("required")]
    simulator = TaobaoSimulator(FixedEnvironment())
    if method == "taobao.logistics.offline.send":
        # The platform names a missing waybill by its own code, see B59.
        needed.remove("out_sid")
    for missing in needed:
        params = dict.fromkeys((name for name in needed if name != missing), "2026-01-01 00:00:00")
        with pytest.raises(Exception, match=f"Missing required arguments:{missing}"):
            CALLS[method](simulator.shop, params, simulator.now())


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("unshipped", TradeState.TO_SHIP),
        ("partial_ship_refund", TradeState.PARTLY_SHIPPED),
        ("presale_deposit", TradeState.DEPOSIT_PAID),
        ("closed_unpaid", TradeState.CANCELLED),
        ("other_oaid_same_person", TradeState.TO_SHIP),
    ],
)
def test_the_samples_are_read(taobao: Path, settings: dict[str, str], name: str, state: TradeState) -> None:
    body = json.dumps(sample(taobao, f"trade.fullinfo.get.{name}")["response"]).encode()
    order = TaobaoChannel(settings, ScriptedTransport()).read(body)
    check(order)
    assert order.state is state


def test_the_sample_pages_are_pulled(taobao: Path, settings: dict[str, str]) -> None:
    window = Window(datetime(2026, 11, 21, 2, 0, tzinfo=UTC), datetime(2026, 11, 21, 2, 30, tzinfo=UTC))
    count, page, empty = (sample(taobao, f"trades.sold.increment.get.{name}") for name in ("count", "page", "empty"))
    transport = ScriptedTransport(answer(count["response"]), answer(page["response"]), answer(empty["response"]))
    channel = TaobaoChannel(settings, transport)
    first = channel.pull(window)
    assert first.cursor is not None
    assert first.cursor.startswith("3:")
    assert len(channel.pull(window, first.cursor).found) == 2
    assert channel.pull(window).found == ()
    for request, recorded in zip(transport.sent, (count, page, empty), strict=True):
        body = dict(parse_qsl(request.body.decode()))
        for name in ("start_modified", "end_modified", "page_no", "page_size", "use_has_next", "fields"):
            assert body[name] == recorded["request"][name]


def test_the_sample_refunds_are_read(taobao: Path, settings: dict[str, str]) -> None:
    rows = sample(taobao, "refunds.receive.get")["response"]["refunds_receive_get_response"]["refunds"]["refund"]
    channel = TaobaoChannel(settings, ScriptedTransport())
    before, returned = (channel.read_claim(json.dumps({"refund_get_response": {"refund": row}}).encode()) for row in rows)
    assert (before.type, before.state) == (AfterSaleType.REFUND_BEFORE_SHIP, AfterSaleState.REQUESTED)
    assert (returned.type, returned.state, returned.waybill) == (
        AfterSaleType.RETURN_REFUND,
        AfterSaleState.IN_TRANSIT,
        "SF1234567890123",
    )
    body = json.dumps(sample(taobao, "refund.get")["response"]).encode()
    alone = channel.read_claim(body)
    assert (alone.amount, alone.answer_by) == (before.amount, datetime(2026, 11, 23, 8, 18, 1, tzinfo=UTC))


def test_the_sample_report_of_a_stopped_parcel_is_the_one_we_send(taobao: Path, everything_sent: list[dict[str, str]]) -> None:
    theirs = json.loads(sample(taobao, "rdc.aligenius.sendgoods.cancel")["request"]["param"])
    ours = [json.loads(one["param"]) for one in everything_sent if "aligenius" in one["method"]]
    assert ours
    assert all(theirs.keys() <= one.keys() for one in ours)
    assert all(
        {name: type(one[name]) for name in theirs} == {name: type(value) for name, value in theirs.items()} for one in ours
    )


def test_every_sample_error_has_its_place_in_the_tree(taobao: Path, settings: dict[str, str]) -> None:
    for one in sample(taobao, "errors")["errors"]:
        with pytest.raises(RemoteError) as raised:
            TaobaoChannel(settings, ScriptedTransport(answer(one["response"]))).fetch("1")
        assert type(raised.value) is not RemoteError
        assert str(one["response"]["error_response"]["code"]) in raised.value.what


def test_the_sign_vectors_hold(taobao: Path) -> None:
    vectors = sample(taobao, "sign_vectors")
    for method, expected in vectors["sign"].items():
        params = {**vectors["params_without_sign_method"], "sign_method": method}
        assert sign(params, vectors["_meta"]["secret"], method) == expected


def test_the_sample_parcel_by_unit_is_the_one_we_send(taobao: Path, settings: dict[str, str]) -> None:
    recorded = sample(taobao, "alibaba.ascp.logistics.offline.send")
    trade = sample(taobao, "trade.fullinfo.get.unshipped")["response"]
    transport = ScriptedTransport(answer(trade), answer(recorded["response"]))
    channel = TaobaoChannel({**settings, "consign": "ascp"}, transport)
    lines = (ShippedLine("2231958349012345679", 2),)
    shipment = Shipment(recorded["request"]["tid"], lines, "YTO", "圆通速递", "YT1234567890123", False)
    assert not channel.confirm_shipment(shipment, "k1").already
    body = dict(parse_qsl(transport.sent[-1].body.decode()))
    (ours,), (theirs,) = (json.loads(one["consign_pkgs"]) for one in (body, recorded["request"]))
    assert (ours["out_sid"], ours["company_code"]) == (theirs["out_sid"], theirs["company_code"])
    assert [{name: one[name] for name in ("sub_tid", "num")} for one in ours["goods"]] == theirs["goods"]


def test_the_sample_carriers_have_rules(taobao: Path, settings: dict[str, str]) -> None:
    companies = sample(taobao, "logistics.companies.get")["response"]
    transport = ScriptedTransport(answer(companies), answer(sample(taobao, "logistics.offline.send.ok")["response"]))
    channel = TaobaoChannel({**settings, "number_rules": "check"}, transport)
    channel.confirm_shipment(Shipment("7", (ShippedLine("7", 1),), "YTO", "圆通", "YT1234567890123", True), "k1")
    with pytest.raises(RemoteRejected, match="圆通速递"):
        TaobaoChannel({**settings, "number_rules": "check"}, ScriptedTransport(answer(companies))).confirm_shipment(
            Shipment("7", (ShippedLine("7", 1),), "YTO", "圆通", "SF1234567890123", True), "k1"
        )


def test_the_sample_messages_are_hints(taobao: Path, settings: dict[str, str]) -> None:
    consumed, confirmed = (sample(taobao, f"tmc.messages.{name}") for name in ("consume", "confirm"))
    transport = ScriptedTransport(answer(consumed["response"]), answer(confirmed["response"]))
    channel = TaobaoChannel({**settings, "tmc_group": "default"}, transport)
    messages = channel.next_messages()
    assert [(one.hint.external_id, one.hint.kind) for one in messages] == [
        ("2231958349012345678", DocumentKind.ORDER),
        ("198765432109876543", DocumentKind.CLAIM),
    ]
    channel.confirm_messages([one.token for one in messages])
    for request, recorded in zip(transport.sent, (consumed, confirmed), strict=True):
        body = dict(parse_qsl(request.body.decode()))
        assert {name: body[name] for name in recorded["request"]} == recorded["request"]


def test_a_waybill_is_asked_for_as_in_the_sample(taobao: Path, settings: dict[str, str]) -> None:
    recorded = sample(taobao, "cainiao.waybill.ii.get")
    wanted = json.loads(recorded["request"]["param_waybill_cloud_print_apply_new_request"])
    (info,) = wanted["trade_order_info_dtos"]
    person = info["recipient"]
    receiver = Address(
        **person["address"], name=person["name"], phone=person["mobile"], masked=True, privacy_token=person["oaid"],
        token_owner="taobao",
    )  # fmt: skip
    sender = Address(**wanted["sender"]["address"], name=wanted["sender"]["name"], phone=wanted["sender"]["mobile"])
    trades = tuple(Trade("channel_taobao", "tb", tid) for tid in info["order_info"]["trade_order_list"])
    transport = ScriptedTransport(answer(recorded["response"]))
    carrier = CainiaoWaybills({**settings, "user_id": "1", "cp_code": "YTO"}, transport)
    booked = carrier.book(Booking(sender, receiver, (Goods("T恤", 3),), 0, trades=trades), "P1")
    assert booked.number == "YT1234567890123"
    assert json.loads(booked.raw)["encryptedData"] == "AES:synthetic=="
    body = dict(parse_qsl(transport.sent[0].body.decode()))
    sent = json.loads(body["param_waybill_cloud_print_apply_new_request"])
    assert sent.pop("need_encrypt") is True
    assert sent["trade_order_info_dtos"][0]["package_info"].pop("goods_description") == "T恤"
    assert sent == wanted


def test_doors_are_asked_about_as_in_the_sample(taobao: Path, settings: dict[str, str]) -> None:
    recorded = sample(taobao, "top.oaid.merge")
    named = json.loads(recorded["request"]["merge_list"])
    transport = ScriptedTransport(answer(recorded["response"]))
    groups = TaobaoChannel(settings, transport).same_doors([MaskedDoor(one["tid"], one["oaid"]) for one in named])
    assert groups == [["2231958349012345678", "2231958349099345678"]]
    assert json.loads(dict(parse_qsl(transport.sent[0].body.decode()))["merge_list"]) == named
