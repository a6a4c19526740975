"""The engine of sales channels: everything that goes on between the house and its platforms."""

from __future__ import annotations

from ..host.plugins import Plugins
from ..host.sealing import Seal
from ..kernel.transport import Transport
from ..kernel.uow import Installation
from .accounts import Accounts
from .errands import Errands
from .feeds import Feeds
from .proofs import Proofs
from .publishing import Publishing
from .telling import Telling
from .upkeep import Upkeep


class ChannelEngine:
    """One of each part, all of the same accounts; the network is never touched inside a transaction by any of them."""

    def __init__(self, installation: Installation, plugins: Plugins, seal: Seal, transport: Transport) -> None:
        self.accounts = Accounts(installation, plugins, seal, transport)
        self.feeds = Feeds(self.accounts)
        self.telling = Telling(self.accounts)
        self.publishing = Publishing(self.accounts)
        self.upkeep = Upkeep(self.accounts)
        self.proofs = Proofs(self.accounts)
        self.errands = Errands(self.accounts, self.feeds)
