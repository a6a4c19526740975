"""Which hidden receivers are one person at one door: only the platform knows, so it is asked before parcels leave apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..connections.service import ConnectionFacts
from ..fulfillment.doors import share_door
from ..fulfillment.merging import EARLY
from ..fulfillment.states import quoted
from .accounts import Accounts
from .api import MaskedDoor, ProvesSameDoor


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An order whose parcel may wait for another, and what is to be seen of its receiver."""

    external_id: str
    address_id: int
    token: str
    merge_key: str
    asked: bool
    seen: tuple[str, ...]


class Proofs:
    """Asks platforms which of their masked receivers are the same, once for each order and address."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._installation = accounts.installation

    def prove_all(self) -> dict[str, int]:
        """Ask every platform that can tell; how many orders it put together with others, by connection."""
        return self._accounts.side_by_side("proofs", self.prove)

    def prove(self, facts: ConnectionFacts) -> int:
        """Ask about orders that look alike and were not asked about yet; those that do not are never merged anyway."""
        channel = self._accounts.channel(facts)
        if not isinstance(channel, ProvesSameDoor):
            return 0
        together = 0
        for alike in self._alike(facts, max(2, channel.doors_at_once)):
            proven = channel.same_doors([MaskedDoor(one.external_id, one.token) for one in alike])
            by_id = {one.external_id: one for one in alike}
            groups = [[by_id[name] for name in dict.fromkeys(group) if name in by_id] for group in proven]
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                for group in groups:
                    if len(group) > 1:
                        share_door(uow, [one.merge_key for one in group], f"proven by {facts.code}")
                        together += len(group)
                for one in alike:
                    uow.db.change(
                        "UPDATE channel_order SET asked_address_id = ? WHERE connection_id = ? AND external_id = ?",
                        (one.address_id, facts.id, one.external_id),
                    )
        return together

    def _alike(self, facts: ConnectionFacts, most: int) -> Iterator[list[_Waiting]]:
        """Orders of one shown name, number and region, under different tokens, one of them at least new; so many at once."""
        db = self._installation.db
        with db.connection():
            rows = db.rows(
                "SELECT d.external_id, a.id, a.privacy_token, a.merge_key, d.asked_address_id, a.country, a.province, "
                "a.city, a.district, a.name, a.phone FROM channel_order d JOIN sales_order o ON o.id = d.order_id "
                "JOIN postal_address a ON a.id = o.address_id WHERE d.connection_id = ? AND a.privacy_token <> '' "
                "AND NOT o.sealed AND EXISTS (SELECT 1 FROM fo_line x JOIN fulfillment_order f ON f.id = x.fo_id "
                f"WHERE x.order_id = o.id AND f.state IN ({quoted(EARLY)}) AND f.address_id = a.id) ORDER BY o.id",
                (facts.id,),
            )
        groups: dict[tuple[str, ...], list[_Waiting]] = {}
        for external_id, address_id, token, merge_key, asked, *seen in rows:
            one = _Waiting(external_id, address_id, token, merge_key, asked == address_id, tuple(seen))
            groups.setdefault(one.seen, []).append(one)
        for group in groups.values():
            # Equal tokens are one door already: one order speaks for all of them, a new one where there is any.
            doors: dict[str, _Waiting] = {}
            for one in sorted(group, key=lambda one: one.asked):
                doors.setdefault(one.merge_key, one)
            speakers = list(doors.values())
            if len(speakers) > 1 and not all(one.asked for one in speakers):
                for start in range(0, len(speakers) - 1, most - 1):
                    # The first one stands in every question, so that what belongs together meets.
                    yield [speakers[0], *speakers[start + 1 : start + most]]
