"""Settings of plugins: checked by their form, sealed in the table, secrets never shown back."""

from __future__ import annotations

import pytest

from orderyard.core.host.api import Manifest
from orderyard.core.host.sealing import Seal, SealError
from orderyard.core.host.service import save_settings, settings_of, shown_settings
from orderyard.core.host.settings import SettingsMissing
from orderyard.core.kernel.errors import DomainError
from orderyard.core.kernel.uow import Installation
from orderyard.core.kernel.values import SettingField

SEAL = Seal([b"k" * 32])
CRM = Manifest(
    slug="crm",
    title="CRM",
    settings=(
        SettingField("token", "Token", secret=True),
        SettingField("url", "Address", default="https://crm.example"),
        SettingField("note", "Note", required=False),
    ),
)


def save(installation: Installation, **given: str) -> None:
    with installation.unit_of_work("person:ann") as uow:
        save_settings(uow, SEAL, CRM, given)


def test_settings_come_back_with_defaults(installation: Installation) -> None:
    save(installation, token="s3cret", note="测试")
    assert settings_of(installation.db, SEAL, CRM) == {"token": "s3cret", "url": "https://crm.example", "note": "测试"}


def test_the_table_holds_nothing_readable(installation: Installation) -> None:
    save(installation, token="s3cret")
    row = installation.db.row("SELECT settings FROM plugin_setting WHERE slug = 'crm'")
    assert row is not None
    assert "s3cret" not in row[0]
    assert "token" not in row[0]


def test_settings_of_one_plugin_do_not_open_as_another_s(installation: Installation) -> None:
    save(installation, token="s3cret")
    with installation.unit_of_work("thief") as uow:
        uow.db.change("UPDATE plugin_setting SET slug = 'sf'")
    with pytest.raises(SealError):
        settings_of(installation.db, SEAL, Manifest(slug="sf", title="SF", settings=CRM.settings))


def test_unknown_names_are_refused_by_name(installation: Installation) -> None:
    with pytest.raises(DomainError, match="tokken"):
        save(installation, token="x", tokken="y")


def test_missing_required_settings_are_named(installation: Installation) -> None:
    with pytest.raises(SettingsMissing, match="token") as caught:
        settings_of(installation.db, SEAL, CRM)
    assert caught.value.names == ("token",)
    with pytest.raises(SettingsMissing, match="token"):
        save(installation, note="x")


def test_an_empty_secret_keeps_the_old_one_and_an_empty_text_goes_back_to_its_default(installation: Installation) -> None:
    save(installation, token="s3cret", url="https://other.example")
    save(installation, token="", url="")
    assert settings_of(installation.db, SEAL, CRM) == {"token": "s3cret", "url": "https://crm.example", "note": ""}


def test_a_secret_is_never_shown_back(installation: Installation) -> None:
    save(installation, token="s3cret", note="n")
    form = shown_settings(installation.db, SEAL, CRM)
    assert [(line.field.name, line.value, line.given) for line in form] == [
        ("token", "", True),
        ("url", "https://crm.example", False),
        ("note", "n", True),
    ]
    assert "s3cret" not in repr(form)


def test_a_field_that_the_plugin_dropped_is_forgotten(installation: Installation) -> None:
    save(installation, token="x", note="n")
    smaller = Manifest(slug="crm", title="CRM", settings=CRM.settings[:2])
    assert settings_of(installation.db, SEAL, smaller) == {"token": "x", "url": "https://crm.example"}
