"""Plugins hear what happened after the commit: at least once, in batches, and each only its own failures again."""

from __future__ import annotations

import importlib.util
import json
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from orderyard.core.customers.api import CustomerCard
from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.plugins import Plugins, load
from orderyard.core.host.sealing import Seal
from orderyard.core.host.service import PluginContexts, save_settings
from orderyard.core.kernel.errors import CredentialsRefused, RateLimited, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import Request, Response
from orderyard.core.kernel.uow import Installation
from orderyard.core.orders.api import OrderCard, OrderPlaced
from orderyard.core.outbox.dispatch import event_handler
from orderyard.core.outbox.queries import counts, parked, work
from orderyard.core.outbox.service import EVENT, retry, write
from orderyard.core.outbox.worker import Worker
from orderyard.core.testing.scripted import FixedEnvironment, ScriptedTransport, answer

BELL = Path(__file__).parents[1] / "plugins" / "bell" / "orderyard_bell.py"
SEAL = Seal([b"k" * 32])


class Cards:
    """A core that knows no customers and no orders."""

    def customer(self, customer_id: int) -> CustomerCard:
        raise AssertionError(customer_id)

    def order(self, order_id: int) -> OrderCard:
        raise AssertionError(order_id)


class Road:
    """An installation with plugins, and a worker that tells them."""

    def __init__(self, installation: Installation, transport: ScriptedTransport, plugins: Plugins) -> None:
        self.installation = installation
        self.transport = transport
        self.refused: list[str] = []
        installation.wiring.last = write(plugins)
        contexts = PluginContexts(installation, plugins, SEAL, transport, Cards())
        handler = event_handler(installation, plugins, contexts)
        self.worker = Worker(
            installation,
            {EVENT: handler},
            paused=lambda: self.refused,
            on_credentials_refused=lambda owner, error: self.refused.append(f"{owner}"),
        )

    def tell(self, *events: object) -> None:
        with self.installation.unit_of_work("test") as uow:
            uow.emit(*events)

    def counts(self) -> Mapping[str, int]:
        return counts(self.installation.db)


def sent(number: int) -> ShipmentDispatched:
    return ShipmentDispatched(number, f"FO{number}", "SH", "SF", f"SF{number}", (number,))


def module(source: str) -> types.ModuleType:
    made = types.ModuleType("orderyard_crm")
    head = "from orderyard.hookspecs import Manifest, hookimpl\nfrom orderyard.core.host.api import Failed\n"
    head += "from orderyard.core.kernel.errors import *\nmanifest = Manifest(slug='crm', title='CRM')\n"
    exec(compile(head + source, "crm.py", "exec"), made.__dict__)  # noqa: S102
    return made


@pytest.fixture
def bell() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("orderyard_bell", BELL)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


Build = Callable[..., Road]


@pytest.fixture
def road(installation: Installation, bell: types.ModuleType) -> Build:
    """The stranger's plugin, set up, with a scripted chat."""

    def built(*script: Response | Exception, settings: bool = True) -> Road:
        plugins = load(["bell"], extra={"bell": bell})
        if settings:
            with installation.unit_of_work("test") as uow:
                save_settings(uow, SEAL, plugins.manifests["bell"], {"url": "https://chat.example", "token": "t0ken"})
        return Road(installation, ScriptedTransport(*script), plugins)

    return built


def words(request: Request) -> str:
    return str(json.loads(request.body)["text"])


def test_a_stranger_hears_of_a_shipment_after_the_commit(road: Build) -> None:
    going = road(answer("ok"))
    going.tell(sent(1))
    assert going.transport.sent == []
    going.worker.drain()
    (request,) = going.transport.sent
    assert words(request) == "FO1 left SH with SF SF1"
    assert request.headers == {"authorization": "Bearer t0ken", "idempotency-key": "bell-1"}
    assert going.counts() == {"done": 1}
    remembered = going.installation.db.rows("SELECT slug, key, value FROM plugin_memory")
    assert [tuple(row) for row in remembered] == [("bell", "order:1", "SF1")]


def test_only_what_failed_is_told_again(road: Build, environment: FixedEnvironment) -> None:
    going = road(answer("ok"), RemoteUnavailable("away"), RemoteRejected("no"), answer("ok"))
    going.tell(*[sent(number) for number in (1, 2, 3, 4)])
    drained = going.worker.drain()
    assert (drained.worked, drained.waiting, drained.parked) == (4, 1, 1)
    going.transport.script = [answer("ok"), answer("ok")]
    environment.moment += timedelta(minutes=1)
    (stopped,) = parked(going.installation.db)
    assert (stopped.owner, stopped.event, stopped.error) == ("bell", "shipment_dispatched", "no")
    with going.installation.unit_of_work("person:ann") as uow:
        retry(uow, stopped.id)
    going.worker.drain()
    assert [words(request)[:3] for request in going.transport.sent] == ["FO1", "FO2", "FO3", "FO4", "FO2", "FO3"]
    assert going.counts() == {"done": 4}


