"""The history of documents, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..kernel.db import Database, as_json, as_moment


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Who did what to which document, and why."""

    at: datetime
    actor: str
    """`person:ann`, `worker`, `channel:taobao-1`; `name` is the person's own, where it is one."""
    name: str
    action: str
    kind: str
    document: int
    because: str
    data: Any


def history(db: Database, documents: Sequence[tuple[str, int]], limit: int = 200) -> list[HistoryRow]:
    """The latest lines of all these documents (kind, id), newest first."""
    by_kind: dict[str, list[int]] = {}
    for kind, document in documents:
        by_kind.setdefault(kind, []).append(document)
    parts, parameters = [], []
    for kind, ids in by_kind.items():
        parts.append(f"(a.kind = ? AND a.document IN ({','.join('?' * len(ids))}))")
        parameters += [kind, *ids]
    if not parts:
        return []
    rows = db.rows(
        "SELECT a.at, a.actor, p.name, a.action, a.kind, a.document, a.because, a.data FROM audit a "
        f"LEFT JOIN person p ON a.actor = 'person:' || p.login WHERE {' OR '.join(parts)} ORDER BY a.id DESC LIMIT ?",
        [*parameters, limit],
    )
    return [
        HistoryRow(as_moment(at), actor, name or "", action, kind, document, because, as_json(data))
        for at, actor, name, action, kind, document, because, data in rows
    ]
