"""Fulfillment orders taken apart and put together: splitting, merging, un-merging, other warehouses and carriers, put-backs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...fulfillment import coming_back, merging, putback, replanning, split
from ...fulfillment import pages as reads
from ...inventory.api import Quality
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ..access import needs
from ..refusals import perform
from ..services import services
from ..typed import rows_chosen, text, whole_of
from ..words import gettext as _

pages = Blueprint("parcels", __name__, url_prefix="/fulfillment")


@pages.post("/<row:fo_id>/split")
@needs(Permission.FULFILLMENT_WORK)
def split_off(fo_id: int) -> Response:
    """Units of order lines go into a fulfillment order of their own, or to another warehouse."""
    because, warehouse = text("because"), text("warehouse")
    made: list[int] = []

    def command(uow: UnitOfWork) -> None:
        units = {
            line.line_id: whole_of(value, _("The number of units"))
            for line in reads.splittable(uow.db, fo_id)
            if (value := text(f"units-{line.line_id}"))
        }
        if warehouse:
            made.append(split.split_to_warehouse(uow, fo_id, units or None, warehouse, because))
        elif text("do") == "missing":
            made.append(split.split_missing(uow, fo_id, because))
        elif not units:
            raise DomainError(_("No units were chosen"), remedy=_("Write beside each line how many units go apart."))
        else:
            made.append(split.split_quantity(uow, fo_id, units, because))

    perform(command, _("It is split; this is the new one."))
    return _to(made[0] if made else fo_id)


@pages.post("/<row:fo_id>/<any(unmerge, carrier, relabel, reroute, put_back):step>")
@needs(Permission.FULFILLMENT_WORK)
def do(fo_id: int, step: str) -> Response:
    because, carrier, place = text("because"), text("carrier"), text("place")
    commands: dict[str, tuple[Callable[[UnitOfWork], object], str]] = {
        "unmerge": (lambda uow: merging.unmerge(uow, fo_id, because), _("The merge is taken back.")),
        "carrier": (lambda uow: replanning.choose_carrier(uow, fo_id, carrier, because), _("Another carrier takes it.")),
        "relabel": (
            lambda uow: replanning.label_anew(uow, fo_id, because),
            _("A new label is on its way; the old one is void."),
        ),
        "reroute": (lambda uow: replanning.reroute(uow, fo_id, because), _("It is routed anew.")),
        "put_back": (lambda uow: putback.put_back_all(uow, fo_id, place), _("Everything lies on the shelf again.")),
    }
    perform(*commands[step])
    return _to(fo_id)


@pages.post("/<row:fo_id>/came-back")
@needs(Permission.FULFILLMENT_WORK)
def came_back(fo_id: int) -> Response:
    """A parcel that reached nobody is here again."""
    because, quality = text("because"), text("quality")

    def command(uow: UnitOfWork) -> None:
        if quality not in set(Quality):
            raise DomainError(_("%(what)s was not chosen", what=_("The quality")), remedy=_("Choose one of the list."))
        coming_back.came_back(uow, fo_id, quality=Quality(quality), because=because)

    perform(command, _("The goods are in the warehouse again, and the order knows it."))
    return _to(fo_id)


@pages.get("/merging")
@needs(Permission.FULFILLMENT_READ)
def candidates() -> str:
    return render_template("merging.html", candidates=merging.candidates(services().installation.db))


@pages.post("/merging")
@needs(Permission.FULFILLMENT_WORK)
def merge() -> Response:
    because = text("because") or _("merged by hand")
    made: list[int] = []
    perform(lambda uow: made.append(merging.merge(uow, rows_chosen("fo"), because)), _("They share one parcel now."))
    return _to(made[0]) if made else redirect(url_for(".candidates"), 303)


@pages.get("/put-back")
@needs(Permission.FULFILLMENT_READ)
def putbacks() -> str:
    done = request.args.get("done", "") == "yes"
    return render_template("putbacks.html", tasks=putback.tasks(services().installation.db, done=done), done=done)


@pages.post("/put-back/<row:task_id>")
@needs(Permission.FULFILLMENT_WORK)
def put_back(task_id: int) -> Response:
    place = text("place")
    perform(lambda uow: putback.put_back(uow, task_id, place), _("Put back; the units are free again."))
    return redirect(url_for(".putbacks"), 303)


def _to(fo_id: int) -> Response:
    return redirect(url_for("console.fulfillment.show", fo_id=fo_id), 303)