def test_events_of_one_name_come_in_order_and_together(installation: Installation) -> None:
    heard: list[list[int]] = []
    plugin = module("@hookimpl\ndef on_order_placed(events): heard.append([event.order_id for event in events])")
    plugin.__dict__["heard"] = heard
    going = Road(installation, ScriptedTransport(), load(["crm"], extra={"crm": plugin}))
    going.tell(*[OrderPlaced(number) for number in range(70)])
    going.worker.drain()
    assert heard == [list(range(50)), list(range(50, 70))]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("RemoteUnavailable('away')", "due"),
        ("OutcomeUnknown('?')", "due"),
        ("ValueError('bug')", "parked"),
        ("SystemExit(1)", "parked"),
    ],
)
def test_a_raising_plugin_keeps_its_own_deliveries_and_nobody_else_s(
    installation: Installation, bell: types.ModuleType, error: str, state: str
) -> None:
    wrong = module(f"@hookimpl\ndef on_shipment_dispatched(events): raise {error}")
    plugins = load(["crm", "bell"], extra={"crm": wrong, "bell": bell})
    with installation.unit_of_work("test") as uow:
        save_settings(uow, SEAL, plugins.manifests["bell"], {"url": "https://chat.example", "token": "t"})
    going = Road(installation, ScriptedTransport(answer("ok")), plugins)
    going.tell(sent(1))
    going.worker.drain()
    assert {item.owner: item.state for item in work(installation.db, states=("due", "parked", "done"))} == {
        "crm": state,
        "bell": "done",
    }
    faults = installation.db.rows("SELECT slug, place FROM plugin_fault")
    assert [tuple(row) for row in faults] == ([("crm", "on_shipment_dispatched")] if state == "parked" else [])


def test_a_rate_limit_of_one_event_holds_the_plugin_s_others_back(
    installation: Installation, environment: FixedEnvironment
) -> None:
    plugin = module("@hookimpl\ndef on_order_placed(events): return [Failed(0, RateLimited('slow', seconds=9))]")
    going = Road(installation, ScriptedTransport(), load(["crm"], extra={"crm": plugin}))
    going.tell(OrderPlaced(1))
    going.worker.run_once()
    (item,) = work(installation.db)
    assert (item.due_at - environment.moment, item.attempts) == (timedelta(seconds=9), 0)
    assert RateLimited("slow", seconds=9).what == item.error


def test_refused_credentials_pause_the_plugin(road: Build, environment: FixedEnvironment) -> None:
    going = road(CredentialsRefused("token expired"))
    going.tell(sent(1))
    going.worker.drain()
    assert going.refused == ["bell"]
    environment.moment += timedelta(days=1)
    assert going.worker.drain().worked == 0
    assert going.counts() == {"due": 1}


def test_deliveries_wait_until_the_settings_are_complete(road: Build, environment: FixedEnvironment) -> None:
    going = road(answer("ok"), settings=False)
    going.tell(sent(1))
    assert going.worker.drain().waiting == 1
    (item,) = work(going.installation.db)
    assert "lacks its settings url, token" in item.error
    assert going.refused == ["bell"]


def test_a_disabled_plugin_s_deliveries_wait_and_are_not_lost(
    installation: Installation, road: Build, bell: types.ModuleType
) -> None:
    before = road()
    before.tell(sent(1))
    without = Road(installation, ScriptedTransport(), load([]))
    assert without.worker.drain().worked == 0
    assert without.counts() == {"due": 1}
    again = road(answer("ok"))
    again.worker.drain()
    assert words(again.transport.sent[0]).startswith("FO1")


def test_an_event_that_no_longer_reads_is_parked_alone(road: Build) -> None:
    going = road(answer("ok"))
    going.tell(sent(1), sent(2))
    with going.installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE task SET payload = '{\"fo\": 1}' WHERE id = (SELECT MIN(id) FROM task)")
    going.worker.drain()
    assert going.counts() == {"done": 1, "parked": 1}
    assert "no longer reads as ShipmentDispatched" in parked(going.installation.db)[0].error


def test_a_plugin_that_no_longer_listens_owes_nothing(installation: Installation, road: Build) -> None:
    road().tell(sent(1))
    deaf = types.ModuleType("deaf")
    exec("from orderyard.hookspecs import Manifest\nmanifest = Manifest(slug='bell', title='x')", deaf.__dict__)  # noqa: S102
    later = Road(installation, ScriptedTransport(), load(["bell"], extra={"bell": deaf}))
    later.worker.drain()
    assert later.counts() == {"done": 1}
