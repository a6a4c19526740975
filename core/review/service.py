"""Review: asking every rule about every order, and asking again when orders or rules change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache, reduce

from ..kernel.db import Database, as_json, to_json
from ..kernel.errors import DomainError
from ..kernel.uow import Merchant, UnitOfWork
from ..orders import queries
from ..orders import service as orders
from ..orders.api import AddressChanged, HoldCode, HoldsLifted, OrderCard, OrderChanged, OrderSettled, OrderStatus, ReviewState
from ..orders.holds import stopping
from ..orders.states import Step
from .api import Facts, InformedRule, ReviewRule, Verdict, Wants
from .decisions import approve as approve
from .decisions import reject as reject
from .decisions import waits
from .facts import Blacklisted, gather, read_blacklist
from .rules import BUILT_IN, defaults, shops_of

_NONE = Facts()
_TOGETHER = 500
_TRIES = 5


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Rules, their settings or the lists they look at are others than before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule as this merchant has set it; `name` is the rule's own, or `rule/anything` where it is asked twice."""

    name: str
    rule: ReviewRule
    shops: frozenset[str] = frozenset()
    """Codes; empty means every shop."""

    @property
    def wants(self) -> Wants:
        return self.rule.wants if isinstance(self.rule, InformedRule) else Wants()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule said about one order."""

    name: str
    hold: HoldCode
    verdict: Verdict


@dataclass(frozen=True)
class RuleSet:
    """All rules of one moment; `version` tells whether the stored ones are still these."""

    asked: tuple[Asked, ...]
    version: int | None = None
    listed: Blacklisted = field(default_factory=Blacklisted)

    @cached_property
    def wants(self) -> Wants:
        wants = reduce(Wants.__or__, (one.wants for one in self.asked), Wants())
        return wants if self.listed else Wants(wants.windows, wants.list_prices)

    def facts(self, db: Database, merchant: Merchant, cards: Sequence[OrderCard]) -> dict[int, Facts]:
        return gather(db, merchant, self.wants, cards, self.listed)

    @cached_property
    def informed(self) -> dict[str, InformedRule]:
        """By name, those that want facts."""
        return {one.name: one.rule for one in self.asked if isinstance(one.rule, InformedRule)}

    def judge(self, card: OrderCard, facts: Facts = _NONE, *, only_address: bool = False) -> list[Judgement]:
        """What every rule says; one that raises holds the order with its error as the reason."""
        found = []
        for one in self.asked:
            if (one.shops and card.shop not in one.shops) or (only_address and not one.rule.about_address):
                continue
            try:
                informed = self.informed.get(one.name)
                verdict = one.rule.judge(card) if informed is None else informed.judge_with(card, facts)
                if not isinstance(verdict, Verdict):
                    raise TypeError(f"it answered {verdict!r}")
            except (Exception, SystemExit) as error:
                verdict = Verdict(False, f"rule failed: {type(error).__name__}: {error}")
            found.append(Judgement(one.name, one.rule.hold, verdict))
        return found


class Reviewer:
    """The rules of this merchant, ready to be asked; they are read again whenever the stored ones changed."""

    def __init__(self, rules: Sequence[ReviewRule], offered: Mapping[str, type[ReviewRule]] | None = None) -> None:
        self._offered = offered
        self._rules = RuleSet(tuple(Asked(rule.name, rule) for rule in rules))

    @classmethod
    def from_settings(cls, db: Database, offered: Mapping[str, type[ReviewRule]]) -> Reviewer:
        """Built-in rules and those of plugins, as the merchant has set them; a rule nobody set runs with its defaults."""
        made = cls((), offered)
        made.reload(db)
        return made

    @property
    def rules(self) -> tuple[ReviewRule, ...]:
        return tuple(one.rule for one in self._rules.asked)

    def reload(self, db: Database) -> None:
        """Read the rules' settings and lists again."""
        if self._offered is not None:
            self._rules = read_rules(db, self._offered)

    def judge(self, card: OrderCard, facts: Facts = _NONE) -> list[Judgement]:
        """What every rule says about one order."""
        return self._rules.judge(card, facts)

    # what happened below

    def hear(self, uow: UnitOfWork, events: Sequence[OrderSettled]) -> None:
        """Review settled orders: those that every rule passes go on, the others are held with every reason.

        If somebody changed the rules meanwhile, in this process or another, the orders are judged anew.
        """
        cards = [event.card for event in events]
        for _ in range(_TRIES):
            cards = self._review(uow, cards)
            if not cards:
                return
            self.reload(uow.db)
        raise DomainError("the review rules change again and again", remedy="try once more in a moment")

    def _review(self, uow: UnitOfWork, cards: Sequence[OrderCard]) -> list[OrderCard]:
        """Judge these orders once; those that must be judged again, because the rules are others by now."""
        rules = self._rules
        facts = rules.facts(uow.db, uow.merchant, cards)
        judged = {card.id: rules.judge(card, facts.get(card.id, _NONE)) for card in cards}
        failed = {card.id: [one for one in judged[card.id] if not one.verdict.passed] for card in cards}
        # A withdrawn order is in people's hands: rules may hold it, but only a person lets it pass.
        clean = [card for card in cards if not failed[card.id] and card.review is not ReviewState.WITHDRAWN]
        done: set[int] = set()
        if clean:
            done = set(orders.pass_review(uow, [card.id for card in clean], "every rule passed", rules=rules.version))
        for card in clean:
            if card.id in done:
                uow.note("reviewed", "order", card.id, "passed", _trace(judged[card.id]))
        left = [card for card in cards if card.id not in done]
        if left and rules.version is not None and rules.version != stored_version(uow.db):
            return left
        for card in left:
            if failed[card.id]:
                uow.note("reviewed", "order", card.id, "held", _trace(judged[card.id]))
                self._hold(uow, card.id, failed[card.id])
            elif card.review is not ReviewState.WITHDRAWN and (holds := stopping(uow.db, card.id, Step.REVIEW)):
                uow.note("reviewed", "order", card.id, f"stopped by {', '.join(code for code, _ in holds)}")
        return []

    @staticmethod
    def _hold(uow: UnitOfWork, order_id: int, failed: Iterable[Judgement]) -> None:
        for one in failed:
            if one.hold is not HoldCode.SKU_UNMAPPED:  # intake opened it already, and mapping lifts it
                orders.hold(uow, order_id, one.hold, one.verdict.reason, source=one.name)

    def again(self, uow: UnitOfWork, order_ids: Sequence[int]) -> None:
        """Ask once more after something changed; holds of rules that pass now are lifted."""
        for start in range(0, len(order_ids), _TOGETHER):
            some = order_ids[start : start + _TOGETHER]
            cards = [card for card in queries.cards(uow.db, some) if waits(card) and card.paid_at is not None]
            self._lift(uow, cards)
            self.hear(uow, [OrderSettled(card) for card in cards])

    def _lift(self, uow: UnitOfWork, cards: Sequence[OrderCard], *, only_address: bool = False) -> dict[int, list[Judgement]]:
        """Lift what rules had against these orders and have no more; everything the rules say now."""
        if not cards:
            return {}
        open_ = {
            (order_id, code, source)
            for order_id, code, source in uow.db.rows(
                f"SELECT document, code, source FROM hold WHERE level = 'order' AND released_at IS NULL AND document IN "
                f"({','.join('?' * len(cards))})",
                [card.id for card in cards],
            )
        }
        rules = self._rules
        facts = rules.facts(uow.db, uow.merchant, cards)
        judged = {}
        for card in cards:
            judged[card.id] = rules.judge(card, facts.get(card.id, _NONE), only_address=only_address)
            for one in judged[card.id]:
                if one.verdict.passed and (card.id, one.hold, one.name) in open_:
                    orders.lift(uow, card.id, one.hold, source=one.name, because="the rule passes now")
        return judged

    def hear_lifted(self, uow: UnitOfWork, events: Sequence[HoldsLifted]) -> None:
        self.again(uow, sorted({order_id for event in events for order_id in event.order_ids}))

    def hear_changed(self, uow: UnitOfWork, events: Sequence[OrderChanged]) -> None:
        self.again(uow, sorted({order_id for event in events for order_id in event.order_ids}))

    def hear_address(self, uow: UnitOfWork, events: Sequence[AddressChanged]) -> None:
        """Orders under review are judged anew; of those that passed, the new address is."""
        ids = sorted({event.order_id for event in events})
        self.again(uow, ids)
        cards = [
            card for card in queries.cards(uow.db, ids)
            if card.review is ReviewState.PASSED and card.status in (OrderStatus.TO_SHIP, OrderStatus.PENDING_REVIEW)
        ]  # fmt: skip
        for order_id, judged in self._lift(uow, cards, only_address=True).items():
            self._hold(uow, order_id, [one for one in judged if not one.verdict.passed])

    def hear_rules(self, uow: UnitOfWork, events: Sequence[RulesChanged]) -> None:
        """Other rules: every order that still waits for review is judged by them."""
        self.reload(uow.db)
        self.retire(uow)
        self.again(uow, waiting(uow.db))

    def retire(self, uow: UnitOfWork) -> None:
        """Lift the holds of rules that are not asked any more, of orders under review."""
        known = {one.name for one in self._rules.asked}
        every = {kind.name for kind in (*BUILT_IN, *(self._offered or {}).values())}
        rows = uow.db.rows(
            "SELECT DISTINCT h.document, h.code, h.source FROM hold h JOIN sales_order o ON o.id = h.document WHERE "
            "h.level = 'order' AND h.released_at IS NULL AND o.status = 'pending_review' ORDER BY h.document"
        )
        for order_id, code, source in rows:
            if source not in known and source.partition("/")[0] in every:
                orders.lift(uow, order_id, HoldCode(code), source=source, because="the rule is off")


