"""Pages that plugins serve themselves, under `/x/<slug>`: guarded like the console's own, in their own words."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, current_app, request
from flask_babel import Domain  # type: ignore[import-untyped]  # it ships no types

from ..connections.service import connection, connections
from ..host.api import PluginContext
from ..hosted.api import Desk, DeskFacts
from ..hosted.desk import HostedDesk, desk_facts
from ..kernel.errors import DomainError, PluginError
from . import access, language
from .services import ConsoleServices, services

HOOK = "register_blueprints"
_NAME = "orderyard.hosted"


class PluginHouse:
    """`House` of one plugin."""

    def __init__(self, system: ConsoleServices, slug: str, key: bytes) -> None:
        """`key` is what this installation signs with."""
        self._system = system
        self._slug = slug
        self._key = hmac.new(key, f"pages of {slug}".encode(), "sha256").digest()

    def context(self) -> PluginContext:
        return self._system.contexts.of(self._slug)

    def token(self) -> str:
        return self._system.installation.environment.token()

    def sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def connections(self) -> Sequence[DeskFacts]:
        db = self._system.installation.db
        with db.connection():
            return [desk_facts(db, facts) for facts in connections(db, "channel") if self._owns(facts.adapter)]

    def desk(self, connection_code: str) -> Desk:
        db = self._system.installation.db
        with db.connection():
            facts = connection(db, connection_code)
        if facts.kind != "channel" or not self._owns(facts.adapter):
            raise DomainError(
                f"connection {facts.code} is one of {facts.adapter}, not of plugin {self._slug}",
                remedy="choose a connection of this plugin's own channel",
            )
        titles = {name: kind.title for name, kind in self._system.plugins.carriers.items()}
        return HostedDesk(self._system.channels.accounts, facts.code, titles)

    def _owns(self, adapter: str) -> bool:
        plugins = self._system.plugins
        return adapter in plugins.channels and plugins.owner_of("channels", adapter) == self._slug


@dataclass(frozen=True)
class _Hosted:
    """A plugin with pages."""

    slug: str
    title: str
    house: PluginHouse
    words: Domain
    front: str
    """Endpoint of its first page for staff, empty when it has none."""


def mount(app: Flask, key: bytes) -> None:
    """Ask every plugin for its pages and add them; one that is wrong is switched off, with all it registered."""
    hosted: dict[str, _Hosted] = {}
    app.extensions[_NAME] = hosted
    system = services(app)
    for slug in system.plugins.asked(HOOK):
        house = PluginHouse(system, slug, key)
        try:
            found = system.plugins.pages_of(slug, house)
            for pages in found:
                _check(slug, pages)
            front = _tried(slug, found)
        except PluginError as error:
            system.plugins.switch_off(slug, HOOK, str(error))
            continue
        app.register_blueprint(_around(slug, found))
        folders = [str(language.FOLDER), *(str(folder) for pages in found if (folder := _words(pages)).is_dir())]
        title = system.plugins.manifests[slug].title
        hosted[slug] = _Hosted(slug, title, house, Domain(list(dict.fromkeys(folders))), front)
    app.jinja_env.globals.update(plugin_pages=_menu, in_words_of=in_words_of)


def house() -> PluginHouse:
    """The house of the plugin whose page this is."""
    return _hosts()[_slug()].house


def in_words_of(text: str, slug: str) -> str:
    """A plugin's text in the reader's language, where the plugin has words; outside of its own pages too."""
    hosted = _hosts().get(slug)
    return text if hosted is None or not text else str(hosted.words.gettext(text))


def _hosts() -> Mapping[str, _Hosted]:
    return cast("Mapping[str, _Hosted]", current_app.extensions.get(_NAME, {}))


def _slug() -> str:
    return (request.blueprint or "").split(".")[0]


def _menu() -> list[tuple[str, str, bool]]:
    """Plugins whose first page this person may open: title, endpoint, and whether they are there now."""
    found = []
    for one in _hosts().values():
        view = current_app.view_functions.get(one.front)
        permission = getattr(view, "needs", None)
        if permission is not None and access.may(permission) and one.slug in services().plugins.running:
            found.append((one.words.gettext(one.title), one.front, one.slug == _slug()))
    return found


def _in_its_words() -> None:
    """From here on words are looked up among the plugin's own first, then among the console's."""
    _hosts()[_slug()].words.as_default()


def _around(slug: str, found: Sequence[Blueprint]) -> Blueprint:
    outer = Blueprint(slug, __name__, url_prefix=f"/x/{slug}")
    outer.before_request(_in_its_words)
    outer.before_request(access.guard)
    for pages in found:
        outer.register_blueprint(pages)
    return outer


def _tried(slug: str, found: Sequence[Blueprint]) -> str:
    """The endpoint of the plugin's first page; PluginError when its pages do not hold together or one has no permission."""
    trial = Flask(f"trial of {slug}", static_folder=None)
    trial.url_map.converters["row"] = access.RowConverter
    try:
        trial.register_blueprint(_around(slug, found))
        rules = list(trial.url_map.iter_rules())
    except Exception as error:
        raise PluginError(f"{HOOK}: its pages cannot be mounted: {type(error).__name__}: {error}") from error
    for rule in rules:
        view = trial.view_functions[rule.endpoint]
        if not rule.endpoint.endswith(".static") and not hasattr(view, "needs"):
            raise PluginError(
                f"{HOOK}: the page {rule.rule} says nobody may open it", remedy="mark it with needs(…) or open_to_all"
            )
    fronts = [rule.endpoint for rule in rules if rule.rule == f"/x/{slug}/" and "GET" in (rule.methods or ())]
    return fronts[0] if fronts else ""


def _check(slug: str, pages: Any) -> None:
    """A plugin's templates stand in a folder of its name, so that none is taken for another's."""
    if not isinstance(pages, Blueprint):
        raise PluginError(f"{HOOK} returned {pages!r}", remedy="return flask.Blueprint objects")
    if pages.template_folder is not None:
        folder = Path(pages.root_path) / str(pages.template_folder)
        for path in sorted(folder.rglob("*.*")) if folder.is_dir() else []:
            if path.relative_to(folder).parts[0] != slug:
                raise PluginError(
                    f"{HOOK}: the template {path.relative_to(folder)} could be taken for another one",
                    remedy=f"put it into the folder {slug} inside {pages.template_folder}",
                )


def _words(pages: Blueprint) -> Path:
    return Path(pages.root_path) / "translations"
