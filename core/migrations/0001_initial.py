"""The core's first tables, frozen as they were."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, BlobField, BooleanField, ForeignKeyField, IntegerField, JSONField, Model, TextField

from orderyard.core.kernel.db import MomentField


def up(migrator: Any, db: Any) -> None:
    class Audit(Model):
        at = MomentField()
        actor = TextField()
        action = TextField()
        kind = TextField()
        document = BigIntegerField()
        because = TextField(constraints=[SQL("DEFAULT ''")])
        data = JSONField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "audit"
            indexes = ((("kind", "document"), False),)

    class Shop(Model):
        code = TextField(unique=True)
        title = TextField()
        currency = TextField()
        timezone = TextField(constraints=[SQL("DEFAULT 'Asia/Shanghai'")])
        tax_rate = IntegerField(constraints=[SQL("DEFAULT 1300")])
        ship_policy = TextField(constraints=[SQL("DEFAULT 'complete_only'")])
        carrier = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shop"

    class Connection(Model):
        code = TextField(unique=True)
        kind = TextField()
        adapter = TextField()
        shop = ForeignKeyField(Shop, backref="+", null=True)
        settings = TextField(constraints=[SQL("DEFAULT ''")])
        state = TextField(constraints=[SQL("DEFAULT 'active'")])
        message = TextField(constraints=[SQL("DEFAULT ''")])
        cursor = MomentField(null=True)
        last_good_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "connection"

    class Customer(Model):
        name = TextField(index=True, constraints=[SQL("DEFAULT ''")])
        email = TextField(constraints=[SQL("DEFAULT ''")])
        phone = TextField(constraints=[SQL("DEFAULT ''")])
        shop_id = IntegerField()
        created_at = MomentField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "customer"

    class PostalAddress(Model):
        country = TextField()
        province = TextField()
        city = TextField()
        district = TextField()
        town = TextField()
        detail = TextField()
        postcode = TextField()
        name = TextField(index=True)
        phone = TextField()
        company = TextField()
        masked = BooleanField()
        privacy_token = TextField()
        token_owner = TextField()
        merge_key = TextField(index=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "postal_address"

    class Order(Model):
        number = TextField(unique=True)
        shop = ForeignKeyField(Shop, backref="+")
        external_id = TextField()
        external_number = TextField(index=True)
        source = TextField()
        status = TextField()
        payment = TextField()
        review = TextField(constraints=[SQL("DEFAULT 'pending'")])
        customer = ForeignKeyField(Customer, backref="+")
        address = ForeignKeyField(PostalAddress, backref="+")
        buyer_name = TextField(constraints=[SQL("DEFAULT ''")])
        currency = TextField()
        goods = BigIntegerField()
        freight = BigIntegerField()
        total = BigIntegerField()
        received = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        refunded = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        advance = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        advance_tax = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        cod = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        sealed = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        message = TextField(constraints=[SQL("DEFAULT ''")])
        memo = TextField(constraints=[SQL("DEFAULT ''")])
        placed_at = MomentField()
        paid_at = MomentField(null=True)
        completed_at = MomentField(null=True)
        cancel_reason = TextField(constraints=[SQL("DEFAULT ''")])
        version = IntegerField(constraints=[SQL("DEFAULT 1")])
        created_at = MomentField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sales_order"
            indexes = ((("shop", "external_id"), True), (("status", "id"), False), (("buyer_name",), False))

    class InboxDocument(Model):
        connection = ForeignKeyField(Connection, backref="+")
        source = TextField()
        delivery_id = TextField()
        document = TextField()
        version = MomentField(null=True)
        received_at = MomentField()
        body = BlobField(null=True)
        verdict = TextField(constraints=[SQL("DEFAULT ''")])
        reason = TextField(constraints=[SQL("DEFAULT ''")])
        order = ForeignKeyField(Order, backref="+", null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "inbox"
            indexes = (
                (("connection", "source", "delivery_id"), True),
                (("verdict", "id"), False),
                (("connection", "document"), False),
            )

    class ChannelDocument(Model):
        connection = ForeignKeyField(Connection, backref="+")
        external_id = TextField()
        version = MomentField()
        state = TextField()
        order = ForeignKeyField(Order, backref="+")
        inbox = ForeignKeyField(InboxDocument, backref="+")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "channel_order"
            indexes = ((("connection", "external_id"), True), (("order",), False))

    class CustomerIdentity(Model):
        customer = ForeignKeyField(Customer, backref="+")
        kind = TextField()
        scope = TextField(constraints=[SQL("DEFAULT ''")])
        value = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "customer_identity"
            indexes = ((("kind", "scope", "value"), True),)

    class Entry(Model):
        ref = TextField(unique=True)
        date = TextField()
        period = TextField()
        posted_at = MomentField()
        text = TextField()
        kind = TextField()
        document = BigIntegerField()
        reverses = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "ledger_entry"
            indexes = ((("period", "id"), False), (("kind", "document"), False))

    class Event(Model):
        name = TextField()
        at = MomentField()
        payload = JSONField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "event"

    class Warehouse(Model):
        code = TextField(unique=True)
        title = TextField()
        regions = JSONField(constraints=[SQL("DEFAULT '[]'")])
        address = JSONField(constraints=[SQL("DEFAULT '{}'")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "warehouse"

    class FulfillmentOrder(Model):
        number = TextField(unique=True)
        shop = ForeignKeyField(Shop, backref="+")
        warehouse = ForeignKeyField(Warehouse, backref="+", null=True)
        address = ForeignKeyField(PostalAddress, backref="+")
        merge_key = TextField(index=True)
        state = TextField()
        cod = BooleanField()
        currency = TextField()
        sealed = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        paid_at = MomentField()
        carrier = TextField(constraints=[SQL("DEFAULT ''")])
        cancel_reason = TextField(constraints=[SQL("DEFAULT ''")])
        became = ForeignKeyField("self", backref="+", null=True)
        why = JSONField(constraints=[SQL("DEFAULT '{}'")])
        version = IntegerField(constraints=[SQL("DEFAULT 1")])
        created_at = MomentField()
        shipped_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "fulfillment_order"
            indexes = ((("state", "paid_at", "id"), False),)

    class Sku(Model):
        code = TextField(unique=True)
        product = TextField(index=True, constraints=[SQL("DEFAULT ''")])
        title = TextField()
        options = JSONField(constraints=[SQL("DEFAULT '{}'")])
        barcode = TextField(index=True, constraints=[SQL("DEFAULT ''")])
        price = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        weight_g = IntegerField(constraints=[SQL("DEFAULT 0")])
        kit = BooleanField(constraints=[SQL("DEFAULT FALSE")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sku"

    class OrderLine(Model):
        order = ForeignKeyField(Order, backref="+")
        no = IntegerField()
        external_id = TextField(constraints=[SQL("DEFAULT ''")])
        kit_line = IntegerField(null=True)
        kit = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        per_kit = IntegerField(constraints=[SQL("DEFAULT 1")])
        sku = ForeignKeyField(Sku, backref="+", null=True)
        item_id = TextField(constraints=[SQL("DEFAULT ''")])
        variant_id = TextField(constraints=[SQL("DEFAULT ''")])
        merchant_code = TextField(constraints=[SQL("DEFAULT ''")])
        title = TextField()
        quantity = IntegerField()
        unit_price = BigIntegerField()
        amount = BigIntegerField()
        freight = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        tax_rate = IntegerField()
        reserved = IntegerField(constraints=[SQL("DEFAULT 0")])
        shipped = IntegerField(constraints=[SQL("DEFAULT 0")])
        shipped_externally = IntegerField(constraints=[SQL("DEFAULT 0")])
        cancelled = IntegerField(constraints=[SQL("DEFAULT 0")])
        returned = IntegerField(constraints=[SQL("DEFAULT 0")])
        bounced = IntegerField(constraints=[SQL("DEFAULT 0")])
        refunded = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "order_line"
            indexes = ((("order", "no"), True), (("sku",), False), (("merchant_code",), False))
            constraints = (
                SQL("CHECK (quantity > 0)"),
                SQL("CHECK (reserved >= 0 AND shipped >= 0 AND cancelled >= 0)"),
                SQL("CHECK (reserved + shipped + cancelled <= quantity)"),
                SQL("CHECK (returned >= 0 AND returned <= shipped AND bounced >= 0 AND bounced <= returned)"),
                SQL("CHECK (shipped_externally >= 0 AND shipped_externally <= shipped)"),
            )

    class FoLine(Model):
        fo = ForeignKeyField(FulfillmentOrder, backref="+")
        order = ForeignKeyField(Order, backref="+")
        line = ForeignKeyField(OrderLine, backref="+")
        sku_id = IntegerField(index=True)
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        reserved = IntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "fo_line"
            indexes = ((("fo", "line"), True),)
            constraints = (SQL("CHECK (reserved >= 0 AND reserved <= quantity)"),)

    class Hold(Model):
        level = TextField()
        document = BigIntegerField()
        code = TextField()
        source = TextField()
        note = TextField(constraints=[SQL("DEFAULT ''")])
        opened_at = MomentField()
        released_at = MomentField(null=True)
        released_by = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "hold"
            indexes = ((("level", "document"), False), (("released_at", "code"), False))

    class KitComponent(Model):
        kit = ForeignKeyField(Sku, backref="+")
        sku = ForeignKeyField(Sku, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "kit_component"
            indexes = ((("kit", "sku"), True),)

    class Listing(Model):
        shop = ForeignKeyField(Shop, backref="+")
        item_id = TextField()
        variant_id = TextField(constraints=[SQL("DEFAULT ''")])
        merchant_code = TextField(constraints=[SQL("DEFAULT ''")])
        title = TextField(constraints=[SQL("DEFAULT ''")])
        sku = ForeignKeyField(Sku, backref="+", null=True)
        percent = IntegerField(constraints=[SQL("DEFAULT 100")])
        plus = IntegerField(constraints=[SQL("DEFAULT 0")])
        maximum = IntegerField(null=True)
        paused = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        published = IntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "listing"
            indexes = ((("shop", "item_id", "variant_id"), True),)

    class Payment(Model):
        order = ForeignKeyField(Order, backref="+")
        at = MomentField()
        amount = BigIntegerField()
        method = TextField()
        key = TextField(unique=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "payment"

    class Period(Model):
        code = TextField(unique=True)
        closed_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "ledger_period"

    class Person(Model):
        login = TextField(unique=True)
        name = TextField()
        password = TextField()
        role = TextField()
        language = TextField(constraints=[SQL("DEFAULT 'zh'")])
        active = BooleanField(constraints=[SQL("DEFAULT TRUE")])
        failures = IntegerField(constraints=[SQL("DEFAULT 0")])
        retry_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "person"

    class PluginFault(Model):
        slug = TextField()
        at = MomentField()
        place = TextField()
        message = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "plugin_fault"

    class PluginMemory(Model):
        slug = TextField()
        key = TextField()
        value = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "plugin_memory"
            indexes = ((("slug", "key"), True),)

    class PluginSetting(Model):
        slug = TextField(unique=True)
        settings = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "plugin_setting"

    class Posting(Model):
        entry = ForeignKeyField(Entry, backref="+")
        no = IntegerField()
        role = TextField()
        detail = TextField(constraints=[SQL("DEFAULT ''")])
        currency = TextField()
        debit = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        credit = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "ledger_posting"
            indexes = ((("entry", "no"), True),)
            constraints = (SQL("CHECK ((debit = 0) <> (credit = 0))"),)

    class StockLevel(Model):
        warehouse = ForeignKeyField(Warehouse, backref="+")
        sku = ForeignKeyField(Sku, backref="+")
        lot = TextField(constraints=[SQL("DEFAULT ''")])
        quality = TextField(constraints=[SQL("DEFAULT 'good'")])
        on_hand = IntegerField(constraints=[SQL("DEFAULT 0")])
        reserved = IntegerField(constraints=[SQL("DEFAULT 0")])
        value = BigIntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_level"
            indexes = ((("sku", "warehouse", "lot", "quality"), True),)
            constraints = (
                SQL("CHECK (reserved >= 0)"),
                SQL("CHECK (on_hand >= reserved)"),
                SQL("CHECK (value >= 0)"),
            )

    class Reservation(Model):
        kind = TextField()
        holder = BigIntegerField()
        level = ForeignKeyField(StockLevel, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        state = TextField(constraints=[SQL("DEFAULT 'held'")])
        at = MomentField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "reservation"
            indexes = ((("kind", "holder"), False), (("level", "state"), False))

    class ReviewRuleSetting(Model):
        name = TextField(unique=True)
        enabled = BooleanField(constraints=[SQL("DEFAULT TRUE")])
        settings = JSONField(constraints=[SQL("DEFAULT '{}'")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "review_rule_setting"

    class ShipmentNotice(Model):
        connection = ForeignKeyField(Connection, backref="+")
        order = ForeignKeyField(Order, backref="+")
        fo = ForeignKeyField(FulfillmentOrder, backref="+")
        key = TextField(unique=True)
        carrier_code = TextField()
        carrier_title = TextField()
        number = TextField()
        lines = TextField()
        whole = BooleanField()
        state = TextField(constraints=[SQL("DEFAULT 'queued'")])
        note = TextField(constraints=[SQL("DEFAULT ''")])
        at = MomentField()
        done_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shipment_notice"

    class ShopWarehouse(Model):
        shop = ForeignKeyField(Shop, backref="+")
        warehouse = ForeignKeyField(Warehouse, backref="+")
        safety = IntegerField(constraints=[SQL("DEFAULT 0")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "shop_warehouse"
            indexes = ((("shop", "warehouse"), True),)

    class SignIn(Model):
        digest = TextField(unique=True)
        person = ForeignKeyField(Person, backref="+")
        created_at = MomentField()
        seen_at = MomentField()
        ended_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "sign_in"

    class StockMove(Model):
        at = MomentField()
        sku = ForeignKeyField(Sku, backref="+")
        quantity = IntegerField(constraints=[SQL("CHECK (quantity > 0)")])
        source = TextField()
        source_warehouse = ForeignKeyField(Warehouse, backref="+", null=True)
        target = TextField()
        target_warehouse = ForeignKeyField(Warehouse, backref="+", null=True)
        lot = TextField(constraints=[SQL("DEFAULT ''")])
        quality = TextField(constraints=[SQL("DEFAULT 'good'")])
        cost = BigIntegerField(constraints=[SQL("DEFAULT 0")])
        kind = TextField()
        document = BigIntegerField()
        actor = TextField()
        key = TextField(unique=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "stock_move"
            indexes = ((("sku", "at"), False), (("kind", "document"), False))

    class Task(Model):
        kind = TextField()
        owner = TextField()
        event = ForeignKeyField(Event, backref="+", null=True)
        key = TextField(unique=True)
        payload = JSONField(constraints=[SQL("DEFAULT '{}'")])
        state = TextField(constraints=[SQL("DEFAULT 'due'")])
        attempts = IntegerField(constraints=[SQL("DEFAULT 0")])
        due_at = MomentField()
        lease_until = MomentField(null=True)
        token = TextField(constraints=[SQL("DEFAULT ''")])
        unsure = BooleanField(constraints=[SQL("DEFAULT FALSE")])
        error = TextField(constraints=[SQL("DEFAULT ''")])
        remedy = TextField(constraints=[SQL("DEFAULT ''")])
        done_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "task"
            indexes = ((("state", "due_at", "id"), False), (("owner", "state"), False))

    class Waybill(Model):
        fo = ForeignKeyField(FulfillmentOrder, backref="+")
        carrier = TextField()
        key = TextField(unique=True)
        number = TextField(index=True, constraints=[SQL("DEFAULT ''")])
        state = TextField()
        tracking = TextField(constraints=[SQL("DEFAULT ''")])
        label = BlobField(null=True)
        label_type = TextField(constraints=[SQL("DEFAULT ''")])
        answer = TextField(constraints=[SQL("DEFAULT ''")])
        requested_at = MomentField()
        delivered_at = MomentField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "waybill"

    class TrackingRow(Model):
        waybill = ForeignKeyField(Waybill, backref="+")
        external_id = TextField()
        at = MomentField()
        state = TextField()
        code = TextField()
        text = TextField()
        place = TextField(constraints=[SQL("DEFAULT ''")])

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "tracking"
            indexes = ((("waybill", "external_id"), True),)

    db.create_tables(
        [
            Audit,
            Shop,
            Connection,
            Customer,
            PostalAddress,
            Order,
            InboxDocument,
            ChannelDocument,
            CustomerIdentity,
            Entry,
            Event,
            Warehouse,
            FulfillmentOrder,
            Sku,
            OrderLine,
            FoLine,
            Hold,
            KitComponent,
            Listing,
            Payment,
            Period,
            Person,
            PluginFault,
            PluginMemory,
            PluginSetting,
            Posting,
            StockLevel,
            Reservation,
            ReviewRuleSetting,
            ShipmentNotice,
            ShopWarehouse,
            SignIn,
            StockMove,
            Task,
            Waybill,
            TrackingRow,
        ]
    )
