"""Order pages as a sales channel: the plugin is the platform, so there is nothing to pull and nobody to tell."""

from __future__ import annotations

from typing import ClassVar

from orderyard.core.channels.api import ChannelOrder
from orderyard.core.hosted.api import HostedChannel
from orderyard.core.kernel.values import SettingField

from . import document


class OrderPage(HostedChannel):
    """One shop's order pages. Documents are handed in at the desk; buyers see parcels on our own page."""

    name: ClassVar[str] = "channel_web"
    title: ClassVar[str] = "Order page"
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("per_phone", "Orders of one telephone a day", required=False, default="3"),
        SettingField("per_visitor", "Orders of one browser a day", required=False, default="5"),
        SettingField(
            "per_address", "Orders from one network address a day", required=False, default="30",
            help="Mobile networks share addresses among many people: not too low.",
        ),
        SettingField(
            "seconds", "Seconds a person needs at least for the form", required=False, default="4",
            help="What comes back faster was filled in by a machine.",
        ),
    )  # fmt: skip

    def read(self, body: bytes) -> ChannelOrder:
        return document.read(body)
