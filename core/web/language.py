"""Chinese or English, the merchant's own time, and how each language writes dates and money."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from flask import Flask, request, session
from flask_babel import Babel  # type: ignore[import-untyped]

from ..kernel.values import Money
from .access import me, signed_in
from .services import services
from .words import locale

# A folder called zh_CN would be ignored without a word: Babel reads it as zh_Hans_CN.
FOLDER = Path(__file__).parent / "translations"
LANGUAGES = {"zh": "中文", "en": "English"}
_MOMENTS = {"zh": ("M月d日 HH:mm", "yyyy年M月d日 HH:mm"), "en": ("d MMM HH:mm", "d MMM yyyy HH:mm")}


def install(app: Flask) -> None:
    merchant = services(app).installation.merchant
    Babel(
        app,
        default_locale="zh",
        default_timezone=merchant.timezone,
        default_translation_directories=str(FOLDER),
        locale_selector=language,
    )
    app.jinja_env.filters.update(moment=moment, machine=machine, money=money, units=units)


def language() -> str:
    """The person's own choice, else the browser's, else Chinese."""
    chosen = session.get("language") or (me().language if signed_in() else "")
    if chosen in LANGUAGES:
        return str(chosen)
    for wanted in request.accept_languages.values():
        if (primary := wanted.split("-")[0].lower()) in LANGUAGES:
            return primary
    return "zh"


def moment(value: datetime | None, *, full: bool = False) -> str:
    """A moment in the merchant's zone; the year is told only when it is not this one."""
    if value is None:
        return ""
    zone = _zone()
    short, long = _MOMENTS[language()]
    now = services().installation.environment.now().astimezone(zone)
    local = value.astimezone(zone)
    return format_datetime(local, long if full or local.year != now.year else short, locale=locale())


def machine(value: datetime) -> str:
    """A moment for the `datetime` of <time>."""
    return value.astimezone(_zone()).isoformat(timespec="seconds")


def _zone() -> ZoneInfo:
    return ZoneInfo(services().installation.merchant.timezone)


def money(value: Money, *, signed: bool = False) -> str:
    text = str(format_currency(Decimal(value.text), value.currency, locale=locale()))
    return f"+{text}" if signed and value.minor > 0 else text


def units(value: int, cap: int = 0) -> str:
    """A count; beyond its cap `1,000+`."""
    text = str(format_decimal(min(value, cap) if cap else value, locale=locale()))
    return f"{text}+" if cap and value > cap else text
