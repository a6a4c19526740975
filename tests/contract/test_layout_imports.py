"""Imports point inward: each module of the core may lean only on what the plan of the house puts below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from orderyard.core.testing.public_names import private_imports

ROOT = Path(__file__).parents[2]

# Which rooms a room may use in full, written so that each line names only rooms of the lines above it. Being on the same line
# is not being allowed: peers talk by events.
BELOW: dict[str, set[str]] = {"kernel": set()}
BELOW["catalog"] = BELOW["customers"] = BELOW["auth"] = {"kernel"}
BELOW["ledger"] = {"kernel"}
BELOW["inventory"] = {"kernel", "catalog", "customers"}
BELOW["orders"] = BELOW["inventory"] | {"inventory"}
BELOW["review"] = BELOW["fulfillment"] = BELOW["orders"] | {"orders"}
BELOW["aftersales"] = BELOW["fulfillment"] | {"review", "fulfillment"}
DOMAINS = set(BELOW)

BELOW["hookspecs"] = set()
BELOW["host"] = {"kernel", "hookspecs"}
BELOW["outbox"] = BELOW["host"] | {"host"}
BELOW["connections"] = BELOW["outbox"] | {"outbox", "catalog"}
BELOW["channels"] = BELOW["carriers"] = BELOW["automation"] = (
    BELOW["connections"] | BELOW["aftersales"] | {"aftersales", "connections"}
)
BELOW["hosted"] = BELOW["channels"] | {"channels"}
BELOW["migrations"] = DOMAINS | {"host", "outbox", "connections", "channels", "carriers", "hosted", "automation"}
BELOW["web"] = BELOW["rest"] = BELOW["migrations"] | {"migrations", "hookspecs"}
BELOW["app"] = BELOW["web"] | {"web", "rest"}
BELOW["testing"] = BELOW["app"] | {"app"}
BELOW["cli"] = BELOW["testing"] | {"testing"}  # the console script: it starts the whole house, and the simulators of the demo

# Whoever hears events or offers hooks must be able to name them, and no more than that.
HEARS_EVERY_API = {"ledger", "hookspecs", "host", "outbox", "connections", "channels", "carriers", "automation"}
# What an api module may build on, since it is loaded by everybody above it.
API_BELOW = {room: {other for other in rooms if other in DOMAINS} for room, rooms in BELOW.items()}
API_BELOW["outbox"] = DOMAINS - {"kernel"}
# A plugin's own shop is asked for through the host.
API_BELOW["host"] = API_BELOW["outbox"] | {"hosted"}
# Its adapter is a channel's.
API_BELOW["hosted"] = API_BELOW["hosted"] | {"channels"}
# Plugins import these through hookspecs, so they must not pull in the house.
LIGHT = {"core.testing.simulator", "core.testing.scripted"}


def modules() -> list[Path]:
    return [ROOT / "app.py", ROOT / "hookspecs.py", *sorted((ROOT / "core").rglob("*.py"))]


def relative() -> list[Path]:
    """All of these but app.py; and numbered migrations belong to no package, for the runner loads them by their file names."""
    return [path for path in modules() if path.name != "app.py" and not path.name[0].isdigit()]


def name_of(path: Path) -> str:
    """`core.orders.api` for core/orders/api.py, `core.orders` for its package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 else parts[0]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import, ours without the leading `orderyard.`; wherever in the file it stands."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.removeprefix("orderyard.")
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
            else:
                base = [(node.module or "").removeprefix("orderyard.")]
            for alias in node.names:
                as_module = ROOT.joinpath(*".".join([*base, alias.name]).split("."))
                named = as_module.is_dir() or as_module.with_suffix(".py").is_file()
                yield node.lineno, ".".join([*base, alias.name] if named else base)


