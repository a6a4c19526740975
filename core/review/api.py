"""The contract of a review rule, and what it may be told beyond the order itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from ..kernel.values import Money, SettingField
from ..orders.api import HoldCode, OrderCard


class BlacklistKind(StrEnum):
    PHONE = "phone"
    ADDRESS = "address"
    BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule found: `passed`, and the sentence a person reads; a rule that could not look passes and says why."""

    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wants:
    """What a rule must be told beyond the order's card; gathered for many orders at once before any is judged."""

    windows: frozenset[timedelta] = frozenset()
    """Lengths of time in which orders of the same telephone number are counted."""
    list_prices: bool = False
    blacklist: bool = False

    def __or__(self, other: Wants) -> Wants:
        return Wants(self.windows | other.windows, self.list_prices or other.list_prices, self.blacklist or other.blacklist)

    def __bool__(self) -> bool:
        return bool(self.windows or self.list_prices or self.blacklist)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was gathered for one order; only what some rule wanted is there."""

    by_phone: Mapping[timedelta, int] = field(default_factory=dict)
    """Orders of its telephone number in a window that ends with its own placing, itself among them; absent when masked."""
    list_prices: Mapping[str, Money] = field(default_factory=dict)
    """By SKU code; absent where nobody set one in the order's currency."""
    blacklisted: tuple[str, ...] = ()
    """Entries that speak of this order, in words."""
    not_looked_at: tuple[str, ...] = ()
    """Fields that are masked, so that no list can speak of them."""


class ReviewRule(ABC):
    """One question about an order. Pure: it sees the order's card and nothing else.

    A rule that raises holds the order, with the error as the reason. Limits are exclusive: what equals a limit goes to people.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hold: ClassVar[HoldCode] = HoldCode.REVIEW_RULE
    settings: ClassVar[tuple[SettingField, ...]] = ()
    about_address: ClassVar[bool] = False
    """Asked again when the address changes, even of orders that passed."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.config = settings

    @classmethod
    def accepts(cls, name: str) -> bool:
        """Whether there is a setting of this name."""
        return any(field_.name == name for field_ in cls.settings)

    def check(self) -> None:
        """Refuse settings that make no sense with a DomainError; called when they are set."""
        return None

    @abstractmethod
    def judge(self, order: OrderCard) -> Verdict:
        """Whether the order may go on without a person looking at it."""


class InformedRule(ReviewRule):
    """A question that needs more than the card: it says what it `wants`, and is told that with each order. Pure too."""

    @property
    @abstractmethod
    def wants(self) -> Wants:
        """Nothing, as long as its settings leave it idle: then nothing is gathered for it."""

    @abstractmethod
    def judge_with(self, order: OrderCard, facts: Facts) -> Verdict:
        """As `judge`, with the facts it wanted."""

    def judge(self, order: OrderCard) -> Verdict:
        return self.judge_with(order, Facts())
