"""SF's open platform on loopback: the gateway, its services, the cloud print's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from orderyard.core.testing.simulator import CarrierSimulator, CarrierTold, Environment

from .books import JOURNEY, Books, Order
from .gate import Refused, admit, envelope
from .paper import waybill_pdf

PRODUCTS = frozenset(
    {1, 2, 6, 10, 23, 24, 153, 154, 155, 199, 201, 202, 209, 215, 229, 231, 247, 255, 257, 258, 260, 263, 265, 266}
)
MESSAGES = {
    "S0001": "非法的JSON格式",
    "S0002": "必填参数为空",
    "S0004": "字段超长",
    "1010": "寄件地址不能为空",
    "1011": "寄件联系人不能为空",
    "1012": "寄件电话不能为空",
    "1014": "到件方地址不能为空",
    "1015": "到件联系人不能为空",
    "1016": "到件电话不能为空",
    "1023": "托寄物不能为空",
    "6126": "月结卡号不合法",
    "6138": "代收货款金额不是数字",
    "6139": "代收货款金额为负数",
    "6150": "找不到该订单",
    "8003": "查询单号超过最大限制",
    "8016": "重复下单",
    "8017": "订单号与运单号不匹配",
    "8018": "未获取到订单信息",
    "8019": "订单已确认或已消单",
    "8037": "订单已取消",
    "8067": "超过最大能打印单量307",
    "8252": "订单已确认",
    "20036": "产品不适用",
}


class Declined(Exception):
    """A service declines; carries its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SfExpressSimulator(CarrierSimulator):
    """One partner with one monthly account. Waybill numbers follow from order numbers, so a second start gives the same."""

    name = "carrier_sf"
    partner = "DEMOPARTNER"
    check_word = "demo-check-word-of-the-simulator"
    monthly_card = "7551234567"
    sign_mode = "standard"

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        self.books = Books()
        self.tokens: set[str] = set()
        self._serial = 0
        self._services: Mapping[str, Callable[[Any], dict[str, Any]]] = {
            "EXP_RECE_CREATE_ORDER": self._create,
            "EXP_RECE_SEARCH_ORDER_RESP": self._search,
            "EXP_RECE_UPDATE_ORDER": self._update,
            "EXP_RECE_SEARCH_ROUTES": self._routes,
            "COM_RECE_CLOUD_PRINT_WAYBILLS": self._print,
        }

    # What the demo and the tests say and ask

    def settings(self) -> Mapping[str, str]:
        return {
            "partner_id": self.partner,
            "check_word": self.check_word,
            "base_url": f"{self.base_url}/std/service",
            "monthly_card": self.monthly_card,
            "sign_mode": self.sign_mode,
        }

    def advance(self, number: str, state: str) -> None:
        with self.lock:
            if number not in self.books.by_waybill:
                raise ValueError(f"no waybill {number}")
            if state not in JOURNEY:
                raise ValueError(f"unknown state {state!r}; one of {', '.join(JOURNEY)}")
            self.books.advance(number, state, self._beijing())

    def route_push(self, number: str) -> bytes:
        """The body SF would push for everything that has happened to this waybill."""
        with self.lock:
            order = self.books.by_waybill[number]
            steps = [
                {
                    "mailno": number,
                    "orderid": order.order_id,
                    "acceptTime": step.wire()["acceptTime"],
                    "acceptAddress": step.place,
                    "remark": step.remark,
                    "opCode": step.opcode,
                    "id": f"{number[2:]}{index}",
                    "reasonCode": "",
                    "reasonName": "",
                }
                for index, step in enumerate(order.steps)
            ]
        return json.dumps({"Body": {"WaybillRoute": steps}}, ensure_ascii=False).encode()

    def told(self) -> CarrierTold:
        with self.lock:
            live = {order.order_id: order.waybills[0] for order in self.books.orders.values() if not order.cancelled}
            return CarrierTold(waybills=live, bookings=len(self.books.orders))

    # The wire

    def operation(self, request: Request) -> str:
        return request.form.get("serviceCode", "") or request.path

    def handle(self, request: Request) -> Response:
        if request.path == "/std/service" and request.method == "POST":
            return self._service(request)
        if request.path == "/oauth2/accessToken" and request.method == "POST":
            return self._token(request)
        if request.path.startswith("/print/") and request.method == "GET":
            return self._file(request)
        return Response("not found", 404)

    def _service(self, request: Request) -> Response:
        self._serial += 1
        fields = {name: str(value) for name, value in request.form.items()}
        service = fields.get("serviceCode", "")
        try:
            if self.chaos.strikes("too_many", service):
                raise Refused("A1005")
            admit(
                fields,
                partner=self.partner,
                check_word=self.check_word,
                mode=self.sign_mode,
                services=frozenset(self._services),
                tokens=self.tokens,
            )
        except Refused as refused:
            return envelope(self._serial, refused.code)
        try:
            message = json.loads(fields["msgData"])
            if not isinstance(message, dict):
                raise Declined("S0001")
            data = self._services[service](message)
        except (Declined, ValueError) as error:
            code = error.code if isinstance(error, Declined) else "S0001"
            data = {"success": False, "errorCode": code, "errorMsg": MESSAGES[code], "msgData": None}
        return envelope(self._serial, "A1000", data)

    def _token(self, request: Request) -> Response:
        """OAuth2, as clients use it that do not sign; one of them sends its secret in the query string."""
        fields = request.form if "partnerID" in request.form else request.args
        body: dict[str, Any] = {
            "apiResultCode": "A1011",
            "apiErrorMsg": "OAuth2认证失败",
            "accessToken": None,
            "expiresIn": None,
        }
        if fields.get("partnerID") == self.partner and fields.get("secret") == self.check_word:
            token = hashlib.sha256(f"{self.partner}/{self.now():%Y%m%d%H}".encode()).hexdigest()[:32].upper()
            self.tokens.add(token)
            body = {"apiResultCode": "A1000", "apiErrorMsg": "", "accessToken": token, "expiresIn": 7200}
        return Response(json.dumps(body, ensure_ascii=False), content_type="application/json;charset=UTF-8")

    def _file(self, request: Request) -> Response:
        number = request.path.removeprefix("/print/").removesuffix(".pdf")
        order = self.books.by_waybill.get(number)
        if order is None:
            return Response("not found", 404)
        if request.headers.get("X-Auth-token") != self._print_token(number):
            return Response("unauthorized", 401)
        return Response(waybill_pdf(order, number), content_type="application/pdf")

    # The services: a message in, `apiResultData` out

    def _create(self, message: dict[str, Any]) -> dict[str, Any]:
        _check(message)
        if self.books.find(str(message["orderId"])):
            raise Declined("8016")
        order = self.books.open(message)
        return _done(
            {
                "orderId": order.order_id,
                "originCode": order.origin,
                "destCode": order.destination or None,
                "filterResult": 2 if order.waybills else 3,
                "remark": "" if order.waybills else "1",
                "url": None,
                "paymentLink": None,
                "waybillNoInfoList": _waybills(order),
                "routeLabelInfo": _route_label(order),
                "returnExtraInfoList": None,
            }
        )

    def _search(self, message: dict[str, Any]) -> dict[str, Any]:
        order = self.books.find(_required(message, "orderId"))
        if order is None:
            raise Declined("6150")
        if order.cancelled:
            raise Declined("8037")
        return _done(
            {
                "orderId": order.order_id,
                "origincode": order.origin,
                "destcode": order.destination or None,
                "filterResult": "2" if order.waybills else "3",
                "remark": None if order.waybills else "1",
                "returnExtraInfoList": None,
                "waybillNoInfoList": _waybills(order),
                "routeLabelInfo": _route_label(order),
            }
        )

    def _update(self, message: dict[str, Any]) -> dict[str, Any]:
        order = self.books.find(_required(message, "orderId"))
        if order is None:
            raise Declined("8018")
        if order.cancelled:
            raise Declined("8037")
        named = [waybill.get("waybillNo") for waybill in message.get("waybillNoInfoList") or []]
        if any(number not in order.waybills for number in named):
            raise Declined("8017")
        if message.get("dealType") not in (1, 2):
            raise Declined("S0002")
        if order.picked_up:
            raise Declined("8252")
        order.cancelled = message["dealType"] == 2
        return _done({"orderId": order.order_id, "waybillNoInfoList": _waybills(order), "resStatus": 2, "extraInfoList": None})

    def _routes(self, message: dict[str, Any]) -> dict[str, Any]:
        """Nothing at all for a waybill that is not this partner's, is cancelled, or whose telephone number is not named."""
        asked = message.get("trackingNumber")
        asked = asked if isinstance(asked, list) else [asked] if asked else []
        if not asked:
            raise Declined("S0002")
        if len(asked) > 10:
            raise Declined("8003")
        ends = {end for end in str(message.get("checkPhoneNo") or "").split(",") if end}
        answers = []
        for asked_number in map(str, asked):
            if str(message.get("trackingType")) == "2":
                order = self.books.orders.get(asked_number)
                number = order.waybills[0] if order else ""
            else:
                order, number = self.books.by_waybill.get(asked_number), asked_number
            seen = order is not None and not order.cancelled and (not ends or bool(ends & order.phone_ends()))
            answers.append({"mailNo": number, "routes": [step.wire() for step in order.steps] if order and seen else []})
        return _done({"routeResps": answers})

    def _print(self, message: dict[str, Any]) -> dict[str, Any]:
        template = str(message.get("templateCode") or "")
        if not (template.startswith("fm_") and template.endswith(f"_{self.partner}")):
            return self._not_printed("模板不存在")
        files = []
        for index, document in enumerate(message.get("documents") or []):
            number = str(document.get("branchWaybillNo") or document.get("masterWaybillNo") or "")
            order = self.books.by_waybill.get(number)
            if order is None or order.cancelled:
                return self._not_printed(f"运单{number}不存在")
            files.append(
                {
                    "areaNo": 1,
                    "pageNo": 0,
                    "pageCount": 0,
                    "seqNo": index + 1,
                    "documentSize": 0,
                    "token": self._print_token(number),
                    "url": f"{self.base_url}/print/{number}.pdf",
                    "waybillNo": number,
                }
            )
        if not 1 <= len(files) <= 20:
            return self._not_printed("documents数量不合法")
        obj = {"clientCode": self.partner, "templateCode": template, "fileType": "pdf", "files": files}
        return {"obj": obj, "requestId": f"{self._serial:032X}", "success": True}

    def _not_printed(self, why: str) -> dict[str, Any]:
        return {"success": False, "requestId": f"{self._serial:032X}", "obj": None, "errorMessage": why}

    def _print_token(self, number: str) -> str:
        return "AUTH_" + hashlib.sha256(f"{self.check_word}/{number}".encode()).hexdigest()[:32]

    def _beijing(self) -> datetime:
        return self.now().replace(tzinfo=None) + timedelta(hours=8)


