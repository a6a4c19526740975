"""What every sales channel must do, as tests that a plugin inherits."""

from __future__ import annotations

import inspect
import re
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from ..channels.api import (
    Channel,
    ChannelOrder,
    Found,
    ListingRef,
    PushesStock,
    Shipment,
    ShippedLine,
    StockAnswer,
    StockOutcome,
    StockTarget,
    TradeState,
    Window,
    check,
)
from ..kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from ..kernel.transport import HttpTransport
from ..kernel.values import Address, Money
from .public_names import private_imports
from .scripted import FixedEnvironment
from .simulator import BuyerOrder, ChannelSimulator, ShopItem


class ChannelConformance:
    """The cases every channel passes, run against its own simulator over real HTTP.

    A plugin's whole test of the contract is a subclass that says what to run against what:

        class TestTaobao(ChannelConformance):
            adapter = TaobaoChannel
            vendor = TaobaoSimulator
            confirm_operation = "taobao.logistics.offline.send"

    `confirm_operation` is the simulator's name (`Simulator.operation`) of the call that tells of a shipment; troubles are
    aimed at it. The other class attributes may be set too: `many` to more orders than fit two pages of the channel,
    `takes_cod` to false where the platform knows no cash on delivery, `carrier` and `numbers` where its rules want others.

    Clock and ids stand still (`environment` is a FixedEnvironment that simulator and transport share), so nothing sleeps and
    nothing depends on the day. Fixtures may be overridden: `environment`, `simulator` (running, its shop open), `transport`
    and `channel`. Everything the cases know of the vendor comes through ChannelSimulator, so they hold for any.
    """

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

    # What the cases say to simulator and channel

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

    # Orders come in

    def test_a_placed_order_is_pulled_and_read_whole(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("TEE-RED-L", 1), freight="8.00", discount="10.00"))
        orders = self.orders(channel, environment)
        assert list(orders) == [order_id]
        order = orders[order_id]
        check(order)
        assert (order.external_id, order.state, order.currency) == (order_id, TradeState.TO_SHIP, simulator.currency)
        assert order.number
        assert [(line.listing.merchant_code, line.quantity) for line in order.lines] == [("TEE-BLU-M", 2), ("TEE-RED-L", 1)]
        assert [line.unit_price for line in order.lines] == [self.money("59.00"), self.money("40.00")]
        assert sum(line.amount.minor for line in order.lines) == self.money("148.00").minor
        assert (order.freight, order.total) == (self.money("8.00"), self.money("156.00"))
        assert (order.paid, order.refunded) == (order.total, self.money("0"))
        assert [(line.cancelled, line.shipped, line.refund_requested) for line in order.lines] == [(0, 0, False)] * 2
        assert order.buyer.external_id
        assert (order.message, order.memo, order.cod) == ("请周末送货", "老顾客", False)
        assert (order.receiver.country, order.receiver.city) == (self.receiver.country, self.receiver.city)
        assert order.receiver.missing() == ()
        if order.receiver.masked:
            assert order.receiver.privacy_token
            assert order.receiver.token_owner
        else:
            assert (order.receiver.name, order.receiver.detail) == (self.receiver.name, self.receiver.detail)

    def test_pulling_again_gives_equal_documents(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        for lines in ((("MUG", 1),), (("TEE-BLU-M", 1), ("MUG", 3))):
            simulator.place(self.an_order(*lines))
            self.tick(environment)
        assert self.orders(channel, environment) == self.orders(channel, environment)

    def test_an_empty_window_has_one_empty_page(self, channel: Channel, environment: FixedEnvironment) -> None:
        assert list(self.walk(channel, environment)) == [()]

    def test_of_many_orders_over_several_pages_none_is_missed(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        placed = set()
        for _ in range(self.many):
            placed.add(simulator.place(self.an_order()))
            self.tick(environment)
        pages = list(self.walk(channel, environment))
        assert {found.external_id for page in pages for found in page} == placed
        assert len(pages) > 2, "set `many` to more orders than two pages hold"

    def test_orders_that_change_while_the_pages_are_walked_push_none_out(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        placed = []
        for _ in range(self.many):
            placed.append(simulator.place(self.an_order(paid=False)))
            self.tick(environment)
        seen: set[str] = set()
        # The oldest and the newest in turn, so that they come from either end of the list.
        restless = iter([placed[0], placed[-1], placed[1], placed[-2], placed[self.many // 2]])
        for page in self.walk(channel, environment):
            seen |= {found.external_id for found in page}
            if order_id := next(restless, None):
                self.tick(environment)
                simulator.pay(order_id)
        assert seen == set(placed)

    def test_ids_are_text_and_times_know_their_zone(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        simulator.place(self.an_order(("TEE-BLU-M", 1), ("MUG", 1)))
        for page in self.walk(channel, environment):
            for found in page:
                assert type(found.external_id) is str
                assert found.version.tzinfo is not None
                order = self.document(channel, found)
                assert order.version == found.version
                assert all(moment.tzinfo is not None for moment in (order.version, order.placed_at))
                for line in order.lines:
                    ids = (line.external_id, line.listing.item_id, line.listing.variant_id, line.listing.merchant_code)
                    assert all(type(value) is str for value in ids)
                    assert line.external_id
                    assert line.listing.item_id

    @pytest.mark.usefixtures("machine_zone")
    def test_the_zone_of_the_machine_changes_nothing(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order_id = simulator.place(self.an_order())
        order = self.orders(channel, environment)[order_id]
        assert (order.placed_at, order.paid_at) == (environment.now(), environment.now())
        assert not channel.confirm_shipment(self.shipment(order), key="k1").already

    def test_an_unpaid_order_is_unpaid_until_it_is_paid(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order_id = simulator.place(self.an_order(paid=False))
        before = self.orders(channel, environment)[order_id]
        assert (before.state, before.paid, before.paid_at) == (TradeState.UNPAID, self.money("0"), None)
        self.tick(environment)
        simulator.pay(order_id)
        after = self.orders(channel, environment)[order_id]
        assert (after.state, after.paid) == (TradeState.TO_SHIP, after.total)
        assert after.paid_at is not None
        assert after.version > before.version

    def test_an_order_refunded_before_shipment_is_cancelled(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("MUG", 1), freight="8.00"))
        self.tick(environment)
        simulator.refund(order_id)
        order = self.orders(channel, environment)[order_id]
        assert order.state is TradeState.CANCELLED
        assert [line.cancelled for line in order.lines] == [2, 1]
        assert order.refunded == order.paid == order.total

    def test_cash_on_delivery_is_to_ship_and_not_paid(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        if not self.takes_cod:
            pytest.skip("this platform knows no cash on delivery")
        order_id = simulator.place(self.an_order(cod=True, paid=False))
        order = self.orders(channel, environment)[order_id]
        assert (order.state, order.cod, order.paid) == (TradeState.TO_SHIP, True, self.money("0"))

    def test_an_item_that_nobody_mapped_is_read_like_any_other(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order_id = simulator.place(self.an_order(("NOBODY-KNOWS", 1)))
        order = self.orders(channel, environment)[order_id]
        assert order.lines[0].listing.merchant_code in ("NOBODY-KNOWS", "")
        assert order.lines[0].listing.item_id

    def test_an_order_that_does_not_exist_is_rejected(self, channel: Channel, simulator: ChannelSimulator) -> None:
        order_id = simulator.place(self.an_order())
        with pytest.raises(RemoteRejected):
            channel.fetch(self.unknown(order_id))

    @pytest.mark.parametrize(
        "body",
        [b"", b"garbage", b"\xff\xfe\x00", b"null", b"[]", b"{}", b'{"a": ', b"7", b"[" * 100_000, b"<html></html>"],
        ids=["empty", "words", "bytes", "null", "list", "object", "cut", "number", "deep", "html"],
    )
    def test_a_body_that_cannot_be_read_is_not_understood(self, channel: Channel, body: bytes) -> None:
        with pytest.raises(RemoteNotUnderstood):
            channel.read(body)

    def test_a_document_cut_short_is_not_understood(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        simulator.place(self.an_order())
        (found,) = [one for page in self.walk(channel, environment) for one in page]
        body = found.body if found.body is not None else channel.fetch(found.external_id)
        with pytest.raises(RemoteNotUnderstood):
            channel.read(body[: len(body) // 2])

    # Shipments go out

    def test_confirming_twice_has_one_effect(self, channel: Channel, simulator: ChannelSimulator) -> None:
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("MUG", 1)))
        shipment = self.shipment(self.one(channel, order_id))
        assert channel.find_shipment(shipment) is None
        assert not channel.confirm_shipment(shipment, key="k1").already
        assert channel.confirm_shipment(shipment, key="k1").already
        told = simulator.told()
        assert (told.shipments, told.confirmations) == ({order_id: (shipment.number,)}, 1)
        order = self.one(channel, order_id)
        assert order.state in (TradeState.SHIPPED, TradeState.COMPLETED)
        assert [line.shipped for line in order.lines] == [2, 1]

    def test_another_number_for_what_is_shipped_is_rejected(self, channel: Channel, simulator: ChannelSimulator) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        channel.confirm_shipment(self.shipment(order), key="k1")
        with pytest.raises(RemoteRejected):
            channel.confirm_shipment(self.shipment(order, self.numbers[1]), key="k2")
        assert simulator.told().shipments == {order.external_id: (self.numbers[0],)}

    def test_an_order_leaves_in_two_parcels(self, channel: Channel, simulator: ChannelSimulator) -> None:
        if channel.ability.tracking_per == "order":
            pytest.skip("this platform takes one number per order")
        order_id = simulator.place(self.an_order(("TEE-BLU-M", 2), ("MUG", 1)))
        channel.confirm_shipment(self.shipment(self.one(channel, order_id), only=0), key="k1")
        between = self.one(channel, order_id)
        assert between.state is TradeState.PARTLY_SHIPPED
        assert [line.shipped for line in between.lines] == [2, 0]
        channel.confirm_shipment(self.shipment(between, self.numbers[1], only=1), key="k2")
        assert self.one(channel, order_id).state in (TradeState.SHIPPED, TradeState.COMPLETED)
        assert simulator.told().shipments == {order_id: self.numbers}

    def test_a_lost_answer_leaves_the_outcome_open_until_it_is_looked_up(
        self, channel: Channel, simulator: ChannelSimulator
    ) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        shipment = self.shipment(order)
        simulator.chaos.arm("lose_answer", operation=self.confirm_operation)
        with pytest.raises(OutcomeUnknown):
            channel.confirm_shipment(shipment, key="k1")
        assert channel.find_shipment(shipment) is not None
        assert channel.confirm_shipment(shipment, key="k1").already
        assert simulator.told().confirmations == 1

    def test_a_rate_limit_says_how_long_to_wait(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        order = self.one(channel, simulator.place(self.an_order()))
        simulator.chaos.arm("too_many")
        with pytest.raises(RateLimited) as pulling:
            channel.pull(self.window(channel, environment))
        simulator.chaos.arm("too_many", operation=self.confirm_operation)
        with pytest.raises(RateLimited) as confirming:
            channel.confirm_shipment(self.shipment(order), key="k1")
        assert pulling.value.seconds > 0
        assert confirming.value.seconds > 0
        assert simulator.told().confirmations == 0
        assert not channel.confirm_shipment(self.shipment(order), key="k1").already

    # Stock goes out

    def stock(self, channel: Channel, targets: list[StockTarget], key: str) -> list[StockAnswer]:
        if not isinstance(channel, PushesStock):
            pytest.skip("this channel pushes no stock")
        answers = list(channel.push_stock(targets, key))
        assert [answer.target for answer in answers] == targets
        return answers

    def listings(self, channel: Channel, simulator: ChannelSimulator) -> dict[str, ListingRef]:
        """What the shop offers, by merchant code, as an order names it."""
        order = self.one(channel, simulator.place(self.an_order(*((item.sku, 1) for item in self.items()))))
        return {line.listing.merchant_code: line.listing for line in order.lines}

    def test_a_stock_figure_replaces_what_stood_there(self, channel: Channel, simulator: ChannelSimulator) -> None:
        listings = self.listings(channel, simulator)
        first = [StockTarget(listing, 7 + place) for place, listing in enumerate(listings.values())]
        assert {answer.outcome for answer in self.stock(channel, first, "k1")} == {StockOutcome.OK}
        second = [StockTarget(listings["MUG"], 3, expected=9), StockTarget(listings["TEE-BLU-M"], 0, expected=7)]
        assert {answer.outcome for answer in self.stock(channel, second, "k2")} == {StockOutcome.OK}
        assert simulator.told().stock == {"TEE-BLU-M": 0, "TEE-RED-L": 8, "MUG": 3}
        self.stock(channel, second, "k2")
        assert simulator.told().stock == {"TEE-BLU-M": 0, "TEE-RED-L": 8, "MUG": 3}

    def test_a_listing_the_platform_does_not_know_is_answered_and_stops_no_other(
        self, channel: Channel, simulator: ChannelSimulator
    ) -> None:
        listings = self.listings(channel, simulator)
        targets = []
        for listing in listings.values():
            targets.append(StockTarget(listing, 5))
            gone = ListingRef(self.unknown(listing.item_id), self.unknown(listing.variant_id), "GONE")
            targets.append(StockTarget(gone, 5))
        outcomes = [answer.outcome for answer in self.stock(channel, targets, "k1")]
        assert outcomes == [StockOutcome.OK, StockOutcome.UNKNOWN_LISTING] * len(listings)
        assert simulator.told().stock == dict.fromkeys(listings, 5)

    # Trouble, secrets, manners

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
