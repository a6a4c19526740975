"""Orders that staff enter by hand: the form, what it would cost, and the order itself."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import FoundSku, find_skus, items_named
from ...catalog.queries import ShopFacts, shops
from ...customers.queries import FoundCustomer, find_customers
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.values import Address, Money
from ...orders import manual
from ...orders.api import OrderType
from ...orders.manual import HandLine, HandOrder
from ...orders.pricing import PricedOrder
from ..access import may, needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import amount, amount_of, listed, text, ticked, typed_address, whole, whole_of
from ..words import gettext as _

pages = Blueprint("entry", __name__, url_prefix="/orders")

_EMPTY = 3
"""Lines that wait to be filled in, below those that are."""


@pages.get("/new")
@needs(Permission.ORDERS_ENTER)
def form() -> str:
    return _page()


@pages.post("/new")
@needs(Permission.ORDERS_ENTER)
def enter() -> str | Response | tuple[str, int]:
    """`price` shows what the order would cost and writes nothing; `enter` makes it."""
    installation = services().installation
    db = installation.db
    priced, choices, customers = None, dict[str, list[FoundSku]](), list[FoundCustomer]()
    who = text("who")
    try:
        shop = _shop()
        names, choices = _meant([line[0] for line in _lines()])
        if who and not text("customer"):
            customers = find_customers(db, who)
        if text("do") in ("price", "enter") and not choices:
            order = _order(shop, names)
            priced = manual.quote(db, installation.merchant, order, installation.environment.now())
            made: list[int] = []
            if text("do") == "enter" and perform(
                lambda uow: made.append(manual.enter(uow, order)), _("The order is entered. What it needs next stands here.")
            ):
                return redirect(url_for("console.orders.show", order_id=made[0]), 303)
    except OrderyardError as error:
        refuse(error)
        return _page(choices=choices, customers=customers), 422
    page = _page(priced=priced, shop=shop, choices=choices, customers=customers)
    return (page, 422) if choices or text("do") == "enter" else page


@pages.get("/new/skus")
@needs(Permission.ORDERS_ENTER)
def skus() -> str:
    """What a half-typed SKU may mean, for the field's list."""
    return render_template(
        "sku_options.html", skus=find_skus(services().installation.db, request.args.get("sku", "")[:100], 12)
    )


@pages.post("/<row:order_id>/goods-arrived")
@needs(Permission.ORDERS_ENTER)
def goods_arrived(order_id: int) -> Response:
    because = text("because")
    perform(lambda uow: manual.return_goods_arrived(uow, order_id, because), _("The goods are back; the exchange goes on."))
    return redirect(url_for("console.orders.show", order_id=order_id), 303)


def _page(
    priced: PricedOrder | None = None,
    shop: ShopFacts | None = None,
    choices: dict[str, list[FoundSku]] | None = None,
    customers: list[FoundCustomer] | None = None,
) -> str:
    db = services().installation.db
    lines = _lines() if request.method == "POST" else []
    currency = shop.currency if shop else services().installation.merchant.currency
    return render_template(
        "entry.html",
        shops=shops(db),
        types=list(OrderType),
        lines=[*lines, *[("", "", "")] * _EMPTY],
        given=request.form,
        key=text("key") or services().installation.environment.token(),
        priced=priced,
        money=lambda minor: Money(minor, currency),
        choices=choices or {},
        customers=customers or [],
    )


def _lines() -> list[tuple[str, ...]]:
    return listed(("sku", "quantity", "price"))


def _shop() -> ShopFacts:
    found = next((shop for shop in shops(services().installation.db) if shop.code == text("shop")), None)
    if found is None:
        raise DomainError(_("The shop was not chosen"), remedy=_("Choose the shop that this order is of."))
    return found


def _meant(names: list[str]) -> tuple[dict[str, str], dict[str, list[FoundSku]]]:
    """Codes by what was typed, and for what may mean several SKUs, or none, those it may mean."""
    db = services().installation.db
    known = items_named(db, names)
    meant, open_ = {name: item.code for name, item in known.items()}, dict[str, list[FoundSku]]()
    for name in names:
        if name not in meant:
            found = find_skus(db, name, 8)
            if len(found) == 1:
                meant[name] = found[0].code
            else:
                open_[name] = found
    return meant, open_


def _order(shop: ShopFacts, names: dict[str, str]) -> HandOrder:
    """The order as it was typed; who may not override prices is refused here."""
    kind = text("type") or OrderType.NORMAL.value
    if kind not in set(OrderType):
        abort(400)
    to = typed_address(Address())
    order = HandOrder(
        shop=shop.code,
        lines=[
            HandLine(names[sku], whole_of(count or "1", _("The number of units")), amount_of(price, shop.currency))
            for sku, count, price in _lines()
        ],
        receiver=to,
        type=OrderType(kind),
        origin=text("origin"),
        number=text("number"),
        key=text("key"),
        customer_id=whole("customer", _("The customer"), 0),
        email=text("email"),
        discount=amount("discount", shop.currency) or 0,
        freight=amount("freight", shop.currency),
        paid=text("payment") == "paid",
        deposit=amount("deposit", shop.currency) or 0,
        method=text("method") or "cash",
        cod=text("payment") == "cod",
        message=text("message", 2000),
        memo=text("memo", 2000),
        goods_first=ticked("goods_first"),
    )
    if order.overrides and not may(Permission.PRICES_OVERRIDE):
        raise DomainError(
            _("Your role may not set prices, discounts or freight"),
            remedy=_("Leave them empty, so that the lists and templates decide, or ask somebody who may."),
        )
    if not order.lines:
        raise DomainError(_("The order has no lines"), remedy=_("Scan or type at least one SKU."))
    return order
