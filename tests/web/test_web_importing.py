"""Files of orders in the console: looked over first, taken in once, and each problem named by its cell."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from orderyard.app import System

Enter = Callable[..., Any]

HEAD = "订单号,商品编码,数量,收货人,手机,省份,城市,区县,详细地址\n"
GOOD = HEAD + "F1,CAP-NVY,2,周小雨,13816620499,上海,上海市,徐汇区,漕溪北路8号\n"
BAD = GOOD + "F2,NO-SUCH,0,周小雨,12,上海,上海市,徐汇区,漕溪北路8号\n"


def send(browser: Any, text: str, do: str, **fields: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.text("/orders/import/"))
    assert token is not None
    data: dict[str, Any] = {"csrf_token": token[1], "shop": "taobao", "do": do, **fields}
    if text:
        data["file"] = (io.BytesIO(text.encode("gb18030")), "十一月.csv")
    return browser.client.post(
        "/orders/import/", data=data, headers=browser.headers, follow_redirects=True, content_type="multipart/form-data"
    )


def stored(system: System) -> int:
    row = system.installation.db.row("SELECT COUNT(*) FROM sales_order WHERE source = 'file'")
    assert row is not None
    return int(row[0])


def test_a_file_is_looked_over_and_nothing_is_written(enter: Enter, system: System) -> None:
    answer = send(enter("reviewer"), BAD, "look")
    assert answer.status_code == 200
    assert "NO-SUCH" in answer.text
    assert ">E3<" in answer.text
    assert stored(system) == 0
    assert system.installation.db.row("SELECT 1 FROM import_file") is None


def test_a_file_that_was_looked_over_is_taken_in_without_sending_it_again(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    send(browser, GOOD, "look")
    answer = send(browser, "", "store")
    assert "十一月.csv" in answer.text
    system.go_on_with_files()
    assert stored(system) == 1
    assert "Through" in browser.text("/orders/import/1") or "Orders are being made" in browser.text("/orders/import/1")
    assert "十一月.csv" in browser.text("/orders/import/")
    send(browser, GOOD, "store")
    system.go_on_with_files()
    assert stored(system) == 1


def test_a_file_that_is_none_is_refused(enter: Enter) -> None:
    browser = enter("reviewer")
    assert "No file was chosen" in send(browser, "", "look").text
    assert send(browser, "hello", "look").status_code == 422
    assert "there is no file" in browser.get("/orders/import/99", follow_redirects=True).text


def test_the_columns_may_be_said_by_hand(enter: Enter) -> None:
    text = GOOD.replace("收货人", "谁")
    browser = enter("reviewer")
    assert send(browser, text, "look").status_code == 422
    columns = {"number": "订单号", "sku": "商品编码", "quantity": "数量", "name": "谁", "phone": "手机", "detail": "详细地址"}
    answer = send(browser, text, "look", paid="y", **{f"column-{field}": title for field, title in columns.items()})
    assert answer.status_code == 200


def test_only_whoever_enters_orders_takes_files_in(enter: Enter) -> None:
    assert enter("warehouse").get("/orders/import/").status_code == 403
