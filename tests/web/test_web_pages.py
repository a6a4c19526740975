"""Every page, for every role, in both languages."""

from __future__ import annotations

import pytest
from flask import Flask

PAGES = ("/", "/orders/", "/orders/1", "/orders/7", "/orders/9", "/orders/12", "/fulfillment/", "/fulfillment/1", "/fulfillment/?state=shipped",
         "/stock/", "/work/", "/work/count", "/ledger/", "/plugins/", "/people/", "/people/1", "/password")  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_shown(enter, page: str, language: str) -> None:
    text = enter("admin", language).text(page)
    assert "</html>" in text or page == "/work/count"
