"""Whether what somebody typed about a receiver can go on a label."""

from __future__ import annotations

from ..customers.phones import masked, read_phone
from ..kernel.values import Address

LONGEST = {
    "name": 100, "company": 200, "phone": 40, "country": 2, "province": 60, "city": 60, "district": 60, "town": 60,
    "detail": 400, "postcode": 20, "email": 200, "message": 2000, "memo": 2000,
}  # fmt: skip
"""Characters in each text; more is a mistake of whoever fills it in."""


def text_problem(field: str, text: str) -> str:
    """What is wrong with one text, or nothing."""
    if len(text) > LONGEST[field]:
        return f"{len(text)} characters, no more than {LONGEST[field]} fit"
    if not text.isprintable() and any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text):
        return "has a character that cannot be printed"
    return ""


def receiver_problems(to: Address) -> dict[str, str]:
    """What is wrong with a receiver, by the field's name; what is merely missing is the review's business."""
    found = {}
    for field in ("name", "company", "phone", "country", "province", "city", "district", "town", "detail", "postcode"):
        if problem := text_problem(field, getattr(to, field)):
            found[field] = problem
    if len(to.country) != 2 or not (to.country.isascii() and to.country.isalpha() and to.country.isupper()):
        found["country"] = f"{to.country!r} is no country; use two letters such as CN"
    elif to.phone and not to.masked and read_phone(to.phone, to.country) is None:
        found["phone"] = "is masked" if masked(to.phone) else f"{to.phone!r} is no telephone number of {to.country}"
    return found
