"""What comes in: feeds that are pulled, pushes that lead to a fetch, queues that are asked; each document by itself.

The network is never touched inside a transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from ..connections.service import ConnectionFacts, connection
from ..kernel.db import as_moment
from ..kernel.errors import (
    CredentialsRefused,
    DomainError,
    OutcomeUnknown,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from ..kernel.transport import Delivery
from ..kernel.uow import UnitOfWork
from ..outbox.claims import Claimed
from ..outbox.service import NewTask, enqueue
from ..outbox.worker import Effect
from . import inbox
from .accounts import Accounts
from .api import (
    BackFills,
    Channel,
    DocumentKind,
    Found,
    Hint,
    Page,
    QueuesMessages,
    ReceivesWebhooks,
    ReportsClaims,
    Window,
)
from .service import FETCH

_log = logging.getLogger("orderyard.channels")

_BATCHES = 100
"""So often a queue is asked in one go; what it still holds then has its turn in the next round."""

_EMPTY = timedelta(seconds=10)
"""A queue that was empty is left alone for so long: platforms count our questions."""

FIRST_LOOK = timedelta(days=1)
"""How far back a connection looks that was never pulled."""

LONG = timedelta(days=7)
"""A look back over more than this is left to the platform's own list, where it makes one."""

_GATHER = timedelta(seconds=30)
"""So long word of changed offers is gathered before they are read."""


@dataclass
class Pulled:
    """What one pull of one connection did: documents by verdict, and the parked ones by name."""

    connection: str
    verdicts: dict[str, int] = field(default_factory=dict)
    parked: list[str] = field(default_factory=list)
    error: str = ""
    """Why it ended early; what was taken until then is kept."""

    def count(self, verdict: str, document: str) -> None:
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        if verdict == "parked":
            self.parked.append(document)


@dataclass(frozen=True, slots=True)
class _Feed:
    """One kind of document of a channel, and the column that keeps how far it was read."""

    kind: DocumentKind
    column: str
    since: datetime | None
    pull: Callable[[Window, str | None], Page]
    fetch: Callable[[str], bytes]


def _feeds(facts: ConnectionFacts, channel: Channel) -> list[_Feed]:
    """Orders first, for what comes after them is about them."""
    feeds = [_Feed(DocumentKind.ORDER, "cursor", facts.cursor, channel.pull, channel.fetch)]
    if isinstance(channel, ReportsClaims):
        claims = _Feed(DocumentKind.CLAIM, "claims_cursor", facts.claims_cursor, channel.pull_claims, channel.fetch_claim)
        feeds.append(claims)
    return feeds


