"""What the page's script says, in the reader's language; the script finds each under its name."""

from __future__ import annotations

from orderyard.core.web.api import gettext as _


def spoken() -> dict[str, str]:
    """`{name}` is filled in by the script."""
    return {
        "unknown": _("Nothing here has the code {code}"),
        "no_price": _("{title} has no price: type one, if you may"),
        "several": _("Which one?"),
        "remove": _("Take out"),
        "quantity": _("Units"),
        "price": _("Price"),
        "online": _("Online"),
        "offline": _("No network. Go on selling: everything is kept and sent later."),
        "sign_in": _("You were signed out. Sales are kept here; sign in to send them."),
        "queued": _("{count} to be sent"),
        "kept": _("Kept here until the network is back"),
        "waits": _("Taken in as {number}; the books wait for a person: {reason}"),
        "parked": _("Not taken in; a person must look at it: {reason}"),
        "dismissed": _("Given up by a person: {reason}"),
        "refused": _("Not taken in yet: {reason}"),
        "too_little": _("{amount} are missing"),
        "change": _("Change {amount}"),
        "no_goods": _("No price list yet: connect once, then it stays."),
        "pickup_code": _("Pickup code"),
        "to_pay": _("To be paid at pickup"),
        "total": _("Total"),
        "discount": _("Discount"),
        "given": _("Given"),
        "back": _("Change"),
        "served_by": _("Served by {name}"),
        "too_much": _("The discount is more than the goods cost"),
        "full": _("This browser keeps nothing more. Connect and send the sales first."),
    }
