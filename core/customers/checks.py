"""Proof that merged customers are gone from everything but history."""

from __future__ import annotations

from ..kernel.checks import Check, RowCheck

tombstones = RowCheck(
    "a merged customer points at one who is there",
    "SELECT c.id, c.name, c.merged_into FROM customer c LEFT JOIN customer k ON k.id = c.merged_into"
    " WHERE c.merged_into IS NOT NULL AND (k.id IS NULL OR k.merged_into IS NOT NULL) ORDER BY c.id",
    "customer {id} ({name})",
    "was merged into {merged_into}, who does not exist or was merged away too",
    "find in the history of {id} who stands for it now",
)

identities = RowCheck(
    "nobody is recognised as a merged customer",
    "SELECT i.id, i.kind, c.id AS customer, c.merged_into FROM customer_identity i JOIN customer c ON c.id = i.customer_id"
    " WHERE c.merged_into IS NOT NULL ORDER BY i.id",
    "customer_identity {id} ({kind})",
    "belongs to customer {customer}, who was merged into {merged_into}",
    "give it to customer {merged_into}",
)

CHECKS: tuple[Check, ...] = (tombstones, identities)
