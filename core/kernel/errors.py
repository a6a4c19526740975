"""Everything that can go wrong, as one tree.

* OrderyardError
  x DomainError            the request breaks a rule; a person can fix it
    + IllegalTransition    a document cannot go from this state to that one
    + StockShort           fewer units are free than were asked for
    + Unbalanced           debit and credit of an entry differ
    + PeriodClosed         the ledger period no longer takes entries
    + Duplicate            the same thing was already done under this key
    + Stale                somebody else changed the document in between
  x PluginError            a plugin is wrong; it is switched off, the rest goes on
    + BadManifest          its manifest does not hold together
    + ApiMismatch          it was written for another major version of the contract
    + NameTaken            another plugin already registered this name
    + TableMisnamed        its tables do not start with its slug
  x RemoteError            the only exceptions an adapter may raise
    + RemoteUnavailable    it certainly did not happen; try again later
      - RateLimited        try again after a stated time
    + OutcomeUnknown       it may have happened: find by key before repeating
    + CredentialsRefused   pause the connection and tell a person
    + RemoteRejected       never retry; show the remote's reason
    + RemoteNotUnderstood  the remote changed its format; keep the raw answer
"""

from __future__ import annotations


class OrderyardError(Exception):
    """Root of the tree: `what` happened to what, and `remedy`, what to do now."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


class DomainError(OrderyardError):
    """The request breaks a rule of the business; nothing was written."""


class IllegalTransition(DomainError):
    """A document cannot go from `source` to `target`."""

    def __init__(self, document: str, source: str, target: str, *, remedy: str = "") -> None:
        super().__init__(f"{document} cannot go from {source} to {target}", remedy=remedy)
        self.document = document
        self.source = source
        self.target = target


class StockShort(DomainError):
    """Fewer units are free than were asked for."""

    def __init__(self, sku: str, wanted: int, free: int, *, remedy: str = "") -> None:
        super().__init__(f"{sku}: {wanted} wanted, {free} free", remedy=remedy)
        self.sku = sku
        self.wanted = wanted
        self.free = free


class Unbalanced(DomainError):
    """Debit and credit of an entry differ."""


class PeriodClosed(DomainError):
    """The ledger period no longer takes entries."""


class Duplicate(DomainError):
    """The same thing was already done under this key."""


class Stale(DomainError):
    """Somebody else changed the document in between; read it again."""


class PluginError(OrderyardError):
    """A plugin is wrong; it is switched off and the rest goes on."""


class BadManifest(PluginError):
    """The manifest does not hold together."""


class ApiMismatch(PluginError):
    """The plugin was written for another major version of the contract."""


class NameTaken(PluginError):
    """Another plugin already registered this name."""


class TableMisnamed(PluginError):
    """A plugin's table does not start with its slug."""


class RemoteError(OrderyardError):
    """Something on the other side; `code` is the remote's own, `raw` its answer for a person to read."""

    def __init__(self, what: str, *, code: str = "", raw: str = "", remedy: str = "") -> None:
        super().__init__(what, remedy=remedy)
        self.code = code
        self.raw = raw


class RemoteUnavailable(RemoteError):
    """It certainly did not happen; trying again later is safe."""


class RateLimited(RemoteUnavailable):
    """The remote asks for patience: `seconds` until it will listen again.

    `scope` says who has to wait: `call` this kind of call only, `shop` everything on this connection, `app` every
    connection of the same adapter.
    """

    def __init__(
        self, what: str, *, seconds: float, code: str = "", raw: str = "", remedy: str = "", scope: str = "shop"
    ) -> None:
        super().__init__(what, code=code, raw=raw, remedy=remedy)
        self.seconds = seconds
        self.scope = scope


class OutcomeUnknown(RemoteError):
    """The request went out and no answer came back: look it up by its key before repeating it."""


class CredentialsRefused(RemoteError):
    """The remote no longer knows us; only a person can mend that."""


class RemoteRejected(RemoteError):
    """The remote understood and refused; repeating changes nothing."""


class RemoteNotUnderstood(RemoteError):
    """The remote said something we cannot read; the raw answer is kept and read again after a fix."""