class Feeds:
    """Takes in what channels tell, by whichever way it comes."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._installation = accounts.installation

    # pull

    def pull(self, facts: ConnectionFacts) -> Pulled:
        """Ask for everything that changed since the last pull and take it in, document by document.

        A cursor moves only over windows that were walked to their end; the overlap is asked for again each time.
        """
        result = Pulled(facts.code)
        try:
            channel = self._accounts.channel(facts)
            ability, now = channel.ability, self._installation.environment.now()
            if ability.hosted:
                return result
            for feed in _feeds(facts, channel):
                since = (feed.since or now - FIRST_LOOK) - (ability.overlap if feed.since else timedelta(0))
                until = now - ability.lag
                while since < until:
                    window = Window(since, min(since + ability.span, until))
                    self._walk(facts, channel, feed, window, result)
                    self._moved(facts, feed, window.until)
                    since = window.until
        except Exception as error:  # an adapter that falls over ends its own pull, and no other's
            result.error = inbox.said(error)
            self._accounts.troubled(facts, error, "pull")
        return result

    def look_back(self, facts: ConnectionFacts, days: int, *, known: bool = False) -> Pulled:
        """Ask again for everything that changed in the last days: what `effective` counts, pulls and pushes had missed.

        With `known`, no further back than this connection has ever looked by itself. Cursors stay where they are.
        """
        if days < 1:
            raise DomainError(f"a look back over {days} days", remedy="give at least 1")
        result = Pulled(facts.code)
        try:
            channel = self._accounts.channel(facts)
            until = self._installation.environment.now() - channel.ability.lag
            begun = until - timedelta(days=days)
            if known:
                first = self._installation.db.row("SELECT MIN(received_at) FROM inbox WHERE connection_id = ?", (facts.id,))
                begun = until if first is None or first[0] is None else max(begun, as_moment(first[0]) - FIRST_LOOK)
            for feed in _feeds(facts, channel):
                since = begun
                while since < until:
                    window = Window(since, min(since + channel.ability.span, until))
                    self._walk(facts, channel, feed, window, result)
                    since = window.until
        except Exception as error:
            result.error = inbox.said(error)
            self._accounts.troubled(facts, error, "pull")
        return result

    def fill_back(self, facts: ConnectionFacts, days: int) -> bool:
        """Have the platform list everything that changed in the last days; False where it makes no lists.

        The list is worked through by `go_on_filling` once it is there, which may take hours.
        """
        channel = self._accounts.channel(facts)
        if not isinstance(channel, BackFills) or timedelta(days=days) <= LONG:
            return False
        if self._filling(facts):
            raise DomainError(
                f"the platform of connection {facts.code} is preparing a list already",
                remedy="wait until it is worked through; its history says when",
            )
        until = self._installation.environment.now()
        name = channel.begin_backfill(Window(until - timedelta(days=days), until))
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change("UPDATE connection SET backfill = ? WHERE id = ?", (name, facts.id))
            uow.note("back-fill begun", "connection", facts.id, f"{days} d")
        return True

    def go_on_filling(self) -> dict[str, Pulled]:
        """Work through the lists that platforms have prepared meanwhile; what each brought, by connection."""
        return self._accounts.side_by_side("backfill", self._fill)

    def _filling(self, facts: ConnectionFacts) -> str:
        """The platform's name of the list that is being prepared for us, empty without one."""
        with self._installation.db.connection():
            row = self._installation.db.row("SELECT backfill FROM connection WHERE id = ?", (facts.id,))
        return "" if row is None else str(row[0])

    def _fill(self, facts: ConnectionFacts) -> Pulled | None:
        name, channel = self._filling(facts), self._accounts.channel(facts)
        if not name or not isinstance(channel, BackFills):
            return None
        result = Pulled(facts.code)
        try:
            found = channel.backfilled(name)
            if found is None:
                return None
            orders = _feeds(facts, channel)[0]
            rest = iter(found)
            while part := tuple(islice(rest, _BATCHES)):
                # What was taken in before a crash is known the second time, and costs nothing.
                self._take_found(facts, channel, orders, part, result)
        except RemoteRejected as error:
            result.error = inbox.said(error)
            self._accounts.troubled(facts, error, "backfill")
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change("UPDATE connection SET backfill = '' WHERE id = ? AND backfill = ?", (facts.id, name))
            told = dict(result.verdicts) | ({"error": result.error} if result.error else {})
            uow.note("back-fill done", "connection", facts.id, "", told)
        return result

    def _moved(self, facts: ConnectionFacts, feed: _Feed, cursor: datetime) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change(
                f"UPDATE connection SET {feed.column} = ?, last_good_at = ?, message = '' WHERE id = ?",
                (cursor, uow.now, facts.id),
            )

    def _walk(self, facts: ConnectionFacts, channel: Channel, feed: _Feed, window: Window, result: Pulled) -> None:
        cursor: str | None = None
        while True:
            page = feed.pull(window, cursor)
            self._take_found(facts, channel, feed, page.found, result)
            if page.cursor is None:
                return
            cursor = page.cursor

    def _take_found(self, facts: ConnectionFacts, channel: Channel, feed: _Feed, some: Sequence[Found], result: Pulled) -> None:
        known = inbox.known_versions(self._installation.db, facts.id, feed.kind, [found.external_id for found in some])
        for found in some:
            if known.get(found.external_id) == found.version:
                continue
            body = found.body
            if body is None:
                try:
                    body = feed.fetch(found.external_id)
                except (RemoteUnavailable, OutcomeUnknown, CredentialsRefused):
                    raise
                except Exception as error:  # refused, not understood, or the adapter fell over: this document's trouble
                    name = f"{feed.kind}/{found.external_id}@{found.version.isoformat()}"
                    self._set_aside(facts, feed.kind, name, found.external_id, inbox.said(error), result)
                    continue
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                name = inbox.polled(feed.kind, found.external_id, found.version, body)
                row = inbox.store(
                    uow, facts.id, "pull", name, found.external_id, kind=feed.kind, version=found.version, body=body
                )
                row = row or inbox.unread(uow, facts.id, name)
            if row is not None:
                result.count(self._take(facts, channel, row, feed.kind, body), found.external_id)

    def _take(self, facts: ConnectionFacts, channel: Channel, row: int, kind: DocumentKind, body: bytes) -> str:
        """Take in one stored document; a claim whose order is not here brings that order in first."""
        if kind is DocumentKind.CLAIM and isinstance(channel, ReportsClaims):
            missing = inbox.order_missing(self._installation.db, facts.id, channel, body)
            if missing:
                self._bring(facts, channel, missing)
        return inbox.take(self._installation, facts, channel, row, body, kind)[0]

    def _bring(self, facts: ConnectionFacts, channel: Channel, external_id: str) -> None:
        """Fetch an order that is wanted now and take it in; a refusal leaves it to whoever wanted it."""
        try:
            body = channel.fetch(external_id)
        except (RemoteRejected, RemoteNotUnderstood) as error:
            _log.info("%s: order %s cannot be fetched: %s", facts.code, external_id, error)
            return
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            name = f"wanted/{external_id}/{self._installation.environment.token()}"
            row = inbox.store(uow, facts.id, "pull", name, external_id, body=body)
        if row is not None:
            inbox.take(self._installation, facts, channel, row, body)

    def _set_aside(
        self, facts: ConnectionFacts, kind: DocumentKind, delivery: str, document: str, reason: str, result: Pulled
    ) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            row = inbox.store(uow, facts.id, "pull", delivery, document, kind=kind, verdict="parked", reason=reason)
        if row is not None:
            result.count("parked", document)

    # push

    def receive(self, code: str, delivery: Delivery) -> str:
        """Verify and keep a push; the document is fetched later. What became of it: `stored`, `duplicate` or `parked`.

        Raises DomainError for a connection that takes none, RemoteRejected for a signature that does not hold: nothing
        is kept of such a delivery.
        """
        facts = connection(self._installation.db, code)
        channel = self._accounts.channel(facts)
        if not isinstance(channel, ReceivesWebhooks):
            raise DomainError(f"connection {code} takes no pushes", remedy="remove the push at the platform")
        try:
            hints = channel.receive(delivery)
        except RemoteNotUnderstood as error:
            token = self._installation.environment.token()
            with self._installation.unit_of_work(f"channel:{code}") as uow:
                inbox.store(
                    uow, facts.id, "push", f"unread/{token}", "", body=delivery.body, verdict="parked", reason=str(error)
                )
            return "parked"
        with self._installation.unit_of_work(f"channel:{code}") as uow:
            kept = [self._keep(uow, facts, hint, delivery.body) for hint in hints]
        return "stored" if all(kept) else "duplicate"

    def _keep(self, uow: UnitOfWork, facts: ConnectionFacts, hint: Hint, body: bytes) -> bool:
        """Keep one hint, and have its document fetched; False when it was kept before."""
        if hint.kind is DocumentKind.LISTING:
            row = self._keep_offer(uow, facts, hint)
        elif hint.kind is DocumentKind.PRIVACY:
            row = inbox.store(
                uow, facts.id, "push", hint.delivery_id, hint.external_id, kind=hint.kind, body=body,
                verdict="parked", reason=f"{hint.topic}: do what is asked for customer {hint.external_id}, then give this up",
            )  # fmt: skip
        else:
            row = inbox.store(uow, facts.id, "push", hint.delivery_id, hint.external_id, kind=hint.kind)
            if row is not None:
                enqueue(uow, [NewTask(FETCH, facts.code, f"fetch/{row}", {"inbox": row})])
        if row is None:
            token = self._installation.environment.token()
            inbox.store(
                uow, facts.id, "push", f"{hint.delivery_id}#{token}", hint.external_id, kind=hint.kind,
                verdict="duplicate", reason="this delivery came before",
            )  # fmt: skip
        return row is not None

    def _keep_offer(self, uow: UnitOfWork, facts: ConnectionFacts, hint: Hint) -> int | None:
        """New offers are read soon. What is known already says so with every sale, and its round comes in ten minutes."""
        known = uow.db.row("SELECT 1 FROM listing WHERE shop_id = ? AND item_id = ?", (facts.shop_id, hint.external_id))
        row = inbox.store(
            uow, facts.id, "push", hint.delivery_id, hint.external_id, kind=hint.kind,
            verdict="effective", reason="known already" if known else "the offers are read again",
        )  # fmt: skip
        if known is None:
            uow.db.change(
                "UPDATE connection SET items_due_at = ? WHERE id = ? AND items_due_at IS NULL", (uow.now + _GATHER, facts.id)
            )
        return row

    def fetch(self, task: Claimed) -> Effect | None:
        """Worker's handler: fetch what a push hinted at (or read what was parked again) and take it in."""
        db = self._installation.db
        facts = connection(db, task.owner)
        channel = self._accounts.channel(facts)
        row = db.row("SELECT document, body, verdict, source, kind FROM inbox WHERE id = ?", (task.payload["inbox"],))
        if row is None or row[2]:
            return None
        document, body, _, source, kind = row[0], row[1], row[2], row[3], DocumentKind(row[4])
        inbox_id = int(task.payload["inbox"])
        if body is None or source == "push":
            if not document:
                raise RemoteNotUnderstood("this push names no document", remedy="the next pull finds what it meant; give it up")
            try:
                body = self._fetched(channel, kind, document)
            except RemoteRejected as error:
                inbox.park(self._installation, inbox_id, str(error), f"channel:{facts.code}")
                return None
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                uow.db.change("UPDATE inbox SET body = ? WHERE id = ?", (body, inbox_id))
        self._take(facts, channel, inbox_id, kind, bytes(body))
        return None

    def _fetched(self, channel: Channel, kind: DocumentKind, document: str) -> bytes:
        if kind is DocumentKind.ORDER:
            return channel.fetch(document)
        if kind is DocumentKind.CLAIM and isinstance(channel, ReportsClaims):
            return channel.fetch_claim(document)
        raise RemoteRejected(f"{channel.title} has no documents of the kind {kind}")

    # queues

    def ask_queue(self, facts: ConnectionFacts) -> int:
        """Keep what a message queue holds for us, then confirm it; how many messages. A crash in between only repeats them."""
        channel = self._accounts.channel(facts)
        if not isinstance(channel, QueuesMessages):
            return 0
        count = 0
        for _ in range(_BATCHES):
            messages = channel.next_messages()
            if not messages:
                break
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                for message in messages:
                    self._keep(uow, facts, message.hint, b"")
            channel.confirm_messages([message.token for message in messages])
            count += len(messages)
        if not count:
            self._accounts.rest(facts, "queue", _EMPTY)
        return count

    def ask_queues(self) -> dict[str, int]:
        """Ask every queue there is, each by itself."""
        return self._accounts.side_by_side("queue", self.ask_queue)
