"""The seller's word on a refund: agreed to, refused, or reported as stopped in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orderyard.core.aftersales.api import AfterSaleState, AfterSaleType
from orderyard.core.channels.api import Claim, ClaimAnswer
from orderyard.core.kernel.errors import RemoteRejected

from . import answers, refunds
from .gateway import Gateway
from .moments import to_wire
from .reading import trade_of

_ON_THE_PAGE = "answer it in the seller's workbench (千牛), then pull again"
_OPERATOR = "Orderyard"
_CODE_WANTED = ("验证码", "短信")
_WAITING = (AfterSaleState.REQUESTED, AfterSaleState.IN_TRANSIT)
"""The buyer's wish, and the goods that came back: both times the seller is asked."""


def answer(gateway: Gateway, settings: Mapping[str, str], said: ClaimAnswer) -> None:
    """Give the answer, unless the refund stands as answered already; refused when it is another one by now."""
    refund = refunds.refund_of(
        gateway.fetch("taobao.refund.get", {"refund_id": said.claim.external_id, "fields": refunds.FIELDS})
    )
    claim = refunds.read_refund(refund)
    if _stands(claim, said):
        return
    if claim.state not in _WAITING:
        raise RemoteRejected(
            f"Taobao: refund {claim.external_id} is {answers.text(refund.get('status'))} by now",
            remedy="look at it again; the platform waits for no answer",
        )
    if (claim.type, claim.amount, claim.lines) != (said.claim.type, said.claim.amount, said.claim.lines):
        raise RemoteRejected(
            f"Taobao: refund {claim.external_id} has changed: {claim.type} of {claim.amount} now, "
            f"{said.claim.type} of {said.claim.amount} before",
            remedy="look at it again, then answer",
        )
    if refunds.constraint(refund) == refunds.ON_WEB:
        raise RemoteRejected(
            f"Taobao: refund {claim.external_id} may only be answered on the platform's own page", remedy=_ON_THE_PAGE
        )
    if claim.type is AfterSaleType.REFUND_BEFORE_SHIP and answers.yes(settings.get("ag")):
        _report_stopped(gateway, claim, said)
    elif said.agree:
        _agree(gateway, settings, refund, claim)
    else:
        _refuse(gateway, refund, claim, said.because)


def _stands(claim: Claim, said: ClaimAnswer) -> bool:
    if not said.agree:
        return claim.state is AfterSaleState.REJECTED
    if claim.state is AfterSaleState.CLOSED:
        return True
    # Where goods come back, to agree to the wish is not yet to agree to the money.
    return said.claim.state is AfterSaleState.REQUESTED and claim.state in (
        AfterSaleState.APPROVED,
        AfterSaleState.IN_TRANSIT,
        AfterSaleState.RECEIVED,
        AfterSaleState.SETTLING,
    )


def _agree(gateway: Gateway, settings: Mapping[str, str], refund: Mapping[str, Any], claim: Claim) -> None:
    if claim.type in (AfterSaleType.REFUND_BEFORE_SHIP, AfterSaleType.REFUND_ONLY):
        _pay_back(gateway, refund, claim)
    elif claim.type is AfterSaleType.RETURN_REFUND:
        if claim.state is AfterSaleState.REQUESTED:
            _take_back(gateway, settings, refund, claim)
        else:
            _pay_back(gateway, refund, claim)
    else:
        raise RemoteRejected(
            f"Taobao: {refunds.kind_of(refund)} {claim.external_id} cannot be agreed to by a program", remedy=_ON_THE_PAGE
        )


def _pay_back(gateway: Gateway, refund: Mapping[str, Any], claim: Claim) -> None:
    """Agree to the money; a Tmall refund must be reviewed first."""
    refund_id, version = claim.external_id, _version(refund)
    infos = [refund_id, str(claim.amount.minor), version]
    if _tmall(gateway, claim):
        phase = answers.text(refund.get("refund_phase"))
        infos.append(phase)
        review = {
            "refund_id": refund_id, "operator": _OPERATOR, "refund_phase": phase, "refund_version": version,
            "message": "同意退款", "result": "true",
        }  # fmt: skip
        _done(gateway.call("taobao.rp.refund.review", review, effect=True, short=True), "taobao.rp.refund.review", refund_id)
    try:
        said = gateway.call("taobao.rp.refunds.agree", {"refund_infos": "|".join(infos)}, effect=True, short=True)
    except RemoteRejected as refused:
        raise _worded(refused) from None
    if answers.yes(said.get("succ")) and answers.text(said.get("msg_code")) in ("", "OP_SUCC"):
        return
    results = answers.listed(said.get("results"), "results")
    words = [answers.text(one.get("message")) for one in results if not answers.yes(one.get("succ"))]
    why = "; ".join(word for word in [*words, answers.text(said.get("message"))] if word) or "no reason given"
    code = answers.text(said.get("msg_code"))
    raise _worded(RemoteRejected(f"Taobao: refund {refund_id}: {why}", code=code, raw=str(said)[:2000]))


def _worded(refused: RemoteRejected) -> RemoteRejected:
    """The same refusal with what to do; above some amount the platform wants a code that it sends to the seller's phone."""
    if refused.remedy:
        return refused
    remedy = "check that the session belongs to a sub-account that may refund, and that the sum of a day is not reached"
    if any(word in refused.what for word in _CODE_WANTED):
        remedy = "agree to it in the seller's workbench (千牛), where the code sent by SMS can be typed in"
    return RemoteRejected(refused.what, code=refused.code, raw=refused.raw, remedy=remedy)