def _done(data: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": data}


def _required(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not value:
        raise Declined("S0002")
    return str(value)


def _check(message: Mapping[str, Any]) -> None:
    """What the real service checks before it looks whether the order number is new."""
    if len(_required(message, "orderId")) > 64 or len(str(message.get("remark") or "")) > 100:
        raise Declined("S0004")
    contacts = message.get("contactInfoList")
    if not isinstance(contacts, list):
        raise Declined("S0002")
    for kind, codes in ((1, ("1010", "1011", "1012")), (2, ("1014", "1015", "1016"))):
        contact = next((item for item in contacts if isinstance(item, dict) and item.get("contactType") == kind), {})
        for code, filled in zip(
            codes,
            (
                contact.get("address"),
                contact.get("contact") or contact.get("company"),
                contact.get("mobile") or contact.get("tel"),
            ),
            strict=True,
        ):
            if not filled:
                raise Declined(code)
    cargo = message.get("cargoDetails")
    if not isinstance(cargo, list) or not cargo or not all(isinstance(item, dict) and item.get("name") for item in cargo):
        raise Declined("1023")
    card = str(message.get("monthlyCard") or "")
    if card and not (card.isdecimal() and len(card) == 10):
        raise Declined("6126")
    if int(message.get("parcelQty") or 1) > 307:
        raise Declined("8067")
    if int(message.get("expressTypeId") or 1) not in PRODUCTS:
        raise Declined("20036")
    for service in message.get("serviceList") or []:
        if service.get("name") == "COD":
            try:
                amount = float(service.get("value"))
            except (TypeError, ValueError):
                raise Declined("6138") from None
            if amount < 0:
                raise Declined("6139")


def _waybills(order: Order) -> list[dict[str, Any]]:
    return [{"waybillType": 1 if index == 0 else 2, "waybillNo": number} for index, number in enumerate(order.waybills)]


def _route_label(order: Order) -> list[dict[str, Any]] | None:
    if not order.waybills:
        return None
    data = {
        "waybillNo": order.waybills[0],
        "sourceCityCode": order.origin,
        "destCityCode": order.destination,
        "destRouteLabel": f"{order.destination}W-{order.destination}",
        "proName": "顺丰标快",
        "limitTypeCode": "T6",
        "expressTypeCode": "B1",
        "codingMapping": "F33",
        "twoDimensionCode": f"MMM={{'k1':'{order.destination}W','k5':'{order.waybills[0]}'}}",
        "printFlag": "000000000",
    }
    return [{"code": "1000", "routeLabelData": data, "message": "SF"}]
