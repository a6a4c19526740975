"""Events and tasks are written with what caused them, in few statements, and are read again as they were."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest

from orderyard.core.customers.api import CustomerChanged
from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.plugins import Plugins, load
from orderyard.core.inventory.api import LowStock, LowStockCleared
from orderyard.core.kernel.db import as_json
from orderyard.core.kernel.errors import DomainError, OrderyardError
from orderyard.core.kernel.uow import Installation, UnitOfWork
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import MoneyReceived, OrderMoved, OrderPlaced, OrderStatus
from orderyard.core.outbox.payloads import event_types, from_payload, to_payload
from orderyard.core.outbox.queries import counts, parked, work
from orderyard.core.outbox.service import NewTask, enqueue, give_up, resume, retry, write

MOVED = OrderMoved(5, OrderStatus.TO_SHIP, OrderStatus.SHIPPED, "发货了")
SENT = ShipmentDispatched(1, "FO1", "SH", "SF", "SF1", (5, 6))


def listening(slug: str, *events: str) -> types.ModuleType:
    """A plugin that listens to these."""
    module = types.ModuleType(f"orderyard_{slug}")
    source = f"from orderyard.hookspecs import Manifest, hookimpl\nmanifest = Manifest(slug={slug!r}, title='x')\n"
    source += "".join(f"@hookimpl\ndef on_{event}(events, context): ...\n" for event in events)
    exec(compile(source, f"{slug}.py", "exec"), module.__dict__)  # noqa: S102
    return module


@pytest.fixture
def plugins() -> Plugins:
    extra = {"crm": listening("crm", "order_moved", "order_placed"), "bell": listening("bell", "order_moved")}
    return load(["crm", "bell"], extra=extra)


@pytest.fixture
def statements(installation: Installation) -> list[str]:
    seen: list[str] = []
    installation.db.observers.append(seen.append)
    return seen


def tell(installation: Installation, *events: object) -> None:
    with installation.unit_of_work("test") as uow:
        uow.emit(*events)


def test_every_event_of_the_hooks_is_known() -> None:
    assert event_types() == {
        "order_placed": OrderPlaced,
        "order_moved": OrderMoved,
        "customer_changed": CustomerChanged,
        "low_stock": LowStock,
        "low_stock_cleared": LowStockCleared,
        "shipment_dispatched": ShipmentDispatched,
    }


@pytest.mark.parametrize("event", [OrderPlaced(5), MOVED, CustomerChanged(3), SENT], ids=lambda event: type(event).__name__)
def test_an_event_reads_as_it_was_written(event: object) -> None:
    assert from_payload(type(event), to_payload(event)) == event


@dataclass(frozen=True, slots=True)
class Rich:
    name: ClassVar[str] = "rich"
    money: Money
    address: Address | None
    at: datetime
    day: date
    pairs: tuple[tuple[str, int], ...]
    facts: Mapping[str, Money]
    later: str = "added in a later version"


def test_an_event_may_hold_any_value_of_the_core() -> None:
    zone = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    event = Rich(Money(5, "CNY"), Address(city="杭州"), zone, zone.date(), (("a", 1),), {"x": Money(1, "JPY")})
    assert from_payload(Rich, to_payload(event)) == event
    bare = to_payload(Rich(Money(5, "CNY"), None, zone, zone.date(), (), {}))
    del bare["later"]
    assert from_payload(Rich, bare).later == "added in a later version"


@pytest.mark.parametrize(
    "payload", [{}, {"order_id": "5"}, {"order_id": 5, "source": "?", "target": "shipped", "because": ""}, None]
)
def test_a_payload_that_no_longer_fits_says_so(payload: object) -> None:
    with pytest.raises(OrderyardError, match="no longer reads as OrderMoved"):
        from_payload(OrderMoved, payload)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(OrderyardError, match="cannot hold object"):
        to_payload({"x": object()})


def test_each_listening_plugin_gets_one_task_per_event(installation: Installation, plugins: Plugins) -> None:
    installation.wiring.last = write(plugins)
    tell(installation, MOVED, OrderPlaced(5), CustomerChanged(3))
    rows = installation.db.rows("SELECT kind, owner, event, payload, key, state FROM task ORDER BY id")
    moved = {"order_id": 5, "source": "to_ship", "target": "shipped", "because": "发货了"}
    assert [(kind, owner, event, as_json(payload), key, state) for kind, owner, event, payload, key, state in rows] == [
        ("event", "crm", "order_moved", moved, None, "due"),
        ("event", "bell", "order_moved", moved, None, "due"),
        ("event", "crm", "order_placed", {"order_id": 5}, None, "due"),
    ]


def test_any_number_of_events_takes_one_statement(installation: Installation, plugins: Plugins, statements: list[str]) -> None:
    installation.wiring.last = write(plugins)
    tell(installation, *[MOVED] * 200)
    assert len(statements) == 1


def test_events_that_nobody_hears_cost_nothing(installation: Installation, plugins: Plugins, statements: list[str]) -> None:
    installation.wiring.last = write(plugins)
    zero = Money.zero("CNY")
    tell(
        installation, CustomerChanged(3), MoneyReceived(1, "1", "s", "k", datetime(2026, 1, 1, tzinfo=UTC), zero, zero), "text"
    )
    assert statements == []


def test_an_event_is_lost_with_its_transaction(installation: Installation, plugins: Plugins) -> None:
    def refuse(uow: UnitOfWork, events: list[object]) -> None:
        write(plugins)(uow, events)
        raise DomainError("too late")

    installation.wiring.last = refuse
    with pytest.raises(DomainError, match="too late"):
        tell(installation, MOVED)
    assert counts(installation.db) == {}


def test_a_switched_off_plugin_s_events_are_kept(installation: Installation, plugins: Plugins) -> None:
    installation.wiring.last = write(plugins)
    plugins.switch_off("crm", "migrations", "broken")
    tell(installation, MOVED)
    assert sorted(item.owner for item in work(installation.db)) == ["bell", "crm"]


def ask_for(installation: Installation, *tasks: NewTask) -> None:
    with installation.unit_of_work("test") as uow:
        enqueue(uow, tasks)


def test_the_same_work_is_asked_for_once(installation: Installation, statements: list[str]) -> None:
    later = installation.environment.now() + timedelta(hours=1)
    ask_for(installation, NewTask("book", "sf", "book:1", {"fo": 1}), NewTask("book", "sf", "book:2", {"fo": 2}, later))
    ask_for(installation, NewTask("book", "sf", "book:1", {"fo": 99}), NewTask("book", "sf", "book:3"))
    assert len(statements) == 2
    items = {item.key: item for item in work(installation.db)}
    assert {key: item.payload for key, item in items.items()} == {"book:1": {"fo": 1}, "book:2": {"fo": 2}, "book:3": {}}
    assert items["book:2"].due_at == later
    assert counts(installation.db) == {"due": 3}
    ask_for(installation)
    assert len([text for text in statements if text.startswith("INSERT")]) == 2


def park_all(installation: Installation) -> int:
    with installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE task SET state = 'parked', attempts = 12, error = 'no', remedy = 'mend'")
    (item,) = parked(installation.db)
    assert (item.error, item.remedy, item.attempts) == ("no", "mend", 12)
    return item.id


def test_a_person_retries_what_was_parked(installation: Installation) -> None:
    ask_for(installation, NewTask("book", "sf", "book:1"))
    task = park_all(installation)
    with installation.unit_of_work("person:ann") as uow:
        retry(uow, task)
    (item,) = work(installation.db, states=("due",), owner="sf")
    assert (item.attempts, item.error, item.due_at) == (0, "", installation.environment.now())
    with pytest.raises(DomainError, match="not parked"), installation.unit_of_work("person:ann") as uow:
        retry(uow, task)
    history = installation.db.rows("SELECT actor, action FROM audit WHERE kind = 'task' AND document = ?", (task,))
    assert [tuple(row) for row in history] == [("person:ann", "retry")]


def test_a_person_gives_up_what_was_parked(installation: Installation) -> None:
    ask_for(installation, NewTask("book", "sf", "book:1"))
    task = park_all(installation)
    with installation.unit_of_work("person:ann") as uow:
        give_up(uow, task, "sent by hand")
    assert counts(installation.db) == {"given_up": 1}
    assert work(installation.db) == []
    with pytest.raises(DomainError, match="not parked"), installation.unit_of_work("person:ann") as uow:
        give_up(uow, task)


def test_a_resumed_owner_s_failed_tasks_are_due_at_once(installation: Installation) -> None:
    later = installation.environment.now() + timedelta(hours=1)
    planned = NewTask("book", "sf", "book:planned", {}, later)
    ask_for(installation, NewTask("book", "sf", "book:1"), NewTask("book", "yto", "book:2"), planned)
    with installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE task SET due_at = ?, error = 'refused' WHERE key <> 'book:planned'", (later,))
        assert resume(uow, "sf") == 1
    due = {item.key: item.due_at for item in work(installation.db)}
    assert due == {"book:1": installation.environment.now(), "book:2": later, "book:planned": later}


def test_nobody_keeps_events_without_plugins(installation: Installation, statements: list[str]) -> None:
    installation.wiring.last = write(load([]))
    tell(installation, MOVED, SENT)
    assert statements == []
