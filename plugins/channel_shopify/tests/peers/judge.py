"""Run inside the environment of PyPI's `shopifyapp`: judges pushes, and talks to the simulator as an app would.

Reads one JSON object from stdin, writes one to stdout.
"""

from __future__ import annotations

import json
import sys

import httpx
from shopify_app import ShopifyApp  # type: ignore[import-not-found]  # only there in an environment of its own


class ToSimulator(httpx.BaseTransport):
    """The library knows no other address than https://….myshopify.com."""

    def __init__(self, base: str) -> None:
        self.base = httpx.URL(base)
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self.base.host, port=self.base.port)
        return self.inner.handle_request(request)


def main() -> None:
    asked = json.load(sys.stdin)
    app = ShopifyApp(asked["client_id"], asked["secret"], asked["former"] or None)
    pushes = [
        app.verify_webhook_req({"method": "POST", "url": "/hook", "headers": push["headers"], "body": push["body"]}).ok
        for push in asked["pushes"]
    ]
    answer: dict[str, object] = {"pushes": pushes}
    if base := asked["base_url"]:
        with httpx.Client(transport=ToSimulator(base)) as client:
            given = app.exchange_using_client_credentials("demo", http_client=client)

            def ask(query: str, token: str) -> object:
                said = app.admin_graphql_request(
                    query, shop="demo", access_token=token, api_version="2026-07", http_client=client, max_retries=0
                )
                return said.data if said.ok else said.log.code

            answer["given"] = given.ok
            answer["shop"] = ask("{ shop { myshopifyDomain } }", given.access_token.token)
            answer["typo"] = ask("{ shop { mood } }", given.access_token.token)
            answer["stranger"] = ask("{ shop { name } }", "shpat_wrong")
            long_ago, far_off = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
            held = {"shop": "demo", "refresh_token": asked["refresh_token"], "expires": long_ago}
            fresh = app.refresh_token_exchanged_access_token(
                {**held, "refresh_token_expires": far_off, "access_mode": "offline"}, http_client=client
            )
            answer["refreshed"] = fresh.ok
            answer["fresh"] = ask("{ shop { name } }", fresh.access_token.token) if fresh.ok else None
            wrong = ShopifyApp(asked["client_id"], "wrong").exchange_using_client_credentials("demo", http_client=client)
            answer["wrong"] = wrong.ok
    json.dump(answer, sys.stdout)


main()
