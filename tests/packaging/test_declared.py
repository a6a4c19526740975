"""Each distribution declares what it imports; in a shared environment nobody would miss it until a stranger installs it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
distributions = cache(packages_distributions)


def declared(project: Path, *extras: str) -> set[str]:
    described = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    texts = [
        *described["dependencies"],
        *(text for extra in extras for text in described.get("optional-dependencies", {}).get(extra, [])),
    ]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def imports(files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Where, and the top-level name; the standard library, ourselves and modules that lie beside the file are left out."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for top in {name.split(".")[0] for name in names}:
                ours = top == "orderyard" or top.startswith("orderyard_") or path.with_name(f"{top}.py").is_file()
                if not ours and top not in sys.stdlib_module_names:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", top


def undeclared(files: Sequence[Path], allowed: set[str]) -> list[str]:
    found = []
    for where, top in imports(files):
        owners = {canonicalize_name(name) for name in distributions().get(top, [])}
        if not owners & allowed:
            found.append(f"{where} imports {top} of {' or '.join(sorted(owners)) or 'nothing that is installed'}")
    return found


def test_the_core_declares_what_it_imports() -> None:
    core = [path for path in (ROOT / "core").rglob("*.py") if "testing" not in path.relative_to(ROOT).parts]
    assert undeclared([ROOT / "app.py", ROOT / "hookspecs.py", *sorted(core)], declared(ROOT)) == []


def test_tests_and_what_serves_them_declare_what_they_import() -> None:
    files = [*sorted((ROOT / "core" / "testing").rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]
    assert undeclared(files, declared(ROOT, "test")) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_declares_what_it_imports(plugin: Path) -> None:
    """What the core declares comes with it: a simulator is handed Werkzeug's requests."""
    assert "orderyard" in declared(plugin)
    assert undeclared(sorted((plugin / f"orderyard_{plugin.name}").rglob("*.py")), declared(ROOT) | declared(plugin)) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_the_tests_of_a_plugin_declare_what_they_import(plugin: Path) -> None:
    # What lies in `peers` runs in an environment of its own, with somebody else's client.
    files = [path for path in sorted((plugin / "tests").rglob("*.py")) if "peers" not in path.parts]
    assert undeclared(files, declared(ROOT, "test") | declared(plugin, "test")) == []
