"""What a shop offers, and the numbers it shows."""

from __future__ import annotations

import pytest

from ...channels.api import Channel, ListedItem, ListingRef, ListsItems, PushesStock, StockAnswer, StockOutcome, StockTarget
from ..simulator import ChannelSimulator, ShopItem
from .bench import ChannelBench


class OfferCases(ChannelBench):
    """Stock goes out in absolute numbers; items are listed under the ids that lines and stock figures use."""

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

    # What it offers is listed

    def offer(self) -> tuple[ShopItem, ...]:
        """More than a page holds."""
        crowd = (ShopItem(f"CROWD-{number:03}", f"杂货 {number}", self.money("9.90")) for number in range(self.many))
        return (*self.items(), *crowd)

    def listed(self, channel: Channel) -> list[tuple[ListedItem, ...]]:
        """Page by page to the end, as far as there is anything on them."""
        if not isinstance(channel, ListsItems):
            pytest.skip("this channel lists no items")
        pages, cursor = [], None
        for _ in range(self.many + 20):
            page = channel.list_items(cursor)
            pages.append(page.items)
            cursor = page.cursor
            if cursor is None:
                return [items for items in pages if items]
        pytest.fail("the pages never end")

    def test_every_item_is_listed_once_under_the_ids_that_its_lines_bear(
        self, channel: Channel, simulator: ChannelSimulator
    ) -> None:
        simulator.open_shop(self.offer())
        pages = self.listed(channel)
        assert len(pages) > 1, "set `many` to more items than a page holds"
        items = [item for page in pages for item in page]
        assert all(item.title for item in items)
        for listing in (item.listing for item in items):
            assert all(type(value) is str for value in (listing.item_id, listing.variant_id, listing.merchant_code))
        order = self.one(channel, simulator.place(self.an_order(*((item.sku, 1) for item in self.offer()))))
        listings = [item.listing for item in items]
        assert len(listings) == len(set(listings))
        assert set(listings) == {line.listing for line in order.lines}

    def test_the_number_pushed_is_the_number_listed_afterwards(self, channel: Channel, simulator: ChannelSimulator) -> None:
        simulator.open_shop(self.offer())
        listings = [item.listing for page in self.listed(channel) for item in page]
        # Every seventh shows nothing: an item that is sold out is still one of the shop's.
        targets = [StockTarget(listing, place % 7) for place, listing in enumerate(listings)]
        step = channel.ability.stock_batch
        for start in range(0, len(targets), step):
            answers = self.stock(channel, targets[start : start + step], f"k{start}")
            assert {answer.outcome for answer in answers} == {StockOutcome.OK}
        shown = {item.listing: item.quantity for page in self.listed(channel) for item in page}
        assert shown.keys() == set(listings)
        assert [target for target in targets if shown[target.listing] not in (target.quantity, None)] == []
