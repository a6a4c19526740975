"""Keeping accounts usable: grants of access that are given and renewed, pushes that stay subscribed, who we are there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ..connections.service import ConnectionFacts, begin_renewal, connection, keep_grant, renewable
from ..host.sealing import SealError, place
from ..kernel.errors import DomainError
from .accounts import Accounts
from .api import Authorises, Channel, KeepsSubscriptions, TellsWhoItIs

_CONSENT = timedelta(minutes=30)
"""So long a seller may take on the platform's page of consent."""


def _consent_of(facts: ConnectionFacts) -> str:
    """What a question for access is sealed for: an answer to another connection's does not open."""
    return place("connection", facts.code, "consent")


class Upkeep:
    """Sees to access and subscriptions."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._installation = accounts.installation

    # access

    def consent_page(self, facts: ConnectionFacts, back: str, asker: str = "") -> str:
        """The platform's page on which the seller gives us access; `back` is where it sends the browser then.

        Only the answer that `asker` brings back is taken.
        """
        asked = f"{self._installation.environment.now().isoformat()} {asker}"
        return self._authorising(facts).consent_page(back, self._accounts.seal.seal(_consent_of(facts), asked))

    def exchange(self, code: str, answer: Mapping[str, str], back: str, asker: str = "") -> None:
        """The seller came back with an answer: keep the grant behind it. Refused when it is not the answer to our question."""
        facts = connection(self._installation.db, code)
        try:
            moment, _, person = self._accounts.seal.open(_consent_of(facts), answer.get("state", "")).partition(" ")
            asked = datetime.fromisoformat(moment)
        except SealError:
            raise DomainError(
                f"this answer does not belong to a question of connection {facts.code}", remedy="ask for access once more"
            ) from None
        if person != asker:
            raise DomainError(
                f"somebody else asked for access of connection {facts.code}", remedy="ask for access yourself, then come back"
            )
        if self._installation.environment.now() - asked > _CONSENT:
            raise DomainError(f"the question of connection {facts.code} is too old", remedy="ask for access once more")
        grant = self._authorising(facts).exchange(answer, back)
        kind = self._accounts.kind(facts)
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            keep_grant(uow, self._accounts.seal, facts, kind.settings, grant.settings, grant.expires_at)

    def _authorising(self, facts: ConnectionFacts) -> Authorises:
        channel = self._accounts.channel(facts, waited_for=True)
        if not isinstance(channel, Authorises):
            raise DomainError(f"{channel.title} knows no page of consent", remedy="type the access data in instead")
        return channel

    def renew_all(self) -> list[str]:
        """Renew what ends soon, each grant by one of all processes alone; the codes of those that were."""
        now = self._installation.environment.now()
        renewed = []
        for facts in self._accounts.ready("renew"):
            if not renewable(self._installation.db, facts.id, now):
                continue
            try:
                channel = self._accounts.channel(facts)
                if not isinstance(channel, Authorises):
                    continue
                with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                    if not begin_renewal(uow, facts.id):
                        continue
                grant = channel.renew()
                if grant is None:
                    continue
                kind = self._accounts.kind(facts)
                with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                    keep_grant(uow, self._accounts.seal, facts, kind.settings, grant.settings, grant.expires_at)
                renewed.append(facts.code)
            except Exception as error:
                self._accounts.troubled(facts, error, "renew")
        return renewed

    # pushes and tests

    def subscribe(self, facts: ConnectionFacts, address: str) -> list[str]:
        """Have the platform push to `address`, and see to it from now on; the topics that had to be mended."""
        channel = self._accounts.channel(facts, waited_for=True)
        if not isinstance(channel, KeepsSubscriptions):
            return []
        mended = list(channel.subscribe(address))
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            uow.db.change("UPDATE connection SET push_address = ? WHERE id = ?", (address, facts.id))
        return mended

    def subscribe_all(self) -> dict[str, list[str]]:
        """Mend what platforms forgot since they were told where to push; the topics, by connection."""
        return self._accounts.side_by_side("subscribe", self._resubscribe)

    def _resubscribe(self, facts: ConnectionFacts) -> list[str] | None:
        channel = self._accounts.channel(facts)
        if not facts.push_address or not isinstance(channel, KeepsSubscriptions):
            return None
        mended = list(channel.subscribe(facts.push_address))
        if mended:
            with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
                uow.note("subscribed", "connection", facts.id, ", ".join(mended))
        return mended

    def who(self, facts: ConnectionFacts) -> str:
        """Whose account the credentials open, in the platform's words; raises what went wrong."""
        channel: Channel = self._accounts.channel(facts, waited_for=True)
        if isinstance(channel, TellsWhoItIs):
            return channel.who()
        raise DomainError(f"{channel.title} cannot be asked who we are", remedy="pull once, and see what comes")
