"""Orders: the list, one order, and what people decide about it."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...aftersales import pages as aftersales
from ...auth.pages import history
from ...auth.permissions import Permission
from ...catalog import queries as catalog
from ...channels import pages as channel_reads
from ...channels.api import CancelsOrders, WritesMemos
from ...channels.pages import carriers
from ...fulfillment import pages as fo_reads
from ...fulfillment.pickups import fetched
from ...inventory import pages as stock
from ...ledger import pages as ledger
from ...orders import pages as reads
from ...orders import service as orders
from ...orders.api import HoldCode, OrderStatus, Reach
from ...review import service as review
from ..access import may, needs, row_number
from ..channel_labels import FLAG
from ..forms import ReasonForm, ReasonNeededForm, entered
from ..refusals import perform
from ..services import services
from ..typed import text
from ..words import gettext as _
from .holding import CODES as HOLD_CODES

pages = Blueprint("orders", __name__, url_prefix="/orders")


@pages.get("/")
@needs(Permission.ORDERS_READ)
def index() -> str | Response:
    db = services().installation.db
    text = request.args.get("q", "").strip()[:100]
    if text and (found := reads.number_to_id(db, text)) is not None:
        return redirect(url_for(".show", order_id=found), 303)
    status = request.args.get("status", "")
    hold = request.args.get("hold", "")
    wanted = reads.Filter(
        status=status if status in set(OrderStatus) else "",
        shop_id=row_number(request.args.get("shop", "")),
        text=text,
        names=may(Permission.ORDERS_READ_PII),
        hold=hold if hold in set(HoldCode) else "",
        before=row_number(request.args.get("before", "")),
    )
    rows, more = reads.orders(db, wanted)
    kept = {"q": text or None, "shop": wanted.shop_id, "hold": wanted.hold or None}
    return render_template(
        "orders.html",
        rows=rows,
        more=more,
        wanted=wanted,
        kept=kept,
        counts=reads.counts(db, wanted.shop_id),
        statuses=list(OrderStatus),
        hold_codes=HOLD_CODES,
        shops=catalog.shops(db),
    )


@pages.get("/<row:order_id>")
@needs(Permission.ORDERS_READ)
def show(order_id: int) -> str:
    console = services()
    db = console.installation.db
    head = reads.head(db, order_id)
    if head is None:
        abort(404)
    fo_ids = fo_reads.ids_of_order(db, order_id)
    documents = [("order", order_id), *(("fulfillment_order", fo_id) for fo_id in fo_ids)]
    holds = reads.holds(db, order_id, fo_ids)
    fos = fo_reads.heads(db, fo_ids)
    deciding = head.status == OrderStatus.PENDING_REVIEW and may(Permission.ORDERS_REVIEW)
    sources = channel_reads.platform_orders(db, order_id)
    channels = [kind for one in sources if (kind := console.plugins.channels.get(one.adapter))]
    entries = ledger.entries_of(db, documents) if may(Permission.LEDGER_READ) else []
    return render_template(
        "order.html",
        order=head,
        lines=reads.lines(db, order_id, head.total.currency),
        open_holds=[hold for hold in holds if hold.released_at is None],
        past_holds=[hold for hold in holds if hold.released_at is not None],
        fos=fos,
        fo_lines=fo_reads.lines(db, fo_ids),
        waybills=fo_reads.waybills(db, fo_ids),
        tracking=fo_reads.tracking(db, fo_ids),
        notices=channel_reads.notices(db, order_id),
        platform_orders=sources,
        memos=any(issubclass(kind, WritesMemos) for kind in channels) and may(Permission.ORDERS_REVIEW),
        cancels=any(issubclass(kind, CancelsOrders) for kind in channels),
        flags=FLAG,
        after_sales=aftersales.of_order(db, order_id),
        across=next(iter(fetched(db, order_ids=[order_id])), None) if head.reach != Reach.SHIPPED else None,
        now=console.installation.environment.now(),
        payments=reads.payments(db, order_id, head.total.currency),
        entries=entries,
        history=history(db, documents),
        numbers={fo.id: fo.number for fo in fos} if len(fos) > 1 else {},
        shown=console.plugins.show("show_order_panels", console.contexts.of, order_id=order_id),
        titles={slug: manifest.title for slug, manifest in console.plugins.manifests.items()},
        carriers=carriers(db) if deciding else [],
        warehouses=stock.warehouses(db) if deciding else [],
    )


@pages.post("/<row:order_id>/approve")
@needs(Permission.ORDERS_REVIEW)
def approve(order_id: int) -> Response:
    form = ReasonForm()
    because = entered(form.because).strip()[:500]
    carrier, warehouse = text("carrier"), text("warehouse")
    perform(
        lambda uow: review.approve(uow, order_id, because, carrier=carrier, warehouse=warehouse),
        _("The order is approved and goes to the warehouse."),
    )
    return redirect(url_for(".show", order_id=order_id), 303)


@pages.post("/<row:order_id>/reject")
@needs(Permission.ORDERS_REVIEW)
def reject(order_id: int) -> Response | tuple[str, int]:
    form = ReasonNeededForm()
    if form.validate():
        because = entered(form.because).strip()
        perform(lambda uow: review.reject(uow, order_id, because), _("The order is rejected; its units are cancelled."))
    else:
        _say_why()
    return redirect(url_for(".show", order_id=order_id), 303)


@pages.post("/<row:order_id>/hold")
@needs(Permission.ORDERS_REVIEW)
def hold(order_id: int) -> Response:
    form = ReasonNeededForm()
    if form.validate():
        note = entered(form.because).strip()
        perform(lambda uow: orders.hold(uow, order_id, HoldCode.MANUAL, note), _("The order is held until somebody lifts it."))
    else:
        _say_why()
    return redirect(url_for(".show", order_id=order_id), 303)


@pages.post("/<row:order_id>/holds/<row:hold_id>/lift")
@needs(Permission.ORDERS_REVIEW)
def lift(order_id: int, hold_id: int) -> Response:
    because = entered(ReasonForm().because).strip()[:500]
    perform(lambda uow: orders.lift_hold(uow, hold_id, because), _("The hold is lifted."))
    return redirect(url_for(".show", order_id=order_id), 303)


def _say_why() -> None:
    flash(_("Write a reason first: it stands in the order's history."), "danger")
