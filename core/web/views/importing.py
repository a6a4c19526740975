"""Files of orders: what one would make, before anything is written, and how far each has come."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...catalog.queries import shops
from ...kernel.errors import DomainError, OrderyardError
from ...orders.files import upload
from ...orders.files.columns import FIELDS, REQUIRED, FileMapping
from ..access import me, needs, row_number, takes
from ..refusals import refuse
from ..server import LARGEST
from ..services import services
from ..typed import text, ticked
from ..words import gettext as _

pages = Blueprint("importing", __name__, url_prefix="/orders/import")

_DAY = 24 * 3600
_KEPT = "orderyard-upload-"


@pages.get("/")
@needs(Permission.ORDERS_ENTER)
def index() -> str:
    db = services().installation.db
    return render_template("import.html", shops=shops(db), files=upload.files(db, 20), seen=None)


@pages.post("/")
@needs(Permission.ORDERS_ENTER)
@takes(LARGEST)
def take() -> str | Response | tuple[str, int]:
    """A file is looked over first; only `do=store` writes its rows, from which the worker makes orders."""
    installation = services().installation
    db = installation.db
    shop = text("shop")
    try:
        name, data = _file()
        mapping = _mapping()
        if text("do") == "store":
            file_id = upload.store(installation, me().actor, shop, name, data, mapping)
            _forget()
            return redirect(url_for(".show", file_id=file_id), 303)
        seen = upload.preview(db, installation.merchant, shop, data, installation.environment.now(), mapping)
    except OrderyardError as error:
        refuse(error)
        page = render_template("import.html", shops=shops(db), files=upload.files(db, 20), seen=None, shop=shop)
        return page, 422
    return render_template(
        "import.html", shops=shops(db), files=[], seen=seen, shop=shop, name=name, fields=list(FIELDS), required=REQUIRED
    )


@pages.get("/<row:file_id>")
@needs(Permission.ORDERS_ENTER)
def show(file_id: int) -> str | Response:
    """How far a file has come; the page looks again by itself while rows wait."""
    db = services().installation.db
    try:
        now = upload.progress(db, file_id)
    except DomainError as error:
        refuse(error)
        return redirect(url_for(".index"), 303)
    failed = upload.failed_rows(db, file_id, row_number(request.args.get("after", "")) or 0)
    return render_template("import_file.html", now=now, failed=failed)


def _mapping() -> FileMapping | None:
    """The columns as somebody set them; None where the form says nothing of them yet."""
    said = {field: request.form[f"column-{field}"] for field in FIELDS if f"column-{field}" in request.form}
    return FileMapping(said, text("country").upper(), ticked("paid")) if said else None


def _file() -> tuple[str, bytes]:
    """The file that was sent, or the one that this browser sent before; kept only until its rows are stored."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        _forget()
        data = sent.read()
        session["upload"] = services().installation.environment.token()
        session["upload_name"] = sent.filename[-200:]
        place = _place(session["upload"])
        place.touch(mode=0o600)
        place.write_bytes(data)
        return session["upload_name"], data
    kept = session.get("upload")
    if not isinstance(kept, str) or not _place(kept).exists():
        raise DomainError(_("No file was chosen"), remedy=_("Choose a CSV or XLSX file, then look it over."))
    return str(session.get("upload_name", "")), _place(kept).read_bytes()


def _place(token: str) -> Path:
    return Path(gettempdir()) / f"{_KEPT}{''.join(c for c in token if c.isalnum())}"


def _forget() -> None:
    """Delete what this browser sent, and whatever others left behind a day ago."""
    kept = session.pop("upload", None)
    yesterday = services().installation.environment.now().timestamp() - _DAY
    for path in Path(gettempdir()).glob(f"{_KEPT}*"):
        if path == _place(str(kept)) or path.stat().st_mtime < yesterday:
            path.unlink(missing_ok=True)
