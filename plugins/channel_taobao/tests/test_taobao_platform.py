"""What the simulated platform refuses, by its own codes, in after-sales, parcels, notes and messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from orderyard_channel_taobao.simulator.calls import CALLS
from orderyard_channel_taobao.simulator.protocol import TopError
from orderyard_channel_taobao.simulator.server import TaobaoSimulator

SF = {"out_sid": "SF1000000000017", "company_code": "SF"}


def said(shop: TaobaoSimulator, method: str, **params: str) -> dict[str, Any]:
    """The answer, or the parts of the refusal."""
    try:
        return CALLS[method](shop.shop, params, shop.now())
    except TopError as error:
        return error.parts


def packages(*goods: tuple[str, int], **changes: str) -> str:
    inside = [{"sub_tid": oid, "num": num} for oid, num in goods]
    return json.dumps([{**SF, "goods": inside, **changes}])


def test_an_answer_to_an_older_refund_is_refused(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    refund_id = shop.ask_refund(place())
    row = said(shop, "taobao.refund.get", refund_id=refund_id, fields="refund_version,refund_fee,refund_phase")["refund"]
    old = f"{refund_id}|2000|{row['refund_version'] - 1000}|onsale"
    answer = said(shop, "taobao.rp.refunds.agree", refund_infos=old)
    assert (answer["succ"], answer["msg_code"]) == (False, "OP_FAILURE_UE")
    other = shop.ask_refund(place())
    version = said(shop, "taobao.refund.get", refund_id=other, fields="refund_version")["refund"]["refund_version"]
    both = said(shop, "taobao.rp.refunds.agree", refund_infos=f"{old},{other}|2000|{version}")
    assert (both["msg_code"], [one["succ"] for one in both["results"]["refund_mapping_result"]]) == (
        "SOME_OP_SUCC",
        [False, True],
    )


def test_tmall_gives_no_money_back_unreviewed_or_without_its_phase(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    shop.shop.tmall = True
    refund_id = shop.ask_refund(place())
    version = said(shop, "taobao.refund.get", refund_id=refund_id, fields="refund_version")["refund"]["refund_version"]

    def agreed(phase: str) -> str:
        answer = said(shop, "taobao.rp.refunds.agree", refund_infos=f"{refund_id}|2000|{version}{phase}")
        return str(answer["results"]["refund_mapping_result"][0]["message"])

    assert "阶段" in agreed("")
    assert "未审核" in agreed("|onsale")
    review = {"operator": "x", "message": "ok", "result": "true", "refund_phase": "onsale", "refund_version": str(version)}
    assert said(shop, "taobao.rp.refund.review", refund_id=refund_id, **review) == {"is_success": True}
    assert agreed("|onsale") == "操作成功"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("taobao.refund.get", {"fields": "tid", "refund_id": "1"}, "isv.refund-not-exist"),
        ("taobao.refund.refuse", {"refund_id": "{}", "refuse_message": "不行"}, "isv.refund-refuse-not-allowed"),
        ("taobao.refund.refuse", {"refund_id": "{}", "refuse_message": "?"}, "41"),
        ("taobao.rp.returngoods.agree", {"refund_id": "{}", "seller_address_id": "1"}, "40"),
        ("taobao.rp.refund.review", {"refund_id": "{}"}, "40"),
        ("taobao.rp.refunds.agree", {"refund_infos": "{}|1"}, "41"),
        ("taobao.rdc.aligenius.sendgoods.cancel", {"param": "not JSON"}, "41"),
        ("taobao.tmc.messages.consume", {"quantity": "5"}, "41"),
        ("taobao.tmc.messages.consume", {"group_name": "nobody's"}, "isv.group-not-exist"),
        ("taobao.tmc.messages.confirm", {"s_message_ids": ",".join("1" * 201)}, "41"),
        ("taobao.trade.memo.update", {"tid": "1", "memo": "x"}, "isv.trade-not-exist"),
        ("taobao.logistics.dummy.send", {"tid": "1"}, "isv.logistics-dummy-service-error:B01"),
        ("taobao.logistics.consign.resend", {"tid": "1", **SF}, "isv.logistics-resend-service-error:B01"),
    ],
)
def test_what_cannot_be_done_is_refused_by_code(
    shop: TaobaoSimulator, place: Callable[..., str], method: str, params: dict[str, str], code: str
) -> None:
    refund_id = shop.ask_refund(place())
    refused = said(shop, method, **{name: value.replace("{}", refund_id) for name, value in params.items()})
    assert code in (refused["sub_code"], str(refused["code"]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"consign_type": "0"}, "CD22"),
        ({"consign_pkgs": packages(("7", 1))}, "P38"),
        ({"consign_pkgs": packages()}, "P38"),
        ({"consign_pkgs": packages(("{}", 3))}, "CD25"),
        ({"consign_pkgs": packages(("{}", 0))}, "CD25"),
        ({"consign_pkgs": packages(("{}", 1))}, "CD26"),
        ({"consign_pkgs": packages(("{}", 2), out_sid="??")}, "B60"),
        ({"consign_pkgs": packages(("{}", 2), company_code="XX")}, "B57"),
    ],
)
def test_units_in_parcels_must_add_up(
    shop: TaobaoSimulator, place: Callable[..., str], changes: dict[str, str], code: str
) -> None:
    tid = place(("MUG", 2))
    params = {"tid": tid, "consign_type": "1", "consign_pkgs": packages((tid, 2)), **changes}
    params["consign_pkgs"] = params["consign_pkgs"].replace("{}", tid)
    assert said(shop, "alibaba.ascp.logistics.offline.send", **params)["sub_code"].endswith(f":{code}")
    assert shop.told().confirmations == 0


def test_one_number_is_told_once_per_line(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    tid = place(("MUG", 2))
    part = {"tid": tid, "consign_type": "1", "consign_pkgs": packages((tid, 1))}
    partial = json.dumps({"sub_tid": tid, "is_part_consign": True})
    assert said(shop, "alibaba.ascp.logistics.offline.send", **part, consign_status=partial) == {"result": {"success": True}}
    assert said(shop, "alibaba.ascp.logistics.offline.send", **part)["sub_code"].endswith(":B27")


def test_named_lines_of_a_change_are_never_all_of_them(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    tid = place(("TEE-M", 1), ("MUG", 1))
    assert said(shop, "taobao.logistics.consign.resend", tid=tid, **SF)["sub_code"].endswith(":B04")
    said(shop, "taobao.logistics.offline.send", tid=tid, **SF)
    oids = ",".join(str(line.oid) for line in shop.shop.trades[int(tid)].lines)
    again = {"tid": tid, **SF, "is_split": "1", "sub_tid": oids}
    assert said(shop, "taobao.logistics.consign.resend", **again)["sub_code"].endswith(":P38")


def test_an_empty_note_needs_to_be_meant(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    tid = place(memo="老顾客")
    trade = shop.shop.trades[int(tid)]
    said(shop, "taobao.trade.memo.update", tid=tid, memo="", flag="2")
    assert (trade.memo, trade.flag) == ("老顾客", 2)
    said(shop, "taobao.trade.memo.update", tid=tid, reset="true")
    assert (trade.memo, trade.flag) == ("", 2)
    assert said(shop, "taobao.trade.memo.update", tid=tid, memo="x" * 1001)["code"] == 41
    assert said(shop, "taobao.trade.memo.update", tid=tid, memo="x", flag="9")["code"] == 41


def test_what_cannot_happen_to_an_order_is_told(shop: TaobaoSimulator, place: Callable[..., str]) -> None:
    unpaid, paid = place(paid=False), place()
    for wrong in (
        lambda: shop.ask_refund(unpaid),
        lambda: shop.forfeit(paid),
        lambda: shop.sign(paid),
        lambda: shop.send_back(shop.ask_refund(paid), "圆通速递", "YT1"),
    ):
        with pytest.raises(ValueError, match="is "):
            wrong()
