"""What every sales channel must do, as tests that a plugin inherits."""

from __future__ import annotations

import inspect
import traceback
from datetime import timedelta
from pathlib import Path

import pytest

from ..channels.api import Channel
from ..kernel.errors import CredentialsRefused, OutcomeUnknown, RateLimited, RemoteError, RemoteRejected, RemoteUnavailable
from ..kernel.transport import HttpTransport
from .channels.offers import OfferCases
from .channels.orders import OrderCases
from .channels.shipments import ShipmentCases
from .public_names import private_imports
from .scripted import FixedEnvironment
from .simulator import ChannelSimulator


class ChannelConformance(OrderCases, ShipmentCases, OfferCases):
    """The cases every channel passes, run against its own simulator over real HTTP.

    A plugin's whole test of the contract is a subclass that says what to run against what:

        class TestTaobao(ChannelConformance):
            adapter = TaobaoChannel
            vendor = TaobaoSimulator
            confirm_operation = "taobao.logistics.offline.send"

    `confirm_operation` is the simulator's name (`Simulator.operation`) of the call that tells of a shipment; troubles are
    aimed at it. The other class attributes may be set too: `many` to more orders and items than fit two pages of the channel,
    `takes_cod` to false where the platform knows no cash on delivery, `carrier` and `numbers` where its rules want others.

    Clock and ids stand still (`environment` is a FixedEnvironment that simulator and transport share), so nothing sleeps and
    nothing depends on the day. Fixtures may be overridden: `environment`, `simulator` (running, its shop open), `transport`
    and `channel`. Everything the cases know of the vendor comes through ChannelSimulator, so they hold for any.
    """

    def secrets(self, simulator: ChannelSimulator) -> dict[str, str]:
        """The values of the settings marked secret that the simulator's connection has."""
        settings = simulator.settings()
        return {field.name: settings[field.name] for field in self.adapter.settings if field.secret and field.name in settings}

    def test_wrong_credentials_ask_for_a_person(
        self, simulator: ChannelSimulator, transport: HttpTransport, environment: FixedEnvironment
    ) -> None:
        wrong = {name: value[::-1] for name, value in self.secrets(simulator).items()}
        assert wrong, "a channel has at least one setting marked secret"
        channel = self.adapter({**simulator.settings(), **wrong}, transport)
        with pytest.raises(CredentialsRefused):
            channel.pull(self.window(channel, environment))

    def test_no_error_tells_a_secret(
        self, channel: Channel, simulator: ChannelSimulator, transport: HttpTransport, environment: FixedEnvironment
    ) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        secrets = self.secrets(simulator)
        wrong = {name: value[::-1] for name, value in secrets.items()}
        window = self.window(channel, environment)
        raised: list[RemoteError] = []
        with pytest.raises(RemoteError) as error:
            self.adapter({**simulator.settings(), **wrong}, transport).pull(window)
        raised.append(error.value)
        simulator.chaos.arm("too_many")
        with pytest.raises(RateLimited) as error:
            channel.pull(window)
        raised.append(error.value)
        simulator.chaos.arm("lose_answer", operation=self.confirm_operation)
        with pytest.raises(OutcomeUnknown) as error:
            channel.confirm_shipment(self.shipment(order), key="k1")
        raised.append(error.value)
        with pytest.raises(RemoteRejected) as error:
            channel.confirm_shipment(self.shipment(order, self.numbers[1]), key="k2")
        raised.append(error.value)
        simulator.stop()
        with pytest.raises(RemoteUnavailable) as error:
            channel.pull(window)
        raised.append(error.value)
        for problem in raised:
            said = "\n".join([*traceback.format_exception(problem), repr(problem), problem.raw, problem.remedy])
            assert not [name for name, value in (*secrets.items(), *wrong.items()) if value in said], problem

    def test_it_names_itself_and_all_its_settings(self, simulator: ChannelSimulator) -> None:
        declared = {field.name: field for field in self.adapter.settings}
        given = simulator.settings()
        assert self.adapter.name == simulator.name
        assert self.adapter.title
        assert set(given) <= set(declared)
        assert [
            field.name for field in declared.values() if field.required and not field.default and not given[field.name]
        ] == []
        assert self.adapter.ability.tracking_per in ("order", "line", "quantity")
        assert self.adapter.ability.span > timedelta(0)

    def test_the_package_imports_public_names_only(self) -> None:
        package = Path(inspect.getfile(self.adapter)).parent
        for _ in self.adapter.__module__.split(".")[1:-1]:
            package = package.parent
        assert private_imports(package) == []
