"""调拨: what is on its way is ours and nowhere, and receiving closes it."""

from __future__ import annotations

import pytest

from orderyard.core.inventory.transfers import Load, incoming, receive_transfer, send
from orderyard.core.kernel.errors import DomainError, Duplicate, StockShort

from .conftest import Stock


def sent(
    stock: Stock, code: str, units: int, *, lot: str = "", bin: str = "", serials: tuple[str, ...] = (), key: str = "T1"
) -> int:
    with stock.house.work("person:warehouse") as uow:
        return send(uow, stock.at("SH"), stock.at("GZ"), [Load(stock.sku(code), units, lot, bin, serials)], key=key)


def arrived(stock: Stock, transfer: int, *loads: Load) -> int:
    with stock.house.work("person:warehouse") as uow:
        return receive_transfer(uow, transfer, loads or None)


def test_what_is_sent_is_in_transit_until_it_arrives(stock: Stock) -> None:
    stock.receive("TEE", 5, cost=100)
    transfer = sent(stock, "TEE", 3)
    assert (stock.lots("TEE"), stock.lots("TEE", "GZ")) == ({"": (2, 0)}, {})
    with stock.house.db.connection():
        assert [(one.warehouse_id, one.units) for one in incoming(stock.house.db, [stock.sku("TEE")])] == [(stock.at("GZ"), 3)]
    stock.house.prove()
    assert arrived(stock, transfer) == 0
    assert stock.lots("TEE", "GZ") == {"": (3, 0)}
    assert stock.value("TEE") == 500
    with stock.house.db.connection():
        assert incoming(stock.house.db) == []
    assert stock.house.ledger() == {"inventory": 500, "payable": -500}


def test_what_is_missing_is_a_loss_at_cost(stock: Stock) -> None:
    stock.receive("TEE", 3, cost=33)
    stock.receive("TEE", 1, cost=2)
    transfer = sent(stock, "TEE", 3)
    assert arrived(stock, transfer, Load(stock.sku("TEE"), 1)) == 2
    cost = 101 * 3 // 4
    assert stock.house.ledger()["stock_loss"] == cost - cost // 3
    assert stock.value("TEE") == 101 - cost + cost // 3


def test_receiving_closes_it(stock: Stock) -> None:
    stock.receive("TEE", 3)
    transfer = sent(stock, "TEE", 3)
    arrived(stock, transfer, Load(stock.sku("TEE"), 1))
    with pytest.raises(Duplicate, match="received already"):
        arrived(stock, transfer)


def test_nothing_arrives_that_was_not_sent(stock: Stock) -> None:
    stock.receive("TEE", 3)
    transfer = sent(stock, "TEE", 3)
    for load in (Load(stock.sku("TEE"), 4), Load(stock.sku("CAP"), 1), Load(stock.sku("TEE"), 0)):
        with pytest.raises(DomainError):
            arrived(stock, transfer, load)
    with pytest.raises(DomainError, match="no transfer 99"):
        arrived(stock, 99)


def test_promised_units_stay_and_their_documents_are_named(stock: Stock) -> None:
    stock.receive("TEE", 5)
    [order] = stock.house.place(stock.house.order(("TEE", 3)))
    with pytest.raises(StockShort, match=rf"TEE: 3 wanted, 2 free: held by FO{stock.house.fos(order)[0]:08d} \(3\)"):
        sent(stock, "TEE", 3)
    sent(stock, "TEE", 2)


def test_those_who_wait_get_what_arrives(stock: Stock) -> None:
    stock.receive("TEE", 2)
    transfer = sent(stock, "TEE", 2)
    [order] = stock.house.place(stock.house.order(("TEE", 2)))
    [fo] = stock.house.fos(order)
    assert stock.house.fo_state(fo) == "planned"
    arrived(stock, transfer)
    assert stock.house.fo_state(fo) == "allocated"


def test_both_ends_may_be_bins(stock: Stock) -> None:
    stock.bins()
    stock.bins("GZ")
    stock.receive("TEE", 5, bin="A1")
    transfer = sent(stock, "TEE", 3, bin="A1")
    arrived(stock, transfer, Load(stock.sku("TEE"), 2, bin="B1"), Load(stock.sku("TEE"), 1))
    assert (stock.lying("TEE"), stock.lying("TEE", "GZ")) == ({"A1": 2}, {"B1": 2, "": 1})


def test_lots_travel_the_first_to_expire_first(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    stock.receive("MUG", 2, lot="B", good_until="2027-06-30")
    stock.receive("MUG", 2, lot="A", good_until="2027-01-31")
    transfer = sent(stock, "MUG", 3)
    assert stock.lots("MUG") == {"B": (1, 0)}
    stock.house.prove()
    arrived(stock, transfer, Load(stock.sku("MUG"), 3))
    assert stock.lots("MUG", "GZ") == {"A": (2, 0), "B": (1, 0)}
    other = sent(stock, "MUG", 1, lot="B", key="T2")
    assert arrived(stock, other, Load(stock.sku("MUG"), 1, "B")) == 0


def test_lots_that_are_promised_are_not_sent(stock: Stock) -> None:
    stock.track("MUG", lots=True)
    stock.receive("MUG", 2, lot="A", good_until="2027-01-31")
    [order] = stock.house.place(stock.house.order(("MUG", 2)))
    with pytest.raises(StockShort, match=f"FO{stock.house.fos(order)[0]:08d}"):
        sent(stock, "MUG", 1)


def test_pieces_travel_by_their_numbers(stock: Stock) -> None:
    stock.track("PEN", serials=True)
    stock.receive("PEN", 3, serials=["S1", "S2", "S3"])
    transfer = sent(stock, "PEN", 2, serials=("S1", "S2"))
    stock.house.prove()
    with pytest.raises(DomainError, match="S3 is not in transfer"):
        arrived(stock, transfer, Load(stock.sku("PEN"), 1, serials=("S3",)))
    assert arrived(stock, transfer, Load(stock.sku("PEN"), 1, serials=("S2",))) == 1
    assert dict(stock.house.db.rows("SELECT code, place FROM serial")) == {"S1": "loss", "S2": "stock", "S3": "stock"}
    with stock.house.work() as uow:
        back = send(uow, stock.at("GZ"), stock.at("SH"), [Load(stock.sku("PEN"), 1, serials=("S2",))], key="T2")
    assert arrived(stock, back) == 0


def test_a_transfer_has_two_ends_and_goods(stock: Stock) -> None:
    stock.receive("TEE", 3)
    sent(stock, "TEE", 1)
    with pytest.raises(Duplicate):
        sent(stock, "TEE", 1)
    for source, target, loads in (("SH", "SH", [Load(stock.sku("TEE"), 1)]), ("SH", "GZ", []), ("SH", "", [Load(1, 1)])):
        with pytest.raises(DomainError), stock.house.work() as uow:
            send(uow, stock.at(source), stock.at(target) if target else 999, loads, key="T9")
