"""Put the two root modules into the wheel's package; editable installs reach them through the links instead."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RootModules(BuildHookInterface):  # type: ignore[type-arg]  # the configuration type is not public
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["app.py"] = "orderyard/app.py"
            build_data["force_include"]["hookspecs.py"] = "orderyard/hookspecs.py"
