"""What a query costs, and the bucket it is paid from.

The sizes fit recordings of a live shop: an object 1, a connection 2 plus the root of its page size times what one node
costs, a list like one object, a mutation 10 at least. Scalars are free; one query may cost 1000.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

MOST = 1000
Fields = Iterator[tuple[GraphQLObjectType | GraphQLInterfaceType, FieldNode]]


class Bill:
    """Prices one document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, object]) -> None:
        self.schema = schema
        self.variables = dict(variables)
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def operation(self, operation: OperationDefinitionNode) -> int:
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return 0
        price = self._selection(root, operation.selection_set)
        return price + 10 if operation.operation is OperationType.MUTATION else price

    def _fields(self, parent: object, selection: SelectionSetNode) -> Fields:
        for entry in selection.selections:
            if isinstance(entry, FieldNode) and isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
                yield parent, entry
            elif isinstance(entry, InlineFragmentNode):
                condition = entry.type_condition
                yield from self._fields(
                    self.schema.get_type(condition.name.value) if condition else parent, entry.selection_set
                )
            elif isinstance(entry, FragmentSpreadNode):
                fragment = self.fragments[entry.name.value]
                yield from self._fields(self.schema.get_type(fragment.type_condition.name.value), fragment.selection_set)

    def _selection(self, parent: object, selection: SelectionSetNode) -> int:
        price = 0
        for owner, entry in self._fields(parent, selection):
            if entry.selection_set is None or entry.name.value not in owner.fields:
                continue
            kind = get_named_type(owner.fields[entry.name.value].type)
            if not kind.name.endswith("Connection"):
                price += 1 + self._selection(kind, entry.selection_set)
                continue
            sizes = {a.name.value: value_from_ast_untyped(a.value, self.variables) for a in entry.arguments or ()}
            size = sizes.get("first") or sizes.get("last") or 1
            inner = self._page(kind, entry.selection_set)
            price += 2 + math.ceil(math.sqrt(size if isinstance(size, int) and size > 0 else 1)) * inner
        return price

    def _page(self, kind: object, selection: SelectionSetNode) -> int:
        price = 0
        for owner, entry in self._fields(kind, selection):
            if entry.selection_set is None or entry.name.value == "pageInfo":
                continue
            below = get_named_type(owner.fields[entry.name.value].type)
            if entry.name.value == "edges":
                price += self._page(below, entry.selection_set)
            else:
                price += 1 + self._selection(below, entry.selection_set)
        return price


def spent(data: object, price: int) -> int:
    """What is charged in the end, for what there was to give: one per object, never more than was asked for."""
    waiting, objects = [data], -1
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, Mapping):
            objects += 1
            waiting += [value for name, value in entry.items() if name not in ("pageInfo", "userErrors")]
        elif isinstance(entry, list):
            waiting += entry
    return max(min(price, 10), min(price, objects))


class Bucket:
    """The leaky bucket of a shop on the largest ordinary plan: 20 seconds of its rate."""

    def __init__(self, now: datetime, rate: float = 1000.0) -> None:
        self.rate = rate
        self.most = rate * 20
        self._left = self.most
        self._at = now

    def left(self, now: datetime) -> float:
        """Points there are now."""
        self._left = min(self.most, self._left + max(0.0, (now - self._at).total_seconds()) * self.rate)
        self._at = now
        return self._left

    def pay(self, price: int) -> None:
        self._left -= price
