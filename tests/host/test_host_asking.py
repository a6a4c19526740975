"""Asking plugins in every hook kind: one that raises hurts nobody but itself."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest

from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import Panel, PluginContext
from orderyard.core.host.plugins import Plugins, load
from orderyard.core.kernel.errors import PluginError, RateLimited
from orderyard.core.kernel.uow import Wiring
from orderyard.core.orders.api import OrderPlaced, Transition

Write = Callable[..., types.ModuleType]
MakeContext = Callable[[str], PluginContext]

PACKED = Transition("fulfillment_order", 7, "packed", "cancelled", {"number": "FO7"})
OPEN = Transition("fulfillment_order", 7, "allocated", "cancelled", {"number": "FO7"})
PLACED = [OrderPlaced(1), OrderPlaced(2), OrderPlaced(3)]

EVERYWHERE = """
{raising}
@hookimpl
def object_to_transition(transition): fail()
@hookimpl
def on_order_placed(events, context): fail()
@hookimpl
def on_order_moved(events, context): fail()
@hookimpl
def on_customer_changed(events, context): fail()
@hookimpl
def on_shipment_dispatched(events, context): fail()
@hookimpl
def show_order_panels(order_id, context): fail()
"""
RAISING = {
    "error": "def fail(): raise ValueError('oh no')",
    "exit": "def fail(): raise SystemExit('oh no')",
    "assertion": "def fail(): assert False, 'oh no'",
}


@pytest.fixture(params=sorted(RAISING))
def raising(request: pytest.FixtureRequest, write: Write, bell: types.ModuleType) -> Plugins:
    wrong = write("wrong", EVERYWHERE.format(raising=RAISING[request.param]))
    plugins = load(["wrong", "bell"], extra={"wrong": wrong, "bell": bell})
    assert plugins.faults == []
    return plugins


def test_an_objection_names_its_plugin(bell: types.ModuleType) -> None:
    plugins = load(["bell"], extra={"bell": bell})
    assert plugins.ask("object_to_transition", PACKED) == ["bell: it is packed: somebody must take the goods out first"]
    assert plugins.ask("object_to_transition", OPEN) == []


def test_asking_fits_the_unit_of_work(bell: types.ModuleType) -> None:
    plugins = load(["bell"], extra={"bell": bell})
    assert Wiring(ask=plugins.ask).ask("object_to_transition", OPEN) == []


def test_plugins_are_asked_in_the_order_they_are_enabled(write: Write) -> None:
    source = "@hookimpl\ndef object_to_transition(transition): return {!r}"
    extra = {slug: write(slug, source.format(slug)) for slug in ("one", "two", "three")}
    plugins = load(["two", "three", "one"], extra=extra)
    assert plugins.ask("object_to_transition", OPEN) == ["two: two", "three: three", "one: one"]


def test_a_plugin_that_cannot_be_asked_objects(raising: Plugins) -> None:
    first, second = raising.ask("object_to_transition", PACKED)
    assert first.startswith("wrong could not be asked: ")
    assert "oh no" in first
    assert second == "bell: it is packed: somebody must take the goods out first"
    assert raising.running == ("wrong", "bell")


@pytest.mark.parametrize(
    ("answer", "says"),
    [("5", "answered 5"), ("True", "answered True"), ("''", "objects without a reason"), ("[]", "answered []")],
)
def test_an_answer_that_is_no_sentence_is_an_objection(write: Write, answer: str, says: str) -> None:
    plugins = load(["odd"], extra={"odd": write("odd", f"@hookimpl\ndef object_to_transition(): return {answer}")})
    (objection,) = plugins.ask("object_to_transition", OPEN)
    assert says in objection


def test_a_hook_that_nobody_implements_is_no_objection() -> None:
    assert load([]).ask("object_to_transition", OPEN) == ()


def test_a_raising_page_box_leaves_a_gap_with_a_note(raising: Plugins, context: MakeContext) -> None:
    wrong, bell = raising.show("show_order_panels", context, order_id=1)
    assert wrong.slug == "wrong"
    assert wrong.panels is None
    assert "oh no" in (wrong.error or "")
    assert bell == ("bell", (), None)
    assert [(fault.slug, fault.place) for fault in raising.take_faults()] == [("wrong", "show_order_panels")]


@pytest.mark.parametrize(
    ("panels", "says"),
    [
        ("[Panel('t', (('a', 'b'),))]", "malformed"),
        ("[Panel('t', (('a', 5, ''),))]", "malformed"),
        ("[Panel(None, ())]", "malformed"),
        ("[Panel('t', (('a', 'b', 'javascript:alert(1)'),))]", "javascript"),
        ("['text']", "Panel objects"),
        ("7", "TypeError"),
        ("(1/0 for _ in 'x')", "ZeroDivisionError"),
    ],
)
def test_a_box_that_no_page_can_draw_is_a_gap(write: Write, context: MakeContext, panels: str, says: str) -> None:
    source = f"from orderyard.core.host.api import Panel\n@hookimpl\ndef show_order_panels(): return {panels}"
    (shown,) = load(["odd"], extra={"odd": write("odd", source)}).show("show_order_panels", context, order_id=1)
    assert shown.panels is None
    assert says in (shown.error or "")


def test_a_context_that_cannot_be_made_is_a_gap_too(bell: types.ModuleType) -> None:
    def no_context(slug: str) -> None:
        raise LookupError("settings of bell are not complete")

    (shown,) = load(["bell"], extra={"bell": bell}).show("show_order_panels", no_context, order_id=1)  # type: ignore[arg-type]
    assert "not complete" in (shown.error or "")


def test_boxes_come_as_values(bell: types.ModuleType, context: MakeContext) -> None:
    given = context("bell")
    given.memory.put({"order:1": "SF123"})
    (shown,) = load(["bell"], extra={"bell": bell}).show("show_order_panels", lambda slug: given, order_id=1)
    assert shown.panels == (Panel("Dispatch bell", (("rung for", "SF123", ""),)),)


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("order_placed", PLACED),
        ("order_moved", [1]),
        ("customer_changed", [1]),
        ("shipment_dispatched", [ShipmentDispatched(1, "FO1", "SH", "SF", "SF1", (1,))]),
    ],
)
def test_a_plugin_that_raises_has_delivered_nothing(
    raising: Plugins, context: MakeContext, name: str, events: list[object]
) -> None:
    failed = raising.deliver("wrong", name, events, context("wrong"))
    assert [one.index for one in failed] == list(range(len(events)))
    assert all("oh no" in str(one.error) for one in failed)


def test_failed_says_which_events_are_to_be_repeated(write: Write, context: MakeContext) -> None:
    source = """
