"""Hidden receivers are put together on their platform's word only, and every order is asked about once."""

from __future__ import annotations

from typing import Any

import pytest

from orderyard.core.testing.paper import RECEIVER, Shop, document

MASKED: dict[str, Any] = {**RECEIVER, "name": "林**", "phone": "*******4321", "detail": "文*西*号", "masked": True}


def hidden(external_id: str, token: str, **receiver: Any) -> dict[str, Any]:
    owner = {"privacy_token": token, "token_owner": "paper/app/cn"}
    return document(external_id, ("TEE", 1), receiver=MASKED | owner | receiver)


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """Orders that wait for a partner, to three hidden receivers who look alike and a fourth who does not."""
    shop.house.receive("SH", TEE=20)
    with shop.house.work() as uow:
        uow.db.change("UPDATE shop SET merge_minutes = 60")
    shop.pull(hidden("T1", "a"), hidden("T2", "b"), hidden("T3", "c"), hidden("T4", "d", name="王**"))
    return shop


def parcels(shop: Shop) -> list[list[str]]:
    """The platform orders in each open fulfillment order."""
    rows = shop.house.db.rows(
        "SELECT f.id, d.external_id FROM fulfillment_order f JOIN fo_line x ON x.fo_id = f.id JOIN channel_order d "
        "ON d.order_id = x.order_id WHERE f.state <> 'cancelled' ORDER BY f.id, d.external_id"
    )
    found: dict[int, list[str]] = {}
    for fo_id, external_id in rows:
        found.setdefault(fo_id, []).append(external_id)
    return list(found.values())


def test_what_the_platform_proves_goes_in_one_parcel(waiting: Shop) -> None:
    shop, system = waiting, waiting.house.system
    assert system.release() == []
    shop.platform.doors = [{"a", "c"}]
    assert system.channels.proofs.prove_all() == {"paper": 2}
    assert shop.platform.asked_doors == [["T1", "T2", "T3"]]
    system.release()
    assert parcels(shop) == [["T1", "T3"], ["T2"], ["T4"]]
    assert system.verify() == []


def test_nobody_is_asked_twice_and_a_new_order_asks_again(waiting: Shop) -> None:
    shop, proofs = waiting, waiting.house.system.channels.proofs
    assert [proofs.prove_all(), proofs.prove_all()] == [{"paper": 0}, {"paper": 0}]
    assert len(shop.platform.asked_doors) == 1
    shop.platform.doors = [{"b", "e"}]
    shop.pull(hidden("T5", "e"))
    assert proofs.prove_all() == {"paper": 2}
    assert [sorted(asked) for asked in shop.platform.asked_doors[1:]] == [["T1", "T2", "T5"], ["T3", "T5"]]
    shop.house.system.release()
    assert ["T2", "T5"] in parcels(shop)


def test_equal_tokens_are_one_door_for_whom_one_order_speaks(waiting: Shop) -> None:
    shop = waiting
    shop.pull(hidden("T6", "a"))
    shop.platform.doors = [{"a", "b"}]
    shop.house.system.channels.proofs.prove_all()
    shop.house.system.release()
    assert ["T1", "T2", "T6"] in parcels(shop)


def test_without_the_platforms_word_they_travel_apart(waiting: Shop) -> None:
    shop = waiting
    shop.house.system.channels.proofs.prove_all()
    shop.house.environment.moment = shop.house.environment.moment.replace(hour=23)
    assert len(shop.house.system.release()) == 4
    assert parcels(shop) == [["T1"], ["T2"], ["T3"], ["T4"]]
