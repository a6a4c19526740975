"""Telephone numbers as people write them, read by the numbering plans of the world."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

# Marketplaces hand out numbers of their own with an extension behind them, `13800138000-1234`; read whole, such a
# number is one invalid long one.
_EXTENSION = re.compile(r"(?P<number>.*\d)\s*(?:[-_,;#转轉]|ext\.?|x)\s*(?P<extension>\d{1,6})", re.IGNORECASE)
_MASK = frozenset("*×")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be dialled; `e164` is the same however it was written."""

    e164: str
    extension: str = ""

    @property
    def personal(self) -> bool:
        """Whether it may tell who somebody is: a number with an extension stands for many people, one after the other."""
        return not self.extension


def masked(text: str) -> bool:
    """Whether a value was blotted out in part, and so proves nothing."""
    return "*" in text if text.isascii() else not _MASK.isdisjoint(unicodedata.normalize("NFKC", text))


@functools.cache
def _chinese_mobile() -> re.Pattern[str]:
    """The plan's own pattern of mobile numbers; nearly every receiver has one, and the whole way is 50 times longer."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    if plan is None or plan.mobile is None or plan.mobile.national_number_pattern is None:
        raise LookupError("phonenumbers knows no mobile numbers of China")
    return re.compile(plan.mobile.national_number_pattern)


def read_phone(text: str, region: str) -> Phone | None:
    """The number behind a text; None when it is unreadable or masked.

    `region` is the ISO 3166 country whose plan it follows where it carries no country code.
    """
    if region == "CN" and text.isascii() and _chinese_mobile().fullmatch(text):
        return Phone(f"+86{text}")
    text = unicodedata.normalize("NFKC", text).strip()
    if not text or len(text) > 40 or masked(text):
        return None
    if (found := _valid(text, region)) is not None:
        return found
    if (parts := _EXTENSION.fullmatch(text)) and (found := _valid(parts["number"], region)) is not None:
        return Phone(found.e164, parts["extension"])
    return None


def _valid(text: str, region: str) -> Phone | None:
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension or "")
