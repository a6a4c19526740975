"""Bringing customers and orders to the CRM, and remembering what was brought."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import PluginContext
from orderyard.core.kernel.errors import DomainError, OrderyardError, RemoteError, RemoteRejected, RemoteUnavailable
from orderyard.core.orders.api import OrderCard

from .hubspot import AlreadyExists, HubSpot, Link, Outcome
from .mapping import CONTACT_KEY, DEAL_KEY, Config, Record, contact, deal

Failures = dict[int, OrderyardError]
"""Core id -> why it did not get there."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the CRM holds of one record of ours."""

    id: str = ""
    sent: str = ""
    """Fingerprint of the properties last sent; empty when they must be sent again."""
    contact: str = ""
    """Of a deal: the contact it is linked with."""

    @classmethod
    def read(cls, text: str | None) -> Remembered:
        return cls(**json.loads(text)) if text else cls()

    def written(self) -> str:
        return json.dumps({"id": self.id, "sent": self.sent, "contact": self.contact})


def contact_memory(customer_id: int) -> str:
    return f"contact:{customer_id}"


def deal_memory(order_id: int) -> str:
    return f"deal:{order_id}"


def waybill_memory(order_id: int) -> str:
    return f"waybills:{order_id}"


class Sync:
    """One run over one batch of events. Reads a record when it is sent, never from the event."""

    def __init__(self, context: PluginContext, config: Config) -> None:
        self._read = context.read
        self._memory = context.memory
        self._config = config
        self._crm = HubSpot(config.base_url, config.token, context.transport)

    def customers(self, ids: Sequence[int]) -> Failures:
        """Make these customers' contacts as they should be."""

        def record(customer_id: int) -> Record:
            return contact(self._read.customer(customer_id))

        return self._bring("contacts", CONTACT_KEY, ids, record, contact_memory)

    def orders(self, ids: Sequence[int]) -> Failures:
        """Make these orders' deals as they should be, their contacts first, and link both.

        An order whose contact is refused still gets its deal; the refusal is reported, for the link is missing.
        """
        failures: Failures = {}
        cards: dict[int, OrderCard] = {}
        for order_id in dict.fromkeys(ids):
            try:
                cards[order_id] = self._read.order(order_id)
            except DomainError as error:
                failures[order_id] = error
        without = self.customers([card.customer_id for card in cards.values()])
        for order_id, card in cards.items():
            if card.customer_id in without:
                failures[order_id] = without[card.customer_id]

        def record(order_id: int) -> Record:
            return deal(self._read.order(order_id), self._config, self._waybills(order_id))

        able = [order_id for order_id in cards if isinstance(failures.get(order_id), (RemoteRejected, type(None)))]
        failures |= self._bring("deals", DEAL_KEY, able, record, deal_memory)
        failures |= self._link([cards[order_id] for order_id in able if order_id not in failures])
        return failures

    def dispatched(self, parcels: Sequence[ShipmentDispatched]) -> Failures:
        """Write each parcel's carrier and waybill into the deals of all orders in it."""
        for parcel in parcels:
            said = f"{parcel.carrier} {parcel.waybill}".strip()
            known = {order_id: self._waybills(order_id) for order_id in parcel.order_ids}
            new = {
                order_id: [*waybills, said] for order_id, waybills in known.items() if parcel.waybill and said not in waybills
            }
            if new:
                self._memory.put({waybill_memory(order_id): json.dumps(waybills) for order_id, waybills in new.items()})
        return self.orders([order_id for parcel in parcels for order_id in parcel.order_ids])

    def _waybills(self, order_id: int) -> list[str]:
        """Of the parcels that left so far; an order's card does not say, so it is kept here."""
        said: list[str] = json.loads(self._memory.get(waybill_memory(order_id)) or "[]")
        return said

    def _bring(
        self, kind: str, id_property: str, ids: Sequence[int], record: Callable[[int], Record], memory: Callable[[int], str]
    ) -> Failures:
        """Send what differs from what was sent last, until nothing differs any more.

        Two workers may send the same record at once, the older state last. So each reads again what it has just sent: whoever
        was last in the CRM has then also seen the latest state.
        """
        failures: Failures = {}
        known = {one: Remembered.read(self._memory.get(memory(one))) for one in dict.fromkeys(ids)}
        for _ in range(_ROUNDS):
            due: dict[int, Record] = {}
            for one, was in known.items():
                try:
                    wanted = record(one)
                except DomainError as error:
                    failures[one] = error
                    continue
                if self._fingerprint(wanted) != was.sent:
                    due[one] = wanted
            if not due:
                return failures
            outcomes = self._settled(kind, list(due.values()), self._crm.upsert(kind, id_property, list(due.values())))
            sent: dict[int, Remembered] = {}
            for (one, wanted), outcome in zip(due.items(), outcomes, strict=True):
                if isinstance(outcome, RemoteError):
                    failures[one] = outcome
                else:
                    sent[one] = replace(known[one], id=outcome, sent=self._fingerprint(wanted))
            self._memory.put({memory(one): now.written() for one, now in sent.items()})
            known = sent
        for one in due:
            failures.setdefault(one, RemoteUnavailable(f"{kind} {due[one].key} keeps changing while it is sent"))
        return failures

    def _settled(self, kind: str, records: Sequence[Record], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes, after contacts that the CRM already had by their e-mail were taken over."""
        settled: list[Outcome] = []
        for record, outcome in zip(records, outcomes, strict=True):
            if kind == "contacts" and isinstance(outcome, AlreadyExists):
                try:
                    settled.append(self._take_over(record, outcome))
                except RemoteError as error:
                    settled.append(error)
            else:
                settled.append(outcome)
        return settled

    def _take_over(self, record: Record, clash: AlreadyExists) -> str:
        owner = self._crm.read("contacts", clash.holder, [CONTACT_KEY]).get(CONTACT_KEY, "")
        if owner and owner != record.key:
            raise RemoteRejected(
                f"contact {clash.holder} already has this e-mail and belongs to customer {owner}",
                code=clash.code,
                raw=clash.raw,
                remedy=f"merge customers {owner} and {record.key}, or correct the e-mail of one of them",
            )
        return self._crm.update("contacts", clash.holder, record.properties)

    def _link(self, cards: Sequence[OrderCard]) -> Failures:
        failures: Failures = {}
        wanted: list[tuple[OrderCard, Remembered, Link]] = []
        for card in cards:
            known = Remembered.read(self._memory.get(deal_memory(card.id)))
            person = Remembered.read(self._memory.get(contact_memory(card.customer_id)))
            if known.contact != person.id:
                wanted.append((card, known, Link(known.id, person.id)))
        outcomes = self._crm.link([link for _, _, link in wanted])
        written: dict[str, str] = {}
        for (card, known, link), outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, RemoteError):
                failures[card.id] = outcome
                if isinstance(outcome, RemoteRejected):
                    # One of the two may have been deleted in the CRM: forget what was sent, so a retry makes both anew.
                    written[deal_memory(card.id)] = Remembered(known.id).written()
                    written[contact_memory(card.customer_id)] = Remembered(link.contact).written()
            else:
                written[deal_memory(card.id)] = replace(known, contact=link.contact).written()
        if written:
            self._memory.put(written)
        return failures

    def _fingerprint(self, record: Record) -> str:
        """Keyed, since an unkeyed hash of a telephone number can be undone; another CRM or token sends everything again."""
        text = json.dumps([self._config.base_url, record.key, sorted(record.properties.items())])
        return hmac.new(self._config.token.encode(), text.encode(), hashlib.sha256).hexdigest()
