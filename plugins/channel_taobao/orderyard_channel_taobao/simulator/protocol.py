"""What every method of the platform has in common: how it is asked, and how it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from .shop import Shop

Answer = dict[str, Any]
Call = Callable[[Shop, Mapping[str, str], datetime], Answer]

REQUEST_ID = "16r2r6t6zjzg8"


class TopError(Exception):
    """An `error_response`."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(msg)
        self.parts = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}

    def body(self) -> Answer:
        return {name: value for name, value in self.parts.items() if value} | {"request_id": REQUEST_ID}


def refuse(code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> NoReturn:
    raise TopError(code, msg, sub_code, sub_msg)


def service_error(sub_code: str, sub_msg: str) -> NoReturn:
    refuse(15, "Remote service error", sub_code, sub_msg)


def need(params: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not params.get(name):
            refuse(40, f"Missing required arguments:{name}")


def number(params: Mapping[str, str], name: str, usual: int = 0) -> int:
    text = params.get(name, str(usual))
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        refuse(41, f"Invalid arguments:{name}")
    return int(text)


def moment(params: Mapping[str, str], name: str) -> datetime:
    """Wall clock of Beijing, without a zone."""
    try:
        return datetime.strptime(params[name], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the protocol has no zones
    except ValueError:
        refuse(41, f"Invalid arguments:{name}")


def page(params: Mapping[str, str], most: int) -> tuple[int, int]:
    """Number and size of the page asked for; a page holds `most` at most."""
    asked, size = number(params, "page_no", 1), number(params, "page_size", 40)
    if asked < 1 or not 1 <= size <= most:
        refuse(41, "Invalid arguments:page_no" if asked < 1 else "Invalid arguments:page_size")
    return asked, size
