"""What people may do: permissions, and roles as sets of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """One right, asked for by name on every route."""

    CONSOLE_USE = "console.use"
    ORDERS_READ = "orders.read"
    ORDERS_READ_PII = "orders.read_pii"
    """Names, telephone numbers and addresses of buyers unmasked."""
    ORDERS_REVIEW = "orders.review"
    ORDERS_ENTER = "orders.enter"
    """Orders by hand and by file, and whose customer is whose."""
    PRICES_OVERRIDE = "prices.override"
    """Other prices, discounts and freight than the lists and templates say."""
    FINANCE_REVIEW = "finance.review"
    """The second review of orders, in shops that ask for it."""
    RULES_MANAGE = "rules.manage"
    """Review rules, the blacklist, who reviews what."""
    PRICES_MANAGE = "prices.manage"
    """Price lists, promotions, freight."""
    CATALOG_MANAGE = "catalog.manage"
    """SKUs, kits and their barcodes."""
    SETUP_MANAGE = "setup.manage"
    """Shops, warehouses, and which serves which."""
    FULFILLMENT_READ = "fulfillment.read"
    FULFILLMENT_WORK = "fulfillment.work"
    STOCK_READ = "stock.read"
    STOCK_WORK = "stock.work"
    """Receipts, adjustments, counts and transfers."""
    LISTINGS_MANAGE = "listings.manage"
    """How much of the stock each shop shows, and what is kept for it."""
    PURCHASES_MANAGE = "purchases.manage"
    """Suppliers, purchase orders and what is low."""
    LEDGER_READ = "ledger.read"
    MONEY_COUNT = "money.count"
    """Statements of what was collected at the door."""
    WORK_READ = "work.read"
    WORK_RETRY = "work.retry"
    PLUGINS_MANAGE = "plugins.manage"
    PEOPLE_MANAGE = "people.manage"


class Role(StrEnum):
    """管理员 主管 审单 仓库 财务 只读."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    REVIEWER = "reviewer"
    WAREHOUSE = "warehouse"
    FINANCE = "finance"
    VIEWER = "viewer"


_P = Permission
_LOOK = frozenset({_P.CONSOLE_USE, _P.ORDERS_READ, _P.FULFILLMENT_READ, _P.STOCK_READ})

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.SUPERVISOR: frozenset(Permission) - {_P.PLUGINS_MANAGE, _P.PEOPLE_MANAGE},
    Role.REVIEWER: _LOOK | {_P.ORDERS_READ_PII, _P.ORDERS_REVIEW, _P.ORDERS_ENTER, _P.WORK_READ},
    Role.WAREHOUSE: _LOOK | {_P.FULFILLMENT_WORK, _P.STOCK_WORK},
    Role.FINANCE: _LOOK | {_P.LEDGER_READ, _P.MONEY_COUNT, _P.FINANCE_REVIEW},
    Role.VIEWER: _LOOK,
}


def permissions_of(role: str) -> frozenset[Permission]:
    """What a stored role may do; nothing for a role that no longer exists."""
    return ROLES[Role(role)] if role in set(Role) else frozenset()
