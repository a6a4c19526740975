"""After-sales: what buyers want after buying, and what is answered."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...aftersales import pages as reads
from ...aftersales import service as aftersales
from ...aftersales.api import AfterSaleState, AfterSaleType, Wanted
from ...auth import pages as audit
from ...auth.permissions import Permission
from ...catalog.queries import shops
from ...channels import service as channels
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ...orders import pages as orders
from ..access import needs, row_number
from ..channel_labels import FLAG
from ..refusals import perform
from ..services import services
from ..typed import amount, amount_of, text, whole_of
from ..words import gettext as _

pages = Blueprint("aftersales", __name__)


@pages.get("/after-sales/")
@needs(Permission.ORDERS_READ)
def index() -> str:
    installation = services().installation
    db = installation.db
    state, type_ = request.args.get("state", reads.OPEN), request.args.get("type", "")
    wanted = reads.Filter(
        state=state if state in {reads.OPEN, *AfterSaleState} else "",
        type=type_ if type_ in set(AfterSaleType) else "",
        shop_id=row_number(request.args.get("shop", "")),
        before=row_number(request.args.get("before", "")),
    )
    rows, more = reads.after_sales(db, wanted)
    return render_template(
        "after_sales.html",
        rows=rows,
        more=more,
        wanted=wanted,
        counts=reads.counts(db),
        cap=reads.CAP,
        states=list(AfterSaleState),
        types=list(AfterSaleType),
        shops=shops(db),
        now=installation.environment.now(),
    )


@pages.get("/after-sales/<row:after_sale_id>")
@needs(Permission.ORDERS_READ)
def show(after_sale_id: int) -> str:
    installation = services().installation
    row = reads.after_sale(installation.db, after_sale_id)
    if row is None:
        abort(404)
    return render_template(
        "after_sale.html",
        row=row,
        lines=reads.lines(installation.db, after_sale_id),
        history=audit.history(installation.db, [("after_sale", after_sale_id)]),
        now=installation.environment.now(),
    )


@pages.post("/after-sales/<row:after_sale_id>/<any(agree, refuse, cancel):step>")
@needs(Permission.ORDERS_REVIEW)
def decide(after_sale_id: int, step: str) -> Response:
    because = text("because")
    if step == "cancel":
        perform(lambda uow: aftersales.cancel(uow, after_sale_id, because), _("It is withdrawn; the order goes on."))
    else:
        perform(
            lambda uow: aftersales.answer(uow, after_sale_id, step == "agree", because),
            _("You agreed.") if step == "agree" else _("You refused."),
        )
    return redirect(url_for(".show", after_sale_id=after_sale_id), 303)


@pages.get("/orders/<row:order_id>/after-sale")
@needs(Permission.ORDERS_ENTER)
def form(order_id: int) -> str:
    return _form(order_id)


@pages.post("/orders/<row:order_id>/after-sale")
@needs(Permission.ORDERS_ENTER)
def ask(order_id: int) -> Response | tuple[str, int]:
    """A buyer's wish that no platform reports; the money asked back is of the lines, unless it is written otherwise."""
    head = _head(order_id)
    currency = head.total.currency
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        type_ = text("type")
        if type_ not in set(AfterSaleType):
            raise DomainError(_("%(what)s was not chosen", what=_("What is wanted")), remedy=_("Choose one of the list."))
        lines = [
            Wanted(
                line.id,
                whole_of(units, _("The number of units")),
                amount_of(text(f"amount-{line.no}"), currency) or 0,
            )
            for line in orders.lines(uow.db, order_id, currency)
            if line.kit_line is None and (units := text(f"units-{line.no}"))
        ]
        total = amount("amount", currency)
        made[:] = [
            aftersales.request(
                uow,
                order_id,
                AfterSaleType(type_),
                lines,
                text("reason"),
                amount=sum(line.amount for line in lines) if total is None else total,
                words=text("words"),
            )
        ]

    if perform(command, _("It is taken in; what it is about does not leave until somebody has answered.")):
        return redirect(url_for(".show", after_sale_id=made[0]), 303)
    return _form(order_id), 422


@pages.post("/orders/<row:order_id>/memo")
@needs(Permission.ORDERS_REVIEW)
def memo(order_id: int) -> Response:
    """The seller's note on the platform's order, the whole of it, with its flag."""
    words, flag = text("memo"), text("flag")

    def command(uow: UnitOfWork) -> None:
        if flag not in FLAG:
            raise DomainError(_("%(what)s was not chosen", what=_("The flag")), remedy=_("Choose one of the list."))
        channels.write_memo(uow, order_id, words, flag)

    perform(command, _("The platform is told in a moment."))
    return redirect(url_for("console.orders.show", order_id=order_id), 303)


def _head(order_id: int) -> orders.OrderHead:
    head = orders.head(services().installation.db, order_id)
    if head is None:
        abort(404)
    return head


def _form(order_id: int) -> str:
    db, head = services().installation.db, _head(order_id)
    currency = head.total.currency
    lines = [line for line in orders.lines(db, order_id, currency) if line.kit_line is None]
    return render_template(
        "after_sale_new.html",
        order=head,
        lines=[line for line in lines if line.quantity > line.cancelled + line.returned],
        types=list(AfterSaleType),
        refundable=Money(head.received.minor - head.refunded.minor, currency),
        given=request.form,
    )
