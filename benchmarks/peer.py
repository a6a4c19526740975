"""The peer's process: django-oscar in a virtual environment of its own, told what to do over pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from measuring import Took

HERE = Path(__file__).parent
HOME = HERE.parent / "build" / "bench" / "oscar"


def interpreter() -> Path:
    """The peer's Python; its environment is made, and made anew when a pin has changed."""
    python, ready, pins = HOME / "bin" / "python", HOME / "ready", HERE / "oscar.txt"
    if not ready.exists() or ready.read_text() != pins.read_text():
        print(f"bench: installing the peer into {HOME.relative_to(HERE.parent)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", HOME], check=True)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", pins], check=True)
        ready.write_text(pins.read_text())
    return python


def _settings(url: str) -> dict[str, object]:
    """The same database address as Django writes it."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        options = {"transaction_mode": "IMMEDIATE"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///"), "OPTIONS": options}
    host = parts.hostname or parse_qs(parts.query)["host"][0]
    return {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username, "HOST": host}


class Peer:
    """One shop of django-oscar in an empty database."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [interpreter(), HERE / "oscar_peer.py", json.dumps(_settings(url))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self._answer()["version"]

    def run(self, job: str, count: int, together: int = 1) -> Took:
        """Do a job so many times, `together` of them in one transaction; timed over there."""
        answer = self._ask({"job": job, "count": count, "together": together})
        return Took(count, answer["seconds"], answer["cpu"])

    def fill(self, count: int) -> None:
        """Add orders that nobody looks at closely, quickly."""
        self._ask({"job": "fill", "count": count})

    def statements(self, job: str) -> int:
        return int(self._ask({"job": job, "count_statements": True})["statements"])

    def peak(self) -> float:
        """The most memory it ever used, in MB."""
        return float(self._ask({"job": "peak"})["peak"])

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("bench: the peer ended; what it said stands above")
        found: dict[str, Any] = json.loads(line)
        return found
