"""Where the tests find their sample ledger and the vendor's own files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# pytest's importlib mode puts no test folder on the path, and these tests share one sample ledger.
sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def vendor() -> Path:
    """The folder of finance samples, which are not part of the project."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("ORDERYARD_VENDOR_DATA", root / "../shared/data")) / "finance"
    if not folder.is_dir():
        pytest.skip("vendor samples are not here: set ORDERYARD_VENDOR_DATA")
    return folder
