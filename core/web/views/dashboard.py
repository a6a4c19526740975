"""The first page: what waits for people, the next action biggest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from ...auth.permissions import Permission
from ...channels.pages import waiting
from ...fulfillment import pages as fo_reads
from ...fulfillment.api import FoState
from ...orders import pages as order_reads
from ...orders.api import OrderStatus
from ..access import may, needs
from ..language import units
from ..services import services

pages = Blueprint("dashboard", __name__)


@dataclass(frozen=True, slots=True)
class Next:
    """Something a person should do now."""

    title: str
    hint: str
    address: str


@pages.get("/")
@needs(Permission.CONSOLE_USE)
def index() -> str:
    installation = services().installation
    db = installation.db
    zone = ZoneInfo(installation.merchant.timezone)
    midnight = datetime.combine(installation.environment.now().astimezone(zone).date(), time(), zone)
    orders, fos, left = order_reads.counts(db), fo_reads.counts(db), waiting(db)
    return render_template(
        "dashboard.html",
        today=order_reads.placed_since(db, midnight),
        statuses=list(OrderStatus),
        counts=orders,
        fos=fos,
        fo_states=[FoState.PLANNED, FoState.ALLOCATED, FoState.RELEASED, FoState.PICKING, FoState.PICKED, FoState.PACKED],
        holds=order_reads.open_holds(db),
        waiting=left,
        next_actions=_next_actions(orders, fos, left.paused, left.total),
    )


def _next_actions(orders: dict[str, int], fos: dict[str, int], paused: int, parked: int) -> list[Next]:
    """What this person may do about what waits, the most urgent first."""
    found = []
    if paused and may(Permission.WORK_RETRY):
        found.append(
            Next(
                _("Mend %(count)s paused connections", count=paused),
                _("Nothing is sent or received there until then."),
                url_for("console.work.index"),
            )
        )
    if (count := orders.get(OrderStatus.PENDING_REVIEW, 0)) and may(Permission.ORDERS_REVIEW):
        found.append(
            Next(
                _("Review %(count)s orders", count=units(count, order_reads.CAP)),
                _("They were paid for and wait for a decision."),
                url_for("console.orders.index", status=OrderStatus.PENDING_REVIEW.value),
            )
        )
    if may(Permission.FULFILLMENT_WORK):
        for state, title in (
            (FoState.PACKED, _("Ship %(count)s packed orders", count=units(fos.get(FoState.PACKED, 0), fo_reads.CAP))),
            (FoState.PICKED, _("Pack %(count)s picked orders", count=units(fos.get(FoState.PICKED, 0), fo_reads.CAP))),
            (FoState.RELEASED, _("Pick %(count)s released orders", count=units(fos.get(FoState.RELEASED, 0), fo_reads.CAP))),
        ):
            if fos.get(state, 0):
                found.append(Next(title, _("Oldest payment first."), url_for("console.fulfillment.index", state=state.value)))
    if parked - paused > 0 and may(Permission.WORK_READ):
        found.append(
            Next(
                _("Look at %(count)s parked documents and tasks", count=parked - paused),
                _("Each says what went wrong and what to do."),
                url_for("console.work.index"),
            )
        )
    return found
