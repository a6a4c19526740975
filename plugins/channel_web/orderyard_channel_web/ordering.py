"""From a filled-in form to an order: every guard in its turn, then the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orderyard.core.host.api import House, Tables
from orderyard.core.hosted.api import Bought, Desk, Offered
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.values import Address, Money
from orderyard.core.orders.api import OrderStatus
from orderyard.core.web.api import gettext as _

from . import counting, document, guards
from .campaigns import Campaign, Variant

_HANDING_IN = 120
"""So many seconds an order may take from its telephone to the desk; after that it came to nothing."""


class Outcome(StrEnum):
    TAKEN = "taken"
    """It is an order now, or was one already; `external_id` says which."""
    REPEATED = "repeated"
    """This telephone has an order of this campaign, `external_id`."""
    WRONG = "wrong"
    """Something has to be put right first."""
    REFUSED = "refused"
    """It looks like a machine, or like too much of one person."""


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    external_id: str = ""
    wrong: Mapping[str, str] | None = None
    """What is wrong, by field."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody sent."""

    form: str
    source: str
    units: Mapping[str, str]
    """As typed, by SKU."""
    cod: bool
    receiver: Address
    phone: str
    message: str
    trap: str
    """What stands in a field that people do not see."""
    visitor: str
    address: str
    """Of their network."""
    started: bool


def open_now(campaign: Campaign, desk: Desk, now: int) -> bool:
    return campaign.state(now) == "open" and desk.facts.active


def on_offer(campaign: Campaign, desk: Desk) -> dict[str, Offered]:
    """What of this campaign can be sold now, by SKU."""
    return {one.sku: one for one in desk.offers([variant.sku for variant in campaign.variants])}


def left_of(variant: Variant, offers: Mapping[str, Offered]) -> int:
    """How many of a variant one order may have now."""
    sellable = offers[variant.sku].sellable if variant.sku in offers else 0
    return min(sellable, variant.most) if variant.most else sellable


def order(house: House, tables: Tables, campaign: Campaign, entry: Entry, now: int) -> Answer:
    """Try to make an order of what was sent; sent twice, it is the same one."""
    desk = house.desk(campaign.connection)
    form = guards.opened(house, campaign.code, entry.form)
    if form is None:
        return Answer(Outcome.WRONG, wrong={"": _("This form is too old. Look it over, and send it again.")})
    if desk.delivered(form.id) is not None:
        return Answer(Outcome.TAKEN, form.id)
    if not entry.started:
        counting.count(tables, campaign.code, entry.source, "started")
    settings = desk.settings()
    if entry.trap or now - form.at < _number(settings, "seconds"):
        counting.count(tables, campaign.code, entry.source, "fake")
        return Answer(Outcome.REFUSED)
    if now - form.at > guards.OLDEST:
        return Answer(Outcome.WRONG, wrong={"": _("This form is too old. Look it over, and send it again.")})
    pieces, wrong = _pieces(campaign, on_offer(campaign, desk), entry.units)
    wrong |= guards.wrong_with(entry.receiver, entry.phone)
    if entry.cod not in ((True,) * campaign.cod + (False,) * campaign.prepaid):
        wrong["pay"] = _("Choose how you pay.")
    if len(entry.message) > 500:
        wrong["message"] = _("This is too long or has signs nobody can see. Write it shorter.")
    if wrong:
        return Answer(Outcome.WRONG, wrong=wrong)
    phone = house.sign(f"phone/{entry.receiver.phone}")[:32]
    limits = (("phone", phone), ("visitor", entry.visitor), ("address", house.sign(f"address/{entry.address}")[:32]))
    if campaign.repeat_hours and (before := _before(tables, desk, campaign, phone, form.id, now)) is not None:
        if before.outcome is Outcome.REPEATED:
            counting.count(tables, campaign.code, entry.source, "duplicate")
        return before
    if any(counting.tried(tables, kind, who, now) >= _number(settings, f"per_{kind}") for kind, who in limits):
        counting.free_phone(tables, form.id)
        counting.count(tables, campaign.code, entry.source, "fake")
        return Answer(Outcome.REFUSED)
    filled = document.Filled(
        id=form.id, campaign=campaign.code, source=entry.source, version=form.at, at=now, currency=campaign.currency,
        pieces=tuple(pieces), freight=campaign.freight, cod=entry.cod, buyer=phone[:24], receiver=entry.receiver,
        message=entry.message,
    )  # fmt: skip
    row = (form.id, campaign.code, entry.source, now, filled.units, filled.total)
    counting.ordered(tables, row, limits, now)
    try:
        desk.deliver(document.write(filled))
    except DomainError:  # closed at this very moment: nothing was kept of it
        counting.free_phone(tables, form.id)
        counting.forget(tables, form.id)
        return Answer(Outcome.WRONG, wrong={"": _("This page takes no orders any more.")})
    return Answer(Outcome.TAKEN, form.id)


def _before(tables: Tables, desk: Desk, campaign: Campaign, phone: str, form: str, now: int) -> Answer | None:
    """What stands against another order of this telephone; None when it is now ours."""
    for _attempt in range(2):
        kept, since = counting.claim_phone(tables, campaign.code, phone, form, now, campaign.repeat_hours)
        if kept == form:
            return None
        if desk.delivered(kept) is None:
            if now - since < _HANDING_IN:
                break
        elif _stands(desk.order(kept)):
            return Answer(Outcome.REPEATED, kept)
        counting.free_phone(tables, kept)
    return Answer(Outcome.WRONG, wrong={"": _("Somebody orders with this telephone right now. Try again.")})


def _stands(bought: Bought | None) -> bool:
    """Whether what came in keeps its telephone from ordering again: it waits for a person, or is an order and not cancelled."""
    return bought is None or bought.status is not OrderStatus.CANCELLED


def _pieces(
    campaign: Campaign, offers: Mapping[str, Offered], units: Mapping[str, str]
) -> tuple[list[document.Piece], dict[str, str]]:
    pieces: list[document.Piece] = []
    wrong: dict[str, str] = {}
    for variant in campaign.variants:
        typed = units.get(variant.sku, "").strip() or "0"
        if not (typed.isascii() and typed.isdecimal()) or len(typed) > 6:
            wrong[variant.sku] = _("Write a whole number.")
            continue
        wanted, left = int(typed), left_of(variant, offers)
        if wanted > left and left == 0:
            wrong[variant.sku] = _("This is sold out just now. Choose something else.")
        elif wanted > left:
            wrong[variant.sku] = _("No more than %(count)s of this can be ordered. Choose fewer.", count=left)
        elif wanted:
            pieces.append(document.Piece(variant.sku, variant.title, wanted, variant.price))
    if not pieces and not wrong:
        wrong["goods"] = _("Choose at least one.")
    return pieces, wrong


def _number(settings: Mapping[str, str], name: str) -> int:
    text = settings.get(name, "")
    return (
        int(text) if text.isascii() and text.isdecimal() else {"per_phone": 3, "per_visitor": 5, "per_address": 30}.get(name, 4)
    )


def way_to_pay(campaign: Campaign, order: Bought) -> tuple[str, str]:
    """How to pay in advance: the campaign's words and address with this order's number and open amount in them."""
    owed = Money(max(0, order.total.minor - order.paid.minor), order.total.currency)

    def filled(text: str) -> str:
        return text.replace("{number}", order.number).replace("{amount}", owed.text)

    return filled(campaign.pay_words), filled(campaign.pay_link)
