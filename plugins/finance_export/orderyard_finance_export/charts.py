"""Account codes of Chinese ledgers, per accounting standard.

Numbers: 企业会计准则 and 小企业会计准则 as published by the Ministry of Finance; 合同负债 has no official number there, 2205 is
the common choice. A merchant's own ledger differs in the sub-accounts, so every line can be replaced by a setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orderyard.core.kernel.errors import DomainError
from orderyard.core.ledger.api import AccountRef, Role


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the merchant's ledger (科目)."""

    code: str
    name: str


_ENTERPRISE = {
    Role.PLATFORM: Account("1012", "其他货币资金"),
    Role.BANK: Account("1002", "银行存款"),
    Role.COD_RECEIVABLE: Account("1122", "应收账款"),
    Role.ADVANCES: Account("2205.01", "合同负债-预收货款"),
    Role.ADVANCES_TAX: Account("2205.02", "合同负债-待转销项税"),
    Role.OUTPUT_TAX: Account("2221.01.05", "应交税费-应交增值税-销项税额"),
    Role.REVENUE: Account("6001.01", "主营业务收入-商品"),
    Role.FREIGHT_REVENUE: Account("6001.02", "主营业务收入-运费"),
    Role.OTHER_INCOME: Account("6301", "营业外收入"),
    Role.COST_OF_GOODS: Account("6401.01", "主营业务成本-商品"),
    Role.INVENTORY: Account("1405", "库存商品"),
    Role.PAYABLE: Account("2202", "应付账款"),
    Role.OPENING: Account("4104", "利润分配"),
    Role.STOCK_LOSS: Account("6602", "管理费用"),
}
_SMALL = _ENTERPRISE | {
    Role.ADVANCES: Account("2203.01", "预收账款-货款"),
    Role.ADVANCES_TAX: Account("2203.02", "预收账款-待转销项税"),
    Role.REVENUE: Account("5001.01", "主营业务收入-商品"),
    Role.FREIGHT_REVENUE: Account("5001.02", "主营业务收入-运费"),
    Role.OTHER_INCOME: Account("5301", "营业外收入"),
    Role.COST_OF_GOODS: Account("5401.01", "主营业务成本-商品"),
    Role.OPENING: Account("3104", "利润分配"),
    Role.STOCK_LOSS: Account("5602", "管理费用"),
}
STANDARDS: Mapping[str, Mapping[Role, Account]] = {"enterprise": _ENTERPRISE, "small": _SMALL}

_CODE = re.compile(r"[0-9A-Za-z.]{1,40}")


@dataclass(frozen=True, slots=True)
class Item:
    """A 核算项目: what a line is divided by beside its account."""

    kind: str
    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}---{self.code}---{self.name}"


_ITEM_KINDS = {Role.PAYABLE: "供应商"}
"""What a detail is in Kingdee's books; 客户 where nothing else is said."""

DETAILS = ("item", "account", "none")


class Chart:
    """The merchant's accounts: a standard's codes, replaced where the merchant says so, divided by shop or carrier."""

    def __init__(self, standard: str, own: Mapping[AccountRef, str], details: str, names: Mapping[str, str]) -> None:
        if standard not in STANDARDS:
            raise DomainError(f"setting standard is {standard!r}", remedy=f"use one of {', '.join(STANDARDS)}")
        if details not in DETAILS:
            raise DomainError(f"setting details is {details!r}", remedy=f"use one of {', '.join(DETAILS)}")
        self._accounts = {AccountRef(role): account for role, account in STANDARDS[standard].items()}
        self._accounts |= {ref: _account(text) for ref, text in own.items()}
        self._details = details
        self._names = names

    def find(self, ref: AccountRef, entry: str) -> tuple[Account, Item | None]:
        """Account and 核算项目 of a line; `entry` is named when there is no account for it."""
        own = self._accounts.get(ref)
        if own is not None:
            return own, None
        account = self._accounts[AccountRef(ref.role)]
        if self._details == "none":
            return account, None
        if self._details == "item":
            name = self._names.get(ref.detail, ref.detail)
            return account, Item(_ITEM_KINDS.get(ref.role, "客户"), ref.detail, name)
        raise DomainError(
            f"entry {entry}: {ref.role}/{ref.detail} has no account",
            remedy=f"add {ref.role}/{ref.detail}={account.code}.01 {account.name}-… to the setting kingdee_accounts",
        )


def _account(text: str) -> Account:
    code, _, name = text.partition(" ")
    if not _CODE.fullmatch(code) or not name.strip():
        raise DomainError(
            f"setting kingdee_accounts: {text!r} is not a code and a name", remedy="write 1012.01 其他货币资金-支付宝"
        )
    return Account(code, name.strip())
