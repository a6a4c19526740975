"""Numbers as buyers and clerks write them."""

from __future__ import annotations

import pytest

from orderyard.core.customers.phones import Phone, masked, read_phone


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("１３８ ００１３ ８０００", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "CN", "+8613800138000"),
        ("86 13800138000", "CN", "+8613800138000"),
        ("+8613800138000", "US", "+8613800138000"),
        ("021-62881234", "CN", "+862162881234"),
        ("400-820-8820", "CN", "+864008208820"),
        ("202-555-0101", "US", "+12025550101"),
        ("+12025550101", "CN", "+12025550101"),
    ],
)
def test_one_number_however_it_is_written(text: str, region: str, e164: str) -> None:
    assert read_phone(text, region) == Phone(e164)


@pytest.mark.parametrize(
    ("text", "e164", "extension"),
    [
        ("13800138000-1234", "+8613800138000", "1234"),
        ("13800138000_0012", "+8613800138000", "0012"),
        ("１３８００１３８０００－１２３４", "+8613800138000", "1234"),
        ("010-62881234-801", "+861062881234", "801"),
        ("010-62881234转801", "+861062881234", "801"),
        ("021-62881234 ext. 55", "+862162881234", "55"),
    ],
)
def test_a_number_with_an_extension_can_be_dialled_but_is_nobody_s_own(text: str, e164: str, extension: str) -> None:
    found = read_phone(text, "CN")
    assert found == Phone(e164, extension)
    assert not found.personal


@pytest.mark.parametrize(
    "text", ["", "138****8000", "１３８＊＊＊＊８０００", "1380013800", "10086x", "abc", "13800138000 1234", "9" * 50]
)
def test_what_cannot_be_dialled_is_no_number(text: str) -> None:
    assert read_phone(text, "CN") is None


@pytest.mark.parametrize("text", ["13000000000", "13999999999", "14712345678", "16100000000", "17400012345", "19912345678"])
def test_the_short_way_for_mobiles_agrees_with_the_long_one(text: str) -> None:
    assert read_phone(text, "CN") == read_phone(f" {text}", "CN")


@pytest.mark.parametrize(("text", "blotted"), [("林**", True), ("l＊＊@x.com", True), ("林静", False), ("", False)])
def test_stars_say_that_something_was_blotted_out(text: str, blotted: bool) -> None:
    assert masked(text) is blotted
