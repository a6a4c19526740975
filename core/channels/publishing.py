"""What a shop shows: the items it offers, and the stock that each of them may promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..catalog.service import meet_listings
from ..connections.service import ConnectionFacts
from ..inventory.published import Published, published
from ..kernel.db import as_moment
from .accounts import Accounts
from .api import ListingRef, ListsItems, PushesStock, StockOutcome, StockTarget

_TOGETHER = 500
"""SKUs whose figures are brought up to date before what has changed meanwhile has its turn."""
_ITEMS_AT_ONCE = 3
"""Shops whose offers are read at once: that is much work and no hurry, and figures of stock are to go out beside it."""


class Publishing:
    """Keeps what channels show in step with what is there."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._installation = accounts.installation

    # items

    def meet_items(self, facts: ConnectionFacts) -> int:
        """Learn what the shop offers, mapped by merchant code where that is a SKU's; how many items it has."""
        channel = self._accounts.channel(facts)
        if facts.shop_id is None or not isinstance(channel, ListsItems):
            return 0
        count, cursor = 0, None
        while True:
            page = channel.list_items(cursor)
            seen = {
                (item.listing.item_id, item.listing.variant_id): (item.listing.merchant_code, item.title) for item in page.items
            }
            if seen:
                with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                    meet_listings(uow, facts.shop_id, seen)
            count, cursor = count + len(seen), page.cursor
            if cursor is None:
                return count

    def meet_all(self) -> dict[str, int]:
        """Learn the offers of every active connection, each by itself."""
        return self._accounts.side_by_side("items", self.meet_items, _ITEMS_AT_ONCE)

    def meet_due(self) -> dict[str, int]:
        """Learn the offers of connections whose platform said that they changed."""
        return self._accounts.side_by_side("items", self._meet_due, _ITEMS_AT_ONCE)

    def _meet_due(self, facts: ConnectionFacts) -> int | None:
        now = self._installation.environment.now()
        with self._installation.db.connection():
            due = self._installation.db.row("SELECT items_due_at FROM connection WHERE id = ?", (facts.id,))
        if due is None or due[0] is None or as_moment(due[0]) > now:
            return None
        count = self.meet_items(facts)
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            # What was said while we read is read again.
            uow.db.change("UPDATE connection SET items_due_at = NULL WHERE id = ? AND items_due_at = ?", (facts.id, due[0]))
        return count

    # stock

    def publish(self, facts: ConnectionFacts, sku_ids: Iterable[int] | None = None) -> int:
        """Bring the numbers a channel shows up to date; how many figures it took.

        Stock figures are state: each is computed when it is sent, what the channel acknowledged is kept, and a figure that
        somebody else changed meanwhile is written again over what stands there now.
        """
        if facts.shop_id is None:
            return 0
        channel = self._accounts.channel(facts)
        if not isinstance(channel, PushesStock):
            return 0
        today = self._installation.merchant.day(self._installation.environment.now())
        numbers = published(self._installation.db, facts.shop_id, sku_ids, today)
        wanted = [row for row in numbers if row.wanted != row.acknowledged]
        taken = 0
        step = max(1, channel.ability.stock_batch)
        for start in range(0, len(wanted), step):
            taken += self._publish(facts, channel, wanted[start : start + step])
        return taken

    def _publish(self, facts: ConnectionFacts, channel: PushesStock, rows: Sequence[Published], again: bool = True) -> int:
        targets = [
            StockTarget(ListingRef(row.item_id, row.variant_id, row.merchant_code), row.wanted, row.acknowledged)
            for row in rows
        ]
        # An absolute figure may be sent twice without harm, so the key only has to differ from one push to the next.
        answers = channel.push_stock(targets, self._installation.environment.token())
        done: list[tuple[int, int | None]] = []
        stale: list[Published] = []
        for row, answer in zip(rows, answers, strict=True):
            if answer.outcome is StockOutcome.OK:
                done.append((row.listing_id, row.wanted))
            elif answer.outcome is StockOutcome.STALE:
                current = answer.current
                done.append((row.listing_id, current))
                stale.append(
                    Published(row.listing_id, row.item_id, row.variant_id, row.merchant_code, row.wanted, current, row.base)
                )
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            for listing_id, number in done:
                uow.db.change("UPDATE listing SET published = ? WHERE id = ?", (number, listing_id))
        taken = len(done) - len(stale)
        return taken + self._publish(facts, channel, stale, again=False) if stale and again else taken

    def publish_some(self, sku_ids: Iterable[int]) -> dict[str, int]:
        """Publish these SKUs on every active connection, each by itself: one in trouble waits for the next time alone."""
        skus = list(sku_ids)
        return self._accounts.side_by_side("publish", lambda facts: self.publish(facts, skus))

    def publish_all(self, between: Callable[[], Mapping[str, int]]) -> dict[str, int]:
        """Publish everything, some SKUs at a time; how many figures each connection took.

        `between` has its turn before each part, so that what has just changed waits for few others, and its figures count. A
        connection in trouble is left alone until the next time.
        """
        with self._installation.db.connection():
            found = self._installation.db.rows("SELECT DISTINCT sku_id FROM listing WHERE sku_id IS NOT NULL ORDER BY sku_id")
        skus = [sku_id for (sku_id,) in found]
        troubled: set[str] = set()
        taken: dict[str, int] = {}
        for start in range(0, max(1, len(skus)), _TOGETHER):
            part = skus[start : start + _TOGETHER]

            def publish(facts: ConnectionFacts, part: Sequence[int] = part) -> int | None:
                if facts.code in troubled:
                    return None
                troubled.add(facts.code)
                count = self.publish(facts, part)
                troubled.discard(facts.code)
                return count

            for done in (between(), self._accounts.side_by_side("publish", publish)):
                for code, count in done.items():
                    taken[code] = taken.get(code, 0) + count
        return taken
