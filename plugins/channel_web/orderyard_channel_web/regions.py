"""China's provinces, cities and districts, the same that the page offers; see static/LICENSE-regions.txt for where from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Cities = Mapping[str, Sequence[str]]

REGIONS: Mapping[str, Cities] = json.loads((Path(__file__).parent / "static" / "regions.json").read_text("utf-8"))
"""Districts by city by province; a province without cities and a city without districts are free to write on."""


def whole(province: str, city: str, district: str) -> tuple[str, str, str]:
    """The names as the list has them, where somebody wrote them shorter: 广东 for 广东省, 深圳 for 深圳市."""
    province = _like(province, REGIONS)
    cities = REGIONS.get(province, {})
    if not city and province in cities:
        city = province  # a city that is a province
    city = _like(city, cities)
    return province, city, _like(district, cities.get(city, ()))


def _like(text: str, names: Mapping[str, object] | Sequence[str]) -> str:
    if not text or text in names:
        return text
    found = [name for name in names if name.startswith(text)]
    return found[0] if len(found) == 1 else text
