"""盘点: somebody counts SKUs or bins; what differs from the book is posted when the count is closed.

While it is open nothing of these SKUs is promised in that warehouse. What was promised before may leave: a line keeps what
the book said when it was counted, so that nothing is missed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..catalog.queries import marks
from ..kernel.db import Database, as_json, to_json
from ..kernel.errors import DomainError, Duplicate, IllegalTransition
from ..kernel.uow import UnitOfWork
from . import posting_counts
from .api import Quality, StockChanged, StockFreed
from .booking import counters
from .places import bin_ids
from .tracking import code as checked
from .tracking import tracked, words


def count_number(count_id: int) -> str:
    """The number on the count sheet."""
    return f"PD{count_id:06d}"


@dataclass(frozen=True, slots=True)
class _Count:
    id: int
    warehouse_id: int
    blind: bool
    state: str
    note: str


def _held(uow: UnitOfWork, count_id: int) -> _Count:
    """An open count, held until the transaction ends; DomainError when it is not open any more."""
    row = uow.db.row(
        "SELECT id, warehouse_id, blind, state, note FROM stock_count WHERE id = ?" + ("" if uow.db.sqlite else " FOR UPDATE"),
        (count_id,),
    )
    if row is None:
        raise DomainError(f"there is no count {count_id}", remedy="look it up by its number")
    if row[3] != "open":
        raise IllegalTransition(f"count {count_number(count_id)}", row[3], "counted", remedy="open another count")
    return _Count(row[0], row[1], bool(row[2]), row[3], row[4])


def open_count(
    uow: UnitOfWork,
    warehouse_id: int,
    *,
    sku_ids: Sequence[int] = (),
    bins: Sequence[str] = (),
    blind: bool = False,
    note: str = "",
) -> int:
    """Start counting SKUs wherever they lie in a warehouse, and whatever lies in some bins; the count's id.

    None of these SKUs is promised there until it is closed or cancelled. A SKU in another open count there is refused.
    """
    note = words(note, "a note")
    if not sku_ids and not bins:
        raise DomainError("nothing to count", remedy="choose SKUs or bins")
    if uow.db.row("SELECT 1 FROM warehouse WHERE id = ?", (warehouse_id,)) is None:
        raise DomainError(f"there is no warehouse {warehouse_id}", remedy="choose one of the list")
    for sku in tracked(uow.db, sku_ids).values() if sku_ids else ():
        if sku.kit:
            raise DomainError(f"{sku.code} is a kit and never in stock itself", remedy="count its components")
    chosen = bin_ids(uow.db, warehouse_id, bins)
    lines: set[tuple[int, str, str, int | None]] = set()
    if chosen:
        lines |= set(
            uow.db.rows(
                "SELECT l.sku_id, l.lot, l.quality, x.bin_id FROM bin_level x JOIN stock_level l ON l.id = x.level_id "
                f"WHERE x.quantity > 0 AND x.bin_id IN ({marks([*chosen.values()])})",
                [*chosen.values()],
            )
        )
    if sku_ids:
        wanted = sorted(set(sku_ids))
        for sku_id, lot, quality, bin_id, floor in uow.db.rows(
            "SELECT l.sku_id, l.lot, l.quality, x.bin_id, l.on_hand - l.placed FROM stock_level l LEFT JOIN bin_level x "
            f"ON x.level_id = l.id AND x.quantity > 0 WHERE l.warehouse_id = ? AND l.sku_id IN ({marks(wanted)}) "
            "AND l.on_hand > 0",
            [warehouse_id, *wanted],
        ):
            if bin_id is not None:
                lines.add((sku_id, lot, quality, bin_id))
            if floor:
                lines.add((sku_id, lot, quality, None))
        lots = {sku.sku_id for sku in tracked(uow.db, wanted).values() if sku.lots}
        lines |= {(sku_id, "", "good", None) for sku_id in wanted if sku_id not in lots | {line[0] for line in lines}}
    quarantined = sorted({line[0] for line in lines} | set(sku_ids))
    _refuse_counted(uow, warehouse_id, quarantined)
    [(count_id,)] = uow.db.insert(
        "stock_count",
        ("warehouse_id", "blind", "state", "note", "opened_at"),
        [(warehouse_id, blind, "open", note, uow.now)],
        returning="id",
    )
    # A SKU kept by lots of which there is nothing still needs a line, to be quarantined by.
    lines |= {(sku_id, "", "good", None) for sku_id in quarantined if sku_id not in {line[0] for line in lines}}
    _add_lines(uow, count_id, sorted(lines, key=lambda line: (line[0], line[1], line[2], line[3] or 0)))
    _quarantine(uow, warehouse_id, quarantined, True)
    uow.note("opened", "count", count_id, note, {"skus": len(quarantined), "bins": list(bins), "blind": blind})
    return int(count_id)


def _refuse_counted(uow: UnitOfWork, warehouse_id: int, sku_ids: Sequence[int]) -> None:
    if not sku_ids:
        return
    other = uow.db.row(
        "SELECT c.id, s.code FROM stock_count c JOIN stock_count_line x ON x.count_id = c.id JOIN sku s ON s.id = x.sku_id "
        f"WHERE c.state = 'open' AND c.warehouse_id = ? AND x.sku_id IN ({marks(sku_ids)}) ORDER BY c.id, s.code",
        [warehouse_id, *sku_ids],
    )
    if other:
        raise Duplicate(f"{other[1]} is being counted in {count_number(other[0])}", remedy="close or cancel that count first")


def _add_lines(uow: UnitOfWork, count_id: int, lines: Sequence[tuple[int, str, str, int | None]]) -> None:
    uow.db.insert(
        "stock_count_line",
        ("count_id", "sku_id", "lot", "quality", "bin_id", "book", "serials", "counted_by"),
        [(count_id, *line, 0, "[]", "") for line in lines],
    )


def _quarantine(uow: UnitOfWork, warehouse_id: int, sku_ids: Sequence[int], on: bool) -> None:
    """Nothing of these SKUs is promised in that warehouse, or it is again."""
    if not sku_ids:
        return
    levels = [level.id for level in counters(uow, sku_ids, [warehouse_id])]
    if levels:
        uow.db.change(f"UPDATE stock_level SET counting = ? WHERE id IN ({marks(levels)})", [on, *levels])
    uow.emit(StockChanged(tuple(sku_ids)))
    if not on:
        uow.emit(StockFreed(tuple(sku_ids)))


def enter_count(
    uow: UnitOfWork,
    count_id: int,
    sku_id: int,
    units: int | None = None,
    *,
    lot: str = "",
    bin: str = "",
    quality: Quality = Quality.GOOD,
    serials: Sequence[str] = (),
) -> None:
    """So many units were found in a bin, or on the floor; 0 is an answer too, and a second answer replaces the first.

    What the book did not expect there may be entered as well; its SKU is then counted in the whole warehouse. Of SKUs kept
    by serial numbers the pieces are entered instead of how many there are.
    """
    count = _held(uow, count_id)
    sku = tracked(uow.db, [sku_id])[sku_id]
    found = len(serials) if units is None else units
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= 1_000_000_000:
        raise DomainError(f"{units!r} units counted", remedy="give a whole number of at least 0")
    lot = checked(lot, "a lot") if lot else ""
    if bool(lot) != sku.lots and (found or lot):
        raise DomainError(f"{sku.code} is {'' if sku.lots else 'not '}kept by lots", remedy="count each lot by itself")
    if sku.serials and len({serial.strip() for serial in serials}) != found:
        raise DomainError(f"{sku.code}: {found} units, {len(set(serials))} serial numbers", remedy="scan each piece once")
    if lot and uow.db.row("SELECT 1 FROM lot WHERE sku_id = ? AND code = ?", (sku_id, lot)) is None:
        raise DomainError(f"{sku.code} has no lot {lot}", remedy="adjust it in with its last good day first")
    bin_id = bin_ids(uow.db, count.warehouse_id, [bin] if bin else []).get(bin)
    where = "count_id = ? AND sku_id = ? AND lot = ? AND quality = ? AND COALESCE(bin_id, 0) = ?"
    key = (count_id, sku_id, lot, Quality(quality), bin_id or 0)
    if uow.db.row(f"SELECT 1 FROM stock_count_line WHERE {where}", key) is None:
        if uow.db.row("SELECT 1 FROM stock_count_line WHERE count_id = ? AND sku_id = ?", (count_id, sku_id)) is None:
            _refuse_counted(uow, count.warehouse_id, [sku_id])
            _quarantine(uow, count.warehouse_id, [sku_id], True)
        _add_lines(uow, count_id, [(sku_id, lot, Quality(quality), bin_id)])
    book = uow.db.row(
        "SELECT l.on_hand - l.placed, x.quantity FROM stock_level l "
        "LEFT JOIN bin_level x ON x.level_id = l.id AND x.bin_id = ? "
        "WHERE l.warehouse_id = ? AND l.sku_id = ? AND l.lot = ? AND l.quality = ?",
        (bin_id or 0, count.warehouse_id, sku_id, lot, Quality(quality)),
    )
    expected = 0 if book is None else (book[0] if bin_id is None else book[1] or 0)
    uow.db.change(
        f"UPDATE stock_count_line SET counted = ?, book = ?, serials = ?, counted_by = ?, counted_at = ? WHERE {where}",
        (found, expected, to_json([serial.strip() for serial in serials]), uow.actor, uow.now, *key),
    )
    uow.note("counted", "count", count_id, f"{sku.code} {lot}".rstrip(), {"found": found, "bin": bin})


def close_count(uow: UnitOfWork, count_id: int, *, leave_uncounted: bool = False) -> int:
    """Post what differs and let the SKUs be promised again; how many units were found too many or too few, together.

    Lines nobody counted are refused by name unless they are to be left as the book says. Units missing here and found in
    another bin just move there. Missing units that were promised give way as `make_room` says.
    """
    count = _held(uow, count_id)
    lines = posting_counts.read(uow, count_id)
    open_ = [line for line in lines if line.counted is None and not line.placeholder]
    if open_ and not leave_uncounted:
        names = ", ".join(line.name for line in open_[:10])
        raise DomainError(
            f"{len(open_)} lines of {count_number(count_id)} are not counted: {names}",
            remedy="enter what is there, 0 where nothing is, or leave them as the book says",
        )
    uow.db.change("UPDATE stock_count SET state = 'closed', closed_at = ? WHERE id = ?", (uow.now, count_id))
    _quarantine(uow, count.warehouse_id, sorted({line.sku_id for line in lines}), False)
    number = count_number(count_id)
    off = posting_counts.post(uow, count_id, number, count.warehouse_id, [line for line in lines if line.counted is not None])
    uow.note("closed", "count", count_id, count.note, {"off": off, "left": len(open_)})
    return off


def cancel_count(uow: UnitOfWork, count_id: int, because: str) -> None:
    """Nothing is posted, and the SKUs may be promised again."""
    because, count = words(because, "a reason"), _held(uow, count_id)
    rows = uow.db.rows("SELECT DISTINCT sku_id FROM stock_count_line WHERE count_id = ? ORDER BY sku_id", (count_id,))
    uow.db.change("UPDATE stock_count SET state = 'cancelled', closed_at = ? WHERE id = ?", (uow.now, count_id))
    _quarantine(uow, count.warehouse_id, [row[0] for row in rows], False)
    uow.note("cancelled", "count", count_id, because)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line of a count sheet; `expected` is hidden from whoever counts blind, until the count is closed."""

    sku_id: int
    sku: str
    lot: str
    quality: str
    bin: str
    expected: int | None
    counted: int | None
    serials: tuple[str, ...]


