"""What stands where, and what it is called."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
PACKAGES = [ROOT / "core", *(plugin / f"orderyard_{plugin.name}" for plugin in PLUGINS)]
SOURCES = [ROOT / "app.py", ROOT / "hookspecs.py", *sorted(path for package in PACKAGES for path in package.rglob("*.py"))]

SHAPELESS_MODULE = re.compile(r"(util|utils|helper|helpers|manager|managers|common|misc|stuff)")
SHAPELESS_CLASS = re.compile(r"\w*(Manager|Helper|Helpers|Util|Utils)|Base[A-Z]\w*")


def test_only_the_two_root_modules_stand_at_the_root() -> None:
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["app.py", "hookspecs.py"]


@pytest.mark.parametrize("name", ["core", "app.py", "hookspecs.py"])
def test_editable_installs_reach_the_root_through_links(name: str) -> None:
    link = ROOT / "src" / "orderyard" / name
    assert link.is_symlink()
    assert link.readlink() == Path("../..") / name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_package_files_stay_empty(package: Path) -> None:
    assert [str(path.relative_to(ROOT)) for path in sorted(package.rglob("__init__.py")) if path.read_text().strip()] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_folder_with_modules_is_a_package(package: Path) -> None:
    folders = {path.parent for path in package.rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_names_say_what_a_thing_is() -> None:
    shapeless = [str(path.relative_to(ROOT)) for path in SOURCES if SHAPELESS_MODULE.fullmatch(path.stem)]
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef) and SHAPELESS_CLASS.fullmatch(node.name):
                shapeless.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert shapeless == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_is_called_the_same_everywhere(plugin: Path) -> None:
    described = tomllib.loads((plugin / "pyproject.toml").read_text())
    project = described["project"]
    assert project["name"] == f"orderyard-{plugin.name.replace('_', '-')}"
    assert project["entry-points"]["orderyard.plugins"] == {plugin.name: f"orderyard_{plugin.name}.plugin"}
    assert described["build-system"]["build-backend"] == "hatchling.build"
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_brings_what_a_stranger_expects(plugin: Path) -> None:
    expected = ["README.md", "CHANGES.md", f"orderyard_{plugin.name}/py.typed", f"orderyard_{plugin.name}/plugin.py"]
    assert [name for name in expected if not (plugin / name).is_file()] == []
    assert list(plugin.glob("tests/**/test_*.py")), "it has no tests"


def test_test_files_have_names_of_their_own() -> None:
    """Two files of one name are hard to tell apart in a report."""
    seen: dict[str, Path] = {}
    twice = []
    for path in sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]):
        if path.name in seen:
            twice.append(f"{seen[path.name].relative_to(ROOT)} and {path.relative_to(ROOT)}")
        seen[path.name] = path
    assert twice == []
