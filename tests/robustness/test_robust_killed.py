"""Killed in the middle of the road, again and again: nothing is lost and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orderyard.app import System
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.demo.buyers import scenes
from orderyard.core.testing.demo.road import Town, disagreements, tally, town, work_through

PER_CHANNEL = 12
DEATHS = (3, 120, 233, 150)
"""At which of its writes each process dies: all over the road, in transactions and between them."""
MORE = 8
"""So many lives more it may take."""
LONGEST = 120


def orders_come(place: Town) -> None:
    for code, channel in place.channels.items():
        place.orders[code] = []
        for scene in scenes(channel.currency, PER_CHANNEL):
            external_id = channel.place(scene.order)
            place.orders[code].append(external_id)
            if scene.then == "push":
                channel.chaos.arm("duplicate")
                channel.push(external_id)
            elif scene.then == "refund":
                channel.refund(external_id)


def finish(place: Town) -> None:
    """Do whatever is left, until nothing is; each look waits for what a platform lists a moment later."""
    system, db = place.system, place.system.installation.db
    deadline = time.monotonic() + LONGEST
    quiet = 0
    while quiet < 3:
        assert time.monotonic() < deadline, db.rows("SELECT kind, state, error FROM task WHERE state <> 'done'")
        pulled = [system.channels.feeds.pull(facts) for facts in system.channels.accounts.active()]
        released, drained, shipped = system.release(), system.worker.drain(), work_through(system)
        waiting = db.rows("SELECT 1 FROM task WHERE state IN ('due', 'leased')")
        busy = any(result.verdicts for result in pulled) or released or drained.worked or shipped or waiting
        quiet = 0 if busy else quiet + 1
        time.sleep(0.2)
    system.publish()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_process_killed_all_over_the_road_loses_nothing_and_doubles_nothing(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, killed: Callable[[System, int], None]
) -> None:
    name = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[engine]
    databases: Databases = request.getfixturevalue(name)
    url = databases.create()
    with town(tmp_path, database=url) as place:
        place.system.channels.publishing.meet_all()
        orders_come(place)
        for writes in DEATHS:
            killed(place.system, writes)
        db = place.system.installation.db
        for _ in range(MORE):
            # How far a life gets depends on who works first: at least one parcel must have left before the last one ends.
            if left := db.rows("SELECT COUNT(*) FROM fulfillment_order WHERE state = 'shipped'")[0][0]:
                break
            killed(place.system, DEATHS[-1])
        assert left > 0, "the processes died before anything left: nothing was proved"
        finish(place)
        figures = tally(place)
        assert figures["received"] == dict.fromkeys(place.channels, PER_CHANNEL)
        assert disagreements(place, figures) == []
        for code, channel in place.channels.items():
            done = db.rows(
                "SELECT COUNT(*) FROM shipment_notice n JOIN connection c ON c.id = n.connection_id WHERE c.code = ? "
                "AND n.state = 'done'",
                (code,),
            )
            assert channel.told().confirmations == done[0][0]
            assert all(len(set(numbers)) == len(numbers) for numbers in channel.told().shipments.values())
        for carrier in place.carriers.values():
            assert carrier.told().bookings == db.rows("SELECT COUNT(*) FROM waybill WHERE number <> ''")[0][0]
        assert place.system.verify() == []
    databases.drop(url)
