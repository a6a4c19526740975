"""Scanning while picking: SKUs, lots and pieces through one field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.fulfillment import service as fulfillment
from orderyard.core.fulfillment.release import release_ready
from orderyard.core.inventory import service as inventory
from orderyard.core.inventory import tracking
from orderyard.core.inventory.api import Place

Enter = Callable[..., Any]


@pytest.fixture
def lots(system: System) -> int:
    """A fulfillment order being picked of which the scarf is kept in two lots."""
    with system.installation.unit_of_work("person:warehouse") as uow:
        tracking.track(uow, 9, lots=True)
        receipts = [inventory.Receipt(9, 3, 8000, "", lot, day) for lot, day in (("L-1", "2027-01-31"), ("L-2", "2027-06-30"))]
        inventory.receive(uow, 1, receipts, source=Place.SUPPLIER, document=1, key="lots", text="DN")
    return picking(system)


@pytest.fixture
def pieces(system: System) -> int:
    """The same with single pieces."""
    with system.installation.unit_of_work("person:warehouse") as uow:
        tracking.track(uow, 9, serials=True)
        receipt = inventory.Receipt(9, 3, 8000, serials=("S-1", "S-2", "S-3"))
        inventory.receive(uow, 1, [receipt], source=Place.SUPPLIER, document=1, key="pieces", text="DN")
    return picking(system)


def picking(system: System) -> int:
    with system.installation.unit_of_work("automatic") as uow:
        release_ready(uow)
    sql = "SELECT DISTINCT fo_id FROM fo_line WHERE sku_id = 9"
    [(fo,)] = system.installation.db.rows(sql)
    with system.installation.unit_of_work("person:warehouse") as uow:
        fulfillment.start_picking(uow, fo)
    return int(fo)


def scan(browser: Any, fo: int, code: str, sku: str = "") -> str:
    return str(browser.post(f"/fulfillment/{fo}/scan", page=f"/fulfillment/{fo}/scan", code=code, sku=sku).text)


def test_a_lot_is_right_or_taken_instead(enter: Enter, system: System, lots: int) -> None:
    browser = enter("warehouse")
    text = browser.text(f"/fulfillment/{lots}/scan")
    assert "data-scan-sound" in text
    assert "L-1" in text
    assert "scan the lot" in scan(browser, lots, "SCARF-RED")
    assert "lot L-1 is right" in scan(browser, lots, "L-1", "9")
    assert "L-2 is sent instead of L-1" in scan(browser, lots, "L-2")
    held = "SELECT l.lot FROM reservation r JOIN stock_level l ON l.id = r.level_id WHERE l.sku_id = 9 AND r.state = 'held'"
    assert system.installation.db.rows(held) == [("L-2",)]
    assert "Nothing of this order is called L-9" in scan(browser, lots, "L-9")


def test_pieces_are_scanned_once(enter: Enter, system: System, pieces: int) -> None:
    browser = enter("warehouse")
    assert "scan its pieces now" in scan(browser, pieces, "6900000000008")
    assert "piece S-2, 1 of 1" in scan(browser, pieces, "S-2", "9")
    assert "1 of 1 scanned" in browser.text(f"/fulfillment/{pieces}/scan")
    twice = scan(browser, pieces, "S-2")
    assert "was scanned already" in twice
    assert "alert-danger" in twice
    assert "alert-danger" in scan(browser, pieces, "S-3")
    assert "Nothing of this order is called S-9" in scan(browser, pieces, "S-9")
    browser.post(f"/fulfillment/{pieces}/scan/anew", page=f"/fulfillment/{pieces}/scan")
    assert system.installation.db.rows("SELECT COUNT(*) FROM serial WHERE holder IS NOT NULL") == [(0,)]
    assert "S-3, 1 of 1" in scan(browser, pieces, "S-3")


def test_what_is_all_alike_says_how_many(enter: Enter) -> None:
    browser = enter("warehouse")
    assert "BAG-CNV: take 1" in scan(browser, 4, "6900000000006")
    refused = scan(browser, 4, "6900000000001")
    assert "TEE-BLK-L is not part of this parcel" in refused
    assert "alert-danger" in refused
    assert "alert" not in scan(browser, 4, "  ").partition('id="main"')[2].partition("</main>")[0]


def test_another_document_is_opened(enter: Enter) -> None:
    browser = enter("warehouse")
    answer = browser.post("/fulfillment/4/scan", page="/fulfillment/4/scan", follow=False, code="FO00000005")
    assert answer.location == "/fulfillment/5/scan"


def test_what_left_is_not_scanned(enter: Enter) -> None:
    browser = enter("warehouse")
    text = browser.text("/fulfillment/1/scan")
    assert "between the release of a parcel and its shipment" in text
    assert 'name="code"' not in text
    assert browser.get("/fulfillment/4711/scan").status_code == 404
    assert "/fulfillment/4/scan" in browser.text("/fulfillment/4")


def test_only_the_warehouse_scans(enter: Enter) -> None:
    assert enter("viewer").post("/fulfillment/4/scan", code="x").status_code == 403
    assert enter("viewer").post("/fulfillment/4/scan/anew").status_code == 403
    assert 'name="code"' not in enter("viewer").text("/fulfillment/4/scan")
