"""Where everything meets: configuration, rooms, plugins and pages become one running system."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, request

from .core.carriers.engine import BOOK, VOID, CarrierEngine, relabel, void_waybills, want_waybills
from .core.catalog.queries import items
from .core.catalog.service import ListingMapped
from .core.channels.engine import ChannelEngine
from .core.channels.service import FETCH
from .core.channels.writeback import TELL, WriteBack
from .core.connections.service import connection, pause, paused
from .core.customers import checks as customer_checks
from .core.customers import queries as customers
from .core.customers.api import CustomerCard, CustomersMerged
from .core.fulfillment import checks as fulfillment_checks
from .core.fulfillment import putback, replanning
from .core.fulfillment import service as fulfillment
from .core.fulfillment.api import FoReleased, FoVoided, RelabelWanted, ShipmentDispatched
from .core.fulfillment.release import release_ready
from .core.fulfillment.shortage import holders, lose
from .core.host import plugins as host
from .core.host.migrating import migrate_plugins
from .core.host.sealing import Seal, write_key_file
from .core.host.service import PluginContexts, keep_faults
from .core.inventory import checks as inventory_checks
from .core.inventory.api import GoodsMoved, ReservationsLost, StockChanged, StockFreed
from .core.kernel.checks import Finding, findings
from .core.kernel.clock import Environment, SystemEnvironment
from .core.kernel.db import Database
from .core.kernel.errors import CredentialsRefused, DomainError, RemoteNotUnderstood, RemoteRejected
from .core.kernel.transport import Delivery, HttpTransport, Transport
from .core.kernel.uow import Installation, Merchant, UnitOfWork, Wiring
from .core.ledger import checks as ledger_checks
from .core.ledger import service as ledger
from .core.ledger.api import LedgerExporter
from .core.migrations.registry import DIRECTORY, HISTORY
from .core.orders import checks as order_checks
from .core.orders import queries as orders
from .core.orders.api import (
    CARRIED,
    AddressChanged,
    Gift,
    HoldCode,
    HoldsLifted,
    MoneyReceived,
    MoneyReturned,
    NoGift,
    OrderCard,
    OrderChanged,
    OrderSettled,
    ReviewPassed,
    ReviewWithdrawn,
    SettledOrder,
    Sold,
    UnitsAdded,
    UnitsCancelled,
    UnitsShippedElsewhere,
)
from .core.orders.files import upload
from .core.orders.gifts import Gifts
from .core.orders.intake import map_lines
from .core.orders.ownership import take_over
from .core.orders.service import lift
from .core.outbox.dispatch import event_handler
from .core.outbox.rounds import Round, Rounds
from .core.outbox.service import EVENT, write
from .core.outbox.worker import Handler, Worker
from .core.review.rules import BUILT_IN
from .core.review.service import Reviewer, RulesChanged
from .core.web.access import open_to_all
from .core.web.console import mount
from .core.web.services import ConsoleServices

LARGEST_PUSH = 5 * 1024 * 1024
FILE_TURNS = 5
"""Transactions of an uploaded file between two looks at everything else."""


@dataclass(frozen=True)
class Config:
    """What an installation is made from. `home` keeps its key file; `plugins` are started in this order."""

    home: Path
    database: str = ""
    """Empty means an SQLite file in `home`."""
    plugins: tuple[str, ...] = ()
    merchant: Merchant = field(default_factory=Merchant)
    extra: Mapping[str, object] = field(default_factory=dict)
    """Plugin modules that are there already, by slug, and need no installation."""

    @property
    def url(self) -> str:
        return self.database or f"sqlite:///{(self.home / 'orderyard.db').absolute()}"


class Reads:
    """What plugins may read at any time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def customer(self, customer_id: int) -> CustomerCard:
        with self._db.connection():
            return customers.customer(self._db, customer_id)

    def order(self, order_id: int) -> OrderCard:
        with self._db.connection():
            return orders.card(self._db, order_id)


