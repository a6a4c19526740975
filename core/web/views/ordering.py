"""What people change about an order that is there: units, lines, prices, address, its review and its parcels."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...channels import service as channels
from ...fulfillment import merging
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ...orders import amendments
from ...orders import pages as reads
from ...orders import service as orders
from ...orders.api import AmendmentState
from ...orders.changes import AddLine, Change, Discount, Freight, NewAddress, Price, Quantity, described
from ...orders.pages import LineRow, OrderHead
from ...review import decisions
from ..access import may, me, needs
from ..refusals import perform, refuse
from ..services import services
from ..typed import amount, amount_of, listed, text, typed_address, whole_of
from ..words import gettext as _

pages = Blueprint("ordering", __name__, url_prefix="/orders")

_OVER = ("cancelled", "completed")


@pages.post("/<row:order_id>/cancel")
@needs(Permission.ORDERS_REVIEW)
def cancel(order_id: int) -> Response:
    """So many units of each line, or everything that is not sent when no number is given."""
    head, lines = _order(order_id)
    because = text("because")

    def command(uow: UnitOfWork) -> None:
        _refuse_silence(because)
        units = _units(lines)
        there = request.form.get("there") == "1"
        if there and units is not None:
            raise DomainError(
                _("A platform cancels whole orders only"),
                remedy=_("Leave the numbers of units empty, or cancel them here alone."),
            )
        orders.cancel(uow, head.id, units, because)
        if there:
            channels.cancel_there(uow, head.id, because)

    perform(command, _("The units are cancelled; what was reserved for them is free again."))
    return _back(order_id)


def _units(lines: Sequence[LineRow]) -> dict[int, int] | None:
    """Units by countable line: a kit's number counts kits, each with all its components. None when nothing was typed."""
    found: dict[int, int] = {}
    kit, kits = None, 0
    for line in lines:
        value = text(f"units-{line.no}")
        count = whole_of(value, _("The number of units")) if value else 0
        if line.kit:
            kit, kits = line.no, count
        elif line.kit_line is not None and line.kit_line == kit:
            count = kits * line.per_kit
        if count and not line.kit:
            found[line.id] = count
    return found or None


@pages.post("/<row:order_id>/withdraw")
@needs(Permission.ORDERS_REVIEW)
def withdraw(order_id: int) -> Response:
    because = text("because")
    perform(
        lambda uow: decisions.withdraw(uow, order_id, because), _("The order is back in review; nothing is reserved for it.")
    )
    return _back(order_id)


@pages.post("/<row:order_id>/finance/<any(pass, reject):verdict>")
@needs(Permission.FINANCE_REVIEW)
def finance(order_id: int, verdict: str) -> Response:
    because = text("because")
    if verdict == "pass":
        perform(
            lambda uow: decisions.approve_finance(uow, order_id, because), _("Finance passed it; it goes to the warehouse.")
        )
    else:
        perform(
            lambda uow: decisions.reject_finance(uow, order_id, because), _("Finance rejected it; its units are cancelled.")
        )
    return _back(order_id)


@pages.post("/<row:order_id>/<any(seal, unseal):step>")
@needs(Permission.ORDERS_REVIEW)
def seal(order_id: int, step: str) -> Response:
    because = text("because")
    if step == "seal":
        perform(lambda uow: merging.seal(uow, order_id, because), _("The order is never merged with another one."))
    else:
        perform(lambda uow: merging.unseal(uow, order_id, because), _("The order may be merged again."))
    return _back(order_id)


@pages.get("/<row:order_id>/amend")
@needs(Permission.ORDERS_REVIEW)
def amend(order_id: int) -> str:
    return _page(order_id)


