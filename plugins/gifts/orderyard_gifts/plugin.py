"""Entry point of the gifts: rules as a setting, asked when an order is settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

from orderyard.core.host.api import Manifest
from orderyard.core.kernel.values import SettingField
from orderyard.core.orders.api import Gift, NoGift, SettledOrder
from orderyard.hookspecs import hookimpl

from .giving import give
from .rules import Rule, Unread, read

SETTINGS = (
    SettingField(
        "rules", "Rules 赠品规则", required=False, help="One a line: spring: amount 200 CNY -> MUG 1 group=spring total=100"
    ),
    SettingField("timezone", "Time zone of the days in rules", required=False, default="Asia/Shanghai"),
)
manifest = Manifest(slug="gifts", title="Gifts 赠品", settings=SETTINGS)


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[tuple[Rule, ...], tuple[Unread, ...]]:
    rules, unread = read(text)
    return tuple(rules), tuple(unread)


@hookimpl
def amend_settled(order: SettledOrder, settings: Mapping[str, str]) -> Iterable[Gift | NoGift]:
    rules, unread = _read(settings["rules"])
    return list(give(order, rules, unread, ZoneInfo(settings["timezone"])))
