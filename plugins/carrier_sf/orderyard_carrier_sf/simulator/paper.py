"""The waybill that SF's cloud print draws, 76 × 130 mm, with a bar code a scanner reads."""

from __future__ import annotations

import io

from reportlab.graphics.barcode.code128 import Code128  # type: ignore[import-untyped]
from reportlab.lib.units import inch, mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from .books import Order

_SONG = "STSong-Light"
_WIDTH, _HEIGHT = 76 * mm, 130 * mm
_DOT = inch / 203
_BAR = 3 * _DOT
"""Three dots of a 203 dpi printer: with bars of two dots every other label fails at the scanner."""


def waybill_pdf(order: Order, number: str) -> bytes:
    """One page for one waybill; the same bytes for the same order."""
    pdfmetrics.registerFont(UnicodeCIDFont(_SONG))
    out = io.BytesIO()
    page = Canvas(out, pagesize=(_WIDTH, _HEIGHT), invariant=1)
    page.setTitle(number)
    page.setFont("Helvetica-Bold", 15)
    page.drawString(4 * mm, 120 * mm, "SF EXPRESS")
    page.setFont("Helvetica-Bold", 24)
    page.drawRightString(_WIDTH - 4 * mm, 118 * mm, f"{order.origin}-{order.destination}")
    page.line(3 * mm, 114 * mm, _WIDTH - 3 * mm, 114 * mm)
    bars = Code128(number, barWidth=_BAR, barHeight=18 * mm, quiet=False, humanReadable=False)
    bars.drawOn(page, round((_WIDTH - bars.width) / 2 / _DOT) * _DOT, 92 * mm)
    page.setFont("Helvetica", 12)
    page.drawCentredString(_WIDTH / 2, 86 * mm, number)
    page.line(3 * mm, 83 * mm, _WIDTH - 3 * mm, 83 * mm)
    _party(page, 77 * mm, "收", order, 2, 12)
    page.line(3 * mm, 50 * mm, _WIDTH - 3 * mm, 50 * mm)
    _party(page, 45 * mm, "寄", order, 1, 8)
    page.line(3 * mm, 27 * mm, _WIDTH - 3 * mm, 27 * mm)
    page.setFont(_SONG, 9)
    for service in order.message.get("serviceList") or []:
        if service.get("name") == "COD":
            page.drawString(4 * mm, 21 * mm, f"代收货款 ¥{service.get('value')}")
    goods = "，".join(f"{item.get('name', '')}×{item.get('count', 1)}" for item in order.message.get("cargoDetails") or [])
    page.drawString(4 * mm, 14 * mm, goods[:22])
    page.setFont("Helvetica", 8)
    page.drawString(4 * mm, 6 * mm, order.order_id[:44])
    page.showPage()
    page.save()
    return out.getvalue()


def _party(page: Canvas, top: float, mark: str, order: Order, kind: int, size: int) -> None:
    contact = order.contact(kind)
    page.setFont(_SONG, size)
    phone = contact.get("mobile") or contact.get("tel") or ""
    page.drawString(4 * mm, top, f"{mark}  {contact.get('contact', '')}  {phone}")
    place = "".join(str(contact.get(part) or "") for part in ("province", "city", "county", "address"))
    per_line = int((_WIDTH - 14 * mm) / size)
    for row, start in enumerate(range(0, min(len(place), per_line * 3), per_line)):
        page.drawString(10 * mm, top - (row + 1) * (size + 3), place[start : start + per_line])
