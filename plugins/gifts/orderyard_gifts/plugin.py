"""Entry point of the gifts: rules as a setting, asked when an order is settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from orderyard.core.host.api import Command, Manifest, PluginContext
from orderyard.core.kernel.values import SettingField
from orderyard.core.orders.api import Gift, NoGift, SettledOrder
from orderyard.hookspecs import hookimpl

from .giving import describe, give
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


class Check(Command):
    """Reads the rules back to whoever wrote them."""

    name: ClassVar[str] = "check"
    help: ClassVar[str] = "what every rule was understood to say, and what is wrong with the others"

    def run(self, context: PluginContext, arguments: Sequence[str]) -> Iterable[str]:
        rules, unread = _read(context.settings["rules"])
        return [*(describe(rule) for rule in rules), *(f"{line.name} cannot be read: {line.why}" for line in unread)]


@hookimpl
def register_commands() -> Iterable[type[Command]]:
    return (Check,)
