"""Where everything meets: configuration, rooms, plugins and pages become one running system."""

from __future__ import annotations

import hmac
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

from flask import Flask, Response, request
from marshmallow import Schema, ValidationError, fields, post_load, validate

from .core.aftersales import checks as after_sale_checks
from .core.aftersales.api import AfterSaleAnswered
from .core.carriers.engine import BOOK, VOID, CarrierEngine, relabel, void_waybills, want_waybills
from .core.catalog.queries import items
from .core.catalog.service import ListingMapped
from .core.channels.claims import ANSWER, hear_answered
from .core.channels.engine import ChannelEngine
from .core.channels.service import CANCEL, FETCH, MEMO
from .core.channels.writeback import TELL, WriteBack, platforms_of
from .core.connections.service import connection, pause, paused
from .core.customers import checks as customer_checks
from .core.customers import queries as customers
from .core.customers.api import CustomerCard, CustomersMerged
from .core.fulfillment import checks as fulfillment_checks
from .core.fulfillment import handing, putback, replanning
from .core.fulfillment import service as fulfillment
from .core.fulfillment.api import FoReleased, FoVoided, RelabelWanted, ShipmentDispatched
from .core.fulfillment.release import release_ready
from .core.fulfillment.shortage import holders, lose, offer_again
from .core.host import plugins as host
from .core.host.migrating import migrate_plugins
from .core.host.sealing import Seal, write_key_file
from .core.host.service import PluginContexts, keep_faults
from .core.inventory import alerts, figures, hints
from .core.inventory import checks as inventory_checks
from .core.inventory.api import GoodsMoved, ReservationsLost, SalesFigure, StockChanged, StockFigure, StockFreed
from .core.kernel.checks import Finding, findings
from .core.kernel.clock import Environment, SystemEnvironment
from .core.kernel.db import Database
from .core.kernel.errors import CredentialsRefused, DomainError, RemoteNotUnderstood, RemoteRejected
from .core.kernel.transport import Delivery, HttpTransport, Transport
from .core.kernel.uow import Installation, Merchant, UnitOfWork, Wiring
from .core.kernel.values import exponent
from .core.ledger import checks as ledger_checks
from .core.ledger import service as ledger
from .core.ledger.api import LedgerExporter
from .core.migrations.registry import DIRECTORY, HISTORY
from .core.orders import checks as order_checks
from .core.orders import promised
from .core.orders import queries as orders
from .core.orders.api import (
    CARRIED,
    AddressChanged,
    CodRemitted,
    DepositForfeited,
    DepositPaid,
    Gift,
    GivenAtCounter,
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
    SaleUndone,
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
from .core.orders.presale import close_all_windows
from .core.orders.service import lift
from .core.outbox.dispatch import event_handler
from .core.outbox.rounds import Round, Rounds
from .core.outbox.service import EVENT, write
from .core.outbox.worker import Handler, Worker
from .core.review.rules import BUILT_IN
from .core.review.service import Reviewer, RulesChanged
from .core.web import hosting
from .core.web.access import open_to_all
from .core.web.console import mount
from .core.web.services import ConsoleServices

KEY_FILE = "orderyard.key"
LARGEST_PUSH = 5 * 1024 * 1024
LOOK_BACK_DAYS = 3
"""So far back the round looks that finds what pulls and pushes both missed."""
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
    simulators: bool = False
    """Whether to ask plugins for the simulators of their vendors, as the demo does."""

    @property
    def url(self) -> str:
        return self.database or f"sqlite:///{(self.home / 'orderyard.db').absolute()}"


def _known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("no such time zone; write it like Asia/Shanghai")


def _known_currency(code: str) -> None:
    try:
        exponent(code)
    except DomainError as error:
        raise ValidationError(str(error)) from None


class _MerchantSchema(Schema):
    name = fields.String(validate=validate.Length(min=1))
    currency = fields.String(validate=_known_currency)
    timezone = fields.String(validate=_known_zone)

    @post_load
    def make(self, data: dict[str, str], **_: object) -> Merchant:
        return Merchant(**data)


class _ConfigSchema(Schema):
    """What may stand in `orderyard.toml`; anything else is refused by name."""

    database = fields.String(load_default="")
    plugins = fields.List(fields.String(), load_default=list)
    merchant = fields.Nested(_MerchantSchema, load_default=Merchant)


def read_config(path: Path) -> Config:
    """The installation a configuration file describes; DomainError names every mistake in it."""
    try:
        given = _ConfigSchema().load(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DomainError(f"there is no {path}", remedy="`orderyard init` makes one; `orderyard demo` needs none") from None
    except tomllib.TOMLDecodeError as error:
        raise DomainError(f"{path}: {error}", remedy="correct that line") from None
    except ValidationError as error:
        raise DomainError(f"{path}: {_mistakes(error.messages)}", remedy="compare with a fresh `orderyard init`") from None
    return Config(path.absolute().parent, given["database"], tuple(given["plugins"]), given["merchant"])


def _mistakes(messages: object, name: str = "") -> str:
    """`merchant.currency: unknown currency 'XX'` for each mistake, in the order of their names."""
    if isinstance(messages, dict):
        return "; ".join(_mistakes(inner, f"{name}.{key}".lstrip(".")) for key, inner in sorted(messages.items()))
    return f"{name}: {' '.join(messages) if isinstance(messages, list) else messages}"


class Reads:
    """What plugins may read at any time."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @property
    def _db(self) -> Database:
        return self._installation.db

    def customer(self, customer_id: int) -> CustomerCard:
        with self._db.connection():
            return customers.customer(self._db, customer_id)

    def order(self, order_id: int) -> OrderCard:
        with self._db.connection():
            return orders.card(self._db, order_id)

    def today(self) -> date:
        return date.fromisoformat(self._installation.merchant.day(self._installation.environment.now()))

    def stock(self) -> Sequence[StockFigure]:
        with self._db.connection():
            return figures.stock(self._db, self.today())

    def sales(self, since: date, until: date) -> Sequence[SalesFigure]:
        with self._db.connection():
            return figures.sales(self._db, self._installation.merchant, since, until)


class System:
    """One merchant's running system: the rooms, wired together, with the plugins in it."""

    def __init__(self, config: Config, *, environment: Environment | None = None, transport: Transport | None = None) -> None:
        self.config = config
        env = environment or SystemEnvironment()
        config.home.mkdir(parents=True, exist_ok=True)
        key = config.home / KEY_FILE
        if not key.exists():
            write_key_file(key)
        self.seal = Seal.from_file(key)
        db = Database(config.url)
        db.migrate(DIRECTORY, HISTORY)
        self.plugins = host.load(
            config.plugins,
            extra=config.extra,
            reserved={"review_rules": {rule.name for rule in BUILT_IN}},
            left_out=() if config.simulators else ("simulators",),
        )
        migrate_plugins(db, self.plugins)
        wiring = Wiring()
        self.installation = Installation(config.merchant, db, env, wiring)
        self.transport = transport or HttpTransport(env)
        self.contexts = PluginContexts(self.installation, self.plugins, self.seal, self.transport, Reads(self.installation))
        self.channels = ChannelEngine(self.installation, self.plugins, self.seal, self.transport)
        self.carriers = CarrierEngine(self.installation, self.plugins, self.seal, self.transport)
        with db.connection():
            self.reviewer = Reviewer.from_settings(db, self.plugins.review_rules)
            keep_faults(self.installation, self.plugins)
        self._changed: set[int] = set()
        self._watched: set[int] = set()
        self.works_elsewhere = False
        """Whether another process does the work, and is to be told of stock that changed here."""
        self._lock = threading.Lock()
        self._wire(wiring)
        self.worker = Worker(
            self.installation,
            {
                EVENT: event_handler(self.installation, self.plugins, self.contexts),
                FETCH: Handler.each(self.channels.feeds.fetch, self.channels.accounts.owners),
                TELL: Handler.each(self.channels.telling.tell, self.channels.accounts.owners),
                ANSWER: Handler.each(self.channels.telling.answer, self.channels.accounts.owners),
                MEMO: Handler.each(self.channels.telling.write_memo, self.channels.accounts.owners),
                CANCEL: Handler.each(self.channels.telling.cancel_order, self.channels.accounts.owners),
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
                Round("offer", 60, self.offer),
                Round("pull", 30, self.pull, "pull"),
                Round("proofs", 5, self.channels.proofs.prove_all, "queues"),
                Round("queues", 2, self.channels.feeds.ask_queues, "queues"),
                Round("items", 600, self.channels.publishing.meet_all, "items"),
                Round("items_due", 10, self.channels.publishing.meet_due, "items"),
                Round("backfill", 15, self.channels.feeds.go_on_filling, "pull"),
                Round("look_back", 6 * 3600, self.look_back, "items"),
                Round("renew", 600, self.channels.upkeep.renew_all, "items"),
                Round("subscriptions", 6 * 3600, self.channels.upkeep.subscribe_all, "items"),
                Round("publish", 60, self.publish, "publish"),
                Round("heed", 1, self.heed),
                Round("publish_changed", 5, self.publish_changed, "publish", rest=1),
                Round("watch", 60, self.watch),
                Round("watch_changed", 1, self.watch_changed),
                Round("balances", 60, self.close_balances),
                Round("track", 60, self.carriers.track_all, "track"),
                Round("files", 1, self.go_on_with_files),
            ),
        )

    def _wire(self, wiring: Wiring) -> None:
        """Who hears what inside a unit of work, in this order. Money is posted before anything is told outside."""
        gifts = Gifts(self._givers)
        wiring.hear(DepositPaid, promised.hear_deposit)
        wiring.hear(DepositForfeited, promised.hear_forfeited)
        wiring.hear(OrderSettled, promised.hear_settled)
        wiring.hear(OrderSettled, gifts.hear_settled)
        wiring.hear(OrderSettled, self.reviewer.hear)
        wiring.hear(ReviewPassed, fulfillment.route)
        wiring.hear(ReviewPassed, gifts.hear_planned)
        wiring.hear(GivenAtCounter, handing.hear_given)
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
        wiring.hear((MoneyReceived, MoneyReturned, CodRemitted, DepositForfeited, Sold, SaleUndone, GoodsMoved), ledger.hear)
        for kind in (UnitsCancelled, OrderChanged, UnitsAdded):
            wiring.hear(kind, promised.hear_changed)
        wiring.hear(UnitsCancelled, gifts.hear_cancelled)
        wiring.hear(MoneyReturned, gifts.hear_refunded)
        wiring.hear(FoVoided, void_waybills)
        wiring.hear(FoReleased, want_waybills)
        wiring.hear(RelabelWanted, relabel)
        wiring.hear(ShipmentDispatched, WriteBack(self.channels.accounts.tracking_per, self.carriers.title).hear)
        wiring.hear(AfterSaleAnswered, hear_answered)
        wiring.foreseen = (ledger.CLOSED,)
        wiring.foreseen_of = (platforms_of,)
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
            return lambda order: self.plugins.amend("amend_settled", slug, (Gift, NoGift), order=order, settings=settings)

        return {slug: asking(slug, self.contexts.of(slug).settings) for slug in self.plugins.asked("amend_settled")}

    def _committed(self, events: list[object]) -> None:
        changed = {sku_id for event in events if isinstance(event, StockChanged) for sku_id in event.sku_ids}
        with self._lock:
            self._changed |= changed
            self._watched |= changed
        if changed:
            self.rounds.ask("publish_changed")
        if self.works_elsewhere:
            hints.leave(self.installation, changed)
        self.worker.wake()

    def _refused(self, owner: str, error: CredentialsRefused) -> None:
        with self.installation.unit_of_work("worker") as uow:
            row = uow.db.row("SELECT id FROM connection WHERE code = ?", (owner,))
            if row is not None:
                pause(uow, row[0], str(error))

    # the rounds

    def pull(self) -> list[str]:
        """Pull every active channel; the documents that were parked, by name."""
        pulled = self.channels.accounts.side_by_side("pull", self.channels.feeds.pull)
        return [f"{result.connection}: {document}" for result in pulled.values() for document in result.parked]

    def look_back(self) -> dict[str, int]:
        """Ask every channel for the last days once more; how many documents neither pulls nor pushes had brought."""
        feeds = self.channels.feeds
        found = self.channels.accounts.side_by_side("pull", lambda facts: feeds.look_back(facts, LOOK_BACK_DAYS, known=True))
        return {code: result.verdicts.get("effective", 0) for code, result in found.items()}

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

    def offer(self) -> list[int]:
        """Serve those who wait although there is stock, because somebody held it when it became free."""
        with self.installation.unit_of_work("automatic") as uow:
            return offer_again(uow)

    def close_balances(self) -> list[int]:
        """Close the presale windows that are over: whose balance did not come loses order and deposit."""
        return close_all_windows(self.installation)

    def publish(self) -> dict[str, int]:
        """Bring everything that shops show up to date; how many figures each connection took."""
        return self.channels.publishing.publish_all(between=self.publish_changed)

    def heed(self) -> int:
        """Hear what processes that only serve pages did to stock; how many SKUs."""
        touched = hints.take(self.installation)
        with self._lock:
            self._changed |= touched
            self._watched |= touched
        if touched:
            self.rounds.ask("publish_changed")
        return len(touched)

    def publish_changed(self) -> dict[str, int]:
        """Publish what the last transactions touched; whatever is missed here the next whole round finds."""
        with self._lock:
            changed, self._changed = self._changed, set()
        return self.channels.publishing.publish_some(changed) if changed else {}

    def watch(self, sku_ids: frozenset[int] | None = None) -> int:
        """Tell of what ran low and what is there again, of some SKUs or of all; how many were told."""
        db, today = self.installation.db, self.installation.merchant.day(self.installation.environment.now())
        with db.connection():
            if not alerts.crossed(db, today, sku_ids):
                return 0
        with self.installation.unit_of_work("automatic") as uow:
            return alerts.look(uow, sku_ids)

    def watch_changed(self) -> int:
        """The same, of what the last transactions touched; whatever is missed here the next whole round finds."""
        with self._lock:
            changed, self._watched = self._watched, set()
        return self.watch(frozenset(changed)) if changed else 0

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
            *after_sale_checks.CHECKS, *ledger_checks.CHECKS,
        )  # fmt: skip
        with self.installation.db.connection():
            return list(findings(self.installation.db, self.installation.merchant, checks))

    def close(self) -> None:
        self.installation.db.close()


def session_key(home: Path) -> bytes:
    """What cookies are signed with: derived from the installation's key file, and useless for opening what that seals."""
    return hmac.new((home / KEY_FILE).read_bytes(), b"orderyard session cookies", "sha256").digest()


def create_app(system: System) -> Flask:
    """The web application of a running system: console, pushes, health."""
    app = Flask("orderyard")
    app.config["SECRET_KEY"] = session_key(system.config.home)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_PUSH
    mount(
        app,
        ConsoleServices(
            system.installation,
            system.plugins,
            system.contexts,
            system.seal,
            system.channels,
        ),
    )

    hosting.mount(app, session_key(system.config.home))
    with system.installation.db.connection():
        keep_faults(system.installation, system.plugins)

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
            return Response(system.channels.feeds.receive(code, delivery), mimetype="text/plain")
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
