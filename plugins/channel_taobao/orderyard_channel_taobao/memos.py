"""The seller's note and flag on a trade (卖家备注)."""

from __future__ import annotations

from orderyard.core.channels.api import Memo
from orderyard.core.kernel.errors import RemoteRejected

from . import answers
from .gateway import Gateway
from .reading import OWN_MEMO, sellers_memo, trade_of

_MOST = 1000
"""Bytes."""
_FLAGS = ("", "0", "1", "2", "3", "4", "5")


def write(gateway: Gateway, tid: str, memo: Memo) -> None:
    """Put our lines under the seller's own words, in the place of those we wrote before; repeating it changes nothing."""
    if memo.flag not in _FLAGS:
        raise RemoteRejected(f"Taobao: there is no flag {memo.flag!r}", remedy="choose one of 0 to 5")
    body = gateway.fetch("taobao.trade.fullinfo.get", {"tid": tid, "fields": "tid,seller_memo,seller_flag"})
    before = answers.text(trade_of(body).get("seller_memo"))
    ours = [f"{OWN_MEMO} {line.strip()}" for line in memo.text.splitlines() if line.strip()]
    whole = "\n".join(part for part in (sellers_memo(before), *ours) if part)
    if (size := len(whole.encode())) > _MOST:
        raise RemoteRejected(
            f"Taobao: the note of trade {tid} would have {size} bytes, {_MOST} are allowed", remedy="write a shorter one"
        )
    params = {"tid": tid, "memo": whole, "flag": memo.flag}
    if not whole:
        # An empty memo is taken for one that was not given.
        params["reset"] = "true"
    if whole == before and not memo.flag:
        return
    gateway.call("taobao.trade.memo.update", params)
