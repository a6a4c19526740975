"""The peer: django-oscar, called in its own process and environment through the calls that its own checkout makes.

Reads one JSON object a line (`{"job": "intake", "count": 50}`), answers one (`{"seconds": …, "cpu": …}`); `peer.py` asks. An
intake is: a basket with three products, a shipping address, an order placed by OrderCreator, stock allocated, a status note; a
shipment is: stock consumed for every line, a shipping event, the order's status. No HTTP, no templates, no payment: what
favours it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import nullcontext
from decimal import Decimal as D
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings

PRODUCTS, WAREHOUSES, PLENTY = 20, 3, 100_000_000


def configure(database: dict[str, object]) -> None:
    from oscar import defaults

    oscar_settings = {name: value for name, value in vars(defaults).items() if name.startswith("OSCAR_")}
    settings.configure(
        SECRET_KEY="benchmark",  # noqa: S106  nobody signs in; Django wants one
        DATABASES={"default": database},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.sites",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django.contrib.flatpages",
            "oscar.config.Shop",
            *(f"oscar.apps.{app}" for app in (
                "analytics.apps.AnalyticsConfig", "checkout.apps.CheckoutConfig", "address.apps.AddressConfig",
                "shipping.apps.ShippingConfig", "catalogue.apps.CatalogueConfig",
                "catalogue.reviews.apps.CatalogueReviewsConfig", "communication.apps.CommunicationConfig",
                "partner.apps.PartnerConfig", "basket.apps.BasketConfig", "payment.apps.PaymentConfig",
                "offer.apps.OfferConfig", "order.apps.OrderConfig", "customer.apps.CustomerConfig",
                "search.apps.SearchConfig", "voucher.apps.VoucherConfig", "wishlists.apps.WishlistsConfig",
                "dashboard.apps.DashboardConfig", "dashboard.reports.apps.ReportsDashboardConfig",
                "dashboard.users.apps.UsersDashboardConfig", "dashboard.orders.apps.OrdersDashboardConfig",
                "dashboard.catalogue.apps.CatalogueDashboardConfig", "dashboard.offers.apps.OffersDashboardConfig",
                "dashboard.partners.apps.PartnersDashboardConfig", "dashboard.pages.apps.PagesDashboardConfig",
                "dashboard.ranges.apps.RangesDashboardConfig", "dashboard.reviews.apps.ReviewsDashboardConfig",
                "dashboard.vouchers.apps.VouchersDashboardConfig",
                "dashboard.communications.apps.CommunicationsDashboardConfig",
                "dashboard.shipping.apps.ShippingDashboardConfig",
            )),
            "widget_tweaks",
            "haystack",
            "treebeard",
            "django_tables2",
        ],
        SITE_ID=1,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        MIDDLEWARE=[],
        ROOT_URLCONF="",
        STATIC_URL="/static/",
        **(oscar_settings | {
            "OSCAR_DEFAULT_CURRENCY": "CNY",
            "OSCAR_INITIAL_ORDER_STATUS": "Pending",
            "OSCAR_INITIAL_LINE_STATUS": "Pending",
            "OSCAR_ORDER_STATUS_PIPELINE": {"Pending": ("Reviewed",), "Reviewed": ("Shipped",), "Shipped": ()},
        }),
    )  # fmt: skip
    django.setup()


class Shop:
    """Twenty products; the first warehouse's partner has the stock record that oscar's default strategy picks."""

    def __init__(self) -> None:
        from django.core.management import call_command
        from oscar.apps.partner.strategy import Default
        from oscar.core.loading import get_model

        call_command("migrate", verbosity=0)
        product_class = get_model("catalogue", "ProductClass").objects.create(name="Thing")
        partners = [get_model("partner", "Partner").objects.create(name=f"W{n}") for n in range(WAREHOUSES)]
        self.products = []
        for number in range(PRODUCTS):
            product = get_model("catalogue", "Product").objects.create(title=f"Thing {number}", product_class=product_class)
            for partner in partners:
                get_model("partner", "StockRecord").objects.create(
                    product=product, partner=partner, partner_sku=f"SKU-{number:02}-{partner.id}", price=D("99.00"),
                    price_currency="CNY", num_in_stock=PLENTY,
                )  # fmt: skip
            self.products.append(product)
        self.country = get_model("address", "Country").objects.create(
            iso_3166_1_a2="CN", iso_3166_1_a3="CHN", iso_3166_1_numeric="156", printable_name="China", name="China",
            display_order=0, is_shipping_country=True,
        )  # fmt: skip
        self.strategy = Default()
        self.made = 0
        self.orders: list[int] = []

    def intake(self) -> None:
        from django.contrib.auth.models import User
        from django.db import transaction
        from oscar.apps.checkout.calculators import OrderTotalCalculator
        from oscar.apps.order.utils import OrderCreator
        from oscar.apps.shipping.methods import FixedPrice
        from oscar.core.loading import get_model

        self.made += 1
        no = self.made
        with transaction.atomic():
            user = User.objects.create(username=f"buyer-{no}", first_name=f"Buyer {no % 97:02}")
            basket = get_model("basket", "Basket").objects.create(owner=user)
            basket.strategy = self.strategy
            for place in range(3):
                basket.add_product(self.products[(no * 7 + place * 3) % PRODUCTS], 1 + (no + place) % 2)
            address = get_model("order", "ShippingAddress").objects.create(
                first_name=f"Buyer {no % 97:02}", line1=f"某路{no}号", line4="上海市", state="上海", country=self.country,
                phone_number="+8613800000000",
            )  # fmt: skip
            method = FixedPrice(D("8.00"), D("8.00"))
            charge = method.calculate(basket)
            order = OrderCreator().place_order(
                basket=basket, total=OrderTotalCalculator().calculate(basket, charge), shipping_method=method,
                shipping_charge=charge, user=user, shipping_address=address, order_number=f"B{no}", status="Pending",
            )  # fmt: skip
            basket.submit()
            order.set_status("Reviewed")
        self.orders.append(order.id)

    def ship(self) -> None:
        from django.db import transaction
        from oscar.apps.order.processing import EventHandler
        from oscar.core.loading import get_model

        with transaction.atomic():
            order = get_model("order", "Order").objects.get(id=self.orders.pop(0))
            handler = EventHandler()
            lines = order.lines.all()
            kind, _ = get_model("order", "ShippingEventType").objects.get_or_create(name="Shipped")
            handler.handle_shipping_event(order, kind, lines, [line.quantity for line in lines])
            handler.consume_stock_allocations(order, lines, [line.quantity for line in lines])
            handler.handle_order_status_change(order, "Shipped", note_msg=f"SF{order.id}")

    def page(self) -> None:
        from oscar.core.loading import get_model

        found = get_model("order", "Order").objects.filter(status="Reviewed", user__first_name="Buyer 05")
        for order in found.select_related("shipping_address", "user").prefetch_related("lines").order_by("-id")[:50]:
            _ = (order.number, order.user.first_name, order.total_incl_tax, order.date_placed, order.lines.all()[0].title)

    def fill(self, count: int) -> None:
        """Orders like those of `intake`, without what hangs on them but a line and an address."""
        from django.contrib.auth.models import User
        from django.utils import timezone
        from oscar.core.loading import get_model

        numbers = range(self.made + 1, self.made + count + 1)
        self.made += count
        users = User.objects.bulk_create(
            [User(username=f"buyer-{no}", first_name=f"Buyer {no % 97:02}") for no in numbers], batch_size=1000
        )
        address = get_model("order", "ShippingAddress")
        addresses = address.objects.bulk_create(
            [address(first_name=user.first_name, line1=f"某路{no}号", line4="上海市", state="上海", country=self.country)
             for no, user in zip(numbers, users, strict=True)], batch_size=1000,
        )  # fmt: skip
        order, line = get_model("order", "Order"), get_model("order", "Line")
        orders = order.objects.bulk_create(
            [order(number=f"B{no}", user=user, shipping_address=to, currency="CNY", total_incl_tax=D("305.00"),
                   total_excl_tax=D("305.00"), shipping_incl_tax=D("8.00"), shipping_excl_tax=D("8.00"), status="Reviewed",
                   date_placed=timezone.now())
             for no, user, to in zip(numbers, users, addresses, strict=True)], batch_size=1000,
        )  # fmt: skip
        price = D("99.00")
        line.objects.bulk_create(
            [line(order=one, product=self.products[no % PRODUCTS], partner_name="W0", partner_sku="S", title="Thing",
                  quantity=3, line_price_incl_tax=3 * price, line_price_excl_tax=3 * price, unit_price_incl_tax=price,
                  unit_price_excl_tax=price, num_allocated=3, line_price_before_discounts_incl_tax=3 * price,
                  line_price_before_discounts_excl_tax=3 * price, status="Pending")
             for no, one in zip(numbers, orders, strict=True)], batch_size=1000,
        )  # fmt: skip

    def run(self, job: str, count: int, together: int = 1) -> dict[str, float]:
        from django.db import transaction

        work = {"intake": self.intake, "ship": self.ship, "list": self.page}[job]
        seconds, cpu = time.perf_counter(), time.process_time()
        for start in range(0, count, together):
            with transaction.atomic() if together > 1 else nullcontext():
                for _ in range(min(together, count - start)):
                    work()
        return {"seconds": time.perf_counter() - seconds, "cpu": time.process_time() - cpu}

    def statements(self, job: str) -> int:
        """How many statements one of these takes."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as seen:
            self.run(job, 1)
        return len([query for query in seen if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))])


def main() -> None:
    configure(json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints by itself must not stand among the answers
    from django.db import connection

    connection.ensure_connection()
    if connection.vendor == "sqlite":
        for pragma in ("journal_mode = wal", "synchronous = normal"):
            connection.cursor().execute(f"PRAGMA {pragma}")
    shop = Shop()
    print(json.dumps({"version": version("django-oscar")}), file=answers, flush=True)
    for text in sys.stdin:
        asked = json.loads(text)
        answer: dict[str, float] = {}
        if asked.get("count_statements"):
            answer = {"statements": shop.statements(asked["job"])}
        elif asked["job"] == "fill":
            shop.fill(asked["count"])
        elif asked["job"] == "peak":
            status = Path("/proc/self/status").read_text(encoding="ascii")
            answer = {"peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024}
        else:
            answer = shop.run(asked["job"], asked["count"], asked["together"])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
