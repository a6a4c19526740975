"""Plugins: what runs, what failed and why, what each hooks, and its settings."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...auth.permissions import Permission
from ...host import pages as reads
from ...host import service as host
from ...host.api import Manifest
from ...host.plugins import Fault
from ..access import needs
from ..refusals import perform
from ..services import services
from ..words import gettext as _

pages = Blueprint("plugins", __name__, url_prefix="/plugins")


@dataclass(frozen=True, slots=True)
class PluginCard:
    """One plugin as the page shows it."""

    slug: str
    title: str
    version: str
    manifest: Manifest | None
    enabled: bool
    running: bool
    fault: Fault | None
    hooks: list[str]


@pages.get("/")
@needs(Permission.PLUGINS_MANAGE)
def index() -> str:
    console = services()
    db = console.installation.db
    cards = _cards()
    settings = {
        card.slug: host.shown_settings(db, console.seal, card.manifest)
        for card in cards
        if card.manifest and card.manifest.settings
    }
    return render_template("plugins.html", cards=cards, settings=settings, faults=reads.faults(db))


@pages.post("/<slug>/settings")
@needs(Permission.PLUGINS_MANAGE)
def save(slug: str) -> Response:
    """Store the form; a secret left empty stays as it is."""
    console = services()
    manifest = console.plugins.manifests.get(slug)
    if manifest is None:
        abort(404)
    given = {field.name: request.form.get(f"s-{field.name}", "").strip() for field in manifest.settings}
    perform(lambda uow: host.save_settings(uow, console.seal, manifest, given), _("The settings are stored."))
    return redirect(url_for(".index", _anchor=slug), 303)


def _cards() -> list[PluginCard]:
    """The enabled ones in their order, then those that are only installed."""
    plugins = services().plugins
    versions = {one.slug: one.version for one in plugins.installed}
    faults = {fault.slug: fault for fault in plugins.faults}
    cards = []
    for slug in [*plugins.enabled, *(one.slug for one in plugins.installed if one.slug not in plugins.enabled)]:
        manifest = plugins.manifests.get(slug)
        cards.append(
            PluginCard(
                slug,
                manifest.title if manifest else slug,
                versions.get(slug, ""),
                manifest,
                slug in plugins.enabled,
                slug in plugins.running,
                faults.get(slug),
                plugins.hooks_of(slug),
            )
        )
    return cards
