"""Every table of the core, for migrations and for the test that compares them with the models."""

from __future__ import annotations

from pathlib import Path

from ..auth.models import Person, SignIn
from ..catalog.models import KitComponent, Listing, Shop, Sku
from ..channels.models import ChannelDocument, InboxDocument, ShipmentNotice
from ..connections.models import Connection
from ..customers.models import Customer, CustomerIdentity, PostalAddress
from ..fulfillment.models import FoLine, FulfillmentOrder, TrackingRow, Waybill
from ..host.models import PluginFault, PluginMemory, PluginSetting
from ..inventory.models import Reservation, ShopWarehouse, StockLevel, StockMove, Warehouse
from ..kernel.db import Table
from ..kernel.models import Audit
from ..ledger.models import Entry, Period, Posting
from ..orders.models import Hold, Order, OrderLine, Payment
from ..outbox.models import Event, Task
from ..review.models import ReviewRuleSetting

DIRECTORY = Path(__file__).parent
HISTORY = "schema_migration"

TABLES: tuple[type[Table], ...] = (
    Audit, Shop, Sku, KitComponent, Listing, Customer, CustomerIdentity, PostalAddress, Warehouse, ShopWarehouse,
    StockLevel, StockMove, Reservation, Order, OrderLine, Payment, Hold, ReviewRuleSetting, FulfillmentOrder,
    FoLine, Waybill, TrackingRow, Period, Entry, Posting, Event, Task, Connection, InboxDocument, ChannelDocument,
    ShipmentNotice, PluginSetting, PluginMemory, PluginFault, Person, SignIn,
)  # fmt: skip
