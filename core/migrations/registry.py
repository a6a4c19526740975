"""Every table of the core, for migrations and for the test that compares them with the models."""

from __future__ import annotations

from pathlib import Path

from ..aftersales.models import AfterSale, AfterSaleLine
from ..auth.models import Person, SignIn
from ..catalog.models import KitComponent, Listing, PriceList, PriceListItem, Promotion, Shop, Sku
from ..channels.models import ChannelDocument, InboxDocument, ShipmentNotice
from ..connections.models import Connection
from ..customers.models import Customer, CustomerIdentity, PostalAddress
from ..fulfillment.models import FoLine, FulfillmentOrder, Lineage, Putback, TrackingRow, Waybill
from ..host.models import PluginFault, PluginMemory, PluginSetting
from ..inventory.models import (
    Bin,
    BinLevel,
    LockedUnits,
    Lot,
    LowStock,
    PresaleCap,
    PurchaseLine,
    PurchaseOrder,
    Reservation,
    SafetyStock,
    Serial,
    SerialMove,
    ShopWarehouse,
    SkuTracking,
    StockCount,
    StockCountLine,
    StockHint,
    StockLevel,
    StockLock,
    StockMove,
    StockThreshold,
    Supplier,
    Transfer,
    TransferLine,
    Warehouse,
    Zone,
)
from ..kernel.db import Table
from ..kernel.models import Audit
from ..ledger.models import Entry, Period, Posting
from ..orders.files.models import ImportFile, ImportMapping, ImportRow
from ..orders.models import (
    Amendment,
    FreightTemplate,
    GiftCount,
    Hold,
    Order,
    OrderLine,
    OrderLink,
    Payment,
    Presale,
    PresaleLine,
    PresaleOrder,
)
from ..outbox.models import Task
from ..review.models import BlacklistEntry, ReviewerScope, ReviewRuleSetting

DIRECTORY = Path(__file__).parent
HISTORY = "schema_migration"

TABLES: tuple[type[Table], ...] = (
    Audit, Shop, Sku, KitComponent, Listing, Customer, CustomerIdentity, PostalAddress, Warehouse, ShopWarehouse,
    StockLevel, StockMove, Reservation, Zone, Bin, BinLevel, SkuTracking, Lot, Serial, SerialMove, StockCount,
    StockCountLine, Transfer, TransferLine, Order, OrderLine, Payment, Hold, ReviewRuleSetting, FulfillmentOrder,
    FoLine, Waybill, TrackingRow, Period, Entry, Posting, Task, Connection, InboxDocument, ChannelDocument,
    ShipmentNotice, PluginSetting, PluginMemory, PluginFault, Person, SignIn, PriceList, PriceListItem, Promotion,
    OrderLink, FreightTemplate, ImportMapping, ImportFile, ImportRow, ReviewerScope, BlacklistEntry, Amendment, Lineage,
    Putback, SafetyStock, StockLock, LockedUnits, PresaleCap, StockThreshold, LowStock, Supplier, PurchaseOrder, PurchaseLine,
    StockHint,
    GiftCount, Presale, PresaleOrder, PresaleLine, AfterSale, AfterSaleLine,
)  # fmt: skip
