"""The demo's road, once, on either engine: every figure agrees with what the simulators say they were told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderyard.core.cli import main

NUMBERS = {"passed", "allocated", "waiting", "shipped", "written_back", "vouchers", "contacts", "seconds"}
OBJECTS = {"received", "held", "published"}


def test_the_road_is_walked_once_and_everybody_agrees(database_url: str, tmp_path: Path) -> None:
    words = ["demo", "--once", "--json", "--home", str(tmp_path), "--database", database_url]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[-1])
    assert set(figures) == NUMBERS | OBJECTS | {"verified"}
    assert {name for name, value in figures.items() if isinstance(value, dict)} == OBJECTS
    assert {name for name, value in figures.items() if type(value) in (int, float)} == NUMBERS
    assert figures["verified"] is True
    assert sum(figures["received"].values()) >= 40
    assert len(figures["received"]) == len(figures["published"]) == 2
    assert {"out_of_stock", "review_rule", "sku_unmapped"} <= set(figures["held"])
    assert all(figures[name] > 0 for name in NUMBERS)
    # Two orders of each shop share a parcel, so more is told than was shipped.
    assert figures["written_back"] > figures["shipped"]
    assert list((tmp_path / "ledger").glob("*.beancount"))


@pytest.mark.parametrize("words", [["--port", "many"], ["--nowhere"]])
def test_a_wrong_word_is_answered_with_usage(words: list[str]) -> None:
    assert CliRunner().invoke(main, ["demo", *words]).exit_code == 2