def sheet(db: Database, count_id: int) -> list[SheetLine]:
    """What is to be counted and what was found, in the order in which one walks: by bin, then SKU."""
    rows = db.rows(
        "SELECT x.sku_id, s.code, x.lot, x.quality, COALESCE(b.code, ''), CASE WHEN c.blind AND c.state = 'open' THEN NULL "
        "WHEN x.counted IS NOT NULL THEN x.book WHEN x.bin_id IS NULL THEN COALESCE(l.on_hand - l.placed, 0) "
        "ELSE COALESCE(y.quantity, 0) END, x.counted, x.serials FROM stock_count_line x "
        "JOIN stock_count c ON c.id = x.count_id JOIN sku s ON s.id = x.sku_id "
        "LEFT JOIN bin b ON b.id = x.bin_id LEFT JOIN stock_level l "
        "ON l.warehouse_id = c.warehouse_id AND l.sku_id = x.sku_id AND l.lot = x.lot AND l.quality = x.quality "
        "LEFT JOIN bin_level y ON y.level_id = l.id AND y.bin_id = x.bin_id WHERE x.count_id = ? "
        "ORDER BY COALESCE(b.code, ''), s.code, x.lot, x.quality",
        (count_id,),
    )
    return [SheetLine(*row[:7], tuple(as_json(row[7]) or ())) for row in rows]  # type: ignore[call-arg]
