"""What the import check finds, and what it lets pass."""

from pathlib import Path

import pytest

from orderyard.core.testing.public_names import private_imports


def found(tmp_path: Path, source: str) -> list[str]:
    package = tmp_path / "orderyard_x"
    package.mkdir()
    (package / "module.py").write_text(source, "utf-8")
    return private_imports(package)


@pytest.mark.parametrize(
    "source",
    [
        "from orderyard.hookspecs import hookimpl",
        "from orderyard import hookspecs",
        "from orderyard.core.carriers.api import Carrier",
        "from orderyard.core.carriers import api",
        "import orderyard.core.kernel.errors",
        "from orderyard.core.kernel import values, transport",
        "from orderyard.core.testing.scripted import answer",
        "from . import plugin\nfrom .simulator.server import X",
        "import orderyard_other\nimport json",
    ],
)
def test_public_names_pass(tmp_path: Path, source: str) -> None:
    assert found(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import orderyard", "orderyard"),
        ("import orderyard.core.kernel.db as db", "orderyard.core.kernel.db"),
        ("from orderyard.core.kernel.clock import SystemEnvironment", "orderyard.core.kernel.clock.SystemEnvironment"),
        ("from orderyard.core.orders import api, service", "orderyard.core.orders.service"),
        ("from orderyard.core import orders", "orderyard.core.orders"),
        ("from orderyard import app", "orderyard.app"),
        ("def late():\n    from orderyard.core.orders import service", "orderyard.core.orders.service"),
        ("import importlib\nimportlib.import_module('orderyard.core.cli')", "orderyard.core.cli"),
        ("__import__('orderyard.core.cli')", "orderyard.core.cli"),
    ],
)
def test_private_names_are_named_with_their_line(tmp_path: Path, source: str, module: str) -> None:
    line = source.count("\n") + 1
    assert found(tmp_path, source) == [f"orderyard_x/module.py:{line} {module}"]


def test_a_plugin_of_one_file_is_judged_alone(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("import orderyard", "utf-8")
    alone = tmp_path / "alone.py"
    alone.write_text("from orderyard.core import cli", "utf-8")
    assert private_imports(alone) == ["alone.py:1 orderyard.core.cli"]