@pages.post("/<row:order_id>/amend")
@needs(Permission.ORDERS_REVIEW)
def draft(order_id: int) -> str | Response | tuple[str, int]:
    """Carry the changes out, look what comes of them, undo them, and keep them as a draft with that."""
    head, lines = _order(order_id)
    try:
        changes = _changes(head, lines)
        because = text("because")
        _refuse_silence(because)
        with services().installation.unit_of_work(me().actor) as uow:
            for row in amendments.amendments(uow.db, order_id):
                if row.state is AmendmentState.DRAFT:
                    amendments.drop(uow, row.id, _("another draft took its place"))
            amendments.draft(uow, order_id, changes, because)
    except OrderyardError as error:
        refuse(error)
        return _page(order_id), 422
    return redirect(url_for(".amend", order_id=order_id, _anchor="drafts"), 303)


@pages.post("/<row:order_id>/amend/<row:amendment_id>/<any(apply, drop):step>")
@needs(Permission.ORDERS_REVIEW)
def close(order_id: int, amendment_id: int, step: str) -> Response:
    if step == "apply":
        done = perform(lambda uow: amendments.apply(uow, amendment_id), _("The order is changed."))
    else:
        because = text("because")
        done = perform(
            lambda uow: amendments.drop(uow, amendment_id, because), _("The change is dropped; the order stays as it is.")
        )
    return _back(order_id) if done else redirect(url_for(".amend", order_id=order_id), 303)


def _page(order_id: int) -> str:
    head, lines = _order(order_id)
    currency = head.total.currency
    kept = amendments.amendments(services().installation.db, order_id)
    return render_template(
        "amend.html",
        order=head,
        lines=[line for line in lines if line.kit_line is None],
        given=request.form,
        open=[row for row in kept if row.state in (AmendmentState.DRAFT, AmendmentState.WAITING)],
        closed=[row for row in kept if row.state not in (AmendmentState.DRAFT, AmendmentState.WAITING)],
        described=described,
        minor=lambda minor: Money(int(minor), currency),
        over=head.status in _OVER,
    )


def _changes(head: OrderHead, lines: Sequence[LineRow]) -> list[Change]:
    """What is typed and differs from how the order is."""
    currency = head.total.currency
    found: list[Change] = []
    for line in lines:
        wanted = text(f"quantity-{line.no}")
        if wanted and (count := whole_of(wanted, _("The number of units"))) != line.quantity - line.cancelled:
            found.append(Quantity(line.no, count))
        price = amount(f"price-{line.no}", currency)
        if price is not None and price != line.unit_price.minor:
            found.append(Price(line.no, price))
    for sku, typed, each in listed(("sku", "quantity", "price")):
        found.append(AddLine(sku, whole_of(typed or "1", _("The number of units")), amount_of(each, currency)))
    if discount := amount("discount", currency):
        found.append(Discount(discount))
    freight = amount("freight", currency)
    if freight is not None and freight != head.freight.minor:
        found.append(Freight(freight))
    if may(Permission.ORDERS_READ_PII) and (to := typed_address(head.receiver)) != head.receiver:
        found.append(NewAddress(to))
    added = any(isinstance(one, AddLine) and one.unit_price is not None for one in found)
    priced = added or any(isinstance(one, Price | Discount | Freight) for one in found)
    if priced and not may(Permission.PRICES_OVERRIDE):
        raise DomainError(
            _("Your role may not set prices, discounts or freight"),
            remedy=_("Leave them as they are, or ask somebody who may."),
        )
    if not found:
        raise DomainError(_("Nothing is different"), remedy=_("Change a number, a price or a part of the address first."))
    return found


def _order(order_id: int) -> tuple[OrderHead, list[LineRow]]:
    db = services().installation.db
    head = reads.head(db, order_id)
    if head is None:
        abort(404)
    return head, reads.lines(db, order_id, head.total.currency)


def _refuse_silence(because: str) -> None:
    if not because:
        raise DomainError(_("No reason was given"), remedy=_("Write a reason first: it stands in the order's history."))


def _back(order_id: int) -> Response:
    return redirect(url_for("console.orders.show", order_id=order_id), 303)
