"""Bazaar on loopback: the market's own books and its HTTP face. It shares nothing with the adapter that it judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import BuyerOrder, ChannelSimulator, ChannelTold, ShopItem

TOKEN = "bazaar-token-1"


class BazaarSimulator(ChannelSimulator):
    """The market with one shop on it."""

    name: ClassVar[str] = "channel_bazaar"
    currency: ClassVar[str] = "CNY"

    def open_shop(self, items: tuple[ShopItem, ...], webhooks: str = "") -> None:
        self._items = {
            f"V{number}": {"item": f"I{number}", "sku": item.sku, "title": item.title, "price": item.price.text, "shown": 0}
            for number, item in enumerate(items, 1)
        }
        self._orders: dict[str, dict[str, Any]] = {}
        self._parcels: dict[str, dict[str, dict[str, int]]] = {}
        self._keys: set[str] = set()
        self._updates = 0

    def settings(self) -> Mapping[str, str]:
        return {"address": self.base_url, "token": TOKEN}

    # what buyers and the market do

    def place(self, order: BuyerOrder) -> str:
        with self.lock:
            order_id = f"B{len(self._orders) + 1001}"
            lines = [self._line(order_id, no, sku, units) for no, (sku, units) in enumerate(order.lines, 1)]
            self._take_off(lines, order.discount)
            now = self.now().isoformat()
            total = sum((Decimal(line["paid"]) for line in lines), Decimal(order.freight) / 100)
            to = order.receiver
            self._orders[order_id] = {
                "id": order_id, "number": order_id, "status": "unpaid", "changed_at": now, "placed_at": now, "paid_at": None,
                "currency": "CNY", "lines": lines, "freight": _yuan(order.freight), "total": f"{total:.2f}", "paid": "0.00",
                "refunded": "0.00", "buyer": {"id": f"buyer-{order.buyer}", "name": to.name, "email": order.email},
                "address": {
                    "country": to.country, "province": to.province, "city": to.city, "district": to.district,
                    "street": to.detail, "name": to.name, "phone": to.phone,
                },
                "cash_on_delivery": order.cod, "message": order.message, "note": order.memo, "hold": "",
            }  # fmt: skip
            self._parcels[order_id] = {}
            if order.cod:
                self._orders[order_id]["status"] = "paid"
            elif order.paid:
                self.pay(order_id)
            return order_id

    def _line(self, order_id: str, no: int, sku: str, units: int) -> dict[str, Any]:
        there = next((key for key, item in self._items.items() if item["sku"] == sku), "")
        item = self._items[there] if there else {"item": "I0", "sku": sku, "title": sku, "price": "10.00"}
        return {
            "id": f"{order_id}-{no}", "item": item["item"], "variant": there or "V0", "sku": item["sku"],
            "title": item["title"], "quantity": units, "price": item["price"],
            "paid": f"{Decimal(item['price']) * units:.2f}", "cancelled": 0, "sent": 0, "refund_asked": False,
        }  # fmt: skip

    def _take_off(self, lines: list[dict[str, Any]], discount: int) -> None:
        """The market takes a discount off its first line, as far as that goes."""
        left = Decimal(discount) / 100
        for line in lines:
            off = min(left, Decimal(line["paid"]))
            line["paid"], left = f"{Decimal(line['paid']) - off:.2f}", left - off

    def _change(self, order_id: str, **changes: Any) -> None:
        self._orders[order_id] |= {"changed_at": self.now().isoformat(), **changes}

    def pay(self, order_id: str) -> None:
        with self.lock:
            order = self._orders[order_id]
            self._change(order_id, status="paid", paid=order["total"], paid_at=self.now().isoformat())

    def refund(self, order_id: str) -> None:
        with self.lock:
            order = self._orders[order_id]
            for line in order["lines"]:
                line["cancelled"] = line["quantity"]
            self._change(order_id, status="cancelled", refunded=order["paid"])

    def hold(self, order_id: str) -> None:
        with self.lock:
            self._change(order_id, hold="the market looks into this order")

    def release(self, order_id: str) -> None:
        with self.lock:
            self._change(order_id, hold="")

    def push(self, order_id: str) -> int:
        return 0

    def told(self) -> ChannelTold:
        with self.lock:
            sent = {order_id: tuple(parcels) for order_id, parcels in self._parcels.items() if parcels}
            stock = {item["sku"]: item["shown"] for item in self._items.values()}
            return ChannelTold(len(self._orders), sent, sum(map(len, sent.values())), stock, self._updates)

    # the HTTP face

    def operation(self, request: Request) -> str:
        return f"{request.method} {request.path.split('/')[-1] if request.path.count('/') > 2 else request.path.split('/')[1]}"

    def handle(self, request: Request) -> Response:
        if self.chaos.strikes("too_many", self.operation(request)):
            return Response("slow down", 429, {"Retry-After": "7"})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}" or self.chaos.strikes("expire", self.operation(request)):
            return _json({"error": "bad_token"}, 401)
        match [request.method, *request.path.strip("/").split("/")]:
            case ["GET", "orders"]:
                return self._list(request.args)
            case ["GET", "orders", order_id] if order_id in self._orders:
                return _json(self._orders[order_id])
            case ["GET", "orders", order_id, "parcels"] if order_id in self._orders:
                return _json(list(self._parcels[order_id]))
            case ["POST", "orders", order_id, "parcels"] if order_id in self._orders:
                return self._send(order_id, json.loads(request.data))
            case ["PUT", "stock"]:
                return self._show(json.loads(request.data))
            case ["GET", "items"]:
                return self._offered(request.args)
        return _json({"error": "no_such_thing"}, 404)

    def _list(self, asked: Mapping[str, str]) -> Response:
        """Changes of a span of time, the oldest first; `next` goes on behind the last one, whatever changes meanwhile."""
        since, until = datetime.fromisoformat(asked["from"]), datetime.fromisoformat(asked["to"])
        rows = sorted(
            (order["changed_at"], order["id"])
            for order in self._orders.values()
            if since <= datetime.fromisoformat(order["changed_at"]) < until
        )
        if "after" in asked:
            rows = [row for row in rows if f"{row[0]}/{row[1]}" > asked["after"]]
        page = rows[: int(asked["limit"])]
        following = f"{page[-1][0]}/{page[-1][1]}" if len(rows) > len(page) else None
        return _json({"orders": [{"id": id_, "changed_at": at} for at, id_ in page], "next": following})

    def _send(self, order_id: str, said: Mapping[str, Any]) -> Response:
        order, parcels = self._orders[order_id], self._parcels[order_id]
        if said["number"] in parcels or said["key"] in self._keys:
            return _json({"sent": True})
        lines = {line["id"]: line for line in order["lines"]}
        for line_id, units in said["lines"].items():
            line = lines.get(line_id)
            if line is None or units > line["quantity"] - line["cancelled"] - line["sent"]:
                return _json({"error": "nothing_left_to_send", "line": line_id}, 409)
        for line_id, units in said["lines"].items():
            lines[line_id]["sent"] += units
        parcels[said["number"]] = dict(said["lines"])
        self._keys.add(said["key"])
        rest = any(line["quantity"] > line["cancelled"] + line["sent"] for line in order["lines"])
        self._change(order_id, status="partly_sent" if rest else "sent")
        return _json({"sent": True})

    def _show(self, said: Mapping[str, int]) -> Response:
        known = [variant for variant in said if variant in self._items]
        for variant in known:
            self._items[variant]["shown"] = said[variant]
        self._updates += len(known)
        return _json({"unknown": [variant for variant in said if variant not in self._items]})

    def _offered(self, asked: Mapping[str, str]) -> Response:
        ids = [key for key in sorted(self._items) if key > asked["after"]]
        page = ids[: int(asked["limit"])]
        rows = [{"variant": key, **self._items[key]} for key in page]
        return _json({"items": rows, "next": page[-1] if len(ids) > len(page) else None})


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"


def _json(said: Any, status: int = 200) -> Response:
    return Response(json.dumps(said, ensure_ascii=False), status, content_type="application/json")
