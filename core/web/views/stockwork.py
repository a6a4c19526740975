"""What people do with stock: receiving, adjusting, inspecting, transfers and counts, and the moves behind each number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.lookup import items_named
from ...fulfillment.pages import numbers_of_holders
from ...fulfillment.scanning import recall
from ...inventory import adjusting, counts, history, places, serials, tracking, transfers
from ...inventory import pages as reads
from ...inventory import service as inventory
from ...inventory.api import Place, Quality
from ...inventory.pages import SkuHead
from ...kernel.db import Database
from ...kernel.errors import DomainError
from ...kernel.uow import UnitOfWork
from ...kernel.values import Money
from ..access import needs, row_number
from ..refusals import perform
from ..services import services
from ..typed import amount, codes, listed, moment_of, row_of, text, ticked, whole, whole_of
from ..words import gettext as _

pages = Blueprint("stockwork", __name__, url_prefix="/stock")


@pages.get("/skus/<row:sku_id>")
@needs(Permission.STOCK_READ)
def show(sku_id: int) -> str:
    """Why there is so much of a SKU, warehouse by warehouse, with a form for everything that may be done with it."""
    installation = services().installation
    db, merchant = installation.db, installation.merchant
    head = _sku(db, sku_id)
    warehouses = reads.warehouses(db)
    wanted = row_number(request.args.get("warehouse", "")) or reads.fullest(db, sku_id)
    explained = None
    if any(one[0] == wanted for one in warehouses) and not head.kit:
        today = merchant.day(installation.environment.now())
        explained = history.explain(
            db, sku_id, wanted, today, before=row_number(request.args.get("before", "")), name=partial(numbers_of_holders, db)
        )
    lot = request.args.get("lot", "").strip()[:64]
    serial = request.args.get("serial", "").strip()[:64]
    return render_template(
        "sku.html",
        sku=head,
        warehouses=warehouses,
        warehouse=wanted,
        explained=explained,
        value=lambda minor: Money(minor, merchant.currency),
        lots=reads.lots(db, sku_id) if head.lots else [],
        lot=lot,
        recalled=recall(db, sku_id, lot) if lot else [],
        serial=serial,
        life=serials.life(db, sku_id, serial) if serial else [],
        moment=datetime.fromisoformat,
        key=installation.environment.token(),
    )


@pages.post("/skus/<row:sku_id>/<any(receive, adjust, quality, move_bin, track):step>")
@needs(Permission.STOCK_WORK)
def do(sku_id: int, step: str) -> Response:
    installation = services().installation
    head = _sku(installation.db, sku_id)
    currency = installation.merchant.currency
    lot, bin_code, to_bin, because, key = (text(name) for name in ("lot", "bin", "to_bin", "because", "key"))
    pieces = tuple(codes("serials"))

    def units() -> int:
        return whole("units", _("The number of units"))

    def warehouse() -> int:
        return row_of("warehouse", _("The warehouse"))

    def receive(uow: UnitOfWork) -> None:
        receipt = inventory.Receipt(
            sku_id, units(), amount("cost", currency) or 0, bin_code, lot, text("expires_on"), _quality("quality"), pieces
        )
        inventory.receive(
            uow, warehouse(), [receipt], source=Place.SUPPLIER, document=warehouse(), key=f"RC/{key}", text=because or head.code
        )

    def adjust(uow: UnitOfWork) -> None:
        adjusting.adjust(
            uow, warehouse(), sku_id, units(), reason=because, key=f"AD/{key}", unit_cost=amount("cost", currency), lot=lot,
            expires_on=text("expires_on"), bin=bin_code, quality=_quality("quality"), serials=pieces,
        )  # fmt: skip

    def quality(uow: UnitOfWork) -> None:
        adjusting.change_quality(
            uow, warehouse(), sku_id, units(), _quality("quality"), _quality("target"), key=f"QC/{key}", because=because,
            lot=lot, bin=bin_code, to_bin=to_bin, serials=pieces,
        )  # fmt: skip

    def move_bin(uow: UnitOfWork) -> None:
        places.move_bin(uow, warehouse(), sku_id, units(), bin_code, to_bin, key=f"BIN/{key}", lot=lot)

    def track(uow: UnitOfWork) -> None:
        life = whole("min_life_days", _("The remaining life"), 0)
        tracking.track(uow, sku_id, lots=ticked("lots"), serials=ticked("serials_apart"), min_life_days=life)

    commands: dict[str, tuple[Callable[[UnitOfWork], None], str]] = {
        "receive": (receive, _("Received; whoever waited for it is served first.")),
        "adjust": (adjust, _("Adjusted; the move stands below with its reason.")),
        "quality": (quality, _("The units have another quality now.")),
        "move_bin": (move_bin, _("The units lie in the other bin.")),
        "track": (track, _("Saved.")),
    }
    perform(*commands[step])
    return redirect(url_for(".show", sku_id=sku_id, warehouse=row_number(text("warehouse"))), 303)


@pages.get("/as-of")
@needs(Permission.STOCK_READ)
def as_of() -> str:
    """What was on hand at a moment, of one SKU or of all."""
    installation = services().installation
    db = installation.db
    at, found = request.args.get("at", "")[:30], []
    if at:
        try:
            found = history.as_of(db, moment_of(at, installation.merchant) or installation.environment.now())
        except DomainError as error:
            return render_template("as_of.html", at=at, rows=[], error=error)
    titles = {code: title for _id, code, title in reads.warehouses(db)}
    return render_template("as_of.html", at=at, rows=found, error=None, warehouses=titles)


# transfers


@pages.get("/transfers")
@needs(Permission.STOCK_READ)
def transfer_list() -> str:
    installation = services().installation
    return render_template(
        "transfers.html",
        transfers=reads.transfers(installation.db),
        warehouses=reads.warehouses(installation.db),
        number=transfers.transfer_number,
        key=installation.environment.token(),
    )


@pages.post("/transfers")
@needs(Permission.STOCK_WORK)
def send() -> Response:
    key, note = text("key"), text("note")

    def command(uow: UnitOfWork) -> None:
        loads = [transfers.Load(sku, units, lot) for sku, units, lot in _loads(uow.db)]
        source, target = row_of("source", _("The warehouse")), row_of("target", _("The warehouse"))
        transfers.send(uow, source, target, loads, key=key, note=note)

    perform(command, _("Sent; the units are on their way until they are received."))
    return redirect(url_for(".transfer_list"), 303)


@pages.post("/transfers/<row:transfer_id>/receive")
@needs(Permission.STOCK_WORK)
def receive_transfer(transfer_id: int) -> Response:
    """Everything arrived, or so much of each line as was counted; what is missing is lost."""

    def command(uow: UnitOfWork) -> None:
        loads = [
            transfers.Load(whole_of(sku, _("The choice")), whole_of(units, _("The number of units")), lot)
            for units, sku, lot in listed(("units", "sku", "lot"))
            if units != "0"
        ]
        transfers.receive_transfer(uow, transfer_id, loads if request.form.getlist("units") else None, note=text("note"))

    perform(command, _("Received; the transfer is closed."))
    return redirect(url_for(".transfer_list"), 303)


def _loads(db: Database) -> list[tuple[int, int, str]]:
    """(SKU id, units, lot) of lines in which a SKU was named by code or barcode."""
    lines = listed(("sku", "units", "lot"))
    known = items_named(db, [line[0] for line in lines])
    found = []
    for name, units, lot in lines:
        if name not in known:
            raise DomainError(
                _("There is no SKU %(code)s", code=name), remedy=_("Scan it again, or look it up in the stock list.")
            )
        found.append((known[name].sku_id, whole_of(units, _("The number of units")), lot))
    return found


# counts


@pages.get("/counts")
@needs(Permission.STOCK_READ)
def count_list() -> str:
    db = services().installation.db
    return render_template("counts.html", counts=reads.counts(db), warehouses=reads.warehouses(db), number=counts.count_number)


@pages.post("/counts")
@needs(Permission.STOCK_WORK)
def open_count() -> Response:
    made: list[int] = []
    note, blind, bins = text("note"), ticked("blind"), codes("bins")

    def command(uow: UnitOfWork) -> None:
        names = codes("skus")
        known = items_named(uow.db, names)
        if unknown := [name for name in names if name not in known]:
            raise DomainError(
                _("There is no SKU %(code)s", code=", ".join(unknown)),
                remedy=_("Scan it again, or look it up in the stock list."),
            )
        ids = [item.sku_id for item in known.values()]
        warehouse = row_of("warehouse", _("The warehouse"))
        made.append(counts.open_count(uow, warehouse, sku_ids=ids, bins=bins, blind=blind, note=note))

    perform(command, _("The count is open. Nothing of these SKUs is promised there until it is closed."))
    return redirect(url_for(".count", count_id=made[0]) if made else url_for(".count_list"), 303)


@pages.get("/counts/<row:count_id>")
@needs(Permission.STOCK_READ)
def count(count_id: int) -> str:
    db = services().installation.db
    heads = reads.counts(db, count_id)
    if not heads:
        abort(404)
    return render_template("count.html", head=heads[0], lines=counts.sheet(db, count_id), number=counts.count_number(count_id))


@pages.post("/counts/<row:count_id>/<any(enter, close, cancel):step>")
@needs(Permission.STOCK_WORK)
def work_count(count_id: int, step: str) -> Response:
    because = text("because")

    def enter(uow: UnitOfWork) -> None:
        name = text("sku")
        known = items_named(uow.db, [name])
        if name not in known:
            raise DomainError(
                _("There is no SKU %(code)s", code=name), remedy=_("Scan it again, or look it up in the stock list.")
            )
        found, pieces = text("units"), codes("serials")
        units = whole_of(found, _("The number of units")) if found or not pieces else None
        counts.enter_count(
            uow,
            count_id,
            known[name].sku_id,
            units,
            lot=text("lot"),
            bin=text("bin"),
            quality=_quality("quality"),
            serials=pieces,
        )

    leave = ticked("leave_uncounted")
    commands: dict[str, tuple[Callable[[UnitOfWork], object], str]] = {
        "enter": (enter, _("Noted.")),
        "close": (
            lambda uow: counts.close_count(uow, count_id, leave_uncounted=leave),
            _("The count is closed; what differed is booked."),
        ),
        "cancel": (lambda uow: counts.cancel_count(uow, count_id, because), _("The count is cancelled; nothing is booked.")),
    }
    perform(*commands[step])
    return redirect(url_for(".count", count_id=count_id), 303)


def _quality(name: str) -> Quality:
    value = text(name) or Quality.GOOD.value
    if value not in set(Quality):
        raise DomainError(_("%(what)s was not chosen", what=_("The quality")), remedy=_("Choose one of the list."))
    return Quality(value)


def _sku(db: Database, sku_id: int) -> SkuHead:
    head = reads.sku_head(db, sku_id)
    if head is None:
        abort(404)
    return head
