"""What a customer and an order look like in the CRM. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType

from orderyard.core.customers.api import CustomerCard
from orderyard.core.kernel.errors import CredentialsRefused, DomainError
from orderyard.core.kernel.values import SettingField
from orderyard.core.orders.api import OrderCard, OrderStatus

TOKEN = SettingField("access_token", "Access token of the private app", secret=True)
BASE_URL = SettingField("base_url", "Address of the API", required=False, default="https://api.hubapi.com")
CRM_NAME = SettingField("crm_name", "Name of the CRM", required=False, default="HubSpot")
PORTAL = SettingField("portal_id", "Account number (for links)", required=False)
APP_URL = SettingField("app_url", "Address of the CRM's pages", required=False, default="https://app.hubspot.com")
PIPELINE = SettingField("pipeline", "Pipeline of the deals", required=False, default="default")
STAGES = SettingField(
    "stages",
    "Deal stages",
    required=False,
    help="Stage ids that differ from HubSpot's first pipeline: to_ship=4711; shipped=4712",
)
SETTINGS = (TOKEN, BASE_URL, CRM_NAME, PORTAL, APP_URL, PIPELINE, STAGES)

CONTACT_KEY = "oms_customer_key"
DEAL_KEY = "oms_order_id"

# Internal names of the stages of the pipeline that every HubSpot account starts with.
_STAGES = {
    OrderStatus.PENDING_PAYMENT: "appointmentscheduled",
    OrderStatus.PENDING_REVIEW: "qualifiedtobuy",
    OrderStatus.TO_SHIP: "contractsent",
    OrderStatus.SHIPPED: "closedwon",
    OrderStatus.COMPLETED: "closedwon",
    OrderStatus.CANCELLED: "closedlost",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record to upsert: our own key, and the properties to set."""

    key: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Config:
    """The plugin's settings, understood."""

    token: str
    base_url: str
    crm_name: str
    portal: str
    app_url: str
    pipeline: str
    stages: Mapping[OrderStatus, str]

    def page(self, object_type: str, remote_id: str) -> str:
        """Address of a record's page (`0-1` contacts, `0-3` deals); empty while the account number is unknown."""
        return f"{self.app_url}/contacts/{self.portal}/record/{object_type}/{remote_id}" if self.portal and remote_id else ""


def configured(settings: Mapping[str, str]) -> Config:
    """Raises CredentialsRefused while there is no token, DomainError for stages that name no order status."""

    def value(field: SettingField) -> str:
        return settings.get(field.name, "").strip() or field.default

    if not value(TOKEN):
        raise CredentialsRefused("the CRM's access token is not set", remedy="enter it in the settings of crm_sync")
    stages = dict(_STAGES)
    for part in filter(str.strip, value(STAGES).replace("\n", ";").split(";")):
        status, _, stage = (piece.strip() for piece in part.partition("="))
        if status not in set(OrderStatus) or not stage:
            raise DomainError(f"setting stages: {part.strip()!r} is no stage", remedy=f"one of {', '.join(OrderStatus)} = id")
        stages[OrderStatus(status)] = stage
    return Config(
        value(TOKEN),
        value(BASE_URL).rstrip("/"),
        value(CRM_NAME),
        value(PORTAL),
        value(APP_URL).rstrip("/"),
        value(PIPELINE),
        MappingProxyType(stages),
    )


def contact(card: CustomerCard) -> Record:
    """The customer as a contact; what is unknown is left out, so that it does not erase what the CRM knows."""
    first, last = _names(_plain(card.name))
    properties = {
        CONTACT_KEY: f"C{card.id}",
        "email": _plain(card.email).lower(),
        "phone": _plain(card.phone),
        "firstname": first,
        "lastname": last,
        "oms_shop": card.shop,
    }
    return Record(f"C{card.id}", {name: value for name, value in properties.items() if value})


def deal(card: OrderCard, config: Config, waybills: Sequence[str] = ()) -> Record:
    """The order as a deal; the amount is what the buyer owes in all, its date the day the order was placed."""
    placed = card.placed_at.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    properties = {
        DEAL_KEY: f"O{card.id}",
        "dealname": card.number,
        "amount": card.total.text,
        "deal_currency_code": card.total.currency,
        "pipeline": config.pipeline,
        "dealstage": config.stages[card.status],
        "closedate": f"{placed.isoformat()}.000Z",
        "oms_status": card.status.value,
        "oms_shop": card.shop,
        "oms_waybills": "; ".join(waybills),
    }
    return Record(f"O{card.id}", {name: value for name, value in properties.items() if value})


def _plain(value: str) -> str:
    """The value, or nothing where an asterisk says that its source masked it: a masked value would look like a person."""
    return "" if "*" in value else value.strip()


def _names(name: str) -> tuple[str, str]:
    """(first, last). Only a name in Latin letters is taken apart; a Chinese one stays whole, as the last name."""
    first, _, last = name.rpartition(" ")
    return (first, last) if name.isascii() else ("", name)
