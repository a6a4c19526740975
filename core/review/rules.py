"""The rules every merchant wants: data with parameters, judged on the order's card alone."""

from __future__ import annotations

from typing import ClassVar

from ..kernel.errors import DomainError
from ..kernel.values import Money, SettingField
from ..orders.api import HoldCode, OrderCard
from .api import ReviewRule, Verdict

PASSED = Verdict(True)


class AmountLimit(ReviewRule):
    """Orders of the limit or more are looked at by people."""

    name: ClassVar[str] = "amount_limit"
    title: ClassVar[str] = "Amount limit"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("CNY", "Limit in CNY", default="5000.00", required=False),
        SettingField("USD", "Limit in USD", default="1000.00", required=False),
    )

    def judge(self, order: OrderCard) -> Verdict:
        limit = self.config.get(order.total.currency, "")
        if not limit:
            return PASSED
        if order.total.minor >= Money.of(limit, order.total.currency).minor:
            return Verdict(False, f"total {order.total} is not below {limit}")
        return PASSED


class CompleteAddress(ReviewRule):
    """A parcel needs a receiver, a telephone and a full address; masked text with a live token counts as whole."""

    name: ClassVar[str] = "complete_address"
    title: ClassVar[str] = "Complete address"
    hold: ClassVar[HoldCode] = HoldCode.ADDRESS_INVALID

    def judge(self, order: OrderCard) -> Verdict:
        missing = order.receiver.missing()
        return Verdict(False, f"missing: {', '.join(missing)}") if missing else PASSED


class Words(ReviewRule):
    """The buyer wrote something, or staff left a memo: a person reads it first."""

    name: ClassVar[str] = "words"
    title: ClassVar[str] = "Buyer message or seller memo"

    def judge(self, order: OrderCard) -> Verdict:
        found = [f"{what}: {text.strip()}" for what, text in (("message", order.message), ("memo", order.memo)) if text.strip()]
        return Verdict(False, "; ".join(found)) if found else PASSED


class KnownSkus(ReviewRule):
    """Every line must be a thing we know."""

    name: ClassVar[str] = "known_skus"
    title: ClassVar[str] = "Unknown SKU"
    hold: ClassVar[HoldCode] = HoldCode.SKU_UNMAPPED

    def judge(self, order: OrderCard) -> Verdict:
        unknown = [line.title for line in order.lines if not line.sku]
        return Verdict(False, f"not mapped: {', '.join(unknown)}") if unknown else PASSED


BUILT_IN: tuple[type[ReviewRule], ...] = (KnownSkus, CompleteAddress, AmountLimit, Words)


def defaults(rule: type[ReviewRule], given: dict[str, str]) -> dict[str, str]:
    """A rule's settings with what was not given; unknown names are refused."""
    known = {field.name: field.default for field in rule.settings}
    for name in given:
        if name not in known:
            raise DomainError(f"rule {rule.name} has no setting {name!r}", remedy=f"it has: {', '.join(known) or 'none'}")
    return known | given
