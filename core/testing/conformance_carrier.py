"""What every carrier must do, as tests that a plugin inherits.

A plugin's whole test file:

    class TestJd(CarrierConformance):
        carrier_type = Jd
        simulator_type = JdSimulator

The kit starts the simulator on loopback, builds the carrier from the simulator's settings over a real HTTP transport, and
holds what the carrier says against what the simulator says it was told. Say more where your carrier differs:

* override the fixture `booking` when the carrier wants another address, product or weight;
* set `booking_operation` to the vendor's name of the booking call (what `Simulator.operation` gives for it) when the
  carrier makes other calls first, such as one for a token;
* a carrier that prints no labels, or tells nothing of a parcel on its way (`track_batch = 0`), needs nothing: those cases
  skip themselves with their reason.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from ..carriers.api import Booking, Carrier, Goods, PrintsLabels, TrackingState, TrackQuery
from ..kernel.clock import SystemEnvironment
from ..kernel.errors import (
    CredentialsRefused,
    OrderyardError,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteRejected,
    RemoteUnavailable,
)
from ..kernel.transport import HttpTransport
from ..kernel.values import Address, Money
from .public_names import private_imports
from .scripted import ScriptedTransport, answer
from .simulator import CarrierSimulator

_SHANGHAI = Address(
    province="上海市",
    city="上海市",
    district="浦东新区",
    detail="测试路1号",
    name="测试仓",
    phone="13000000001",
    company="测试商户",
)
_SHENZHEN = Address(
    province="广东省", city="深圳市", district="南山区", detail="测试大道2号A~B座*", name="测试收件人甲", phone="13000000002"
)
_FORWARD = (
    TrackingState.PICKED_UP,
    TrackingState.IN_TRANSIT,
    TrackingState.OUT_FOR_DELIVERY,
    TrackingState.DELIVERED,
)
_MAGIC = {
    "application/pdf": b"%PDF",
    "image/png": b"\x89PNG",
    "text/html": b"<",
    "application/zpl": b"^XA",
    "application/json": b"{",  # what a platform's own print client draws the label from
}
_BROKEN = {
    "a page": answer("<html>502 Bad Gateway</html>", 200),
    "an empty body": answer(b"", 200),
    "another shape": answer([], 200),
    "not UTF-8": answer(b"\xff\xfe{}", 200),
    "a server error": answer({"error": "boom"}, 500),
}


class CarrierConformance:
    """The cases. See the module for how to use it."""

    carrier_type: ClassVar[type[Carrier]]
    simulator_type: ClassVar[type[CarrierSimulator]]
    booking_operation: ClassVar[str] = ""
    """The vendor's name of the call that books; empty means that the first call does."""

    @pytest.fixture
    def simulator(self) -> Iterator[CarrierSimulator]:
        """The vendor, running."""
        running = self.simulator_type()
        running.start()
        yield running
        running.stop()

    @pytest.fixture
    def transport(self) -> Iterator[HttpTransport]:
        """The real network and the real time."""
        opened = HttpTransport(SystemEnvironment())
        yield opened
        opened.close()

    @pytest.fixture
    def carrier(self, simulator: CarrierSimulator, transport: HttpTransport) -> Carrier:
        """The adapter, connected to the simulator."""
        return self.carrier_type(simulator.settings(), transport)

    @pytest.fixture
    def booking(self) -> Booking:
        """A parcel the carrier takes."""
        return Booking(
            sender=_SHANGHAI,
            receiver=_SHENZHEN,
            goods=(Goods("测试T恤", 2, weight_g=350, value=Money.of("49.50", "CNY")),),
            weight_g=750,
            remark="conformance * ~ + & % 空格",
        )

    def test_a_booking_gives_a_number_that_find_repeats(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        booked = carrier.book(booking, "KIT-1")
        found = carrier.find("KIT-1", booking)
        assert booked.number
        assert found is not None
        assert found.number == booked.number
        assert dict(simulator.told().waybills) == {"KIT-1": booked.number}

    def test_two_keys_are_two_waybills(self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking) -> None:
        first, second = carrier.book(booking, "KIT-1"), carrier.book(booking, "KIT-2")
        assert first.number != second.number
        assert simulator.told().bookings == 2

    def test_booking_a_key_again_never_makes_a_second_waybill(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        first = carrier.book(booking, "KIT-1")
        try:
            second = carrier.book(booking, "KIT-1")
        except OutcomeUnknown:
            found = carrier.find("KIT-1", booking)
            assert found is not None
            second = found
        assert second.number == first.number
        assert simulator.told().bookings == 1

    def test_a_lost_answer_is_an_unknown_outcome_that_find_settles(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        simulator.chaos.arm("lose_answer", operation=self.booking_operation)
        with pytest.raises(OutcomeUnknown):
            carrier.book(booking, "KIT-1")
        found = carrier.find("KIT-1", booking)
        assert found is not None
        assert found.number == simulator.told().waybills["KIT-1"]
        assert simulator.told().bookings == 1

    def test_a_rate_limit_says_how_long_to_wait_and_books_nothing(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        simulator.chaos.arm("too_many", operation=self.booking_operation)
        with pytest.raises(RateLimited) as limited:
            carrier.book(booking, "KIT-1")
        assert limited.value.seconds > 0
        assert simulator.told().bookings == 0
        assert carrier.book(booking, "KIT-1").number

    def test_nothing_is_found_under_an_unknown_key(self, carrier: Carrier, booking: Booking) -> None:
        assert carrier.find("KIT-NEVER-BOOKED", booking) is None

    def test_cancelling_twice_is_fine(self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking) -> None:
        number = carrier.book(booking, "KIT-1").number
        carrier.cancel(number, "KIT-1")
        carrier.cancel(number, "KIT-1")
        assert dict(simulator.told().waybills) == {}

    def test_a_parcel_on_its_way_cannot_be_cancelled(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        number = carrier.book(booking, "KIT-1").number
        simulator.advance(number, TrackingState.PICKED_UP)
        with pytest.raises(RemoteRejected):
            carrier.cancel(number, "KIT-1")
        assert dict(simulator.told().waybills) == {"KIT-1": number}

    def test_tracking_goes_forward_in_time_and_keeps_its_ids(
        self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking
    ) -> None:
        self._tracks()
        number = carrier.book(booking, "KIT-1").number
        query = [TrackQuery(number, booking.receiver.phone[-4:])]
        seen: dict[str, TrackingState] = {}
        for state in _FORWARD:
            simulator.advance(number, state)
            events = carrier.track(query)
            now = {event.id: event.state for event in events}
            assert len(now) == len(events), "two events share an id"
            assert seen.items() <= now.items(), "an event changed its id or its state between two answers"
            assert [event.at for event in events] == sorted(event.at for event in events)
            assert all(event.number == number for event in events)
            assert events[-1].state is state
            seen = now
        assert list(seen.values()).count(TrackingState.DELIVERED) == 1
        reached = list(dict.fromkeys(state for state in seen.values() if state in _FORWARD))
        assert reached == list(_FORWARD)

    def test_a_state_nobody_mapped_moves_nothing(self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking) -> None:
        self._tracks()
        number = carrier.book(booking, "KIT-1").number
        simulator.advance(number, TrackingState.PICKED_UP)
        simulator.advance(number, TrackingState.UNKNOWN)
        events = carrier.track([TrackQuery(number, booking.receiver.phone[-4:])])
        assert events[-1].state is TrackingState.UNKNOWN
        assert events[-1].code

    def test_an_unknown_waybill_is_no_error(self, simulator: CarrierSimulator, carrier: Carrier, booking: Booking) -> None:
        self._tracks()
        known = carrier.book(booking, "KIT-1").number
        simulator.advance(known, TrackingState.PICKED_UP)
        unknown = known[:-1] + ("1" if known[-1] == "0" else "0")
        events = carrier.track([TrackQuery(unknown), TrackQuery(known)])
        assert {event.number for event in events} == {known}
        assert list(carrier.track([])) == []

    def test_the_label_is_what_its_media_type_says(self, carrier: Carrier, booking: Booking) -> None:
        if not isinstance(carrier, PrintsLabels):
            pytest.skip(f"{self.carrier_type.name} prints no labels")
        number = carrier.book(booking, "KIT-1").number
        label = carrier.label(number)
        assert label.number == number
        assert label.media_type in _MAGIC, f"no such label format: {label.media_type}"
        assert label.content.startswith(_MAGIC[label.media_type])
        assert carrier.label(number).media_type == label.media_type

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
    def test_the_zone_of_the_machine_changes_nothing(
        self,
        zone: str,
        monkeypatch: pytest.MonkeyPatch,
        simulator: CarrierSimulator,
        carrier: Carrier,
        transport: HttpTransport,
        booking: Booking,
    ) -> None:
        self._tracks()
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            try:
                number = carrier.book(booking, "KIT-1").number
                simulator.advance(number, TrackingState.PICKED_UP)
                events = carrier.track([TrackQuery(number, booking.receiver.phone[-4:])])
            finally:
                patch.undo()
                time.tzset()
        assert events
        for event in events:
            assert event.at.tzinfo is UTC or event.at.utcoffset() == timedelta(0)
            # Half an hour is far more than the case takes and less than any zone is away from another.
            assert abs(event.at - transport.now()) < timedelta(minutes=30), f"{event.at} is off by a zone"

    def test_secrets_stay_out_of_what_an_error_shows(
        self, simulator: CarrierSimulator, transport: HttpTransport, booking: Booking
    ) -> None:
        right = dict(simulator.settings())
        secrets = [field.name for field in self.carrier_type.settings if field.secret]
        shown: list[str] = []
        for name in secrets:
            wrong = self.carrier_type({**right, name: f"WRONG{right[name]}"}, transport)
            with pytest.raises(CredentialsRefused) as refused:
                wrong.book(booking, "KIT-1")
            shown.append(_everything(refused.value))
        connected = self.carrier_type(right, transport)
        simulator.chaos.arm("lose_answer")
        with pytest.raises(RemoteError) as lost:
            connected.book(booking, "KIT-2")
        simulator.stop()
        with pytest.raises(RemoteUnavailable) as gone:
            connected.book(booking, "KIT-3")
        shown += [_everything(lost.value), _everything(gone.value), repr(connected)]
        for name in secrets:
            assert not [text for text in shown if right[name] in text], f"the setting {name} shows in an error"

    @pytest.mark.parametrize("kind", sorted(_BROKEN))
    def test_a_broken_answer_raises_nothing_but_remote_errors(
        self, kind: str, simulator: CarrierSimulator, booking: Booking
    ) -> None:
        def scripted() -> Carrier:
            return self.carrier_type(simulator.settings(), ScriptedTransport(*[_BROKEN[kind]] * 10))

        with pytest.raises(RemoteError):
            scripted().book(booking, "KIT-1")
        with pytest.raises(RemoteError):
            scripted().find("KIT-1", booking)
        with pytest.raises(RemoteError):
            scripted().cancel("1", "KIT-1")
        if self.carrier_type.track_batch:
            with pytest.raises(RemoteError):
                scripted().track([TrackQuery("1")])

    def _tracks(self) -> None:
        if not self.carrier_type.track_batch:
            pytest.skip(f"{self.carrier_type.name} tells nothing of a parcel on its way")

    def test_it_imports_only_what_is_public_to_plugins(self) -> None:
        for kind in (self.carrier_type, self.simulator_type):
            module = sys.modules[kind.__module__]
            root = sys.modules.get(kind.__module__.partition(".")[0], module)
            source = Path(getattr(root, "__file__", None) or inspect.getfile(module))
            assert private_imports(source.parent if source.name == "__init__.py" else source) == []

    def test_its_names_and_settings_hold_together(self, simulator: CarrierSimulator) -> None:
        kind = self.carrier_type
        assert kind.name == simulator.name
        assert kind.title.strip()
        assert kind.code.strip()
        assert kind.track_batch >= 0
        fields = {field.name: field for field in kind.settings}
        assert len(fields) == len(kind.settings), "two settings share a name"
        given = simulator.settings()
        assert set(given) <= set(fields), "the simulator gives settings the form does not have"
        assert {name for name, field in fields.items() if field.required and not field.default} <= set(given)
        assert not [name for name, field in fields.items() if field.secret and field.default]


def _everything(error: BaseException | None) -> str:
    """All that a log or a page could show of an error and of what caused it."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error)]
        if isinstance(error, OrderyardError):
            texts += [error.what, error.remedy]
        if isinstance(error, RemoteError):
            texts += [error.code, error.raw]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)