def objection(importer: str, target: str) -> str | None:
    """Why this module must not import that one, or None."""
    source, room = room_of(importer), room_of(target)
    if target.split(".")[0].startswith("orderyard_"):
        return "the core names no plugin"
    if target.split(".")[0] not in ("core", "app", "hookspecs"):
        return None  # somebody else's library
    if source not in BELOW or room not in BELOW:
        return f"the plan of the house has no room {source if source not in BELOW else room!r}; give it a place in BELOW"
    is_api = importer == f"core.{source}.api"
    target_is_api = target == f"core.{room}.api"
    if importer in LIGHT:
        return None if room == "kernel" or target_is_api or target in LIGHT else "it is loaded with hookspecs, so only apis"
    if importer == "hookspecs":
        return None if target_is_api or target == "core.testing.simulator" else "hookspecs builds on apis and Simulator only"
    if is_api and source != "web":  # nothing stands above the pages, so their api pulls in nobody's house
        if room == "kernel" or (target_is_api and room in API_BELOW[source]):
            return None
        return "an api builds on the kernel and on lower apis only"
    if room == source or room in BELOW[source]:
        return None
    if target_is_api and source in HEARS_EVERY_API:
        return None
    return f"{source} stands below {room} or beside it; call downwards, talk upwards by events"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_inward(path: Path) -> None:
    importer = name_of(path)
    found = sorted(set(imported(path)))
    wrong = [f"line {line}: {target}: {why}" for line, target in found if (why := objection(importer, target))]
    assert not wrong, "\n".join([f"{importer} imports what it must not:", *wrong])


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("core.kernel.db", "core.orders.models"),
        ("core.orders.service", "core.fulfillment.models"),
        ("core.orders.service", "core.outbox.dispatch"),
        ("core.orders.service", "core.fulfillment.api"),
        ("core.review.service", "core.fulfillment.service"),
        ("core.orders.api", "core.orders.models"),
        ("core.orders.api", "core.review.api"),
        ("core.ledger.service", "core.orders.service"),
        ("core.channels.engine", "core.carriers.engine"),
        ("core.host.loading", "core.orders.service"),
        ("core.web.orders", "app"),
        ("core.testing.simulator", "core.orders.service"),
        ("hookspecs", "core.kernel.values"),
        ("app", "orderyard_channel_taobao.plugin"),
        ("app", "core.cli"),
        ("core.nowhere.service", "core.kernel.values"),
    ],
)
def test_the_judge_objects(importer: str, target: str) -> None:
    assert objection(importer, target)


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("core.orders.service", "core.inventory.service"),
        ("core.ledger.service", "core.fulfillment.api"),
        ("core.channels.engine", "core.orders.service"),
        ("core.host.loading", "hookspecs"),
        ("core.host.api", "core.orders.api"),
        ("hookspecs", "core.testing.simulator"),
        ("app", "core.web.pages"),
        ("core.orders.service", "json"),
    ],
)
def test_the_judge_allows(importer: str, target: str) -> None:
    assert objection(importer, target) is None


@pytest.mark.parametrize("path", relative(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_imports_itself_relatively(path: Path) -> None:
    """Both under its import name and from a checkout, the house must find its own rooms."""
    tree = ast.parse(path.read_bytes())
    absolute = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level and names_us(node.module)
    ]
    absolute += [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Import) and any(names_us(a.name) for a in node.names)
    ]
    assert not absolute, f"write these imports with leading dots: lines {absolute}"


def names_us(module: str | None) -> bool:
    return (module or "").split(".")[0] in ("orderyard", "core", "app", "hookspecs")


@pytest.mark.parametrize("manifest", sorted(ROOT.glob("plugins/*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_our_plugins_use_only_what_a_stranger_may_use(manifest: Path) -> None:
    package = manifest.parent / f"orderyard_{manifest.parent.name}"
    assert private_imports(package) == []


@pytest.mark.parametrize("manifest", sorted(ROOT.glob("plugins/*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_our_plugins_do_not_lean_on_one_another(manifest: Path) -> None:
    slug = manifest.parent.name
    leaning = [
        f"{path.relative_to(ROOT)}:{line} {target}"
        for path in sorted((manifest.parent / f"orderyard_{slug}").rglob("*.py"))
        for line, target in imported(path)
        if target.startswith("orderyard_") and target.split(".")[0] != f"orderyard_{slug}"
    ]
    assert leaning == []
