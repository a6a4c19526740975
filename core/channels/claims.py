"""From what a platform says about an after-sale to the document we keep of it, and back to the platform with an answer."""

from __future__ import annotations

from collections.abc import Sequence

from ..aftersales import service as aftersales
from ..aftersales.api import AfterSaleAnswered, Asked, Wanted
from ..kernel.db import Database
from ..kernel.errors import RemoteNotUnderstood
from ..kernel.uow import UnitOfWork
from ..outbox.service import NewTask, enqueue
from .api import Claim

ANSWER = "answer_claim"
"""The kind of task that tells a platform what a person decided about a claim."""


def check(claim: Claim) -> None:
    """Refuse a claim that cannot be true; the engine parks it with this reason."""
    if not claim.external_id or not claim.order_external_id:
        raise RemoteNotUnderstood("the claim has no id, or names no order")
    if claim.version.tzinfo is None or (claim.answer_by is not None and claim.answer_by.tzinfo is None):
        raise RemoteNotUnderstood(f"claim {claim.external_id} carries a time without a zone")
    ids = [line.external_id for line in claim.lines]
    if len(set(ids)) != len(ids):
        raise RemoteNotUnderstood(f"claim {claim.external_id} names a line twice")
    if claim.amount.minor < 0 or any(line.quantity < 0 or line.amount.minor < 0 for line in claim.lines):
        raise RemoteNotUnderstood(f"claim {claim.external_id} asks for less than nothing")


def order_of(db: Database, connection_id: int, claim: Claim) -> int | None:
    """Our order that the claim is about, if it is here."""
    row = db.row(
        "SELECT order_id FROM channel_order WHERE connection_id = ? AND external_id = ?",
        (connection_id, claim.order_external_id),
    )
    return None if row is None else int(row[0])


def follow(uow: UnitOfWork, connection: str, order_id: int, claim: Claim) -> str:
    """Make our after-sale say what the claim says; what that was in words."""
    [(currency,)] = uow.db.rows("SELECT currency FROM sales_order WHERE id = ?", (order_id,))
    if claim.amount.currency != currency:
        raise RemoteNotUnderstood(f"claim {claim.external_id} is in {claim.amount.currency}, its order in {currency}")
    lines: dict[str, int] = dict(
        uow.db.rows(
            "SELECT external_id, id FROM order_line WHERE order_id = ? AND kit_line IS NULL AND external_id <> '' "
            "ORDER BY no DESC",
            (order_id,),
        )
    )
    for line in claim.lines:
        if line.external_id not in lines:
            raise RemoteNotUnderstood(
                f"claim {claim.external_id} names line {line.external_id}, which its order has not",
                remedy="pull the order again, then replay this document",
            )
    asked = Asked(
        source=connection,
        external_id=claim.external_id,
        order_id=order_id,
        type=claim.type,
        state=claim.state,
        at=claim.version,
        lines=tuple(Wanted(lines[line.external_id], line.quantity, line.amount.minor) for line in claim.lines),
        amount=claim.amount.minor,
        goods=claim.goods,
        money=claim.money,
        reason=claim.reason,
        words=claim.words,
        carrier=claim.carrier,
        waybill=claim.waybill,
        answer_by=claim.answer_by,
    )
    return aftersales.follow(uow, asked)[1]


def hear_answered(uow: UnitOfWork, events: Sequence[AfterSaleAnswered]) -> None:
    """Tell the platform what was decided; the state here follows when the platform says so."""
    enqueue(
        uow,
        [
            NewTask(
                ANSWER, event.source, f"answer/{event.after_sale_id}/{uow.environment.token()}",
                {"after_sale": event.after_sale_id, "claim": event.external_id, "agree": event.agree, "because": event.because},
            )
            for event in events
        ],
    )  # fmt: skip
