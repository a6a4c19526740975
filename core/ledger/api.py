"""The contract of a ledger export: entries in, files out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from ..kernel.values import Money, SettingField


class Role(StrEnum):
    """What an account is for. The export maps roles to the account codes of the merchant's own ledger."""

    PLATFORM = "platform"
    """Money the platform or payment service holds for us (其他货币资金)."""
    BANK = "bank"
    """Money on our own account (银行存款)."""
    COD_RECEIVABLE = "cod_receivable"
    """Money a carrier collected or will collect at the door (应收账款)."""
    ADVANCES = "advances"
    """Paid by buyers for goods not yet sent, net of tax (合同负债)."""
    ADVANCES_TAX = "advances_tax"
    """The tax inside advances, not yet due (待转销项税额)."""
    OUTPUT_TAX = "output_tax"
    """Output VAT due (应交税费-销项税额)."""
    REVENUE = "revenue"
    """Goods sold, net (主营业务收入)."""
    FREIGHT_REVENUE = "freight_revenue"
    """Freight charged to buyers, net."""
    OTHER_INCOME = "other_income"
    """What came in without anything being sold: forfeited deposits (营业外收入)."""
    COST_OF_GOODS = "cost_of_goods"
    INVENTORY = "inventory"
    PAYABLE = "payable"
    """Owed to suppliers and carriers (应付账款)."""
    OPENING = "opening"
    """The other side of opening balances (equity)."""
    STOCK_LOSS = "stock_loss"


class AccountKind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


KINDS: Mapping[Role, AccountKind] = {
    Role.PLATFORM: AccountKind.ASSET,
    Role.BANK: AccountKind.ASSET,
    Role.COD_RECEIVABLE: AccountKind.ASSET,
    Role.ADVANCES: AccountKind.LIABILITY,
    Role.ADVANCES_TAX: AccountKind.LIABILITY,
    Role.OUTPUT_TAX: AccountKind.LIABILITY,
    Role.REVENUE: AccountKind.INCOME,
    Role.FREIGHT_REVENUE: AccountKind.INCOME,
    Role.OTHER_INCOME: AccountKind.INCOME,
    Role.COST_OF_GOODS: AccountKind.EXPENSE,
    Role.INVENTORY: AccountKind.ASSET,
    Role.PAYABLE: AccountKind.LIABILITY,
    Role.OPENING: AccountKind.EQUITY,
    Role.STOCK_LOSS: AccountKind.EXPENSE,
}


@dataclass(frozen=True, slots=True)
class AccountRef:
    """A role, divided further where money must be told apart: per shop, per carrier."""

    role: Role
    detail: str = ""
    """A shop or carrier code, empty where the role stands undivided."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of an entry. Exactly one of debit and credit is not zero; a red line (红字) is negative on its own side."""

    account: AccountRef
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One posted entry (凭证): balanced per currency, never changed; `ref` is unique and stable (`SO1-PAY`)."""

    ref: str
    date: date
    """The merchant's local day."""
    posted_at: datetime
    text: str
    lines: tuple[JournalLine, ...]
    reverses: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """All entries of one period, oldest first, with the balances they start from (debit positive)."""

    merchant: str
    period: str
    """`2026-11`."""
    entries: tuple[JournalEntry, ...]
    opening: tuple[tuple[AccountRef, Money], ...] = ()
    closing: tuple[tuple[AccountRef, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file for finance to import; the same journal gives the same bytes."""

    name: str
    media_type: str
    content: bytes


class LedgerExporter(ABC):
    """A file format of some ledger program. Pure: a journal in, files out."""

    name: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[tuple[SettingField, ...]] = ()

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.config = settings

    @abstractmethod
    def export(self, journal: Journal) -> Sequence[ExportFile]:
        """The period's files; raises DomainError naming the entry that the format cannot hold."""
