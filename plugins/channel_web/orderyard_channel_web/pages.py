"""All pages on one blueprint: for staff, for buyers, and for buyers who come back."""

from __future__ import annotations

from flask import Blueprint

from . import buying, caring, staff

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
for room in (staff, buying, caring):
    room.mount(pages)
