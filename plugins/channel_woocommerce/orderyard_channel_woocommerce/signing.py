"""OAuth 1.0a with no token, as WooCommerce asks for it where the line is not encrypted.

The base string is METHOD & address & sorted parameters, each percent-encoded, the parameters twice; the key is the consumer
secret and an ampersand. Only the query is signed, never the body.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import quote


def signed(
    method: str, address: str, params: Mapping[str, str], key: str, secret: str, timestamp: int, nonce: str = ""
) -> dict[str, str]:
    """The parameters with the five of OAuth; `nonce` is drawn anew unless a test gives one."""
    whole = {
        **params,
        "oauth_consumer_key": key,
        "oauth_nonce": nonce or secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp),
    }
    pairs = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(whole.items()))
    base = "&".join((method, _quoted(address), _quoted(pairs)))
    proof = hmac.digest(f"{secret}&".encode(), base.encode(), "sha256")
    return {**whole, "oauth_signature": base64.b64encode(proof).decode()}


def query(params: Mapping[str, str]) -> str:
    """Percent-encoded as it was signed: a blank is %20, never a plus."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in params.items())


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
