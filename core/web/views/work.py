"""收件箱: what could not go on by itself, why, and a button to try again."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ...auth.permissions import Permission
from ...catalog import service as catalog
from ...channels import pages as reads
from ...channels import service as channels
from ...connections import service as connections
from ...outbox import pages as tasks
from ...outbox import service as outbox
from ..access import needs, row_number
from ..forms import MapForm, ReasonForm, entered
from ..refusals import perform
from ..services import services
from ..words import gettext as _

pages = Blueprint("work", __name__, url_prefix="/work")


@pages.get("/")
@needs(Permission.WORK_READ)
def index() -> str:
    installation = services().installation
    db, now = installation.db, installation.environment.now()
    listings, more_listings = reads.unmapped_listings(db)
    documents, more_documents = reads.parked_documents(db, row_number(request.args.get("documents", "")))
    parked, more_tasks = tasks.parked(db, row_number(request.args.get("tasks", "")))
    return render_template(
        "work.html",
        documents=documents,
        more_documents=more_documents,
        tasks=parked,
        more_tasks=more_tasks,
        listings=listings,
        more_listings=more_listings,
        connections=reads.connections_to_mend(db, now),
        now=now,
    )


@pages.get("/count")
@needs(Permission.WORK_READ)
def count() -> str:
    """The number beside the menu entry; the page fetches it by itself."""
    return render_template("work_count.html", count=reads.waiting(services().installation.db).total)


@pages.post("/documents/<row:inbox_id>/replay")
@needs(Permission.WORK_RETRY)
def replay(inbox_id: int) -> AnyResponse:
    perform(lambda uow: channels.replay(uow, inbox_id), _("The document is read again."))
    return redirect(url_for(".index"), 303)


@pages.get("/documents/<row:inbox_id>/raw")
@needs(Permission.ORDERS_READ_PII)
def raw(inbox_id: int) -> Response:
    """The document exactly as it came, as a download: nothing of it is run by a browser."""
    found = reads.parked_document(services().installation.db, inbox_id)
    if found is None:
        abort(404)
    return Response(
        found[1],
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="document-{inbox_id}.txt"'},
    )


@pages.post("/tasks/<row:task_id>/retry")
@needs(Permission.WORK_RETRY)
def retry(task_id: int) -> AnyResponse:
    perform(lambda uow: outbox.retry(uow, task_id), _("The task will be tried again at once."))
    return redirect(url_for(".index"), 303)


@pages.post("/tasks/<row:task_id>/give-up")
@needs(Permission.WORK_RETRY)
def give_up(task_id: int) -> AnyResponse:
    because = entered(ReasonForm().because).strip()[:500]
    perform(lambda uow: outbox.give_up(uow, task_id, because), _("The task is given up; its history stays."))
    return redirect(url_for(".index"), 303)


@pages.post("/connections/<row:connection_id>/resume")
@needs(Permission.WORK_RETRY)
def resume(connection_id: int) -> AnyResponse:
    perform(lambda uow: connections.resume(uow, connection_id), _("The connection works again; what waited goes on."))
    return redirect(url_for(".index"), 303)


@pages.post("/listings/<row:listing_id>/map")
@needs(Permission.WORK_RETRY)
def map_listing(listing_id: int) -> AnyResponse:
    sku = entered(MapForm().sku).strip()[:100]
    perform(lambda uow: catalog.map_listing(uow, listing_id, sku), _("The item has its SKU; orders that waited for it go on."))
    return redirect(url_for(".index"), 303)