from orderyard.core.host.api import Failed
from orderyard.core.kernel.errors import RateLimited
@hookimpl
def on_order_placed(events, context):
    yield Failed(2, RateLimited("slow down", seconds=3))
    yield Failed(0, ValueError("odd"))
    yield Failed(2, ValueError("said twice"))
"""
    plugins = load(["some"], extra={"some": write("some", source)})
    failed = plugins.deliver("some", "order_placed", PLACED, context("some"))
    assert [(one.index, type(one.error)) for one in failed] == [(0, ValueError), (2, RateLimited)]
    assert [fault.message for fault in plugins.take_faults()] == ["ValueError: odd"]


@pytest.mark.parametrize(
    "answer", ["[Failed(3, ValueError())]", "[Failed(-1, ValueError())]", "['no']", "5", "[Failed('0', ValueError())]"]
)
def test_an_answer_that_makes_no_sense_counts_as_nothing_delivered(write: Write, context: MakeContext, answer: str) -> None:
    source = f"from orderyard.core.host.api import Failed\n@hookimpl\ndef on_order_placed(events): return {answer}"
    plugins = load(["odd"], extra={"odd": write("odd", source)})
    assert [one.index for one in plugins.deliver("odd", "order_placed", PLACED, context("odd"))] == [0, 1, 2]


def test_an_error_that_is_no_exception_is_a_plugin_error(write: Write, context: MakeContext) -> None:
    source = "from orderyard.core.host.api import Failed\n@hookimpl\ndef on_order_placed(): return [Failed(0, 'late')]"
    (failed,) = load(["odd"], extra={"odd": write("odd", source)}).deliver("odd", "order_placed", PLACED, context("odd"))
    assert isinstance(failed.error, PluginError)


def test_who_listens(bell: types.ModuleType) -> None:
    plugins = load(["bell"], extra={"bell": bell})
    assert plugins.listeners("on_shipment_dispatched") == ["bell"]
    assert plugins.listeners("on_order_placed") == []


def test_switching_off_stops_asking_and_takes_back_what_was_registered(write: Write, bell: types.ModuleType) -> None:
    needy = write(
        "needy",
        "@hookimpl\ndef object_to_transition(): return 'no'",
        "manifest = Manifest(slug='needy', title='x', requires=('bell',))\n",
    )
    plugins = load(["bell", "needy"], extra={"bell": bell, "needy": needy})
    plugins.switch_off("bell", "migrations", "no such column")
    assert plugins.running == ()
    assert plugins.review_rules == {}
    assert plugins.ask("object_to_transition", PACKED) == ()
    assert [(fault.slug, fault.message) for fault in plugins.faults] == [
        ("bell", "no such column"),
        ("needy", "it requires bell, not running here"),
    ]
    assert "on_shipment_dispatched" in plugins.hooks_of("bell")


def test_a_plugin_that_was_switched_off_misses_no_event(bell: types.ModuleType) -> None:
    plugins = load(["bell"], extra={"bell": bell})
    plugins.switch_off("bell", "migrations", "no such column")
    assert plugins.listeners("on_shipment_dispatched") == ["bell"]


def test_the_same_fault_is_noticed_once(raising: Plugins, context: MakeContext) -> None:
    for _ in range(3):
        raising.show("show_order_panels", context, order_id=1)
    assert len(raising.take_faults()) == 1
    raising.show("show_order_panels", context, order_id=1)
    assert raising.take_faults() == []
