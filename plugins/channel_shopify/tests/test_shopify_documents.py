"""Every document that can be sent, and the simulator's own schema, held against the vendor's real one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    specified_directives,
    validate,
    visit,
)
from graphql.execution import get_variable_values
from graphql.type import is_introspection_type, is_specified_scalar_type
from orderyard_channel_shopify import backfill, claims, subscriptions, wire
from orderyard_channel_shopify.items import ITEMS_PER_PAGE
from orderyard_channel_shopify.pulling import HEADS_PER_PAGE, LINES_PER_FETCH, LINES_PER_PAGE, ORDERS_PER_PAGE
from orderyard_channel_shopify.simulator.cost import MOST, Bill
from orderyard_channel_shopify.simulator.server import schema as simulated

RETURN = "gid://shopify/Return/1"
ORDER = "gid://shopify/Order/1"
SUBSCRIPTION: dict[str, object] = {"uri": "https://x.example/1", "format": "JSON", "includeFields": [], "filter": ""}
SAMPLES: dict[str, dict[str, object]] = {
    "orders": {
        "first": ORDERS_PER_PAGE,
        "after": None,
        "query": "updated_at:>='2026-11-21T08:00:00Z'",
        "lines": LINES_PER_PAGE,
    },
    "orderHeads": {"first": HEADS_PER_PAGE, "after": None, "query": "updated_at:>='2026-11-21T08:00:00Z'"},
    "cancelledAt": {"id": ORDER},
    "annotations": {"id": ORDER},
    "orderUpdate": {"input": {"id": ORDER, "tags": ["vip"], "customAttributes": [{"key": "Orderyard", "value": "x"}]}},
    "orderCancel": {
        "id": ORDER,
        "reason": "OTHER",
        "restock": True,
        "refundMethod": {"originalPaymentMethodsRefund": True},
        "note": "sold out",
        "notify": True,
    },
    "order": {"id": ORDER, "lines": LINES_PER_FETCH},
    "orderLines": {"id": ORDER, "lines": LINES_PER_FETCH, "after": "x"},
    "fulfillmentOrders": {"id": ORDER},
    "fulfillmentCreate": {
        "fulfillment": {
            "lineItemsByFulfillmentOrder": [
                {
                    "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                    "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/1", "quantity": 1}],
                }
            ],
            "notifyCustomer": True,
            "trackingInfo": {"company": "SF Express", "number": "SF1"},
        }
    },
    "fulfillmentTrackingInfoUpdate": {
        "id": "gid://shopify/Fulfillment/1",
        "tracking": {"company": "SF Express", "numbers": ["SF1", "SF2"]},
        "notify": True,
    },
    "inventoryOfVariants": {
        "ids": [f"gid://shopify/ProductVariant/{n}" for n in range(100)],
        "location": "gid://shopify/Location/1",
    },
    "inventoryAdjustQuantities": {
        "input": {
            "name": "available",
            "reason": "correction",
            "changes": [
                {
                    "inventoryItemId": "gid://shopify/InventoryItem/1",
                    "locationId": "gid://shopify/Location/1",
                    "delta": -5,
                    "changeFromQuantity": 7,
                }
            ],
        },
        "key": "k",
    },
    "inventorySetQuantities": {
        "input": {
            "name": "available",
            "reason": "correction",
            "quantities": [
                {
                    "inventoryItemId": "gid://shopify/InventoryItem/1",
                    "locationId": "gid://shopify/Location/1",
                    "quantity": 5,
                    "changeFromQuantity": None,
                }
            ],
        },
        "key": "k",
    },
    "locations": {"after": None},
    "shop": {},
    "bulkOperationRunQuery": {"query": backfill.HEADS % '"updated_at:>=1"'},
    "bulkOperation": {"id": "gid://shopify/BulkOperation/1"},
    "orderOfWork": {"id": "gid://shopify/FulfillmentOrder/1"},
    "webhookSubscriptions": {"after": None},
    "webhookSubscriptionCreate": {"topic": "ORDERS_CREATE", "subscription": SUBSCRIPTION},
    "webhookSubscriptionUpdate": {"id": "gid://shopify/WebhookSubscription/1", "subscription": SUBSCRIPTION},
    "returns": {"first": claims.ORDERS_PER_PAGE, "after": None, "query": "updated_at:>='2026-11-21T08:00:00Z'"},
    "return": {"id": RETURN},
    "returnApproveRequest": {"input": {"id": RETURN, "notifyCustomer": True}},
    "returnDeclineRequest": {"input": {"id": RETURN, "notifyCustomer": True, "declineReason": "OTHER", "declineNote": "worn"}},
    "productVariants": {"first": ITEMS_PER_PAGE, "after": None},
}


def _operations() -> Iterator[tuple[str, OperationDefinitionNode]]:
    for name, text in wire.documents().items():
        for definition in parse(text).definitions:
            if isinstance(definition, OperationDefinitionNode) and definition.name and definition.name.value == name:
                yield name, definition


operations = sorted(_operations(), key=lambda pair: pair[0])


def test_every_operation_of_every_file_is_sampled_here() -> None:
    written = {
        definition.name.value
        for entry in files("orderyard_channel_shopify").joinpath("documents").iterdir()
        for definition in parse(entry.read_text(encoding="utf-8")).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name
    }
    assert written == set(wire.documents()) == set(SAMPLES)


@pytest.mark.parametrize("operation", sorted(SAMPLES))
def test_a_document_is_valid_against_the_real_schema(
    operation: str, admin_version: str, admin_schema: Callable[[str], GraphQLSchema]
) -> None:
    assert validate(admin_schema(admin_version), parse(wire.documents()[operation])) == []


@pytest.mark.parametrize(("operation", "definition"), operations)
def test_the_variables_of_a_document_are_accepted_by_the_real_schema(
    operation: str, definition: OperationDefinitionNode, admin_version: str, admin_schema: Callable[[str], GraphQLSchema]
) -> None:
    values = get_variable_values(admin_schema(admin_version), list(definition.variable_definitions or ()), SAMPLES[operation])
    assert not isinstance(values, list), values


def test_a_refused_argument_of_former_versions_would_be_noticed(admin_schema: Callable[[str], GraphQLSchema]) -> None:
    definition = dict(operations)["inventorySetQuantities"]
    sent = {"input": {"name": "available", "reason": "correction", "ignoreCompareQuantity": True, "quantities": []}, "key": "k"}
    values = get_variable_values(admin_schema("2026-07"), list(definition.variable_definitions or ()), sent)
    assert isinstance(values, list)


@pytest.mark.parametrize("topic", subscriptions.TOPICS)
def test_a_topic_that_is_asked_for_exists(topic: str, admin_version: str, admin_schema: Callable[[str], GraphQLSchema]) -> None:
    topics = admin_schema(admin_version).type_map["WebhookSubscriptionTopic"]
    assert isinstance(topics, GraphQLEnumType)
    assert topic in topics.values


@pytest.mark.parametrize("operation", sorted(SAMPLES))
def test_a_connection_says_how_much_it_wants(operation: str) -> None:
    class Connections(Visitor):
        def __init__(self, types: TypeInfo) -> None:
            super().__init__()
            self.types = types
            self.unbounded: list[str] = []

        def enter_field(self, node: FieldNode, *_: object) -> None:
            kind = self.types.get_type()
            if kind and get_named_type(kind).name.endswith("Connection"):
                given = {argument.name.value for argument in node.arguments or ()}
                if not given & {"first", "last"}:
                    self.unbounded.append(node.name.value)

    types = TypeInfo(simulated())
    connections = Connections(types)
    visit(parse(wire.documents()[operation]), TypeInfoVisitor(types, connections))
    assert connections.unbounded == []


@pytest.mark.parametrize(
    ("operation", "definition"), [pair for pair in operations if pair[1].operation is OperationType.MUTATION]
)
def test_a_mutation_of_stock_or_money_carries_an_idempotency_key(operation: str, definition: OperationDefinitionNode) -> None:
    for root in definition.selection_set.selections:
        assert isinstance(root, FieldNode)
        assert root.name.value == operation, "the payload is read under the operation's name"
        if re.match(r"inventory|refund", root.name.value):
            assert [directive.name.value for directive in root.directives or ()] == ["idempotent"]


@pytest.mark.parametrize(("operation", "definition"), operations)
def test_no_query_costs_more_than_one_may(operation: str, definition: OperationDefinitionNode) -> None:
    document = parse(wire.documents()[operation])
    assert Bill(simulated(), document, SAMPLES[operation]).operation(definition) <= MOST


def test_no_query_is_built_in_code() -> None:
    package = Path(str(files("orderyard_channel_shopify")))
    assert [
        path.name for path in package.glob("*.py") if re.search(r"(query|mutation)\s*\w*\s*(\([^)]*\))?\s*\{", path.read_text())
    ] == []


# The simulator's schema


def test_the_simulated_schema_is_a_part_of_the_real_one(
    admin_version: str, admin_schema: Callable[[str], GraphQLSchema]
) -> None:
    assert list(_differences(simulated(), admin_schema(admin_version))) == []


def test_a_planted_difference_is_found(admin_schema: Callable[[str], GraphQLSchema]) -> None:
    planted = build_schema("""
        schema { query: QueryRoot }
        directive @idempotent(key: String) on FIELD
        type QueryRoot { order(id: ID, also: Int): Order, nothing: Int }
        type Order { id: ID, name: String! }
        enum OrderSortKeys { UPDATED_AT MOOD }
        input InventoryQuantityInput { quantity: Int }
    """)
    assert sorted(_differences(planted, admin_schema("2026-07"))) == [
        "@idempotent(key)",
        "InventoryQuantityInput.quantity",
        "Order.id",
        "OrderSortKeys.MOOD",
        "QueryRoot.nothing",
        "QueryRoot.order(also)",
        "QueryRoot.order(id)",
    ]


def _differences(ours: GraphQLSchema, real: GraphQLSchema) -> Iterator[str]:
    for root in ("query_type", "mutation_type"):
        kind = getattr(ours, root)
        if kind and kind.name != getattr(real, root).name:
            yield root
    for directive in ours.directives:
        if directive in specified_directives:
            continue
        twin = real.get_directive(directive.name)
        if twin is None or directive.locations != twin.locations:
            yield f"@{directive.name}"
            continue
        for name, argument in directive.args.items():
            if name not in twin.args or str(argument.type) != str(twin.args[name].type):
                yield f"@{directive.name}({name})"
    for name, kind in ours.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        other = real.get_type(name)
        if type(other) is not type(kind):
            yield name
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            assert isinstance(other, GraphQLObjectType | GraphQLInterfaceType)
            yield from _fields(name, kind, other)
        elif isinstance(kind, GraphQLInputObjectType):
            assert isinstance(other, GraphQLInputObjectType)
            for field, value in kind.fields.items():
                if field not in other.fields or str(value.type) != str(other.fields[field].type):
                    yield f"{name}.{field}"
        elif isinstance(kind, GraphQLEnumType):
            assert isinstance(other, GraphQLEnumType)
            yield from (f"{name}.{value}" for value in kind.values if value not in other.values)


def _fields(
    name: str, kind: GraphQLObjectType | GraphQLInterfaceType, other: GraphQLObjectType | GraphQLInterfaceType
) -> Iterator[str]:
    missing = {interface.name for interface in kind.interfaces} - {interface.name for interface in other.interfaces}
    yield from (f"{name} implements {interface}" for interface in missing)
    for field, value in kind.fields.items():
        if field not in other.fields or str(value.type) != str(other.fields[field].type):
            yield f"{name}.{field}"
            continue
        real_args = other.fields[field].args
        for argument, meant in value.args.items():
            same = argument in real_args and (str(meant.type), meant.default_value) == (
                str(real_args[argument].type),
                real_args[argument].default_value,
            )
            if not same:
                yield f"{name}.{field}({argument})"