class System:
    """One merchant's running system: the rooms, wired together, with the plugins in it."""

    def __init__(self, config: Config, *, environment: Environment | None = None, transport: Transport | None = None) -> None:
        self.config = config
        env = environment or SystemEnvironment()
        config.home.mkdir(parents=True, exist_ok=True)
        key = config.home / "orderyard.key"
        if not key.exists():
            write_key_file(key)
        self.seal = Seal.from_file(key)
        db = Database(config.url)
        db.migrate(DIRECTORY, HISTORY)
        self.plugins = host.load(
            config.plugins, extra=config.extra, reserved={"review_rules": {rule.name for rule in BUILT_IN}}
        )
        migrate_plugins(db, self.plugins)
        wiring = Wiring()
        self.installation = Installation(config.merchant, db, env, wiring)
        self.transport = transport or HttpTransport(env)
        self.contexts = PluginContexts(self.installation, self.plugins, self.seal, self.transport, Reads(db))
        self.channels = ChannelEngine(self.installation, self.plugins, self.seal, self.transport)
        self.carriers = CarrierEngine(self.installation, self.plugins, self.seal, self.transport)
        with db.connection():
            self.reviewer = Reviewer.from_settings(db, self.plugins.review_rules)
            keep_faults(self.installation, self.plugins)
        self._changed: set[int] = set()
        self._lock = threading.Lock()
        self._wire(wiring)
        self.worker = Worker(
            self.installation,
            {
                EVENT: event_handler(self.installation, self.plugins, self.contexts),
                FETCH: Handler.each(self.channels.fetch, self.channels.owners),
                TELL: Handler.each(self.channels.tell, self.channels.owners),
                BOOK: Handler.each(self.carriers.book, self.carriers.owners),
                VOID: Handler.each(self.carriers.void, self.carriers.owners),
            },
            paused=lambda: paused(db),
            on_credentials_refused=self._refused,
        )
        self.rounds = Rounds(
            self.installation,
            (
                Round("release", 2, self.release),
                Round("pull", 30, self.pull),
                Round("items", 600, self.channels.meet_all),
                Round("publish", 60, self.publish),
                Round("publish_changed", 1, self.publish_changed),
                Round("track", 60, self.carriers.track_all),
                Round("files", 1, self.go_on_with_files),
            ),
        )

    def _wire(self, wiring: Wiring) -> None:
        """Who hears what inside a unit of work, in this order. Money is posted before anything is told outside."""
        gifts = Gifts(self._givers)
        wiring.hear(OrderSettled, gifts.hear_settled)
        wiring.hear(OrderSettled, self.reviewer.hear)
        wiring.hear(ReviewPassed, fulfillment.route)
        wiring.hear(ReviewPassed, gifts.hear_planned)
        wiring.hear(UnitsCancelled, fulfillment.let_go)
        wiring.hear(UnitsShippedElsewhere, fulfillment.let_go)
        wiring.hear(ReviewWithdrawn, replanning.hear_withdrawn)
        wiring.hear(UnitsAdded, replanning.hear_added)
        wiring.hear(UnitsAdded, gifts.hear_planned)
        wiring.hear(AddressChanged, replanning.readdress)
        wiring.hear(AddressChanged, self.reviewer.hear_address)
        wiring.hear(OrderChanged, self.reviewer.hear_changed)
        wiring.hear(RulesChanged, self.reviewer.hear_rules)
        wiring.hear(ListingMapped, self._mapped)
        wiring.hear(HoldsLifted, self.reviewer.hear_lifted)
        wiring.hear(CustomersMerged, take_over)
        wiring.hear(CustomersMerged, gifts.hear_merged)
        wiring.hear(ReservationsLost, lose)
        wiring.hear(ReservationsLost, gifts.hear_lost)
        wiring.hear(StockFreed, fulfillment.offer)
        wiring.hear((MoneyReceived, MoneyReturned, Sold, GoodsMoved), ledger.hear)
        wiring.hear(UnitsCancelled, gifts.hear_cancelled)
        wiring.hear(MoneyReturned, gifts.hear_refunded)
        wiring.hear(FoVoided, void_waybills)
        wiring.hear(FoReleased, want_waybills)
        wiring.hear(RelabelWanted, relabel)
        ability = {name: kind.ability.tracking_per for name, kind in self.plugins.channels.items()}
        wiring.hear(ShipmentDispatched, WriteBack(ability, self.carriers.titles()).hear)
        wiring.foreseen = (ledger.CLOSED,)
        wiring.about[fulfillment.HOLDER] = holders
        wiring.about[putback.HOLDER] = putback.holders
        wiring.about[CARRIED] = replanning.carrying
        wiring.last = write(self.plugins)
        wiring.ask = self.plugins.ask
        wiring.committed = self._committed

    def _mapped(self, uow: UnitOfWork, events: list[ListingMapped]) -> None:
        """Orders whose last unknown item is known now go on to review."""
        for event in events:
            item = items(uow.db, [event.sku_id])[event.sku_id]
            for order_id in map_lines(uow, event.shop_id, (event.item_id, event.variant_id), item):
                lift(uow, order_id, HoldCode.SKU_UNMAPPED)
                uow.emit(UnitsAdded((order_id,)))

    def _givers(self) -> dict[str, Callable[[SettledOrder], Sequence[Gift | NoGift]]]:
        """The plugins that give something to settled orders, each with its settings as they are now."""

        def asking(slug: str, settings: Mapping[str, str]) -> Callable[[SettledOrder], Sequence[Gift | NoGift]]:
            return lambda order: self.plugins.amend(
                "amend_settled", slug, (Gift, NoGift), order=order, settings=settings
            )

        return {slug: asking(slug, self.contexts.of(slug).settings) for slug in self.plugins.asked("amend_settled")}

    def _committed(self, events: list[object]) -> None:
        changed = {sku_id for event in events if isinstance(event, StockChanged) for sku_id in event.sku_ids}
        with self._lock:
            self._changed |= changed
        self.worker.wake()

    def _refused(self, owner: str, error: CredentialsRefused) -> None:
        with self.installation.unit_of_work("worker") as uow:
            row = uow.db.row("SELECT id FROM connection WHERE code = ?", (owner,))
            if row is not None:
                pause(uow, row[0], str(error))

    # the rounds

    def pull(self) -> list[str]:
        """Pull every active channel; the documents that were parked, by name."""
        pulled = [self.channels.pull(facts) for facts in self.channels.active()]
        return [f"{result.connection}: {document}" for result in pulled for document in result.parked]

    def release(self) -> list[int]:
        with self.installation.unit_of_work("automatic") as uow:
            return release_ready(uow)

    def go_on_with_files(self) -> None:
        """Make orders of uploaded files that are not through, some at a time; the other rounds have their turn in between."""
        with self.installation.db.connection():
            waiting = upload.unfinished(self.installation.db)
        for file_id in waiting:
            if upload.run(self.installation, file_id, most=FILE_TURNS).waiting:
                self.rounds.ask("files")

    def publish(self) -> dict[str, int]:
        return self.channels.publish_all()

    def publish_changed(self) -> dict[str, int]:
        """Publish what the last transactions touched; whatever is missed here the next whole round finds."""
        with self._lock:
            changed, self._changed = self._changed, set()
        return self.channels.publish_all(changed) if changed else {}

    def serve(self, stop: threading.Event) -> None:
        """Work until told to stop: the task table on one thread, the rounds on this one."""
        worker = threading.Thread(target=self.worker.serve, args=(stop,), name="worker")
        worker.start()
        self.rounds.serve(stop)
        self.worker.wake()
        worker.join()

    def exporter(self, name: str) -> LedgerExporter:
        """A ledger format with its plugin's settings; DomainError names those there are."""
        kind = self.plugins.ledger_exporters.get(name)
        if kind is None:
            known = ", ".join(sorted(self.plugins.ledger_exporters)) or "none; enable a plugin that brings one"
            raise DomainError(f"there is no ledger format {name}", remedy=f"there are: {known}")
        return kind(self.contexts.of(self.plugins.owner_of("ledger_exporters", name)).settings)

    def verify(self) -> list[Finding]:
        """Every row that does not add up, over all rooms; none when the books are sound."""
        checks = (
            *customer_checks.CHECKS, *inventory_checks.CHECKS, *order_checks.CHECKS, *fulfillment_checks.CHECKS,
            *ledger_checks.CHECKS,
        )  # fmt: skip
        with self.installation.db.connection():
            return list(findings(self.installation.db, self.installation.merchant, checks))

    def close(self) -> None:
        self.installation.db.close()


