"""Secrets at rest: text sealed with AES-256-GCM and bound to the place it is kept at.

A sealed text reads `<key id>.<base64url of nonce, ciphertext and tag>`. The key id says which of the installation's keys
opens it, so that a new key can take over while the old texts still open. The keys live in a file or in the configuration,
never in the database that they protect.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..kernel.errors import OrderyardError

_NONCE = 12
_KEY = 32


class SealError(OrderyardError):
    """A key is unfit, or a sealed text does not open at this place."""


def place(table: str, row: str | int, column: str) -> str:
    """Where a sealed text is kept; moved to another row or column it no longer opens."""
    return f"{table}:{row}:{column}"


class Seal:
    """Seals with the first of its keys and opens with any of them. Thread-safe."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Keys of 32 bytes, the one to seal with first; retired ones after it, for as long as their texts are around."""
        if not keys:
            raise SealError("there is no key to seal secrets with", remedy="give the key file of this installation")
        for key in keys:
            if len(key) != _KEY:
                raise SealError(f"a sealing key has {len(key)} bytes", remedy=f"a key is exactly {_KEY} random bytes")
        self._keys = {key_id(key): AESGCM(key) for key in keys}
        self.current = key_id(keys[0])

    @classmethod
    def from_file(cls, path: Path) -> Seal:
        """One key per line as base64, the one to seal with first; empty lines and lines that start with `#` are skipped."""
        try:
            lines = path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            raise SealError(f"the key file {path} is missing", remedy="restore it, or make one with write_key_file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SealError(f"the key file {path} cannot be read: {error}") from error
        keys = []
        for number, line in enumerate(lines, 1):
            if (text := line.strip()) and not text.startswith("#"):
                try:
                    keys.append(base64.b64decode(text, validate=True))
                except ValueError:
                    raise SealError(f"line {number} of the key file {path} is not base64") from None
        return cls(keys)

    def seal(self, place: str, text: str) -> str:
        """The text, readable again only with this key and at this place (`table:row:column`)."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys[self.current].encrypt(nonce, text.encode(), place.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, place: str, sealed: str) -> str:
        """The text that was sealed for this place; SealError when the key is unknown or anything was changed."""
        name, dot, body = sealed.partition(".")
        if not dot:
            raise SealError(f"what stands at {place} is not sealed")
        if name not in self._keys:
            raise SealError(
                f"what stands at {place} was sealed with key {name}, which is not here",
                remedy="put that key back into the key file, below the current one",
            )
        try:
            raw = base64.b64decode(body, altchars=b"-_", validate=True)
            return self._keys[name].decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError(
                f"what stands at {place} does not open: it was changed, or moved here from another place",
                remedy="enter the settings again",
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the key in use; the others are to be sealed anew before their key is thrown away."""
        return sealed.startswith(f"{self.current}.")


def key_id(key: bytes) -> str:
    """A short public name of a key."""
    return hashlib.sha256(b"orderyard key " + key).hexdigest()[:8]


def write_key_file(path: Path) -> None:
    """Make a file with one fresh key, readable by its owner only; an existing file is left alone."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = base64.b64encode(AESGCM.generate_key(bit_length=256)) + b"\n"
    # Linked into place when it is whole: of two that start at once, one makes the key and both read it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
