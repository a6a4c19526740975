"""Single pieces: each at one place, scanned once, and back again in time."""

from __future__ import annotations

import pytest

from orderyard.core.fulfillment.scanning import scan_serials, unscan_serials
from orderyard.core.fulfillment.service import ship
from orderyard.core.inventory import adjusting, serials, service
from orderyard.core.inventory.api import Place, Quality
from orderyard.core.kernel.errors import DomainError, Duplicate
from orderyard.core.orders.service import cancel

from .conftest import Stock


@pytest.fixture
def pots(stock: Stock) -> Stock:
    """PEN is kept by serial numbers; 1, 2 and 3 are in stock."""
    stock.track("PEN", serials=True)
    stock.receive("PEN", 3, serials=["S1", "S2", "S3"])
    return stock


def scan(stock: Stock, fo: int, *codes: str) -> None:
    with stock.house.work("person:warehouse") as uow:
        scan_serials(uow, fo, stock.sku("PEN"), codes)


def packed(stock: Stock, units: int) -> int:
    [order] = stock.house.place(stock.house.order(("PEN", units)))
    [fo] = stock.house.fos(order)
    stock.house.release(fo)
    stock.house.label(fo)
    stock.house.pack(fo)
    return fo


def send(stock: Stock, fo: int) -> None:
    with stock.house.work("person:warehouse") as uow:
        ship(uow, fo)


@pytest.mark.parametrize("numbers", [["S4"], ["S4", "S5", "S6"], ["S4", "S4"], ["S4", " "], ["S4", "S1"]])
def test_a_receipt_names_every_piece_once(pots: Stock, numbers: list[str]) -> None:
    with pytest.raises(DomainError):
        pots.receive("PEN", 2, serials=numbers)


def test_what_has_no_pieces_takes_no_numbers(stock: Stock) -> None:
    with pytest.raises(DomainError, match="not kept by serial numbers"):
        stock.receive("TEE", 1, serials=["S1"])


def test_every_piece_is_scanned_before_it_leaves(pots: Stock) -> None:
    fo = packed(pots, 2)
    scan(pots, fo, "S3")
    with pytest.raises(DomainError, match="2 units, but 1 serial numbers"):
        send(pots, fo)
    scan(pots, fo, "S1")
    send(pots, fo)
    rows = dict(pots.house.db.rows("SELECT code, place FROM serial"))
    assert rows == {"S1": "customer", "S2": "stock", "S3": "customer"}


def test_a_second_scan_is_refused_wherever_it_happens(pots: Stock) -> None:
    fo, other = packed(pots, 1), packed(pots, 1)
    scan(pots, fo, "S1")
    with pytest.raises(Duplicate, match="scanned already"):
        scan(pots, fo, "S1")
    with pytest.raises(Duplicate, match=f"FO{fo:08d}"):
        scan(pots, other, "S1")
    with pytest.raises(DomainError, match="all its units are scanned"):
        scan(pots, fo, "S2")
    with pots.house.work() as uow:
        unscan_serials(uow, fo)
    scan(pots, other, "S1")


def test_a_piece_that_left_is_not_scanned_again(pots: Stock) -> None:
    fo = packed(pots, 1)
    scan(pots, fo, "S1")
    send(pots, fo)
    with pytest.raises(DomainError, match="in customer"):
        scan(pots, packed(pots, 1), "S1")
    with pytest.raises(Duplicate, match="with a customer"):
        pots.receive("PEN", 1, serials=["S1"])


def test_a_returned_piece_may_leave_again(pots: Stock) -> None:
    for _ in range(2):
        fo = packed(pots, 1)
        scan(pots, fo, "S1")
        send(pots, fo)
        pots.receive("PEN", 1, serials=["S1"], source=Place.CUSTOMER)
        pots.house.prove()
    with pytest.raises(DomainError, match="not there"):
        pots.receive("PEN", 1, serials=["S1"], source=Place.CUSTOMER)
    with pytest.raises(DomainError, match="not known"):
        pots.receive("PEN", 1, serials=["S9"], source=Place.CUSTOMER)
    with pots.house.db.connection():
        life = serials.life(pots.house.db, pots.sku("PEN"), "S1")
    assert [(one.source, one.target) for one in life] == [
        ("supplier", "stock"), ("stock", "customer"), ("customer", "stock"), ("stock", "customer"), ("customer", "stock"),
    ]  # fmt: skip


def test_what_is_cancelled_lets_its_pieces_go(pots: Stock) -> None:
    [order] = pots.house.place(pots.house.order(("PEN", 1)))
    [fo] = pots.house.fos(order)
    pots.house.release(fo)
    scan(pots, fo, "S1")
    with pots.house.work() as uow:
        cancel(uow, order, None, "buyer")
    pots.house.prove()
    scan(pots, packed(pots, 3), "S1", "S2", "S3")


def test_pieces_go_along_when_stock_is_corrected(pots: Stock) -> None:
    sku, sh = pots.sku("PEN"), pots.at("SH")
    with pots.house.work() as uow:
        adjusting.adjust(uow, sh, sku, -1, reason="stolen", key="A1", serials=["S1"])
        adjusting.adjust(uow, sh, sku, 1, reason="found", key="A2", serials=["S1"])
        adjusting.change_quality(uow, sh, sku, 1, Quality.GOOD, Quality.DEFECTIVE, key="A3", serials=["S2"])
        [(level,)] = uow.db.rows("SELECT id FROM stock_level WHERE sku_id = ? AND quality = 'defective'", (sku,))
        service.write_off(uow, level, 1, key="A4", because="broken", serials=["S2"])
    with pytest.raises(DomainError, match="1 units, but 0 serial numbers"), pots.house.work() as uow:
        adjusting.adjust(uow, sh, sku, -1, reason="stolen", key="A5")
    rows = dict(pots.house.db.rows("SELECT code, place FROM serial"))
    assert rows == {"S1": "stock", "S2": "loss", "S3": "stock"}
