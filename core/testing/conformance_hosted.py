"""What every shop must do that a plugin keeps on pages of its own, as tests that the plugin inherits.

A plugin's whole test of the contract says how its pages write a document:

    class TestKiosk(HostedConformance):
        plugin = orderyard_kiosk
        adapter = Kiosk

        def document(self, number: int, at: datetime, units: Mapping[str, int]) -> tuple[str, bytes]:
            return f"K{number}", json.dumps({"id": f"K{number}", …}).encode()

There is no vendor, so there is no simulator, no secret and no rate limit to test: what ChannelConformance asks of a wire is
asked here of the desk, on both engines, with a network that answers nobody. Set `sends` to false where goods change hands in
the shop and nothing is shipped; `settings` to what the connection needs.
"""

from __future__ import annotations

import inspect
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ..channels.api import Channel, ChannelOrder, Window, check
from ..connections.service import connect
from ..hosted.api import Delivered, Desk
from ..kernel.errors import RemoteNotUnderstood, RemoteRejected
from ..orders.api import ReviewState
from ..review.decisions import approve
from .builders import House, open_house
from .databases import Databases
from .public_names import private_imports
from .scripted import ScriptedTransport


class HostedConformance:
    """The cases. See the module for how to use it."""

    plugin: ClassVar[Any]
    """The module with the manifest and the hooks."""
    adapter: ClassVar[type[Channel]]
    settings: ClassVar[Mapping[str, str]] = {}
    sends: ClassVar[bool] = True

    def document(self, number: int, at: datetime, units: Mapping[str, int]) -> tuple[str, bytes]:
        """The shop's id and the raw document of an order of these SKUs; the same for the same arguments."""
        raise NotImplementedError("write `document`: what your pages hand in")

    @pytest.fixture
    def stand(self, databases: Databases, tmp_path: Path) -> Iterator[House]:
        """A merchant with stock and one connection of the channel."""
        with open_house(databases, tmp_path, plugins={self.plugin.manifest.slug: self.plugin}) as house:
            with house.work() as uow:
                connect(
                    uow, house.system.seal, code="hosted", kind="channel", adapter=self.adapter.name,
                    shop_id=house.shops["cn"].id, fields=self.adapter.settings, settings=dict(self.settings),
                )  # fmt: skip
            house.receive("SH", TEE=20, CAP=20)
            yield house

    @pytest.fixture
    def desk(self, stand: House) -> Desk:
        return stand.hosted(self.plugin.manifest.slug).desk("hosted")

    @pytest.fixture
    def channel(self) -> Channel:
        return self.adapter(dict(self.settings), ScriptedTransport())

    @pytest.fixture(params=["UTC", "Asia/Shanghai"])
    def machine_zone(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """The case runs once with the machine set to each zone."""
        with monkeypatch.context() as patch:
            patch.setenv("TZ", request.param)
            time.tzset()
            yield request.param
        time.tzset()

    AT: ClassVar[datetime] = datetime.fromisoformat("2026-11-22T04:00:00+00:00")

    # what it reads

    def test_a_document_is_read_whole_and_always_the_same(self, channel: Channel) -> None:
        external_id, body = self.document(1, self.AT, {"TEE": 2, "CAP": 1})
        order = channel.read(body)
        check(order)
        assert order == channel.read(body)
        assert (order.external_id, order.version) == (external_id, self.AT)
        assert order.number
        assert {line.listing.merchant_code: line.quantity for line in order.lines} == {"TEE": 2, "CAP": 1}
        assert all(line.external_id and line.listing.item_id and line.title for line in order.lines)
        assert order.buyer.external_id

    @pytest.mark.usefixtures("machine_zone")
    def test_the_zone_of_the_machine_changes_nothing(self, channel: Channel) -> None:
        order = channel.read(self.document(1, self.AT, {"TEE": 1})[1])
        assert (order.version, order.placed_at) == (self.AT, self.AT)

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b"[" * 20_000, b'{"id": 1e999}'])
    def test_what_is_no_document_is_not_understood(self, channel: Channel, body: bytes) -> None:
        with pytest.raises(RemoteNotUnderstood):
            channel.read(body)

    def test_a_document_with_anything_else_in_it_is_read_or_not_understood(self, channel: Channel) -> None:
        said = json.loads(self.document(1, self.AT, {"TEE": 1})[1])
        for broken in _broken(said):
            try:
                order: ChannelOrder = channel.read(json.dumps(broken).encode())
                check(order)
            except RemoteNotUnderstood:
                continue
            assert isinstance(order.external_id, str)

    # what it does not do

    def test_there_is_nothing_to_pull_and_nobody_to_ask(self, channel: Channel) -> None:
        assert channel.ability.hosted, "say Ability(hosted=True): nothing is pulled"
        page = channel.pull(Window(self.AT - timedelta(days=1), self.AT))
        assert (page.found, page.cursor) == ((), None)
        with pytest.raises(RemoteRejected):
            channel.fetch("nothing")

    # what the desk makes of it

    def test_a_document_is_one_order_however_often_it_comes(self, stand: House, desk: Desk) -> None:
        external_id, body = self.document(1, stand.environment.now(), {"TEE": 2})
        told = desk.deliver(body)
        assert told.verdict == "effective", told.reason
        assert desk.deliver(body) == told
        assert desk.delivered(external_id) == told
        assert [(line.sku, line.quantity) for line in self._bought(desk, external_id).lines] == [("TEE", 2)]
        stand.prove()

    def test_sent_twice_at_the_same_moment_it_is_one_order(self, stand: House, desk: Desk) -> None:
        _, body = self.document(1, stand.environment.now(), {"TEE": 1})
        answers = _at_once(stand, lambda: desk.deliver(body))
        assert len({told.number for told in answers}) == 1, answers
        assert stand.db.row("SELECT COUNT(*) FROM sales_order") == (1,)
        stand.prove()

    def test_what_cannot_be_read_is_kept_for_a_person(self, stand: House, desk: Desk) -> None:
        told = desk.deliver(b"nonsense")
        assert (told.verdict, told.order_id) == ("parked", None)
        assert told.reason
        assert [(bytes(row[0]), row[1]) for row in stand.db.rows("SELECT body, verdict FROM inbox")] == [
            (b"nonsense", "parked")
        ]

    def test_an_unknown_sku_is_an_order_that_waits(self, stand: House, desk: Desk) -> None:
        told = desk.deliver(self.document(1, stand.environment.now(), {"NOBODY-KNOWS": 1})[1])
        assert told.verdict in ("effective", "parked")
        if told.order_id is not None:
            assert "sku_unmapped" in [code.value for code in stand.holds(told.order_id)]

    def test_what_left_is_told_to_nobody_and_done(self, stand: House, desk: Desk) -> None:
        if not self.sends:
            pytest.skip("nothing is shipped here: goods change hands in the shop")
        external_id, body = self.document(1, stand.environment.now(), {"TEE": 1})
        told = desk.deliver(body)
        assert told.order_id is not None, told.reason
        if stand.card(told.order_id).review is ReviewState.PENDING:
            with stand.work() as uow:
                approve(uow, told.order_id, "its price is right")
        [fo] = stand.fos(told.order_id)
        number = stand.ship(fo)
        stand.system.worker.drain()
        assert stand.db.rows("SELECT number, state FROM shipment_notice") == [(number, "done")]
        [parcel] = self._bought(desk, external_id).parcels
        assert parcel.number == number
        stand.prove()

    def _bought(self, desk: Desk, external_id: str) -> Any:
        order = desk.order(external_id)
        assert order is not None, f"{external_id} did not become an order"
        return order

    # what it is

    def test_it_names_itself_and_works_with_the_settings_it_needs(self) -> None:
        slug = self.plugin.manifest.slug
        assert self.adapter.name.startswith(slug)
        assert self.adapter.title
        needed = {field.name for field in self.adapter.settings if field.required and not field.default}
        assert needed <= set(self.settings), "say in `settings` what the connection needs"

    def test_the_package_imports_public_names_only(self) -> None:
        assert private_imports(Path(inspect.getfile(self.adapter)).parent) == []


def _broken(said: Any) -> Iterator[Any]:
    """The document without each of its parts, and with nonsense in the place of each."""
    for key in said:
        yield {name: value for name, value in said.items() if name != key}
        for nonsense in (None, [], {}, "", "?" * 300, -1, 10**30, 1.5, True, [None], {"x": 1}):
            yield {**said, key: nonsense}
        if isinstance(said[key], dict):
            yield from ({**said, key: inner} for inner in _broken(said[key]))
        if isinstance(said[key], list) and said[key] and isinstance(said[key][0], dict):
            yield from ({**said, key: [inner]} for inner in _broken(said[key][0]))


def _at_once(stand: House, deliver: Callable[[], Delivered]) -> list[Delivered]:
    """What two callers are told who come at the same moment."""
    gate, answers, errors = threading.Barrier(2), list[Delivered](), list[BaseException]()

    def call() -> None:
        try:
            gate.wait(10)
            answers.append(deliver())
        except BaseException as error:
            errors.append(error)
        finally:
            stand.db.release()

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert errors == []
    return answers
