"""The contract of a review rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..kernel.values import SettingField
from ..orders.api import HoldCode, OrderCard


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule found: `passed`, and the sentence a person reads when it did not."""

    passed: bool
    reason: str = ""


class ReviewRule(ABC):
    """One question about an order. Pure: it sees the order's card and nothing else.

    A rule that raises holds the order, with the error as the reason.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hold: ClassVar[HoldCode] = HoldCode.REVIEW_RULE
    settings: ClassVar[tuple[SettingField, ...]] = ()

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.config = settings

    @abstractmethod
    def judge(self, order: OrderCard) -> Verdict:
        """Whether the order may go on without a person looking at it."""
