"""The web server: waitress, whose threads outlast slow and half-open requests."""

from __future__ import annotations

import threading

from flask import Flask
from waitress import create_server  # type: ignore[import-untyped]
from waitress.wasyncore import close_all  # type: ignore[import-untyped]  # it ships no types

LARGEST = 32 * 1024 * 1024
"""Bytes of a request the server reads at all; the application refuses much less."""


class Server:
    """Answers requests of one application; `port` 0 takes a free one.

    `proxy` is the address of the one server that stands in front and is believed about who asks and how; nobody else's
    X-Forwarded headers are.
    """

    def __init__(self, app: Flask, host: str, port: int, threads: int = 32, *, proxy: str = "") -> None:
        believed = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
        front = {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": believed} if proxy else {}
        self._server = create_server(
            app, host=host, port=port, threads=threads, ident=None, max_request_body_size=LARGEST,
            clear_untrusted_proxy_headers=True, **front,
        )  # fmt: skip
        self.address = f"http://{host}:{self._server.effective_port}"
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Answer until the process ends."""
        self._server.run()

    def start(self) -> None:
        """Answer on a thread of its own, until `stop`."""
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:
            return  # its socket was closed by stop()

    def stop(self) -> None:
        """Answer nobody any more; a browser that keeps its connection open keeps nobody waiting."""
        if self._thread is not None and self._thread.is_alive():
            # On the loop's own thread, which ends when nothing is open.
            self._server.trigger.pull_trigger(lambda: close_all(self._server._map, ignore_all=True))
            self._thread.join(timeout=5)
        self._server.close()
