"""What we want to reach, as the issue of orders and stock says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AT_LEAST: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("intake", "sqlite"): {"vs_peer": 30, "vs_raw": 0.20},
    ("intake", "postgresql"): {"vs_peer": 15, "vs_raw": 0.40},
    ("ship", "sqlite"): {"vs_peer": 25, "vs_raw": 0.20},
    ("intake_batch", "sqlite"): {"vs_peer": 100, "vs_raw": 0.25},
    ("list", "sqlite"): {"vs_peer": 4},
    ("list", "postgresql"): {"vs_peer": 4},
    ("memory", "sqlite"): {"vs_peer": 1},
}
AT_MOST: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("intake", "sqlite"): {"statements": 14},
    ("intake", "postgresql"): {"statements": 14},
    ("ship", "sqlite"): {"statements": 14},
    ("ship", "postgresql"): {"statements": 14},
    ("growth", "sqlite"): {"ours": 1.25},
    ("growth", "postgresql"): {"ours": 1.25},
    ("waiting", "sqlite"): {"seconds": 5},
    ("publish", "sqlite"): {"ours": 2},
    ("publish", "postgresql"): {"ours": 2},
    ("hot_sku", "sqlite"): {"oversold": 0},
    ("hot_sku", "postgresql"): {"oversold": 0},
}


def missed(line: Mapping[str, Any]) -> list[str]:
    """The bars this line does not reach, in words."""
    key = (line["bench"], line["database"])
    found = []
    for bars, kept, word in ((AT_LEAST, float.__ge__, "at least"), (AT_MOST, float.__le__, "at most")):
        for name, bar in bars.get(key, {}).items():
            figure = line.get(name)
            if figure is not None and not kept(float(figure), float(bar)):
                found.append(f"{name} is {figure}, and {word} {bar} is wanted")
    return found
