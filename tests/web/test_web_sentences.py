"""Refusals and reasons: every sentence of the core in Chinese, known again with its values wherever it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

import orderyard.core
from orderyard.app import System
from orderyard.core.kernel.errors import DomainError, IllegalTransition
from orderyard.core.testing.sentences import sentences
from orderyard.core.web.sentences import LIGHT, Catalogue, Sentence, read_translations

Enter = Callable[..., Any]
CORE = Path(orderyard.core.__file__).parent
FOLDER = CORE / "web" / "translations"
PLUGINS = sorted((Path(__file__).parents[2] / "plugins").glob("*/orderyard_*"))
FOLDERS = [*(package / "translations" for package in PLUGINS), FOLDER]
HOW = "`make words` brings the catalogues up to date; then fill in the Chinese that is missing"


@pytest.fixture(scope="module", params=[CORE, *PLUGINS], ids=lambda path: path.name)
def package(request: pytest.FixtureRequest) -> Path:
    """The core, and each plugin that we ship."""
    return cast(Path, request.param)


@pytest.fixture(scope="module")
def written(package: Path) -> set[str]:
    """What its source says."""
    with (FOLDER / "refusals.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    methods = [(pattern, "ignore" if method == "ignore" else f"{sentences.__module__}:extract") for pattern, method in methods]
    return {str(found[2]) for found in extract_from_dir(str(package), methods, options)}


@pytest.fixture(scope="module")
def folder(package: Path) -> Path:
    return FOLDER if package == CORE else package / "translations"


@pytest.fixture(scope="module")
def translated(folder: Path) -> dict[str, str]:
    path = folder / "zh" / "LC_MESSAGES" / "refusals.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale="zh") if one.id}


@pytest.fixture
def chinese(app: Flask) -> Iterator[Catalogue]:
    """The catalogue, where a reader wants Chinese."""
    with app.test_request_context("/", headers={"Accept-Language": "zh"}):
        yield Catalogue(read_translations(FOLDERS, "zh"))


def test_every_sentence_has_its_chinese(written: set[str], translated: dict[str, str]) -> None:
    assert sorted(text for text in written if not translated.get(text)) == [], HOW


def test_no_chinese_is_left_over(written: set[str], translated: dict[str, str]) -> None:
    assert sorted(set(translated) - written) == [], HOW


def test_translations_name_the_same_values(translated: dict[str, str]) -> None:
    names = re.compile(r"{(\w+)}")
    wrong = [text for text, said in translated.items() if sorted(names.findall(text)) != sorted(names.findall(said))]
    assert wrong == []


def test_what_is_compiled_is_what_is_written(translated: dict[str, str], folder: Path) -> None:
    assert read_translations([folder], "zh") == translated, HOW


def test_every_sentence_is_known_again_and_taken_for_no_other(chinese: Catalogue) -> None:
    wrong = {}
    for text, said in read_translations(FOLDERS, "zh").items():
        sentence = Sentence.of(text, said)
        values = {name: f"‹{place}›" for place, name in enumerate(sentence.names)}
        if sentence.names and sentence.light:
            continue
        if (found := chinese.said(text.format(**values), ours=True)) != said.format(**values):
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise DomainError(f"bin {bin.code} is full", remedy="take another")', {"bin {code} is full", "take another"}),
        ('raise Stale("it is gone" if gone else f"it is {self.state}")', {"it is gone", "it is {state}"}),
        ('raise DomainError(f"{a.code} and {b.code} differ")', {"{code} and {code2} differ"}),
        ("raise DomainError(f\"{n} {'bins' if n > 1 else 'bin'} left\")", {"{n} bins left", "{n} bin left"}),
        ('def f(x):\n why = f"{x} is old"\n raise DomainError(f"no: {why}")', {"no: {why}", "{x} is old"}),
        ('_WHY = {1: "far too old"}\nhold(note=_WHY[n])', {"far too old"}),
        ('move(uow, fo, FoState.PACKED, "parcel closed")\nuow.db.row("SELECT 1 FROM fo")', {"parcel closed"}),
        ('SettingField("url", "Gateway", help=f"one of {x}")', {"Gateway", "one of {x}"}),
        ('log.warning("bin %s is full", bin)\nx = "to_ship"\nraise DomainError(code, remedy=f"{a}: {b}")', set()),
    ],
)
def test_the_source_is_read(source: str, found: set[str]) -> None:
    assert set(sentences(source)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order SO00000012 is shipped: he phoned twice", "订单 SO00000012 的状态是已发货：he phoned twice"),
        ("order SO00000012 is shipped; nothing of it is open", "订单 SO00000012 的状态是已发货，没有可修改的内容"),
        ("missing: province, a mobile number (123 is none)", "缺少：省份、手机号（123 无效）"),
        ("order 7 owes 5, and 4 were handed over: ask the carrier about it", "订单 7 应收 5，交来 4：请询问承运商"),
        (
            "FO1 must not ship: address_changed (too late; ask the carrier to intercept SF1)",
            "FO1 不能进行下一步（阻止发货）：地址已变更（已来不及；请让承运商拦截 SF1）",
        ),
        ("message: 请周末送到; memo: VIP", "买家留言：请周末送到；卖家备注：VIP"),
        ("units cancelled, hold refund_requested", "取消了商品、“申请退款中”挂起"),
        ("no answer within 5 seconds (3 attempts)", "5 秒内没有应答（已尝试 3 次）"),
        ("changed on the platform; order 7 has no line 3", "在平台上被更改；订单 7 没有行 3"),
        ("the buyer phoned; he is angry", "the buyer phoned; he is angry"),
        ("wait until the buyer calls: then ship it", "wait until the buyer calls: then ship it"),
        ("{braces} are no places", "{braces} are no places"),
        ("; ".join(["nothing to do"] * 10), "；".join(["无需处理"] * 6) + "；" + "; ".join(["nothing to do"] * 4)),
        ("", ""),
    ],
)
def test_a_text_is_said_as_far_as_it_is_known(chinese: Catalogue, text: str, said: str) -> None:
    assert chinese.said(text) == said


def test_a_refusal_is_said_with_its_codes(chinese: Catalogue) -> None:
    refused = IllegalTransition("fulfillment order FO1", "shipped", "picking", remedy="reload the page")
    assert chinese.said(refused.what) == "发货单 FO1 不能从“已发货”变为“拣货中”"
    assert chinese.said(str(refused)) == "发货单 FO1 不能从“已发货”变为“拣货中”：请刷新页面"


def test_a_translation_cannot_be_bent_by_a_value(chinese: Catalogue) -> None:
    assert chinese.said(DomainError("there is no SKU {0.__class__}").what) == "没有 SKU {0.__class__}"


def test_few_words_are_no_sentence_unless_the_code_wrote_them(chinese: Catalogue) -> None:
    assert len("to ") < LIGHT
    assert chinese.said("to Anna") == "to Anna"
    assert chinese.said("to Anna", ours=True) != "to Anna"


@pytest.mark.parametrize(
    ("language", "what", "remedy"),
    [
        ("zh", "订单 SO00000001 的状态是已发货", "只有还有货要发的才能挂起"),
        ("en", "order SO00000001 is shipped", "only what still has something to send can be held"),
    ],
)
def test_a_refusal_speaks_the_readers_language(enter: Enter, language: str, what: str, remedy: str) -> None:
    answer = enter("reviewer", language).post("/orders/held/open", page="/orders/", order=["1"], code="manual", because="flood")
    assert what in answer.text
    assert remedy in answer.text


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "缺少：手机号（12345 无效）"), ("en", "missing: a mobile number (12345 is none)")]
)
def test_a_stored_reason_speaks_the_readers_language(enter: Enter, system: System, language: str, said: str) -> None:
    with system.installation.unit_of_work("setup") as uow:
        uow.db.change("UPDATE hold SET note = ? WHERE code = 'manual'", ("missing: a mobile number (12345 is none)",))
    assert said in enter("viewer", language).text("/orders/held/")


def test_a_persons_own_words_stay_as_they_are(enter: Enter) -> None:
    assert "买家来电" in enter("viewer", "zh").text("/orders/held/")
