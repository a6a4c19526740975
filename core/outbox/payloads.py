"""Events as JSON and back: dataclass fields, enums by value, moments as text, tuples as lists."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from ... import hookspecs
from ..kernel.db import as_moment, moment_text
from ..kernel.errors import OrderyardError


@functools.cache
def event_types() -> Mapping[str, type]:
    """Every event that an `on_` hook tells, by its name; read from the hooks' own annotations."""
    found: dict[str, type] = {}
    for hook, function in vars(hookspecs).items():
        if hook.startswith("on_") and hasattr(function, "orderyard_spec"):
            (kind,) = typing.get_args(typing.get_type_hints(function)["events"])
            found[hook.removeprefix("on_")] = kind
    return found


_AS_IT_IS = frozenset({type(None), bool, int, float, str})


def to_payload(value: Any) -> Any:
    """The JSON shape of an event, or of anything an event may hold."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_payload(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): to_payload(held) for key, held in value.items()}
    if isinstance(value, tuple | list):
        return [to_payload(held) for held in value]
    raise OrderyardError(f"an event cannot hold {type(value).__name__}", remedy="use values, enums, moments and tuples")


def from_payload(kind: type, payload: Any) -> Any:
    """The event again; OrderyardError when its class has changed so much that it no longer fits."""
    try:
        return _read(kind, payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OrderyardError(
            f"this event no longer reads as {kind.__name__}: {type(error).__name__} {error}",
            remedy="it was written by another version; give it up",
        ) from error


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in _names(kind)}


def _read(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (one for one in typing.get_args(kind) if one is not type(None))
        return _read(kind, value)
    if origin is tuple:
        held = typing.get_args(kind)
        if len(held) == 2 and held[1] is Ellipsis:
            return tuple(_read(held[0], one) for one in value)
        return tuple(_read(one, given) for one, given in zip(held, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(typing.get_args(kind)[1], held) for key, held in value.items()}
    if origin is not None and issubclass(origin, Sequence):
        return tuple(_read(typing.get_args(kind)[0], one) for one in value)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        missing = dataclasses.MISSING
        hints = _hints(kind)
        fields = {
            field.name: _read(hints[field.name], value[field.name])
            for field in dataclasses.fields(kind)
            if field.name in value or (field.default is missing and field.default_factory is missing)
        }
        return kind(**fields)
    if issubclass(kind, Enum):
        return kind(value)
    if issubclass(kind, datetime):
        return as_moment(value)
    if issubclass(kind, date):
        return date.fromisoformat(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
