"""Review: asking every rule about every order, and people's decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kernel.db import Database, as_json, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..orders import queries
from ..orders import service as orders
from ..orders.api import HoldCode, OrderCard, OrderSettled, OrderStatus, ReviewState
from .api import ReviewRule, Verdict
from .rules import BUILT_IN, defaults


class Reviewer:
    """The rules of this merchant, ready to be asked; made once at start-up and again when their settings change."""

    def __init__(self, rules: Sequence[ReviewRule]) -> None:
        self.rules = tuple(rules)

    @classmethod
    def from_settings(cls, db: Database, offered: Mapping[str, type[ReviewRule]]) -> Reviewer:
        """Built-in rules and those of plugins, as the merchant has set them; a rule nobody set runs with its defaults."""
        stored = {
            row[0]: (bool(row[1]), as_json(row[2]))
            for row in db.rows("SELECT name, enabled, settings FROM review_rule_setting")
        }
        rules = []
        for rule in (*BUILT_IN, *offered.values()):
            enabled, settings = stored.get(rule.name, (True, {}))
            if enabled:
                rules.append(_made(rule, settings))
        return cls(rules)

    def judge(self, card: OrderCard) -> list[tuple[ReviewRule, Verdict]]:
        """What every rule says; one that raises holds the order with its error as the reason."""
        verdicts = []
        for rule in self.rules:
            try:
                verdict = rule.judge(card)
                if not isinstance(verdict, Verdict):
                    raise TypeError(f"it answered {verdict!r}")
            except (Exception, SystemExit) as error:
                verdict = Verdict(False, f"rule failed: {type(error).__name__}: {error}")
            verdicts.append((rule, verdict))
        return verdicts

    def hear(self, uow: UnitOfWork, events: Sequence[OrderSettled]) -> None:
        """Review settled orders: those that every rule passes go on, the others are held with every reason."""
        passed: list[int] = []
        holds: list[tuple[str, int, HoldCode, str, str]] = []
        for event in events:
            card = event.card
            verdicts = self.judge(card)
            failed = [(rule, verdict) for rule, verdict in verdicts if not verdict.passed]
            trace = {rule.name: "passed" if verdict.passed else verdict.reason for rule, verdict in verdicts}
            uow.note("reviewed", "order", card.id, "passed" if not failed else "held", trace)
            if not failed:
                passed.append(card.id)
            holds += [("order", card.id, rule.hold, rule.name, verdict.reason) for rule, verdict in failed]
        for level, document, code, source, note in holds:
            if code is HoldCode.SKU_UNMAPPED:
                continue  # intake opened it already, and mapping lifts it
            orders.hold(uow, document, code, note, source=source, level=level)
        if passed:
            orders.pass_review(uow, passed, "every rule passed")

    def again(self, uow: UnitOfWork, order_ids: Sequence[int]) -> None:
        """Ask once more after something changed; holds of rules that pass now are lifted."""
        cards = [card for card in queries.cards(uow.db, order_ids) if _waits(card) and card.paid_at is not None]
        for card in cards:
            for rule, verdict in self.judge(card):
                if verdict.passed:
                    orders.lift(uow, card.id, rule.hold, source=rule.name)
        self.hear(uow, [OrderSettled(card) for card in cards])


class _Broken(ReviewRule):
    """Stands in for a rule that cannot be made: fail closed, every order waits for a person and is told why."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__({})
        self._reason = f"rule {name} cannot start: {type(error).__name__}: {error}"

    def judge(self, order: OrderCard) -> Verdict:
        return Verdict(False, self._reason)


def _made(rule: type[ReviewRule], settings: dict[str, str]) -> ReviewRule:
    try:
        return rule(defaults(rule, settings))
    except (Exception, SystemExit) as error:
        broken = type(rule.__name__, (_Broken,), {"name": rule.name, "title": rule.title, "hold": rule.hold})
        made: ReviewRule = broken(rule.name, error)
        return made


def _waits(card: OrderCard) -> bool:
    """Whether a person or a rule still has to decide; also of an order whose first units were shipped elsewhere meanwhile."""
    open_status = card.status in (OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP)
    return open_status and card.review in (ReviewState.PENDING, ReviewState.WITHDRAWN)


def approve(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A person lets an order pass in spite of the rules; an order with an unmapped line cannot pass."""
    card = queries.card(uow.db, order_id)
    if not _waits(card):
        raise DomainError(f"order {card.number} is {card.status}", remedy="only an order that waits for review can be approved")
    if card.paid_at is None:
        raise DomainError(f"order {card.number} is not paid", remedy="wait for the payment")
    if unknown := [line.title for line in card.lines if not line.sku]:
        raise DomainError(f"order {card.number}: nobody knows {', '.join(unknown)}", remedy="map these items to SKUs first")
    orders.lift_review_holds(uow, [order_id], because or "approved")
    orders.pass_review(uow, [order_id], because or "approved by a person")


def reject(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A person refuses an order: all its units are cancelled."""
    if not because.strip():
        raise DomainError("a rejection needs a reason", remedy="say why, for whoever asks later")
    orders.lift_review_holds(uow, [order_id], because)
    orders.reject_review(uow, order_id, because)


def set_rule(uow: UnitOfWork, name: str, *, enabled: bool, settings: Mapping[str, str]) -> None:
    """Switch a rule on or off and set its parameters."""
    uow.db.change(
        "INSERT INTO review_rule_setting (name, enabled, settings) VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET "
        "enabled = excluded.enabled, settings = excluded.settings",
        (name, enabled, to_json(dict(settings))),
    )
    uow.note("rule set", "review_rule", 0, name, {"enabled": enabled, **settings})
