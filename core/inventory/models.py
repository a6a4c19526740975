"""Warehouses, the two-sided book of every unit that moved, and the counters that stand beside it."""

from __future__ import annotations

import peewee

from ..catalog.models import Shop, Sku
from ..kernel.db import JsonField, MomentField, Table

NEVER = "9999-12-31"
"""The day of what does not expire."""


class Warehouse(Table):
    """A place that holds and sends goods."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField()
    regions = JsonField(default=list)
    """Home regions: provinces, or countries by code."""
    address = JsonField(default=dict)
    """The sender on its parcels, in the parts of `Address`."""


class ShopWarehouse(Table):
    """A warehouse that serves a shop, and how many units of each SKU stay back there from what is published."""

    shop = peewee.ForeignKeyField(Shop, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    safety = peewee.IntegerField(default=0)

    class Meta:
        table_name = "shop_warehouse"
        indexes = ((("shop", "warehouse"), True),)


class Zone(Table):
    """A part of a warehouse; its use says in which order its bins are emptied."""

    warehouse = peewee.ForeignKeyField(Warehouse, index=False, backref="+")
    code = peewee.TextField()
    title = peewee.TextField(default="")
    use = peewee.TextField(default="storage")
    """A `ZoneUse`."""

    class Meta:
        indexes = ((("warehouse", "code"), True),)


class Bin(Table):
    """库位: a place on a shelf with a code that a scanner reads."""

    warehouse = peewee.ForeignKeyField(Warehouse, index=False, backref="+")
    zone = peewee.ForeignKeyField(Zone, backref="+")
    code = peewee.TextField()

    class Meta:
        indexes = ((("warehouse", "code"), True),)


class StockLevel(Table):
    """The counters of one SKU in one warehouse, lot and quality; changed only beside a move or a reservation."""

    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    lot = peewee.TextField(default="")
    quality = peewee.TextField(default="good")
    on_hand = peewee.IntegerField(default=0)
    reserved = peewee.IntegerField(default=0)
    value = peewee.BigIntegerField(default=0)
    """What the units on hand cost together, in minor units of the merchant's own currency: a moving average loses no fen."""
    placed = peewee.IntegerField(default=0, constraints=[peewee.Check("placed >= 0")])
    """How many of them lie in named bins; the rest lies on the floor, waiting to be put away."""
    sell_by = peewee.TextField(default=NEVER)
    """The last day on which units may be promised: the lot's last good day less the SKU's minimum remaining life."""
    counting = peewee.BooleanField(default=False)
    """Somebody counts this SKU in this warehouse: nothing of it is promised until the count is closed."""
    locked = peewee.IntegerField(default=0, constraints=[peewee.Check("locked >= 0")])
    """How many of those that nobody reserved are kept for one shop or another."""

    class Meta:
        table_name = "stock_level"
        indexes = ((("sku", "warehouse", "lot", "quality"), True),)
        constraints = (
            peewee.Check("reserved >= 0"),
            peewee.Check("on_hand >= reserved"),
            peewee.Check("value >= 0"),
        )


class StockMove(Table):
    """Units that went from one place to another; append-only, and over all places every SKU sums to nothing.

    Good units lie in `stock`, the others in `qc` or `defective`, each in a warehouse; `transit` is between two of them; the
    outside places are `supplier customer opening adjustment loss`. Within a warehouse units move from bin to bin.
    """

    at = MomentField()
    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    source = peewee.TextField()
    source_warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    source_bin = peewee.ForeignKeyField(Bin, null=True, index=False, backref="+")
    target = peewee.TextField()
    target_warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    target_bin = peewee.ForeignKeyField(Bin, null=True, index=False, backref="+")
    lot = peewee.TextField(default="")
    cost = peewee.BigIntegerField(default=0)
    """Of all its units together."""
    kind = peewee.TextField()
    """What it is for (`fulfillment_order`, `receipt`), and which one."""
    document = peewee.BigIntegerField()
    actor = peewee.TextField()
    key = peewee.TextField(unique=True)
    """The same move under the same key happens once."""
    reason = peewee.TextField(default="")
    """In the words of whoever adjusted, wrote off or counted."""

    class Meta:
        table_name = "stock_move"
        indexes = ((("sku", "at"), False), (("kind", "document"), False))


class Reservation(Table):
    """Units of a level promised to a holder, whoever that is to the rooms above."""

    kind = peewee.TextField()
    holder = peewee.BigIntegerField()
    level = peewee.ForeignKeyField(StockLevel, index=False, backref="reservations")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    state = peewee.TextField(default="held")
    """`held`, `consumed` by a shipment, or `released`."""
    at = MomentField()
    lock_id = peewee.IntegerField(null=True)
    """The `stock_lock` it drew on; there its `locked` units go back when it is released."""
    locked = peewee.IntegerField(default=0)

    class Meta:
        indexes = ((("kind", "holder"), False), (("level", "state"), False))


