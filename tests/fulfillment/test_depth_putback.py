"""Units that were picked for nothing stay reserved until somebody has put them back."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment import putback
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders import service as orders
from orderyard.core.orders.api import OrderStatus
from orderyard.core.testing.builders import House


def packed(house: House, *lines: tuple[str, int]) -> tuple[int, int]:
    house.receive("SH", TEE=5, CAP=5)
    [order_id] = house.place(house.order(*lines))
    [fo_id] = house.fos(order_id)
    house.release(fo_id)
    house.label(fo_id)
    house.pack(fo_id)
    return order_id, fo_id


def cancel(house: House, order_id: int, units: dict[int, int] | None = None) -> None:
    with house.work() as uow:
        orders.cancel(uow, order_id, units, "buyer")


def test_a_cancelled_parcel_is_put_back_before_anybody_gets_its_units(house: House) -> None:
    order_id, fo_id = packed(house, ("TEE", 5), ("CAP", 1))
    [later] = house.place(house.order(("TEE", 2)))
    [waits] = house.fos(later)
    cancel(house, order_id)
    assert house.card(order_id).status is OrderStatus.CANCELLED
    assert house.fo_state(fo_id) == "cancelled"
    assert house.levels("TEE") == {"SH": (5, 5)}
    assert house.fo_state(waits) == "planned"
    house.prove()
    with house.db.connection():
        tasks = putback.tasks(house.db)
    assert [(task.sku, task.quantity, task.stage, task.warehouse, task.reason) for task in tasks] == [
        ("TEE", 5, "packed", "SH", "buyer"), ("CAP", 1, "packed", "SH", "buyer"),
    ]  # fmt: skip
    with house.work("person:bob") as uow:
        putback.put_back(uow, tasks[0].id, "A-01-3")
    assert house.fo_state(waits) == "allocated"
    assert house.levels("TEE") == {"SH": (5, 2)}
    house.prove()
    with house.db.connection():
        [done] = putback.tasks(house.db, done=True)
    assert (done.place, done.closed_by) == ("A-01-3", "person:bob")


def test_a_part_that_is_cancelled_is_put_back_and_the_rest_goes(house: House) -> None:
    order_id, fo_id = packed(house, ("TEE", 3))
    [line] = house.line_ids(order_id)
    cancel(house, order_id, {line: 1})
    assert house.levels("TEE") == {"SH": (5, 3)}
    with house.work() as uow:
        fulfillment.ship(uow, fo_id)
    assert house.levels("TEE") == {"SH": (3, 1)}
    with house.work() as uow:
        assert putback.put_back_all(uow, fo_id, "A-01") == 1
    assert house.levels("TEE") == {"SH": (3, 0)}
    house.prove()


def test_what_nobody_touched_is_free_at_once(house: House) -> None:
    house.receive("SH", TEE=5)
    [order_id] = house.place(house.order(("TEE", 3)))
    house.release(house.fos(order_id)[0])
    cancel(house, order_id)
    assert house.levels("TEE") == {"SH": (5, 0)}
    assert house.db.rows("SELECT COUNT(*) FROM putback") == [(0,)]
    house.prove()


def test_sent_units_are_never_cancelled(house: House) -> None:
    order_id, fo_id = packed(house, ("TEE", 3))
    with house.work() as uow:
        fulfillment.ship(uow, fo_id)
    [line] = house.line_ids(order_id)
    with pytest.raises(DomainError, match="1 units to cancel, 0 open") as refused:
        cancel(house, order_id, {line: 1})
    assert refused.value.remedy == "only units that are not sent and not cancelled yet can be cancelled"
    house.prove()


def test_a_task_is_done_once(house: House) -> None:
    order_id, fo_id = packed(house, ("TEE", 3))
    cancel(house, order_id)
    with house.db.connection():
        [task] = putback.tasks(house.db, warehouse="SH")
        assert putback.tasks(house.db, warehouse="GZ") == []
    with house.work("person:bob") as uow:
        putback.put_back(uow, task.id)
    with pytest.raises(DomainError, match="was done by person:bob") as refused, house.work() as uow:
        putback.put_back(uow, task.id)
    assert refused.value.remedy == "reload the list of put-backs"
    with pytest.raises(DomainError, match="there is no put-back task 999"), house.work() as uow:
        putback.put_back(uow, 999)
    with pytest.raises(DomainError, match="has nothing to put back"), house.work() as uow:
        putback.put_back_all(uow, fo_id)
    house.prove()
