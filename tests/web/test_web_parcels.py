"""Fulfillment orders planned otherwise: split, merged, taken apart again, and what is to be put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orderyard.app import System

Enter = Callable[..., Any]


def one(system: System, sql: str, *parameters: object) -> Any:
    row = system.installation.db.row(sql, parameters)
    assert row is not None
    return row[0]


def released(system: System) -> int:
    return int(one(system, "SELECT MIN(id) FROM fulfillment_order WHERE state = 'released'"))


def test_units_are_split_off(enter: Enter, system: System) -> None:
    line, fo = system.installation.db.rows(
        "SELECT x.line_id, x.fo_id FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id WHERE f.state IN "
        "('allocated','released') AND x.quantity > 1 ORDER BY x.id"
    )[0]
    answer = enter("warehouse").post(
        f"/fulfillment/{fo}/split", page=f"/fulfillment/{fo}", **{f"units-{line}": "1"}, because="two boxes"
    )
    assert "It is split" in answer.text
    assert "Where it came from" in answer.text
    assert one(system, "SELECT COUNT(*) FROM fo_lineage WHERE source_id = ? AND kind = 'split'", fo) == 1


@pytest.mark.parametrize(("fields", "said"), [({}, "No units were chosen"), ({"units": "x"}, "whole number")])
def test_a_split_that_cannot_be_is_refused(enter: Enter, system: System, fields: dict[str, str], said: str) -> None:
    fo = released(system)
    line = one(system, "SELECT line_id FROM fo_line WHERE fo_id = ? ORDER BY id LIMIT 1", fo)
    given = {f"units-{line}": value for value in fields.values()}
    assert said in enter("warehouse").post(f"/fulfillment/{fo}/split", page="/", because="x", **given).text


def test_everything_goes_to_another_warehouse(enter: Enter, system: System) -> None:
    fo = one(system, "SELECT MIN(id) FROM fulfillment_order WHERE state = 'allocated'")
    enter("warehouse").post(f"/fulfillment/{fo}/split", page=f"/fulfillment/{fo}", warehouse="CD", because="nearer")
    text = enter("warehouse").text(f"/fulfillment/{fo}")
    assert "成都仓" in text


def test_carrier_label_and_route_are_chosen_anew(enter: Enter, system: System) -> None:
    browser, fo = enter("warehouse"), released(system)
    assert "Another carrier" in browser.post(f"/fulfillment/{fo}/carrier", page="/", carrier="pocket-1", because="late").text
    assert one(system, "SELECT carrier FROM fulfillment_order WHERE id = ?", fo) == "pocket-1"
    assert "there is no carrier" in browser.post(f"/fulfillment/{fo}/carrier", page="/", carrier="crow", because="late").text
    assert "A new label" in browser.post(f"/fulfillment/{fo}/relabel", page="/", because="smudged").text
    assert "routed anew" in browser.post(f"/fulfillment/{fo}/reroute", page="/", because="closed").text
    assert "alert-danger" in browser.post(f"/fulfillment/{fo}/unmerge", page="/", because="x").text


def test_what_could_share_a_parcel_is_shown_and_merged_by_hand(enter: Enter, system: System) -> None:
    browser = enter("warehouse")
    assert "could share a parcel" in browser.text("/fulfillment/merging")
    refused = browser.post("/fulfillment/merging", page="/", fo=["1", "2"])
    assert "alert-danger" in refused.text
    assert "at least two" in browser.post("/fulfillment/merging", page="/").text


def test_what_was_picked_and_cancelled_is_put_back(enter: Enter, system: System) -> None:
    browser, fo = enter("warehouse"), released(system)
    assert "Nothing to put back" in browser.text("/fulfillment/put-back")
    order = one(system, "SELECT order_id FROM fo_line WHERE fo_id = ? LIMIT 1", fo)
    for step in ("start_picking", "pick"):
        browser.post(f"/fulfillment/{fo}/{step}", page="/")
    enter("reviewer").post(f"/orders/{order}/cancel", page=f"/orders/{order}", because="buyer left")
    browser = enter("warehouse")
    task = one(system, "SELECT MIN(id) FROM putback")
    assert f"/fulfillment/put-back/{task}" in browser.text("/fulfillment/put-back")
    assert "Put back" in browser.post(f"/fulfillment/put-back/{task}", page="/fulfillment/put-back", place="A-1").text
    assert f"/put-back/{task}" not in browser.text("/fulfillment/put-back")
    assert "A-1" in str(system.installation.db.rows("SELECT place FROM putback"))
    assert "done by" in browser.post(f"/fulfillment/put-back/{task}", page="/").text


def test_only_the_warehouse_plans_otherwise(enter: Enter) -> None:
    for path in ("/fulfillment/2/split", "/fulfillment/2/carrier", "/fulfillment/merging", "/fulfillment/put-back/1"):
        assert enter("viewer").post(path, because="x").status_code == 403, path
    assert "Plan it otherwise" not in enter("viewer").text("/fulfillment/5")


def test_a_parcel_that_reached_nobody_is_taken_in_again(enter: Enter, system: System) -> None:
    [(fo_id,)] = system.installation.db.rows("SELECT id FROM fulfillment_order WHERE state = 'shipped' ORDER BY id LIMIT 1")
    page = f"/fulfillment/{fo_id}"
    warehouse = enter("warehouse")
    assert "It came back undelivered" in warehouse.text(page)
    refused = warehouse.post(f"{page}/came-back", page=page, because="nobody there", quality="fine")
    assert "was not chosen" in refused.text
    done = warehouse.post(f"{page}/came-back", page=page, because="nobody there", quality="good")
    assert "in the warehouse again" in done.text
    assert "It came back undelivered" not in warehouse.text(page)
    assert system.verify() == []
