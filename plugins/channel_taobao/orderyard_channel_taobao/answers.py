"""Reading answers of the platform: the envelope, list wrappers, numbers as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orderyard.core.kernel.errors import RemoteNotUnderstood


def document(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer, envelope and all; whole numbers keep every digit.

    Buyers' words come with raw tabs and line breaks inside the strings, which strict JSON forbids.
    """
    try:
        decoded = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        raise RemoteNotUnderstood("Taobao: the answer is not JSON", raw=excerpt(body)) from None
    if not isinstance(decoded, dict):
        raise RemoteNotUnderstood("Taobao: the answer is not a JSON object", raw=excerpt(body))
    return decoded


def content(decoded: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands inside `…_response`; a simplified answer has no such root and is taken as it is."""
    for key, value in decoded.items():
        if key.endswith("_response") and isinstance(value, dict):
            return value
    return decoded


def listed(value: object, what: str) -> list[Mapping[str, Any]]:
    """The objects of a list, wrapped (`{"trade": […]}`) or bare; a list that is absent or empty has none."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, dict) and value:
        value = [value]
    if value is None or value in ("", {}):
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RemoteNotUnderstood(f"Taobao: {what} is not a list of objects", raw=str(value)[:2000])
    return value


def texts(value: object, what: str) -> list[str]:
    """The texts of a list, wrapped (`{"string": […]}`) or bare; a list that is absent or empty has none."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if value is None or value in ("", {}):
        return []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or any(isinstance(item, (dict, list)) for item in value):
        raise RemoteNotUnderstood(f"Taobao: {what} is not a list of texts", raw=str(value)[:2000])
    return [text(item) for item in value]


def text(value: object) -> str:
    """A scalar as trimmed text; ids come as numbers or as text, and absent is empty."""
    if value is None or isinstance(value, (bool, dict, list)):
        return ""
    return str(value).strip()


def identity(value: object, what: str) -> str:
    """An id as text, digit by digit as it was sent; a float has already lost some, so it is refused."""
    found = text(value)
    if not found or isinstance(value, float):
        raise RemoteNotUnderstood(f"Taobao: {what} is {value!r}, not an id")
    return found


def whole(value: object, what: str) -> int:
    """A whole number that came as a number or as digits."""
    found = text(value)
    if isinstance(value, float) or not found.isascii() or not found.isdigit() or len(found) > 18:
        raise RemoteNotUnderstood(f"Taobao: {what} is {value!r}, not a whole number")
    return int(found)


def yes(value: object) -> bool:
    """Whether a flag is set: true, 1, or the same as text."""
    return value is True or text(value).lower() in ("1", "true")


def excerpt(body: bytes) -> str:
    """The beginning of a body for a person to read."""
    return body[:2000].decode("utf-8", "replace")
