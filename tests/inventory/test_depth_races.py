"""Many hands at once: nothing is promised twice, and nobody sees anything but a refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from orderyard.core.inventory import adjusting, counts, transfers
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import UnitOfWork
from orderyard.core.orders.intake import place
from orderyard.core.orders.service import cancel

from .conftest import Stock


def together(stock: Stock, *jobs: list[Callable[[UnitOfWork], Any]]) -> list[BaseException]:
    """Each list of commands on a thread of its own; whatever went wrong that was no refusal."""
    wrong: list[BaseException] = []
    start = threading.Barrier(len(jobs))

    def run(commands: list[Callable[[UnitOfWork], Any]]) -> None:
        start.wait()
        for command in commands:
            try:
                with stock.house.work() as uow:
                    command(uow)
            except DomainError:
                pass
            except BaseException as error:
                wrong.append(error)
        stock.house.db.release()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_orders_counts_losses_and_transfers_of_one_sku_at_once(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    for lot, day in (("A", "2027-01-31"), ("B", "2027-06-30"), ("C", "2027-12-31")):
        stock.receive("MUG", 6, lot=lot, good_until=day)
    drafts = [stock.house.order(("MUG", 1 + no % 2)) for no in range(24)]
    mug, sh, gz = stock.sku("MUG"), stock.at("SH"), stock.at("GZ")

    def count(uow: UnitOfWork) -> None:
        counts.cancel_count(uow, counts.open_count(uow, sh, sku_ids=[mug]), "done")

    def lose(no: int) -> Callable[[UnitOfWork], None]:
        lot = "ABC"[no % 3]
        return lambda uow: adjusting.adjust(uow, sh, mug, -1, reason="torn", key=f"L{no}", lot=lot)

    def send(no: int) -> Callable[[UnitOfWork], Any]:
        def there(uow: UnitOfWork) -> None:
            transfers.receive_transfer(uow, transfers.send(uow, sh, gz, [transfers.Load(mug, 1)], key=f"T{no}"))

        return there

    def order(no: int) -> Callable[[UnitOfWork], Any]:
        return lambda uow: place(uow, [drafts[no]])

    wrong = together(
        stock,
        [order(no) for no in range(12)],
        [order(no) for no in range(12, 24)],
        [count] * 6,
        [lose(no) for no in range(9)],
        [send(no) for no in range(4)],
        [lambda uow, no=no: cancel(uow, no, None, "buyer") for no in range(1, 9)],  # type: ignore[misc]
    )
    assert wrong == []
    promised = stock.house.db.row("SELECT SUM(reserved), SUM(on_hand) FROM stock_level")
    assert promised is not None
    assert promised[0] <= promised[1]
