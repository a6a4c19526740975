"""A new plugin's kit runs at once, and says what is still to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderyard.core.cli import main
from orderyard.core.testing.newplugin.writing import KINDS, write_plugin


def kit(folder: Path) -> str:
    """What pytest says in a plugin's folder, run as its author would; green, or the test fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rx", "-p", "no:cacheprovider", str(folder)],
        cwd=folder, capture_output=True, text=True, check=False, env=clean, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_its_kit_runs_at_once_and_lists_what_is_to_do(kind: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["new-plugin", kind, "jd", "--into", str(tmp_path)])
    assert result.exit_code == 0, result.output
    folder = tmp_path / f"{kind}_jd"
    assert f"wrote {folder / f'orderyard_{kind}_jd' / 'adapter.py'}" in result.output
    said = kit(folder)
    assert "still to do: adapter." in said or "still to do: simulator." in said
    assert " xfailed" in said
    assert " failed" not in said.replace(" xfailed", "")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_passes_the_linter_and_the_types(kind: str, tmp_path: Path) -> None:
    folder = write_plugin(kind, "jd", tmp_path)[0].parent
    for command in (
        ["ruff", "check", "--isolated", "--line-length=128", "--select=E,F,W,B,UP", str(folder)],
        ["ruff", "format", "--isolated", "--line-length=128", "--check", str(folder)],
        ["mypy", "--strict", "--no-error-summary", "-p", f"orderyard_{kind}_jd"],
    ):
        pytest.importorskip(command[0], reason=f"{command[0]} is not installed")
        run = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_a_name_that_no_package_can_have_is_refused(tmp_path: Path) -> None:
    for name in ("JD", "京东", "j", "1688", "a-b", "../x"):
        result = CliRunner().invoke(main, ["new-plugin", "channel", name, "--into", str(tmp_path)])
        assert result.exit_code != 0, name
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    write_plugin("channel", "jd", tmp_path)
    result = CliRunner().invoke(main, ["new-plugin", "channel", "jd", "--into", str(tmp_path)])
    assert result.exit_code != 0
    assert "is there already" in result.output + str(result.exception)
