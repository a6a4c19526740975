"""Settings and customers by page on PostgreSQL: everything is shown, and what is typed arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orderyard.core.testing.databases import Databases

PAGES = (
    "/set-up/", "/customers/", "/customers/?q=buyer1", "/customers/?q=李", "/customers/?q=x%00%25", "/customers/?q=李&after=1",
    "/customers/1", "/customers/1/merge?other=7", "/shops/", "/shops/1", "/warehouses/", "/warehouses/1", "/skus/",
    "/skus/?q=tee", "/skus/?q=tee&after=TEE-BLK-L", "/skus/found?part=tee", "/skus/10", "/prices/", "/prices/1", "/promotions/",
    "/promotions/1", "/freight/", "/freight/1?try=y&weight=2300&province=浙江",
)  # fmt: skip

SHOP = {
    "title": "云裳", "currency": "CNY", "timezone": "Asia/Shanghai", "tax": "9", "ship_policy": "what_is_there",
    "ship_hours": "24", "pickup_days": "7", "carrier": "", "merge_minutes": "30", "parcel_first": "6.5", "parcel_next": "1",
    "finance_review": "y",
}  # fmt: skip
SENT = (
    ("/shops/1", SHOP),
    ("/shops/", {"code": "new", "title": "New", "currency": "USD", "tax": "0"}),
    ("/warehouses/1", {"title": "沪仓", "regions": "上海", "serves-1": "y", "safety-1": "2", "serves-2": "y"}),
    ("/warehouses/", {"code": "N", "title": "New", "regions": "湖北"}),
    ("/skus/new", {"code": "KIT-2", "title": "Kit", "part": "TEE-BLK-M", "units": "2", "option": "色", "value": "黑"}),
    ("/skus/10", {"title": "Box", "part": "MUG-WHT", "units": "2"}),
    ("/prices/new", {"code": "vip", "currency": "CNY", "group": "vip", "lines": "TEE-BLK-M 89"}),
    (
        "/promotions/new",
        {"code": "ten", "kind": "percent_off", "value": "10", "currency": "CNY", "starts_at": "2026-11-01T00:00"},
    ),
    (
        "/freight/1",
        {"unit": "weight", "further": "started", "rounding": "sf", "otherwise-first_fee": "12", "otherwise-first": "1000"},
    ),
    ("/customers/1/group", {"group": "vip"}),
    ("/customers/2/blacklist", {"sign": "1", "note": "never pays"}),
    ("/customers/3/merge", {"other": "9"}),
)
HOME = {"/customers/1/group": "/customers/1", "/customers/2/blacklist": "/customers/2"}


def test_everything_is_set_and_shown(postgres_databases: Databases, tmp_path: Path, make_house: Any) -> None:
    url = postgres_databases.create()
    system, browser = make_house(tmp_path, url)
    try:
        for path, fields in SENT:
            answer = browser.post(path, page=HOME.get(path, path), **fields)
            assert answer.status_code == 200, (path, answer.text)
            assert "alert-success" in answer.text, path
        for path in PAGES:
            assert browser.text(path), path
        assert '/customers/1"' in browser.text("/customers/?q=buyer1")
        assert system.verify() == []
    finally:
        system.close()
        postgres_databases.drop(url)
