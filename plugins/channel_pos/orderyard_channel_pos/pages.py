"""The pages of a counter: selling, handing out what was kept, and what the drawer should hold at the end of the day."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from orderyard.core.hosted.api import Desk, Parked
from orderyard.core.kernel.errors import DomainError, RemoteNotUnderstood
from orderyard.core.kernel.values import Money, exponent
from orderyard.core.web.api import Permission, house, may, me, merchant_timezone, needs, refuse, said, takes
from orderyard.core.web.api import gettext as _

from . import document, taking
from .adapter import METHODS, listed
from .words import spoken

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static")

LARGEST = 512 * 1024


@pages.get("/")
@needs(Permission.ORDERS_ENTER)
def index() -> str | AnyResponse:
    """The counters; the only one at once."""
    counters = house().connections()
    if len(counters) == 1:
        return redirect(url_for(".counter", code=counters[0].code), 303)
    return render_template("channel_pos/index.html", counters=counters)


@pages.get("/<code>/")
@needs(Permission.ORDERS_ENTER)
def counter(code: str) -> str:
    """The page that stays usable without a network; what it sells comes from `goods`."""
    facts = _desk(code).facts
    return render_template("channel_pos/counter.html", facts=facts, words=spoken(), token=generate_csrf())


@pages.get("/<code>/worker.js")
@needs(Permission.ORDERS_ENTER)
def worker(code: str) -> Response:
    """The page's service worker: served from here, so that it rules this counter and nothing else."""
    _desk(code)
    answer = current_app.make_response(pages.send_static_file("worker.js"))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@pages.get("/<code>/goods.json")
@needs(Permission.ORDERS_ENTER)
def goods(code: str) -> Response:
    """Everything the page needs to sell without us: prices, barcodes, ways to pay, who stands there."""
    desk = _desk(code)
    settings, facts = desk.settings(), desk.facts
    told = {
        "csrf": generate_csrf(),
        "currency": facts.currency,
        "digits": exponent(facts.currency),
        "shop": facts.title,
        "by": me().name,
        "overrides": may(Permission.PRICES_OVERRIDE),
        "methods": [{"code": one, "words": _word(one)} for one in listed(settings.get("methods") or METHODS)],
        "head": settings.get("head", "").split("|"),
        "foot": settings.get("foot", "").split("|"),
        "goods": [
            [one.sku, one.title, one.barcode, None if one.price is None else one.price.minor, one.sellable]
            for one in desk.counter.catalogue()
        ],
    }
    return _json(told)


@pages.post("/<code>/sales")
@needs(Permission.ORDERS_ENTER)
@takes(LARGEST)
def sales(code: str) -> Response:
    """Take sales in, each by itself; sent again, they are answered as before."""
    desk = _desk(code)
    try:
        given = json.loads(request.get_data())["sales"]
        if not isinstance(given, list) or len(given) > taking.TOGETHER:
            raise ValueError(f"at most {taking.TOGETHER} sales in one upload")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return _json({"error": str(error)}, 400)
    answers = taking.take(desk, given, house().context().now, overrides=may(Permission.PRICES_OVERRIDE))
    for one in answers:
        one["reason"] = said(one["reason"])
        one["waits"] = [said(note) for note in one.get("waits", ())]
    return _json({"answers": answers})


# what was kept for somebody


@pages.get("/<code>/pickups")
@needs(Permission.ORDERS_ENTER)
def pickups(code: str) -> str:
    desk = _desk(code)
    shown = request.args.get("shown", "").strip()[:40]
    now = house().context().now
    rows = [row for row in desk.counter.waiting() if row.reach == "pickup"]
    return render_template(
        "channel_pos/pickups.html",
        facts=desk.facts,
        shown=shown,
        found=desk.counter.with_code(shown) if shown else [],
        waiting=[row for row in rows if not row.overdue(now)],
        late=[row for row in rows if row.overdue(now)],
        back=desk.counter.to_give_back(),
        parked=[row for row in desk.counter.waiting() if row.reach == "counter"],
        methods=_methods(desk),
        now=now,
    )


@pages.post("/<code>/pickups/<row:order_id>/hand-over")
@needs(Permission.ORDERS_ENTER)
def hand_over(code: str, order_id: int) -> AnyResponse:
    desk = _desk(code)
    shown, method = _text("code"), _text("method")
    done = _tried(
        lambda: desk.counter.hand_over(order_id, me().actor, code=shown, method=method),
        _("Handed over. Stock and money are booked."),
    )
    return redirect(url_for(".pickups", code=code, shown=None if done else shown or None), 303)


@pages.post("/<code>/pickups/<row:order_id>/give-up")
@needs(Permission.ORDERS_ENTER)
def give_up(code: str, order_id: int) -> AnyResponse:
    desk = _desk(code)
    _tried(lambda: desk.counter.give_up(order_id, me().actor, "nobody came"), _("Given up; the goods are free again."))
    return redirect(url_for(".pickups", code=code), 303)


@pages.post("/<code>/pickups/<row:order_id>/give-back")
@needs(Permission.MONEY_COUNT)
def give_back(code: str, order_id: int) -> AnyResponse:
    desk, method = _desk(code), _text("method")
    _tried(lambda: desk.counter.give_back(order_id, me().actor, method), _("The money is given back."))
    return redirect(url_for(".pickups", code=code), 303)


# the end of the day


@pages.get("/<code>/shift")
@needs(Permission.ORDERS_ENTER)
def shift(code: str) -> str:
    desk = _desk(code)
    day = request.args.get("day", "")[:10] or desk.today()
    currency = desk.facts.currency
    try:
        takings = desk.counter.takings(day)
    except DomainError as error:
        refuse(error)
        day, takings = desk.today(), desk.counter.takings(desk.today())
    zero = Money.zero(currency)
    try:
        float_ = Money.of(desk.settings().get("float") or "0", currency)
    except DomainError:
        float_ = zero
    cash = next((one for one in takings if one.method == "cash"), None)
    return render_template(
        "channel_pos/shift.html",
        facts=desk.facts,
        day=day,
        takings=[(_word(one.method), one) for one in takings],
        came=sum((one.received for one in takings), zero),
        gone=sum((one.given_back for one in takings), zero),
        float=float_,
        drawer=float_ + (cash.received - cash.given_back if cash else zero),
        parked=[_parked(one) for one in desk.counter.parked()],
        zone=merchant_timezone(),
    )


def _parked(one: Parked) -> tuple[str, Money | None, str, Any]:
    """What a person needs to see of a sale that could not be taken in: its number and money, why, since when."""
    try:
        order = document.read(one.body)
    except RemoteNotUnderstood:
        return "", None, said(one.reason), one.at
    return order.number, order.total, said(one.reason), one.at


def _desk(code: str) -> Desk:
    try:
        return house().desk(code)
    except DomainError:
        abort(404)


def _methods(desk: Desk) -> list[tuple[str, str]]:
    return [(one, _word(one)) for one in listed(desk.settings().get("methods") or METHODS)]


def _word(method: str) -> str:
    """A way to pay as people call it; the merchant's own are words already."""
    return {"cash": _("Cash"), "card": _("Card"), "platform": _("Elsewhere")}.get(method, method)


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:40]


def _tried(command: Callable[[], object], done: str) -> bool:
    try:
        command()
    except DomainError as error:
        refuse(error)
        return False
    flash(done, "success")
    return True


def _json(told: object, status: int = 200) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), status, mimetype="application/json")
