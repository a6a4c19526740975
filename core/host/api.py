"""What a plugin says about itself, and what it is given when it is called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ..customers.api import CustomerCard
from ..hosted.api import Desk, DeskFacts
from ..inventory.api import SalesFigure, StockFigure
from ..kernel.errors import DomainError
from ..kernel.transport import Transport
from ..kernel.values import SettingField
from ..orders.api import OrderCard

API_VERSION = "1.0"
"""Major and minor version of the contract; a plugin with another major version is refused by name."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The module-level `manifest` of every plugin's package, the target of its entry point.

    `slug` equals the entry-point name; tables, commands, routes and settings of the plugin carry it.
    """

    slug: str
    title: str
    api: str = API_VERSION
    requires: tuple[str, ...] = ()
    """Slugs of plugins that must be running too."""
    settings: tuple[SettingField, ...] = ()
    migrations: Path | None = None
    """Folder of numbered migrations for tables named `<slug>_…`."""


class Reader(Protocol):
    """Reads from the core that a plugin may make at any time, outside a transaction too."""

    def customer(self, customer_id: int) -> CustomerCard:
        """The customer as it is now; DomainError when there is none."""

    def order(self, order_id: int) -> OrderCard:
        """The order as it is now; DomainError when there is none."""

    def today(self) -> date:
        """The merchant's local day."""

    def stock(self) -> Sequence[StockFigure]:
        """What is there and what is on its way, of every SKU in every warehouse where there is any; by SKU and warehouse."""

    def sales(self, since: date, until: date) -> Sequence[SalesFigure]:
        """What left for customers from the first day up to and including the last, the merchant's local days."""


class Memory(Protocol):
    """A plugin's own small store: text under a key, kept in the core's database, seen by this plugin only."""

    def get(self, key: str) -> str | None: ...

    def put(self, values: Mapping[str, str]) -> None:
        """Write all of these in one transaction, each replacing what stood under its key."""


class TableReader(Protocol):
    """Reads from a plugin's own tables: SELECT over tables named `<slug>_…`, `?` for every value."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None: ...


class TableWriter(TableReader, Protocol):
    """The same inside one transaction, and writes to it."""

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, conflict: str = "", returning: str = ""
    ) -> list[tuple[Any, ...]]:
        """New rows; `conflict` is what stands behind ON CONFLICT (`(code) DO NOTHING`), `returning` the columns wanted back."""

    def change(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """How many rows an UPDATE or DELETE touched."""


class Tables(TableReader, Protocol):
    """A plugin's own tables, which its `Manifest.migrations` made; any other is refused by name.

    A statement is one SELECT, UPDATE or DELETE without quotes; tables are joined with JOIN. Texts and whole numbers mean the
    same on both engines, so keep moments as whole seconds.
    """

    def write(self) -> AbstractContextManager[TableWriter]:
        """One transaction; an error leaves nothing of it. Never stay inside it over a call of `Desk` or of the network."""


class NoTables:
    """For a plugin that was given none."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        raise DomainError("this plugin has no tables", remedy="give its manifest a folder of migrations")

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        raise DomainError("this plugin has no tables", remedy="give its manifest a folder of migrations")

    def write(self) -> AbstractContextManager[TableWriter]:
        raise DomainError("this plugin has no tables", remedy="give its manifest a folder of migrations")


@dataclass(frozen=True, slots=True)
class PluginContext:
    """Everything a plugin gets from its host when one of its `on_` or `show_` hooks is called."""

    slug: str
    settings: Mapping[str, str]
    transport: Transport
    read: Reader
    memory: Memory
    now: datetime
    tables: Tables = field(default_factory=NoTables)


class House(Protocol):
    """What a plugin that serves pages may ask of the system it runs in; one of its own, for as long as the process runs."""

    def context(self) -> PluginContext:
        """As for any other call, with the time of now; DomainError while required settings are missing."""

    def token(self) -> str:
        """Something nobody can guess, new each time."""

    def sign(self, text: str) -> str:
        """A seal on a text that only this installation can make, the same each time; for links and forms."""

    def connections(self) -> Sequence[DeskFacts]:
        """The connections of this plugin's channels, by code."""

    def desk(self, connection: str) -> Desk:
        """The desk of one of them; DomainError for a connection of anybody else's."""


@dataclass(frozen=True, slots=True)
class Failed:
    """One event of a batch that an `on_` hook could not deliver; the others count as done."""

    index: int
    """Position in the sequence the hook was given."""
    error: Exception
    """A RemoteError decides what happens next; anything else parks this delivery."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A small box on a page: a title, and rows of label and value, a value optionally being a link."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    """(label, text, address or empty)."""


class Command(ABC):
    """Something to be called by name: `orderyard x <slug> <name>`. Made anew for each call."""

    name: ClassVar[str]
    """One word; it stands under the plugin's slug, so it need not carry that."""
    help: ClassVar[str]
    """What it does, in one line."""

    @abstractmethod
    def run(self, context: PluginContext, arguments: Sequence[str]) -> Iterable[str]:
        """The lines to print. Whatever it refuses is a DomainError, which people see with its remedy."""
