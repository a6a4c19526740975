"""Words in the reader's language: flask-babel's functions with types."""

from __future__ import annotations

from typing import cast

import flask_babel  # type: ignore[import-untyped]
from babel import Locale


def gettext(text: str, **values: object) -> str:
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    return str(flask_babel.ngettext(one, many, number, **values))


def lazy_gettext(text: str) -> str:
    """Put into the reader's language each time it is shown, not when the module is loaded; text to whoever reads it."""
    return cast(str, flask_babel.lazy_gettext(text))


def locale() -> Locale:
    """The reader's."""
    found = flask_babel.get_locale()
    return found if isinstance(found, Locale) else Locale("zh")
