"""From the document of `taobao.refund.get` to what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType, GoodsState, MoneyState
from orderyard.core.channels.api import Claim, ClaimLine
from orderyard.core.kernel.errors import RemoteNotUnderstood
from orderyard.core.kernel.values import Money

from . import answers
from .moments import from_wire
from .reading import money

T = TypeVar("T")

FIELDS = (
    "refund_id,tid,oid,status,good_status,has_good_return,refund_fee,reason,desc,num,created,modified,order_status,"
    "company_name,sid,refund_phase,refund_version,dispute_type,operation_contraint,cs_status,advance_status,"
    "refund_remind_timeout"
)

ON_WEB = "refund_onweb"
CANNOT_REFUSE = "cannot_refuse"

_STATES = {
    "WAIT_SELLER_AGREE": AfterSaleState.REQUESTED,
    "WAIT_BUYER_RETURN_GOODS": AfterSaleState.APPROVED,
    "WAIT_SELLER_CONFIRM_GOODS": AfterSaleState.IN_TRANSIT,
    "SELLER_REFUSE_BUYER": AfterSaleState.REJECTED,
    "CLOSED": AfterSaleState.CANCELLED,
    "SUCCESS": AfterSaleState.CLOSED,
    # Exchanges: their goods are here and others are to be sent; those were sent; closed for a refund that goes on by itself.
    "WAIT_SELLER_CONSIGN_GOODS": AfterSaleState.RECEIVED,
    "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS": AfterSaleState.SETTLING,
    "EXCHANGE_TRANSFORM_TO_REFUND": AfterSaleState.CANCELLED,
}
_TYPES = {
    "REFUND": AfterSaleType.REFUND_ONLY,
    "REFUND_AND_RETURN": AfterSaleType.RETURN_REFUND,
    "TMALL_EXCHANGE": AfterSaleType.EXCHANGE,
    "TAOBAO_EXCHANGE": AfterSaleType.EXCHANGE,
    "RESHIPPING": AfterSaleType.RESHIP,
    # A repair and whatever the platform calls "other" are worked out by people, not by moving goods or money.
    "REPAIR": AfterSaleType.COMPLAINT,
    "OTHERS": AfterSaleType.COMPLAINT,
}
_WORDS = {"REPAIR": "wants a repair (维修)", "OTHERS": "neither a refund nor an exchange (其他)"}
_GOOD = frozenset(("", "BUYER_NOT_RECEIVED", "BUYER_RECEIVED", "BUYER_RETURNED_GOODS"))
_WAITS_FOR_US = frozenset(("WAIT_SELLER_AGREE", "WAIT_SELLER_CONFIRM_GOODS", "WAIT_SELLER_CONSIGN_GOODS"))
_BEFORE_SHIP = frozenset(("WAIT_SELLER_SEND_GOODS", "PAID_FORBID_CONSIGN"))
_SERVICE = {
    "": "",
    "0": "",
    "1": "",
    "2": "the platform's service was asked for (需要客服介入)",
    "3": "the platform's service has stepped in (客服已经介入)",
    "4": "the platform's service has judged once (客服初审完成)",
    "5": "the platform's service judges again (客服主管复审失败)",
    "6": "the platform's service is done (客服处理完成)",
    "7": "taken back from the platform's service (维权撤销)",
    "8": "the platform's service is for the buyer (支持买家)",
    "9": "the platform's service is for the seller (支持卖家)",
    "10": "the platform's service waits for proof (举证中)",
    "11": "an appeal is open (开放申诉)",
}
_ADVANCE = {
    "": "",
    "0": "",
    "1": "the buyer asks for the money in advance (垫付申请中)",
    "2": "the platform has paid the buyer in advance (垫付完成)",
    "3": "the seller refused the goods after an advance (垫付, 卖家拒绝收货)",
    "4": "the advance was closed (垫付关闭)",
    "5": "the advance was settled (垫付分账成功)",
}
_ADVANCED = frozenset(("2", "5"))


def refund_of(body: bytes) -> Mapping[str, Any]:
    """The `refund` object of an answer, in its envelope, simplified, or bare."""
    inside = answers.content(answers.document(body))
    refund = inside.get("refund", inside)
    if not isinstance(refund, dict) or "refund_id" not in refund:
        raise RemoteNotUnderstood("Taobao: the document holds no refund", raw=answers.excerpt(body))
    return refund


def read_refund(refund: Mapping[str, Any]) -> Claim:
    """What the document says; RemoteNotUnderstood for anything not certain.

    A refund is about one line. `num` counts the units it is about; a refund of a part of the price names them all.
    """
    refund_id = answers.identity(refund.get("refund_id"), "refund_id")
    status, kind = answers.text(refund.get("status")), kind_of(refund)
    state = _one_of(_STATES, status, f"status of refund {refund_id}")
    type_ = _type(refund, refund_id, kind)
    amount = money(refund.get("refund_fee") or "0", f"refund_fee of {refund_id}")
    oid = answers.text(refund.get("oid"))
    units = answers.whole(refund.get("num") or 0, f"num of refund {refund_id}")
    service = _one_of(_SERVICE, answers.text(refund.get("cs_status")), f"cs_status of refund {refund_id}")
    advance = answers.text(refund.get("advance_status"))
    reasons = (answers.text(refund.get("reason")), _WORDS.get(kind, ""), service,
               _one_of(_ADVANCE, advance, f"advance_status of refund {refund_id}"))  # fmt: skip
    return Claim(
        external_id=refund_id,
        order_external_id=answers.identity(refund.get("tid"), f"tid of refund {refund_id}"),
        version=version_of(refund),
        type=type_,
        state=state,
        amount=amount,
        lines=(ClaimLine(answers.identity(refund["oid"], "oid"), units, amount),) if oid else (),
        goods=_goods(refund, refund_id, status, type_),
        money=_money_state(state, type_, amount, advance),
        reason="; ".join(part for part in reasons if part),
        words=answers.text(refund.get("desc")),
        carrier=answers.text(refund.get("company_name")),
        waybill=answers.text(refund.get("sid")),
        answer_by=_deadline(refund, refund_id) if status in _WAITS_FOR_US else None,
    )


def version_of(refund: Mapping[str, Any]) -> datetime:
    """`modified`; `refund_version` is the same moment in milliseconds, for an answer that leaves it out."""
    if answers.text(refund.get("modified")):
        return from_wire(refund["modified"], "modified of the refund")
    return datetime.fromtimestamp(answers.whole(refund.get("refund_version"), "refund_version") // 1000, UTC)


def kind_of(refund: Mapping[str, Any]) -> str:
    """The `dispute_type`; old refunds have none and only say whether goods come back."""
    if kind := answers.text(refund.get("dispute_type")):
        return kind
    return "REFUND_AND_RETURN" if answers.yes(refund.get("has_good_return")) else "REFUND"


def before_shipment(refund: Mapping[str, Any]) -> bool:
    """Whether the line it is about has not been sent."""
    return answers.text(refund.get("order_status")) in _BEFORE_SHIP


def constraint(refund: Mapping[str, Any]) -> str:
    """What the seller may not do; the platform writes `null` in letters for nothing."""
    found = answers.text(refund.get("operation_contraint"))
    return "" if found == "null" else found


def _type(refund: Mapping[str, Any], refund_id: str, kind: str) -> AfterSaleType:
    type_ = _one_of(_TYPES, kind, f"dispute_type of refund {refund_id}")
    if type_ is AfterSaleType.REFUND_ONLY and before_shipment(refund):
        return AfterSaleType.REFUND_BEFORE_SHIP
    return type_


def _goods(refund: Mapping[str, Any], refund_id: str, status: str, type_: AfterSaleType) -> GoodsState:
    """What the platform knows of goods that come back; when they are here, our own warehouse says."""
    good = answers.text(refund.get("good_status"))
    if good not in _GOOD:
        raise RemoteNotUnderstood(f"Taobao: unknown good_status {good!r} of refund {refund_id}", code=good)
    if type_ not in (AfterSaleType.RETURN_REFUND, AfterSaleType.EXCHANGE):
        return GoodsState.NONE
    if status in ("WAIT_SELLER_CONSIGN_GOODS", "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS"):
        return GoodsState.RECEIVED
    ended = status in ("CLOSED", "SELLER_REFUSE_BUYER", "EXCHANGE_TRANSFORM_TO_REFUND", "SUCCESS")
    return GoodsState.TERMINATED if ended and good != "BUYER_RETURNED_GOODS" else GoodsState.WAITING


def _money_state(state: AfterSaleState, type_: AfterSaleType, amount: Money, advance: str) -> MoneyState:
    if not amount or type_ in (AfterSaleType.EXCHANGE, AfterSaleType.RESHIP):
        return MoneyState.NONE
    if state is AfterSaleState.CLOSED or advance in _ADVANCED:
        return MoneyState.REFUNDED
    return MoneyState.NONE if state in (AfterSaleState.REJECTED, AfterSaleState.CANCELLED) else MoneyState.PENDING


def _deadline(refund: Mapping[str, Any], refund_id: str) -> datetime | None:
    timeout = refund.get("refund_remind_timeout")
    if not isinstance(timeout, dict) or not answers.yes(timeout.get("exist_timeout")):
        return None
    return from_wire(timeout.get("timeout"), f"timeout of refund {refund_id}")


def _one_of(known: Mapping[str, T], found: str, what: str) -> T:
    if found not in known:
        raise RemoteNotUnderstood(f"Taobao: unknown {what}: {found!r}", code=found)
    return known[found]
