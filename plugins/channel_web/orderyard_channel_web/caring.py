"""The page where buyers look after an order: where it is, and what may still be asked."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from orderyard.core.aftersales.api import AfterSaleType
from orderyard.core.hosted.api import Bought
from orderyard.core.kernel.errors import DomainError
from orderyard.core.web.api import gettext as _
from orderyard.core.web.api import house, open_to_all, refuse

from . import counting, ordering, words
from .buying import now, owes, seal, sealed
from .campaigns import campaign
from .typed import text

GUESSES = 10
"""So often somebody may be wrong about an order within a quarter of an hour."""
_WHILE = 15 * 60
_ASKS = {
    "cancel": AfterSaleType.REFUND_BEFORE_SHIP,
    "return": AfterSaleType.RETURN_REFUND,
    "refund": AfterSaleType.REFUND_ONLY,
}


def mount(pages: Blueprint) -> None:
    pages.add_url_rule("/find", view_func=find)
    pages.add_url_rule("/find", view_func=found, methods=["POST"])
    pages.add_url_rule("/order/<connection>/<external_id>", view_func=look)
    pages.add_url_rule("/order/<connection>/<external_id>", view_func=ask, methods=["POST"])


@open_to_all
def find() -> str:
    return render_template("channel_web/find.html", number=request.args.get("number", "")[:60])


@open_to_all
def found() -> Response | tuple[str, int]:
    """Number and telephone open the order; whoever guesses too often waits."""
    number, phone = text(request.form, "number", 60), text(request.form, "phone", 40)
    at, tables = now(), house().context().tables
    guessers = (
        ("guess", house().sign(f"address/{request.remote_addr}")[:32]),
        ("guess", house().sign(f"number/{number.upper()}")[:32]),
    )
    if any(counting.tried(tables, kind, who, at, _WHILE) >= GUESSES for kind, who in guessers):
        flash(_("That was tried too often. Wait a quarter of an hour, then try again."), "danger")
        return render_template("channel_web/find.html", number=number), 429
    for facts in house().connections():
        for one in house().desk(facts.code).orders(number, phone):
            return redirect(url_for(".look", connection=facts.code, external_id=one.external_id, k=seal(one.external_id)), 303)
    with tables.write() as writing:
        for kind, who in guessers:
            counting.note(writing, kind, who, at, _WHILE)
    flash(
        _("There is no order with this number and telephone. Look at the number again, and use the telephone of the order."),
        "danger",
    )
    return render_template("channel_web/find.html", number=number), 404


def _order(connection: str, external_id: str) -> Bought:
    if not sealed(external_id):
        abort(404)
    try:
        one = house().desk(connection).order(external_id)
    except DomainError:
        abort(404)
    if one is None:
        abort(404)
    return one


@open_to_all
def look(connection: str, external_id: str) -> str:
    if sealed(external_id) and _only_kept(connection, external_id):
        return render_template("channel_web/kept.html", external_id=external_id)
    one = _order(connection, external_id)
    row = house().context().tables.row("SELECT campaign FROM channel_web_order WHERE external_id = ?", (external_id,))
    page = campaign(house().context().tables, row[0]) if row else None
    pay = ordering.way_to_pay(page, one) if page and owes(one) else ("", "")
    return render_template(
        "channel_web/order.html", order=one, status=words.status(one), pay=pay, say=words, connection=connection,
        can_cancel=any(line.waiting for line in one.lines) and one.status != "cancelled",
        can_return=any(line.returnable for line in one.lines),
    )  # fmt: skip


def _only_kept(connection: str, external_id: str) -> bool:
    """Whether the order is here as a document that a person has to look at first."""
    try:
        desk = house().desk(connection)
    except DomainError:
        return False
    return desk.order(external_id) is None and desk.delivered(external_id) is not None


@open_to_all
def ask(connection: str, external_id: str) -> Response:
    """Cancel what has not left, or send back what has: a wish that a person answers."""
    one = _order(connection, external_id)
    kind = _ASKS.get(request.form.get("ask", ""))
    back = redirect(url_for(".look", connection=connection, external_id=external_id, k=seal(external_id)), 303)
    if kind is None:
        flash(_("Choose what you want."), "danger")
        return back
    before = kind is AfterSaleType.REFUND_BEFORE_SHIP
    units = {}
    for line in one.lines:
        typed = request.form.get(f"u-{line.external_id}", "").strip() or "0"
        if not (typed.isascii() and typed.isdecimal()) or len(typed) > 6:
            flash(_("Write a whole number."), "danger")
            return back
        free = line.waiting if before else line.returnable
        if int(typed) > free:
            flash(_("Of %(title)s no more than %(count)s can be chosen.", title=line.title, count=free), "danger")
            return back
        if int(typed):
            units[line.external_id] = int(typed)
    reason = text(request.form, "reason", 100)
    if not units or not reason:
        flash(_("Choose at least one, and say why."), "danger")
        return back
    try:
        house().desk(connection).ask_return(external_id, units, kind, reason, text(request.form, "words", 500))
    except DomainError as error:
        refuse(error)
        return back
    flash(_("We have your wish and answer soon. Its state stands here."), "success")
    return back
