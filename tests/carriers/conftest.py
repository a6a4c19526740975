"""The merchant with a carrier that lives in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from orderyard.core.carriers.api import Booked, Booking, Carrier, Label, TrackingEvent, TrackQuery
from orderyard.core.connections.service import connect
from orderyard.core.host.api import Manifest
from orderyard.core.kernel.transport import Delivery, Transport
from orderyard.core.testing.builders import House, open_house
from orderyard.core.testing.databases import Databases
from orderyard.hookspecs import hookimpl


@dataclass
class Depot:
    """The carrier's own side: what it booked and voided, what it will say, and which errors it makes next."""

    booked: dict[str, str] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    events: list[TrackingEvent] = field(default_factory=list)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    lost: bool = False
    """Whether a booking that fails was made all the same."""
    meanwhile: Callable[[], None] | None = None
    """What happens elsewhere before the next booking is made."""

    def meets(self, what: str) -> None:
        self.asked.append(what)
        if self.errors.get(what):
            raise self.errors[what].pop(0)


def carrier_of(depot: Depot) -> type[Carrier]:
    class Van(Carrier):
        name: ClassVar[str] = "van"
        title: ClassVar[str] = "Van"
        code: ClassVar[str] = "VAN"
        track_batch: ClassVar[int] = 2

        def __init__(self, settings: Mapping[str, str], transport: Transport) -> None:
            super().__init__(settings, transport)

        def book(self, booking: Booking, key: str) -> Booked:
            number = f"VAN-{key}"
            if meanwhile := depot.meanwhile:
                depot.meanwhile = None
                try:
                    meanwhile()
                finally:
                    depot.booked[key] = number
                return Booked(number)
            if depot.lost:
                depot.booked[key] = number
            depot.meets("book")
            assert depot.lost or key not in depot.booked, "the same parcel was booked twice"
            depot.booked[key] = number
            depot.bookings.append(booking)
            return Booked(number)

        def find(self, key: str, booking: Booking) -> Booked | None:
            depot.meets("find")
            return Booked(depot.booked[key]) if key in depot.booked else None

        def cancel(self, number: str, key: str) -> None:
            depot.meets("cancel")
            depot.cancelled.append(number)

        def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
            depot.meets(f"track {len(queries)}")
            numbers = {query.number for query in queries}
            return [event for event in depot.events if event.number in numbers]

        def label(self, number: str) -> Label:
            return Label(number, "application/pdf", f"%PDF {number}".encode())

        def receive_tracking(self, delivery: Delivery) -> tuple[Sequence[TrackingEvent], bytes]:
            return depot.events, b'{"ok": 1}'

    return Van


@dataclass
class Yard:
    house: House
    depot: Depot


@pytest.fixture
def yard(databases: Databases, tmp_path: Path) -> Iterator[Yard]:
    depot = Depot()

    @hookimpl
    def register_carriers() -> list[type[Carrier]]:
        return [carrier_of(depot)]

    module = SimpleNamespace(manifest=Manifest("van", "Van"), register_carriers=register_carriers)
    with open_house(databases, tmp_path, plugins={"van": module}) as house:
        with house.work() as uow:
            connect(uow, house.system.seal, code="van-1", kind="carrier", adapter="van", shop_id=None, fields=(), settings={})
            uow.db.change("UPDATE shop SET carrier = 'van-1'")
            uow.db.change("UPDATE warehouse SET address = ?", ('{"province":"上海市","city":"上海市","phone":"021"}',))
        yield Yard(house, depot)
