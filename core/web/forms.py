"""Forms of the console; what they check is only whether something was filled in, rules live in the services."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length

from ..auth.passwords import LONGEST, SHORTEST
from ..auth.permissions import Role
from .labels import PERSON_ROLE
from .language import LANGUAGES
from .words import lazy_gettext as _

_ROLES = {role.value: PERSON_ROLE[role] for role in Role}


class ChoiceField(StringField):
    """One code out of a few; `options` are the codes with their words."""

    def __init__(self, label: object = None, options: Mapping[str, object] = MappingProxyType({}), **kwargs: Any) -> None:
        super().__init__(label, [AnyOf(list(options))], **kwargs)  # type: ignore[arg-type]
        self.options = options


def entered(field: Field) -> str:
    """What stands in a field, as it was typed."""
    return str(field.data or "")


class SignInForm(FlaskForm):  # type: ignore[misc]
    login = StringField(_("Login"), [InputRequired(), Length(max=100)])
    password = PasswordField(_("Password"), [InputRequired(), Length(max=LONGEST)])


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why somebody decides; it stands in the document's history for ever."""

    because = StringField(_("Reason"), [Length(max=500)])


class ReasonNeededForm(FlaskForm):  # type: ignore[misc]
    because = StringField(_("Reason"), [DataRequired(), Length(max=500)])


class MapForm(FlaskForm):  # type: ignore[misc]
    sku = StringField(_("SKU"), [InputRequired(), Length(max=100)])


class PersonForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_("Name"), [InputRequired(), Length(max=100)])
    role = ChoiceField(_("Role"), _ROLES)
    language = ChoiceField(_("Language"), LANGUAGES)
    active = BooleanField(_("May sign in"), default=True)


class NewPersonForm(FlaskForm):  # type: ignore[misc]
    login = StringField(_("Login"), [InputRequired(), Length(max=100)])
    name = StringField(_("Name"), [InputRequired(), Length(max=100)])
    role = ChoiceField(_("Role"), _ROLES, default=Role.VIEWER.value)
    language = ChoiceField(_("Language"), LANGUAGES)
    password = PasswordField(_("First password"), [InputRequired(), Length(min=SHORTEST, max=LONGEST)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    password = PasswordField(_("New password"), [InputRequired(), Length(min=SHORTEST, max=LONGEST)])


class OwnPasswordForm(FlaskForm):  # type: ignore[misc]
    present = PasswordField(_("Present password"), [InputRequired(), Length(max=LONGEST)])
    password = PasswordField(_("New password"), [InputRequired(), Length(min=SHORTEST, max=LONGEST)])
