"""What somebody typed into a form, read as what a command takes; what cannot be read is refused with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from ..kernel.errors import DomainError
from ..kernel.uow import Merchant
from ..kernel.values import Address, Money
from .words import gettext as _

LONGEST = 500
"""Characters of an ordinary field; what is longer is for the command to refuse."""
_WIDEST = 18


def text(name: str, longest: int = LONGEST) -> str:
    """A field without the spaces around it; empty when the form has none."""
    return request.form.get(name, "").strip()[: longest + 1]


def sought(name: str = "q") -> str:
    """What somebody looks for, out of the address; signs nobody can see are left out."""
    return "".join(sign for sign in request.args.get(name, "")[:100] if sign.isprintable()).strip()


def texts(name: str) -> list[str]:
    """Every field of this name, in their order."""
    return [value.strip()[: LONGEST + 1] for value in request.form.getlist(name)]


def codes(name: str) -> list[str]:
    """What stands in a field with commas or line ends between."""
    return codes_of(request.form.get(name, ""))


def codes_of(value: str) -> list[str]:
    """The same, of what was typed elsewhere."""
    return [part.strip() for part in value.replace("，", ",").replace("\n", ",").split(",") if part.strip()]


def regions_of(value: str) -> list[str]:
    """Names of regions, between which a Chinese list may have its own comma too."""
    return codes_of(value.replace("、", ","))


def ticked(name: str) -> bool:
    return name in request.form


def whole_of(value: str, what: str) -> int:
    """A whole number as it was typed."""
    try:
        if len(value) > _WIDEST:
            raise ValueError
        return int(value)
    except ValueError:
        raise DomainError(
            _("%(what)s is %(value)s", what=what, value=repr(value[:40])), remedy=_("Write a whole number, such as 12.")
        ) from None


def whole(name: str, what: str, default: int | None = None) -> int:
    """A whole number; `default` stands for an empty field, which is refused without one."""
    value = text(name)
    if not value and default is not None:
        return default
    return whole_of(value, what)


def rows_chosen(name: str) -> list[int]:
    """Row numbers of the boxes that were ticked."""
    return [whole_of(value, _("The choice")) for value in texts(name) if value]


def row_of(name: str, what: str) -> int:
    """A row's number out of a choice, of which one must have been made."""
    value = text(name)
    if not value:
        raise DomainError(_("%(what)s was not chosen", what=what), remedy=_("Choose one of the list."))
    return whole_of(value, what)


def amount_of(value: str, currency: str) -> int | None:
    """Minor units of an amount as it was typed; None for an empty field."""
    return Money.of(value.replace(",", ""), currency).minor if value else None


def basis_points(name: str, what: str) -> int:
    """A percentage as it was typed, such as 13 or 8.25, in hundredths of a percent."""
    value = text(name).removesuffix("%").strip()
    try:
        scaled = Decimal(value).scaleb(2)
        if not scaled.is_finite() or scaled != int(scaled) or len(value) > _WIDEST:
            raise ValueError
    except (InvalidOperation, ValueError):
        raise DomainError(
            _("%(what)s is %(value)s", what=what, value=repr(value[:40])),
            remedy=_("Write a percentage with at most two digits after the point, such as 13 or 8.25."),
        ) from None
    return int(scaled)


def amount(name: str, currency: str) -> int | None:
    return amount_of(text(name), currency)


def moment(name: str, merchant: Merchant) -> datetime | None:
    """A moment of the merchant's own time, as the browser's field writes it; None for an empty field."""
    return moment_of(text(name), merchant)


def moment_of(value: str, merchant: Merchant) -> datetime | None:
    """The same, of what was typed elsewhere, such as in an address."""
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise DomainError(
            _("%(value)s is no moment", value=repr(value[:40])), remedy=_("Write it as 2026-11-22T18:30.")
        ) from None
    return read.replace(tzinfo=ZoneInfo(merchant.timezone)) if read.tzinfo is None else read


def listed(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Lines of a table: the fields of these names side by side, without the lines in which the first is empty."""
    columns = [texts(name) for name in names]
    height = len(columns[0])
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [line for line in zip(*padded, strict=False) if line[0]]


def typed_address(before: Address) -> Address:
    """An address with the parts that the form has; the others stay as they were."""
    parts = ("name", "phone", "country", "province", "city", "district", "town", "detail", "postcode", "company")
    given: dict[str, Any] = {part: text(part) for part in parts if part in request.form}
    to = replace(before, **given)
    return replace(to, country=to.country.upper() or "CN")
