"""What tells a buyer from a machine: sealed forms that were looked at, telephones that exist, addresses that can be found."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberType

from orderyard.core.host.api import House
from orderyard.core.kernel.values import Address
from orderyard.core.web.api import gettext as _

from .regions import REGIONS

OLDEST = 24 * 3600
"""A form that was open for longer is handed out anew."""
_LONGEST = {"name": 60, "province": 40, "city": 40, "district": 40, "detail": 200, "postcode": 12, "phone": 30}
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True, slots=True)
class Form:
    """One form that was handed out: what its order will be called, and when that was."""

    id: str
    at: int

    def sealed(self, house: House, campaign: str) -> str:
        return f"{self.id}.{self.at}.{_seal(house, campaign, self.id, self.at)}"


def new_form(house: House, now: int) -> Form:
    return Form("W" + house.sign(f"new form/{house.token()}")[:15].upper(), now)


def opened(house: House, campaign: str, text: str) -> Form | None:
    """The form behind a field that only we can have written, None for any other."""
    parts = text.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdecimal()) or len(parts[1]) > 12:
        return None
    form = Form(parts[0], int(parts[1]))
    return form if hmac.compare_digest(parts[2].encode(), _seal(house, campaign, form.id, form.at).encode()) else None


def _seal(house: House, campaign: str, form: str, at: int) -> str:
    return house.sign(f"form/{campaign}/{form}/{at}")[:32]


def phone_of(text: str, country: str) -> str:
    """A telephone that can be dialled, in its international form; empty for anything else, and for made-up ones.

    In China a mobile is needed: whoever brings the parcel calls it.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    if country == "CN" and phonenumbers.number_type(number) not in _MOBILE:
        return ""
    end = str(number.national_number)[-8:]
    if len(set(end)) == 1 or end in "01234567890123456789" or end in "98765432109876543210":
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def wrong_with(to: Address, given_phone: str) -> Mapping[str, str]:
    """What is missing or cannot be true, with what to do, by field."""
    wrong: dict[str, str] = {}
    for name, longest in _LONGEST.items():
        text = given_phone if name == "phone" else getattr(to, name)
        if len(text) > longest or not text.isprintable():
            wrong[name] = _("This is too long or has signs nobody can see. Write it shorter.")
    if len(to.name) < 2 or to.name.isdecimal():
        wrong.setdefault("name", _("Write the name that stands on the door."))
    if not to.phone:
        wrong.setdefault(
            "phone",
            _("This is no mobile number. Write all 11 digits; the courier calls it.")
            if to.country == "CN"
            else _("This is no telephone number. Write it with its area code; the courier calls it."),
        )
    if to.country == "CN":
        cities = REGIONS.get(to.province)
        if cities is None:
            wrong.setdefault("province", _("Choose your province."))
        elif cities and to.city not in cities:
            wrong.setdefault("city", _("Choose your city."))
        elif cities and cities[to.city] and to.district not in cities[to.city]:
            wrong.setdefault("district", _("Choose your district."))
    elif not to.city:
        wrong.setdefault("city", _("Write your city."))
    if len(to.detail) < 4 or len(set(to.detail)) < 3:
        wrong.setdefault("detail", _("Write street, house number and flat, so that the courier finds you."))
    return wrong
