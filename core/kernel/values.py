"""Values that every room shares: money, quantities, addresses. Frozen, checked when made."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

from .errors import DomainError

# ISO 4217: the active codes, and the exponents that are not 2.
_CODES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP "
    "CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD "
    "IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF "
    "XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)
_EXPONENTS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
_EXPONENTS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
_EXPONENTS |= {"CLF": 4, "UYW": 4}


def exponent(currency: str) -> int:
    """Digits after the point of a currency (ISO 4217); an unknown code is refused."""
    if currency not in _CODES:
        raise DomainError(f"unknown currency {currency!r}", remedy="use an ISO 4217 code such as CNY or USD")
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor unit (fen, cent); adding two currencies is refused."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in _CODES:
            exponent(self.currency)
        if type(self.minor) is not int:
            raise DomainError(f"{self.minor!r} is not a whole number of minor units", remedy="use Money.of for text")

    @classmethod
    def of(cls, text: str | int | Decimal, currency: str) -> Self:
        """From decimal text such as `"12.30"`; more digits than the currency has are refused, never rounded."""
        digits = exponent(currency)
        try:
            scaled = Decimal(text).scaleb(digits)
            minor = int(scaled)
        except (InvalidOperation, ValueError, OverflowError, TypeError):
            raise DomainError(f"{text!r} is not an amount", remedy="write it as 12.30") from None
        if minor != scaled:
            raise DomainError(f"{text} has more digits than {currency} ({digits})", remedy="round it where it is made")
        return cls(minor, currency)

    @classmethod
    @functools.cache
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @property
    def text(self) -> str:
        """Plain decimal text, without the currency: `12.30`."""
        digits = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-digits):.{digits}f}"

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise DomainError(f"{self} and {other} are different currencies", remedy="convert one of them first")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0


def quantity(units: int, what: str = "quantity") -> int:
    """`units` if it is a whole number of at least 1; anything else is refused by name."""
    if type(units) is not int or units < 1:
        raise DomainError(f"{what} is {units!r}", remedy="give a whole number of at least 1")
    if units > 1_000_000_000:
        raise DomainError(f"{what} is {units}", remedy="no more than 1,000,000,000 units in one line")
    return units


def one_line(text: str, what: str, longest: int, *, needed: bool = False) -> str:
    """`text` without the blanks around it; refused when it is too long, holds signs nobody can see, or is needed and empty."""
    line = text.strip()
    if needed and not line:
        raise DomainError(f"{what} is empty", remedy="write something into it")
    if len(line) > longest:
        raise DomainError(f"{what} has more than {longest} characters", remedy="shorten it")
    if not line.isprintable():
        raise DomainError(f"{what} has line ends or signs that cannot be seen", remedy="type it anew on one line")
    return line


def bounded(number: int, what: str, highest: int, *, lowest: int = 0) -> int:
    """`number` if it is a whole number between two bounds, both included; anything else is refused by name."""
    if not isinstance(number, int) or isinstance(number, bool) or not lowest <= number <= highest:
        raise DomainError(f"{what} is {number!r}", remedy=f"give a whole number from {lowest} to {highest}")
    return number


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes, as its source gave it.

    A marketplace masks name, phone and detail (`林**`); then `masked` is true and `privacy_token` (Taobao: OAID), which
    `token_owner` (channel and shop) understands, stands for the whole receiver. Nobody may complete or check masked text.
    """

    country: str = "CN"
    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    detail: str = ""
    postcode: str = ""
    name: str = ""
    phone: str = ""
    company: str = ""
    masked: bool = False
    privacy_token: str = ""
    token_owner: str = ""

    @property
    def merge_key(self) -> str:
        """Equal for two addresses that may share a parcel: the token where there is one, else the whole text.

        Masked text without a token proves nothing, so it never equals anything: the key is empty.
        """
        if self.privacy_token:
            return f"{self.token_owner}/{self.privacy_token}"
        if self.masked:
            return ""
        parts = (self.country, self.province, self.city, self.district, self.town, self.detail, self.name, self.phone)
        return "".join("|".join(parts).split()).casefold()

    def missing(self) -> tuple[str, ...]:
        """Names of the parts a carrier needs in that country and that are empty; a masked address with a token is complete."""
        needed = ["name", "phone", "detail"]
        if self.country == "CN":
            needed += ["province"]
            if not (self.city or self.district):
                needed += ["city"]
        else:
            needed += ["city"]
        return tuple(part for part in needed if not getattr(self, part).strip())


@dataclass(frozen=True, slots=True)
class SettingField:
    """One line of an adapter's or plugin's settings form. Secrets are stored encrypted and never shown again."""

    name: str
    title: str
    secret: bool = False
    required: bool = True
    default: str = ""
    help: str = ""
