"""A file whose process dies, and one that two processes work on: every order once, and whole."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from orderyard.core.orders.files.columns import FileMapping
from orderyard.core.orders.files.upload import Progress, progress, run, store
from orderyard.core.testing.builders import House

KILLED = Path(__file__).with_name("killed_import.py")
ORDERS = 400


def stored(house: House) -> int:
    lines = ["订单号,行号,货号,数量,单价,收货人,手机,省,市,区,详细地址"]
    for number in range(ORDERS):
        door = f"林静怡,138{number:08d},上海市,上海市,某区,某路{number}号"
        lines += [f"T{number},1,TEE,1,99,{door}", f"T{number},2,SET,1,199,{door}"]
    data = "\n".join(lines).encode()
    return store(house.system.installation, "person:ann", "cn", "orders.csv", data, FileMapping({"line": "行号"}))


def whole(house: House, done: Progress) -> None:
    assert (done.waiting, done.done, done.orders, done.failed, done.duplicates) == (0, 2 * ORDERS, ORDERS, 0, 0)
    assert house.db.row("SELECT COUNT(*), COUNT(DISTINCT external_number) FROM sales_order") == (ORDERS, ORDERS)
    assert house.db.row("SELECT COUNT(*) FROM order_line") == (4 * ORDERS,)
    house.prove()


def test_a_killed_process_leaves_whole_orders_and_the_next_goes_on(house: House, tmp_path: Path) -> None:
    file_id = stored(house)
    arguments = [sys.executable, str(KILLED), str(tmp_path), house.db.url, str(file_id)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    left = progress(house.db, file_id)
    assert 0 < left.waiting < 2 * ORDERS
    assert house.db.row("SELECT COUNT(*) FROM sales_order") == (left.orders,)
    whole(house, run(house.system.installation, file_id))


def test_two_at_the_same_file_make_every_order_once(house: House) -> None:
    file_id = stored(house)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run(house.system.installation, file_id)
        except BaseException as error:
            failures.append(error)
        finally:
            house.db.release()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    whole(house, progress(house.db, file_id))
