"""What the cases of a channel stand on: its simulator, a clock that stands still, and words to say to both."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from ...channels.api import Channel, ChannelOrder, Found, Shipment, ShippedLine, Window
from ...kernel.transport import HttpTransport
from ...kernel.values import Address, Money
from ..scripted import FixedEnvironment
from ..simulator import BuyerOrder, ChannelSimulator, ShopItem


class ChannelBench:
    """Attributes, fixtures and vocabulary; `ChannelConformance` says what a plugin sets and may override."""

    adapter: ClassVar[type[Channel]]
    vendor: ClassVar[type[ChannelSimulator]]
    confirm_operation: ClassVar[str]
    many: ClassVar[int] = 120
    takes_cod: ClassVar[bool] = True
    carrier: ClassVar[tuple[str, str]] = ("SF", "顺丰速运")
    numbers: ClassVar[tuple[str, str]] = ("SF1000000000017", "SF1000000000024")
    receiver: ClassVar[Address] = Address(
        province="浙江省", city="杭州市", district="余杭区", detail="文一西路969号3幢", name="林小满", phone="18800004321"
    )

    @pytest.fixture
    def environment(self) -> FixedEnvironment:
        return FixedEnvironment(datetime(2026, 11, 21, 2, 0, 0, tzinfo=UTC))

    @pytest.fixture
    def simulator(self, environment: FixedEnvironment) -> Iterator[ChannelSimulator]:
        simulator = self.vendor(environment)
        simulator.start()
        simulator.open_shop(self.items())
        yield simulator
        simulator.stop()

    @pytest.fixture
    def transport(self, environment: FixedEnvironment) -> Iterator[HttpTransport]:
        transport = HttpTransport(environment)
        yield transport
        transport.close()

    @pytest.fixture
    def channel(self, simulator: ChannelSimulator, transport: HttpTransport) -> Channel:
        return self.adapter(simulator.settings(), transport)

    @pytest.fixture(params=["UTC", "Asia/Shanghai"])
    def machine_zone(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """The case runs once with the machine set to each zone."""
        with monkeypatch.context() as patch:
            patch.setenv("TZ", request.param)
            time.tzset()
            yield request.param
        time.tzset()

    def items(self) -> tuple[ShopItem, ...]:
        """Two variants of one product and a product that has none."""
        return (
            ShopItem("TEE-BLU-M", "纯棉短袖T恤", self.money("59.00"), "6901234567892", {"颜色": "蓝色", "尺码": "M"}),
            ShopItem("TEE-RED-L", "纯棉短袖T恤", self.money("40.00"), "6901234567908", {"颜色": "红色", "尺码": "L"}),
            ShopItem("MUG", "搪瓷杯", self.money("20.00"), "6901234567915"),
        )

    def money(self, text: str) -> Money:
        return Money.of(text, self.vendor.currency)

    def an_order(
        self, *lines: tuple[str, int], paid: bool = True, cod: bool = False, freight: str = "0", discount: str = "0"
    ) -> BuyerOrder:
        return BuyerOrder(
            buyer="xiaoman",
            receiver=self.receiver,
            lines=lines or (("MUG", 1),),
            email="xiaoman@example.com",
            freight=self.money(freight).minor,
            discount=self.money(discount).minor,
            message="请周末送货",
            memo="老顾客",
            cod=cod,
            paid=paid,
        )

    def tick(self, environment: FixedEnvironment, seconds: int = 2) -> None:
        """Time passes, as it does between two things that people do."""
        environment.moment += timedelta(seconds=seconds)

    def window(self, channel: Channel, environment: FixedEnvironment) -> Window:
        until = environment.now() + timedelta(minutes=1)
        return Window(until - min(channel.ability.span, timedelta(minutes=20)), until)

    def walk(self, channel: Channel, environment: FixedEnvironment) -> Iterator[tuple[Found, ...]]:
        """Page by page to the end of one window."""
        window, cursor = self.window(channel, environment), None
        for _ in range(self.many + 20):
            page = channel.pull(window, cursor)
            yield page.found
            cursor = page.cursor
            if cursor is None:
                return
        pytest.fail("the pages never end")

    def document(self, channel: Channel, found: Found) -> ChannelOrder:
        return channel.read(channel.fetch(found.external_id) if found.body is None else found.body)

    def orders(self, channel: Channel, environment: FixedEnvironment) -> dict[str, ChannelOrder]:
        """Everything a pull leads to, by id."""
        found = {one.external_id: one for page in self.walk(channel, environment) for one in page}
        return {external_id: self.document(channel, one) for external_id, one in found.items()}

    def one(self, channel: Channel, order_id: str) -> ChannelOrder:
        return channel.read(channel.fetch(order_id))

    def shipment(self, order: ChannelOrder, number: str = "", only: int | None = None) -> Shipment:
        """A parcel with all of the order, or with one of its lines alone."""
        lines = order.lines if only is None else order.lines[only : only + 1]
        rest = [line for line in order.lines if line not in lines and not line.shipped]
        return Shipment(
            order_external_id=order.external_id,
            lines=tuple(ShippedLine(line.external_id, line.quantity) for line in lines),
            carrier_code=self.carrier[0],
            carrier_title=self.carrier[1],
            number=number or self.numbers[0],
            whole=not rest,
        )

    def unknown(self, known: str) -> str:
        """An id of the same shape that nothing has."""
        return re.sub(r"\d+(?=\D*$)", lambda digits: "9" * len(digits[0]), known)
