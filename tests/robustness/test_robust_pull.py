"""`orderyard pull` of a stranger's channel: it keeps what it could take in, and says by name what it could not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orderyard.core.cli import main
from orderyard.core.testing.builders import found
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.paper import Platform, body, document

STRANGER = """
from datetime import UTC, datetime
from orderyard.core.testing.paper import Platform, plugin

platform = Platform(datetime.now(UTC))
made = plugin()
made.Paper.__init__ = lambda self, settings, transport: super(made.Paper, self).__init__(settings, platform)
manifest, register_channels, Paper = made.manifest, made.register_channels, made.Paper
"""

Run = Callable[..., Result]


@pytest.fixture
def run(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line of a merchant who has installed the stranger's plugin and connected it."""
    (tmp_path / "orderyard_paper.py").write_text(STRANGER)
    info = tmp_path / "orderyard_paper-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orderyard-paper\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[orderyard.plugins]\npaper = orderyard_paper\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "orderyard_paper", raising=False)
    config = tmp_path / "orderyard.toml"
    config.write_text(f'database = "{databases.create(found)}"\nplugins = ["paper"]\n')

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(config), *words])

    connected = run("connect", "paper", "paper", "--shop", "cn")
    assert connected.exit_code == 0, connected.output
    return run


@pytest.fixture
def platform(run: Run) -> Platform:
    module = importlib.import_module("orderyard_paper")
    assert isinstance(module.platform, Platform)
    return module.platform


def test_what_is_good_is_kept_and_what_is_bad_is_named(run: Run, platform: Platform) -> None:
    platform.keep(document("T1", ("TEE", 1)))
    done = run("pull")
    assert (done.exit_code, done.output) == (0, "paper: 1 effective\n")
    platform.keep(document("T2"))
    platform.keep(document("T3", ("TEE", 1), currency="RMB"))
    platform.keep(document("T4", {"code": "TEE", "quantity": -1, "amount": 100}))
    platform.keep(document("T5", ("TEE", 1), crash=True))
    platform.keep(document("T6", ("TEE", 1)), b"\xff\xfe")
    platform.keep(document("T7", ("TEE", 1)), b"[" * 100_000)
    platform.keep(document("T8", ("TEE", 1)))
    bad = run("pull", "paper")
    assert bad.exit_code == 1
    assert "paper: 1 effective, 6 parked\n" in bad.output
    for name in ("T2", "T3", "T4", "T5", "T6", "T7"):
        assert f"paper: parked {name}; see the work list for the reason\n" in bad.output
    again = run("pull")
    assert (again.exit_code, again.output) == (0, "paper: nothing new\n")
    proof = run("verify")
    assert (proof.exit_code, proof.output) == (0, "every check passed\n")


def test_an_unreachable_platform_and_an_unknown_connection_are_said(run: Run, platform: Platform) -> None:
    platform.send = lambda request: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    failed = run("pull")
    assert failed.exit_code == 1
    assert "paper: ZeroDivisionError: division by zero\n" in failed.output
    unknown = run("pull", "nowhere")
    assert unknown.exit_code == 1
    assert "there is no connection 'nowhere'" in unknown.output


def test_a_body_that_is_no_document_at_all_keeps_its_bytes(run: Run, platform: Platform) -> None:
    platform.keep(document("T1", ("TEE", 1)), body(document("T1", ("TEE", 1)))[:40])
    assert run("pull").exit_code == 1
