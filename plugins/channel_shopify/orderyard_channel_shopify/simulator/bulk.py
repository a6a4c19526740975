"""Bulk queries: a list is prepared in the background and lies in a file for seven days."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    StringValueNode,
    execute_sync,
    parse,
    print_ast,
)

from .paging import View

_KEPT = timedelta(days=7)
_AT_ONCE = 5


@dataclass
class Operation:
    """One list."""

    id: str
    content: bytes
    begun: datetime
    looks: int = 0
    ends: str = "COMPLETED"

    @property
    def status(self) -> str:
        """Ready when it has been asked for twice."""
        return self.ends if self.looks > 1 else "RUNNING"


class Bulk:
    """The lists of one shop."""

    def __init__(self, schema: GraphQLSchema, root: Callable[[], View], matching: Callable[[str], list[str]]) -> None:
        self._schema = schema
        self._root = root
        self._matching = matching
        self.operations: dict[str, Operation] = {}
        self.ends = "COMPLETED"
        """How the next lists end."""

    def run(self, query: str, at: datetime) -> View:
        """The payload of `bulkOperationRunQuery`."""
        try:
            document = parse(query)
        except GraphQLError as error:
            return _refused("INVALID", f"Invalid bulk query: {error.message}")
        [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        [field] = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
        if field.name.value != "orders" or field.selection_set is None:
            return _refused("INVALID", "Bulk queries must contain at least one connection.")
        inside = [one for one in field.selection_set.selections if isinstance(one, FieldNode)]
        if any(one.name.value == "nodes" for one in inside):
            return _refused(
                "INVALID",
                "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
                f"'{field.name.value} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
                f"Invalid connection fields: '{field.name.value}'.",
            )
        if sum(one.status == "RUNNING" for one in self.operations.values()) >= _AT_ONCE:
            return _refused("LIMIT_REACHED", "A bulk query operation for this app and shop is already in progress.")
        given = [one.value for one in field.arguments or () if isinstance(one.value, StringValueNode)]
        search = given[0].value if given else ""
        [edges] = [one.selection_set for one in inside if one.name.value == "edges" and one.selection_set is not None]
        [node] = [
            one.selection_set
            for one in edges.selections
            if isinstance(one, FieldNode) and one.name.value == "node" and one.selection_set is not None
        ]
        lines = [self._line(print_ast(node), id_) for id_ in self._matching(search)]
        made = Operation(
            f"gid://shopify/BulkOperation/{len(self.operations) + 1}", "\n".join(lines).encode(), at, ends=self.ends
        )
        self.operations[made.id] = made
        return {"bulkOperation": {"id": made.id, "status": "CREATED"}, "userErrors": []}

    def _line(self, selection: str, id_: str) -> str:
        document: DocumentNode = parse(f"query one($id: ID!) {{ order(id: $id) {selection} }}")
        result = execute_sync(self._schema, document, root_value=self._root(), variable_values={"id": id_})
        if result.errors or result.data is None:
            raise GraphQLError(f"Invalid bulk query: {result.errors}")
        return json.dumps(result.data["order"], separators=(",", ":"))

    def shown(self, id_: str, base_url: str) -> View | None:
        operation = self.operations.get(id_)
        if operation is None:
            return None
        operation.looks += 1
        done = operation.status == "COMPLETED" and operation.content
        return {
            "id": operation.id,
            "status": operation.status,
            "errorCode": "TIMEOUT" if operation.status == "FAILED" else None,
            "url": f"{base_url}/bulk/{operation.id.rsplit('/', 1)[-1]}.jsonl?signed=1" if done else None,
        }

    def file(self, path: str, now: datetime) -> bytes | None:
        """What lies at an address, as long as it is kept."""
        for operation in self.operations.values():
            if path == f"/bulk/{operation.id.rsplit('/', 1)[-1]}.jsonl" and now - operation.begun < _KEPT:
                return operation.content
        return None


def _refused(code: str, message: str) -> View:
    return {"bulkOperation": None, "userErrors": [{"code": code, "field": ["query"], "message": message}]}
