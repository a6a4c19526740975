"""Uploaded files of orders, row by row, and the columns a shop's files have."""

from __future__ import annotations

import peewee

from ...catalog.models import Shop
from ...kernel.db import JsonField, MomentField, Table
from ..models import Order


class ImportMapping(Table):
    """How a shop's files are read, as it was last time."""

    shop = peewee.ForeignKeyField(Shop, backref="+", unique=True)
    settings = JsonField()

    class Meta:
        table_name = "import_mapping"


class ImportFile(Table):
    """One uploaded file; the same bytes for the same shop are the same file."""

    shop = peewee.ForeignKeyField(Shop, backref="+")
    name = peewee.TextField()
    digest = peewee.TextField()
    """SHA-256 of the bytes, in hexadecimal."""
    header = JsonField()
    """Titles of the columns, as they stand in the file."""
    settings = JsonField()
    """The mapping it is read by."""
    state = peewee.TextField(default="storing", index=True)
    """`storing` until every row is in `import_row`, `running` while one of them waits, `finished`."""
    actor = peewee.TextField()
    """Who uploaded it, and so makes its orders."""
    created_at = MomentField()

    class Meta:
        table_name = "import_file"
        indexes = ((("shop", "digest"), True),)


class ImportRow(Table):
    """One row of a file, and what became of it."""

    file = peewee.ForeignKeyField(ImportFile, backref="rows", index=False)
    no = peewee.IntegerField()
    """As a spreadsheet counts: the header is row 1 where nothing stands above it."""
    number = peewee.TextField()
    """The external number it carries, normalised; empty where that is unreadable."""
    cells = peewee.TextField()
    """The cells as a JSON list of texts."""
    state = peewee.TextField(default="waiting")
    """`waiting`, `done`, `duplicate` or `failed`."""
    order = peewee.ForeignKeyField(Order, null=True, index=False, backref="+")
    problem = peewee.TextField(default="")
    """Why it failed: `D7 手机: … ; …`."""

    class Meta:
        table_name = "import_row"
        indexes = ((("file", "no"), True), (("file", "state", "no"), False))
