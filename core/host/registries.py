"""What `register_` hooks hand over, checked one by one: the class keeps its contract, its name is free and the plugin's own."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...hookspecs import Simulator
from ..carriers.api import Carrier
from ..channels.api import Ability, Channel
from ..kernel.errors import NameTaken, PluginError
from ..kernel.values import SettingField
from ..ledger.api import LedgerExporter
from ..review.api import ReviewRule
from .api import Command
from .loading import Guest, contained


@dataclass(frozen=True, slots=True)
class _Contract:
    hook: str
    parent: type
    says: Mapping[str, type] = field(default_factory=dict)
    """Class attributes that must be there, and of which type."""
    carries_slug: bool = False
    under_slug: bool = False
    """Its name stands below the slug, so that two plugins may use the same."""


CONTRACTS: dict[str, _Contract] = {
    "channels": _Contract("register_channels", Channel, {"name": str, "title": str, "ability": Ability}, carries_slug=True),
    "carriers": _Contract("register_carriers", Carrier, {"name": str, "title": str, "code": str}, carries_slug=True),
    "ledger_exporters": _Contract("register_ledger_exporters", LedgerExporter, {"name": str, "title": str}),
    "review_rules": _Contract("register_review_rules", ReviewRule, {"name": str, "title": str}),
    "simulators": _Contract("register_simulators", Simulator, {"name": str}),
    "commands": _Contract("register_commands", Command, {"name": str, "help": str}, under_slug=True),
}


@dataclass(frozen=True, slots=True)
class Registered:
    """One class under its name, and the plugin that brought it."""

    slug: str
    kind: type[Any]


@dataclass
class Registries:
    """Names to classes, per contract; a plugin's classes go in together or not at all."""

    reserved: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Names that the core has taken for itself, by registry."""
    left_out: Collection[str] = ()
    """Registries that nobody needs now: plugins are not asked for them."""
    entries: dict[str, dict[str, Registered]] = field(default_factory=lambda: {name: {} for name in CONTRACTS})

    def admit(self, slug: str, guest: Guest) -> None:
        """Ask one plugin for everything it registers; raises PluginError and keeps nothing of it when any of it is wrong."""
        wanted: dict[str, dict[str, Registered]] = {}
        for registry, contract in CONTRACTS.items():
            if registry not in self.left_out and (call := guest.calls.get(contract.hook)):
                with contained(contract.hook):
                    given = [kind for several in call() for kind in _several(contract.hook, several)]
                    wanted[registry] = self._checked(slug, registry, contract, given)
        for registry, entries in wanted.items():
            self.entries[registry].update(entries)

    def expel(self, slug: str) -> None:
        """Take everything back that a plugin registered."""
        for entries in self.entries.values():
            for name in [name for name, entry in entries.items() if entry.slug == slug]:
                del entries[name]

    def _checked(self, slug: str, registry: str, contract: _Contract, given: list[Any]) -> dict[str, Registered]:
        fresh: dict[str, Registered] = {}
        for kind in given:
            _check_class(contract, kind)
            name: str = kind.name
            if contract.carries_slug and not name.startswith(slug):
                raise PluginError(f"{contract.hook}: {kind.__name__} is named {name!r}", remedy=f"start its name with {slug}")
            if contract.under_slug:
                name = f"{slug} {name}"
            if name in fresh or name in self.reserved.get(registry, ()):
                whose = "this plugin itself" if name in fresh else "the core"
                raise NameTaken(f"{contract.hook}: the name {name!r} is taken by {whose}")
            if taken := self.entries[registry].get(name):
                raise NameTaken(
                    f"{contract.hook}: the name {name!r} is taken by plugin {taken.slug}",
                    remedy="enable only one of the two plugins",
                )
            fresh[name] = Registered(slug, kind)
        return fresh


def _several(hook: str, answer: object) -> Iterable[Any]:
    if not isinstance(answer, Iterable) or isinstance(answer, str):
        raise PluginError(f"{hook} returned {answer!r}", remedy="return a list of classes")
    return answer


def _check_class(contract: _Contract, kind: Any) -> None:
    hook, parent = contract.hook, contract.parent
    if not inspect.isclass(kind) or not issubclass(kind, parent):
        raise PluginError(f"{hook} returned {kind!r}", remedy=f"return subclasses of {parent.__name__}")
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
        raise PluginError(f"{hook}: {kind.__name__} does not implement {missing}")
    for attribute, wanted in contract.says.items():
        value = getattr(kind, attribute, None)
        if not isinstance(value, wanted) or value == "":
            raise PluginError(f"{hook}: {kind.__name__}.{attribute} is {value!r}", remedy=f"it must be {wanted.__name__}")
    form = () if issubclass(kind, Simulator) else getattr(kind, "settings", ())
    if not all(isinstance(line, SettingField) for line in form):
        raise PluginError(f"{hook}: {kind.__name__}.settings hold something that is no SettingField")
