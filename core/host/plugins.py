"""The plugins of this process: which run, what they registered, and asking them without being hurt by them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from ... import hookspecs
from ...hookspecs import Simulator
from ..carriers.api import Carrier
from ..channels.api import Channel
from ..kernel.errors import DomainError, PluginError, RemoteError
from ..ledger.api import LedgerExporter
from ..review.api import ReviewRule
from .api import Command, Failed, House, Manifest, Panel, PluginContext
from .loading import HOOKS, Guest, Installed, contained, entries, imported, installed, manifest_of, registered, said
from .registries import Registries

_log = logging.getLogger("orderyard.host")


@dataclass(frozen=True, slots=True)
class Fault:
    """A plugin was wrong: where (`start`, a hook's name, `migrations`), and what it was."""

    slug: str
    place: str
    message: str


class Shown(NamedTuple):
    """What one plugin gave for a page: its panels, or the error that left a gap."""

    slug: str
    panels: tuple[Panel, ...] | None
    error: str | None


class Plugins:
    """Built once at start-up by `load`; afterwards only `switch_off` changes it. Thread-safe."""

    _KEPT = 500

    def __init__(
        self,
        enabled: Sequence[str],
        available: tuple[Installed, ...],
        reserved: Mapping[str, Collection[str]],
        left_out: Collection[str] = (),
    ) -> None:
        self.enabled = tuple(dict.fromkeys(enabled))
        """What the configuration lists, in its order, running or not."""
        self.installed = available
        """What is there, enabled or not."""
        self.manifests: dict[str, Manifest] = {}
        """Of every enabled plugin that could be read, running or not."""
        self.folders: dict[str, Path] = {}
        """Where the modules of those stand, for the words that lie beside them."""
        self.faults: list[Fault] = []
        """Why enabled plugins are switched off; a plugin has one at most, the first."""
        self.running: tuple[str, ...] = ()
        self._guests: dict[str, Guest] = {}
        self._stalled: dict[str, Guest] = {}
        self._registries = Registries(reserved, left_out)
        self._asked: dict[str, tuple[tuple[str, Callable[..., list[Any]]], ...]] = {}
        self._listeners: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._noticed: dict[Fault, bool] = {}

    # what the enabled plugins registered, by name

    @property
    def channels(self) -> Mapping[str, type[Channel]]:
        return self._registered("channels")

    @property
    def carriers(self) -> Mapping[str, type[Carrier]]:
        return self._registered("carriers")

    @property
    def ledger_exporters(self) -> Mapping[str, type[LedgerExporter]]:
        return self._registered("ledger_exporters")

    @property
    def review_rules(self) -> Mapping[str, type[ReviewRule]]:
        return self._registered("review_rules")

    @property
    def simulators(self) -> Mapping[str, type[Simulator]]:
        return self._registered("simulators")

    @property
    def commands(self) -> Mapping[str, type[Command]]:
        """By slug and name: `replenish suggest`."""
        return self._registered("commands")

    def owner_of(self, registry: str, name: str) -> str:
        """The slug of the plugin that registered this name in `channels`, `carriers`, …"""
        return self._registries.entries[registry][name].slug

    def _registered(self, registry: str) -> dict[str, type[Any]]:
        return {name: entry.kind for name, entry in self._registries.entries[registry].items()}

    # who hooks what

    def hooks_of(self, slug: str) -> list[str]:
        """The hooks that a plugin implements; none of one that never came so far."""
        guest = self._guests.get(slug) or self._stalled.get(slug)
        return sorted(guest.calls) if guest else []

    def listeners(self, hook: str) -> list[str]:
        """Whose deliveries of an `on_` hook are to be kept: those running, and those that only wait to be mended.

        A plugin that was switched off after it had started well (its migration failed) misses nothing.
        """
        return list(self._listeners.get(hook, ()))

    # asking

    def ask(self, hook: str, question: object) -> Sequence[str]:
        """Objections to what is about to happen, each naming its plugin; one that raises objects too. Fits `kernel.uow.Ask`."""
        callers = self._asked.get(hook)
        if not callers:
            return ()
        argument = _ARGUMENT[hook]
        objections: list[str] = []
        for slug, call in callers:
            try:
                for answer in call(**{argument: question}):
                    objections.append(f"{slug}: {_sentence(answer)}")
            except (Exception, SystemExit) as error:
                self.notice(slug, hook, said(error))
                objections.append(f"{slug} could not be asked: {said(error)}")
        return objections

    def asked(self, hook: str) -> tuple[str, ...]:
        """The running plugins that implement a hook, in their order."""
        return tuple(slug for slug, _ in self._asked.get(hook, ()))

    def amend(self, hook: str, slug: str, allowed: tuple[type, ...], **arguments: object) -> list[Any]:
        """What one plugin adds inside a transaction, everything of an `allowed` type.

        A plugin that raises, or answers with something else, fails the whole unit of work: DomainError.
        """
        guest = self._guests.get(slug)
        call = guest.calls.get(hook) if guest else None
        if call is None:
            return []
        try:
            with contained(hook):
                answers = [one for several in call(**arguments) for one in several]
            for one in answers:
                if not isinstance(one, allowed):
                    raise PluginError(f"it answered {one!r}", remedy=f"return {', '.join(kind.__name__ for kind in allowed)}")
        except PluginError as error:
            self.notice(slug, hook, str(error))
            raise DomainError(
                f"plugin {slug} failed at {hook}: {error}", remedy="nothing was written; mend the plugin or switch it off"
            ) from error
        return answers

    def pages_of(self, slug: str, house: House) -> list[Any]:
        """What one plugin wants mounted; PluginError when it raises, or answers with no list."""
        call = self._guests[slug].calls["register_blueprints"]
        with contained("register_blueprints"):
            return [one for several in call(house=house) for one in several]

    def show(self, hook: str, context_of: Callable[[str], PluginContext], **arguments: object) -> list[Shown]:
        """Every plugin's panels for a page; an error stands where its panels would, and hurts nobody else."""
        result: list[Shown] = []
        for slug, call in self._asked.get(hook, ()):
            try:
                with contained(hook):
                    answers = call(context=context_of(slug), **arguments)
                    panels = tuple(_panel(panel) for answer in answers for panel in answer)
            except PluginError as error:
                self.notice(slug, hook, str(error))
                result.append(Shown(slug, None, str(error)))
            else:
                result.append(Shown(slug, panels, None))
        return result

    def deliver(self, slug: str, event_name: str, events: Sequence[object], context: PluginContext) -> Sequence[Failed]:
        """Tell one plugin what happened; which of the events it could not deliver, each at most once.

        A plugin that raises has delivered none of them. One that does not listen, has delivered all.
        """
        hook = f"on_{event_name}"
        guest = self._guests.get(slug)
        call = guest.calls.get(hook) if guest else None
        if call is None:
            return ()
        try:
            answers = call(events=events, context=context)
            failed = [_failure(answer, len(events)) for several in answers for answer in several]
        except (Exception, SystemExit) as error:
            cause = error if isinstance(error, Exception) else PluginError(said(error))
            failed = [Failed(index, cause) for index in range(len(events))]
        by_index: dict[int, Failed] = {}
        for failure in failed:
            by_index.setdefault(failure.index, failure)
        for cause in {type(failure.error): failure.error for failure in by_index.values()}.values():
            if not isinstance(cause, RemoteError):
                self.notice(slug, hook, said(cause))
        return [by_index[index] for index in sorted(by_index)]

    # being wrong

    def switch_off(self, slug: str, place: str, message: str) -> None:
        """Stop asking a plugin that had started, and with it all that need it; what they registered is taken back."""
        if slug in self._guests:
            self._stalled[slug] = self._guests[slug]
            self._drop(slug, place, message)
            for other, needed in self._unmet():
                if other in self._guests:
                    self._stalled[other] = self._guests[other]
                self._drop(other, place, needed)
        self._settle()

    def notice(self, slug: str, place: str, message: str) -> None:
        """Remember a fault of a plugin that goes on running, until `take_faults`; the same one only once per process."""
        fault = Fault(slug, place, message)
        with self._lock:
            if fault in self._noticed or len(self._noticed) >= self._KEPT:
                return
            self._noticed[fault] = False
        _log.warning("plugin %s failed at %s: %s", slug, place, message)

    def take_faults(self) -> list[Fault]:
        """What was noticed since it was last asked, to be written where people look."""
        with self._lock:
            fresh = [fault for fault, taken in self._noticed.items() if not taken]
            self._noticed.update(dict.fromkeys(fresh, True))
        return fresh

    # starting

    def start(self, extra: Mapping[str, object]) -> None:
        """Bring in all that are enabled, each by itself; used by `load`."""
        found = entries()
        modules: dict[str, object] = {}
        for slug in self.enabled:
            try:
                modules[slug] = extra[slug] if slug in extra else imported(slug, found)
                self.manifests[slug] = manifest_of(slug, modules[slug])
                if file := getattr(modules[slug], "__file__", None):
                    self.folders[slug] = Path(file).parent
            except PluginError as error:
                self.manifests.pop(slug, None)
                self._fail(slug, "start", str(error))
        self._require()
        for slug, manifest in list(self.manifests.items()):
            if self._failed(slug):
                continue
            try:
                guest = registered(slug, modules[slug], manifest)
                self._registries.admit(slug, guest)
                self._guests[slug] = guest
            except PluginError as error:
                self._fail(slug, "start", str(error))
        self._require()
        self._settle()

    def _require(self) -> None:
        while unmet := self._unmet():
            for slug, needed in unmet:
                self._drop(slug, "start", needed)

    def _unmet(self) -> list[tuple[str, str]]:
        """Plugins not switched off whose needs are not met, and what to say; repeated until nothing falls any more."""
        alive = {slug for slug in self.manifests if not self._failed(slug)}
        fallen: dict[str, str] = {}
        while True:
            fresh = {
                slug: f"it requires {', '.join(missing)}, not running here"
                for slug in sorted(alive)
                if (missing := [other for other in self.manifests[slug].requires if other not in alive])
            }
            if not fresh:
                return list(fallen.items())
            fallen |= fresh
            alive -= set(fresh)

    def _failed(self, slug: str) -> bool:
        return any(fault.slug == slug for fault in self.faults)

    def _fail(self, slug: str, place: str, message: str) -> None:
        self.notice(slug, place, message)
        if not self._failed(slug):
            self.faults.append(Fault(slug, place, message))

    def _drop(self, slug: str, place: str, message: str) -> None:
        self._fail(slug, place, message)
        self._registries.expel(slug)
        self._guests.pop(slug, None)

    def _settle(self) -> None:
        """Lay ready who is asked for what, so that asking looks nothing up."""
        order = [slug for slug in self.enabled if slug in self._guests]
        self.running = tuple(order)
        self._asked = {
            hook: tuple((slug, self._guests[slug].calls[hook]) for slug in order if hook in self._guests[slug].calls)
            for hook in HOOKS
        }
        known = {**self._stalled, **self._guests}
        self._listeners = {
            hook: tuple(slug for slug in self.enabled if slug in known and hook in known[slug].calls) for hook in HOOKS
        }


def load(
    enabled: Sequence[str],
    *,
    extra: Mapping[str, object] | None = None,
    reserved: Mapping[str, Collection[str]] | None = None,
    left_out: Collection[str] = (),
) -> Plugins:
    """Start the enabled plugins, in that order; whatever is wrong with one is a Fault of that one, and the rest start.

    `extra` holds modules that are there already, by slug, and need no entry point. `reserved` holds names that the core
    has taken itself, by registry (`{"review_rules": {"amount_limit"}}`); `left_out` names registries that are not filled: a
    running shop needs no simulators, and whatever they import.
    """
    given = extra or {}
    plugins = Plugins(enabled, installed(), reserved or {}, left_out)
    plugins.start(given)
    return plugins


_ARGUMENT = {
    hook: next(iter(getattr(hookspecs, hook).__code__.co_varnames), "") for hook in HOOKS if hook.startswith("object_to_")
}


def _sentence(answer: object) -> str:
    if not isinstance(answer, str):
        raise PluginError(f"it answered {answer!r}", remedy="return a sentence, or None")
    return answer.strip() or "objects without a reason"


def _panel(panel: object) -> Panel:
    """A panel a page can draw: text everywhere, and addresses that lead to a page and run nothing."""
    if not isinstance(panel, Panel):
        raise PluginError(f"it returned {panel!r}", remedy="return Panel objects")
    rows = tuple(tuple(row) for row in panel.rows)
    if not isinstance(panel.title, str) or not all(
        len(row) == 3 and all(isinstance(cell, str) for cell in row) for row in rows
    ):
        raise PluginError(f"panel {panel.title!r} is malformed", remedy="each row is (label, text, address or empty)")
    for _, _, address in rows:
        if address and not address.startswith(("https://", "http://", "/")):
            raise PluginError(f"panel {panel.title!r} links to {address!r}", remedy="link to https://… or /…")
    return Panel(panel.title, cast("tuple[tuple[str, str, str], ...]", rows))


def _failure(answer: object, count: int) -> Failed:
    if not isinstance(answer, Failed) or not isinstance(answer.index, int) or not 0 <= answer.index < count:
        raise PluginError(
            f"it returned {answer!r} for {count} events", remedy="return Failed(index, error) of events it was given"
        )
    if not isinstance(answer.error, Exception):
        return Failed(answer.index, PluginError(f"it failed with {answer.error!r}"))
    return answer
