"""What buyers see: the order page, and what became of what they sent."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from orderyard.core.hosted.api import Bought, Desk
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address, Money, exponent
from orderyard.core.web.api import house, open_to_all, shows_pictures

from . import counting, guards, ordering
from .campaigns import Campaign, campaign
from .ordering import Answer, Entry, Outcome
from .regions import whole
from .typed import plain

_TYPED = ("name", "phone", "province", "city", "district", "detail", "postcode", "message", "pay")
VISITOR = "channel_web"


def mount(pages: Blueprint) -> None:
    pages.add_url_rule("/p/<code>", view_func=page)
    pages.add_url_rule("/p/<code>", view_func=order, methods=["POST"])
    pages.add_url_rule("/p/<code>/started", view_func=started, methods=["POST"])
    pages.add_url_rule("/thanks/<code>/<external_id>", view_func=thanks)


def seal(external_id: str) -> str:
    """What an address carries that opens an order without asking for its telephone."""
    return house().sign(f"order/{external_id}")[:32]


def sealed(external_id: str) -> bool:
    """Whether the address of this page carries it."""
    return hmac.compare_digest(request.args.get("k", "").encode(), seal(external_id).encode())


def now() -> int:
    return int(house().context().now.timestamp())


def visitor() -> str:
    """This browser, by a cookie that says nothing else."""
    if VISITOR not in session:
        session[VISITOR] = house().token()
    return str(session[VISITOR])


def _campaign(code: str) -> Campaign:
    found = campaign(house().context().tables, code)
    if found is None:
        abort(404)
    return found


def _desk(one: Campaign) -> Desk:
    try:
        return house().desk(one.connection)
    except DomainError:  # its connection is gone
        abort(404)


def _looked_at_by_staff() -> bool:
    return "preview" in request.args


@open_to_all
@shows_pictures
def page(code: str) -> str:
    """The order page, with what can be ordered now."""
    one = _campaign(code)
    visitor()
    if not _looked_at_by_staff():
        counting.count(house().context().tables, code, counting.source_of(request.args.get("s", "")), "viewed")
    return _shown(one, {"units": {}}, {})


@open_to_all
@shows_pictures
def order(code: str) -> Response | tuple[str, int]:
    one = _campaign(code)
    at, tables = now(), house().context().tables
    if not ordering.open_now(one, _desk(one), at):
        return _shown(one, {"units": {}}, {}), 200
    entry = _entry(one)
    answer = ordering.order(house(), tables, one, entry, at)
    if answer.outcome is Outcome.TAKEN:
        return redirect(url_for(".thanks", code=code, external_id=answer.external_id, k=seal(answer.external_id)), 303)
    if answer.outcome is Outcome.REPEATED:
        return _repeated(one, answer), 200
    if answer.outcome is Outcome.REFUSED:
        return render_template("channel_web/refused.html", campaign=one, source=entry.source), 422
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in _TYPED}
    form = guards.opened(house(), code, entry.form)
    if form is not None and at - form.at <= guards.OLDEST:
        typed["form"] = entry.form
    return _shown(one, typed | {"units": entry.units, "s": entry.source, "started": "1"}, answer.wrong or {}), 422


@open_to_all
def started(code: str) -> tuple[str, int]:
    """Somebody has begun to fill the form in."""
    one = _campaign(code)
    counting.count(house().context().tables, one.code, counting.source_of(request.form.get("s", "")), "started")
    return "", 204


@open_to_all
def thanks(code: str, external_id: str) -> str:
    one = _campaign(code)
    if not sealed(external_id):
        abort(404)
    desk = _desk(one)
    if desk.delivered(external_id) is None:
        abort(404)
    bought = desk.order(external_id)
    words, link = ordering.way_to_pay(one, bought) if bought and owes(bought) else ("", "")
    return render_template(
        "channel_web/thanks.html", campaign=one, order=bought, words=words, link=link, external_id=external_id,
        care=url_for(".look", connection=one.connection, external_id=external_id, k=seal(external_id)),
    )  # fmt: skip


def owes(bought: Bought) -> bool:
    return not bought.cod and bought.status != "cancelled" and bought.paid.minor < bought.total.minor


def _repeated(one: Campaign, answer: Answer) -> str:
    bought = _desk(one).order(answer.external_id)
    return render_template("channel_web/repeated.html", campaign=one, order=bought)


def _entry(one: Campaign) -> Entry:
    def text(name: str) -> str:
        return plain(request.form.get(name, ""))

    province, city, district = text("province"), text("city"), text("district")
    if one.country == "CN":
        province, city, district = whole(province, city, district)
    to = Address(
        one.country, province, city, district, "", text("detail"), text("postcode"), text("name"),
        guards.phone_of(text("phone"), one.country),
    )  # fmt: skip
    pay = text("pay") or ("cod" if one.cod else "prepaid")
    return Entry(
        form=text("form"), source=counting.source_of(text("s")), units={v.sku: text(f"u-{v.sku}") for v in one.variants},
        cod=pay == "cod", receiver=to, phone=text("phone"), message=text("message"), trap=text("website"),
        visitor=visitor(), address=request.remote_addr or "", started=bool(text("started")),
    )  # fmt: skip


def _shown(one: Campaign, typed: dict[str, Any], wrong: Any) -> str:
    at = now()
    try:
        desk = house().desk(one.connection)
        is_open, offers = ordering.open_now(one, desk, at), ordering.on_offer(one, desk)
    except DomainError:  # its connection is gone or belongs to no shop any more
        is_open, offers = False, {}
    left = {variant.sku: ordering.left_of(variant, offers) for variant in one.variants}
    typed.setdefault("form", guards.new_form(house(), at).sealed(house(), one.code))
    typed.setdefault("s", counting.source_of(request.args.get("s", "")))
    return render_template(
        "channel_web/page.html",
        campaign=one,
        is_open=is_open,
        state=one.state(at),
        left=left,
        stock={sku: offered.sellable for sku, offered in offers.items()},
        sold_out=not any(left.values()),
        typed=typed,
        wrong=wrong,
        price={variant.sku: Money(variant.price, one.currency) for variant in one.variants},
        freight=Money(one.freight, one.currency),
        digits=exponent(one.currency),
    )
