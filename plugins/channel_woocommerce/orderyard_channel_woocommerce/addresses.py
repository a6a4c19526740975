"""Buyers' addresses: WooCommerce writes countries and most states as codes, and knows no district."""

from __future__ import annotations

import re

from orderyard.core.kernel.values import Address

from .node import Node

# WooCommerce numbers China's provinces its own way; carriers there want the name.
_CHINA = {
    f"CN{number}": name
    for number, name in enumerate(
        (
            "云南省 北京市 天津市 河北省 山西省 内蒙古自治区 辽宁省 吉林省 黑龙江省 上海市 江苏省 浙江省 安徽省 "
            "福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 广西壮族自治区 海南省 重庆市 四川省 贵州省 陕西省 "
            "甘肃省 青海省 宁夏回族自治区 澳门特别行政区 西藏自治区 新疆维吾尔自治区"
        ).split(),
        start=1,
    )
}
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,10}[区县市旗]")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_PARTS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode")


def full_name(address: Node) -> str:
    """First and last name as their owner writes them: a Chinese family name stands first and without a blank."""
    first, last = (address.text_or_empty(part).strip() for part in ("first_name", "last_name"))
    if _HAN.fullmatch(first) and _HAN.fullmatch(last):
        return last + first
    return f"{first} {last}".strip()


def receiver(order: Node) -> Address:
    """The shipping address; the billing one where the shop asks for no other and leaves it empty."""
    billing, shipping = order.node("billing"), order.node("shipping")
    address = shipping if any(shipping.text_or_empty(part).strip() for part in _PARTS) else billing
    country, state = address.text_or_empty("country"), address.text_or_empty("state")
    detail = [address.text_or_empty(part).strip() for part in ("address_1", "address_2")]
    # A second line that is nothing but a district is one; more is not guessed.
    district = detail.pop() if country == "CN" and _DISTRICT.fullmatch(detail[1]) else ""
    return Address(
        country=country,
        province=_CHINA.get(state, state) if country == "CN" else state,
        city=address.text_or_empty("city"),
        district=district,
        detail=", ".join(part for part in detail if part),
        postcode=address.text_or_empty("postcode"),
        name=full_name(address),
        phone=address.text_or_empty("phone") or billing.text_or_empty("phone"),
        company=address.text_or_empty("company"),
    )
