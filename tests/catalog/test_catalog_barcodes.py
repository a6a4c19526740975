"""A barcode means one thing, however many SKUs come at once."""

from __future__ import annotations

import pytest

from orderyard.core.catalog.service import NewSku, add_skus
from orderyard.core.kernel.errors import Duplicate
from orderyard.core.testing.builders import House


def test_two_new_skus_never_share_a_barcode(house: House) -> None:
    with pytest.raises(Duplicate, match="6901 is the barcode of A and of B"), house.work() as uow:
        add_skus(uow, [NewSku("A", "A", barcode="6901"), NewSku("B", "B", barcode="6901")])


def test_a_new_sku_never_takes_a_known_barcode(house: House) -> None:
    with house.work() as uow:
        add_skus(uow, [NewSku("A", "A", barcode="6901"), NewSku("B", "B"), NewSku("C", "C")])
    with pytest.raises(Duplicate, match="6901 is the barcode of A and of D"), house.work() as uow:
        add_skus(uow, [NewSku("D", "D", barcode="6901")])
