"""Orders come in."""

from __future__ import annotations

import pytest

from ...channels.api import Channel, TradeState, check
from ...kernel.errors import RemoteNotUnderstood, RemoteRejected
from ..scripted import FixedEnvironment
from ..simulator import ChannelSimulator, HoldsOrders
from .bench import ChannelBench


class OrderCases(ChannelBench):
    """Pulled whole and none missed, read for what they say, refused when they cannot be read."""

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

    def test_an_order_the_platform_holds_says_why_until_it_lets_go(
        self, channel: Channel, simulator: ChannelSimulator, environment: FixedEnvironment
    ) -> None:
        if not isinstance(simulator, HoldsOrders):
            pytest.skip("this simulator holds no orders")
        order_id = simulator.place(self.an_order())
        assert self.one(channel, order_id).held == ""
        self.tick(environment)
        simulator.hold(order_id)
        held = self.orders(channel, environment)[order_id]
        assert held.held
        assert (held.state, [line.refund_requested for line in held.lines]) == (TradeState.TO_SHIP, [False])
        self.tick(environment)
        simulator.release(order_id)
        free = self.orders(channel, environment)[order_id]
        assert free.held == ""
        assert free.version > held.version

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
