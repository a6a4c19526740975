"""Pages: what they show, to whom, and in how many statements."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orderyard.app import System, create_app
from orderyard.core.orders import pages as order_pages
from orderyard.core.testing.databases import Databases

Enter = Callable[..., Any]

PAGES = {
    "overview": "/",
    "orders": "/orders/",
    "order to review": "/orders/9",
    "order with a kit": "/orders/7",
    "order waiting for stock": "/orders/12",
    "fulfillment": "/fulfillment/",
    "sent": "/fulfillment/?state=shipped",
    "fulfillment order": "/fulfillment/1",
    "what is held": "/orders/held/",
    "allocation": "/fulfillment/allocation/?policy=most_complete",
    "scanning": "/fulfillment/1/scan",
    "merging": "/fulfillment/merging",
    "put-back": "/fulfillment/put-back",
    "stock": "/stock/",
    "a SKU": "/stock/skus/1",
    "a kit": "/stock/skus/10",
    "a lot and a piece": "/stock/skus/1?lot=L&serial=S",
    "a listing": "/stock/listings/9",
    "counts": "/stock/counts",
    "transfers": "/stock/transfers",
    "stock as it was": "/stock/as-of?at=2026-11-22T12:00",
    "purchases": "/stock/purchases/",
    "all purchases": "/stock/purchases/?all=yes",
    "bins": "/stock/bins/?warehouse=1&zone=1&bin=A",
    "review rules": "/rules/",
    "work list": "/work/",
    "connections": "/connections/",
    "connection of a channel": "/connections/taobao-1?verdict=parked",
    "connection of a carrier": "/connections/pocket-1",
    "new connection": "/connections/new?adapter=pocket_post",
    "document": "/inbox/1",
    "after-sales": "/after-sales/?state=all&type=exchange&shop=1",
    "taking an after-sale in": "/orders/7/after-sale",
    "items without SKU": "/listings/?shop=1&q=OLD",
    "ledger": "/ledger/",
    "plugins": "/plugins/",
    "people": "/people/",
    "person": "/people/1",
    "own password": "/password",
}
NOBODY_YET = {
    "/orders/": "No orders yet",
    "/stock/": "No SKUs yet",
    "/ledger/": "The ledger is empty",
    "/work/": "Nothing waits",
}


@pytest.fixture
def statements(system: System) -> list[str]:
    """Every statement from now on."""
    seen: list[str] = []
    system.installation.db.observers.append(seen.append)
    return seen


def test_every_page_is_shown_from_postgresql(postgres_databases: Databases, tmp_path: Path, make_house: Any) -> None:
    url = postgres_databases.create()
    system, browser = make_house(tmp_path, url)
    try:
        more = ("/work/count", "/orders/?hold=out_of_stock", "/orders/?q=欧阳", "/stock/?q=tee", "/orders/?before=9")
        for path in (*PAGES.values(), *more):
            assert browser.text(path), path
        assert browser.text("/orders/?q=SO0000000").count("stretch") == 9
        assert browser.text("/orders/?q=%25").count("stretch") == 0
        assert browser.post("/orders/9/approve", page="/orders/9", because="fine").status_code == 200
        _stock_up(browser)
        for path in ("/stock/purchases/1", "/stock/bins/?zone=1&bin=A-1&warehouse=1", "/stock/counts/1", "/stock/transfers"):
            assert browser.text(path), path
    finally:
        system.close()
        postgres_databases.drop(url)


def _stock_up(browser: Any) -> None:
    """A purchase, a zone with a bin and something in it, a count, a transfer; each must be done, not refused."""
    page = "/stock/purchases/"
    order = {"supplier": "1", "warehouse": "1", "due_on": "2026-12-01", "sku": "CAP-NVY", "units": "5", "cost": "18"}
    arrival = {"sku": "5", "units": "2", "cost": "", "bin": "A-1", "lot": "", "expires_on": "", "serials": "", "delivery": "D1"}
    put_away = {"warehouse": "1", "sku": "CAP-NVY", "units": "2", "from": "", "to": "A-1", "key": "b"}
    sent = {"source": "1", "target": "2", "sku": "CAP-NVY", "units": "1", "lot": "", "key": "t"}
    for path, fields in (
        (f"{page}suppliers", {"code": "K", "title": "Knit"}),
        (page, order | {"key": "p"}),
        ("/stock/bins/zones", {"warehouse": "1", "code": "A", "use": "pick"}),
        ("/stock/bins/zones/1/bins", {"warehouse": "1", "codes": "A-1,A-2"}),
        (f"{page}1/receive", arrival),
        ("/stock/bins/move", put_away),
        ("/stock/transfers", sent),
        ("/stock/counts", {"warehouse": "1", "skus": "CAP-NVY"}),
    ):
        assert "alert-danger" not in browser.post(path, page=page, **fields).text, path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_shown(enter: Enter, language: str) -> None:
    browser = enter("admin", language)
    for path in PAGES.values():
        assert browser.text(path).rstrip().endswith("</html>"), path


@pytest.mark.parametrize(
    "path", ["/orders/", "/orders/?status=to_ship", "/fulfillment/?state=released", "/stock/", "/work/", "/people/"]
)
def test_a_list_needs_few_statements(enter: Enter, statements: list[str], path: str) -> None:
    browser = enter("admin")
    del statements[:]
    browser.text(path)
    assert len(statements) <= 5, "\n".join(statements)


def test_an_order_page_needs_the_same_statements_for_one_parcel_and_for_many(enter: Enter, statements: list[str]) -> None:
    browser = enter("admin")
    needed = []
    for order in (1, 2, 9):
        del statements[:]
        browser.text(f"/orders/{order}")
        needed.append(len(statements))
    assert max(needed) <= 16


def test_a_long_list_is_paged_by_key(enter: Enter, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_pages, "PAGE", 5)
    browser = enter("viewer")
    seen: list[str] = []
    path = "/orders/"
    while path:
        text = browser.text(path)
        seen += [part.split("<")[0] for part in text.split('class="fw-bold stretch" href="')[1:]]
        older = text.split('rel="next" href="')
        path = older[1].split('"')[0].replace("&amp;", "&") if len(older) > 1 else ""
    numbers = [entry.split(">")[1] for entry in seen]
    assert numbers == [f"SO{number:08d}" for number in range(13, 0, -1)]


@pytest.mark.parametrize(
    ("term", "found"),
    [("28471936502", 12), ("SO000000", 13), ("欧阳", 2), ("#1013", 1), ("%", 0), ("'; DROP TABLE person; --", 0)],
)
def test_orders_are_found_by_the_beginning_of_a_number_or_name(enter: Enter, term: str, found: int) -> None:
    answer = enter("reviewer").get("/orders/", query_string={"q": term}, follow_redirects=True)
    assert answer.status_code == 200
    exact = "This order" in answer.text or "Lines" in answer.text
    assert (1 if exact else answer.text.count("stretch")) == found


def test_a_whole_number_opens_its_order(enter: Enter) -> None:
    assert enter("viewer").get("/orders/?q=SO00000003").location.endswith("/orders/3")


def test_names_are_searched_only_by_those_who_may_read_them(enter: Enter) -> None:
    assert "Nothing matches" in enter("viewer").text("/orders/?q=欧阳")


def test_orders_of_a_hold_are_listed(enter: Enter) -> None:
    text = enter("viewer").text("/orders/?hold=out_of_stock")
    assert text.count("stretch") == 1
    assert "SO00000012" in text


@pytest.mark.parametrize(("role", "name", "phone"), [("reviewer", "张伟", "13924417702"), ("warehouse", "张**", "*******7702")])
def test_buyers_are_masked_for_whoever_may_not_read_them(enter: Enter, role: str, name: str, phone: str) -> None:
    for path in ("/orders/1", "/fulfillment/1"):
        text = enter(role).text(path)
        assert name in text
        assert phone in text
        assert ("科技园南区" in text) == (role == "reviewer")


def test_an_order_says_what_holds_it_and_why(enter: Enter) -> None:
    text = enter("reviewer").text("/orders/9")
    assert "total 5514.00 CNY is not below 5000.00" in text
    assert "Stops the review" in text


def test_a_kit_is_followed_by_its_components(enter: Enter) -> None:
    text = enter("viewer").text("/orders/7")
    assert text.index("冬日礼盒") < text.index("↳") < text.index("HOOD-GRY-L")
    assert "2 per kit" in text


def test_an_order_shows_parcels_money_and_history(enter: Enter) -> None:
    text = enter("supervisor").text("/orders/1")
    for expected in ("SF1344500000001", "正在派送途中", "支付宝", "Advances from buyers", "Packed → Sent", "王建国"):
        assert expected in text, expected


def test_a_panel_of_a_plugin_stands_beside_the_order(enter: Enter) -> None:
    text = enter("viewer").text("/orders/1")
    assert "金卡" in text
    assert "never-shown-again" not in text


def test_a_label_is_shown_and_anything_else_is_downloaded(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    with system.installation.unit_of_work("test") as uow:
        [(waybill,)] = uow.db.rows("SELECT id FROM waybill WHERE fo_id = 1")
    shown = browser.get(f"/fulfillment/labels/{waybill}")
    assert shown.mimetype == "application/pdf"
    assert shown.headers["Content-Disposition"].startswith("inline")
    with system.installation.unit_of_work("test") as uow:
        uow.db.change("UPDATE waybill SET label_type = 'text/html' WHERE id = ?", (waybill,))
    hidden = browser.get(f"/fulfillment/labels/{waybill}")
    assert hidden.mimetype == "application/octet-stream"
    assert hidden.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("code", ["FO00000001", "fo00000001", "SF1344500000001"])
def test_a_scan_opens_the_fulfillment_order(enter: Enter, code: str) -> None:
    assert enter("warehouse").get(f"/fulfillment/?scan={code}").location.endswith("/fulfillment/1")


def test_an_unknown_scan_is_refused_by_name(enter: Enter) -> None:
    assert "Nothing has the number 4006381333931" in enter("warehouse").text("/fulfillment/?scan=4006381333931")


def test_stock_counts_what_kits_can_be_put_together(enter: Enter, system: System) -> None:
    text = enter("viewer").text("/stock/?q=set-winter")
    sql = "SELECT l.warehouse_id, l.on_hand - l.reserved FROM stock_level l JOIN sku s ON s.id = l.sku_id WHERE s.code = ?"
    free = {code: dict(system.installation.db.rows(sql, (code,))) for code in ("HOOD-GRY-L", "SOCK-3P")}
    possible = sum(min(free["HOOD-GRY-L"].get(place, 0), free["SOCK-3P"][place] // 2) for place in free["SOCK-3P"])
    assert f'<span class="figure ">{possible}</span>' in text


def test_a_month_is_downloaded_in_the_format_of_a_plugin(enter: Enter) -> None:
    answer = enter("finance").get("/ledger/2026-11/export/pocket_plain")
    assert answer.headers["Content-Disposition"] == "attachment; filename=2026-11.txt"
    assert "SO00000001-PAY" in answer.text


def test_several_files_come_as_one_archive(enter: Enter, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = system.plugins.ledger_exporters["pocket_plain"]
    single = exporter.export
    monkeypatch.setattr(
        exporter,
        "export",
        lambda self, journal: [replace(file, name=f"{n}{file.name}") for n in "ab" for file in single(self, journal)],
    )
    answer = enter("finance").get("/ledger/2026-11/export/pocket_plain")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert len(archive.infolist()) == 2


def test_the_plugins_page_names_what_failed_and_never_shows_a_secret(enter: Enter) -> None:
    text = enter("admin").text("/plugins/")
    assert "register_review_rules: ZeroDivisionError" in text
    assert "show_order_panels" in text
    assert "云裳会员" in text
    assert "never-shown-again" not in text


def test_what_buyers_write_is_never_markup(enter: Enter, system: System) -> None:
    with system.installation.unit_of_work("test") as uow:
        bad = "<script>alert(1)</script>"
        uow.db.change("UPDATE sales_order SET buyer_name = ?, message = ?, memo = ? WHERE id = 9", (bad, bad, bad))
        uow.db.change("UPDATE order_line SET title = ? WHERE order_id = 9", (bad,))
        uow.note(bad, "order", 9, bad, {bad: [bad, {bad: bad}]})
    browser = enter("reviewer")
    for path in ("/orders/9", "/orders/"):
        assert "<script>alert" not in browser.text(path)


@pytest.mark.parametrize("path", NOBODY_YET)
def test_an_empty_page_teaches(enter: Enter, system: System, path: str) -> None:
    with system.installation.unit_of_work("test") as uow:
        tables = (
            "hold ledger_posting ledger_entry tracking waybill shipment_notice fo_lineage fo_line fulfillment_order payment "
            "order_line channel_order inbox task sales_order reservation stock_move stock_level listing kit_component sku"
        )
        for table in tables.split():
            uow.db.change(f"DELETE FROM {table}")
        uow.db.change("UPDATE connection SET state = 'active'")
    assert NOBODY_YET[path] in enter("admin").text(path)


@pytest.mark.parametrize(
    ("path", "status", "remedy"),
    [
        ("/orders/4711", 404, "look it up in the list of orders"),
        ("/nowhere", 404, "look it up in the list of orders"),
        ("/orders/99999999999999999999", 404, "look it up"),
        ("/people/99999999999999999999", 404, "look it up"),
        ("/orders/9/approve", 405, "use the button"),
        ("/ledger/", 403, "ask an administrator"),
    ],
)
def test_every_refusal_says_what_to_do(enter: Enter, path: str, status: int, remedy: str) -> None:
    assert remedy in enter("viewer").text(path, status)


def test_a_page_that_breaks_says_so_and_shows_no_trace(enter: Enter, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    browser = enter("viewer")
    monkeypatch.setattr(order_pages, "counts", broken)
    text = browser.text("/orders/", 500)
    assert "Something broke on our side" in text
    assert "secret detail" not in text


def test_a_form_that_is_too_large_is_refused(enter: Enter) -> None:
    answer = enter("reviewer").post("/orders/9/reject", because="x" * 2_000_000)
    assert answer.status_code == 413
    assert "Send less at once" in answer.text


def test_what_an_earlier_start_compiled_is_not_compiled_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    assert create_app(system).test_client().get("/sign-in").status_code == 200
    second = create_app(system)

    def compiled_again(*given: object, **more: object) -> object:
        raise AssertionError(f"compiled again: {given[1:]}")

    monkeypatch.setattr(second.jinja_env, "compile", compiled_again)
    assert second.test_client().get("/sign-in").status_code == 200
