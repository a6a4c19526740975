"""The ledger: months, balances, entries, and files for finance."""

from __future__ import annotations

import io
import zipfile

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ...auth.permissions import Permission
from ...kernel.errors import OrderyardError
from ...ledger import pages as reads
from ...ledger import queries as ledger
from ..access import needs, row_number
from ..refusals import refuse
from ..services import services

pages = Blueprint("ledger", __name__, url_prefix="/ledger")


@pages.get("/")
@needs(Permission.LEDGER_READ)
def index() -> str | AnyResponse:
    db = services().installation.db
    periods = list(reversed(ledger.periods(db)))
    known = [period.code for period in periods]
    chosen = request.args.get("period") or (known[0] if known else "")
    if known and chosen not in known:
        abort(404)
    entries, more = reads.entries(db, chosen, row_number(request.args.get("before", ""))) if chosen else ([], None)
    return render_template(
        "ledger.html",
        periods=periods,
        chosen=chosen,
        balances=ledger.balances(db, chosen) if chosen else (),
        entries=entries,
        more=more,
        exporters=services().plugins.ledger_exporters,
    )


@pages.get("/<period>/export/<name>")
@needs(Permission.LEDGER_READ)
def export(period: str, name: str) -> AnyResponse:
    """A month in the format of some ledger program; several files come as one archive."""
    console = services()
    kind = console.plugins.ledger_exporters.get(name)
    if kind is None:
        abort(404)
    try:
        settings = console.contexts.of(console.plugins.owner_of("ledger_exporters", name)).settings
        journal = ledger.journal(console.installation.db, console.installation.merchant, period)
        files = kind(settings).export(journal)
    except OrderyardError as error:
        refuse(error)
        return redirect(url_for(".index", period=period), 303)
    if len(files) == 1:
        return _file(files[0].name, files[0].media_type, files[0].content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name), file.content)
    return _file(f"{name}-{period}.zip", "application/zip", packed.getvalue())


def _file(name: str, media_type: str, content: bytes) -> Response:
    answer = Response(content, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
