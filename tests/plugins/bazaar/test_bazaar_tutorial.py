"""The tutorial shows pieces of this plugin as they are, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderyard.core.cli import main

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
CODE = "\n".join(file.read_text(encoding="utf-8") for file in sorted((HERE / "orderyard_channel_bazaar").glob("*.py")))
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^orderyard (\S+)", PAGE, re.MULTILINE)


def test_it_shows_code() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize("block", BLOCKS)
def test_every_piece_of_code_is_the_plugins_own(block: str) -> None:
    assert block.rstrip("\n") in CODE


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_command_exists(command: str) -> None:
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
