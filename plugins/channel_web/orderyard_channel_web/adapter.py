"""Order pages as a sales channel: the plugin is the platform, so there is nothing to pull and nobody to tell."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from orderyard.core.channels.api import Ability, Channel, ChannelOrder, Confirmed, Page, Shipment, Window
from orderyard.core.kernel.errors import RemoteRejected
from orderyard.core.kernel.values import SettingField

from . import document


class OrderPage(Channel):
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
    ability: ClassVar[Ability] = Ability(span=timedelta(days=365), tracking_per="quantity", hosted=True)

    def pull(self, window: Window, cursor: str | None = None) -> Page:
        return Page((), None)

    def fetch(self, external_id: str) -> bytes:
        raise RemoteRejected(f"order {external_id} is kept nowhere else", remedy="replay the document that is kept")

    def read(self, body: bytes) -> ChannelOrder:
        return document.read(body)

    def confirm_shipment(self, shipment: Shipment, key: str) -> Confirmed:
        return Confirmed()

    def find_shipment(self, shipment: Shipment) -> Confirmed | None:
        return Confirmed(already=True)
