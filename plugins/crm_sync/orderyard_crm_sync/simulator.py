"""HubSpot on loopback: contacts, deals and their associations, with the rules that bite a client.

It refuses what HubSpot refuses: properties nobody created, e-mail addresses that are none, unique values that another
record has, batches of more than 100, stages no pipeline has. One bad record spoils its whole batch unless every input
carries a unique `objectWriteTraceId`; then the answer is 207, record by record.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import CrmSimulator, CrmTold, Environment

_ACCESS = "pat-simulated-0001"
_PORTAL = "24680135"
_TYPES = {"0-1": "contacts", "0-3": "deals"}
_ASSOCIATION_TYPES = {("deals", "contacts"): 3, ("contacts", "deals"): 4}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass
class _Entry:
    id: str
    properties: dict[str, str]
    created: datetime
    updated: datetime


@dataclass
class _Books:
    """Everything the account holds."""

    entries: dict[str, dict[str, _Entry]] = field(default_factory=lambda: {"contacts": {}, "deals": {}})
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """(deal id, contact id)."""
    next_id: int = 101


class _Refused(Exception):
    def __init__(self, status: int, category: str, message: str, **context: list[str]) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.context = context


class HubSpotSimulator(CrmSimulator):
    """One account, with the properties that the plugin's README asks its administrator for."""

    name: ClassVar[str] = "crm_sync"

    unique: ClassVar[Mapping[str, tuple[str, ...]]] = {"contacts": ("email", "oms_customer_key"), "deals": ("oms_order_id",)}

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        self.token = _ACCESS
        self.properties = {
            "contacts": set("email phone firstname lastname company oms_customer_key oms_shop".split()),
            "deals": set(
                "dealname amount closedate dealstage pipeline deal_currency_code "
                "oms_order_id oms_status oms_shop oms_waybills".split()
            ),
        }
        self.pipelines = {
            "default": set(
                "appointmentscheduled qualifiedtobuy presentationscheduled decisionmakerboughtin contractsent closedwon "
                "closedlost".split()
            )
        }
        self.currencies = {"CNY", "USD", "EUR", "HKD", "JPY", "GBP"}
        self.calls: Counter[str] = Counter()
        """Operation -> calls that were let in."""
        self._books = _Books()

    def settings(self) -> Mapping[str, str]:
        return {
            "access_token": self.token,
            "base_url": self.base_url,
            "crm_name": "HubSpot (simulated)",
            "portal_id": _PORTAL,
            "app_url": self.base_url,
        }

    def told(self) -> CrmTold:
        """Contacts by `oms_customer_key`, deals by `oms_order_id`; a deal's `contacts` are the keys it is linked with."""
        with self.lock:
            contacts = self._books.entries["contacts"]
            deals: dict[str, Mapping[str, str]] = {}
            for deal in self._books.entries["deals"].values():
                linked = sorted(
                    contacts[person].properties.get("oms_customer_key", person)
                    for one, person in self._books.pairs
                    if one == deal.id and person in contacts
                )
                deals[deal.properties.get("oms_order_id", deal.id)] = {**deal.properties, "contacts": ",".join(linked)}
            return CrmTold(
                {one.properties.get("oms_customer_key", one.id): dict(one.properties) for one in contacts.values()}, deals
            )

    def operation(self, request: Request) -> str:
        return next(self._routes(request))[0]

    def handle(self, request: Request) -> Response:
        operation, act = next(self._routes(request))
        if operation == "page":
            return act()
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication"
            return _json(401, _error("INVALID_AUTHENTICATION", message))
        if self.chaos.strikes("too_many", operation):
            body = _error("RATE_LIMITS", "You have reached your ten_secondly_rolling limit.")
            answer = _json(429, body | {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"})
            answer.headers["Retry-After"] = "1"
            return answer
        self.calls[operation] += 1
        try:
            return act()
        except _Refused as refused:
            return _json(refused.status, _error(refused.category, refused.message, refused.context))

    def _routes(self, request: Request) -> Iterator[tuple[str, Callable[[], Response]]]:
        """(operation, action) of the request; the first that fits."""
        path = request.path
        if match := re.fullmatch(r"/crm/v3/objects/(contacts|deals)(?:/(.+))?", path):
            kind, rest = match[1], match[2] or ""
            actions: dict[tuple[str, str], tuple[str, Callable[[], Response]]] = {
                ("POST", "batch/upsert"): ("upsert", lambda: self._upsert(kind, _body(request))),
                ("POST", "search"): ("search", lambda: self._search(kind, _body(request))),
                ("POST", ""): ("create", lambda: self._create(kind, _body(request))),
            }
            if (request.method, rest) in actions:
                verb, act = actions[request.method, rest]
                yield f"{kind}.{verb}", act
            by = request.args.get("idProperty", "")
            single: dict[str, tuple[str, Callable[[], Response]]] = {
                "GET": ("read", lambda: self._get(kind, rest, by, request.args.get("properties", ""))),
                "PATCH": ("update", lambda: self._update(kind, rest, by, _body(request))),
                "DELETE": ("archive", lambda: self._archive(kind, rest, by)),
            }
            if request.method in single and rest:
                verb, act = single[request.method]
                yield f"{kind}.{verb}", act
        if path == "/crm/v4/associations/deals/contacts/batch/associate/default" and request.method == "POST":
            yield "associations.associate", lambda: self._associate(_body(request))
        if match := re.fullmatch(r"/crm/v4/objects/(contacts|deals)/(\d+)/associations/(contacts|deals)", path):
            one, entry_id, other = match[1], match[2], match[3]
            yield "associations.read", lambda: self._associated(one, entry_id, other)
        if match := re.fullmatch(rf"/contacts/{_PORTAL}/record/(0-[13])/(\d+)", path):
            kind, entry_id = _TYPES[match[1]], match[2]
            yield "page", lambda: self._page(kind, entry_id)
        yield path, lambda: _json(404, _error("OBJECT_NOT_FOUND", f"no resource at {path}"))

    def _upsert(self, kind: str, body: Mapping[str, Any]) -> Response:
        inputs = _inputs(body)
        wanted = [(one.get("idProperty"), one.get("id")) for one in inputs]
        if len(set(wanted)) < len(wanted):
            raise _Refused(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
        traces = [one.get("objectWriteTraceId") for one in inputs]
        one_by_one = all(traces) and len(set(traces)) == len(traces)
        before = deepcopy(self._books)
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for one in inputs:
            try:
                results.append(self._upsert_one(kind, one))
            except _Refused as refused:
                if not one_by_one:
                    self._books = before
                    raise
                context = {**refused.context, "objectWriteTraceId": [str(one["objectWriteTraceId"])]}
                errors.append(_error(refused.category, refused.message, context))
        return self._batch(results, errors)

    def _upsert_one(self, kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
        by, value = str(one.get("idProperty") or ""), str(one.get("id") or "")
        if by not in self.unique[kind] or not value:
            raise _Refused(400, "VALIDATION_ERROR", f"Unable to perform update/upsert by non-unique {kind} property {by!r}")
        properties = {by: value, **_properties(one)}
        found = self._holder(kind, by, value)
        entry = self._write(kind, found, properties)
        answer = self._shown(entry, set(properties)) | {"new": found is None}
        if one.get("objectWriteTraceId"):
            answer["objectWriteTraceId"] = one["objectWriteTraceId"]
        return answer

    def _write(self, kind: str, entry: _Entry | None, properties: Mapping[str, str]) -> _Entry:
        self._validate(kind, properties)
        for name in self.unique[kind]:
            holder = self._holder(kind, name, properties.get(name, ""))
            if holder is not None and (entry is None or holder.id != entry.id):
                title = "Contact" if kind == "contacts" else "Deal"
                message = f"{title} already exists. Existing ID: {holder.id}"
                raise _Refused(409, "CONFLICT", message, existingId=[holder.id])
        if entry is None:
            entry = _Entry(str(self._books.next_id), {}, self.now(), self.now())
            self._books.next_id += 1
            self._books.entries[kind][entry.id] = entry
        entry.properties |= {name: value.lower() if name == "email" else value for name, value in properties.items()}
        entry.updated = self.now()
        return entry

    def _validate(self, kind: str, properties: Mapping[str, str]) -> None:
        wrong: list[tuple[str, str, str]] = []
        for name, value in properties.items():
            if name not in self.properties[kind]:
                wrong.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif name == "email" and value and not _EMAIL.fullmatch(value):
                wrong.append((name, "INVALID_EMAIL", f"Email address {value} is invalid"))
            elif name == "amount" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
                wrong.append((name, "INVALID_DOUBLE", f"{value} was not a valid number."))
            elif name == "dealstage" and value not in self.pipelines.get(properties.get("pipeline", "default"), set()):
                wrong.append((name, "INVALID_OPTION", f"{value} was not one of the allowed options"))
            elif name == "deal_currency_code" and value not in self.currencies:
                wrong.append((name, "INVALID_OPTION", f"{value} is not a currency of this account"))
        if wrong:
            told = [{"isValid": False, "message": text, "error": code, "name": name} for name, code, text in wrong]
            raise _Refused(400, "VALIDATION_ERROR", f"Property values were not valid: {json.dumps(told)}")

    def _holder(self, kind: str, name: str, value: str) -> _Entry | None:
        wanted = value.lower() if name == "email" else value
        entries = self._books.entries[kind].values()
        return next((one for one in entries if wanted and one.properties.get(name) == wanted), None)

    def _find(self, kind: str, entry_id: str, by: str) -> _Entry:
        found = self._holder(kind, by, entry_id) if by else self._books.entries[kind].get(entry_id)
        if found is None:
            raise _Refused(404, "OBJECT_NOT_FOUND", "resource not found")
        return found

    def _create(self, kind: str, body: Mapping[str, Any]) -> Response:
        properties = _properties(body)
        return _json(201, self._shown(self._write(kind, None, properties), set(properties)))

    def _get(self, kind: str, entry_id: str, by: str, properties: str) -> Response:
        return _json(200, self._shown(self._find(kind, entry_id, by), set(filter(None, properties.split(",")))))

    def _update(self, kind: str, entry_id: str, by: str, body: Mapping[str, Any]) -> Response:
        properties = _properties(body)
        return _json(200, self._shown(self._write(kind, self._find(kind, entry_id, by), properties), set(properties)))

    def _archive(self, kind: str, entry_id: str, by: str) -> Response:
        gone = self._find(kind, entry_id, by)
        del self._books.entries[kind][gone.id]
        self._books.pairs = {pair for pair in self._books.pairs if gone.id not in pair}
        return Response(status=204)

    def _search(self, kind: str, body: Mapping[str, Any]) -> Response:
        """EQ and GTE (times in milliseconds) joined by `and`, groups by `or`; pages of at most 200."""
        groups = body.get("filterGroups") or [{}]
        entries = [
            one
            for one in sorted(self._books.entries[kind].values(), key=lambda one: (one.updated, int(one.id)))
            if any(all(_fits(one, test) for test in group.get("filters") or ()) for group in groups)
        ]
        limit, start = min(int(body.get("limit") or 10), 200), int(body.get("after") or 0)
        answer: dict[str, Any] = {
            "total": len(entries),
            "results": [self._shown(one, set(body.get("properties") or ())) for one in entries[start : start + limit]],
        }
        if start + limit < len(entries):
            answer["paging"] = {"next": {"after": str(start + limit)}}
        return _json(200, answer)

    def _associate(self, body: Mapping[str, Any]) -> Response:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for one in _inputs(body):
            deal, contact = str(one["from"]["id"]), str(one["to"]["id"])
            missing = [
                entry_id
                for kind, entry_id in (("deals", deal), ("contacts", contact))
                if entry_id not in self._books.entries[kind]
            ]
            if missing:
                errors.append(_error("OBJECT_NOT_FOUND", f"No object {missing[0]} exists", {"ids": missing}))
                continue
            self._books.pairs.add((deal, contact))
            for (source, _), start, end in zip(_ASSOCIATION_TYPES, (deal, contact), (contact, deal), strict=True):
                spec = _ASSOCIATION_TYPES[source, "contacts" if source == "deals" else "deals"]
                results.append(
                    {
                        "from": {"id": start},
                        "to": {"id": end},
                        "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": spec},
                    }
                )
        return self._batch(results, errors)

    def _associated(self, kind: str, entry_id: str, other: str) -> Response:
        self._find(kind, entry_id, "")
        place = 0 if kind == "deals" else 1
        spec = {"category": "HUBSPOT_DEFINED", "typeId": _ASSOCIATION_TYPES.get((kind, other), 0), "label": None}
        ids = sorted(int(pair[1 - place]) for pair in self._books.pairs if pair[place] == entry_id)
        return _json(200, {"results": [{"toObjectId": one, "associationTypes": [spec]} for one in ids]})

    def _page(self, kind: str, entry_id: str) -> Response:
        entry = self._books.entries[kind].get(entry_id)
        if entry is None:
            return Response("no such record", 404)
        rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in entry.properties.items())
        return Response(
            f"<!doctype html><title>{kind} {entry_id}</title><h1>{kind} {entry_id}</h1><dl>{rows}</dl>", mimetype="text/html"
        )

    def _batch(self, results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Response:
        moment = _text(self.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        return _json(207 if errors else 200, body)

    def _shown(self, entry: _Entry, names: set[str]) -> dict[str, Any]:
        times = {"createdate": _text(entry.created), "lastmodifieddate": _text(entry.updated), "hs_object_id": entry.id}
        return {
            "id": entry.id,
            "properties": {**{name: entry.properties.get(name) for name in sorted(names)}, **times},
            "createdAt": _text(entry.created),
            "updatedAt": _text(entry.updated),
            "archived": False,
        }


def _fits(entry: _Entry, test: Mapping[str, Any]) -> bool:
    name, value = test.get("propertyName"), str(test.get("value", ""))
    match test.get("operator"):
        case "EQ":
            return entry.properties.get(str(name)) == (value.lower() if name == "email" else value)
        case "GTE" if name in ("lastmodifieddate", "hs_lastmodifieddate"):
            return entry.updated >= datetime.fromtimestamp(int(value) / 1000, UTC)
    raise _Refused(400, "VALIDATION_ERROR", f"There was a problem with the request: {name} {test.get('operator')}")


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refused(400, "VALIDATION_ERROR", "Invalid input JSON")
    return body


def _inputs(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise _Refused(400, "VALIDATION_ERROR", "inputs must not be empty")
    if len(inputs) > 100:
        raise _Refused(400, "VALIDATION_ERROR", "The maximum number of inputs supported in a batch request is 100")
    return inputs


def _properties(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("properties")
    if not isinstance(given, dict):
        raise _Refused(400, "VALIDATION_ERROR", "properties are missing")
    return {str(name): "" if value is None else str(value) for name, value in given.items()}


def _error(category: str, message: str, context: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"status": "error", "category": category, "message": message}
    if context:
        body["context"] = dict(context)
    return body | {"correlationId": "00000000-0000-0000-0000-000000000000"}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
