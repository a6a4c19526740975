"""Telling platforms what left: from parcels to the fewest legal calls, each made with effect exactly once."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..fulfillment.api import ShipmentDispatched
from ..kernel.db import Database, Question, marks, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..outbox.service import NewTask, enqueue
from .api import Shipment, ShippedLine

TELL = "tell_shipment"
"""The kind of task that makes one such call."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One platform line's share of a parcel, and how much of it earlier parcels were told for."""

    external_id: str
    quantity: int
    """Units in this parcel; 0 when it holds none of them."""
    told: int
    ordered: int
    """All units of the line that were not cancelled."""


def plan(tracking_per: str, sent: Sequence[Sent], *, told_before: bool) -> tuple[ShippedLine, ...]:
    """What the platform can be told about this parcel: nothing, when its ability was used up by an earlier one.

    `order`: one number for the whole order, the first parcel's. `line`: one number per line, that of the first parcel holding
    a unit of it, for all its units. `quantity`: exactly what is inside.
    """
    if tracking_per == "order":
        return () if told_before else tuple(ShippedLine(line.external_id, line.ordered) for line in sent)
    if tracking_per == "line":
        return tuple(ShippedLine(line.external_id, line.ordered) for line in sent if line.quantity and not line.told)
    return tuple(ShippedLine(line.external_id, line.quantity) for line in sent if line.quantity)


def platforms_of(order_ids: Sequence[int]) -> Question:
    """Where orders came from, which every parcel that leaves asks."""
    return Question(
        "SELECT d.connection_id, c.code, c.adapter, c.settings, d.order_id, d.external_id FROM channel_order d "
        f"JOIN connection c ON c.id = d.connection_id WHERE d.order_id IN ({marks(order_ids)}) ORDER BY d.order_id",
        tuple(order_ids),
        6,
    )


class WriteBack:
    """Hears what was dispatched and writes down, in the same unit of work, what each platform is to be told.

    Of a connection (adapter, code, sealed settings) `finest` gives `tracking_per`, `title` the carrier's code and title.
    """

    def __init__(self, finest: Callable[[str, str, str], str], title: Callable[[str, str, str], tuple[str, str]]) -> None:
        self._finest = functools.lru_cache(maxsize=256)(finest)
        self._title = functools.lru_cache(maxsize=256)(title)

    def hear(self, uow: UnitOfWork, events: Sequence[ShipmentDispatched]) -> None:
        for event in events:
            self._plan(uow, event)

    def _plan(self, uow: UnitOfWork, event: ShipmentDispatched) -> None:
        asked = platforms_of(event.order_ids)
        rows = uow.db.rows(asked.sql, asked.parameters)
        if not rows:
            return
        carrier = uow.db.row("SELECT adapter, code, settings FROM connection WHERE code = ?", (event.carrier,))
        code, title = (event.carrier, event.carrier) if carrier is None else self._title(*carrier)
        tasks = []
        for connection_id, connection, adapter, settings, order_id, external_id in rows:
            before = uow.db.rows(
                "SELECT lines FROM shipment_notice WHERE order_id = ? AND state <> 'not_supported'", (order_id,)
            )
            sent, open_ = self._sent(uow, event.fo_id, order_id, [json.loads(row[0]) for row in before])
            lines = plan(self._finest(adapter, connection, settings), sent, told_before=bool(before))
            key = f"{connection}/{external_id}/{event.number}"
            whole = not open_ and not before
            uow.db.insert(
                "shipment_notice",
                ("connection_id", "order_id", "fo_id", "key", "carrier_code", "carrier_title", "number", "lines", "whole",
                 "state", "note", "at"),
                [(connection_id, order_id, event.fo_id, key, code, title, event.waybill,
                  to_json([[line.external_id, line.quantity] for line in lines]), whole,
                  "queued" if lines else "not_supported",
                  "" if lines else "the platform shows one number, and an earlier parcel gave it", uow.now)],
            )  # fmt: skip
            if lines:
                tasks.append(NewTask(TELL, connection, key, {"external_id": external_id}))
        enqueue(uow, tasks)

    def _sent(
        self, uow: UnitOfWork, fo_id: int, order_id: int, before: Sequence[Sequence[Sequence[object]]]
    ) -> tuple[list[Sent], bool]:
        """The platform lines that were not cancelled, kits counted as kits; and whether anything is left to send."""
        told: dict[str, int] = {}
        for notice in before:
            for external_id, count in notice:
                told[str(external_id)] = told.get(str(external_id), 0) + int(str(count))
        rows = uow.db.rows(
            "SELECT l.no, l.external_id, l.kit, l.kit_line, l.per_kit, l.quantity, l.shipped, l.cancelled, "
            "COALESCE(f.quantity, 0) FROM order_line l LEFT JOIN fo_line f ON f.line_id = l.id AND f.fo_id = ? "
            "WHERE l.order_id = ? ORDER BY l.no",
            (fo_id, order_id),
        )
        kits: dict[int, tuple[int, int]] = {}
        open_ = False
        for _, _, kit, kit_line, per_kit, quantity, shipped, cancelled, here in rows:
            open_ = open_ or (not kit and quantity > shipped + cancelled)
            if kit_line is not None:
                count, live = kits.get(kit_line, (0, 0))
                kits[kit_line] = (max(count, -(-here // per_kit)), max(live, -(-(quantity - cancelled) // per_kit)))
        sent = []
        for no, external_id, kit, kit_line, _, quantity, _, cancelled, here in rows:
            count, live = kits.get(no, (0, 0)) if kit else (here, quantity - cancelled)
            if kit_line is None and live and external_id:
                earlier = told.get(external_id, 0)
                sent.append(Sent(external_id, max(0, min(count, quantity - earlier)), earlier, live))
        return sent, open_


def told(db: Database, order_id: int) -> dict[str, int]:
    """Units of each platform line that we told the platform about, or are about to: it counts them as shipped.

    More than we sent, where it shows one number for a whole line or order.
    """
    units: dict[str, int] = {}
    for (lines,) in db.rows(
        "SELECT lines FROM shipment_notice WHERE order_id = ? AND state IN ('queued', 'done')", (order_id,)
    ):
        for external_id, count in json.loads(lines):
            units[external_id] = units.get(external_id, 0) + count
    return units


def shipment_of(db: Database, key: str, external_id: str) -> tuple[int, str, Shipment]:
    """The call behind a task: the notice's id and state, and the shipment to tell."""
    row = db.row(
        "SELECT id, state, lines, carrier_code, carrier_title, number, whole FROM shipment_notice WHERE key = ?", (key,)
    )
    if row is None:
        raise DomainError(f"there is no shipment notice {key}", remedy="give this task up")
    lines = tuple(ShippedLine(line[0], line[1]) for line in json.loads(row[2]))
    return row[0], row[1], Shipment(external_id, lines, row[3], row[4], row[5], bool(row[6]))