def create_app(system: System, secret_key: Collection[int] | bytes | None = None) -> Flask:
    """The web application of a running system: console, pushes, health."""
    app = Flask("orderyard")
    app.config["SECRET_KEY"] = secret_key or (system.config.home / "orderyard.key").read_bytes()
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_PUSH
    mount(
        app,
        ConsoleServices(
            system.installation,
            system.plugins,
            system.contexts,
            system.seal,
        ),
    )

    @app.post("/hook/<adapter>/<code>")
    @open_to_all
    def hook(adapter: str, code: str) -> Response:
        """A platform's or carrier's push: verified, kept, answered; worked on later."""
        delivery = Delivery({name.lower(): value for name, value in request.headers.items()}, request.get_data())
        try:
            facts = connection(system.installation.db, code)
            if facts.adapter != adapter:
                raise DomainError(f"connection {code} is none of {adapter}")
            if facts.kind == "carrier":
                return Response(system.carriers.receive(code, delivery), mimetype="application/json")
            return Response(system.channels.receive(code, delivery), mimetype="text/plain")
        except RemoteRejected as error:
            return Response(str(error), 401, mimetype="text/plain")
        except RemoteNotUnderstood as error:
            return Response(str(error), 400, mimetype="text/plain")
        except DomainError as error:
            return Response(str(error), 404, mimetype="text/plain")

    @app.get("/health")
    @open_to_all
    def health() -> Response:
        """Whether the database answers."""
        system.installation.db.row("SELECT 1")
        return Response("ok\n", mimetype="text/plain")

    return app
