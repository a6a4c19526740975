"""The documents show what is really there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orderyard import hookspecs
from orderyard.core.host.loading import HOOKS

ROOT = Path(__file__).parents[2]
BELL = ROOT / "tests" / "plugins" / "bell"


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("name", "language"), [("orderyard_bell.py", "python"), ("test_orderyard_bell.py", "python"), ("pyproject.toml", "toml")]
)
def test_the_tutorial_shows_the_plugin_that_the_tests_use(name: str, language: str) -> None:
    assert (BELL / name).read_text(encoding="utf-8") in blocks("plugins.md", language)


def test_the_tutorial_s_plugin_is_short() -> None:
    lines = (BELL / "orderyard_bell.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def test_the_tutorial_s_plugin_uses_every_verb_that_a_first_plugin_needs() -> None:
    text = (BELL / "orderyard_bell.py").read_text(encoding="utf-8")
    verbs = {hook for verb in ("register_", "object_to_", "on_", "show_") for hook in HOOKS if hook.startswith(verb)}
    used = {hook for hook in verbs if f"def {hook}(" in text}
    assert {hook.split("_")[0] for hook in used} == {hook.split("_")[0] for hook in HOOKS} - {"amend"}


def test_the_tutorial_s_project_builds(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "orderyard_bell.py"):
        (tmp_path / name).write_bytes((BELL / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "out"], cwd=tmp_path, check=True, capture_output=True
    )
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert content.read(entry_points).decode().split() == ["[orderyard.plugins]", "bell", "=", "orderyard_bell"]
    assert "orderyard_bell.py" in names


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_stands_under_its_verb_with_its_signature(hook: str) -> None:
    text = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    verb = next(verb for verb in ("register_", "amend_", "object_to_", "on_", "show_") if hook.startswith(verb))
    chapter = text.partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    section = chapter.partition(f"\n### `{hook}`\n")[2].partition("\n### ")[0]
    source = inspect.getsource(getattr(hookspecs, hook))
    signature = source[source.index("def ") : source.index(':\n    """')]
    assert signature in section
    assert "*Example:*" in section


def test_no_hook_is_documented_that_is_not_there() -> None:
    text = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### `(\w+)`$", text, re.MULTILINE)) == list(HOOKS)
