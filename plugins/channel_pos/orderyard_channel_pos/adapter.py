"""A counter as a sales channel: its page is the platform, so there is nothing to pull and nobody to tell."""

from __future__ import annotations

from typing import ClassVar

from orderyard.core.channels.api import ChannelOrder
from orderyard.core.hosted.api import HostedChannel
from orderyard.core.kernel.values import SettingField

from . import document

METHODS = "cash, card"


class ShopCounter(HostedChannel):
    """One counter of one shop; its sales are handed in at the desk."""

    name: ClassVar[str] = "channel_pos"
    title: ClassVar[str] = "Shop counter"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("warehouse", "Warehouse", help="Code of the stock pool that this counter sells from."),
        SettingField(
            "methods", "Ways to pay", required=False, default=METHODS,
            help="With commas between them, the first is the usual one. Change is given for cash only.",
        ),
        SettingField("head", "Top of the receipt", required=False, help="Name, address, tax number; lines end with |."),
        SettingField("foot", "Bottom of the receipt", required=False, help="Lines end with |."),
        SettingField("float", "Cash in the drawer in the morning", required=False, default="0"),
    )  # fmt: skip

    def read(self, body: bytes) -> ChannelOrder:
        return document.read(body)


def listed(text: str) -> list[str]:
    """What stands in a setting with commas between, Chinese ones too."""
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
