"""Cash on delivery: what carriers still owe, and their statements typed or pasted in."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ...auth.permissions import Permission
from ...fulfillment.remittance import Handed, Remitted, remit
from ...kernel.errors import DomainError, OrderyardError
from ...kernel.values import Money
from ...ledger import queries as ledger
from ...ledger.api import Role
from ..access import me, needs
from ..refusals import refuse
from ..services import services
from ..typed import moment, text
from ..words import gettext as _
from ..words import ngettext

pages = Blueprint("remittances", __name__, url_prefix="/ledger/cod")

LONGEST = 200_000
"""Characters of one statement, some ten thousand rows."""


@pages.get("/")
@needs(Permission.LEDGER_READ)
def index() -> str:
    return _page()


@pages.post("/")
@needs(Permission.MONEY_COUNT)
def hand_over() -> str | AnyResponse:
    """Count a statement; rows that are refused stand beside those that counted."""
    typed = request.form.get("rows", "")
    try:
        if len(typed) > LONGEST:
            raise DomainError(_("The statement is too long."), remedy=_("Count it in parts."))
        merchant = services().installation.merchant
        collector, statement = text("collector"), text("statement")
        at = moment("at", merchant) or services().installation.environment.now()
        rows, wrong = _rows(typed, merchant.currency)
        done = services().installation.carry_out(me().actor, lambda uow: remit(uow, collector, statement, rows, at))
    except OrderyardError as error:
        refuse(error)
        return _page(typed)
    refused = {**wrong, **done.refused}
    if done.counted:
        flash(ngettext("%(num)s row counted.", "%(num)s rows counted.", len(done.counted)), "success")
    left = "\n".join(line for line in typed.splitlines() if line.split()[:1] and line.split()[0] in refused)
    return _page(left, done, refused)


def _rows(typed: str, currency: str) -> tuple[list[Handed], dict[str, str]]:
    """A number and an amount a line, between them blanks, a comma or a tab; and the lines that are something else."""
    rows, wrong = [], {}
    for line in typed.splitlines():
        parts = line.replace(",", " ").replace("\t", " ").split()
        if not parts:
            continue
        try:
            number, amount = parts
            rows.append(Handed(number, Money.of(amount, currency).minor))
        except (ValueError, OrderyardError):
            wrong[parts[0]] = _("Write a number and an amount on each line.")
    return rows, wrong


def _page(typed: str = "", done: Remitted | None = None, refused: dict[str, str] | None = None) -> str:
    db = services().installation.db
    months = ledger.periods(db)
    balances = ledger.balances(db, max(month.code for month in months)) if months else ()
    owed = [(account.detail, amount) for account, amount in balances if account.role is Role.COD_RECEIVABLE and amount]
    return render_template(
        "remittances.html", owed=owed, typed=typed, done=done, refused=refused or {},
        currency=services().installation.merchant.currency,
    )  # fmt: skip
