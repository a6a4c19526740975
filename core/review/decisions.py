"""What people decide about orders: passing, refusing, taking back; and who may, by shop and amount."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel.db import Database
from ..kernel.errors import DomainError
from ..kernel.uow import UnitOfWork
from ..kernel.values import Money
from ..orders import queries
from ..orders import service as orders
from ..orders.api import OrderCard, OrderStatus, ReviewState

_PERSON = "person:"


def waits(card: OrderCard) -> bool:
    """Whether a person or a rule still has to decide; also of an order whose first units were shipped elsewhere meanwhile."""
    open_status = card.status in (OrderStatus.PENDING_REVIEW, OrderStatus.TO_SHIP)
    return open_status and card.review in (ReviewState.PENDING, ReviewState.WITHDRAWN)


def approve(uow: UnitOfWork, order_id: int, because: str, *, carrier: str = "", warehouse: str = "") -> None:
    """A person lets an order pass in spite of the rules; an order with an unmapped line cannot pass.

    `carrier` (code of a connection) and `warehouse` (code) are kept for its fulfillment orders; empty leaves the choice to the
    shop and to routing. Where finance is asked, the order goes there.
    """
    card = queries.card(uow.db, order_id)
    _refuse_stranger(uow, card, "approve")
    if not waits(card):
        raise DomainError(
            f"order {card.number} is {card.status}, its review {card.review}",
            remedy="only an order that waits for review can be approved",
        )
    if card.paid_at is None:
        raise DomainError(f"order {card.number} is not paid", remedy="wait for the payment")
    if unknown := [line.title for line in card.lines if not line.sku and line.quantity > line.cancelled]:
        raise DomainError(f"order {card.number}: nobody knows {', '.join(unknown)}", remedy="map these items to SKUs first")
    if carrier or warehouse:
        orders.choose_dispatch(uow, order_id, carrier, warehouse)
    orders.lift_review_holds(uow, [order_id], because or "approved")
    orders.pass_review(uow, [order_id], because or "approved by a person")


def reject(uow: UnitOfWork, order_id: int, because: str) -> None:
    """A person refuses an order: all its units are cancelled."""
    _refuse_silence(because, "rejection")
    _refuse_stranger(uow, queries.card(uow.db, order_id), "reject")
    orders.lift_review_holds(uow, [order_id], because)
    orders.reject_review(uow, order_id, because)


def withdraw(uow: UnitOfWork, order_id: int, because: str) -> None:
    """反审核: take back what was approved, until picking; reservations are given back, and only a person lets it pass again."""
    _refuse_silence(because, "withdrawal")
    _refuse_stranger(uow, queries.card(uow.db, order_id), "withdraw")
    orders.withdraw_review(uow, order_id, because)


def approve_finance(uow: UnitOfWork, order_id: int, because: str = "") -> None:
    """财审: finance lets an order go on."""
    orders.pass_finance(uow, order_id, because or "approved by finance")


def reject_finance(uow: UnitOfWork, order_id: int, because: str) -> None:
    """Finance refuses an order: all its units are cancelled."""
    _refuse_silence(because, "rejection")
    orders.reject_finance(uow, order_id, because)


def ask_finance(uow: UnitOfWork, shop: str, asked: bool) -> None:
    """Whether finance reviews a shop's orders second; orders that passed already stay passed."""
    shop_id, _ = _shop(uow.db, shop)
    uow.db.change("UPDATE shop SET finance_review = ? WHERE id = ?", (asked, shop_id))
    uow.note("finance is asked" if asked else "finance is not asked", "shop", shop_id)


def _refuse_silence(because: str, what: str) -> None:
    if not because.strip():
        raise DomainError(f"a {what} needs a reason", remedy="say why, for whoever asks later")


# who may


@dataclass(frozen=True, slots=True)
class Scope:
    """A person's share of the reviewing: one shop or every shop of a currency, below a total; None: no limit."""

    id: int
    login: str
    shop: str
    """Code; empty means every shop that trades in the currency."""
    currency: str
    limit: Money | None


