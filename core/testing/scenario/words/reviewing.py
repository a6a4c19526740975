"""Review: its rules, and people's decisions."""

from __future__ import annotations

from ....auth.service import add_person
from ....kernel.errors import DomainError
from ....kernel.values import Money
from ....review import blacklist, decisions
from ....review import service as review
from ....review.api import BlacklistKind
from ..grammar import Form, Said
from ..world import World, same

PASSWORD = "a password of nobody"  # noqa: S105  people of a scenario never sign in


def _settings(said: Said) -> dict[str, str]:
    given = {}
    for pair in said.get("settings", ()):
        name, sign, value = pair.partition("=")
        if not sign:
            raise DomainError(f"{pair!r} is no setting", remedy="write it as name=value")
        given[name] = value
    return given


def set_rule(world: World, said: Said) -> None:
    with world.work() as uow:
        review.set_rule(uow, said["rule"], enabled=True, settings=_settings(said), offered=world.system.plugins.review_rules)


def switch_off(world: World, said: Said) -> None:
    with world.work() as uow:
        review.set_rule(uow, said["rule"], enabled=False, settings={}, offered=world.system.plugins.review_rules)


def put_on_blacklist(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        blacklist.blacklist(uow, BlacklistKind(said["fact"]), [said["text"]], said.get("note text", ""))


def take_off_blacklist(world: World, said: Said) -> None:
    entries = blacklist.entries(world.system.installation.db, said["fact"])
    wanted = said["text"].replace(" ", "").casefold()
    ids = [entry.id for entry in entries if entry.value.replace(" ", "").casefold() in (wanted, f"+86{wanted}", f"86{wanted}")]
    if not ids:
        raise DomainError(f"the blacklist has no {said['fact']} {said['text']}", remedy=", ".join(e.value for e in entries))
    with world.work() as uow:
        blacklist.take_off(uow, ids)


def hire(world: World, said: Said) -> None:
    with world.work() as uow:
        add_person(uow, said["person"], said["person"], PASSWORD, said.get("name", "reviewer"))


def assign(world: World, said: Said) -> None:
    limit = None
    currency = world.setting.merchant.currency if "shop" not in said else world.shop(said["shop"]).currency
    if "amount" in said:
        limit = Money.of(said["amount"], currency)
    with world.work() as uow:
        decisions.assign(uow, said["person"], said.get("shop", ""), limit)


def unassign(world: World, said: Said) -> None:
    found = [scope.id for scope in decisions.scopes(world.system.installation.db) if scope.login == said["person"]]
    if not found:
        raise DomainError(f"{said['person']} is assigned to nothing")
    with world.work() as uow:
        for scope_id in found:
            decisions.unassign(uow, scope_id)


def approve(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        decisions.approve(
            uow, world.order_id(said["order"]), said.get("text", ""), carrier=said.part("carrier", "carrier", ""),
            warehouse=said.part("warehouse", "warehouse", ""),
        )  # fmt: skip


def reject(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        decisions.reject(uow, world.order_id(said["order"]), said.get("text", ""))


def withdraw(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        decisions.withdraw(uow, world.order_id(said["order"]), said.get("text", ""))


def ask_finance(world: World, said: Said) -> None:
    with world.work() as uow:
        decisions.ask_finance(uow, said["shop"], "no more" not in said)


def finance_approves(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        decisions.approve_finance(uow, world.order_id(said["order"]), said.get("text", ""))


def finance_rejects(world: World, said: Said) -> None:
    with world.work(said.get("person", "")) as uow:
        decisions.reject_finance(uow, world.order_id(said["order"]), said.get("text", ""))


def expect_dry_run(world: World, said: Said) -> None:
    """Which orders of the last days the rule would pass or hold otherwise than now."""
    system = world.system
    found = review.dry_run(
        system.installation.db, system.installation.merchant, world.clock.now(), said["units"],
        {said["rule"]: ("off" not in said, _settings(said))}, system.plugins.review_rules,
    )  # fmt: skip
    names = {known.id: known.name for known in world.orders.values()}
    for part, rows in (("would hold", found.newly_held), ("would pass", found.newly_passed)):
        told = " ".join(sorted(names.get(row.order_id, row.number) for row in rows)) or "nothing"
        same(f"{part} {' '.join(sorted(said.part(part, 'orders', ('nothing',))))}", f"{part} {told}")


FORMS: tuple[Form[World], ...] = (
    Form("rule <rule> [with <settings>]",
         "This rule asks from now on, with these settings: `rule amount_limit with CNY=500.00`. `price_share/tb` asks the rule "
         "`price_share` once more, with settings of its own.", set_rule),
    Form("rule <rule> off", "This rule asks no more.", switch_off),
    Form("blacklist <fact> <text> [because <note text>] [by <person>]", "Whose orders a person looks at.", put_on_blacklist),
    Form("take <fact> <text> off the blacklist", "Nobody minds any more.", take_off_blacklist),
    Form("person <person> [as <name>]", "A member of staff; a `reviewer` unless said.", hire),
    Form("assign <person> [to <shop>] [below <amount>]",
         "From now on only assigned people review a shop's orders, or every shop's; each below a total.", assign),
    Form("unassign <person>", "This person reviews no more.", unassign),
    Form("approve <order> [because <text>] [by <person>]", "Somebody lets an order pass in spite of the rules.", approve,
         {"carrier": "with <carrier>", "warehouse": "from <warehouse>"}),
    Form("reject <order> [because <text>] [by <person>]", "Somebody refuses an order: all its units are cancelled.", reject),
    Form("withdraw <order> [because <text>] [by <person>]",
         "反审核: an approval is taken back, until picking; only a person lets the order pass again.", withdraw),
    Form("ask finance in <shop> [no more]", "Whether finance reviews the shop's orders second.", ask_finance),
    Form("finance approves <order> [because <text>] [by <person>]", "财审: the order goes on.", finance_approves),
    Form("finance rejects <order> [because <text>] [by <person>]", "All its units are cancelled.", finance_rejects),
    Form("expect rule <rule> [off] [with <settings>] over the last <units> days",
         "A dry run: which orders would be held or passed that are not now.", expect_dry_run,
         {"would hold": "would hold <orders>", "would pass": "would pass <orders>"}),
)  # fmt: skip
