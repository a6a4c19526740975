"""Which modules a plugin may import, judged from its source without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_PUBLIC = re.compile(r"orderyard\.(hookspecs|core\.\w+\.api|core\.kernel\.(errors|values|transport)|core\.testing(\.\w+)*)")


def private_imports(package_dir: Path) -> list[str]:
    """Every import of a core module that is not public to plugins, as `file:line module`; empty when there is none.

    `package_dir` is the plugin's folder, or its one file when it has only one.

    Public are `orderyard.hookspecs`, every `orderyard.core.<room>.api`, `orderyard.core.kernel.errors`, `.values` and
    `.transport`, and everything under `orderyard.core.testing`. Imports inside functions, under TYPE_CHECKING and through
    `importlib.import_module` with a literal name count too.
    """
    found: list[str] = []
    for path in [package_dir] if package_dir.is_file() else sorted(package_dir.rglob("*.py")):
        tree = ast.parse(path.read_bytes(), filename=str(path))
        for line, module in sorted(_imports(tree)):
            if module.split(".")[0] == "orderyard" and not _PUBLIC.fullmatch(module):
                found.append(f"{path.relative_to(package_dir.parent)}:{line} {module}")
    return found


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if _PUBLIC.fullmatch(node.module):
                continue
            # `from orderyard.core.carriers import api` names a module too, so what is imported decides.
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value
