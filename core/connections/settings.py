"""A connection's settings as people see and change them."""

from __future__ import annotations

from collections.abc import Mapping

from ..host.sealing import Seal, place
from ..host.settings import ShownSetting, merged, opened, sealed, shown
from ..kernel.db import Database
from ..kernel.uow import UnitOfWork
from ..kernel.values import SettingField
from .service import connection


def shown_settings(db: Database, seal: Seal, code: str, fields: tuple[SettingField, ...]) -> list[ShownSetting]:
    """The form of a connection for a page, without any secret; `fields` are its adapter's."""
    return shown(fields, opened(seal, _where(code), connection(db, code).sealed))


def change_settings(uow: UnitOfWork, seal: Seal, code: str, fields: tuple[SettingField, ...], given: Mapping[str, str]) -> None:
    """Store what a person entered; a secret left empty keeps its old value. It stays paused until it is resumed.

    Raises DomainError for a name the adapter does not have, and SettingsMissing while a required one is empty.
    """
    facts = connection(uow.db, code)
    values = merged(code, fields, opened(seal, _where(code), facts.sealed), given)
    uow.db.change("UPDATE connection SET settings = ? WHERE id = ?", (sealed(seal, _where(code), values), facts.id))
    uow.note("settings changed", "connection", facts.id)


def _where(code: str) -> str:
    return place("connection", code, "settings")
