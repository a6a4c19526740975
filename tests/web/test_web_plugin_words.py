"""Words of the pages that our plugins serve: each string in both languages, as the console's are."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import cast

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from orderyard.core.web import language

CATALOGUES = sorted((Path(__file__).parents[2] / "plugins").glob("*/orderyard_*/translations/zh/LC_MESSAGES/messages.po"))
HOW = "`make words` brings the catalogues up to date; then fill in the Chinese that is missing"


@pytest.fixture(scope="module", params=CATALOGUES, ids=lambda path: path.parents[4].name)
def catalogue(request: pytest.FixtureRequest) -> Path:
    """The Chinese of one plugin."""
    return cast(Path, request.param)


@pytest.fixture(scope="module")
def written(catalogue: Path) -> set[str]:
    """What its pages say."""
    methods, options = parse_mapping_cfg(io.StringIO((language.FOLDER / "babel.cfg").read_text()))
    found = extract_from_dir(str(catalogue.parents[3]), methods, options)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def translated(catalogue: Path) -> dict[str, str]:
    with catalogue.open("rb") as file:
        return {_first(message.id): _first(message.string) for message in read_po(file, locale="zh") if message.id}


def _first(text: object) -> str:
    return text if isinstance(text, str) else str(text[0])  # type: ignore[index]


def test_every_string_has_its_chinese(written: set[str], translated: dict[str, str]) -> None:
    assert sorted(text for text in written if not translated.get(text)) == [], HOW


def test_no_chinese_is_left_over(written: set[str], translated: dict[str, str]) -> None:
    assert sorted(set(translated) - written) == [], HOW


def test_translations_name_the_same_values(translated: dict[str, str]) -> None:
    places = re.compile(r"%\(\w+\)s|{\w+}")
    assert [text for text, said in translated.items() if set(places.findall(text)) != set(places.findall(said))] == []


def test_what_is_compiled_is_what_is_written(catalogue: Path, translated: dict[str, str]) -> None:
    with catalogue.with_suffix(".mo").open("rb") as file:
        assert {_first(message.id): _first(message.string) for message in read_mo(file) if message.id} == translated, HOW
