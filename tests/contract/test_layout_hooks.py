"""No hook without one line that says what it is for, a page that says more, a plugin that uses it and a test."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from orderyard import hookspecs

ROOT = Path(__file__).parents[2]
HOOKS = sorted(name for name, value in vars(hookspecs).items() if hasattr(value, "orderyard_spec"))
VERBS = ("register_", "amend_", "number_", "object_to_", "choose_", "book_", "on_", "show_")


@cache
def texts(*patterns: str) -> list[str]:
    here = Path(__file__)
    return [path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path != here]


def names(hook: str, text: str) -> bool:
    return re.search(rf"\b{hook}\b", text) is not None


def test_there_are_hooks() -> None:
    assert "register_channels" in HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_starts_with_its_verb(hook: str) -> None:
    assert hook.startswith(VERBS), f"{hook} starts with none of {VERBS}, so nobody knows when it runs and what an error does"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_one_line_of_docstring(hook: str) -> None:
    said = (getattr(hookspecs, hook).__doc__ or "").strip()
    assert said.endswith("."), f"{hook} has no docstring"
    assert "\n" not in said, f"the docstring of {hook} has more than one line; docs/hooks.md is the place for the rest"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook: str) -> None:
    assert any(f"`{hook}" in text for text in texts("docs/hooks.md")), f"docs/hooks.md does not explain `{hook}`"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_used_by_a_real_plugin(hook: str) -> None:
    # The tutorial's plugin counts: it is the stranger's first, whole and running.
    found = texts("plugins/*/orderyard_*/**/*.py", "tests/plugins/**/*.py")
    used = any(re.search(rf"^def {hook}\(", text, re.MULTILINE) for text in found)
    assert used, f"no plugin implements {hook}; leave the hook out until one does"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_tested(hook: str) -> None:
    tested = any(names(hook, text) for text in texts("tests/**/*.py", "plugins/*/tests/**/*.py"))
    assert tested, f"no test names {hook}"
