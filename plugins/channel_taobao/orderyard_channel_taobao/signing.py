"""The signature of the Taobao Open Platform."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("hmac-sha256", "hmac", "md5")


def sign(params: Mapping[str, str], secret: str, method: str) -> str:
    """Upper-case hexadecimal signature over every parameter except `sign` itself.

    The text signed is key and value of each, one after the other, keys in ASCII order, UTF-8 and not URL-encoded.
    `hmac` is HMAC-MD5; `md5` puts the secret before and behind the text. An unknown method raises ValueError.
    """
    text = "".join(f"{key}{params[key]}" for key in sorted(params) if key != "sign").encode()
    key = secret.encode()
    if method == "hmac-sha256":
        digest = hmac.new(key, text, hashlib.sha256).hexdigest()
    elif method == "hmac":
        digest = hmac.new(key, text, hashlib.md5).hexdigest()
    elif method == "md5":
        digest = hashlib.md5(key + text + key, usedforsecurity=False).hexdigest()
    else:
        raise ValueError(f"unknown sign method {method!r}; one of {', '.join(METHODS)}")
    return digest.upper()
