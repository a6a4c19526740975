"""Who may open what: sign-ins that really end, a permission on every route, and forms that only our own pages can send."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from orderyard.app import System
from orderyard.core.auth import service as auth
from orderyard.core.auth.permissions import ROLES, Permission

Enter = Callable[..., Any]
PASSWORD = "a quiet harbour"

OPEN = {
    "console.static",
    "static",
    "console.signin.form",
    "console.signin.sign_in",
    "console.signin.choose_language",
    "hook",
    "health",
}


def test_every_route_names_its_permission(app: Flask) -> None:
    without = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in OPEN and not isinstance(getattr(app.view_functions[rule.endpoint], "needs", None), Permission)
    ]
    assert without == []


def test_only_these_routes_are_open_to_all(app: Flask) -> None:
    found = {rule.endpoint for rule in app.url_map.iter_rules()} - OPEN
    assert all(getattr(app.view_functions[endpoint], "needs", None) is not None for endpoint in found)


def test_nothing_is_shown_before_signing_in(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN or "GET" not in (rule.methods or ()):
            continue
        path = re.sub(r"<row:\w+>", "1", rule.rule)
        path = path.replace("<period>", "2026-11").replace("<name>", "x").replace("<code>", "x")
        answer = client.get(path)
        assert answer.status_code in (303, 308), path
        assert "/sign-in" in answer.location or answer.status_code == 308, path


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/orders/", Permission.ORDERS_READ),
        ("/fulfillment/", Permission.FULFILLMENT_READ),
        ("/orders/held/", Permission.ORDERS_READ),
        ("/fulfillment/allocation/", Permission.FULFILLMENT_READ),
        ("/fulfillment/4/scan", Permission.FULFILLMENT_READ),
        ("/stock/", Permission.STOCK_READ),
        ("/stock/skus/1", Permission.STOCK_READ),
        ("/stock/listings/9", Permission.STOCK_READ),
        ("/stock/purchases/", Permission.STOCK_READ),
        ("/stock/bins/", Permission.STOCK_READ),
        ("/rules/", Permission.RULES_MANAGE),
        ("/work/", Permission.WORK_READ),
        ("/ledger/", Permission.LEDGER_READ),
        ("/plugins/", Permission.PLUGINS_MANAGE),
        ("/people/", Permission.PEOPLE_MANAGE),
    ],
)
def test_a_role_opens_what_it_includes_and_nothing_else(enter: Enter, path: str, permission: Permission) -> None:
    for role, permissions in ROLES.items():
        assert enter(role.value).get(path).status_code == (200 if permission in permissions else 403), role


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("warehouse", "/orders/9/approve"),
        ("viewer", "/orders/9/reject"),
        ("reviewer", "/fulfillment/4/start_picking"),
        ("reviewer", "/work/tasks/1/retry"),
        ("supervisor", "/people/1/password"),
        ("supervisor", "/plugins/pocket/settings"),
        ("supervisor", "/connections/sf/settings"),
    ],
)
def test_a_form_beyond_the_role_is_refused(enter: Enter, role: str, path: str) -> None:
    assert enter(role).post(path, because="x").status_code == 403


def test_a_menu_shows_only_what_the_role_may_open(enter: Enter) -> None:
    text = enter("warehouse").text("/")
    assert "/fulfillment/" in text
    assert 'href="/ledger/"' not in text
    assert 'href="/people/"' not in text


def test_a_cookie_is_worth_nothing_after_signing_out(enter: Enter) -> None:
    browser = enter("admin")
    kept = browser.client.get_cookie("orderyard").value
    browser.post("/sign-out")
    browser.client.set_cookie("orderyard", kept)
    assert browser.get("/orders/").status_code == 303


@pytest.mark.parametrize(("wait", "steps"), [({"minutes": 31}, 1), ({"minutes": 29}, 25)])
def test_a_sign_in_ends_when_idle_and_after_half_a_day(enter: Enter, clock: Any, wait: dict[str, float], steps: int) -> None:
    browser = enter("admin")
    for _ in range(steps):
        clock.move(**wait)
        last = browser.get("/orders/").status_code
    assert last == 303


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(enter: Enter, clock: Any) -> None:
    browser = enter("admin")
    for _ in range(4):
        clock.move(minutes=10)
        answer = browser.get("/work/count", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/sign-in")


def test_whoever_is_let_go_is_out_at_once(enter: Enter, system: System) -> None:
    browser = enter("finance")
    with system.installation.unit_of_work("person:admin") as uow:
        auth.change_person(uow, 5, "赵慧", "finance", "zh", False)
    assert browser.get("/ledger/").status_code == 303
    assert browser.sign_in("finance").status_code == 422


def test_a_change_of_role_counts_at_once(enter: Enter, system: System) -> None:
    browser = enter("finance")
    with system.installation.unit_of_work("person:admin") as uow:
        auth.change_person(uow, 5, "赵慧", "viewer", "zh", True)
    assert browser.get("/ledger/").status_code == 403


def test_a_new_password_ends_every_other_sign_in(enter: Enter) -> None:
    here, elsewhere = enter("viewer"), enter("viewer")
    here.post("/password", page="/password", present=PASSWORD, password="another quiet harbour")
    assert here.get("/orders/").status_code == 200
    assert elsewhere.get("/orders/").status_code == 303
    assert elsewhere.sign_in("viewer").status_code == 422


def test_signing_in_begins_a_new_session(enter: Enter, app: Flask) -> None:
    browser = enter("admin")
    first = browser.client.get_cookie("orderyard").value
    browser.post("/sign-in", follow=False, login="viewer", password=PASSWORD)
    second = browser.client.get_cookie("orderyard").value
    assert first != second
    browser.client.set_cookie("orderyard", first)
    assert browser.get("/orders/").status_code == 303


def test_wrong_passwords_make_the_next_try_wait_and_never_lock(app: Flask, system: System, clock: Any, enter: Enter) -> None:
    browser = enter("viewer")
    browser.post("/sign-out")
    statuses = [browser.sign_in("admin", "guess").status_code for _ in range(6)]
    assert statuses == [422, 422, 422, 422, 429, 429]
    assert browser.sign_in("admin").status_code == 429
    clock.move(minutes=6)
    assert browser.sign_in("admin").status_code == 303


def test_the_waits_double_up_to_five_minutes(system: System, clock: Any) -> None:
    waits = []
    for _ in range(14):
        with pytest.raises(auth.SignInRefused):
            auth.sign_in(system.installation, "admin", "guess")
        try:
            auth.sign_in(system.installation, "admin", "guess")
        except auth.SignInRefused as refused:
            waits.append(refused.seconds)
            clock.move(seconds=refused.seconds)
    assert waits[-1] == 300
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "orders"]
)
def test_signing_in_leads_nowhere_else(app: Flask, enter: Enter, target: str) -> None:
    browser = enter("viewer")
    browser.post("/sign-out")
    answer = browser.post("/sign-in", follow=False, login="viewer", password=PASSWORD, next=target)
    assert answer.location == "/"


def test_signing_in_leads_back_to_where_one_wanted_to_go(enter: Enter) -> None:
    browser = enter("viewer")
    browser.post("/sign-out")
    wanted = browser.get("/orders/?status=to_ship").location
    answer = browser.post(
        "/sign-in", page=wanted, follow=False, login="viewer", password=PASSWORD, next="/orders/?status=to_ship"
    )
    assert answer.location == "/orders/?status=to_ship"


def test_a_form_without_its_token_changes_nothing(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    answer = browser.client.post("/orders/9/approve", data={"because": "x"}, headers=browser.headers)
    assert answer.status_code == 400
    assert "reload the page" in answer.text
    assert system.installation.db.row("SELECT review FROM sales_order WHERE id = 9") == ("pending",)


def test_every_form_of_every_page_carries_a_token(enter: Enter) -> None:
    browser = enter("admin")
    for path in (
        "/",
        "/orders/9",
        "/orders/6",
        "/fulfillment/?state=released",
        "/fulfillment/2",
        "/work/",
        "/plugins/",
        "/people/",
        "/people/2",
    ):
        for form in browser.text(path).split("<form")[1:]:
            form = form.split("</form>")[0]
            assert 'method="post"' not in form or 'name="csrf_token"' in form, path


def test_cookies_are_closed_to_scripts_and_to_other_sites(enter: Enter, app: Flask) -> None:
    plain = app.test_client().get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    https = app.test_client().get("/sign-in", base_url="https://shop.example").headers["Set-Cookie"]
    assert https.startswith("__Host-orderyard=")
    assert "Secure" in https


def test_every_answer_carries_the_content_policy(enter: Enter) -> None:
    browser = enter("viewer")
    for path in ("/", "/orders/4711", "/ledger/"):
        headers = browser.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_files_may_be_kept_by_browsers(enter: Enter) -> None:
    with enter("viewer").get("/assets/console.css?v=1") as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_a_password_is_kept_as_argon2id(system: System) -> None:
    row = system.installation.db.row("SELECT password FROM person WHERE login = 'admin'")
    assert row is not None
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_no_token_of_a_sign_in_is_stored(enter: Enter, system: System) -> None:
    browser = enter("viewer")
    with browser.client.session_transaction() as session:
        token = session["_user_id"]
    stored = str(system.installation.db.rows("SELECT * FROM sign_in"))
    assert len(token) == 64
    assert token not in stored
