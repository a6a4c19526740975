"""Secrets at rest open only with the key, only at their place, and only unchanged."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from orderyard.core.host.sealing import Seal, SealError, place, write_key_file

OLD, NEW = b"o" * 32, b"n" * 32
HERE = place("plugin_setting", "crm", "settings")


def test_what_is_sealed_opens_again() -> None:
    seal = Seal([NEW])
    sealed = seal.seal(HERE, "密钥 secret")
    assert "secret" not in sealed
    assert seal.open(HERE, sealed) == "密钥 secret"


def test_the_same_text_never_looks_the_same_twice() -> None:
    seal = Seal([NEW])
    assert seal.seal(HERE, "x") != seal.seal(HERE, "x")


@pytest.mark.parametrize(
    "elsewhere",
    [place("plugin_setting", "sf", "settings"), place("connection", "crm", "settings"), place("plugin_setting", "crm", "x")],
)
def test_a_text_moved_to_another_place_does_not_open(elsewhere: str) -> None:
    seal = Seal([NEW])
    with pytest.raises(SealError, match="moved here"):
        seal.open(elsewhere, seal.seal(HERE, "x"))


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-4] + ("AAAA" if t[-4:] != "AAAA" else "BBBB"), lambda t: t[:12], lambda t: t + "!"]
)
def test_a_changed_text_does_not_open(spoil: object) -> None:
    assert callable(spoil)
    seal = Seal([NEW])
    with pytest.raises(SealError, match="does not open"):
        seal.open(HERE, spoil(seal.seal(HERE, "x" * 10)))


def test_plain_text_is_called_plain() -> None:
    with pytest.raises(SealError, match="is not sealed"):
        Seal([NEW]).open(HERE, '{"token": "x"}')


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = Seal([OLD]).seal(HERE, "x")
    rotated = Seal([NEW, OLD])
    assert rotated.open(HERE, sealed) == "x"
    assert not rotated.is_current(sealed)
    assert rotated.is_current(rotated.seal(HERE, "x"))


def test_a_key_that_is_gone_is_named() -> None:
    sealed = Seal([OLD]).seal(HERE, "x")
    with pytest.raises(SealError, match=sealed.split(".")[0]):
        Seal([NEW]).open(HERE, sealed)


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "seal.key"
    write_key_file(path)
    first = path.read_bytes()
    write_key_file(path)
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["seal.key"]
    assert Seal.from_file(path).open(HERE, Seal.from_file(path).seal(HERE, "x")) == "x"


def test_a_key_file_holds_the_current_key_first(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    path.write_text(f"# current\n{base64.b64encode(NEW).decode()}\n\n{base64.b64encode(OLD).decode()}\n")
    assert Seal.from_file(path).current == Seal([NEW]).current
    assert Seal.from_file(path).open(HERE, Seal([OLD]).seal(HERE, "x")) == "x"


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "no key"), ("???\n", "line 1"), (base64.b64encode(b"short").decode(), "5 bytes"), ("ключ", "cannot be read")],
)
def test_an_unfit_key_file_says_why(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "seal.key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SealError, match=says):
        Seal.from_file(path)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SealError, match=r"nowhere\.key"):
        Seal.from_file(tmp_path / "nowhere.key")