def waiting(db: Database) -> list[int]:
    """Every order that waits for review."""
    rows = db.rows(
        "SELECT id FROM sales_order WHERE status IN ('pending_review', 'to_ship') AND review IN ('pending', 'withdrawn') "
        "AND paid_at IS NOT NULL ORDER BY id"
    )
    return [row[0] for row in rows]


def _trace(judged: Iterable[Judgement]) -> str:
    return _told(tuple([(one.name, one.verdict.passed, one.verdict.reason) for one in judged]))


@lru_cache(maxsize=256)
def _told(verdicts: tuple[tuple[str, bool, str], ...]) -> str:
    """What the history keeps, as JSON; of most orders it is the same."""
    found = {}
    for name, passed, reason in verdicts:
        found[name] = (f"passed ({reason})" if reason else "passed") if passed else reason
    return to_json(found)


# the rules themselves


class _Broken(ReviewRule):
    """Stands in for a rule that cannot be made: fail closed, every order waits for a person and is told why."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__({})
        self._reason = f"rule {name} cannot start: {type(error).__name__}: {error}"

    def judge(self, order: OrderCard) -> Verdict:
        return Verdict(False, self._reason)


def _made(rule: type[ReviewRule], settings: Mapping[str, str]) -> ReviewRule:
    try:
        return rule(defaults(rule, settings))
    except (Exception, SystemExit) as error:
        broken = type(rule.__name__, (_Broken,), {"name": rule.name, "title": rule.title, "hold": rule.hold})
        made: ReviewRule = broken(rule.name, error)
        return made


def stored_version(db: Database) -> int:
    """Goes up with every change of any rule, its settings or its list."""
    row = db.row("SELECT COALESCE(SUM(version), 0) FROM review_rule_setting")
    return 0 if row is None else int(row[0])


def read_rules(
    db: Database,
    offered: Mapping[str, type[ReviewRule]],
    changes: Mapping[str, tuple[bool, Mapping[str, str]]] | None = None,
) -> RuleSet:
    """The rules as they are stored, or as they would be with these changes (name: enabled, settings)."""
    version = stored_version(db)
    stored: dict[str, tuple[bool, Mapping[str, str]]] = {
        name: (bool(enabled), as_json(settings))
        for name, enabled, settings in db.rows("SELECT name, enabled, settings FROM review_rule_setting ORDER BY id")
    }
    stored |= changes or {}
    kinds = {rule.name: rule for rule in (*BUILT_IN, *offered.values())}
    names = [*kinds, *(name for name in stored if "/" in name and name.partition("/")[0] in kinds)]
    asked = []
    for name in names:
        enabled, settings = stored.get(name, (True, {}))
        if enabled:
            asked.append(Asked(name, _made(kinds[name.partition("/")[0]], settings), shops_of(settings)))
    return RuleSet(tuple(asked), version, read_blacklist(db))


def set_rule(
    uow: UnitOfWork,
    name: str,
    *,
    enabled: bool,
    settings: Mapping[str, str],
    offered: Mapping[str, type[ReviewRule]] | None = None,
) -> None:
    """Switch a rule on or off and set its parameters; orders that wait for review are judged anew.

    `rule/anything` asks a rule once more with other parameters. With `offered`, rules of plugins are known by name too and
    every setting is checked; settings that make no sense are refused.
    """
    kind = {rule.name: rule for rule in (*BUILT_IN, *(offered or {}).values())}.get(name.partition("/")[0])
    if kind is None and offered is not None:
        known = ", ".join(rule.name for rule in (*BUILT_IN, *offered.values()))
        raise DomainError(f"there is no review rule {name!r}", remedy=f"there are: {known}")
    if kind is not None:
        kind(defaults(kind, settings)).check()
        codes = {row[0] for row in uow.db.rows("SELECT code FROM shop")}
        if unknown := sorted(shops_of(settings) - codes):
            raise DomainError(f"there is no shop {', '.join(unknown)}", remedy=f"there are: {', '.join(sorted(codes))}")
    _store(uow, name, enabled, settings)
    uow.note("rule set", "review_rule", 0, name, {"enabled": enabled, **settings})
    uow.emit(RulesChanged())


def _store(uow: UnitOfWork, name: str, enabled: bool, settings: Mapping[str, str]) -> None:
    uow.db.change(
        "INSERT INTO review_rule_setting (name, enabled, settings) VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET "
        "enabled = excluded.enabled, settings = excluded.settings, version = review_rule_setting.version + 1",
        (name, enabled, to_json(dict(settings))),
    )


# what a changed rule would do


@dataclass(frozen=True, slots=True)
class DryRow:
    """One order of a dry run: what the rules say now, and what they would say; reasons, empty when it passes."""

    order_id: int
    number: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    """Orders of the last days under other rules; nothing is written."""

    rows: tuple[DryRow, ...]

    @property
    def would_pass(self) -> tuple[DryRow, ...]:
        return tuple(row for row in self.rows if not row.after)

    @property
    def would_hold(self) -> tuple[DryRow, ...]:
        return tuple(row for row in self.rows if row.after)

    @property
    def newly_held(self) -> tuple[DryRow, ...]:
        return tuple(row for row in self.rows if row.after and not row.before)

    @property
    def newly_passed(self) -> tuple[DryRow, ...]:
        return tuple(row for row in self.rows if row.before and not row.after)


def dry_run(
    db: Database,
    merchant: Merchant,
    now: datetime,
    days: int,
    changes: Mapping[str, tuple[bool, Mapping[str, str]]],
    offered: Mapping[str, type[ReviewRule]] | None = None,
) -> DryRun:
    """Which orders of the last days rules with these changes (name: enabled, settings) would pass or hold, and which now do."""
    if days < 1:
        raise DomainError(f"a dry run over {days} days", remedy="give at least 1")
    kinds = {rule.name: rule for rule in (*BUILT_IN, *(offered or {}).values())}
    for name, (_, settings) in changes.items():
        kind = kinds.get(name.partition("/")[0])
        if kind is None:
            raise DomainError(f"there is no review rule {name!r}", remedy=f"there are: {', '.join(kinds)}")
        kind(defaults(kind, settings)).check()
    before, after = read_rules(db, offered or {}), read_rules(db, offered or {}, changes)
    ids = [row[0] for row in db.rows(
        "SELECT id FROM sales_order WHERE placed_at > ? AND placed_at <= ? ORDER BY id", (now - timedelta(days=days), now)
    )]  # fmt: skip
    rows = []
    for start in range(0, len(ids), _TOGETHER):
        cards = queries.cards(db, ids[start : start + _TOGETHER])
        said = [rules.facts(db, merchant, cards) for rules in (before, after)]
        for card in cards:
            was, is_ = (
                tuple(
                    f"{one.name}: {one.verdict.reason}"
                    for one in rules.judge(card, facts.get(card.id, _NONE))
                    if not one.verdict.passed
                )
                for rules, facts in zip((before, after), said, strict=True)
            )
            rows.append(DryRow(card.id, card.number, was, is_))
    return DryRun(tuple(rows))
