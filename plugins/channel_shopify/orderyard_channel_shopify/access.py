"""Who we are at a shop, and what it lets us do."""

from __future__ import annotations

from .wire import AdminApi

SCOPES = (
    "read_orders",
    "write_orders",
    "read_customers",
    "read_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_returns",
    "write_returns",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
)
"""What everything here needs."""


def who(api: AdminApi) -> str:
    """The shop by name and domain, and what of the wanted access is missing."""
    data = api.read("shop", {})
    shop = data.node("shop")
    given = {scope.text("handle") for scope in data.node("currentAppInstallation").each("accessScopes")}
    missing = [scope for scope in SCOPES if not _granted(scope, given)]
    known = f"{shop.text('name')} ({shop.text('myshopifyDomain')}), {shop.text('currencyCode')}"
    return f"{known}; access is missing: {', '.join(missing)}" if missing else f"{known}; all access is there"


def _granted(scope: str, given: set[str]) -> bool:
    """Who may write may read, and is not told so separately."""
    return scope in given or scope.replace("read_", "write_", 1) in given
