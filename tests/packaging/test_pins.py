"""The pins are complete, agree with each other, and say nothing about where packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; .+?)?(?: \\)?")


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return {found["name"]: found["version"] for line in lines if (found := PIN.fullmatch(line))}


def wanted(project: Path, *, to_run_only: bool = False) -> list[Requirement]:
    described = tomllib.loads(project.read_text())
    texts = list(described["project"].get("dependencies", []))
    if not to_run_only:
        texts += described["build-system"]["requires"]
        texts += [text for extra in described["project"].get("optional-dependencies", {}).values() for text in extra]
    found = [Requirement(text) for text in texts]
    return [requirement for requirement in found if not canonicalize_name(requirement.name).startswith("orderyard")]


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.lock"])
def test_pins_name_no_place(name: str) -> None:
    """Which index to ask is the business of whoever installs; ours may be one that nobody else can reach."""
    places = [
        line
        for line in (ROOT / name).read_text().splitlines()
        if "://" in line or "@" in line or line.startswith(("-", "/", ".")) or "file:" in line
    ]
    assert places == []


def test_constraints_hold_nothing_but_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#") and not PIN.fullmatch(line)] == []


def test_the_lock_has_hashes_for_every_pin_and_agrees_with_the_constraints() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", lock) if not entry.startswith("#")]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert pins("requirements.lock").items() <= pins("constraints.txt").items()


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_everything_we_ask_for_is_pinned(project: Path) -> None:
    constraints = pins("constraints.txt")
    missing = [
        f"{requirement} (pinned: {constraints.get(canonicalize_name(requirement.name), 'not at all')})"
        for requirement in wanted(project)
        if not requirement.specifier.contains(constraints.get(canonicalize_name(requirement.name), "0"))
    ]
    assert missing == [], "run `make lock`"


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_everything_needed_to_run_is_in_the_lock(project: Path) -> None:
    lock = pins("requirements.lock")
    needed = [canonicalize_name(requirement.name) for requirement in wanted(project, to_run_only=True)]
    assert [name for name in needed if name not in lock] == [], "run `make lock`"
