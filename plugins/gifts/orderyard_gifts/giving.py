"""What an order gets by the rules: a pure function of the order and of what was given before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from orderyard.core.orders.api import Gift, NoGift, SettledOrder

from .rules import Kind, Rule, Unread


def give(order: SettledOrder, rules: Sequence[Rule], unread: Sequence[Unread], zone: ZoneInfo) -> Iterator[Gift | NoGift]:
    """The gifts of an order, in the order of the rules; a rule whose condition does not hold says nothing."""
    for line in unread:
        yield NoGift(line.name, f"this rule cannot be read: {line.why}")
    met = {rule: times for rule in rules if (times := _times(order, rule, zone))}
    for rule, times in met.items():
        if (better := _better(rule, met)) is not None:
            yield NoGift(rule.name, f"{better.name} is higher in group {rule.group}")
        else:
            yield _limited(order, rule, times)


def _times(order: SettledOrder, rule: Rule, zone: ZoneInfo) -> int:
    """How often a rule gives to this order before its limits."""
    card = order.card
    if rule.shops and card.shop not in rule.shops:
        return 0
    day = (card.paid_at or card.placed_at).astimezone(zone).date()
    if (rule.first_day and day < rule.first_day) or (rule.last_day and day > rule.last_day):
        return 0
    if rule.amount is not None:
        times = order.net.minor // rule.amount.minor if order.net.currency == rule.amount.currency else 0
    else:
        times = min(_units(order.units, skus) // count for skus, count in rule.parts)
    return times if rule.each else min(times, 1)


def _units(units: Mapping[str, int], skus: Sequence[str]) -> int:
    return sum(units.values()) if not skus else sum(units.get(sku, 0) for sku in set(skus))


def _better(rule: Rule, met: Mapping[Rule, int]) -> Rule | None:
    """The highest of the rule's group, if that is another; of equals the one that was written first."""
    if not rule.group:
        return None
    rivals = [one for one in met if one.group == rule.group]
    best = max(rivals, key=lambda one: one.height)
    return None if best is rule else best


def _limited(order: SettledOrder, rule: Rule, times: int) -> Gift | NoGift:
    """Whole portions, as many as every limit leaves."""
    room = {"per order": rule.per_order}
    if rule.per_customer is not None:
        room["per customer"] = rule.per_customer - order.given_to_customer.get(rule.name, 0)
    if rule.total is not None:
        room["in all"] = rule.total - order.given.get(rule.name, 0)
    for limit, left in room.items():
        if left is not None and left < rule.units:
            return NoGift(rule.name, f"its limit {limit} leaves {max(0, left)}")
        if left is not None:
            times = min(times, left // rule.units)
    return Gift(rule.name, rule.sku, times * rule.units)


def describe(rule: Rule) -> str:
    """A rule in words, for whoever checks what was understood."""
    if rule.kind is Kind.AMOUNT:
        when = f"goods of {rule.amount}"
    else:
        when = " and ".join(f"{count} of {' or '.join(skus) or 'anything'}" for skus, count in rule.parts)
    parts = [f"{rule.name}: {rule.units} {rule.sku} {'for each' if rule.each else 'for'} {when}"]
    parts += [f"the highest of {rule.group}"] if rule.group else []
    limits = (("an order", rule.per_order), ("a customer", rule.per_customer), ("in all", rule.total))
    parts += [f"{limit} {what}" for what, limit in limits if limit is not None]
    parts += [f"in {', '.join(sorted(rule.shops))}"] if rule.shops else []
    parts += [f"from {rule.first_day}"] if rule.first_day else []
    parts += [f"until {rule.last_day}"] if rule.last_day else []
    return ", ".join(parts)
