"""Review: its rules, and people's decisions."""

from __future__ import annotations

from ....kernel.errors import DomainError
from ....review import service as review
from ..grammar import Form, Said
from ..world import World


def set_rule(world: World, said: Said) -> None:
    given = {}
    for pair in said.get("settings", ()):
        name, sign, value = pair.partition("=")
        if not sign:
            raise DomainError(f"{pair!r} is no setting", remedy="write it as name=value")
        given[name] = value
    with world.work() as uow:
        review.set_rule(uow, said["rule"], enabled=True, settings=given)


def switch_off(world: World, said: Said) -> None:
    with world.work() as uow:
        review.set_rule(uow, said["rule"], enabled=False, settings={})


def approve(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        review.approve(uow, world.order_id(said["order"]), said.get("text", ""))


def reject(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        review.reject(uow, world.order_id(said["order"]), said.get("text", ""))


FORMS: tuple[Form[World], ...] = (
    Form("rule <rule> [with <settings>]",
         "This rule asks from now on, with these settings: `rule amount_limit with CNY=500.00`.", set_rule),
    Form("rule <rule> off", "This rule asks no more.", switch_off),
    Form("approve <order> [because <text>] [by <person>]", "Somebody lets an order pass in spite of the rules.", approve),
    Form("reject <order> [because <text>] [by <person>]", "Somebody refuses an order: all its units are cancelled.", reject),
)  # fmt: skip
