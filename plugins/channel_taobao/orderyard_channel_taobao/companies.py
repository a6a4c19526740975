"""Carriers as Taobao knows them: their codes, and what their waybill numbers look like."""

from __future__ import annotations

import re

from orderyard.core.kernel.errors import RemoteRejected

from . import answers
from .gateway import Gateway

# Only where Taobao's code is not the usual one; every other code goes out as it is and the platform judges it.
_SPELT = {
    "YD": "YUNDA",
    "DBL": "DBKD",
    "YZPY": "POSTB",
    "HHTT": "TTKDEX",
}


def company_code(carrier_code: str, overrides: str = "") -> str:
    """Taobao's code of a carrier; `overrides` (`OURS=THEIRS` separated by commas) is asked first."""
    ours = carrier_code.strip().upper()
    for pair in overrides.split(","):
        left, _, right = pair.partition("=")
        if left.strip().upper() == ours and right.strip():
            return right.strip()
    return _SPELT.get(ours, ours)


def check_number(gateway: Gateway, company: str, number: str) -> None:
    """Refuse a waybill number that does not look like one of this carrier's, by the platform's own rule.

    A carrier that its list leaves out, or whose rule cannot be read, is left for the platform to judge.
    """
    answer = gateway.call("taobao.logistics.companies.get", {"fields": "code,name,reg_mail_no"})
    for row in answers.listed(answer.get("logistics_companies"), "logistics_companies"):
        if answers.text(row.get("code")) != company:
            continue
        rule = answers.text(row.get("reg_mail_no"))
        try:
            fits = not rule or re.search(rule, number) is not None
        except re.error:
            return
        if not fits:
            raise RemoteRejected(
                f"Taobao: {number} is no waybill number of {answers.text(row.get('name')) or company} (rule {rule})",
                code="reg_mail_no",
                remedy="correct the number, or choose the carrier it belongs to; a carrier that Taobao knows by another code "
                "is named in the setting company_codes",
            )
