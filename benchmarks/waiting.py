"""Thousands of orders of one line that wait, and then all go on in one run."""

from __future__ import annotations

from measuring import Took, timed
from ours import House

from orderyard.core.review.service import set_rule, waiting

_TOGETHER = 500


def all_released(house: House, count: int) -> Took:
    """They wait for review, and by now nothing is against them: judged, passed, routed over three warehouses, reserved."""
    installation, reviewer = house.system.installation, house.system.reviewer
    with installation.unit_of_work("person:bench") as uow:
        set_rule(uow, "amount_limit", enabled=True, settings={"CNY": "0.01"})
    _place(house, count)
    with installation.unit_of_work("person:bench") as uow:
        uow.db.change("UPDATE hold SET released_at = ?, released_by = 'bench' WHERE released_at IS NULL", (uow.now,))
        uow.db.change("UPDATE review_rule_setting SET enabled = FALSE, version = version + 1")
    reviewer.reload(installation.db)

    def run() -> None:
        with installation.unit_of_work("person:bench") as uow:
            reviewer.again(uow, waiting(uow.db))

    took = timed(run, count)
    _expect(house, "allocated", count)
    return took


def all_served(house: House, count: int) -> Took:
    """Each has its fulfillment order, which waits for stock; one receipt brings enough for all."""
    _place(house, count, hot=True)
    _expect(house, "planned", count)
    took = timed(lambda: house.stock_up(count), count)
    _expect(house, "allocated", count)
    return took


def _place(house: House, count: int, hot: bool = False) -> None:
    numbers = range(1, count + 1)
    drafts = [house.draft(no, [house.hot if hot else house.items[no % len(house.items)]]) for no in numbers]
    house.intake(drafts, _TOGETHER)


def _expect(house: House, state: str, count: int) -> None:
    row = house.system.installation.db.row("SELECT COUNT(*) FROM fulfillment_order WHERE state = ?", (state,))
    if row is None or row[0] != count:
        raise SystemExit(f"bench: {row} fulfillment orders are {state}, and {count} should be")
