"""What left is told to every platform it came from, once, and never taken for somebody else's doing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from orderyard.core.channels import publishing
from orderyard.core.channels.api import Confirmed, Shipment
from orderyard.core.channels.publishing import Publishing
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.kernel.errors import OutcomeUnknown, RemoteRejected, RemoteUnavailable
from orderyard.core.outbox.service import retry
from orderyard.core.testing.paper import Shop, document, later

Open = Callable[..., Shop]


def notices(shop: Shop) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in shop.house.db.rows("SELECT number, lines, whole, state FROM shipment_notice ORDER BY id")]


def told(shop: Shop) -> list[tuple[str, str, list[list[object]], bool]]:
    shop.house.system.worker.drain()
    return [(one["order"], one["number"], one["lines"], one["whole"]) for one in shop.platform.shipments]


def send(shop: Shop, fo_id: int) -> None:
    """The warehouse's part for one that is released already."""
    shop.house.label(fo_id)
    shop.house.pack(fo_id)
    with shop.house.work("person:warehouse") as uow:
        fulfillment.ship(uow, fo_id)


def test_a_parcel_of_two_orders_is_told_for_both(shop: Shop) -> None:
    shop.house.receive("SH", TEE=9, CAP=9)
    shop.pull(document("T1", ("TEE", 1)), document("T2", ("CAP", 2), ("TEE", 1)))
    with shop.house.work("automatic") as uow:
        [fo_id] = release_ready(uow)
    send(shop, fo_id)
    number = f"SF{fo_id:06d}"
    assert told(shop) == [
        ("T1", number, [["L-TEE", 1]], True),
        ("T2", number, [["L-CAP", 2], ["L-TEE", 1]], True),
    ]
    assert [state for *_, state in notices(shop)] == ["done", "done"]
    shop.house.system.worker.drain()
    assert len(shop.platform.shipments) == 2
    shop.house.prove()


def test_a_kit_is_told_as_the_line_the_buyer_knows(shop: Shop) -> None:
    shop.house.receive("SH", TEE=9, CAP=9)
    shop.pull(document("T1", ("SET", 2)))
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    assert told(shop)[0][2] == [["L-SET", 2]]


def two_parcels(shop: Shop, *, between: Callable[[], None] = lambda: None) -> None:
    """One order of three from two warehouses, sent one after the other."""
    shop.house.receive("SH", TEE=2, CAP=1)
    shop.house.receive("GZ", TEE=1)
    shop.pull(document("T1", ("TEE", 3), ("CAP", 1)))
    first, second = sorted(shop.house.fos(shop.order("T1")), key=lambda fo: shop.house.db.rows(
        "SELECT SUM(quantity) FROM fo_line WHERE fo_id = ?", (fo,))[0][0])  # fmt: skip
    shop.house.ship(first)
    between()
    shop.house.ship(second)


@pytest.mark.parametrize(
    ("tracking_per", "calls"),
    [
        ("quantity", [[["L-TEE", 1]], [["L-TEE", 2], ["L-CAP", 1]]]),
        ("line", [[["L-TEE", 3]], [["L-CAP", 1]]]),
        ("order", [[["L-TEE", 3], ["L-CAP", 1]]]),
    ],
)
def test_two_parcels_of_one_order_are_told_as_finely_as_the_platform_can(
    open_paper: Open, tracking_per: str, calls: list[list[list[object]]]
) -> None:
    shop = open_paper(tracking_per=tracking_per)
    two_parcels(shop)
    assert [lines for _, _, lines, _ in told(shop)] == calls
    states = [state for *_, state in notices(shop)]
    assert states == (["done", "done"] if len(calls) == 2 else ["done", "not_supported"])
    shop.house.prove()


@pytest.mark.parametrize("tracking_per", ["quantity", "line", "order"])
def test_what_we_told_is_not_taken_for_shipped_elsewhere_when_it_comes_back(open_paper: Open, tracking_per: str) -> None:
    """A platform that shows one number for three units says all three are shipped; the other parcel still leaves here."""
    shop = open_paper(tracking_per=tracking_per)
    order = document("T1", ("TEE", 3), ("CAP", 1))

    def comes_back() -> None:
        shipped = {line: count for _, _, lines, _ in told(shop) for line, count in lines}
        lines = [line | {"shipped": shipped.get(line["id"], 0)} for line in order["lines"]]
        shop.pull(later(order, lines=lines, state="partly_shipped"))

    two_parcels(shop, between=comes_back)
    assert shop.house.db.rows("SELECT SUM(shipped), SUM(shipped_externally) FROM order_line") == [(4, 0)]
    assert shop.house.card(shop.order("T1")).status == "shipped"
    shop.house.prove()


