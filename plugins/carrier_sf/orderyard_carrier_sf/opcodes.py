"""What SF's route opcodes mean, as data; agreed on by at least five independent clients unless a line says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from orderyard.core.carriers.api import TrackingState

OPCODES: Mapping[str, TrackingState] = MappingProxyType(
    {
        "655": TrackingState.BOOKED,  # 待揽收
        "50": TrackingState.PICKED_UP,  # 已收件
        "54": TrackingState.PICKED_UP,  # 上门收件
        "607": TrackingState.PICKED_UP,  # 代理收件; weak: some clients read it as an arrival
        "30": TrackingState.IN_TRANSIT,  # 装车, 发往
        "31": TrackingState.IN_TRANSIT,  # 到达中转场
        "36": TrackingState.IN_TRANSIT,  # 封车离开
        "105": TrackingState.IN_TRANSIT,  # 航班起飞
        "106": TrackingState.IN_TRANSIT,  # 航班落地
        "123": TrackingState.IN_TRANSIT,  # 网点出件
        "130": TrackingState.IN_TRANSIT,  # 到达目的地网点
        "310": TrackingState.IN_TRANSIT,  # 到达
        "407": TrackingState.IN_TRANSIT,  # 在途
        "501": TrackingState.IN_TRANSIT,  # 在途
        "3036": TrackingState.IN_TRANSIT,  # 快件在车上
        "44": TrackingState.OUT_FOR_DELIVERY,  # 派送中
        "204": TrackingState.OUT_FOR_DELIVERY,  # 派件责任交接
        "125": TrackingState.READY_FOR_PICKUP,  # 派件到丰巢; weak
        "657": TrackingState.READY_FOR_PICKUP,  # 合作点待取; weak
        "658": TrackingState.READY_FOR_PICKUP,  # 合作点代派; weak
        "33": TrackingState.DELIVERY_FAILED,  # 派件异常
        "70": TrackingState.DELIVERY_FAILED,  # 派件不成功
        "80": TrackingState.DELIVERED,  # 签收
        "8000": TrackingState.DELIVERED,  # 在官网可查签收人; follows 80
        "99": TrackingState.RETURNING,  # 应客户要求退回
        "631": TrackingState.RETURNING,  # 新单退回
        "648": TrackingState.RETURNING,  # 退回
    }
)


def state_of(opcode: str) -> TrackingState:
    """The state an opcode stands for; UNKNOWN for one that nobody has mapped (and for 922, a signed form coming back)."""
    return OPCODES.get(opcode, TrackingState.UNKNOWN)
