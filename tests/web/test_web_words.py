"""Words: every string in both languages, every code with a name, files that are what they say."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask

from orderyard.core.auth.permissions import Role as PersonRole
from orderyard.core.carriers.api import TrackingState
from orderyard.core.fulfillment.api import FoState, WaybillState
from orderyard.core.kernel.values import Money
from orderyard.core.ledger.api import Role
from orderyard.core.orders.api import HoldCode, OrderStatus, PaymentState, ReviewState
from orderyard.core.orders.states import Step
from orderyard.core.web import labels, language

WEB = Path(language.__file__).parent
CHINESE = WEB / "translations" / "zh" / "LC_MESSAGES"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
HOW = "`make words` brings the catalogue up to date; then fill in the Chinese that is missing"


def extracted() -> set[str]:
    methods, options = parse_mapping_cfg(io.StringIO((WEB / "translations" / "babel.cfg").read_text()))
    found = extract_from_dir(str(WEB), methods, options)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def translated() -> dict[str, str]:
    with (CHINESE / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="zh")
    found = {}
    for message in catalog:
        one = message.id if isinstance(message.id, str) else message.id[0]
        if one and not message.fuzzy:
            found[one] = message.string if isinstance(message.string, str) else message.string[0]
    return found


def test_every_string_has_its_chinese() -> None:
    words = translated()
    assert sorted(text for text in extracted() if not words.get(text)) == [], HOW


def test_no_chinese_is_left_over() -> None:
    assert sorted(set(translated()) - extracted()) == [], HOW


def test_translations_name_the_same_values() -> None:
    names = re.compile(r"%\((\w+)\)s")
    wrong = [text for text, chinese in translated().items() if set(names.findall(text)) != set(names.findall(chinese))]
    assert wrong == []


def test_what_is_compiled_is_what_is_written() -> None:
    with (CHINESE / "messages.mo").open("rb") as file:
        compiled = {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in read_mo(file) if m.id}
    assert {key: value if isinstance(value, str) else value[0] for key, value in compiled.items()} == translated(), HOW


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        *(("status", OrderStatus), ("payment", PaymentState), ("review", ReviewState), ("step", Step), ("account", Role)),
        *(("hold", HoldCode), ("hold_help", HoldCode), ("fo", FoState), ("waybill", WaybillState)),
        *(("tracking", TrackingState), ("person_role", PersonRole), ("person_role_help", PersonRole)),
    ],
)
def test_every_code_has_words(kind: str, codes: type) -> None:
    assert [code for code in codes if code not in labels.KINDS[kind]] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("tongue", "moment", "money"),
    [("en", "22 Nov 2026 09:05", "CN¥1,234.50"), ("zh", "2026年11月22日 09:05", "¥1,234.50")],
)
def test_times_and_money_follow_the_reader(app: Flask, tongue: str, moment: str, money: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": tongue}):
        assert language.moment(datetime(2026, 11, 22, 1, 5, tzinfo=UTC), full=True) == moment
        assert language.money(Money(123450, "CNY")) == money


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("zh-Hans-CN", "zh"), ("zh-TW", "zh"), ("en-GB,en;q=0.9", "en"), ("fr", "zh"), ("fr,en;q=0.4", "en"), ("", "zh")],
)
def test_the_browsers_language_is_understood(app: Flask, wanted: str, given: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": wanted}):
        assert language.language() == given


def test_counts_end_at_their_cap(app: Flask) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert language.units(1001, 1000) == "1,000+"
        assert language.units(1000, 1000) == "1,000"


def test_files_of_others_are_what_their_authors_published() -> None:
    vendor = WEB / "static" / "vendor"
    lines = (vendor / "VERSIONS").read_text().splitlines()[1:]
    for name, file, version, digest, licence in (line.split() for line in lines):
        assert hashlib.sha256((vendor / file).read_bytes()).hexdigest() == digest, name
        assert version
        assert licence
    known = {line.split()[1] for line in lines} | {"VERSIONS"}
    others = {path.name for path in vendor.iterdir()} - known
    assert all(name.startswith("LICENSE-") for name in others), others


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_nothing_the_content_policy_forbids(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=|hx-on|javascript:|<script(?![^>]*src=)|\|\s*safe\b", text)
    assert not re.search(r"(?:src|href)=\"https?:", text)
