"""How a merchant gives us access to a shop, how it is kept, and who we then are there.

Shopify's own page of consent leads back with a code, and a proof over the whole query in its parameter `hmac`. Tokens of
public apps end after an hour and come with one that fetches the next; an app of the merchant's own organisation needs no
consent and is given tokens of a day for its secret (`client_credentials`).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlencode

from orderyard.core.channels.api import Grant
from orderyard.core.kernel.errors import CredentialsRefused, RateLimited, RemoteError, RemoteRejected, RemoteUnavailable
from orderyard.core.kernel.transport import Request, Response, Transport

from .node import Node, parse
from .wire import OWN_APP, AdminApi, base_url, renewable, retry_after, shop_domain

SCOPES = (
    "read_orders",
    "write_orders",
    "read_customers",
    "read_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_returns",
    "write_returns",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
)
"""What everything here needs."""

_FRESH = timedelta(days=1)
"""How old an answer may be, by clocks that may be wrong; the question's own age is kept by whoever asked it."""


def who(api: AdminApi) -> str:
    """The shop by name and domain, and what of the wanted access is missing."""
    data = api.read("shop", {})
    shop = data.node("shop")
    given = {scope.text("handle") for scope in data.node("currentAppInstallation").each("accessScopes")}
    missing = [scope for scope in SCOPES if not _granted(scope, given)]
    known = f"{shop.text('name')} ({shop.text('myshopifyDomain')}), {shop.text('currencyCode')}"
    return f"{known}; access is missing: {', '.join(missing)}" if missing else f"{known}; all access is there"


def _granted(scope: str, given: set[str]) -> bool:
    """Who may write may read, and is not told so separately."""
    return scope in given or scope.replace("read_", "write_", 1) in given


def consent_page(config: Mapping[str, str], back: str, state: str) -> str:
    """Shopify's page; for an app of the merchant's own organisation, which needs no consent, the way straight back."""
    client, _ = _app(config)
    if config.get("grant") == OWN_APP:
        return f"{back}?{urlencode({'state': state})}"
    _shop(config)
    asked = {"client_id": client, "scope": ",".join(SCOPES), "redirect_uri": back, "state": state}
    return f"{base_url(config)}/admin/oauth/authorize?{urlencode(asked)}"


def exchange(config: Mapping[str, str], transport: Transport, answer: Mapping[str, str]) -> Grant:
    """The grant behind the query with which the browser came back."""
    _, secret = _app(config)
    if config.get("grant") == OWN_APP:
        return _grant(config, transport, {"grant_type": OWN_APP})
    shop = _shop(config)
    stated = answer.get("hmac", "").encode("utf-8", "replace")
    proofs = [hmac.new(secret.encode(), said.encode(), "sha256").hexdigest().encode() for said in _said(answer)]
    if not any([hmac.compare_digest(proof, stated) for proof in proofs]):  # noqa: C419
        raise RemoteRejected("this answer was not made by Shopify", remedy="ask for access once more; check the client secret")
    if answer.get("shop", "").lower() != shop:
        raise RemoteRejected(
            f"access was given to {answer.get('shop')}, this connection is {shop}", remedy="log in to that shop"
        )
    moment = answer.get("timestamp", "")
    if not moment.isdecimal() or len(moment) > 12 or abs(transport.now() - datetime.fromtimestamp(int(moment), UTC)) > _FRESH:
        raise RemoteRejected("this answer is too old", remedy="ask for access once more")
    if not answer.get("code"):
        raise RemoteRejected("Shopify gave no access", remedy="ask once more, and agree on its page")
    return _grant(config, transport, {"code": answer["code"], "expiring": "1"})


def renew(config: Mapping[str, str], transport: Transport) -> Grant | None:
    """A fresh token for the one there is; None for one that does not end. The former lives until the new one is used."""
    if not renewable(config):
        return None
    if config.get("grant") == OWN_APP:
        return _grant(config, transport, {"grant_type": OWN_APP})
    return _grant(config, transport, {"grant_type": "refresh_token", "refresh_token": config["refresh_token"]})


def _said(answer: Mapping[str, str]) -> Iterator[str]:
    """What the proof is over. Shopify's own libraries write a value in two ways, which differ for unusual characters only."""
    pairs = sorted((name, value) for name, value in answer.items() if name != "hmac")
    yield "&".join(
        f"{name.replace('%', '%25').replace('&', '%26').replace('=', '%3D')}={value.replace('%', '%25').replace('&', '%26')}"
        for name, value in pairs
    )
    yield "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)


def _app(config: Mapping[str, str]) -> tuple[str, str]:
    client, secret = config.get("client_id", "").strip(), config.get("client_secret", "")
    if not client or not secret:
        raise CredentialsRefused("the app is not known yet", remedy="enter its client id and client secret first")
    return client, secret


def _shop(config: Mapping[str, str]) -> str:
    if not (shop := shop_domain(config)):
        raise CredentialsRefused("no shop is configured", remedy="write it as my-shop.myshopify.com")
    return shop


def _grant(config: Mapping[str, str], transport: Transport, asked: Mapping[str, str]) -> Grant:
    client, secret = _app(config)
    response = transport.send(
        Request(
            "POST",
            f"{base_url(config)}/admin/oauth/access_token",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=json.dumps({"client_id": client, "client_secret": secret, **asked}).encode(),
        )
    )
    if response.status != 200:
        raise _refusal(response, "code" in asked)
    said = parse(response.body)
    settings = {"access_token": said.text("access_token")}
    if said.has("refresh_token"):
        settings["refresh_token"] = said.text("refresh_token")
    ends = transport.now() + timedelta(seconds=said.number("expires_in")) if said.has("expires_in") else None
    return Grant(settings, ends)


def _refusal(response: Response, of_a_code: bool) -> RemoteError:
    """Nothing of the answer but the reason is quoted: it may repeat what was sent."""
    if response.status == 429:
        return RateLimited("Shopify asks for patience", seconds=retry_after(response), code="429")
    if response.status >= 500 or response.status == 408:
        return RemoteUnavailable(f"Shopify answered {response.status}", code=str(response.status))
    try:
        code = Node(json.loads(response.body)).text_or_empty("error")
    except (ValueError, RemoteError):
        code = ""
    what = f"Shopify gave no token: {code or response.status}"
    if of_a_code and code != "invalid_client":
        return RemoteRejected(what, code=code, remedy="ask for access once more; a code can be used once")
    return CredentialsRefused(what, code=code, remedy="check client id and client secret, then ask for access once more")
