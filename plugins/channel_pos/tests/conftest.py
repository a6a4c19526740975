"""A merchant with a counter in Shanghai, on each engine; and the same served to a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import orderyard_channel_pos.plugin
import pytest
from orderyard_channel_pos.adapter import ShopCounter

from orderyard.core.auth.service import add_person
from orderyard.core.connections.service import connect
from orderyard.core.testing.builders import House, open_house
from orderyard.core.testing.databases import Databases

sys.path.insert(0, str(Path(__file__).parent))

PASSWORD = "a quiet harbour"


def open_counter(house: House) -> None:
    """Units of TEE and CAP on the shelf, a counter that sells them, and who may stand behind it."""
    house.receive("SH", TEE=10, CAP=10, MUG=10)
    with house.work() as uow:
        uow.db.change("UPDATE sku SET barcode = '6900000000017' WHERE code = 'TEE'")
        uow.db.change("UPDATE sku SET barcode = '6900000000024' WHERE code = 'CAP'")
        connect(
            uow, house.system.seal, code="pos-1", kind="channel", adapter="channel_pos", shop_id=house.shops["cn"].id,
            fields=ShopCounter.settings,
            settings={"warehouse": "SH", "methods": "cash, card, 微信", "head": "云裳 徐汇店|漕溪北路88号", "float": "200.00"},
        )  # fmt: skip
        add_person(uow, "boss", "Ann", PASSWORD, "supervisor", "zh")
        add_person(uow, "till", "Ben", PASSWORD, "reviewer", "en")


@pytest.fixture
def shop(databases: Databases, tmp_path: Path) -> Iterator[House]:
    with open_house(databases, tmp_path, plugins={"channel_pos": orderyard_channel_pos.plugin}) as house:
        open_counter(house)
        yield house


@pytest.fixture
def quick(sqlite_databases: Databases, tmp_path: Path) -> Iterator[House]:
    """The same where the engine makes no difference."""
    with open_house(sqlite_databases, tmp_path, plugins={"channel_pos": orderyard_channel_pos.plugin}) as house:
        open_counter(house)
        yield house
