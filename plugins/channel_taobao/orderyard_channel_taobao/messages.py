"""The platform's message service (消息服务, TMC), asked over the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orderyard.core.channels.api import DocumentKind, Hint, Message
from orderyard.core.kernel.errors import RemoteNotUnderstood, RemoteRejected, RemoteUnavailable

from . import answers
from .gateway import Gateway

BATCH = 100
"""The platform hands out 10 to 200 at once, and takes the confirmation of 200."""

_ROUNDS = 20
"""So often an answer that holds nothing for us is followed by another question."""

TOPICS = (
    *(
        f"taobao_trade_Trade{change}"
        for change in (
            "Create", "BuyerPay", "BuyerStepPay", "SellerShip", "PartlySellerShip", "Close", "Success", "Changed", "ModifyFee",
            "MemoModified", "LogisticsAddressChanged", "PartlyRefund", "CloseAndModifyDetailOrder", "PartlyConfirmPay",
            "DelayConfirmPay",
        )
    ),
    *(
        f"taobao_refund_Refund{change}"
        for change in (
            "Created", "Closed", "Success", "SellerAgreeAgreement", "SellerRefuseAgreement", "BuyerModifyAgreement",
            "BuyerReturnGoods", "CreateMessage", "TaobaoIntervened",
        )
    ),
    *(f"taobao_item_Item{change}" for change in ("Update", "Upshelf", "Downshelf")),
    "taobao_rdcaligenius_OrderMsgSend",
)  # fmt: skip
"""What the app should have subscribed to; other topics about trades, refunds and items are understood as well."""


def next_batch(gateway: Gateway, group: str, shop: str) -> list[Message]:
    """The oldest messages about trades, refunds and items of this shop; none without a group.

    The queue belongs to the app and holds the messages of every shop that uses it: those of others are left to them, which
    get them when they come round again. What is about none of these is confirmed at once, for it would stay.
    Several about one document are one, named by the newest of them, since one look at the document answers all.
    """
    if not group:
        return []
    for _ in range(_ROUNDS):
        answer = gateway.call("taobao.tmc.messages.consume", {"group_name": group, "quantity": str(BATCH)})
        rows = answers.listed(answer.get("messages"), "messages")
        ours = [row for row in rows if not shop or answers.text(row.get("user_nick")) in ("", shop)]
        about: dict[tuple[DocumentKind, str], dict[str, Hint]] = {}
        idle = []
        for row in ours:
            number = answers.identity(row.get("id"), "id of a message")
            hint = _hint(row, number)
            if hint is None:
                idle.append(number)
            else:
                # One that names no document stands for itself.
                about.setdefault((hint.kind, hint.external_id or hint.delivery_id), {})[number] = hint
        found = [_together(hints) for hints in about.values()]
        if idle:
            confirm(gateway, group, idle)
        if found or not ours:
            return found
    return []


def _together(hints: Mapping[str, Hint]) -> Message:
    newest = max(hints, key=lambda number: (len(number), number))
    return Message(hints[newest], ",".join(hints))


def _hint(row: Mapping[str, Any], number: str) -> Hint | None:
    """None for what concerns neither trades nor refunds nor items.

    A message whose content cannot be read names no document: a person sees it, and the next pull finds what it meant.
    """
    topic = answers.text(row.get("topic"))
    if topic.startswith("taobao_refund_"):
        kind, name = DocumentKind.CLAIM, "refund_id"
    elif topic.startswith(("taobao_trade_", "taobao_rdcaligenius_")):
        kind, name = DocumentKind.ORDER, "tid"
    elif topic.startswith("taobao_item_"):
        kind, name = DocumentKind.LISTING, "num_iid"
    else:
        return None
    try:
        external_id = answers.text(answers.document(answers.text(row.get("content")).encode()).get(name))
    except RemoteNotUnderstood:
        external_id = ""
    if not external_id.isascii() or not external_id.isdigit():
        external_id = ""
    return Hint(f"tmc/{number}", external_id, topic, kind)


def confirm(gateway: Gateway, group: str, tokens: Sequence[str]) -> None:
    numbers = [number for token in tokens for number in token.split(",")]
    for start in range(0, len(numbers), BATCH):
        part = {"group_name": group, "s_message_ids": ",".join(numbers[start : start + BATCH])}
        if not answers.yes(gateway.call("taobao.tmc.messages.confirm", part).get("is_success")):
            raise RemoteUnavailable("Taobao: messages were not confirmed", remedy="nothing; they come again")


def subscribe(gateway: Gateway, shop: str) -> list[str]:
    """Have the platform keep this shop's messages; the topics that it did not keep before.

    Topics are chosen in the app's console; the seller's permission only follows them, so none are named here.
    """
    before = _kept(gateway, shop)
    if set(TOPICS) <= before:
        return []
    if not answers.yes(gateway.call("taobao.tmc.user.permit", {}).get("is_success")):
        raise RemoteRejected("Taobao: the message service was not opened for this shop", remedy="open it in the app's console")
    return sorted((_kept(gateway, shop) if shop else set(TOPICS)) - before)


def _kept(gateway: Gateway, shop: str) -> set[str]:
    if not shop:
        return set()
    try:
        answer = gateway.call("taobao.tmc.user.get", {"fields": "user_nick,topics", "nick": shop})
    except RemoteRejected:
        return set()
    user = answer.get("tmc_user")
    topics = user.get("topics") if isinstance(user, dict) else None
    if isinstance(topics, dict) and len(topics) == 1:
        topics = next(iter(topics.values()))
    return {answers.text(topic) for topic in topics} if isinstance(topics, list) else set()
