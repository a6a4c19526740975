"""HubSpot's CRM API v3 (objects) and v4 (associations), as far as a one-way sync needs it.

Wire facts: developers.hubspot.com, "Error handling" and the batch reference. A batch is answered per record (207) only
if every input carries a unique `objectWriteTraceId`; without it, or where a whole batch is refused all the same, one bad
record takes the others with it, so a refused batch is halved until the bad ones stand alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from orderyard.core.kernel.errors import (
    CredentialsRefused,
    RateLimited,
    RemoteError,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Request, Response, Transport

from .mapping import Record

BATCH = 100
"""Most records that one call may carry."""

_EXISTING = re.compile(r"Existing ID: (\d+)")


class AlreadyExists(RemoteRejected):
    """Another record already has one of the unique values (an e-mail); `holder` is its id."""

    def __init__(self, what: str, *, holder: str, code: str = "", raw: str = "", remedy: str = "") -> None:
        super().__init__(what, code=code, raw=raw, remedy=remedy)
        self.holder = holder


Outcome = str | RemoteError
"""The remote id of a record, or why it has none."""

Answers = dict[str, Outcome]
"""Our key -> outcome, of the records that the answer speaks of."""


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


_K = TypeVar("_K", bound=_Keyed)


class Link:
    """A deal and the contact it belongs to, by their remote ids."""

    def __init__(self, deal: str, contact: str) -> None:
        self.deal = deal
        self.contact = contact

    @property
    def key(self) -> str:
        return f"{self.deal}-{self.contact}"


class HubSpot:
    """Every call is idempotent: upserts go by a unique property of ours, links and updates state what shall be."""

    def __init__(self, base_url: str, token: str, transport: Transport) -> None:
        self._base_url = base_url
        self._token = token
        self._transport = transport

    def upsert(self, kind: str, id_property: str, records: Sequence[Record]) -> list[Outcome]:
        """One outcome per record, in order; `kind` is `contacts` or `deals`, no key comes twice."""

        def send(batch: Sequence[Record]) -> Answers:
            inputs = [
                {"idProperty": id_property, "id": one.key, "objectWriteTraceId": one.key, "properties": dict(one.properties)}
                for one in batch
            ]
            return _answers(
                self._call("POST", f"/crm/v3/objects/{kind}/batch/upsert", {"inputs": inputs}),
                lambda result: str(result.get("objectWriteTraceId") or _mapping(result, "properties").get(id_property)),
                lambda result: _id(result),
            )

        return _in_batches(records, send)

    def link(self, links: Sequence[Link]) -> list[Outcome]:
        """Associate deals with contacts by the default type; a link that is there already stays. No link comes twice."""

        def send(batch: Sequence[Link]) -> Answers:
            inputs = [{"from": {"id": one.deal}, "to": {"id": one.contact}} for one in batch]
            answer = self._call("POST", "/crm/v4/associations/deals/contacts/batch/associate/default", {"inputs": inputs})
            # An error names records, not pairs: it speaks of every link that one of them is part of.
            keys = {name: [one.key for one in batch if name in (one.deal, one.contact)] for name in _named(answer)}
            return _answers(
                answer,
                lambda result: f"{_id(_mapping(result, 'from'))}-{_id(_mapping(result, 'to'))}",
                lambda result: _id(_mapping(result, "to")),
                lambda name: keys.get(name, []),
            )

        return _in_batches(links, send)

    def read(self, kind: str, remote_id: str, properties: Sequence[str]) -> dict[str, str]:
        """These properties of one record; an unset one is left out."""
        answer = self._call("GET", f"/crm/v3/objects/{kind}/{remote_id}?properties={','.join(properties)}")
        return {name: str(value) for name, value in _mapping(answer, "properties").items() if value}

    def update(self, kind: str, remote_id: str, properties: Mapping[str, str]) -> str:
        """Set properties of one record; its id."""
        return _id(self._call("PATCH", f"/crm/v3/objects/{kind}/{remote_id}", {"properties": dict(properties)}))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        response = self._transport.send(Request(method, self._base_url + path, headers, raw))
        if response.status not in (200, 201, 207):
            raise _refusal(response)
        answer = response.json()
        if not isinstance(answer, dict):
            raise RemoteNotUnderstood("the CRM's answer is no object", raw=_raw(response))
        return answer


def _in_batches(items: Sequence[_K], send: Callable[[Sequence[_K]], Answers]) -> list[Outcome]:
    outcomes: Answers = {}
    stop: RemoteError | None = None
    queue = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    while queue:
        batch = queue.pop(0)
        if stop is not None:
            outcomes |= {one.key: stop for one in batch}
            continue
        try:
            answered = send(batch)
        except RemoteRejected as error:
            if len(batch) > 1:
                queue[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
            else:
                outcomes[batch[0].key] = error
            continue
        except RemoteError as error:
            stop = error
            outcomes |= {one.key: stop for one in batch}
            continue
        unsaid = [one for one in batch if one.key not in answered]
        outcomes |= {key: outcome for key, outcome in answered.items() if any(one.key == key for one in batch)}
        if unsaid and len(batch) > 1:
            queue[:0] = [[one] for one in unsaid]
        elif unsaid:
            outcomes[unsaid[0].key] = answered.get("", RemoteNotUnderstood(f"the CRM said nothing of {unsaid[0].key}"))
    return [outcomes[one.key] for one in items]


def _answers(
    answer: Mapping[str, Any],
    key_of: Callable[[Mapping[str, Any]], str],
    id_of: Callable[[Mapping[str, Any]], str],
    keys_of: Callable[[str], Sequence[str]] = lambda name: [name],
) -> Answers:
    """What a batch answer says of each key; an error that names nobody stands under the empty key."""
    found: Answers = {}
    for result in _list(answer, "results"):
        found[key_of(result)] = id_of(result)
    for error in _list(answer, "errors"):
        keys = [key for name in _context(error) for key in keys_of(name)]
        for key in keys or [""]:
            found[key] = _item_error(error)
    return found


def _named(answer: Mapping[str, Any]) -> set[str]:
    return {name for error in _list(answer, "errors") for name in _context(error)}


def _context(error: Mapping[str, Any]) -> list[str]:
    """Whom an error is about. The lists differ between endpoints: the trace ids we sent, or ids of records."""
    context = error.get("context")
    if not isinstance(context, dict):
        return []
    lists = ("objectWriteTraceId", "ids", "id", "fromObjectId", "toObjectId")
    return [str(name) for kind in lists for name in context.get(kind) or ()]


def _item_error(error: Mapping[str, Any]) -> RemoteRejected:
    what = str(error.get("message") or "refused without a reason")
    code = str(error.get("category") or "")
    raw = json.dumps(error, ensure_ascii=False)[:2000]
    context = error.get("context")
    existing = context.get("existingId") if isinstance(context, dict) else None
    match = _EXISTING.search(what)
    holder = str(existing[0]) if isinstance(existing, list) and existing else match[1] if match else ""
    if holder:
        return AlreadyExists(what, holder=holder, code=code, raw=raw)
    return RemoteRejected(what, code=code, raw=raw)


def _refusal(response: Response) -> RemoteError:
    """A status that is no answer, as the one error that says what to do about it."""
    status, raw = response.status, _raw(response)
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    said = body if isinstance(body, dict) else {}
    what = f"the CRM answered {status}: {said.get('message') or 'no message'}"
    code = str(said.get("category") or said.get("errorType") or status)
    if status == 401:
        return CredentialsRefused(what, code=code, raw=raw, remedy="enter a valid access token")
    if status == 403:
        return CredentialsRefused(what, code=code, raw=raw, remedy="give the private app its scopes for contacts and deals")
    if status in (423, 429, 477):
        return RateLimited(what, seconds=_patience(response, said), code=code, raw=raw)
    if status == 408 or status >= 500:
        return RemoteUnavailable(what, code=code, raw=raw)
    if 400 <= status < 500:
        error = _item_error(said)
        holder = error.holder if isinstance(error, AlreadyExists) else ""
        return AlreadyExists(what, holder=holder, code=code, raw=raw) if holder else RemoteRejected(what, code=code, raw=raw)
    return RemoteNotUnderstood(what, code=code, raw=raw)


def _patience(response: Response, said: Mapping[str, Any]) -> float:
    """Seconds to wait: what Retry-After says, else the length of the window whose limit was met."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return 3600.0 if said.get("policyName") == "DAILY" else 10.0


def _raw(response: Response) -> str:
    return response.body[:2000].decode("utf-8", "replace")


def _list(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RemoteNotUnderstood(f"{name} of the CRM's answer is no list of objects", raw=str(answer)[:2000])
    return found


def _mapping(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name) or {}
    if not isinstance(found, dict):
        raise RemoteNotUnderstood(f"{name} of the CRM's answer is no object", raw=str(answer)[:2000])
    return found


def _id(result: Mapping[str, Any]) -> str:
    found = result.get("id")
    if not isinstance(found, (str, int)) or isinstance(found, bool) or not str(found):
        raise RemoteNotUnderstood("a record of the CRM's answer has no id", raw=str(result)[:2000])
    return str(found)
