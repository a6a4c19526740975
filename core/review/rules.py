"""The rules every merchant wants: data with parameters, judged on the order's card and on facts gathered beforehand."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import ClassVar

from ..customers.phones import masked, read_phone
from ..kernel.errors import DomainError
from ..kernel.values import Address, Money, SettingField, exponent
from ..orders.api import HoldCode, OrderCard, Reach
from .api import Facts, InformedRule, ReviewRule, Verdict, Wants

PASSED = Verdict(True)
_NO = frozenset({"", "no", "0", "false", "off"})
_MUNICIPALITIES = ("北京", "上海", "天津", "重庆")
_WITHOUT_DISTRICTS = ("香港", "澳门", "台湾")
_MOBILE = re.compile(r"\+861[3-9]\d{9}")


def _on(text: str) -> bool:
    return text.strip().casefold() not in _NO


@functools.lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    """Words set apart by commas, semicolons or new lines, Chinese ones too."""
    return tuple(word.strip() for word in re.split(r"[,，、;；\n]", text) if word.strip())


def _whole(text: str, what: str, lowest: int = 1) -> int:
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if number < lowest:
        raise DomainError(f"{what} is {text!r}", remedy=f"give a whole number of at least {lowest}, or nothing")
    return number


class KnownSkus(ReviewRule):
    """Every line must be a thing we know."""

    name: ClassVar[str] = "known_skus"
    title: ClassVar[str] = "Unknown SKU"
    hold: ClassVar[HoldCode] = HoldCode.SKU_UNMAPPED

    def judge(self, order: OrderCard) -> Verdict:
        unknown = [line.title for line in order.lines if not line.sku and line.quantity > line.cancelled]
        return Verdict(False, f"not mapped: {', '.join(unknown)}") if unknown else PASSED


class CompleteAddress(ReviewRule):
    """A parcel needs a receiver, a telephone and a full address; masked text with a live token counts as whole.

    What is picked up needs none of it.
    """

    name: ClassVar[str] = "complete_address"
    title: ClassVar[str] = "Complete address"
    hold: ClassVar[HoldCode] = HoldCode.ADDRESS_INVALID
    about_address: ClassVar[bool] = True
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField(
            "parts",
            "Needed in China",
            default="province, city, district, street, mobile",
            required=False,
            help="Any of province, city, district, street, mobile. A town stands for a district; municipalities need no city.",
        ),
    )
    PARTS: ClassVar[tuple[str, ...]] = ("province", "city", "district", "street", "mobile")

    def check(self) -> None:
        for part in _words(self.config.get("parts", "")):
            if part not in self.PARTS:
                raise DomainError(f"an address has no part {part!r}", remedy=f"there are: {', '.join(self.PARTS)}")

    def judge(self, order: OrderCard) -> Verdict:
        to = order.receiver
        if order.reach is not Reach.SHIPPED or (to.masked and to.privacy_token):
            return PASSED
        missing = list(to.missing())
        if to.country == "CN":
            wanted = _words(self.config.get("parts", ""))
            missing = [part for part in missing if part in ("name", "phone")]
            missing += [part for part in wanted if part != "mobile" and not self._has(to, part)]
            if "mobile" in wanted and to.phone.strip() and not masked(to.phone):
                phone = read_phone(to.phone, to.country)
                if phone is None or (phone.e164.startswith("+86") and not _MOBILE.fullmatch(phone.e164)):
                    missing.append(f"a mobile number ({to.phone} is none)")
        return Verdict(False, f"missing: {', '.join(missing)}") if missing else PASSED

    @staticmethod
    def _has(to: Address, part: str) -> bool:
        if part == "street":
            return bool(to.detail.strip())
        if part == "city" and to.province.startswith(_MUNICIPALITIES):
            return True
        if part == "district":
            return bool(to.district.strip() or to.town.strip()) or to.province.startswith(_WITHOUT_DISTRICTS)
        return bool(str(getattr(to, part)).strip())


@functools.lru_cache(maxsize=256)
def _minor(amount: str, currency: str) -> int:
    return Money.of(amount, currency).minor


class AmountLimit(ReviewRule):
    """Orders of the limit or more are looked at by people."""

    name: ClassVar[str] = "amount_limit"
    title: ClassVar[str] = "Amount limit"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("CNY", "Limit in CNY", default="5000.00", required=False),
        SettingField("USD", "Limit in USD", default="1000.00", required=False),
    )

    @classmethod
    def accepts(cls, name: str) -> bool:
        """Any currency may have its limit."""
        try:
            exponent(name)
        except DomainError:
            return False
        return True

    def check(self) -> None:
        for currency, limit in self.config.items():
            if limit and self.accepts(currency):
                Money.of(limit, currency)

    def judge(self, order: OrderCard) -> Verdict:
        limit = self.config.get(order.total.currency, "")
        if not limit:
            return PASSED
        if order.total.minor >= _minor(limit, order.total.currency):
            return Verdict(False, f"total {order.total} is not below {limit}")
        return PASSED


class Words(ReviewRule):
    """The buyer wrote something, or staff left a memo: a person reads it first."""

    name: ClassVar[str] = "words"
    title: ClassVar[str] = "Buyer message or seller memo"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("message", "Look at the buyer's message", default="yes", required=False),
        SettingField("memo", "Look at the seller's memo", default="yes", required=False),
    )

    def judge(self, order: OrderCard) -> Verdict:
        found = []
        if (message := order.message.strip()) and _on(self.config.get("message", "yes")):
            found.append(f"message: {message}")
        if (memo := order.memo.strip()) and _on(self.config.get("memo", "yes")):
            found.append(f"memo: {memo}")
        return Verdict(False, "; ".join(found)) if found else PASSED


class AddressWords(ReviewRule):
    """Words in the address that a person should see: a locker, a freight forwarder, a village without delivery."""

    name: ClassVar[str] = "address_words"
    title: ClassVar[str] = "Words in the address"
    about_address: ClassVar[bool] = True
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("words", "Words, with commas between them", required=False),)

    def judge(self, order: OrderCard) -> Verdict:
        words = _words(self.config.get("words", ""))
        if not words:
            return PASSED
        to = order.receiver
        text = plain(whole_address(to))
        found = [word for word in words if plain(word) in text]
        if found:
            return Verdict(False, f"the address says {', '.join(found)}")
        return Verdict(True, "the address is masked; only what is left of it was looked at") if to.masked else PASSED


class OrdersPerPhone(InformedRule):
    """So many orders of one telephone number within some hours are looked at by people; the order itself counts."""

    name: ClassVar[str] = "orders_per_phone"
    title: ClassVar[str] = "Orders per telephone number"
    hold: ClassVar[HoldCode] = HoldCode.FRAUD_RISK
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("limit", "Orders", required=False, help="The order that makes it so many is the first to be held."),
        SettingField("hours", "Within hours", default="24", required=False, help="Counted back from the order's own time."),
    )

    def check(self) -> None:
        if self.config.get("limit", ""):
            _whole(self.config["limit"], "the number of orders", 2)
            _whole(self.config.get("hours", ""), "the number of hours")

    @property
    def _window(self) -> timedelta:
        return timedelta(hours=int(self.config["hours"]))

    @property
    def wants(self) -> Wants:
        return Wants(windows=frozenset({self._window})) if self.config.get("limit", "") else Wants()

    def judge_with(self, order: OrderCard, facts: Facts) -> Verdict:
        limit = self.config.get("limit", "")
        if not limit:
            return PASSED
        count = facts.by_phone.get(self._window)
        if count is None:
            return Verdict(True, "the telephone number is masked or missing; nothing was counted")
        if count >= int(limit):
            return Verdict(False, f"{count} orders of this telephone number in {self.config['hours']} hours, limit {limit}")
        return PASSED


class PriceShare(InformedRule):
    """What a unit is sold for is not above a share of its list price: somebody may have mistyped a price."""

    name: ClassVar[str] = "price_share"
    title: ClassVar[str] = "Price far below list"
    hold: ClassVar[HoldCode] = HoldCode.PRICE_LOW
    settings: ClassVar[tuple[SettingField, ...]] = (SettingField("percent", "Percent of the list price", required=False),)

    def check(self) -> None:
        if text := self.config.get("percent", ""):
            _whole(text, "the share of the list price")

    @property
    def wants(self) -> Wants:
        return Wants(list_prices=bool(self.config.get("percent", "")))

    def judge_with(self, order: OrderCard, facts: Facts) -> Verdict:
        if not self.config.get("percent", ""):
            return PASSED
        percent = int(self.config["percent"])
        low, unknown = [], []
        for line in order.lines:
            gift = not line.unit_price and not line.amount
            if line.kit_line is not None or not line.sku or gift:
                continue
            listed = facts.list_prices.get(line.sku)
            if listed is None or not listed:
                unknown.append(line.sku)
            elif line.amount.minor * 100 <= listed.minor * percent * line.quantity:
                paid = Money(line.amount.minor // line.quantity, line.amount.currency)
                low.append(f"{line.sku} at {paid}, list {listed}")
        if low:
            return Verdict(False, f"not above {percent} % (of the list price): {'; '.join(low)}")
        return Verdict(True, f"no list price in {order.total.currency}: {', '.join(unknown)}") if unknown else PASSED


class Blacklist(InformedRule):
    """Telephone numbers, addresses and buyers that somebody put on the list."""

    name: ClassVar[str] = "blacklist"
    title: ClassVar[str] = "Blacklist"
    hold: ClassVar[HoldCode] = HoldCode.BLACKLIST
    about_address: ClassVar[bool] = True

    @property
    def wants(self) -> Wants:
        return Wants(blacklist=True)

    def judge_with(self, order: OrderCard, facts: Facts) -> Verdict:
        if facts.blacklisted:
            return Verdict(False, "; ".join(facts.blacklisted))
        return Verdict(True, f"masked: {', '.join(facts.not_looked_at)}") if facts.not_looked_at else PASSED


BUILT_IN: tuple[type[ReviewRule], ...] = (
    KnownSkus, CompleteAddress, AmountLimit, Words, AddressWords, OrdersPerPhone, PriceShare, Blacklist,
)  # fmt: skip

SHOPS = SettingField("shops", "Only in these shops", required=False, help="Codes with commas between them; empty: everywhere.")
"""Every rule has this setting beside its own."""


def defaults(rule: type[ReviewRule], given: Mapping[str, str]) -> dict[str, str]:
    """A rule's settings with what was not given; unknown names are refused."""
    known = {field.name: field.default for field in rule.settings}
    for name in given:
        if not rule.accepts(name) and name != SHOPS.name:
            names = ", ".join([*known, SHOPS.name])
            raise DomainError(f"rule {rule.name} has no setting {name!r}", remedy=f"it has: {names}")
    return known | dict(given)


def shops_of(settings: Mapping[str, str]) -> frozenset[str]:
    """The shops a rule is for; empty means all."""
    return frozenset(_words(settings.get(SHOPS.name, "")))


def plain(text: str) -> str:
    """Text without blanks and case, so that it is found however it is written."""
    return re.sub(r"\s+", "", text).casefold()


def whole_address(to: Address) -> str:
    parts: Iterable[str] = (to.province, to.city, to.district, to.town, to.detail, to.company)
    return "".join(parts)
