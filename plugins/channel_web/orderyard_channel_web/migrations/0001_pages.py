"""Campaigns with their variants, orders by link source, counters that lose no increment. Moments are whole seconds."""

from typing import Any

TABLES = (
    """CREATE TABLE channel_web_campaign (
        code TEXT PRIMARY KEY, connection TEXT NOT NULL, title TEXT NOT NULL, words TEXT NOT NULL, pictures TEXT NOT NULL,
        currency TEXT NOT NULL, country TEXT NOT NULL, cod INTEGER NOT NULL, prepaid INTEGER NOT NULL, freight BIGINT NOT NULL,
        pay_words TEXT NOT NULL, pay_link TEXT NOT NULL, repeat_hours INTEGER NOT NULL, opens_at BIGINT NOT NULL,
        closes_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, made_at BIGINT NOT NULL, made_by TEXT NOT NULL)""",
    """CREATE TABLE channel_web_variant (
        campaign TEXT NOT NULL, place INTEGER NOT NULL, sku TEXT NOT NULL, title TEXT NOT NULL, price BIGINT NOT NULL,
        most INTEGER NOT NULL, PRIMARY KEY (campaign, place))""",
    """CREATE TABLE channel_web_order (
        external_id TEXT PRIMARY KEY, campaign TEXT NOT NULL, source TEXT NOT NULL, at BIGINT NOT NULL, units INTEGER NOT NULL,
        amount BIGINT NOT NULL)""",
    "CREATE INDEX channel_web_order_campaign ON channel_web_order (campaign)",
    """CREATE TABLE channel_web_phone (
        campaign TEXT NOT NULL, phone TEXT NOT NULL, external_id TEXT NOT NULL, at BIGINT NOT NULL,
        PRIMARY KEY (campaign, phone))""",
    """CREATE TABLE channel_web_count (
        campaign TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, count BIGINT NOT NULL,
        PRIMARY KEY (campaign, source, what))""",
    """CREATE TABLE channel_web_limit (
        kind TEXT NOT NULL, who TEXT NOT NULL, slot BIGINT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (kind, who, slot))""",
)


def up(migrator: Any, db: Any) -> None:
    for table in TABLES:
        db.execute_sql(table)