def _take_back(gateway: Gateway, settings: Mapping[str, str], refund: Mapping[str, Any], claim: Claim) -> None:
    """Agree to a return: the buyer is told where to send the goods."""
    where = {name: settings.get(f"return_{name}", "") for name in ("address_id", "name", "address", "mobile", "post")}
    tmall = _tmall(gateway, claim)
    wanted = ["address_id"] if tmall else list(where)
    if missing := [name for name in wanted if not where[name]]:
        raise RemoteRejected(
            f"Taobao: refund {claim.external_id} needs an address to send the goods to",
            remedy=f"fill in {', '.join(f'return_{name}' for name in missing)} in the connection's settings",
        )
    params = {
        "refund_id": claim.external_id,
        "seller_address_id": where["address_id"],
        "remark": "同意退货",
        "refund_phase": answers.text(refund.get("refund_phase")),
        "refund_version": _version(refund),
    }
    if not tmall:
        params |= {name: where[name] for name in ("name", "address", "mobile", "post")} | {"tel": where["mobile"]}
    _done(
        gateway.call("taobao.rp.returngoods.agree", params, effect=True, short=True),
        "taobao.rp.returngoods.agree",
        claim.external_id,
    )


def _refuse(gateway: Gateway, refund: Mapping[str, Any], claim: Claim, because: str) -> None:
    refund_id = claim.external_id
    if refunds.constraint(refund) == refunds.CANNOT_REFUSE:
        raise RemoteRejected(f"Taobao: refund {refund_id} may not be refused", remedy="agree to it")
    if claim.type is AfterSaleType.REFUND_BEFORE_SHIP:
        raise RemoteRejected(
            f"Taobao: refund {refund_id} cannot be refused while the goods are here",
            remedy="ship the line first, and refuse then; or agree",
        )
    if claim.state is not AfterSaleState.REQUESTED:
        raise RemoteRejected(
            f"Taobao: goods of refund {refund_id} were sent back; to refuse them the platform wants a picture as proof",
            remedy=_ON_THE_PAGE,
        )
    if _tmall(gateway, claim):
        raise RemoteRejected(f"Taobao: to refuse refund {refund_id} Tmall wants a picture as proof", remedy=_ON_THE_PAGE)
    words = because.strip()
    if not 2 <= len(words) <= 200:
        raise RemoteRejected(
            f"Taobao: refund {refund_id} is refused in {len(words)} characters", remedy="give a reason of 2 to 200 characters"
        )
    params = {
        "refund_id": refund_id,
        "refuse_message": words,
        "refund_phase": answers.text(refund.get("refund_phase")),
        "refund_version": _version(refund),
    }
    said = gateway.call("taobao.refund.refuse", params, effect=True, short=True)
    if "refund" not in said:
        _done(said, "taobao.refund.refuse", refund_id)


def _report_stopped(gateway: Gateway, claim: Claim, said: ClaimAnswer) -> None:
    """AG (极速退款): say whether the parcel was stopped; the platform decides about the money by that."""
    param: dict[str, object] = {
        "refund_id": int(claim.external_id),
        "tid": int(claim.order_external_id),
        "refund_fee": claim.amount.minor,
        "status": "SUCCESS" if said.agree else "FAIL",
        "operate_time": to_wire(gateway.now()),
    }
    if claim.lines:
        param["oid"] = int(claim.lines[0].external_id)
    if not said.agree and said.because.strip():
        param["msg"] = said.because.strip()
    method = "taobao.rdc.aligenius.sendgoods.cancel"
    answer = gateway.call(method, {"param": json.dumps(param, ensure_ascii=False)}, effect=True)
    result = answer.get("result")
    if not isinstance(result, dict) or not answers.yes(result.get("success")):
        result = result if isinstance(result, dict) else {}
        raise RemoteRejected(
            f"Taobao: refund {claim.external_id}: {answers.text(result.get('error_info')) or 'the report was not taken'}",
            code=answers.text(result.get("error_code")),
            raw=str(answer)[:2000],
            remedy="switch the setting ag off if the shop has no AG contract (极速退款)",
        )


def _tmall(gateway: Gateway, claim: Claim) -> bool:
    """Whether the trade is one of Tmall, whose refunds have rules of their own; only its lines tell."""
    body = gateway.fetch("taobao.trade.fullinfo.get", {"tid": claim.order_external_id, "fields": "tid,orders"})
    orders = answers.listed(trade_of(body).get("orders"), f"orders of {claim.order_external_id}")
    return any(answers.text(order.get("seller_type")) == "B" for order in orders)


def _version(refund: Mapping[str, Any]) -> str:
    """`refund_version`, to be given back as it came: an answer to an older state of the refund is refused."""
    if answers.text(refund.get("refund_version")):
        return answers.text(refund["refund_version"])
    return str(int(refunds.version_of(refund).timestamp() * 1000))


def _done(said: Mapping[str, Any], method: str, refund_id: str) -> None:
    if not answers.yes(said.get("is_success")):
        raise RemoteRejected(f"Taobao: {method} for refund {refund_id} was not successful", raw=str(said)[:2000])
