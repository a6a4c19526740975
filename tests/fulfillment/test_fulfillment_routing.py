"""Which warehouse sends what: whole plans compared, criterion by criterion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orderyard.core.fulfillment.routing import Demand, Free, Plan, decide
from orderyard.core.inventory.queries import ServingWarehouse

SH, GZ, BJ = (
    ServingWarehouse(1, "SH", ("上海",)),
    ServingWarehouse(2, "GZ", ("广东", "US")),
    ServingWarehouse(3, "BJ", ("北京",)),
)
ALL = (BJ, GZ, SH)
TEE, CAP, MUG = 11, 12, 13
NAMES = {TEE: "TEE", CAP: "CAP", MUG: "MUG"}


def one(sku: int, units: int, line: int | None = None) -> Demand:
    return Demand(((line or sku, sku, 1),), units)


def kit(sets: int, **parts: int) -> Demand:
    codes = {name: sku for sku, name in NAMES.items()}
    return Demand(tuple((100 + codes[code], codes[code], units) for code, units in parts.items()), sets)


def flat(units: dict[ServingWarehouse, dict[int, int]]) -> Free:
    return {(warehouse.id, sku): count for warehouse, skus in units.items() for sku, count in skus.items()}


def plan(
    demands: list[Demand], free: dict[ServingWarehouse, dict[int, int]], to: str = "", country: str = "CN",
    own: dict[ServingWarehouse, dict[int, int]] | None = None,
) -> Plan:  # fmt: skip
    return decide(demands, ALL, flat(free), to or "西藏", country, NAMES, flat(own or {}))


def served(found: Plan) -> list[tuple[int, int, int]]:
    """(first SKU, warehouse, sets), what waits left out."""
    return [(a.demand.parts[0][1], a.warehouse_id, a.sets) for a in found.assignments if a.served]


def waiting(found: Plan) -> list[tuple[int, int, int]]:
    return [(a.demand.parts[0][1], a.warehouse_id, a.sets) for a in found.assignments if not a.served]


def test_most_units_come_first() -> None:
    found = plan([one(TEE, 3)], {SH: {TEE: 2}, GZ: {TEE: 3}}, to="上海市")
    assert served(found) == [(TEE, GZ.id, 3)]


def test_two_warehouses_serve_what_one_cannot() -> None:
    found = plan([one(TEE, 1), one(CAP, 1)], {SH: {TEE: 9}, GZ: {CAP: 9}})
    assert served(found) == [(TEE, SH.id, 1), (CAP, GZ.id, 1)]
    assert found.why["chosen"] == ["GZ", "SH"]


def test_the_fewest_warehouses_win_over_the_home_region() -> None:
    found = plan([one(TEE, 1), one(CAP, 1)], {SH: {TEE: 9}, BJ: {CAP: 9}, GZ: {TEE: 1, CAP: 1}}, to="上海市")
    assert served(found) == [(TEE, GZ.id, 1), (CAP, GZ.id, 1)]


def test_the_fewest_lines_are_split() -> None:
    # Two warehouses are needed anyway: TEE can come whole from GZ, or in two halves from SH and BJ.
    found = plan([one(TEE, 2), one(CAP, 1)], {SH: {TEE: 1, CAP: 1}, BJ: {TEE: 1}, GZ: {TEE: 2}}, to="北京市")
    assert served(found) == [(TEE, GZ.id, 2), (CAP, SH.id, 1)]


def test_the_home_region_wins_over_more_stock() -> None:
    assert served(plan([one(TEE, 1)], {SH: {TEE: 1}, GZ: {TEE: 99}}, to="上海市")) == [(TEE, SH.id, 1)]


def test_a_country_is_a_region_too() -> None:
    assert served(plan([one(TEE, 1)], {SH: {TEE: 99}, GZ: {TEE: 1}}, to="NY", country="US")) == [(TEE, GZ.id, 1)]


def test_the_shop_s_own_locked_units_win_over_more_stock() -> None:
    found = plan([one(TEE, 3)], {SH: {TEE: 99}, GZ: {TEE: 5}}, own={GZ: {TEE: 2}})
    assert served(found) == [(TEE, GZ.id, 3)]
    assert [(one["warehouses"], one["locked"]) for one in found.why["weighed"]] == [(["GZ"], 2), (["SH"], 0), (["BJ"], 0)]


def test_more_own_units_win_over_fewer_and_no_more_count_than_are_wanted() -> None:
    free = {SH: {TEE: 9}, GZ: {TEE: 8}, BJ: {TEE: 99}}
    own = {SH: {TEE: 2}, GZ: {TEE: 3}}
    assert served(plan([one(TEE, 5)], free, own=own)) == [(TEE, GZ.id, 5)]
    assert served(plan([one(TEE, 2)], free, own=own)) == [(TEE, SH.id, 2)]  # two are locked in both: more stays in SH


def test_the_home_region_wins_over_own_units() -> None:
    assert served(plan([one(TEE, 1)], {SH: {TEE: 1}, GZ: {TEE: 9}}, to="上海市", own={GZ: {TEE: 9}})) == [(TEE, SH.id, 1)]


def test_a_split_order_takes_own_units_first() -> None:
    found = plan([one(TEE, 9)], {SH: {TEE: 6}, GZ: {TEE: 5}}, own={GZ: {TEE: 4}})
    assert served(found) == [(TEE, GZ.id, 5), (TEE, SH.id, 4)]


def test_the_most_stock_left_wins_where_nobody_is_at_home() -> None:
    assert served(plan([one(TEE, 1)], {SH: {TEE: 5}, GZ: {TEE: 7}, BJ: {TEE: 6}})) == [(TEE, GZ.id, 1)]


def test_a_tie_goes_to_the_warehouse_code() -> None:
    assert served(plan([one(TEE, 1)], {SH: {TEE: 5}, GZ: {TEE: 5}, BJ: {TEE: 5}})) == [(TEE, BJ.id, 1)]


def test_a_line_is_split_where_no_warehouse_has_it_whole() -> None:
    found = plan([one(TEE, 5)], {SH: {TEE: 2}, GZ: {TEE: 3}})
    assert sorted(served(found)) == [(TEE, SH.id, 2), (TEE, GZ.id, 3)]
    assert found.why["short"] == []


def test_a_shortage_waits_where_most_of_the_order_is_and_names_the_sku() -> None:
    found = plan([one(TEE, 4), one(CAP, 1)], {GZ: {TEE: 3, CAP: 5}, SH: {CAP: 9}})
    assert served(found) == [(TEE, GZ.id, 3), (CAP, GZ.id, 1)]
    assert waiting(found) == [(TEE, GZ.id, 1)]
    assert found.why["short"] == ["TEE"]


def test_lines_are_served_in_their_order() -> None:
    found = plan([one(TEE, 2, line=1), one(TEE, 2, line=2)], {SH: {TEE: 3}})
    assert [(a.demand.parts[0][0], a.sets, a.served) for a in found.assignments] == [(1, 2, True), (2, 1, True), (2, 1, False)]


def test_a_kit_is_whole_or_not_at_all() -> None:
    found = plan([kit(3, TEE=2, CAP=1)], {SH: {TEE: 5, CAP: 9}, GZ: {TEE: 1, CAP: 1}})
    assert served(found) == [(TEE, SH.id, 2)]
    assert waiting(found) == [(TEE, SH.id, 1)]
    assert found.why["short"] == ["TEE"]


def test_the_limiting_part_of_a_kit_is_named() -> None:
    found = plan([kit(2, TEE=2, CAP=1)], {SH: {TEE: 9, CAP: 1}})
    assert found.why["short"] == ["CAP"]


def test_the_parts_of_one_kit_never_come_from_two_warehouses() -> None:
    found = plan([kit(1, TEE=1, CAP=1)], {SH: {TEE: 9}, GZ: {CAP: 9}})
    assert served(found) == []
    assert len(waiting(found)) == 1


def test_a_kit_and_a_line_share_the_same_stock() -> None:
    found = plan([kit(1, TEE=2, CAP=1), one(TEE, 1)], {SH: {TEE: 2, CAP: 1}})
    assert served(found) == [(TEE, SH.id, 1)]
    assert waiting(found) == [(TEE, SH.id, 1)]


def test_nothing_anywhere_waits_at_home() -> None:
    found = plan([one(TEE, 1)], {}, to="上海市")
    assert (served(found), waiting(found)) == ([], [(TEE, SH.id, 1)])


def test_a_shop_without_warehouses_is_refused_with_its_reason() -> None:
    found = decide([one(TEE, 1)], (), {}, "上海市", "CN", NAMES)
    assert (found.assignments, found.why) == ((), {"refused": "no warehouse serves this shop"})


def test_the_candidates_that_lost_are_kept() -> None:
    found = plan([one(TEE, 1)], {SH: {TEE: 1}, GZ: {TEE: 1}}, to="上海市")
    assert found.why["weighed"][0] == {"warehouses": ["SH"], "units": 1, "parcels": 1, "split": 0, "home": 1}
    assert ["GZ"] in [weighed["warehouses"] for weighed in found.why["weighed"]]


stocks = st.dictionaries(st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from([TEE, CAP, MUG])), st.integers(0, 4), max_size=9)
wishes = st.lists(
    st.tuples(st.dictionaries(st.sampled_from([TEE, CAP, MUG]), st.integers(1, 2), min_size=1, max_size=2), st.integers(1, 4)),
    min_size=1,
    max_size=3,
).map(
    lambda wanted: [
        Demand(tuple((100 * no + sku, sku, units) for sku, units in parts.items()), sets)
        for no, (parts, sets) in enumerate(wanted)
    ]
)


@given(wishes, stocks)
def test_no_plan_promises_what_is_not_there_or_forgets_a_unit(demands: list[Demand], free: Free) -> None:
    found = decide(demands, ALL, free, "上海市", "CN", NAMES)
    used: Free = {}
    for assignment in found.assignments:
        assert assignment.sets > 0
        for _, sku, units in assignment.demand.parts if assignment.served else ():
            used[assignment.warehouse_id, sku] = used.get((assignment.warehouse_id, sku), 0) + units * assignment.sets
    assert all(units <= free.get(place, 0) for place, units in used.items())
    assert sum(a.sets for a in found.assignments) == sum(demand.sets for demand in demands)


@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_as_much_is_served_as_there_is(wanted: int, one_: int, two: int, three: int) -> None:
    found = decide([one(TEE, wanted)], ALL, {(1, TEE): one_, (2, TEE): two, (3, TEE): three}, "", "CN", NAMES)
    assert sum(a.sets for a in found.assignments if a.served) == min(wanted, one_ + two + three)
