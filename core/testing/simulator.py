"""The base of every vendor simulator: a WSGI server on loopback with chaos switches.

A simulator speaks the vendor's wire protocol as the vendor does and shares no code with the adapter it judges. The demo
and the tests drive it through the small neutral methods of the subclasses below; what it was *told* is the truth that
the demo's own figures are held against.
"""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ..kernel.clock import Environment as Environment  # public from here: a simulator's constructor takes one
from ..kernel.clock import SystemEnvironment as SystemEnvironment
from ..kernel.values import Address, Money


class Chaos:
    """Switches for trouble: each named trouble is armed for a number of calls, of one operation or of any.

    `lose_answer` does the work and then drops the connection; `too_many` answers with the vendor's rate limit instead
    of working; `duplicate` makes the vendor's own push come twice, and a listing name a document twice; `reorder` turns a
    page, a batch of messages or the pushes of one change round; `delay` leaves the newest change out of a listing once;
    `expire` says that the token has ended; `half` does every other part of a batch and refuses the rest; `clock` gives the
    moments of an answer eight hours off where the vendor states a zone. A simulator asks `strikes(trouble, operation)`; one
    that cannot have a trouble leaves it armed.
    """

    TROUBLES: ClassVar[tuple[str, ...]] = (
        "lose_answer", "too_many", "duplicate", "reorder", "delay", "expire", "half", "clock",
    )  # fmt: skip

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: dict[tuple[str, str], int] = {}
        self.struck: list[tuple[str, str]] = []

    def arm(self, trouble: str, times: int = 1, operation: str = "") -> None:
        """The next `times` calls (of `operation`; empty means any) meet this trouble."""
        if trouble not in self.TROUBLES:
            raise ValueError(f"unknown trouble {trouble!r}; one of {', '.join(self.TROUBLES)}")
        with self._lock:
            self._armed[trouble, operation] = times

    def strikes(self, trouble: str, operation: str) -> bool:
        """Whether this call meets the trouble; counts it off."""
        with self._lock:
            for key in ((trouble, operation), (trouble, "")):
                if self._armed.get(key, 0) > 0:
                    self._armed[key] -= 1
                    self.struck.append((trouble, operation))
                    return True
        return False


class _Quiet(WSGIRequestHandler):
    """Keep-alive as the vendors have it, and no line on stderr for each request."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        return


class Simulator(ABC):
    """One vendor, on loopback. `handle` answers requests; it runs on several threads, under `self.lock`."""

    name: ClassVar[str]
    """The adapter it stands in for (a channel's, carrier's or plugin's registered name)."""

    def __init__(self, environment: Environment | None = None) -> None:
        self.environment: Environment = environment or SystemEnvironment()
        self.chaos = Chaos()
        self.lock = threading.RLock()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def handle(self, request: Request) -> Response:
        """The vendor's answer."""

    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What a connection (or the plugin) needs as settings to talk to this simulator; only while it runs."""

    def operation(self, request: Request) -> str:
        """The vendor's name for what a request asks, for the chaos switches; the path unless overridden."""
        return request.path

    def now(self) -> datetime:
        return self.environment.now()

    @property
    def base_url(self) -> str:
        if self._server is None:
            raise RuntimeError(f"simulator {self.name} is not running; call start() first")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, port: int = 0) -> str:
        """Listen on loopback (a free port unless told otherwise); returns the base address."""
        self._server = make_server("127.0.0.1", port, self._application, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(0.02,),  # how long stop() may wait
            name=f"simulator-{self.name}",
            daemon=True,
        )
        self._thread.start()
        return self.base_url

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            if self._thread is not None:
                # The server thread closes the socket too; until it has, a caller could still be let in.
                self._thread.join()
            self._server.server_close()
            self._server = None

    def _application(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        operation = self.operation(request)
        with self.lock:
            response = self.handle(request)
        if self.chaos.strikes("lose_answer", operation):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("the answer is lost on purpose")  # which the server takes without a word
        return response(environ, start_response)


# What a demo or a test can say to any channel, carrier or CRM without knowing its protocol


@dataclass(frozen=True, slots=True)
class ShopItem:
    """Something the merchant offers on a channel; `sku` is typed in there as the merchant code."""

    sku: str
    title: str
    price: Money
    barcode: str = ""
    options: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BuyerOrder:
    """What a buyer orders. A line is (merchant code, units); a code the shop does not offer becomes an unmapped item."""

    buyer: str
    receiver: Address
    lines: tuple[tuple[str, int], ...]
    email: str = ""
    freight: int = 0
    """Minor units of the shop's currency."""
    discount: int = 0
    """Minor units off the goods, shared over the lines by the platform."""
    message: str = ""
    memo: str = ""
    cod: bool = False
    paid: bool = True


@dataclass(frozen=True, slots=True)
class ChannelTold:
    """What a channel was told by us, by its own books."""

    orders: int
    """Orders the shop holds."""
    shipments: Mapping[str, tuple[str, ...]]
    """Order id -> waybill numbers confirmed for it."""
    confirmations: int
    """Shipment calls it accepted (a repeated one that changed nothing is not counted)."""
    stock: Mapping[str, int]
    """Merchant code -> the number shown to buyers."""
    stock_updates: int
    """Stock figures it accepted, one per listing and call."""


class ChannelSimulator(Simulator):
    """A platform with one shop on it."""

    currency: ClassVar[str]

    @abstractmethod
    def open_shop(self, items: tuple[ShopItem, ...], webhooks: str = "") -> None:
        """Offer these items and no others, each showing 0; `webhooks` is the address its pushes go to, empty for none."""

    @abstractmethod
    def place(self, order: BuyerOrder) -> str:
        """A buyer orders now; the new order's id."""

    @abstractmethod
    def pay(self, order_id: str) -> None:
        """The buyer of an unpaid order pays now."""

    @abstractmethod
    def refund(self, order_id: str) -> None:
        """The whole paid order is refunded now, before anything shipped."""

    @abstractmethod
    def push(self, order_id: str) -> int:
        """Send the platform's own push about this order to the address of `open_shop`; how many answers were 2xx.

        With the trouble `duplicate` armed the same delivery goes out twice. A platform without pushes returns 0.
        """

    @abstractmethod
    def told(self) -> ChannelTold:
        """What it was told so far."""


@runtime_checkable
class HoldsOrders(Protocol):
    """A simulated platform that can forbid shipping an order for a while."""

    def hold(self, order_id: str) -> None:
        """The platform forbids shipping the order."""

    def release(self, order_id: str) -> None:
        """It lets go of the order again."""


@dataclass(frozen=True, slots=True)
class CarrierTold:
    """What a carrier was told by us."""

    waybills: Mapping[str, str]
    """Our key -> waybill number, live ones only."""
    bookings: int
    """Distinct bookings it accepted."""


class CarrierSimulator(Simulator):
    """A carrier."""

    @abstractmethod
    def advance(self, number: str, state: str) -> None:
        """The parcel reaches this TrackingState (by value) now."""

    @abstractmethod
    def told(self) -> CarrierTold:
        """What it was told so far."""


@dataclass(frozen=True, slots=True)
class CrmTold:
    """What a CRM holds."""

    contacts: Mapping[str, Mapping[str, str]]
    """Our external key -> properties."""
    deals: Mapping[str, Mapping[str, str]]


class CrmSimulator(Simulator):
    """A CRM."""

    @abstractmethod
    def told(self) -> CrmTold:
        """What it holds so far."""
