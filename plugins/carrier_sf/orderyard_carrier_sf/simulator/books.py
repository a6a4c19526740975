"""What SF knows: orders with their waybills, and where each parcel has been."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CITIES = {
    "北京": "010",
    "上海": "021",
    "广州": "020",
    "深圳": "755",
    "杭州": "571",
    "南京": "025",
    "苏州": "512",
    "成都": "028",
    "武汉": "027",
    "重庆": "023",
    "天津": "022",
    "西安": "029",
}
"""SF's own city codes for the larger cities; any other city of the simulator is 999."""

NOT_SERVED = "无法派送"
"""A receiver whose address holds these characters lives where SF does not go."""


@dataclass(slots=True)
class Step:
    """One route of a waybill, in Beijing time without a zone as SF writes it."""

    time: datetime
    place: str
    remark: str
    opcode: str
    first: tuple[str, str]
    second: tuple[str, str]

    def wire(self) -> dict[str, str]:
        return {
            "acceptTime": self.time.strftime("%Y-%m-%d %H:%M:%S"),
            "acceptAddress": self.place,
            "remark": self.remark,
            "opCode": self.opcode,
            "firstStatusCode": self.first[0],
            "firstStatusName": self.first[1],
            "secondaryStatusCode": self.second[0],
            "secondaryStatusName": self.second[1],
        }


@dataclass(slots=True)
class Order:
    """One order as SF took it: the message it came in, its waybills (mother first) and what became of it."""

    order_id: str
    message: Mapping[str, Any]
    waybills: tuple[str, ...]
    origin: str
    destination: str
    cancelled: bool = False
    steps: list[Step] = field(default_factory=list)

    def contact(self, kind: int) -> Mapping[str, Any]:
        """The sender (1) or the receiver (2)."""
        for contact in self.message["contactInfoList"]:
            if contact["contactType"] == kind:
                found: Mapping[str, Any] = contact
                return found
        return {}

    def phone_ends(self) -> set[str]:
        """The last four characters of both telephone numbers."""
        return {str(self.contact(kind).get("mobile") or self.contact(kind).get("tel") or "")[-4:] for kind in (1, 2)}

    @property
    def picked_up(self) -> bool:
        return any(step.opcode != "655" for step in self.steps)


def city_code(city: str) -> str:
    return CITIES.get(city.removesuffix("市"), "999")


def waybill_number(order_id: str, index: int) -> str:
    """SF and 13 digits that follow from the order number, so that a simulator started anew gives the same ones."""
    value = int.from_bytes(hashlib.blake2b(f"{order_id}/{index}".encode(), digest_size=8).digest(), "big")
    return f"SF{10**12 + value % (9 * 10**12)}"


# For every state of the neutral scale what SF would report: (opCode, words, first status, second status).
_COLLECTED, _MOVING, _DELIVERING = ("1", "已揽收"), ("2", "运送中"), ("3", "派送中")
_SIGNED, _WAITING, _ODD = ("4", "已签收"), ("7", "待揽收"), ("9", "其他")
JOURNEY: Mapping[str, tuple[tuple[str, str, tuple[str, str], tuple[str, str]], ...]] = {
    "booked": (("655", "您的订单已受理，等待顺丰小哥上门收件", _WAITING, ("701", "待揽收")),),
    "picked_up": (("50", "顺丰速运 已收取快件", _COLLECTED, ("101", "已揽收")),),
    "in_transit": (
        ("30", "快件在【{origin}测试中转场】完成分拣,准备发往 【{destination}测试中转场】", _MOVING, ("201", "运送中")),
        ("31", "快件到达 【{destination}测试中转场】", _MOVING, ("201", "运送中")),
    ),
    "out_for_delivery": (("44", "快件交给测试快递员，正在派送途中", _DELIVERING, ("301", "派送中")),),
    "ready_for_pickup": (("125", "快件已放入丰巢柜，请凭取件码领取", _DELIVERING, ("301", "派送中")),),
    "delivery_failed": (("70", "快件派送不成功(客户要求改时间)，待再次派送", _DELIVERING, ("301", "派送中")),),
    "delivered": (
        ("80", "已签收,感谢使用顺丰,期待再次为您服务", _SIGNED, ("401", "已签收")),
        ("8000", '在官网"运单资料&签收图",可查看签收人信息', _SIGNED, ("401", "已签收")),
    ),
    "returning": (("648", "快件已退回，原因：收件人拒收", _MOVING, ("201", "运送中")),),
    "returned": (("80", "退回件已签收", _SIGNED, ("401", "已签收")),),
    "unknown": (("7777", "新业务节点", _ODD, ("901", "其他")),),
}
_AT_DESTINATION = frozenset({"31", "44", "125", "70", "80", "8000", "648"})


class Books:
    """All orders by their number and by each waybill; not thread-safe by itself."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.by_waybill: dict[str, Order] = {}
        self.refused: dict[str, Order] = {}
        """Orders SF does not deliver; their number is taken, a waybill they never got."""

    def open(self, message: Mapping[str, Any]) -> Order:
        """Take an order whose number is new; one SF cannot deliver is kept without a waybill."""
        order_id = str(message["orderId"])
        order = Order(order_id, message, (), "", "")
        receiver = order.contact(2)
        order.origin = city_code(str(order.contact(1).get("city") or order.contact(1).get("province") or ""))
        if NOT_SERVED in str(receiver.get("address") or ""):
            self.refused[order_id] = order
            return order
        order.destination = city_code(str(receiver.get("city") or receiver.get("province") or ""))
        count = int(message.get("parcelQty") or 1)
        order.waybills = tuple(waybill_number(order_id, index) for index in range(count))
        self.orders[order_id] = order
        for number in order.waybills:
            self.by_waybill[number] = order
        return order

    def find(self, order_id: str) -> Order | None:
        return self.orders.get(order_id) or self.refused.get(order_id)

    def advance(self, number: str, state: str, now: datetime) -> None:
        """Report `state` at Beijing time `now`; steps of one waybill are at least a second apart, as scanners write them."""
        order = self.by_waybill[number]
        reports = JOURNEY[state]
        if state == "returned" and not any(step.opcode == "648" for step in order.steps):
            reports = JOURNEY["returning"] + reports
        for opcode, words, first, second in reports:
            time = now.replace(microsecond=0)
            if order.steps:
                time = max(time, order.steps[-1].time + timedelta(seconds=1))
            sender, receiver = (str(order.contact(kind).get("city") or "") for kind in (1, 2))
            place = receiver if opcode in _AT_DESTINATION else sender
            if state == "returned" and opcode == "80":
                place = sender
            order.steps.append(Step(time, place, words.format(origin=sender, destination=receiver), opcode, first, second))