class BinLevel(Table):
    """Units of a level that lie in a bin; together with what lies on the floor they are the level's units."""

    bin = peewee.ForeignKeyField(Bin, backref="+")
    level = peewee.ForeignKeyField(StockLevel, index=False, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity >= 0")])

    class Meta:
        table_name = "bin_level"
        indexes = ((("level", "bin"), True),)


class SkuTracking(Table):
    """What of a SKU is told apart: its lots, its single pieces; SKUs without a row are all alike."""

    sku = peewee.ForeignKeyField(Sku, unique=True, backref="+")
    lots = peewee.BooleanField(default=False)
    serials = peewee.BooleanField(default=False)
    min_life_days = peewee.IntegerField(default=0)
    """So many days before its last good day a lot is promised for the last time."""

    class Meta:
        table_name = "sku_tracking"


class Lot(Table):
    """批次: units of one make, good up to one day."""

    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    code = peewee.TextField()
    expires_on = peewee.TextField(default="")
    """The last good day, `2027-03-31`; empty when it does not expire."""
    received_at = MomentField()

    class Meta:
        indexes = ((("sku", "code"), True),)


class Serial(Table):
    """One piece with a number of its own, and where it is now."""

    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    code = peewee.TextField()
    place = peewee.TextField()
    level = peewee.ForeignKeyField(StockLevel, null=True, backref="+")
    holder_kind = peewee.TextField(default="")
    """Whom it was scanned for, while it waits to leave."""
    holder = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("sku", "code"), True), (("holder_kind", "holder"), False))


class SerialMove(Table):
    """A piece that went along with a move; its moves in their order are its life."""

    serial = peewee.ForeignKeyField(Serial, index=False, backref="+")
    move = peewee.ForeignKeyField(StockMove, backref="+")

    class Meta:
        table_name = "serial_move"
        indexes = ((("serial", "move"), True),)


class StockCount(Table):
    """盘点: somebody counts SKUs or bins of a warehouse; while it is open nothing of those SKUs is promised there."""

    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    blind = peewee.BooleanField(default=False)
    """Whoever counts does not see what the book says."""
    state = peewee.TextField(default="open")
    """`open`, `closed` or `cancelled`."""
    note = peewee.TextField(default="")
    opened_at = MomentField()
    closed_at = MomentField(null=True)

    class Meta:
        table_name = "stock_count"


class StockCountLine(Table):
    """What was found of a SKU, lot and quality in one bin, or on the floor."""

    count = peewee.ForeignKeyField(StockCount, backref="lines")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    lot = peewee.TextField(default="")
    quality = peewee.TextField(default="good")
    bin = peewee.ForeignKeyField(Bin, null=True, index=False, backref="+")
    book = peewee.IntegerField(default=0)
    """What the book said when it was counted, so that what leaves meanwhile is not missed twice."""
    counted = peewee.IntegerField(null=True)
    serials = JsonField(default=list)
    counted_by = peewee.TextField(default="")
    counted_at = MomentField(null=True)

    class Meta:
        table_name = "stock_count_line"


class Transfer(Table):
    """调拨: units on their way from one warehouse to another; receiving closes it, what is missing then is a loss."""

    source = peewee.ForeignKeyField(Warehouse, backref="+")
    target = peewee.ForeignKeyField(Warehouse, backref="+")
    state = peewee.TextField(default="in_transit")
    """`in_transit` or `received`."""
    note = peewee.TextField(default="")
    key = peewee.TextField(unique=True)
    sent_at = MomentField()
    received_at = MomentField(null=True)

    class Meta:
        table_name = "stock_transfer"


class TransferLine(Table):
    """Units of one SKU and lot on their way; `cost` is what all that were sent cost together."""

    transfer = peewee.ForeignKeyField(Transfer, backref="lines")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    lot = peewee.TextField(default="")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    received = peewee.IntegerField(default=0)
    lost = peewee.IntegerField(default=0)
    cost = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "stock_transfer_line"


class SafetyStock(Table):
    """Units of one SKU that stay back in a warehouse from what a shop shows, instead of the warehouse's own number."""

    shop = peewee.ForeignKeyField(Shop, index=False, backref="+")
    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, index=False, backref="+")
    units = peewee.IntegerField(constraints=[peewee.Check("units >= 0")])

    class Meta:
        table_name = "safety_stock"
        indexes = ((("shop", "sku", "warehouse"), True),)


