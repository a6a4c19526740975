"""Customers: who they are, what they bought, whose prices they get, and whether several of them are one."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog.pages import customer_groups
from ...customers import pages as reads
from ...customers import service as customers
from ...customers.pages import CustomerHead
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ...orders import pages as orders
from ...review import blacklist
from ...review.api import BlacklistKind
from ..access import needs, row_number
from ..refusals import perform, refuse
from ..services import services
from ..typed import rows_chosen, sought, text
from ..words import gettext as _

pages = Blueprint("customers", __name__, url_prefix="/customers")


@pages.get("/")
@needs(Permission.ORDERS_READ_PII)
def index() -> str:
    db, wanted = services().installation.db, sought()
    rows, more = reads.search(db, wanted, row_number(request.args.get("after", "")))
    return render_template(
        "customers.html", rows=rows, more=more, text=wanted, orders=orders.orders_by_customer(db, [row.id for row in rows])
    )


@pages.get("/of-order/<row:order_id>")
@needs(Permission.ORDERS_READ_PII)
def of_order(order_id: int) -> Response:
    """The customer of an order."""
    row = services().installation.db.row("SELECT customer_id FROM sales_order WHERE id = ?", (order_id,))
    if row is None:
        abort(404)
    return redirect(url_for(".show", customer_id=row[0]), 303)


@pages.get("/<row:customer_id>")
@needs(Permission.ORDERS_READ_PII)
def show(customer_id: int) -> str:
    db, head = services().installation.db, _head(customer_id)
    bought, more = orders.orders(db, orders.Filter(customer_id=customer_id, before=row_number(request.args.get("before", ""))))
    values = [one.value for one in head.identities]
    return render_template(
        "customer.html",
        customer=head,
        orders=bought,
        more=more,
        count=orders.orders_by_customer(db, [customer_id]).get(customer_id, 0),
        groups=customer_groups(db),
        listed=blacklist.speaking_of(db, values, [head.row.phone, *values]),
        history=audit.history(db, [("customer", customer_id)], 50),
    )


@pages.post("/<row:customer_id>/group")
@needs(Permission.PRICES_MANAGE)
def set_group(customer_id: int) -> Response:
    group = text("group")
    perform(lambda uow: customers.set_price_group(uow, customer_id, group), _("New orders get the prices of this group."))
    return _back(customer_id)


@pages.post("/<row:customer_id>/blacklist")
@needs(Permission.RULES_MANAGE)
def put_on_blacklist(customer_id: int) -> Response:
    """What was ticked of that by which they are recognised goes on the list."""
    head, note = _head(customer_id), text("note", 200)

    def command(uow: UnitOfWork) -> None:
        places = rows_chosen("sign")
        if not places or max(places) > len(head.identities) or min(places) < 1:
            raise DomainError(_("Nothing was chosen"), remedy=_("Tick what the blacklist is to know them by."))
        for place in sorted(set(places)):
            one = head.identities[place - 1]
            kind = BlacklistKind.PHONE if one.kind == "phone" else BlacklistKind.BUYER
            blacklist.blacklist(uow, kind, [one.value], note)
        uow.note("blacklisted", "customer", customer_id, note)

    perform(command, _("Orders of this customer wait for a person from now on."))
    return _back(customer_id)


@pages.get("/<row:customer_id>/merge")
@needs(Permission.ORDERS_ENTER)
def merging(customer_id: int) -> str:
    """Choose who else this customer is, and look what would move."""
    return _merge_page(customer_id, [number for number in map(row_number, request.args.getlist("other")) if number])


@pages.post("/<row:customer_id>/merge")
@needs(Permission.ORDERS_ENTER)
def merge(customer_id: int) -> Response:
    def command(uow: UnitOfWork) -> None:
        customers.merge(uow, customer_id, rows_chosen("other"))

    if perform(command, _("They are one customer now; orders and what they are recognised by moved here.")):
        return _back(customer_id)
    return redirect(url_for(".merging", customer_id=customer_id), 303)


def _merge_page(customer_id: int, others: list[int]) -> str:
    db, head, wanted = services().installation.db, _head(customer_id), sought()
    others = list(dict.fromkeys(others))[:100]
    preview = None
    if others:
        try:
            preview = customers.combined(db, customer_id, others)
        except OrderyardError as error:
            refuse(error)
            others = []
    counts = orders.orders_by_customer(db, [customer_id, *others])
    found, more = reads.search(db, wanted or head.row.name) if wanted or head.row.name else ([], None)
    return render_template(
        "customer_merge.html",
        customer=head,
        text=wanted,
        found=[row for row in found if row.id != customer_id and row.id not in others],
        more=more,
        others=[one for one in (reads.head(db, other) for other in others) if one is not None],
        orders=counts | orders.orders_by_customer(db, [row.id for row in found]),
        total=sum(counts.values()),
        preview=preview,
    )


def _head(customer_id: int) -> CustomerHead:
    head = reads.head(services().installation.db, customer_id)
    if head is None:
        abort(404)
    return head


def _back(customer_id: int) -> Response:
    return redirect(url_for(".show", customer_id=customer_id), 303)
