"""Fulfillment orders: the queues of the warehouse, one of them, and the steps people take with a scanner in hand."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ...auth.pages import history
from ...auth.permissions import Permission
from ...channels.pages import carriers
from ...fulfillment import merging, release, service
from ...fulfillment import pages as reads
from ...fulfillment.api import FoState
from ...fulfillment.pickups import fetched
from ...fulfillment.states import OPEN
from ...inventory import pages as stock
from ...kernel.uow import UnitOfWork
from ...orders import pages as order_reads
from ..access import may, me, needs
from ..refusals import perform
from ..services import services
from ..words import gettext as _

pages = Blueprint("fulfillment", __name__, url_prefix="/fulfillment")

STEPS = {
    FoState.ALLOCATED: "release",
    FoState.RELEASED: "start_picking",
    FoState.PICKING: "pick",
    FoState.PICKED: "pack",
    FoState.PACKED: "ship",
}
"""What may be done next with a fulfillment order in each state."""

_QUEUES = (FoState.RELEASED, FoState.PICKING, FoState.PICKED, FoState.PACKED, FoState.ALLOCATED, FoState.PLANNED)
"""Which of them is shown to somebody who asks for none: the first that has anything in it."""


@pages.get("/")
@needs(Permission.FULFILLMENT_READ)
def index() -> str | AnyResponse:
    db = services().installation.db
    code = request.args.get("scan", "").strip()[:100]
    if code:
        found = reads.scanned(db, code)
        if found is not None:
            return redirect(url_for(".show", fo_id=found), 303)
        flash(
            _("Nothing has the number %(code)s. Scan it again, or type the number of the fulfillment order.", code=code),
            "danger",
        )
    counts = reads.counts(db)
    state = request.args.get("state", "")
    if state not in set(FoState):
        state = next((one.value for one in _QUEUES if counts.get(one)), FoState.RELEASED.value)
    rows, more = reads.fos(db, state, after=_key(request.args.get("after", "")))
    return render_template(
        "fulfillment.html",
        rows=rows,
        more="" if more is None else f"{more[0].isoformat()}~{more[1]}",
        state=state,
        states=list(FoState),
        counts=counts,
        step=STEPS.get(FoState(state)),
    )


def _key(text: str) -> tuple[datetime, int] | None:
    """Where the page before ended, as its link carries it."""
    moment, _tilde, number = text.partition("~")
    try:
        key = datetime.fromisoformat(moment).astimezone(UTC), int(number)
    except ValueError:
        return None
    return key if key[1] < 2**63 else None


@pages.get("/<row:fo_id>")
@needs(Permission.FULFILLMENT_READ)
def show(fo_id: int) -> str:
    db = services().installation.db
    heads = reads.heads(db, [fo_id])
    if not heads:
        abort(404)
    lines = reads.lines(db, [fo_id])[fo_id]
    holds = order_reads.holds_of_fo(db, fo_id)
    return render_template(
        "fulfillment_order.html",
        fo=heads[0],
        lines=lines,
        orders=sorted({(line.order_id, line.order_number) for line in lines}),
        holds=holds,
        waybills=reads.waybills(db, [fo_id])[fo_id],
        tracking=reads.tracking(db, [fo_id]),
        history=history(db, [("fulfillment_order", fo_id)]),
        step=STEPS.get(FoState(heads[0].state)),
        across=next((one for line in lines[:1] for one in fetched(db, order_ids=[line.order_id])), None),
        now=services().installation.environment.now(),
        open=FoState(heads[0].state) in OPEN and may(Permission.FULFILLMENT_WORK),
        splittable=reads.splittable(db, fo_id),
        lineage=merging.lineage(db, fo_id),
        warehouses=stock.warehouses(db),
        carriers=carriers(db),
    )


@pages.post("/<row:fo_id>/<any(release, start_picking, pick, pack, ship):step>")
@needs(Permission.FULFILLMENT_WORK)
def do(fo_id: int, step: str) -> AnyResponse:
    actor = me().name

    def released(uow: UnitOfWork) -> None:
        service.release(uow, fo_id, f"released by {actor}")

    commands = {
        "release": (released, _("Released to the warehouse.")),
        "start_picking": (lambda uow: service.start_picking(uow, fo_id), _("Picking has begun.")),
        "pick": (lambda uow: service.pick(uow, fo_id), _("Everything is picked.")),
        "pack": (lambda uow: service.pack(uow, fo_id), _("The parcel is packed.")),
        "ship": (lambda uow: service.ship(uow, fo_id), _("The parcel is on its way.")),
    }
    perform(*commands[step])
    back = request.form.get("back", "")
    if back in set(FoState):
        return redirect(url_for(".index", state=back), 303)
    return redirect(url_for(".show", fo_id=fo_id), 303)


@pages.post("/release-ready")
@needs(Permission.FULFILLMENT_WORK)
def release_ready() -> AnyResponse:
    """Merge what can go together and release whatever nothing stops."""
    perform(release.release_ready, _("Everything that nothing stops is released."))
    return redirect(url_for(".index", state=FoState.RELEASED.value), 303)


@pages.get("/labels/<row:waybill_id>")
@needs(Permission.FULFILLMENT_READ)
def label(waybill_id: int) -> Response:
    found = reads.label(services().installation.db, waybill_id)
    if found is None:
        abort(404)
    number, media_type, content = found
    # A label is a stranger's file: only what browsers show without running it is shown, the rest is downloaded.
    safe = media_type in ("application/pdf", "image/png")
    kind = "inline" if safe else "attachment"
    name = "".join(c for c in number if c.isalnum() or c in "-_") or "label"
    end = {"application/pdf": ".pdf", "image/png": ".png"}.get(media_type, ".bin")
    return Response(
        content,
        mimetype=media_type if safe else "application/octet-stream",
        headers={"Content-Disposition": f'{kind}; filename="{name}{end}"'},
    )
