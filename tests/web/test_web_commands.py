"""Buttons: each carries out one command as the person who pressed it, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System
from orderyard.core.connections.service import connection
from orderyard.core.connections.service import settings_of as settings_of_connection
from orderyard.core.host.service import settings_of

Enter = Callable[..., Any]


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def test_approving_writes_who_and_why(enter: Enter, system: System) -> None:
    answer = enter("reviewer").post("/orders/9/approve", page="/orders/9", because="known customer")
    assert "The order is approved" in answer.text
    assert one(system, "SELECT status FROM sales_order WHERE id = 9") == "to_ship"
    assert system.installation.db.row("SELECT 1 FROM audit WHERE actor = 'person:reviewer' AND because = 'known customer'")


def test_rejecting_needs_a_reason(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    assert "Write a reason first" in browser.post("/orders/9/reject", page="/orders/9", because=" ").text
    assert one(system, "SELECT status FROM sales_order WHERE id = 9") == "pending_review"
    assert "Rejected in review" in browser.post("/orders/9/reject", page="/orders/9", because="fake address").text
    assert one(system, "SELECT status FROM sales_order WHERE id = 9") == "cancelled"


def test_a_refused_command_is_shown_with_its_remedy(enter: Enter) -> None:
    browser = enter("reviewer")
    browser.post("/orders/9/approve", page="/orders/9")
    again = browser.post("/orders/9/approve", page="/orders/9")
    assert again.status_code == 200
    assert "only an order that waits for review can be approved" in again.text


def test_a_command_on_nothing_is_refused_not_broken(enter: Enter) -> None:
    browser = enter("admin")
    for path in ("/orders/4711/approve", "/fulfillment/4711/ship", "/work/tasks/4711/retry", "/work/documents/4711/replay",
                 "/work/connections/4711/resume", "/work/listings/4711/map"):  # fmt: skip
        assert browser.post(path, follow=False, sku="CAP-NVY").status_code == 303, path


def test_a_hold_is_set_and_lifted_by_hand(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    browser.post("/orders/2/hold", page="/orders/2", because="buyer called")
    hold = one(system, "SELECT id FROM hold WHERE document = 2 AND code = 'manual' AND released_at IS NULL")
    assert "buyer called" in browser.text("/orders/2")
    browser.post(f"/orders/2/holds/{hold}/lift", page="/orders/2", because="settled")
    assert one(system, "SELECT released_by FROM hold WHERE id = ?", hold) == "person:reviewer"


def test_the_warehouse_works_from_release_to_shipping(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    fo = one(system, "SELECT id FROM fulfillment_order WHERE state = 'released' ORDER BY id LIMIT 1")
    for step in ("start_picking", "pick", "pack"):
        browser.post(f"/fulfillment/{fo}/{step}", page=f"/fulfillment/{fo}")
    refused = browser.post(f"/fulfillment/{fo}/ship", page=f"/fulfillment/{fo}")
    assert "has no waybill yet" in refused.text
    with system.installation.unit_of_work("carrier:sf") as uow:
        uow.db.change("UPDATE waybill SET state = 'issued', number = 'SF9' WHERE fo_id = ?", (fo,))
    assert "The parcel is on its way" in browser.post(f"/fulfillment/{fo}/ship", page=f"/fulfillment/{fo}").text
    assert one(system, "SELECT state FROM fulfillment_order WHERE id = ?", fo) == "shipped"


def test_a_step_out_of_turn_is_refused(enter: Enter) -> None:
    assert "cannot go from" in enter("warehouse").post("/fulfillment/1/pack", page="/fulfillment/1").text


def test_a_list_stays_where_it_was_after_a_step(enter: Enter, system: System) -> None:
    fo = one(system, "SELECT id FROM fulfillment_order WHERE state = 'released' ORDER BY id LIMIT 1")
    answer = enter("warehouse").post(f"/fulfillment/{fo}/start_picking", follow=False, back="released")
    assert answer.location == "/fulfillment/?state=released"


def test_a_held_order_is_not_released_with_the_others(enter: Enter, system: System) -> None:
    enter("warehouse").post("/fulfillment/release-ready")
    assert (
        one(system, "SELECT f.state FROM fulfillment_order f JOIN fo_line l ON l.fo_id = f.id WHERE l.order_id = 6")
        == "allocated"
    )


def test_parked_work_is_tried_again(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    task = one(system, "SELECT id FROM task WHERE state = 'parked'")
    document = one(system, "SELECT id FROM inbox WHERE verdict = 'parked'")
    browser.post(f"/work/tasks/{task}/retry", page="/work/")
    browser.post(f"/work/documents/{document}/replay", page="/work/")
    assert one(system, "SELECT state FROM task WHERE id = ?", task) == "due"
    assert one(system, "SELECT verdict FROM inbox WHERE id = ?", document) == ""


def test_a_task_is_given_up(enter: Enter, system: System) -> None:
    task = one(system, "SELECT id FROM task WHERE state = 'parked'")
    enter("supervisor").post(f"/work/tasks/{task}/give-up", page="/work/")
    assert one(system, "SELECT state FROM task WHERE id = ?", task) == "given_up"


def test_a_paused_connection_is_resumed(enter: Enter, system: System) -> None:
    browser = enter("supervisor")
    assert "the access token was revoked" in browser.text("/work/")
    browser.post("/work/connections/2/resume", page="/work/")
    assert one(system, "SELECT state FROM connection WHERE id = 2") == "active"


def test_the_credentials_of_a_connection_are_renewed(enter: Enter, system: System) -> None:
    browser = enter("admin")
    assert "is not running" in browser.post("/connections/shopify-1/settings", page="/connections/").text
    page = "/connections/pocket-1"
    browser.post(f"{page}/settings", page=page, **{"s-key": "fresh and secret"})
    assert "fresh and secret" not in browser.text(page)
    assert "stored; leave empty to keep it" in browser.text(page)
    facts = connection(system.installation.db, "pocket-1")
    assert settings_of_connection(system.seal, facts, system.plugins.carriers["pocket_post"].settings) == {
        "key": "fresh and secret"
    }


def test_mapping_an_item_lets_its_orders_go_on(enter: Enter, system: System) -> None:
    listing = one(system, "SELECT id FROM listing WHERE sku_id IS NULL")
    browser = enter("supervisor")
    assert "there is no SKU NO-SUCH" in browser.post(f"/work/listings/{listing}/map", page="/work/", sku="NO-SUCH").text
    browser.post(f"/work/listings/{listing}/map", page="/work/", sku="TEE-WHT-M")
    assert system.installation.db.row("SELECT 1 FROM hold WHERE code = 'sku_unmapped' AND released_at IS NULL") is None


def test_a_parked_document_is_downloaded_as_it_came(enter: Enter, system: System) -> None:
    document = one(system, "SELECT id FROM inbox WHERE verdict = 'parked'")
    answer = enter("supervisor").get(f"/work/documents/{document}/raw")
    assert answer.mimetype == "application/octet-stream"
    assert "买家" in answer.data.decode()


def test_a_secret_left_empty_stays(enter: Enter, system: System) -> None:
    fields = {"s-account": "新名字", "s-token": ""}
    enter("admin").post("/plugins/pocket/settings", page="/plugins/", **fields)
    stored = settings_of(system.installation.db, system.seal, system.plugins.manifests["pocket"])
    assert stored == {"account": "新名字", "token": "never-shown-again"}


def test_people_are_added_changed_and_signed_out(enter: Enter, system: System) -> None:
    browser = enter("admin")
    fields = {"login": "Wu", "name": "吴用", "role": "finance", "language": "zh", "password": "eight or more"}
    assert "吴用 may sign in now." in browser.post("/people/", page="/people/", **fields).text
    assert "exists already" in browser.post("/people/", page="/people/", **fields).text
    person = one(system, "SELECT id FROM person WHERE login = 'wu'")
    browser.post(f"/people/{person}", page=f"/people/{person}", name="吴用", role="viewer", language="en", active="y")
    assert one(system, "SELECT role FROM person WHERE id = ?", person) == "viewer"
    other = enter("viewer")
    browser.post("/people/6/sign-out", page="/people/6")
    assert other.get("/orders/").status_code == 303


@pytest.mark.parametrize("field", [{"password": "short"}, {"role": "emperor"}, {"login": ""}])
def test_a_person_who_cannot_be_is_refused(enter: Enter, system: System, field: dict[str, str]) -> None:
    fields = {"login": "wu", "name": "吴用", "role": "finance", "language": "zh", "password": "eight or more"} | field
    assert enter("admin").post("/people/", page="/people/", **fields).status_code == 422
    assert system.installation.db.row("SELECT 1 FROM person WHERE login = 'wu'") is None


def test_the_last_administrator_stays(enter: Enter, system: System) -> None:
    answer = enter("admin").post("/people/1", page="/people/1", name="林晓", role="viewer", language="zh", active="y")
    assert "is the last administrator" in answer.text
    assert one(system, "SELECT role FROM person WHERE id = 1") == "admin"


def test_the_language_is_kept_with_the_person(enter: Enter, system: System) -> None:
    browser = enter("reviewer")
    assert "Orders" in browser.text("/orders/")
    browser.post("/language", language="zh", next="/orders/")
    assert "订单" in browser.text("/orders/")
    assert one(system, "SELECT language FROM person WHERE login = 'reviewer'") == "zh"
