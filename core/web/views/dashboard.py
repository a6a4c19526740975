"""The first page: what waits for people, the next action biggest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for

from ...aftersales import pages as after_sale_reads
from ...aftersales.api import AfterSaleState
from ...auth.permissions import Permission
from ...channels.pages import connections, waiting
from ...fulfillment import pages as fo_reads
from ...fulfillment.api import FoState
from ...fulfillment.pickups import fetched
from ...inventory.alerts import low
from ...orders import pages as order_reads
from ...orders.api import OrderStatus, Reach
from ...orders.giving_back import MOST, due_back
from ..access import may, needs
from ..language import units
from ..services import services
from ..words import gettext as _
from ..words import ngettext

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
        low=low(db),
        connections=connections(db),
        now=installation.environment.now(),
        next_actions=_next_actions(orders, fos, after_sale_reads.to_answer(db), left.paused, left.total),
    )


def _next_actions(orders: dict[str, int], fos: dict[str, int], wishes: int, paused: int, parked: int) -> list[Next]:
    """What this person may do about what waits, the most urgent first."""
    found = []
    if paused and may(Permission.WORK_RETRY):
        found.append(
            Next(
                ngettext("Mend %(num)s paused connection", "Mend %(num)s paused connections", paused),
                _("Nothing is sent or received there until then."),
                url_for("console.work.index"),
            )
        )
    if wishes and may(Permission.ORDERS_REVIEW):
        shown = units(wishes, after_sale_reads.CAP)
        found.append(
            Next(
                ngettext("Answer %(count)s after-sale", "Answer %(count)s after-sales", wishes, count=shown),
                _("Where nobody answers in time, the platform decides."),
                url_for("console.aftersales.index", state=AfterSaleState.REQUESTED.value),
            )
        )
    if (count := orders.get(OrderStatus.PENDING_REVIEW, 0)) and may(Permission.ORDERS_REVIEW):
        found.append(
            Next(
                ngettext("Review %(count)s order", "Review %(count)s orders", count, count=units(count, order_reads.CAP)),
                _("They were paid for and wait for a decision."),
                url_for("console.orders.index", status=OrderStatus.PENDING_REVIEW.value),
            )
        )
    if may(Permission.MONEY_COUNT) and (owed := len(due_back(services().installation.db))):
        words = ngettext("Give %(count)s buyer money back", "Give %(count)s buyers money back", owed, count=units(owed, MOST))
        found.append(Next(words, _("They paid for what they do not get."), url_for("console.givingback.index")))
    if may(Permission.FULFILLMENT_WORK):
        found += _across_the_counter()
        for state in (FoState.PACKED, FoState.PICKED, FoState.RELEASED):
            count = fos.get(state, 0)
            if state is FoState.PACKED and count <= fo_reads.CAP:
                count -= fo_reads.to_be_fetched(services().installation.db)
            if count > 0:
                address = url_for("console.fulfillment.index", state=state.value)
                found.append(Next(_warehouse_work(state, count), _("Oldest payment first."), address))
    if parked - paused > 0 and may(Permission.WORK_READ):
        found.append(
            Next(
                ngettext("Look at %(num)s thing that was parked", "Look at %(num)s things that were parked", parked - paused),
                _("Each says what went wrong and what to do."),
                url_for("console.work.index"),
            )
        )
    return found


def _across_the_counter() -> list[Next]:
    """Goods that buyers have and the books do not know of, and goods that nobody came for."""
    found = []
    now = services().installation.environment.now()
    rows = fetched(services().installation.db)
    if parked := sum(row.reach is Reach.COUNTER for row in rows):
        words = ngettext("Settle %(num)s counter sale", "Settle %(num)s counter sales", parked)
        hint = _("The buyer has the goods, and the books could not follow.")
        found.append(Next(words, hint, url_for("console.pickups.index", list="counter")))
    if late := sum(row.overdue(now) for row in rows):
        words = ngettext("Look after %(num)s overdue pickup", "Look after %(num)s overdue pickups", late)
        found.append(Next(words, _("Call the buyer, or give it up."), url_for("console.pickups.index", list="late")))
    return found


def _warehouse_work(state: FoState, count: int) -> str:
    shown = units(count, fo_reads.CAP)
    if state is FoState.PACKED:
        return ngettext("Ship %(count)s packed parcel", "Ship %(count)s packed parcels", count, count=shown)
    if state is FoState.PICKED:
        return ngettext("Pack %(count)s picked parcel", "Pack %(count)s picked parcels", count, count=shown)
    return ngettext("Pick %(count)s released parcel", "Pick %(count)s released parcels", count, count=shown)