def assign(uow: UnitOfWork, login: str, shop: str, limit: Money | None) -> int:
    """Let a person review a shop's orders (empty: every shop's) below a total; the scope's id.

    From then on only assigned people decide there. The same person and shop again replaces the limit. A limit for every shop
    holds for shops of its currency only; no limit at all holds everywhere.
    """
    login = login.strip().casefold()
    if uow.db.row("SELECT 1 FROM person WHERE login = ?", (login,)) is None:
        raise DomainError(f"there is no person {login!r}", remedy="add the person first")
    shop_id, currency = _shop(uow.db, shop) if shop else (None, limit.currency if limit else "")
    if limit is not None:
        if limit.currency != currency:
            raise DomainError(f"shop {shop} trades in {currency}, the limit is {limit}", remedy=f"give it in {currency}")
        if limit.minor <= 0:
            raise DomainError(f"a limit of {limit}", remedy="give more than 0, or none")
    same = "shop_id IS NULL" if shop_id is None else "shop_id = ?"
    uow.db.change(
        f"DELETE FROM reviewer_scope WHERE login = ? AND currency = ? AND {same}",
        [login, currency, *([] if shop_id is None else [shop_id])],
    )
    [(scope_id,)] = uow.db.insert(
        "reviewer_scope",
        ("login", "shop_id", "currency", "amount_limit"),
        [(login, shop_id, currency, None if limit is None else limit.minor)],
        returning="id",
    )
    told = {"login": login, "shop": shop or "all", "limit": "none" if limit is None else str(limit)}
    uow.note("reviewer assigned", "reviewer_scope", scope_id, data=told)
    return int(scope_id)


def unassign(uow: UnitOfWork, scope_id: int) -> None:
    """A person no longer reviews there; when nobody is left, whoever has the permission does."""
    if not uow.db.change("DELETE FROM reviewer_scope WHERE id = ?", (scope_id,)):
        raise DomainError(f"there is no reviewer scope {scope_id}", remedy="reload the list")
    uow.note("reviewer unassigned", "reviewer_scope", scope_id)


def scopes(db: Database) -> list[Scope]:
    """Everybody's share, by login."""
    return [
        Scope(scope_id, login, shop or "", currency, None if limit is None else Money(limit, currency))
        for scope_id, login, shop, currency, limit in db.rows(
            "SELECT r.id, r.login, s.code, r.currency, r.amount_limit FROM reviewer_scope r LEFT JOIN shop s "
            "ON s.id = r.shop_id ORDER BY r.login, s.code, r.id"
        )
    ]


def reviewers(db: Database, card: OrderCard) -> dict[str, Money | None]:
    """Who is assigned to an order's shop, each with the limit; empty while nobody is."""
    found: dict[str, Money | None] = {}
    for login, limit in db.rows(
        "SELECT r.login, r.amount_limit FROM reviewer_scope r LEFT JOIN shop s ON s.id = r.shop_id "
        "WHERE s.code = ? OR (r.shop_id IS NULL AND r.currency IN ('', ?)) ORDER BY r.login, r.id",
        (card.shop, card.total.currency),
    ):
        mine = None if limit is None else Money(limit, card.total.currency)
        before = found.get(login, mine)
        found[login] = None if mine is None or before is None else max(mine, before, key=lambda money: money.minor)
    return found


def _refuse_stranger(uow: UnitOfWork, card: OrderCard, action: str) -> None:
    """Refuse whoever is not assigned, or not for so much, and remember the attempt."""
    if not uow.actor.startswith(_PERSON):
        return
    login = uow.actor.removeprefix(_PERSON)
    assigned = reviewers(uow.db, card)
    if not assigned:
        return
    limit = assigned.get(login)
    if login in assigned and (limit is None or card.total.minor < limit.minor):
        return
    able = [name for name, most in assigned.items() if most is None or card.total.minor < most.minor]
    remedy = f"ask {', '.join(able)}" if able else "assign somebody with a higher limit"
    if login not in assigned:
        what = f"{login} is not assigned to the orders of shop {card.shop}"
    else:
        what = f"order {card.number} of {card.total} is not below the limit of {login}, {limit}"
    uow.remember("review refused", "order", card.id, what, {"action": action, "total": card.total.minor})
    raise DomainError(what, remedy=remedy)


def _shop(db: Database, code: str) -> tuple[int, str]:
    row = db.row("SELECT id, currency FROM shop WHERE code = ?", (code,))
    if row is None:
        known = ", ".join(code for (code,) in db.rows("SELECT code FROM shop ORDER BY code"))
        raise DomainError(f"there is no shop {code!r}", remedy=f"there are: {known or 'none yet'}")
    return int(row[0]), str(row[1])
