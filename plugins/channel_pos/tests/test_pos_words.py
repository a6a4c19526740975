"""Everything the counter says is said in Chinese too."""

from __future__ import annotations

import io
import re
from pathlib import Path

import orderyard_channel_pos
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from orderyard.core.web import language

PACKAGE = Path(orderyard_channel_pos.__file__).parent
CHINESE = PACKAGE / "translations" / "zh" / "LC_MESSAGES"
VALUES = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def test_every_string_has_its_chinese_with_the_same_values() -> None:
    methods, options = parse_mapping_cfg(io.StringIO((language.FOLDER / "babel.cfg").read_text()))
    said = {str(found[2]) for found in extract_from_dir(str(PACKAGE), methods, options)}
    with (CHINESE / "messages.po").open("rb") as file:
        written = {str(one.id): str(one.string) for one in read_po(file, locale="zh") if one.id}
    assert {text for text, chinese in written.items() if chinese} == said, "`make words` brings the catalogue up to date"
    assert [text for text in said if set(VALUES.findall(text)) != set(VALUES.findall(written[text]))] == []
    with (CHINESE / "messages.mo").open("rb") as file:
        assert {str(one.id): str(one.string) for one in read_mo(file) if one.id} == written
