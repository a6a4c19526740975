"""Bringing one plugin in: find it, import it, read its manifest, hold its hooks against the contract.

Every function raises PluginError for what is wrong with the plugin, whatever the plugin itself raised. Each plugin is
registered in a pluggy manager of its own: one that fails leaves no trace in the others, a misspelt hook is found before
anybody is asked, and asking one plugin asks only that one.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from ... import hookspecs
from ..kernel.errors import ApiMismatch, BadManifest, NameTaken, PluginError
from ..kernel.values import SettingField
from .api import API_VERSION, Manifest

GROUP = "orderyard.plugins"
HOOKS: tuple[str, ...] = tuple(sorted(name for name, value in vars(hookspecs).items() if hasattr(value, "orderyard_spec")))

_SLUG = re.compile(r"[a-z][a-z0-9_]{1,39}")


def said(error: BaseException) -> str:
    """An error in words, for a person: its class too, unless it is one of ours."""
    text = str(error).strip()
    return text if isinstance(error, PluginError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


@contextmanager
def contained(doing: str) -> Iterator[None]:
    """Turn whatever a plugin raises, `SystemExit` too, into a PluginError; only Ctrl-C gets through."""
    try:
        yield
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"{doing}: {said(error)}") from error


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin that is there, enabled or not."""

    slug: str
    distribution: str
    version: str


@dataclass(frozen=True)
class Guest:
    """One plugin that keeps to the contract: its manifest, and for each hook it implements how to call it."""

    manifest: Manifest
    calls: Mapping[str, Callable[..., list[Any]]]


def entries() -> dict[str, list[EntryPoint]]:
    """The installed plugins by slug; two distributions may claim the same one."""
    found, _ = _looked_up(_shelves())
    return {slug: list(several) for slug, several in found.items()}


def installed() -> tuple[Installed, ...]:
    """Each of them with the distribution that brought it."""
    _, brought = _looked_up(_shelves())
    return brought


def _shelves() -> tuple[tuple[str, int], ...]:
    """Where distributions lie, and when anything was last put there or taken away."""
    return tuple((path, os.stat(path).st_mtime_ns) for path in sys.path if os.path.isdir(path))


@functools.lru_cache(maxsize=4)
def _looked_up(_: tuple[tuple[str, int], ...]) -> tuple[dict[str, list[EntryPoint]], tuple[Installed, ...]]:
    """Reading what every distribution brings takes longer than starting ours: once is enough, until something changes."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, {})[entry.value] = entry
    by_slug = {slug: [by_value[value] for value in sorted(by_value)] for slug, by_value in sorted(found.items())}
    brought = tuple(
        Installed(slug, entry.dist.name if entry.dist else "", entry.dist.version if entry.dist else "")
        for slug, several in by_slug.items()
        for entry in several
    )
    return by_slug, brought


def imported(slug: str, found: Mapping[str, list[EntryPoint]]) -> object:
    """The plugin's module."""
    several = found.get(slug, [])
    if not several:
        raise PluginError("it is not installed", remedy=f"install the package that brings {slug}, or take it out of PLUGINS")
    if len(several) > 1:
        raise NameTaken(
            f"several packages bring a plugin of this name: {', '.join(entry.value for entry in several)}",
            remedy="uninstall all but one",
        )
    with contained(f"importing {several[0].value}"):
        module: object = several[0].load()
        return module


def manifest_of(slug: str, module: object) -> Manifest:
    """The module's `manifest`, after a look at everything in it."""
    with contained("reading its manifest"):
        manifest = getattr(module, "manifest", None)
    if not isinstance(manifest, Manifest):
        raise BadManifest("it has no module-level `manifest`", remedy="manifest = Manifest(slug=…, title=…)")
    if manifest.slug != slug:
        raise BadManifest(f"its manifest says {manifest.slug!r} and its entry point {slug!r}", remedy="use one name for both")
    if not _SLUG.fullmatch(slug):
        raise BadManifest(f"{slug!r} is no slug", remedy="2 to 40 of a-z, 0-9 and _, starting with a letter")
    if not isinstance(manifest.title, str) or not manifest.title.strip():
        raise BadManifest("its manifest has no title")
    _check_api(manifest.api)
    if isinstance(manifest.requires, str) or not all(isinstance(other, str) and other != slug for other in manifest.requires):
        raise BadManifest(f"its `requires` is {manifest.requires!r}", remedy="a tuple of slugs of other plugins")
    if not all(isinstance(field, SettingField) for field in manifest.settings):
        raise BadManifest("its `settings` hold something that is no SettingField")
    names = [field.name for field in manifest.settings]
    if len(set(names)) != len(names):
        raise BadManifest(f"its `settings` name a field twice: {', '.join(names)}")
    if manifest.migrations is not None and not (isinstance(manifest.migrations, Path) and manifest.migrations.is_dir()):
        raise BadManifest(f"its `migrations`, {manifest.migrations}, is no folder")
    return manifest


def _check_api(version: str) -> None:
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+", version):
        raise BadManifest(f"its API version is {version!r}", remedy=f"write it like {API_VERSION}")
    if version.split(".")[0] != API_VERSION.split(".")[0]:
        raise ApiMismatch(
            f"it was written for version {version} of the plugin API, and this is {API_VERSION}",
            remedy="install a version of the plugin that fits",
        )


def registered(slug: str, module: object, manifest: Manifest) -> Guest:
    """The plugin's hooks, each known to the contract and asking only for arguments that it has."""
    own = pluggy.PluginManager("orderyard")
    own.add_hookspecs(hookspecs)
    with contained("registering its hooks"):
        own.register(module, name=slug)
        own.check_pending()
    callers = {name: getattr(own.hook, name) for name in HOOKS}
    return Guest(manifest, {name: caller for name, caller in callers.items() if caller.get_hookimpls()})
