"""Visits, counted by page."""


def up(migrator, db):
    db.execute_sql("CREATE TABLE kiosk_visit (page TEXT PRIMARY KEY, count INTEGER NOT NULL)")
