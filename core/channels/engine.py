"""The engine of sales channels: pulling, being pushed, telling, publishing; the network never inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..catalog.service import meet_listings
from ..connections.service import ConnectionFacts, connection, connections, pause, settings_of
from ..host.plugins import Plugins
from ..host.sealing import Seal
from ..inventory.published import Published, published
from ..kernel.errors import (
    CredentialsRefused,
    DomainError,
    OutcomeUnknown,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from ..kernel.transport import Delivery, Transport
from ..kernel.uow import Installation, UnitOfWork
from ..outbox.claims import Claimed
from ..outbox.service import NewTask, enqueue
from ..outbox.worker import Effect
from . import inbox
from .api import Channel, ListingRef, ListsItems, PushesStock, ReceivesWebhooks, StockOutcome, StockTarget, Window
from .service import FETCH
from .writeback import shipment_of

FIRST_LOOK = timedelta(days=1)
"""How far back a connection looks that was never pulled."""


@dataclass
class Pulled:
    """What one pull of one connection did: documents by verdict, and the parked ones by name."""

    connection: str
    verdicts: dict[str, int] = field(default_factory=dict)
    parked: list[str] = field(default_factory=list)
    error: str = ""
    """Why it ended early; what was taken until then is kept."""


class ChannelEngine:
    """Everything that goes on between the house and its channels."""

    def __init__(self, installation: Installation, plugins: Plugins, seal: Seal, transport: Transport) -> None:
        self._installation = installation
        self._plugins = plugins
        self._seal = seal
        self._transport = transport

    def channel(self, facts: ConnectionFacts) -> Channel:
        """The adapter of a connection, with its settings in the clear; DomainError while its plugin is not running."""
        kind = self._plugins.channels.get(facts.adapter)
        if kind is None:
            raise DomainError(
                f"connection {facts.code} needs the channel {facts.adapter}, which is not running",
                remedy="install and enable its plugin; what waits will go on",
            )
        return kind(settings_of(self._seal, facts, kind.settings), self._transport)

    def active(self) -> list[ConnectionFacts]:
        """Channel connections that may work now: not paused, their plugin running."""
        running = self._plugins.channels
        found = connections(self._installation.db, "channel")
        return [facts for facts in found if facts.state == "active" and facts.adapter in running]

    def owners(self) -> list[str]:
        return [facts.code for facts in self.active()]

    def refused(self, facts: ConnectionFacts, error: CredentialsRefused) -> None:
        """Pause a connection whose credentials are no good, and say so where people look."""
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            pause(uow, facts.id, str(error))

    # pull

    def pull(self, facts: ConnectionFacts) -> Pulled:
        """Ask for everything that changed since the last pull and take it in, document by document.

        The cursor moves only over windows that were walked to their end; the overlap is asked for again each time.
        """
        result = Pulled(facts.code)
        try:
            channel = self.channel(facts)
            ability, now = channel.ability, self._installation.environment.now()
            since = (facts.cursor or now - FIRST_LOOK) - (ability.overlap if facts.cursor else timedelta(0))
            until = now - ability.lag
            while since < until:
                window = Window(since, min(since + ability.span, until))
                self._walk(facts, channel, window, result)
                self._moved(facts, window.until)
                since = window.until
        except CredentialsRefused as error:
            result.error = str(error)
            self.refused(facts, error)
        except (RemoteError, DomainError) as error:
            result.error = str(error)
        return result

    def _moved(self, facts: ConnectionFacts, cursor: datetime) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change("UPDATE connection SET cursor = ?, last_good_at = ? WHERE id = ?", (cursor, uow.now, facts.id))

    def _walk(self, facts: ConnectionFacts, channel: Channel, window: Window, result: Pulled) -> None:
        cursor: str | None = None
        while True:
            page = channel.pull(window, cursor)
            known = inbox.known_versions(self._installation.db, facts.id, [found.external_id for found in page.found])
            for found in page.found:
                if known.get(found.external_id) == found.version:
                    continue
                body = found.body
                if body is None:
                    try:
                        body = channel.fetch(found.external_id)
                    except RemoteRejected as error:
                        self._set_aside(
                            facts, f"{found.external_id}@{found.version.isoformat()}", found.external_id, str(error), result
                        )
                        continue
                with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                    name = inbox.polled(found.external_id, found.version, body)
                    row = inbox.store(uow, facts.id, "pull", name, found.external_id, version=found.version, body=body)
                if row is not None:
                    verdict, _ = inbox.take(self._installation, facts, channel, row, body)
                    result.verdicts[verdict] = result.verdicts.get(verdict, 0) + 1
                    if verdict == "parked":
                        result.parked.append(found.external_id)
            if page.cursor is None:
                return
            cursor = page.cursor

    def _set_aside(self, facts: ConnectionFacts, delivery: str, document: str, reason: str, result: Pulled) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            row = inbox.store(uow, facts.id, "pull", delivery, document, verdict="parked", reason=reason)
        if row is not None:
            result.verdicts["parked"] = result.verdicts.get("parked", 0) + 1
            result.parked.append(document)

    def meet_items(self, facts: ConnectionFacts) -> int:
        """Learn what the shop offers, mapped by merchant code where that is a SKU's; how many items it has."""
        channel = self.channel(facts)
        if facts.shop_id is None or not isinstance(channel, ListsItems):
            return 0
        count, cursor = 0, None
        while True:
            page = channel.list_items(cursor)
            seen = {
                (item.listing.item_id, item.listing.variant_id): (item.listing.merchant_code, item.title) for item in page.items
            }
            if seen:
                with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                    meet_listings(uow, facts.shop_id, seen)
            count, cursor = count + len(seen), page.cursor
            if cursor is None:
                return count

    def meet_all(self) -> dict[str, int]:
        """Learn the offers of every active connection, each by itself."""
        met: dict[str, int] = {}
        for facts in self.active():
            try:
                met[facts.code] = self.meet_items(facts)
            except CredentialsRefused as error:
                self.refused(facts, error)
            except RemoteError:
                continue
        return met

    # push

    def receive(self, code: str, delivery: Delivery) -> str:
        """Verify and keep a push; the document is fetched later. What became of it: `stored`, `duplicate` or `parked`.

        Raises DomainError for a connection that takes none, RemoteRejected for a signature that does not hold: nothing
        is kept of such a delivery.
        """
        facts = connection(self._installation.db, code)
        channel = self.channel(facts)
        if not isinstance(channel, ReceivesWebhooks):
            raise DomainError(f"connection {code} takes no pushes", remedy="remove the push at the platform")
        token = self._installation.environment.token()
        try:
            hints = channel.receive(delivery)
        except RemoteNotUnderstood as error:
            with self._installation.unit_of_work(f"channel:{code}") as uow:
                inbox.store(
                    uow, facts.id, "push", f"unread/{token}", "", body=delivery.body, verdict="parked", reason=str(error)
                )
            return "parked"
        state = "stored"
        with self._installation.unit_of_work(f"channel:{code}") as uow:
            tasks = []
            for hint in hints:
                row = inbox.store(uow, facts.id, "push", hint.delivery_id, hint.external_id)
                if row is None:
                    state = "duplicate"
                    inbox.store(
                        uow, facts.id, "push", f"{hint.delivery_id}#{token}", hint.external_id,
                        verdict="duplicate", reason="this delivery came before",
                    )  # fmt: skip
                else:
                    tasks.append(NewTask(FETCH, code, f"fetch/{row}", {"inbox": row}))
            enqueue(uow, tasks)
        return state

    def fetch(self, task: Claimed) -> Effect | None:
        """Worker's handler: fetch what a push hinted at (or read what was parked again) and take it in."""
        db = self._installation.db
        facts = connection(db, task.owner)
        channel = self.channel(facts)
        row = db.row("SELECT document, body, verdict, source FROM inbox WHERE id = ?", (task.payload["inbox"],))
        if row is None or row[2]:
            return None
        document, body, _, source = row
        inbox_id = int(task.payload["inbox"])
        if body is None or source == "push":
            if not document:
                raise RemoteNotUnderstood("this push names no document", remedy="the next pull finds what it meant; give it up")
            try:
                body = channel.fetch(document)
            except RemoteRejected as error:
                inbox.park(self._installation, inbox_id, str(error), f"channel:{facts.code}")
                return None
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                uow.db.change("UPDATE inbox SET body = ? WHERE id = ?", (body, inbox_id))
        inbox.take(self._installation, facts, channel, inbox_id, bytes(body))
        return None

    # tell

    def tell(self, task: Claimed) -> Effect | None:
        """Worker's handler: tell one platform about one parcel, looking first where an earlier attempt may have got through."""
        db = self._installation.db
        facts = connection(db, task.owner)
        notice_id, state, shipment = shipment_of(db, task.key, str(task.payload["external_id"]))
        if state == "done":
            return None
        channel = self.channel(facts)
        confirmed = channel.find_shipment(shipment) if task.unsure else None
        try:
            if confirmed is None:
                confirmed = channel.confirm_shipment(shipment, task.key)
        except (RemoteRejected, RemoteNotUnderstood) as error:
            self._told(facts, notice_id, "failed", str(error))
            raise
        note = "the platform knew it already" if confirmed.already else ""
        return lambda uow: _write_told(uow, notice_id, "done", note)

    def _told(self, facts: ConnectionFacts, notice_id: int, state: str, note: str) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            _write_told(uow, notice_id, state, note)

    # publish

    def publish(self, facts: ConnectionFacts, sku_ids: Iterable[int] | None = None) -> int:
        """Bring the numbers a channel shows up to date; how many figures it took.

        Stock figures are state: each is computed when it is sent, what the channel acknowledged is kept, and a figure that
        somebody else changed meanwhile is written again over what stands there now.
        """
        if facts.shop_id is None:
            return 0
        channel = self.channel(facts)
        if not isinstance(channel, PushesStock):
            return 0
        today = self._installation.merchant.day(self._installation.environment.now())
        numbers = published(self._installation.db, facts.shop_id, sku_ids, today)
        wanted = [row for row in numbers if row.wanted != row.acknowledged]
        taken = 0
        step = max(1, channel.ability.stock_batch)
        for start in range(0, len(wanted), step):
            taken += self._publish(facts, channel, wanted[start : start + step])
        return taken

    def _publish(self, facts: ConnectionFacts, channel: PushesStock, rows: Sequence[Published], again: bool = True) -> int:
        targets = [
            StockTarget(ListingRef(row.item_id, row.variant_id, row.merchant_code), row.wanted, row.acknowledged)
            for row in rows
        ]
        # An absolute figure may be sent twice without harm, so the key only has to differ from one push to the next.
        answers = channel.push_stock(targets, self._installation.environment.token())
        done: list[tuple[int, int | None]] = []
        stale: list[Published] = []
        for row, answer in zip(rows, answers, strict=True):
            if answer.outcome is StockOutcome.OK:
                done.append((row.listing_id, row.wanted))
            elif answer.outcome is StockOutcome.STALE:
                current = answer.current
                done.append((row.listing_id, current))
                stale.append(
                    Published(row.listing_id, row.item_id, row.variant_id, row.merchant_code, row.wanted, current, row.base)
                )
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            for listing_id, number in done:
                uow.db.change("UPDATE listing SET published = ? WHERE id = ?", (number, listing_id))
        taken = len(done) - len(stale)
        return taken + self._publish(facts, channel, stale, again=False) if stale and again else taken

    def publish_all(self, sku_ids: Iterable[int] | None = None) -> dict[str, int]:
        """Publish on every active connection, each by itself: one in trouble waits for the next time alone."""
        taken: dict[str, int] = {}
        skus = None if sku_ids is None else list(sku_ids)
        for facts in self.active():
            try:
                taken[facts.code] = self.publish(facts, skus)
            except CredentialsRefused as error:
                self.refused(facts, error)
            except (RemoteUnavailable, OutcomeUnknown):
                taken[facts.code] = 0
        return taken


def _write_told(uow: UnitOfWork, notice_id: int, state: str, note: str) -> None:
    uow.db.change(
        "UPDATE shipment_notice SET state = ?, note = ?, done_at = ? WHERE id = ? AND state <> 'done'",
        (state, note, uow.now, notice_id),
    )
    row = uow.db.row("SELECT order_id, number FROM shipment_notice WHERE id = ?", (notice_id,))
    if row is not None:
        uow.note(f"write-back {state}", "order", row[0], f"{row[1]} {note}".strip())
