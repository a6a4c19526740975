"""Databases for scenarios on a PostgreSQL server that somebody runs: made beside the one named, and dropped afterwards."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import psycopg

from ...kernel.clock import SystemEnvironment
from ...kernel.errors import OrderyardError
from ..databases import Prepare


class ServerDatabases:
    """Fresh databases on the server of an address; the database it names is connected to and not touched."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._mark = SystemEnvironment().token()[:8]
        self._made = 0
        self._templates: dict[Prepare, str] = {}
        try:
            self._admin = psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError as error:
            raise OrderyardError(
                f"cannot connect to {url}: {error}", remedy="check the address and the right to connect"
            ) from error

    def create(self, prepare: Prepare | None = None) -> str:
        template = "template0"
        if prepare is not None:
            if prepare not in self._templates:
                prepared = self._copy("template0")
                prepare(self._address(prepared))
                self._templates[prepare] = prepared
            template = self._templates[prepare]
        return self._address(self._copy(template))

    def drop(self, url: str) -> None:
        self._drop(urlsplit(url).path.removeprefix("/"))

    def close(self) -> None:
        """Drop the templates too, and leave the server as it was."""
        for name in self._templates.values():
            self._drop(name)
        self._admin.close()

    def _drop(self, name: str) -> None:
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def _copy(self, template: str) -> str:
        self._made += 1
        name = f"orderyard_scenario_{self._mark}_{self._made}"
        try:
            self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            raise OrderyardError(
                f"this user may not make databases: {error}", remedy="each scenario needs one: grant CREATEDB"
            ) from error
        return name

    def _address(self, name: str) -> str:
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(path=f"/{name}"))
