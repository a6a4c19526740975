"""One page for staff, one for anybody."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from orderyard.core.web.api import Permission, gettext, house, needs, open_to_all, shows_pictures, takes

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


@pages.get("/")
@needs(Permission.ORDERS_READ)
def index() -> str:
    row = house().context().tables.row("SELECT count FROM kiosk_visit WHERE page = ?", ("front",))
    return render_template("kiosk/index.html", visits=row[0] if row else 0, shops=house().connections())


@pages.get("/at/<code>")
@open_to_all
@shows_pictures
def front(code: str) -> str:
    with house().context().tables.write() as tables:
        tables.insert(
            "kiosk_visit", ("page", "count"), [("front", 1)], conflict="(page) DO UPDATE SET count = kiosk_visit.count + 1"
        )
    return render_template("kiosk/front.html", greeting=house().desk(code).settings()["greeting"])


@pages.post("/at/<code>")
@open_to_all
@takes(64)
def say(code: str) -> Response | str:
    if not request.form.get("name"):
        return gettext("Nobody")
    return redirect(url_for(".front", code=code), 303)
