"""How SF's gateway recognises us: a digest over the text that is sent."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from enum import StrEnum
from urllib.parse import quote_plus

from cryptography.hazmat.primitives import hashes


class SignMode(StrEnum):
    """The sign mode an application on the platform is configured with; both sides must agree."""

    STANDARD = "standard"
    """URL-encode, MD5, Base64."""
    SIMPLE = "simple"
    """MD5, Base64, nothing encoded."""
    SM3 = "sm3"
    """URL-encode, SM3, Base64."""


def java_urlencode(text: str) -> str:
    """What Java's `URLEncoder.encode(text, "UTF-8")` gives.

    Python's own `quote_plus` differs on two characters: Java leaves `*` alone and encodes `~`. A receiver called `*`
    (every masked one) is enough to make the other digest wrong.
    """
    return quote_plus(text, safe="*").replace("~", "%7E")


def digest(message: str, timestamp: str, check_word: str, mode: SignMode = SignMode.STANDARD) -> str:
    """`msgDigest`: Base64 of the hash over message, timestamp and check word in that order.

    The message must be the very text that goes out as `msgData`; the hash is Base64-encoded as bytes, not as hex.
    """
    text = message + timestamp + check_word
    signed = text.encode() if mode is SignMode.SIMPLE else java_urlencode(text).encode()
    if mode is SignMode.SM3:
        sm3 = hashes.Hash(hashes.SM3())  # the vendor's own choice
        sm3.update(signed)
        return b64encode(sm3.finalize()).decode()
    return b64encode(hashlib.md5(signed, usedforsecurity=False).digest()).decode()
