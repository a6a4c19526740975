"""A merchant with an order page, and buyers who fill it in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from orderyard_channel_web import plugin
from orderyard_channel_web.campaigns import Campaign, Variant, save
from werkzeug.test import TestResponse

from orderyard.app import create_app
from orderyard.core.auth.service import add_person
from orderyard.core.connections.service import connect
from orderyard.core.host.api import Tables
from orderyard.core.testing.builders import House, open_house
from orderyard.core.testing.databases import Databases

PASSWORD = "a quiet harbour"
BUYER = {
    "name": "王小明", "phone": "13924417702", "province": "广东省", "city": "深圳市", "district": "南山区",
    "detail": "科技园南区高新南七道12号",
}  # fmt: skip
TEA = Campaign(
    "tea", "web-1", "Spring tea", "CNY", cod=True, freight=800,
    variants=(Variant("TEE", "Tea, 100 g", 9900), Variant("CAP", "Cup", 4900, most=2)),
)  # fmt: skip


@dataclass
class Browser:
    """One buyer's browser."""

    client: FlaskClient
    address: str = "10.0.0.1"
    language: str = "en"

    def get(self, path: str, **query: str) -> TestResponse:
        return self.client.get(
            path, query_string=query or None, headers={"Accept-Language": self.language}, environ_base=self._from
        )

    @property
    def _from(self) -> dict[str, str]:
        return {"REMOTE_ADDR": self.address}

    def post(self, path: str, page: str, **fields: str) -> TestResponse:
        """Send a form with the hidden fields that the page has."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        return self.client.post(path, data=hidden | fields, headers={"Accept-Language": self.language}, environ_base=self._from)


@dataclass
class Site:
    """The merchant's system with its order pages open, and their clock."""

    house: House
    app: Flask
    _browsers: list[Browser] = field(default_factory=list)

    @property
    def tables(self) -> Tables:
        return self.house.system.contexts.of("channel_web").tables

    def open(self, campaign: Campaign = TEA, **changes: Any) -> Campaign:
        made = replace(campaign, made_at=1, made_by="ann", **changes)
        assert save(self.tables, made, new=True)
        return made

    def browser(self, address: str = "10.0.0.1", language: str = "en") -> Browser:
        return Browser(self.app.test_client(), address, language)

    def staff(self, login: str = "admin") -> Browser:
        with self.house.work() as uow:
            add_person(uow, login, login.title(), PASSWORD, login, "en")
        browser = self.browser()
        browser.post("/sign-in", browser.get("/sign-in").text, login=login, password=PASSWORD)
        return browser

    def wait(self, seconds: float) -> None:
        self.house.environment.moment += timedelta(seconds=seconds)

    def order(self, browser: Browser | None = None, *, campaign: str = "tea", source: str = "", **fields: str) -> TestResponse:
        """Open the page, take half a minute, send it: one tea unless told otherwise."""
        browser = browser or self.browser()
        query = {"s": source} if source else {}
        page = browser.get(f"/x/channel_web/p/{campaign}", **query).text
        self.wait(30)
        return self.send(browser, page, campaign=campaign, **fields)

    def send(self, browser: Browser, page: str, *, campaign: str = "tea", **fields: str) -> TestResponse:
        """Send a page that was opened before; `u_TEE` are the units of TEE."""
        typed = {f"u-{name[2:]}" if name.startswith("u_") else name: value for name, value in fields.items()}
        given = {"u-TEE": "1"} | BUYER | typed
        return browser.post(f"/x/channel_web/p/{campaign}", page, **given)

    def placed(self, **fields: str) -> str:
        """The address of a fresh order's own page."""
        answer = self.order(**fields)
        assert answer.status_code == 303, answer.text
        found = re.search(r'href="(/x/channel_web/order/[^"]+)"', self.browser().client.get(answer.location).text)
        assert found is not None
        return found[1].replace("&amp;", "&")

    def orders(self) -> list[tuple[Any, ...]]:
        return self.house.db.rows("SELECT number, status, cod, total FROM sales_order ORDER BY id")

    def counts(self) -> dict[str, int]:
        """What was counted, over all sources."""
        return dict(self.tables.rows("SELECT what, CAST(SUM(count) AS BIGINT) FROM channel_web_count GROUP BY what"))


@contextmanager
def a_site(databases: Databases, home: Path) -> Iterator[Site]:
    with open_house(databases, home, plugins={"channel_web": plugin}) as house:
        with house.work() as uow:
            connect(
                uow, house.system.seal, code="web-1", kind="channel", adapter="channel_web", shop_id=house.shops["cn"].id,
                fields=plugin.OrderPage.settings, settings={},
            )  # fmt: skip
        house.receive("SH", TEE=20, CAP=3)
        yield Site(house, create_app(house.system))


@pytest.fixture
def site(databases: Databases, tmp_path: Path) -> Iterator[Site]:
    with a_site(databases, tmp_path) as made:
        yield made


@pytest.fixture
def quick(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Site]:
    """The same where the engine makes no difference."""
    with a_site(sqlite_databases, tmp_path) as made:
        yield made
