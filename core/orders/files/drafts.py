"""From the rows of a file to orders that can be placed, or to what is wrong with them; a chunk at a time, set-based."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...catalog.lookup import items_named
from ...catalog.queries import Item
from ...customers.queries import price_groups
from ...customers.service import CustomerFacts
from ...kernel.db import Database
from ...kernel.errors import DomainError
from ...kernel.values import Money
from ..intake import DraftLine, OrderDraft
from ..pricing import PricedOrder, Tariffs, Unpriced, WantedLine, WantedOrder
from .rows import Problem, RowHead, RowLine, Sheet

MOST_LINES = 1000

NumberedRow = tuple[int, Sequence[str]]
"""(row number as a spreadsheet counts, texts)."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """The rows that carry one external number, in their order; of one row where rows are orders."""

    number: str
    rows: tuple[NumberedRow, ...]
    apart: bool = False
    """The number also stands elsewhere in the file, where it should not."""


@dataclass(frozen=True)
class Judged:
    """What one bundle comes to: an order, or a number that is stored already, or problems."""

    bundle: Bundle
    draft: OrderDraft | None = None
    duplicate_of: int | None = None
    problems: tuple[Problem, ...] = ()


def bundles(rows: Iterable[NumberedRow], sheet: Sheet, apart: Collection[str] = ()) -> Iterator[Bundle]:
    """Rows put together by number: neighbours where the file has a line column, each alone where it has none.

    `apart` names the numbers that are repeated where they must not be.
    """
    several = "line" in sheet.places
    number, together = "", list[NumberedRow]()
    for row in rows:
        mine = sheet.number(row[1])
        if together and not (several and mine and mine == number):
            yield Bundle(number, tuple(together), number in apart)
            together = []
        number = mine
        together.append(row)
    if together:
        yield Bundle(number, tuple(together), number in apart)


def judge(db: Database, sheet: Sheet, tariffs: Tariffs, paid: bool, wanted: Sequence[Bundle]) -> list[Judged]:
    """Judge bundles against the catalog, the prices and the orders that are there; at most seven statements for any number."""
    stored = _stored(db, sheet.shop.id, [bundle.number for bundle in wanted if bundle.number])
    read = {bundle: _read(sheet, bundle) for bundle in wanted if bundle.number not in stored}
    whole = {bundle: found for bundle, found in read.items() if not isinstance(found, tuple)}
    items = items_named(db, {line.sku for found in whole.values() for line in found.lines})
    asked: dict[Bundle, _Order] = {}
    problems: dict[Bundle, tuple[Problem, ...]] = {b: found for b, found in read.items() if isinstance(found, tuple)}
    for bundle, found in whole.items():
        if unknown := _unknown(sheet, found, items):
            problems[bundle] = unknown
        else:
            asked[bundle] = found
    priced = dict(zip(asked, _price(db, sheet, tariffs, list(asked.values()), items), strict=True))
    judged = []
    for bundle in wanted:
        if bundle.number in stored:
            judged.append(Judged(bundle, duplicate_of=stored[bundle.number]))
        elif bundle in problems:
            judged.append(Judged(bundle, problems=problems[bundle]))
        else:
            judged.append(_drafted(sheet, bundle, asked[bundle], priced[bundle], paid))
    return judged


@dataclass(frozen=True)
class _Order:
    head: RowHead
    lines: tuple[RowLine, ...]

    def facts(self, sheet: Sheet) -> CustomerFacts:
        to = self.head.to
        return CustomerFacts(sheet.shop.id, self.head.buyer, to.name, self.head.email, to.phone, to.country)


def _stored(db: Database, shop_id: int, numbers: Sequence[str]) -> dict[str, int]:
    if not numbers:
        return {}
    marks = ",".join("?" * len(numbers))
    rows = db.rows(
        f"SELECT external_id, id FROM sales_order WHERE shop_id = ? AND external_id IN ({marks})", [shop_id, *numbers]
    )
    return dict(rows)


def _read(sheet: Sheet, bundle: Bundle) -> _Order | tuple[Problem, ...]:
    problems: list[Problem] = []
    if bundle.apart:
        what = "stands elsewhere in the file too" if "line" in sheet.places else "stands in several rows"
        problems += [sheet.problem(row, "number", f"{bundle.number} {what}") for row, _ in bundle.rows]
    if len(bundle.rows) > MOST_LINES:
        problems.append(sheet.problem(bundle.rows[0][0], "number", f"has {len(bundle.rows)} rows, at most {MOST_LINES}"))
    first_row, first = bundle.rows[0]
    head = sheet.head(first_row, first)
    if isinstance(head, list):
        problems += head
    lines: list[RowLine] = []
    seen: dict[str, int] = {}
    for row, cells in bundle.rows:
        line = sheet.line(row, cells)
        if isinstance(line, list):
            problems += line
            continue
        if line.line and line.line in seen:
            problems.append(sheet.problem(row, "line", f"{line.line} is row {seen[line.line]} already"))
        seen.setdefault(line.line, row)
        lines.append(line)
        if row != first_row:
            problems += sheet.contradictions(first, row, cells)
    if problems or isinstance(head, list):
        return tuple(sorted(problems, key=lambda one: (one.row, len(one.place), one.place)))
    return _Order(head, tuple(lines))


def _unknown(sheet: Sheet, order: _Order, items: Mapping[str, Item]) -> tuple[Problem, ...]:
    found = []
    for line in order.lines:
        item = items.get(line.sku)
        if item is None:
            found.append(sheet.problem(line.row, "sku", f"there is no SKU {line.sku}"))
        elif item.kit and not item.components:
            found.append(sheet.problem(line.row, "sku", f"kit {line.sku} has no components"))
    return tuple(found)


def _price(
    db: Database, sheet: Sheet, tariffs: Tariffs, orders: Sequence[_Order], items: Mapping[str, Item]
) -> list[PricedOrder | DomainError]:
    by_list = any(line.price is None and line.amount is None for order in orders for line in order.lines)
    groups = price_groups(db, [order.facts(sheet) for order in orders]) if by_list else [""] * len(orders)
    wanted = [
        WantedOrder(
            tuple(WantedLine(items[line.sku], line.quantity, line.price, line.amount) for line in order.lines),
            order.head.to, order.head.placed_at or sheet.now, group, order.head.type, order.head.discount, order.head.freight,
        )
        for order, group in zip(orders, groups, strict=True)
    ]  # fmt: skip
    return tariffs.price(db, wanted)


def _drafted(sheet: Sheet, bundle: Bundle, order: _Order, priced: PricedOrder | DomainError, paid: bool) -> Judged:
    head, row, shop = order.head, bundle.rows[0][0], sheet.shop
    if isinstance(priced, DomainError):
        about = priced.about if isinstance(priced, Unpriced) else "number"
        return Judged(bundle, problems=(sheet.problem(row, about if about in sheet.places else "number", str(priced)),))
    if head.total is not None and head.total != priced.total:
        said, comes = Money(head.total, shop.currency).text, Money(priced.total, shop.currency).text
        return Judged(bundle, problems=(sheet.problem(row, "total", f"says {said}, but the order comes to {comes}"),))
    placed_at = head.placed_at or sheet.now
    if head.received is not None:
        received = head.received
    elif head.cod or not (paid if head.paid is None else head.paid):
        received = 0
    else:
        received = priced.total
    if received > priced.total:
        more = f"more was received than the {Money(priced.total, shop.currency).text} the order comes to"
        return Judged(bundle, problems=(sheet.problem(row, "received", more),))
    settled = not head.cod and received >= priced.total
    draft = OrderDraft(
        shop=shop,
        external_id=bundle.number,
        external_number=bundle.number,
        source="file",
        placed_at=placed_at,
        paid_at=(head.paid_at or placed_at) if settled else None,
        customer=order.facts(sheet),
        receiver=head.to,
        lines=tuple(
            DraftLine(
                line.item.title, line.quantity, line.unit_price, line.amount, line.item, said.line, ("", "", line.item.code)
            )
            for line, said in zip(priced.lines, order.lines, strict=True)
        ),
        freight=priced.freight,
        received=received,
        method="file",
        payment_key=f"file/{shop.code}/{bundle.number}",
        cod=head.cod,
        message=head.message,
        memo=head.memo,
        type=head.type,
    )  # fmt: skip
    return Judged(bundle, draft=draft)
