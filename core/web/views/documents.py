"""What came in from platforms as it came, what was made of it; and what platforms refused to be told."""

from __future__ import annotations

import json

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...channels import pages as reads
from ...channels import service as channels
from ...kernel.db import Database
from ..access import may, needs
from ..refusals import perform
from ..services import services
from ..typed import text
from ..words import gettext as _

pages = Blueprint("documents", __name__)

_SHOWN = 200_000
"""Characters of a body that a page shows; the rest is in the download."""


@pages.get("/inbox/<row:inbox_id>")
@needs(Permission.WORK_READ)
def show(inbox_id: int) -> str:
    """Its body only to those who may read buyers' names, for it holds them."""
    found = reads.document(_db(), inbox_id)
    if found is None:
        abort(404)
    row, body = found
    shown = _legible(body) if body and may(Permission.ORDERS_READ_PII) else ""
    return render_template("document.html", row=row, size=len(body or b""), body=shown[:_SHOWN], cut=len(shown) > _SHOWN)


@pages.post("/inbox/<row:inbox_id>/<any(replay, dismiss):step>")
@needs(Permission.WORK_RETRY)
def decide(inbox_id: int, step: str) -> Response:
    because = text("because")
    if step == "replay":
        perform(lambda uow: channels.replay(uow, inbox_id), _("The document is read again."))
    else:
        done = _("The document is given up; it is kept, and read no more.")
        perform(lambda uow: channels.dismiss(uow, inbox_id, because), done)
    found = reads.document(_db(), inbox_id)
    if text("to") == "connection" and found is not None:
        return redirect(url_for("console.connections.show", code=found[0].connection, verdict="parked"), 303)
    return redirect(url_for(".show", inbox_id=inbox_id), 303)


@pages.post("/write-backs/<row:notice_id>/resend")
@needs(Permission.WORK_RETRY)
def resend(notice_id: int) -> Response:
    """Tell the platform once more; with a number, ours in its place."""
    replaces = text("replaces", 100)
    perform(
        lambda uow: channels.resend(uow, notice_id, replaces=replaces),
        _("The platform is told once more, with our number instead.") if replaces else _("The platform is told once more."),
    )
    row = reads.notice(_db(), notice_id)
    if row is None:
        return redirect(url_for("console.work.index"), 303)
    if text("to") == "connection":
        return redirect(url_for("console.connections.show", code=row.connection), 303)
    return redirect(url_for("console.orders.show", order_id=row.order_id), 303)


def _db() -> Database:
    return services().installation.db


def _legible(body: bytes) -> str:
    """JSON set out in lines, anything else as it is; bytes that are no text in their numbers."""
    try:
        plain = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
        return plain.encode("utf-8", "backslashreplace").decode()  # half a character is JSON, and no page can show it
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")
