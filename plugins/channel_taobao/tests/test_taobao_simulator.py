"""The simulator, held against the platform's protocol rather than against the adapter."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from orderyard_channel_taobao.simulator.server import TaobaoSimulator
from werkzeug.test import Client, EnvironBuilder

from orderyard.core.kernel.values import Address, Money
from orderyard.core.testing.scripted import FixedEnvironment
from orderyard.core.testing.simulator import BuyerOrder, ShopItem

HOME = Address(province="浙江省", city="杭州市", detail="文一西路969号", name="林小满", phone="18800004321")
NOW = "2026-11-21 12:00:00"
OAID_FIELDS = "tid,oaid,receiver_name,receiver_address,created,receiver_mobile,receiver_phone"


class Peer:
    """A client of its own: signs by itself and puts each parameter where it is told."""

    def __init__(self, simulator: TaobaoSimulator) -> None:
        self.simulator = simulator
        self.settings = {"app_secret": "", "app_key": "", "session": ""} | dict(simulator.settings())

    def params(self, method: str, how: str = "md5", /, **business: str) -> dict[str, str]:
        params = {
            "method": f"taobao.{method}",
            "app_key": self.settings["app_key"],
            "session": self.settings["session"],
            "timestamp": NOW,
            "v": "2.0",
            "format": "json",
            "sign_method": how,
            **business,
        }
        secret = self.settings["app_secret"]
        text = "".join(key + params[key] for key in sorted(params))
        if how == "md5":
            digest = hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest()
        else:
            digest = hmac.new(secret.encode(), text.encode(), "md5" if how == "hmac" else "sha256").hexdigest()
        return {**params, "sign": digest.upper()}

    def send(self, query: dict[str, str], form: dict[str, str], multipart: bool = False) -> Any:
        kind = "multipart/form-data" if multipart else "application/x-www-form-urlencoded"
        builder = EnvironBuilder("/router/rest", method="POST", query_string=query, data=form, content_type=kind)
        response = Client(self.simulator._application).open(builder.get_request())
        assert response.status_code == 200
        return response.text if response.text.startswith("<") else json.loads(response.text)

    def call(self, method: str, **business: str) -> Any:
        return self.send({}, self.params(method, **business))

    def sub_code(self, method: str, **business: str) -> str:
        return str(self.call(method, **business)["error_response"].get("sub_code"))


@pytest.fixture
def simulator() -> Iterator[TaobaoSimulator]:
    simulator = TaobaoSimulator(FixedEnvironment(datetime(2026, 11, 21, 4, 0, 0, tzinfo=UTC)))
    simulator.start()
    simulator.open_shop(
        (
            ShopItem("TEE-M", "T恤", Money.of("59.00", "CNY"), options={"尺码": "M"}),
            ShopItem("TEE-L", "T恤", Money.of("59.00", "CNY"), options={"尺码": "L"}),
            ShopItem("MUG", "杯子", Money.of("20.00", "CNY")),
        )
    )
    yield simulator
    simulator.stop()


@pytest.fixture
def peer(simulator: TaobaoSimulator) -> Peer:
    return Peer(simulator)


def order(*lines: tuple[str, int], **changes: Any) -> BuyerOrder:
    return BuyerOrder(**{"buyer": "xiaoman", "receiver": HOME, "lines": lines or (("MUG", 1),), **changes})


@pytest.mark.parametrize("how", ["md5", "hmac", "hmac-sha256"])
@pytest.mark.parametrize("place", ["query", "body", "multipart", "split"])
def test_parameters_are_taken_from_wherever_they_stand(peer: Peer, how: str, place: str) -> None:
    params = peer.params("logistics.companies.get", how, fields="id,code,name,reg_mail_no")
    query = {key: value for key, value in params.items() if place == "query" or (place == "split" and key != "fields")}
    form = {key: value for key, value in params.items() if key not in query}
    companies = peer.send(query, form, place == "multipart")["logistics_companies_get_response"]["logistics_companies"]
    assert {"SF", "YTO"} <= {company["code"] for company in companies["logistics_company"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": ""}, 21),
        ({"method": "taobao.no.such"}, 25),
        ({"app_key": ""}, 28),
        ({"app_key": "1"}, 29),
        ({"sign": ""}, 24),
        ({"sign": "0" * 32}, 25),
        ({"sign_method": "sha1"}, 25),
        ({"extra": "unsigned"}, 25),
    ],
)
def test_what_is_wrong_with_a_call_is_told_by_code(peer: Peer, change: dict[str, str], code: int) -> None:
    params = {**peer.params("trades.sold.get", fields="tid"), **change}
    assert peer.send({}, {key: value for key, value in params.items() if value})["error_response"]["code"] == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"timestamp": "2026-11-21 12:10:01"}, 31),
        ({"timestamp": "2026-11-21 04:00:00"}, 31),
        ({"timestamp": "now"}, 31),
        ({"session": "6100stale"}, 27),
        ({"v": "3.0"}, 33),
        ({"method": "taobao.no.such"}, 22),
        ({"fields": ""}, 40),
    ],
)
def test_a_well_signed_call_is_still_checked(peer: Peer, change: dict[str, str], code: int) -> None:
    assert peer.send({}, peer.params("trades.sold.get", **{"fields": "tid", **change}))["error_response"]["code"] == code


@pytest.mark.parametrize("stamp", ["2026-11-21 11:50:00", "2026-11-21 12:10:00", "1795233600000"])
def test_ten_minutes_and_milliseconds_are_allowed(peer: Peer, stamp: str) -> None:
    assert "trades_sold_get_response" in peer.call("trades.sold.get", fields="tid", timestamp=stamp)


def test_without_a_format_the_answer_is_xml(peer: Peer) -> None:
    answer = peer.call("trades.sold.get", fields="tid", format="xml")
    assert answer.startswith("<?xml")
    assert "<total_results>0</total_results>" in answer


def test_a_simplified_answer_has_no_root_and_no_wrappers(peer: Peer, simulator: TaobaoSimulator) -> None:
    simulator.place(order())
    answer = peer.call("trades.sold.get", fields="tid,orders.num", simplify="true")
    assert answer["trades"][0]["orders"] == [{"num": 1}]


def test_pages_run_newest_first_and_an_empty_one_has_no_list(peer: Peer, simulator: TaobaoSimulator) -> None:
    placed = [int(simulator.place(order())) for _ in range(5)]
    simulator.pay(simulator.place(order(paid=False)))
    window = {"fields": "tid,modified", "start_modified": "2026-11-21 11:50:00", "end_modified": NOW, "page_size": "2"}
    counted = peer.call("trades.sold.increment.get", **window)["trades_sold_increment_get_response"]
    assert counted["total_results"] == 5
    assert "has_next" not in counted
    assert [trade["tid"] for trade in counted["trades"]["trade"]] == [placed[4], placed[3]]
    last = peer.call("trades.sold.increment.get", **window, page_no="3", use_has_next="true")
    assert last["trades_sold_increment_get_response"]["has_next"] is False
    assert "total_results" not in last["trades_sold_increment_get_response"]
    beyond = peer.call("trades.sold.increment.get", **window, page_no="4", use_has_next="true")
    assert "trades" not in beyond["trades_sold_increment_get_response"]


def test_a_change_within_the_same_second_moves_modified_on(peer: Peer, simulator: TaobaoSimulator) -> None:
    tid = simulator.place(order(paid=False))
    simulator.pay(tid)
    trade = peer.call("trade.fullinfo.get", tid=tid, fields="created,modified")["trade_fullinfo_get_response"]["trade"]
    assert trade == {"created": "2026-11-21 12:00:00", "modified": "2026-11-21 12:00:01"}


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-20 11:59:59", NOW), (NOW, NOW), ("yesterday", NOW), (NOW, "2026-11-21 11:00:00")]
)
def test_a_window_is_longer_than_nothing_and_no_longer_than_a_day(peer: Peer, start: str, end: str) -> None:
    answer = peer.call("trades.sold.increment.get", fields="tid", start_modified=start, end_modified=end)
    assert answer["error_response"]["code"] == 41


def test_the_usual_types_hide_others(peer: Peer, simulator: TaobaoSimulator) -> None:
    simulator.place(order())
    simulator.place(order(cod=True))
    assert peer.call("trades.sold.get", fields="tid", type="cod")["trades_sold_get_response"]["total_results"] == 1
    assert peer.call("trades.sold.get", fields="tid", type="step")["trades_sold_get_response"]["total_results"] == 0
    assert peer.call("trades.sold.get", fields="tid")["trades_sold_get_response"]["total_results"] == 2


def test_an_oaid_is_only_made_when_the_receiver_is_asked_for(peer: Peer, simulator: TaobaoSimulator) -> None:
    tid = simulator.place(order())

    def trade(**params: str) -> dict[str, Any]:
        found: dict[str, Any] = peer.call("trade.fullinfo.get", tid=tid, **params)["trade_fullinfo_get_response"]["trade"]
        return found

    shown = trade(fields=OAID_FIELDS, include_oaid="include_oaid")
    assert 0 < len(shown["oaid"]) <= 128
    assert (shown["receiver_name"], shown["receiver_mobile"]) == ("林**", "*******4321")
    assert "oaid" not in trade(fields=OAID_FIELDS)
    assert "oaid" not in trade(fields="tid,oaid", include_oaid="include_oaid")


def test_one_buyer_at_one_address_has_one_oaid(peer: Peer, simulator: TaobaoSimulator) -> None:
    elsewhere = Address(province="浙江省", city="杭州市", detail="别处", name="林小满", phone="18800004321")
    placed = [simulator.place(order()), simulator.place(order(("TEE-M", 1))), simulator.place(order(receiver=elsewhere))]
    placed.append(simulator.place(order(buyer="xiaoqing")))
    oaids = []
    for tid in placed:
        answer = peer.call("trade.fullinfo.get", tid=tid, fields=OAID_FIELDS, include_oaid="include_oaid")
        oaids.append(answer["trade_fullinfo_get_response"]["trade"]["oaid"])
    assert oaids[0] == oaids[1]
    assert len(set(oaids)) == 3


@pytest.mark.parametrize("discount", [0, 1, 1000, 12_345, 20_000, 99_999])
def test_the_shares_of_a_discount_add_up(peer: Peer, simulator: TaobaoSimulator, discount: int) -> None:
    tid = simulator.place(order(("TEE-M", 1), ("TEE-L", 2), ("MUG", 1), discount=discount, freight=500))
    answer = peer.call("trade.fullinfo.get", tid=tid, fields="payment,post_fee,orders")
    trade = answer["trade_fullinfo_get_response"]["trade"]
    shares = [round(float(line["divide_order_fee"]) * 100) for line in trade["orders"]["order"]]
    assert min(shares) >= 0
    assert sum(shares) + 500 == round(float(trade["payment"]) * 100) == 19_700 - min(discount, 19_700) + 500


def test_a_parcel_is_refused_by_the_platform_s_own_codes(peer: Peer, simulator: TaobaoSimulator) -> None:
    prefix = "isv.logistics-offline-service-error:"
    tid = simulator.place(order(("TEE-M", 1), ("MUG", 1)))
    parcel = {"tid": tid, "out_sid": "SF1000000000017", "company_code": "SF"}
    assert peer.sub_code("logistics.offline.send", **{**parcel, "tid": "1"}) == f"{prefix}B01"
    assert peer.sub_code("logistics.offline.send", **{**parcel, "company_code": "XX"}) == f"{prefix}B57"
    assert peer.sub_code("logistics.offline.send", **{**parcel, "out_sid": "??"}) == f"{prefix}B60"
    assert peer.sub_code("logistics.offline.send", **parcel, is_split="1", sub_tid="7") == f"{prefix}P38"
    assert peer.sub_code("logistics.online.send", **parcel).endswith("B98")
    assert peer.call("logistics.offline.send", **parcel)["logistics_offline_send_response"]["shipping"]["is_success"]
    assert peer.sub_code("logistics.offline.send", **parcel) == f"{prefix}B04"
    assert simulator.told().shipments == {tid: ("SF1000000000017",)}
    assert simulator.told().confirmations == 1
    cod = simulator.place(order(cod=True))
    assert peer.sub_code("logistics.offline.send", **{**parcel, "tid": cod}) == f"{prefix}B98"
    assert "logistics_online_send_response" in peer.call("logistics.online.send", **{**parcel, "tid": cod})


def offered(peer: Peer, method: str, **params: str) -> list[str]:
    """Ids of the items on one page."""
    answer = peer.call(method, **{"fields": "num_iid", **params})[f"{method.replace('.', '_')}_response"]
    return [str(item["num_iid"]) for item in answer.get("items", {}).get("item", [])]


def test_what_is_sold_out_is_no_longer_on_sale(peer: Peer) -> None:
    tee, mug = offered(peer, "items.inventory.get", banner="sold_out")
    assert offered(peer, "items.onsale.get") == []
    peer.call("item.quantity.update", num_iid=mug, quantity="7", type="1")
    assert (offered(peer, "items.onsale.get"), offered(peer, "items.inventory.get", banner="sold_out")) == ([mug], [tee])
    assert offered(peer, "items.inventory.get") == []


def test_items_are_listed_by_when_they_changed(peer: Peer, simulator: TaobaoSimulator) -> None:
    tee, mug = offered(peer, "items.inventory.get", banner="sold_out")
    assert isinstance(simulator.environment, FixedEnvironment)
    simulator.environment.moment += timedelta(seconds=9)
    peer.call("skus.quantity.update", num_iid=tee, outerid_quantities="TEE-M:0;TEE-L:0", type="1")

    def found(**params: str) -> list[str]:
        return offered(peer, "items.inventory.get", banner="sold_out", **params)

    assert (found(order_by="modified:asc"), found(order_by="modified:desc")) == ([mug, tee], [tee, mug])
    assert found(start_modified="2026-11-21 12:00:09") == [tee]
    assert found(end_modified="2026-11-21 12:00:08") == [mug]
    assert found(order_by="modified:asc", page_no="2", page_size="1") == [tee]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("items.onsale.get", {"page_size": "201"}),
        ("items.onsale.get", {"page_no": "0"}),
        ("items.onsale.get", {"page_no": "101", "page_size": "200"}),
        ("items.onsale.get", {"order_by": "mood:asc"}),
        ("items.onsale.get", {"start_modified": "yesterday"}),
        ("items.inventory.get", {"page_no": "102", "page_size": "1"}),
        ("items.inventory.get", {"banner": "somewhere"}),
        ("item.skus.get", {"num_iids": ",".join(str(number) for number in range(41))}),
    ],
)
def test_a_list_of_items_has_its_limits(peer: Peer, method: str, params: dict[str, str]) -> None:
    assert peer.call(method, fields="num_iid", **params)["error_response"]["code"] == 41


def test_stock_is_set_or_added_and_never_below_nothing(peer: Peer, simulator: TaobaoSimulator) -> None:
    tee, mug = offered(peer, "items.inventory.get", banner="sold_out")
    skus = peer.call("item.skus.get", fields="sku_id,outer_id", num_iids=tee)["item_skus_get_response"]["skus"]["sku"]
    ids = {sku["outer_id"]: str(sku["sku_id"]) for sku in skus}
    answer = peer.call("skus.quantity.update", num_iid=tee, skuid_quantities=f"{ids['TEE-M']}:9;{ids['TEE-L']}:4", type="1")
    assert answer["skus_quantity_update_response"]["item"]["num"] == 13
    peer.call("skus.quantity.update", num_iid=tee, outerid_quantities="TEE-M:-20", type="2")
    peer.call("item.quantity.update", num_iid=mug, quantity="7", type="1")
    assert simulator.told().stock == {"TEE-M": 0, "TEE-L": 4, "MUG": 7}
    assert simulator.told().stock_updates == 4
    assert peer.sub_code("item.quantity.update", num_iid="1", quantity="7").startswith("isv.item-not-exist")
    assert peer.sub_code("item.quantity.update", num_iid=tee, quantity="7").startswith("isv.invalid-parameter:sku")
    assert peer.sub_code("skus.quantity.update", num_iid=tee, skuid_quantities="1:1").startswith("isv.invalid-parameter:sku")
    assert peer.sub_code("skus.quantity.update", num_iid=tee, skuid_quantities=f"{ids['TEE-M']}:-1").endswith("quantity")


def test_a_refund_needs_a_paid_order_and_a_payment_an_unpaid_one(simulator: TaobaoSimulator) -> None:
    unpaid, paid = simulator.place(order(paid=False)), simulator.place(order())
    with pytest.raises(ValueError, match=unpaid):
        simulator.refund(unpaid)
    with pytest.raises(ValueError, match=paid):
        simulator.pay(paid)


def test_trade_ids_have_nineteen_digits_and_repeat_from_run_to_run(simulator: TaobaoSimulator) -> None:
    again = TaobaoSimulator(FixedEnvironment())
    ids = [simulator.place(order()), simulator.place(order())]
    assert [again.place(order()), again.place(order())] == ids
    assert [len(tid) for tid in ids] == [19, 19]


def test_an_independent_client_is_served(simulator: TaobaoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    taobaopy = pytest.importorskip("taobaopy.taobao", reason="the PyPI client taobaopy is not installed")
    # It sends the machine's own time and knows no other, so the machine stands in China for this test.
    simulator.environment = TaobaoSimulator().environment
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, "TZ", "Asia/Shanghai")
        time.tzset()
        client = taobaopy.TaoBaoAPIClient(
            simulator.settings()["app_key"], simulator.settings()["app_secret"], domain=simulator.base_url, retry_count=1
        )
        client.set_access_token(simulator.settings()["session"])
        tid = simulator.place(order(message="测试 +&="))
        trade = client.trade_fullinfo_get(tid=int(tid), fields="tid,buyer_message")["trade_fullinfo_get_response"]["trade"]
        assert trade == {"tid": int(tid), "buyer_message": "测试 +&="}
        client.trade_memo_update(tid=int(tid), memo="老顾客 & 朋友", flag=3)
        assert simulator.shop.trades[int(tid)].memo == "老顾客 & 朋友"
        refund_id = simulator.ask_refund(tid)
        refunds = client.refunds_receive_get(fields="refund_id,tid,status")["refunds_receive_get_response"]["refunds"]["refund"]
        assert refunds == [{"refund_id": refund_id, "tid": int(tid), "status": "WAIT_SELLER_AGREE"}]
        with pytest.raises(taobaopy.TaoBaoAPIError) as raised:
            client.trade_fullinfo_get(tid=1, fields="tid")
        assert raised.value.sub_code == "isv.trade-not-exist"
    time.tzset()