class StockLock(Table):
    """独占: a shop has units of a SKU in a warehouse to itself; the row stays, and its mode holds, when all are sold."""

    shop = peewee.ForeignKeyField(Shop, index=False, backref="+")
    sku = peewee.ForeignKeyField(Sku, index=False, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, index=False, backref="+")
    mode = peewee.TextField()
    """A `LockMode`."""

    class Meta:
        table_name = "stock_lock"
        indexes = ((("shop", "sku", "warehouse"), True),)


class LockedUnits(Table):
    """How many units of a level a lock keeps; `stock_level.locked` is their sum."""

    lock = peewee.ForeignKeyField(StockLock, index=False, backref="units")
    level = peewee.ForeignKeyField(StockLevel, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity >= 0")])

    class Meta:
        table_name = "locked_units"
        indexes = ((("lock", "level"), True),)


class PresaleCap(Table):
    """预售: so many units a shop may sell of a SKU before they are there; `taken` are those with a paid deposit."""

    shop = peewee.ForeignKeyField(Shop, index=False, backref="+")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    cap = peewee.IntegerField(constraints=[peewee.Check("cap >= 0")])
    taken = peewee.IntegerField(default=0, constraints=[peewee.Check("taken >= 0")])
    open = peewee.BooleanField(default=True)

    class Meta:
        table_name = "presale_cap"
        indexes = ((("shop", "sku"), False),)


class StockThreshold(Table):
    """Whoever sells a SKU wants to know when fewer than so many are available, in one warehouse or over all."""

    sku = peewee.ForeignKeyField(Sku, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    units = peewee.IntegerField(constraints=[peewee.Check("units >= 0")])

    class Meta:
        table_name = "stock_threshold"


StockThreshold.add_index(
    StockThreshold.index(
        StockThreshold.sku, unique=True, where=StockThreshold.warehouse.is_null(), name="stock_threshold_everywhere"
    )
)
StockThreshold.add_index(
    StockThreshold.index(
        StockThreshold.sku, StockThreshold.warehouse, unique=True, where=StockThreshold.warehouse.is_null(False),
        name="stock_threshold_in_warehouse",
    )
)  # fmt: skip


class LowStock(Table):
    """Available stock fell below a threshold, and, once `cleared_at` is set, came back."""

    threshold = peewee.ForeignKeyField(StockThreshold, null=True, index=False, on_delete="SET NULL", backref="+")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, null=True, index=False, backref="+")
    units = peewee.IntegerField()
    """The threshold as it was then."""
    available = peewee.IntegerField()
    """What was left when it fell below."""
    fired_at = MomentField()
    cleared_at = MomentField(null=True)

    class Meta:
        table_name = "low_stock"
        indexes = ((("threshold", "cleared_at"), False),)


LowStock.add_index(LowStock.index(LowStock.threshold, unique=True, where=LowStock.cleared_at.is_null(), name="low_stock_open"))


class Supplier(Table):
    """Whoever goods are ordered from."""

    code = peewee.TextField(unique=True)
    title = peewee.TextField()


class PurchaseOrder(Table):
    """采购单: goods ordered from a supplier into one warehouse."""

    supplier = peewee.ForeignKeyField(Supplier, backref="+")
    warehouse = peewee.ForeignKeyField(Warehouse, backref="+")
    due_on = peewee.TextField()
    """The day on which the goods should be there, `2026-12-01`."""
    state = peewee.TextField(default="open")
    """`open`, `received` in full, or `closed` by people while something was missing."""
    note = peewee.TextField(default="")
    key = peewee.TextField(unique=True)
    ordered_at = MomentField()
    closed_at = MomentField(null=True)

    class Meta:
        table_name = "purchase_order"
        indexes = ((("state", "due_on"), False),)


class PurchaseLine(Table):
    """Units of one SKU on a purchase order, and how many of them came."""

    purchase = peewee.ForeignKeyField(PurchaseOrder, index=False, backref="lines")
    sku = peewee.ForeignKeyField(Sku, backref="+")
    quantity = peewee.IntegerField(constraints=[peewee.Check("quantity > 0")])
    received = peewee.IntegerField(default=0, constraints=[peewee.Check("received >= 0")])
    unit_cost = peewee.BigIntegerField(default=0)
    """In minor units of the merchant's own currency."""

    class Meta:
        table_name = "purchase_line"
        indexes = ((("purchase", "sku"), True),)
        constraints = (peewee.Check("received <= quantity"),)


class StockHint(Table):
    """A SKU whose stock was touched by a process that does no work itself; whoever works takes the row away."""

    sku_id = peewee.IntegerField(primary_key=True)

    class Meta:
        table_name = "stock_hint"
