"""Taobao's times: without a zone, always meant in GMT+8, whatever the zone of this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from orderyard.core.kernel.errors import RemoteNotUnderstood

GMT8 = timezone(timedelta(hours=8))


def to_wire(moment: datetime, *, up: bool = False) -> str:
    """`yyyy-MM-dd HH:mm:ss`; a fraction of a second is dropped, or with `up` counted as a whole one."""
    here = moment.astimezone(GMT8)
    if up and here.microsecond:
        here += timedelta(seconds=1)
    return here.strftime("%Y-%m-%d %H:%M:%S")


def from_wire(text: object, what: str) -> datetime:
    """The moment in UTC; some fields (a line's `consign_time`) come without seconds."""
    for shape in ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M %z"):
        try:
            return datetime.strptime(f"{text} +0800", shape).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise RemoteNotUnderstood(f"Taobao: {what} is {text!r}, not a time")
