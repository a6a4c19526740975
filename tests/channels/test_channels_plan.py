"""What a platform can be told about a parcel, by what it is able to show."""

from __future__ import annotations

import pytest

from orderyard.core.channels.api import ShippedLine
from orderyard.core.channels.writeback import Sent, plan

A = Sent("a", quantity=1, told=0, ordered=3)
B = Sent("b", quantity=2, told=0, ordered=2)
NOT_HERE = Sent("c", quantity=0, told=0, ordered=4)
A_AGAIN = Sent("a", quantity=2, told=3, ordered=3)


@pytest.mark.parametrize(
    ("tracking_per", "sent", "told_before", "lines"),
    [
        ("order", [A, B], False, [("a", 3), ("b", 2)]),
        ("order", [A_AGAIN], True, []),
        ("line", [A, B], False, [("a", 3), ("b", 2)]),
        ("line", [A_AGAIN, B], True, [("b", 2)]),
        ("line", [A_AGAIN], True, []),
        ("quantity", [A, B], False, [("a", 1), ("b", 2)]),
        ("quantity", [Sent("a", 2, 1, 3)], True, [("a", 2)]),
        ("quantity", [], True, []),
        ("order", [A, NOT_HERE], False, [("a", 3), ("c", 4)]),
        ("line", [A, NOT_HERE], False, [("a", 3)]),
        ("quantity", [A, NOT_HERE], False, [("a", 1)]),
    ],
)
def test_the_finest_thing_a_number_can_be_told_for(
    tracking_per: str, sent: list[Sent], told_before: bool, lines: list[tuple[str, int]]
) -> None:
    assert plan(tracking_per, sent, told_before=told_before) == tuple(ShippedLine(*line) for line in lines)
