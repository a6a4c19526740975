"""SF Express (顺丰速运) as a carrier, over the open platform's standard service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from orderyard.core.carriers.api import Booked, Booking, Carrier, Label, TrackingEvent, TrackQuery
from orderyard.core.kernel.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RemoteNotUnderstood,
    RemoteRejected,
    RemoteUnavailable,
)
from orderyard.core.kernel.transport import Delivery, Request
from orderyard.core.kernel.values import SettingField

from . import messages, tracking
from .gateway import Account, Answer, call, refuse
from .signing import SignMode

_CREATE = "EXP_RECE_CREATE_ORDER"
_SEARCH = "EXP_RECE_SEARCH_ORDER_RESP"
_UPDATE = "EXP_RECE_UPDATE_ORDER"
_ROUTES = "EXP_RECE_SEARCH_ROUTES"
_PRINT = "COM_RECE_CLOUD_PRINT_WAYBILLS"

_REPEATED = "8016"
_NO_SUCH_ORDER = frozenset({"6150", "8018"})
_CANCELLED = frozenset({"8037", "8253"})
_CONFIRMED_OR_CANCELLED = frozenset({"8019", "8252"})
_MISMATCH = "1"


class SfExpress(Carrier):
    """Books with our key as `orderId`: SF keeps it for good, so a lost call is looked up and never repeated blindly."""

    name = "carrier_sf"
    title = "顺丰速运 SF Express"
    code = "SF"
    track_batch = 10
    settings: ClassVar[tuple[SettingField, ...]] = (
        SettingField("partner_id", "顾客编码 Partner ID"),
        SettingField("check_word", "校验码 Check word", secret=True),
        SettingField(
            "base_url",
            "Gateway address",
            required=False,
            default="https://bspgw.sf-express.com/std/service",
            help="The sandbox is https://sfapi-sbox.sf-express.com/std/service.",
        ),
        SettingField(
            "monthly_card", "月结卡号 Monthly account", required=False, help="Ten digits; what the freight is billed to."
        ),
        SettingField(
            "express_type",
            "产品 Default product",
            required=False,
            default="2",
            help="An expressTypeId of your contract: 1 顺丰特快, 2 顺丰标快, 247 电商标快.",
        ),
        SettingField(
            "sign_mode",
            "签名方式 Sign mode",
            required=False,
            default="standard",
            help="standard, simple or sm3, as set for the application on the platform.",
        ),
        SettingField(
            "template_code",
            "面单模板 Label template",
            required=False,
            help="A cloud-print template; empty means fm_76130_standard_ and the partner ID.",
        ),
        SettingField(
            "cod_account",
            "代收货款卡号 COD account",
            required=False,
            help="Where cash on delivery is paid out to; empty means the monthly account.",
        ),
    )

    def book(self, booking: Booking, key: str) -> Booked:
        message = messages.order(
            booking,
            key,
            product=booking.product or self._setting("express_type"),
            monthly_card=self._setting("monthly_card"),
            cod_account=self._setting("cod_account"),
        )
        answer = self._call(_CREATE, message, effect=True)
        if answer.code == _REPEATED:
            raise OutcomeUnknown(
                f"{_CREATE}: order {key} was sent before", code=answer.code, raw=answer.raw, remedy="ask SF by order number"
            )
        if not answer.ok:
            refuse(_CREATE, answer, effect=True)
        try:
            got = messages.booked(answer.data, answer.raw)
        except RemoteNotUnderstood as error:
            raise OutcomeUnknown(error.what, raw=error.raw, remedy="ask SF by order number") from error
        if got is None:
            raise OutcomeUnknown(f"{_CREATE}: no waybill number yet for {key}", raw=answer.raw, remedy="ask SF by order number")
        return got

    def find(self, key: str, booking: Booking) -> Booked | None:
        """What was booked under `key`.

        An order that SF's staff still check has no number: RemoteUnavailable, ask again later. One that was cancelled
        keeps its key: RemoteRejected, because nothing can be booked under it any more.
        """
        answer = self._search(key)
        if answer.code in _NO_SUCH_ORDER:
            return None
        if answer.code in _CANCELLED:
            raise RemoteRejected(
                f"order {key} is cancelled at SF", code=answer.code, raw=answer.raw, remedy="book under a new number"
            )
        if not answer.ok:
            refuse(_SEARCH, answer, effect=False)
        got = messages.booked(answer.data, answer.raw)
        if got is None:
            raise RemoteUnavailable(f"{_SEARCH}: SF is still checking order {key}", raw=answer.raw)
        return got

    def cancel(self, number: str, key: str) -> None:
        """Void the order under `key`, and its waybill with it. A call without an answer is settled by a question."""
        message: dict[str, Any] = {"orderId": key, "dealType": 2, "language": "zh-CN"}
        if number:
            message["waybillNoInfoList"] = [{"waybillType": 1, "waybillNo": number}]
        try:
            answer = self._call(_UPDATE, message, effect=True)
        except OutcomeUnknown as error:
            if self._is_void(key):
                return
            raise RemoteUnavailable(
                f"{_UPDATE}: order {key} is not cancelled", code=error.code, raw=error.raw, remedy="cancel it again"
            ) from error
        if answer.code in _CANCELLED or (answer.code in _CONFIRMED_OR_CANCELLED and self._is_void(key)):
            return
        if answer.code in _CONFIRMED_OR_CANCELLED:
            raise RemoteRejected(
                f"{number or key} can no longer be cancelled: {answer.text}".rstrip(": "),
                code=answer.code,
                raw=answer.raw,
                remedy="ask SF to intercept it",
            )
        if not answer.ok:
            refuse(_UPDATE, answer, effect=True)
        if isinstance(answer.data, dict) and str(answer.data.get("resStatus")) == _MISMATCH:
            raise RemoteRejected(f"SF does not know {number} under order {key}", code="resStatus 1", raw=answer.raw)

    def track(self, queries: Sequence[TrackQuery]) -> Sequence[TrackingEvent]:
        found: list[TrackingEvent] = []
        for start in range(0, len(queries), self.track_batch):
            batch = queries[start : start + self.track_batch]
            message: dict[str, Any] = {
                "language": "zh-CN",
                "trackingType": "1",
                "trackingNumber": [query.number for query in batch],
                "methodType": "1",
            }
            # A masked telephone number ends in stars; SF takes any of the listed ends for any of the waybills.
            ends = dict.fromkeys(query.phone_end for query in batch if query.phone_end.isdecimal())
            if ends:
                message["checkPhoneNo"] = ",".join(ends)
            answer = self._call(_ROUTES, message, effect=False)
            if not answer.ok:
                refuse(_ROUTES, answer, effect=False)
            found += tracking.routes(answer.data, answer.raw)
        return tuple(sorted(found, key=lambda event: event.at))

    def label(self, number: str) -> Label:
        """The PDF that SF's cloud print draws: first the order to draw it, then the download with the token it gave."""
        template = self._setting("template_code") or f"fm_76130_standard_{self._setting('partner_id')}"
        message = {
            "templateCode": template,
            "version": "2.0",
            "fileType": "pdf",
            "sync": True,
            "documents": [{"masterWaybillNo": number}],
        }
        answer = self._call(_PRINT, message, effect=False)
        if not answer.ok:
            refuse(_PRINT, answer, effect=False)
        try:
            file = answer.whole["obj"]["files"][0]
            url, token = str(file["url"]), str(file["token"])
        except (KeyError, IndexError, TypeError):
            raise RemoteNotUnderstood(f"{_PRINT}: no file in the answer", raw=answer.raw) from None
        response = self.transport.send(Request("GET", url, headers={"x-auth-token": token}, seconds=30.0))
        if response.status != 200:
            raise RemoteUnavailable(
                f"the label of {number} cannot be fetched: HTTP {response.status}", code=str(response.status)
            )
        if not response.body.startswith(b"%PDF"):
            raise RemoteNotUnderstood(f"the label of {number} is no PDF", raw=response.body[:2000].decode("utf-8", "replace"))
        return Label(number, "application/pdf", response.body)

    def receive_tracking(self, delivery: Delivery) -> tuple[Sequence[TrackingEvent], bytes]:
        """A route push. SF signs none of them, so it is a hint: what matters is confirmed by asking.

        Any other answer than this one makes SF send the whole batch again.
        """
        return tuple(tracking.pushed(delivery.body)), '{"return_code":"0000","return_msg":"成功"}'.encode()

    def _is_void(self, key: str) -> bool:
        answer = self._search(key)
        if answer.code in _CANCELLED:
            return True
        if not answer.ok:
            refuse(_SEARCH, answer, effect=False)
        return False

    def _search(self, key: str) -> Answer:
        return self._call(_SEARCH, {"orderId": key, "searchType": "1", "language": "zh-CN"}, effect=False)

    def _call(self, service: str, message: Mapping[str, Any], *, effect: bool) -> Answer:
        return call(self._account(), self.transport, service, message, effect=effect)

    def _account(self) -> Account:
        mode = self._setting("sign_mode")
        try:
            return Account(self._setting("partner_id"), self._setting("check_word"), self._setting("base_url"), SignMode(mode))
        except ValueError:
            raise CredentialsRefused(
                f"unknown sign mode {mode!r}", remedy=f"one of {', '.join(SignMode)}, as set on the platform"
            ) from None

    def _setting(self, name: str) -> str:
        default = next(field.default for field in self.settings if field.name == name)
        return self.config.get(name, "").strip() or default
