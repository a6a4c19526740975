"""Routes on the wire, asked for or pushed, as neutral events. Pure, no network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from orderyard.core.carriers.api import TrackingEvent, TrackingState
from orderyard.core.kernel.errors import RemoteNotUnderstood

from .opcodes import state_of

# China has had one zone and no summer time since 1991, so a fixed offset is exact for every parcel alive.
_BEIJING = timezone(timedelta(hours=8))


def routes(data: Any, raw: str) -> list[TrackingEvent]:
    """The answer of EXP_RECE_SEARCH_ROUTES, all its waybills together, oldest first.

    No routes at all is how SF says nothing yet, not yours, and wrong telephone number alike; none of it is an error.
    """
    answers = data.get("routeResps") if isinstance(data, dict) else None
    if not isinstance(answers, list):
        raise RemoteNotUnderstood("SF: routes without routeResps", raw=raw)
    found: list[TrackingEvent] = []
    for answer in answers:
        steps = answer.get("routes") or [] if isinstance(answer, dict) else None
        if not isinstance(steps, list):
            raise RemoteNotUnderstood("SF: a routeResp without a list of routes", raw=raw)
        found += _events(str(answer.get("mailNo") or ""), steps, raw)
    return sorted(found, key=lambda event: event.at)


def pushed(body: bytes) -> list[TrackingEvent]:
    """The events of a route push, oldest first; their ids are those of the same steps when asked for."""
    raw = body[:4000].decode("utf-8", "replace")
    try:
        steps = json.loads(body)["Body"]["WaybillRoute"]
    except (ValueError, KeyError, TypeError):
        raise RemoteNotUnderstood("SF: a push without Body.WaybillRoute", raw=raw) from None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise RemoteNotUnderstood("SF: Body.WaybillRoute is no list of steps", raw=raw)
    found: list[TrackingEvent] = []
    for number in dict.fromkeys(str(step.get("mailno") or "") for step in steps):
        found += _events(number, [step for step in steps if str(step.get("mailno") or "") == number], raw)
    return sorted(found, key=lambda event: event.at)


def _events(number: str, steps: Sequence[Any], raw: str) -> list[TrackingEvent]:
    """The steps of one waybill in order of time: each once, one delivery, and a delivery after turning back as a return."""
    if not number:
        raise RemoteNotUnderstood("SF: routes of no waybill", raw=raw)
    found: dict[str, TrackingEvent] = {}
    for step in steps:
        event = _event(number, step, raw)
        found.setdefault(event.id, event)
    kept: list[TrackingEvent] = []
    turned = signed = False
    for event in sorted(found.values(), key=lambda event: event.at):
        if event.state is TrackingState.RETURNING:
            turned, signed = True, False
        if event.state is TrackingState.DELIVERED:
            if signed:
                continue
            signed = True
            if turned:
                event = _came_back(event)
        kept.append(event)
    return kept


def _event(number: str, step: Any, raw: str) -> TrackingEvent:
    try:
        local, code = str(step["acceptTime"]), str(step["opCode"])
        at = datetime.strptime(local, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise RemoteNotUnderstood("SF: a route without a time or an opCode", raw=raw) from None
    return TrackingEvent(
        id=_id(number, local, code),
        number=number,
        at=at,
        state=state_of(code),
        code=code,
        text=str(step.get("remark") or ""),
        place=str(step.get("acceptAddress") or ""),
    )


def _came_back(event: TrackingEvent) -> TrackingEvent:
    """Signed for by the sender. Its id differs from the delivery's that a push without its history may have brought."""
    return TrackingEvent(
        id=_id(event.id, TrackingState.RETURNED),
        number=event.number,
        at=event.at,
        state=TrackingState.RETURNED,
        code=event.code,
        text=event.text,
        place=event.place,
    )


def _id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
