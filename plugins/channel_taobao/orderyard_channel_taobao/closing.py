"""Closing a trade that nobody has paid (关闭交易); whatever is paid ends by a refund, which the buyer asks for."""

from __future__ import annotations

from orderyard.core.kernel.errors import RemoteRejected

from . import answers
from .gateway import Gateway
from .reading import trade_of

REASONS = (
    "未及时付款",
    "买家不想买了",
    "买家信息填写错误，重新拍",
    "恶意买家/同行捣乱",
    "缺货",
    "买家拍错了",
    "同城见面交易",
)
"""What the platform takes as a reason; other words stand as the second."""

_TOO_FAST = "CLOSE_TRADE_TOO_FAST"
_CLOSED = frozenset(("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"))


def close(gateway: Gateway, tid: str, because: str) -> bool:
    """True once the trade is closed; False for one that is younger than ten seconds, which is asked for again."""
    reason = because.strip() if because.strip() in REASONS else REASONS[1]
    try:
        gateway.call("taobao.trade.close", {"tid": tid, "close_reason": reason}, effect=True)
    except RemoteRejected as refused:
        if _TOO_FAST in f"{refused.code} {refused.what}":
            return False
        trade = trade_of(gateway.fetch("taobao.trade.fullinfo.get", {"tid": tid, "fields": "tid,status"}))
        if answers.text(trade.get("status")) in _CLOSED:
            return True
        raise RemoteRejected(
            refused.what, code=refused.code, raw=refused.raw,
            remedy="only an unpaid trade can be closed; let the buyer ask for a refund, and agree to it here",
        ) from refused  # fmt: skip
    return True
