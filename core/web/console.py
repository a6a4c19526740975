"""The staff console: mounts every page on a Flask application."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2
from flask import Blueprint, Flask, url_for
from jinja2 import Environment, FileSystemBytecodeCache, pass_context
from jinja2.runtime import Context

from ..fulfillment import pages as fulfillment_pages
from ..orders import pages as order_pages
from . import access, labels, language, masking, refusals
from .sentences import said
from .services import NAME, ConsoleServices
from .views import (
    aftersales,
    alerts,
    allocating,
    bins,
    connecting,
    connections,
    customers,
    dashboard,
    documents,
    entry,
    freight,
    fulfillment,
    givingback,
    holding,
    importing,
    ledger,
    listings,
    mapping,
    ordering,
    orders,
    parcels,
    people,
    pickups,
    plugins,
    presales,
    prices,
    promotions,
    purchases,
    remittances,
    rules,
    scanning,
    setup,
    shops,
    signin,
    skus,
    stock,
    stockwork,
    warehouses,
    work,
)

_HERE = Path(__file__).parent
_YEAR = 365 * 24 * 3600


class _Console(Blueprint):
    """Files carry their content's hash in their address, so browsers may keep them."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        return _YEAR


def mount(app: Flask, services: ConsoleServices) -> None:
    """Add the console at `/` to an application that has a SECRET_KEY."""
    app.extensions[NAME] = services
    access.install(app)
    language.install(app)
    refusals.install(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = _compiled(app.jinja_env)
    app.jinja_env.filters.update(
        label=_each_time(labels.label),
        tone=labels.tone,
        action=_each_time(labels.action),
        actor=_each_time(labels.actor),
        because=_each_time(lambda text: said(labels.because(text))),
        said=_each_time(said),
        shown_name=masking.shown_name,
        shown_address=masking.shown_address,
    )
    app.jinja_env.globals.update(
        asset=_asset,
        may=access.may,
        me=access.me,
        signed_in=access.signed_in,
        language=language.language,
        languages=language.LANGUAGES,
        merchant=services.installation.merchant,
        set_up=setup.sections,
        order_cap=order_pages.CAP,
        fo_cap=fulfillment_pages.CAP,
    )
    console = _Console("console", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
    console.before_request(access.guard)
    for room in (
        signin,
        dashboard,
        customers,
        setup,
        shops,
        warehouses,
        skus,
        prices,
        promotions,
        freight,
        entry,
        importing,
        orders,
        ordering,
        holding,
        fulfillment,
        parcels,
        pickups,
        allocating,
        scanning,
        presales,
        stock,
        stockwork,
        alerts,
        purchases,
        bins,
        listings,
        connections,
        connecting,
        documents,
        mapping,
        aftersales,
        rules,
        work,
        ledger,
        remittances,
        givingback,
        plugins,
        people,
    ):
        console.register_blueprint(room.pages)
    app.register_blueprint(console)


def _compiled(env: Environment) -> FileSystemBytecodeCache | None:
    """Templates as an earlier start compiled them, so that the first to open a page waits no longer than others.

    They are known by path and content; by what compiles them too, which Jinja leaves out. None where there is no safe place.
    """
    made_by = (jinja2.__version__, env.trim_blocks, env.lstrip_blocks, sorted(env.extensions), sorted(env.filters))
    pattern = f"__orderyard_{hashlib.sha256(repr(made_by).encode()).hexdigest()[:12]}_%s.cache"
    try:
        return FileSystemBytecodeCache(pattern=pattern)
    except (OSError, RuntimeError):
        return None


def _each_time(words: Callable[..., str]) -> Callable[..., str]:
    """Words chosen when a page is shown; a template would put those of a constant in once, in its first reader's language."""

    @pass_context
    def chosen(_page: Context, *given: object) -> str:
        return words(*given)

    return chosen


def _asset(name: str) -> str:
    return url_for("console.static", filename=name, v=_content_hash(name))


@cache
def _content_hash(name: str) -> str:
    return hashlib.sha256((_HERE / "static" / name).read_bytes()).hexdigest()[:12]
