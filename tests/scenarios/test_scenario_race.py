"""Eight threads, 160 orders, 100 units: exactly 100 are promised, and nobody hears of a lock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from orderyard.core.fulfillment.service import ship
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders import service as orders
from orderyard.core.testing.paper import Shop, body, document

THREADS = 8


def side_by_side(shop: Shop, work: Sequence[Callable[[], None]]) -> list[BaseException]:
    """Run these at the same time, as nearly as it goes; what was raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(work))

    def run(one: Callable[[], None]) -> None:
        start.wait()
        try:
            one()
        except BaseException as error:
            raised.append(error)
        finally:
            shop.house.db.release()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def reserved(shop: Shop) -> int:
    return sum(units for _, units in shop.house.levels("TEE").values())


def test_exactly_what_is_there_is_promised_and_the_same_documents_again_change_nothing(shop: Shop) -> None:
    shop.house.receive("SH", TEE=40)
    shop.house.receive("GZ", TEE=35)
    shop.house.receive("BJ", TEE=25)
    documents = {f"T{number}": body(document(f"T{number}", ("TEE", 1))) for number in range(160)}
    verdicts: Counter[str] = Counter()

    def feed(part: int, time: int) -> Callable[[], None]:
        def run() -> None:
            for external_id in list(documents)[part::THREADS]:
                verdicts[shop.take(f"{external_id}/{time}", external_id, documents[external_id])] += 1

        return run

    assert side_by_side(shop, [feed(part, 1) for part in range(THREADS)]) == []
    assert verdicts == {"effective": 160}
    states = Counter(row[0] for row in shop.house.db.rows("SELECT state FROM fulfillment_order"))
    assert (reserved(shop), states) == (100, {"allocated": 100, "planned": 60})
    shop.house.prove()
    before = shop.house.db.rows("SELECT id, status, version FROM sales_order ORDER BY id")
    # Every document again, from all threads, each twice at once with its own twin.
    assert side_by_side(shop, [feed(part // 2, 2 + part % 2) for part in range(THREADS)]) == []
    assert verdicts == {"effective": 160, "duplicate": 160}
    assert shop.house.db.rows("SELECT id, status, version FROM sales_order ORDER BY id") == before
    assert reserved(shop) == 100
    shop.house.prove()


def test_the_same_new_order_from_all_sides_at_once_becomes_one(shop: Shop) -> None:
    shop.house.receive("SH", TEE=9)
    content = body(document("T1", ("TEE", 2)))
    verdicts: list[str] = []
    work = [lambda n=n: verdicts.append(shop.take(f"d{n}", "T1", content)) for n in range(THREADS)]
    assert side_by_side(shop, work) == []
    assert Counter(verdicts) == {"effective": 1, "duplicate": THREADS - 1}
    assert shop.house.levels("TEE") == {"SH": (9, 2)}
    shop.house.prove()


def test_orders_cancellations_and_receipts_at_once_leave_nobody_waiting_beside_free_stock(shop: Shop) -> None:
    house = shop.house
    house.receive("SH", TEE=10, CAP=5)
    first = house.place(*[house.order(("TEE", 1)) for _ in range(10)])
    drafts = [house.order(("TEE", 1), ("CAP", 1)) if n % 2 else house.order(("TEE", 1)) for n in range(20)]

    def cancel(order_ids: Sequence[int]) -> Callable[[], None]:
        def run() -> None:
            for order_id in order_ids:
                with house.work() as uow:
                    orders.cancel(uow, order_id, None, "buyer")

        return run

    def place(part: int) -> Callable[[], None]:
        return lambda: [house.place(draft) for draft in drafts[part::2]] and None  # type: ignore[return-value]

    def bring() -> None:
        for number in range(5):
            house.receive("SH", key=f"R{number}", TEE=1, CAP=1)

    assert side_by_side(shop, [cancel(first[:5]), cancel(first[5:]), place(0), place(1), bring]) == []
    waiting = house.db.rows("SELECT COUNT(*) FROM fulfillment_order WHERE state = 'planned'")[0][0]
    free = sum(on_hand - held for on_hand, held in house.levels("TEE").values())
    assert (waiting, free) == (5, 0)
    house.prove()


def cancelled(uow: UnitOfWork, order_id: int) -> None:
    orders.cancel(uow, order_id, None, "buyer")


def test_cancelling_what_is_being_shipped_is_decided_one_way_and_nobody_hears_of_a_deadlock(shop: Shop) -> None:
    """Cancelling locks the order first, shipping the parcel: the two meet, and one of them is tried again."""
    house = shop.house
    installation = house.system.installation
    refused: list[str] = []
    house.receive("SH", TEE=20, CAP=20)
    ids = house.place(*[house.order(("TEE", 1), ("CAP", 1)) for _ in range(30)])
    parcels = [house.fos(order_id)[0] for order_id in ids[:8]]
    for fo_id in parcels:
        house.release(fo_id)
        house.label(fo_id)
        house.pack(fo_id)

    def cancel(part: int) -> Callable[[], None]:
        def run() -> None:
            for order_id in ids[part::4]:
                installation.carry_out("person:ann", partial(cancelled, order_id=order_id))

        return run

    def send() -> None:
        for fo_id in parcels:
            try:
                installation.carry_out("person:bob", partial(ship, fo_id=fo_id))
            except DomainError as error:
                refused.append(str(error))

    assert side_by_side(shop, [*(cancel(part) for part in range(4)), send]) == []
    states = Counter(house.fo_state(fo_id) for fo_id in parcels)
    assert states["shipped"] + states["cancelled"] == len(parcels)
    assert states["cancelled"] == len(refused)
    assert house.levels("TEE") == {"SH": (20 - states["shipped"], 0)}
    house.prove()