def test_what_somebody_else_shipped_on_top_is_still_seen(shop: Shop) -> None:
    shop.house.receive("SH", TEE=1)
    order = document("T1", ("TEE", 3))
    with shop.house.work() as uow:
        uow.db.change("UPDATE shop SET ship_policy = 'what_is_there'")
    shop.pull(order)
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    assert told(shop)[0][2] == [["L-TEE", 1]]
    shop.pull(later(order, lines=[order["lines"][0] | {"shipped": 2}], state="partly_shipped"))
    assert shop.house.db.rows("SELECT shipped, shipped_externally FROM order_line") == [(2, 1)]
    shop.house.prove()


def failing(shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception, known: Confirmed | None) -> list[str]:
    """Make the platform fail the next shipment call; what it is asked from then on."""
    asked: list[str] = []
    errors = [error]

    def confirm(self: object, shipment: Shipment, key: str) -> Confirmed:
        asked.append(f"confirm {shipment.number}")
        if errors:
            raise errors.pop()
        return Confirmed()

    def find(self: object, shipment: Shipment) -> Confirmed | None:
        asked.append(f"find {shipment.number}")
        return known

    monkeypatch.setattr(shop.Paper, "confirm_shipment", confirm)
    monkeypatch.setattr(shop.Paper, "find_shipment", find)
    return asked


@pytest.mark.parametrize(("known", "repeated"), [(Confirmed(already=True), False), (None, True)])
def test_an_unknown_outcome_is_looked_up_before_anything_is_repeated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, known: Confirmed | None, repeated: bool
) -> None:
    shop.house.receive("SH", TEE=9)
    shop.pull(document("T1", ("TEE", 1)))
    asked = failing(shop, monkeypatch, OutcomeUnknown("no answer"), known)
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    shop.house.system.worker.drain()
    shop.house.environment.moment += timedelta(minutes=1)
    shop.house.system.worker.drain()
    number = "SF000001"
    assert asked == [f"confirm {number}", f"find {number}"] + ([f"confirm {number}"] if repeated else [])
    assert [state for *_, state in notices(shop)] == ["done"]


def test_a_refused_call_is_parked_for_a_person_and_can_be_done_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.house.receive("SH", TEE=9)
    shop.pull(document("T1", ("TEE", 1)))
    failing(shop, monkeypatch, RemoteRejected("unknown carrier"), None)
    shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    assert shop.house.system.worker.drain().parked == 1
    assert shop.house.db.rows("SELECT state, note FROM shipment_notice") == [("failed", "unknown carrier")]
    [(task,)] = shop.house.db.rows("SELECT id FROM task WHERE state = 'parked'")
    with shop.house.work() as uow:
        retry(uow, task)
    shop.house.system.worker.drain()
    assert [state for *_, state in notices(shop)] == ["done"]


def test_stock_is_told_in_absolute_numbers_and_only_when_it_changed(shop: Shop) -> None:
    system = shop.house.system
    shop.house.receive("SH", TEE=9)
    shop.pull(document("T1", ("TEE", 2)))
    assert system.publish() == {"paper": 1}
    assert shop.platform.stock == {"TEE": 7}
    assert system.publish() == {"paper": 0}
    shop.house.receive("SH", TEE=1)
    assert system.publish_changed() == {"paper": 1}
    assert shop.platform.stock == {"TEE": 8}
    assert system.publish_changed() == {}


def test_what_has_just_changed_does_not_wait_for_everything_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    system = shop.house.system
    shop.house.receive("SH", TEE=9, CAP=9)
    shop.pull(document("T1", ("TEE", 2), ("CAP", 1)))
    monkeypatch.setattr(publishing, "_TOGETHER", 1)
    seen: list[dict[str, int]] = []

    def between() -> dict[str, int]:
        seen.append(dict(shop.platform.stock))
        return {}

    assert system.channels.publishing.publish_all(between) == {"paper": 2}
    assert seen == [{}, {"TEE": 7}]
    assert shop.platform.stock == {"TEE": 7, "CAP": 8}


def test_a_connection_in_trouble_is_asked_once_a_round(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.house.receive("SH", TEE=9, CAP=9)
    shop.pull(document("T1", ("TEE", 2), ("CAP", 1)))
    monkeypatch.setattr(publishing, "_TOGETHER", 1)
    asked: list[int] = []

    def down(self: Publishing, facts: object, channel: object, rows: Sequence[object], again: bool = True) -> int:
        asked.append(len(rows))
        raise RemoteUnavailable("down")

    with monkeypatch.context() as trouble:
        trouble.setattr(Publishing, "_publish", down)
        assert shop.house.system.channels.publishing.publish_all(dict) == {}
    assert asked == [1]
    assert shop.house.system.publish() == {"paper": 2}
