"""What staff see: campaigns, their links, and what each link source brought."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from orderyard.core.hosted.api import Desk
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Money
from orderyard.core.web.api import Permission, house, me, merchant_timezone, needs
from orderyard.core.web.api import gettext as _

from . import entry, figures
from .buying import now
from .campaigns import Campaign, campaign, campaigns, end, save
from .counting import DIRECT, source_of

SOURCES = ("douyin", "kuaishou", "wechat", "xiaohongshu", "weibo", "sms", "flyer")
"""Offered in the link builder; any other may be typed."""


def mount(pages: Blueprint) -> None:
    pages.add_url_rule("/", view_func=index)
    pages.add_url_rule("/new", view_func=new)
    pages.add_url_rule("/new", view_func=add, methods=["POST"])
    pages.add_url_rule("/campaigns/<code>", view_func=show)
    pages.add_url_rule("/campaigns/<code>/edit", view_func=edit)
    pages.add_url_rule("/campaigns/<code>/edit", view_func=change, methods=["POST"])
    pages.add_url_rule("/campaigns/<code>/end", view_func=finish, methods=["POST"])


@needs(Permission.ORDERS_READ)
def index() -> str:
    tables, at = house().context().tables, now()
    sums = figures.orders_of(tables)
    rows = [
        (one, one.state(at), sums.get(one.code, (0, 0))[0], Money(sums.get(one.code, (0, 0))[1], one.currency))
        for one in campaigns(tables)
    ]
    return render_template("channel_web/campaigns.html", rows=rows, connections=house().connections())


def _kept(code: str) -> Campaign:
    found = campaign(house().context().tables, code)
    if found is None:
        abort(404)
    return found


def _desk(one: Campaign) -> Desk | None:
    try:
        return house().desk(one.connection)
    except DomainError:  # its connection is gone
        return None


@needs(Permission.ORDERS_READ)
def show(code: str) -> str:
    """What a campaign brought, and its links."""
    one, desk = _kept(code), None
    desk = _desk(one)
    rows, whole = figures.figures(house().context().tables, code, desk)
    source = source_of(request.args.get("source", "").strip())
    address = url_for(".page", code=code, _external=True, **({} if source == DIRECT else {"s": source}))
    return render_template(
        "channel_web/campaign.html", campaign=one, state=one.state(now()), facts=desk.facts if desk else None, rows=rows,
        whole=whole, bars=figures.bars(rows), source="" if source == DIRECT else source, address=address, sources=SOURCES,
        offers={offer.sku: offer for offer in desk.offers([v.sku for v in one.variants])} if desk and desk.facts.shop else {},
        money=lambda minor: Money(minor, one.currency),
    )  # fmt: skip


def _form(typed: dict[str, str], wrong: dict[str, str] | None = None, kept: Campaign | None = None) -> str:
    used = [place for place in range(entry.MOST_VARIANTS) if typed.get(f"sku-{place}")]
    lines = min(entry.MOST_VARIANTS, max(used, default=-1) + 4)
    return render_template(
        "channel_web/edit.html", typed=typed, wrong=wrong or {}, campaign=kept, connections=house().connections(), lines=lines
    )


@needs(Permission.PRICES_MANAGE)
def new() -> str:
    return _form({"cod": "y", "repeat_hours": "24", "country": "CN"})


@needs(Permission.PRICES_MANAGE)
def add() -> Response | tuple[str, int]:
    return _save(None)


@needs(Permission.PRICES_MANAGE)
def edit(code: str) -> str:
    one = _kept(code)
    return _form(entry.typed(one, merchant_timezone()), kept=one)


@needs(Permission.PRICES_MANAGE)
def change(code: str) -> Response | tuple[str, int]:
    return _save(_kept(code))


def _save(kept: Campaign | None) -> Response | tuple[str, int]:
    given = request.form.to_dict()
    known = house().connections()
    desks = {facts.code: house().desk(facts.code) for facts in known if facts.shop}
    read = entry.read(given, known, desks, merchant_timezone(), kept)
    wrong = dict(read.wrong)
    if not wrong:
        made = replace(read.campaign, made_at=now(), made_by=me().login)
        if kept is not None:
            made = replace(read.campaign, made_at=kept.made_at, made_by=kept.made_by, ended_at=kept.ended_at)
        if save(house().context().tables, made, new=kept is None):
            flash(_("%(title)s is saved.", title=made.title), "success")
            return redirect(url_for(".show", code=made.code), 303)
        wrong["code"] = _("There is a campaign with this code. Choose another one.")
    return _form(given, wrong, kept), 422


@needs(Permission.PRICES_MANAGE)
def finish(code: str) -> Response:
    one = _kept(code)
    end(house().context().tables, code, now())
    flash(_("%(title)s has ended. Its page says so, and its orders go on.", title=one.title), "success")
    return redirect(url_for(".show", code=code), 303)
