"""Wheels of the core and of every plugin, installed into a clean environment outside the checkout, are a working Orderyard.

Nothing is fetched: the clean environment sees the third-party packages of the running one through a folder of links that leaves
out everything of ours, so what is tested can only come from the wheels.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


class CleanEnvironment:
    """A virtual environment with our wheels in it, and a home and a working directory that are empty."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "env" / "bin"
        self.site_packages = home / "env" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def run(self, *command: str | Path, within: float = 60) -> subprocess.CompletedProcess[str]:
        where = {"HOME": str(self.home), "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONWARNINGS": "error"}
        done = subprocess.run(command, cwd=self.home / "cwd", env=where, capture_output=True, text=True, timeout=within)
        assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def python(self, code: str) -> str:
        return self.run(self.bin / "python", "-c", code).stdout.strip()


def build(project: Path, kind: str, into: Path) -> Path:
    """Build with the backend itself, in this environment, as `pip wheel --no-build-isolation` would."""
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, f"{project.name} does not build\n{done.stderr[-4000:]}"
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name of the project's folder; the core is `core`."""
    into = tmp_path_factory.mktemp("wheels")
    projects = {"core": ROOT, **{name: ROOT / "plugins" / name for name in PLUGINS}}
    return {name: build(project, "wheel", into / name) for name, project in projects.items()}


@pytest.fixture(scope="module")
def clean(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    environment = CleanEnvironment(tmp_path_factory.mktemp("clean"))
    (environment.home / "cwd").mkdir()
    venv.create(environment.home / "env", symlinks=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(environment.bin / "python"), "install"]
    paths = [str(path) for path in wheels.values()]
    subprocess.run([*pip, "--quiet", "--no-index", "--no-deps", *paths], check=True, env={**os.environ, "PYTHONWARNINGS": ""})

    others = environment.home / "third-party"
    others.mkdir()
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(folder).iterdir():
            if not path.name.lower().lstrip("_").startswith("orderyard") and path.suffix != ".pth":
                (others / path.name).symlink_to(path)
    (environment.site_packages / "third-party.pth").write_text(f"{others}\n")
    return environment


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def files_under(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder.parent).as_posix() for path in found}


def test_the_core_wheel_holds_every_file_and_nothing_else(wheels: dict[str, Path]) -> None:
    own = {"orderyard/__init__.py", "orderyard/py.typed", "orderyard/app.py", "orderyard/hookspecs.py"}
    assert names_in(wheels["core"]) == own | {f"orderyard/{name}" for name in files_under(ROOT / "core")}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_wheel_holds_every_file_and_nothing_else(wheels: dict[str, Path], plugin: str) -> None:
    assert names_in(wheels[plugin]) == files_under(ROOT / "plugins" / plugin / f"orderyard_{plugin}")


def test_the_source_archive_builds_the_same_wheel(wheels: dict[str, Path], tmp_path: Path) -> None:
    archive = build(ROOT, "sdist", tmp_path / "sdist")
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    assert names_in(build(unpacked, "wheel", tmp_path / "wheel")) == names_in(wheels["core"])


def test_the_licence_travels_with_the_core(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels["core"]) as opened:
        (licence,) = (name for name in opened.namelist() if name.endswith("/licenses/LICENSE"))
        assert b"Apache License" in opened.read(licence)


def test_no_bare_name_of_ours_reaches_site_packages(clean: CleanEnvironment) -> None:
    names = {path.name for path in clean.site_packages.iterdir() if not path.name.endswith((".dist-info", ".pth"))}
    assert names == {"orderyard", *(f"orderyard_{plugin}" for plugin in PLUGINS)}


def test_what_is_imported_comes_from_the_wheels(clean: CleanEnvironment) -> None:
    for module in ["orderyard.core.kernel.values", "orderyard.app", *(f"orderyard_{plugin}" for plugin in PLUGINS)]:
        place = Path(clean.python(f"import {module} as found; print(found.__file__)"))
        assert place.is_relative_to(clean.site_packages)


@pytest.mark.parametrize("package", ["orderyard", *(f"orderyard_{plugin}" for plugin in PLUGINS)])
def test_every_module_can_be_imported(clean: CleanEnvironment, package: str) -> None:
    code = f"""
import importlib, pkgutil, {package} as top
def give_up(name): raise
for found in pkgutil.walk_packages(top.__path__, "{package}.", give_up):
    importlib.import_module(found.name)
"""
    clean.python(code)


def test_every_plugin_announces_itself(clean: CleanEnvironment) -> None:
    code = """
import json
from importlib.metadata import entry_points
print(json.dumps({found.name: found.load().manifest.slug for found in entry_points(group="orderyard.plugins")}))
"""
    assert json.loads(clean.python(code)) == {plugin: plugin for plugin in PLUGINS}


def test_the_fixtures_for_plugin_authors_are_announced(clean: CleanEnvironment) -> None:
    code = """
from importlib.metadata import entry_points
[found] = entry_points(group="pytest11", name="orderyard")
print(found.load().__name__)
"""
    assert clean.python(code) == "orderyard.core.testing.pytest_plugin"


def test_versions_are_those_of_the_sources(clean: CleanEnvironment) -> None:
    assert (
        clean.python("import importlib.metadata as m, orderyard as o; print(m.version('orderyard') == o.__version__)") == "True"
    )
    for plugin in PLUGINS:
        described = tomllib.loads((ROOT / "plugins" / plugin / "pyproject.toml").read_text())["project"]
        code = f"import importlib.metadata as m; print(m.version({described['name']!r}))"
        assert clean.python(code) == described["version"]


def test_the_command_explains_itself(clean: CleanEnvironment) -> None:
    assert "demo" in clean.run(clean.bin / "orderyard", "--help").stdout


def test_the_whole_road_runs_from_wheels(clean: CleanEnvironment) -> None:
    said = clean.run(clean.bin / "orderyard", "demo", "--once", "--json", within=170).stdout
    assert json.loads(said.splitlines()[-1])["verified"] is True
