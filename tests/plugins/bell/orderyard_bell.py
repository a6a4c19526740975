"""A bell for the team's chat: asks about big orders, guards what is packed, rings when a parcel leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from orderyard.core.fulfillment.api import ShipmentDispatched
from orderyard.core.host.api import Failed, Panel, PluginContext
from orderyard.core.kernel.errors import RemoteError, RemoteRejected
from orderyard.core.kernel.transport import Request
from orderyard.core.kernel.values import SettingField
from orderyard.core.orders.api import OrderCard, Transition
from orderyard.core.review.api import ReviewRule, Verdict
from orderyard.hookspecs import Manifest, hookimpl

SETTINGS = (SettingField("url", "Webhook address"), SettingField("token", "Token", secret=True))
manifest = Manifest(slug="bell", title="Dispatch bell", settings=SETTINGS)


class ManyUnits(ReviewRule):
    name = "bell_many_units"
    title = "Many units of one article"
    settings = (SettingField("limit", "Units", default="100"),)

    def judge(self, order: OrderCard) -> Verdict:
        most, limit = max(line.quantity for line in order.lines), int(self.config.get("limit", "100"))
        return Verdict(most <= limit, f"{most} units of one article, more than {limit}")


@hookimpl
def register_review_rules() -> Iterable[type[ReviewRule]]:
    return [ManyUnits]


@hookimpl
def object_to_transition(transition: Transition) -> str | None:
    unpacking = (transition.source, transition.target) == ("packed", "cancelled")
    return "it is packed: somebody must take the goods out first" if unpacking else None


@hookimpl
def on_shipment_dispatched(events: Sequence[ShipmentDispatched], context: PluginContext) -> Sequence[Failed]:
    failed = []
    for index, event in enumerate(events):
        headers = {"authorization": f"Bearer {context.settings['token']}", "idempotency-key": f"bell-{event.fo_id}"}
        body = json.dumps({"text": f"{event.number} left {event.warehouse} with {event.carrier} {event.waybill}"}).encode()
        try:
            answer = context.transport.send(Request("POST", context.settings["url"], headers, body))
            if answer.status >= 400:
                raise RemoteRejected(f"the chat answered {answer.status}")
            context.memory.put({f"order:{order_id}": event.waybill for order_id in event.order_ids})
        except RemoteError as error:
            failed.append(Failed(index, error))
    return failed


@hookimpl
def show_order_panels(order_id: int, context: PluginContext) -> Iterable[Panel]:
    rung = context.memory.get(f"order:{order_id}")
    return [Panel("Dispatch bell", (("rung for", rung, ""),))] if rung else []
