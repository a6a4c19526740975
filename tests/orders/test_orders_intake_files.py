"""Files of orders: what is read, what is refused where, and that nothing is made twice or by half."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from openpyxl import Workbook

from orderyard.core.catalog.prices import Price, set_price_list
from orderyard.core.catalog.promotions import Offer, PromotionKind, set_promotion
from orderyard.core.kernel.errors import DomainError
from orderyard.core.orders.api import OrderStatus, OrderType
from orderyard.core.orders.files.columns import FileMapping
from orderyard.core.orders.files.upload import (
    Preview,
    Progress,
    failed_rows,
    files,
    preview,
    progress,
    remembered,
    run,
    step,
    store,
    unfinished,
)
from orderyard.core.orders.freight import Template, Zone, set_freight_template
from orderyard.core.testing.builders import AT, House

HEADER = ("订单号", "货号", "数量", "单价", "收货人", "手机", "省", "市", "区", "详细地址")
DOOR = ("林静怡", "13800138000", "上海市", "上海市", "某区", "某路1号")
SEVERAL = FileMapping({"line": "行号"})


def row(number: str, sku: str = "TEE", quantity: str = "1", price: str = "99", *door: str) -> tuple[str, ...]:
    return (number, sku, quantity, price, *(door or DOOR))


def sheet(*rows: Sequence[str], header: Sequence[str] = HEADER, encoding: str = "utf-8") -> bytes:
    quoted = (
        '"' + cell.replace('"', '""') + '"' if set('",\n') & set(cell) else cell for line in (header, *rows) for cell in line
    )
    cells = iter(quoted)
    return "".join(",".join(next(cells) for _ in line) + "\r\n" for line in (header, *rows)).encode(encoding)


def workbook(*rows: Sequence[Any], header: Sequence[Any] = HEADER) -> bytes:
    book = Workbook()
    for line in (header, *rows):
        book.active.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def seen(house: House, data: bytes, mapping: FileMapping | None = None, shop: str = "cn") -> Preview:
    return preview(house.db, house.system.installation.merchant, shop, data, AT, mapping)


def taken(house: House, data: bytes, mapping: FileMapping | None = None, shop: str = "cn") -> Progress:
    file_id = store(house.system.installation, "person:ann", shop, "orders.csv", data, mapping)
    return run(house.system.installation, file_id)


def counts(done: Progress) -> tuple[int, int, int, int]:
    return (done.orders, done.done, done.duplicates, done.failed)


def numbers(house: House) -> list[str]:
    return [found[0] for found in house.db.rows("SELECT external_number FROM sales_order ORDER BY id")]


# what is read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_text_in_any_usual_encoding(house: House, encoding: str) -> None:
    assert counts(taken(house, sheet(row("T1"), encoding=encoding))) == (1, 1, 0, 0)
    assert house.card(1).receiver.name == "林静怡"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_any_usual_delimiter(house: House, delimiter: str) -> None:
    data = "\n".join(delimiter.join(line) for line in (HEADER, row("T1"))).encode()
    assert counts(taken(house, data)) == (1, 1, 0, 0)


def test_a_paid_order_goes_the_whole_road(house: House) -> None:
    house.receive("SH", TEE=9)
    assert counts(taken(house, sheet(row("T1", quantity="2", price="95.50")))) == (1, 1, 0, 0)
    card = house.card(1)
    assert (card.status, card.total.text, card.paid.text, card.external_number) == (
        OrderStatus.TO_SHIP,
        "191.00",
        "191.00",
        "T1",
    )
    assert card.receiver.phone == "13800138000"
    assert house.levels("TEE") == {"SH": (9, 2)}
    house.prove()


def test_full_width_digits_and_blanks_are_plain_ones_where_they_mean_numbers(house: House) -> None:
    odd = ("　林　静 ", "１３８　００１３　８０００", "上海市", "上海市", "某区", "某路１号　二楼")
    assert counts(taken(house, sheet(row("Ｔ１０１　", " ＴＥＥ", "１２", "￥１，０９９．５０", *odd)))) == (1, 1, 0, 0)
    card = house.card(1)
    assert (card.external_number, card.lines[0].sku, card.lines[0].quantity, card.lines[0].unit_price.minor) == (
        "T101",
        "TEE",
        12,
        109_950,
    )
    assert (card.receiver.name, card.receiver.phone, card.receiver.detail) == ("林 静", "138 0013 8000", "某路１号 二楼")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("'0012", "0012"),
        ('="1234567890123456789"', "1234567890123456789"),
        ("1234567890123456789\t", "1234567890123456789"),
        ("\u200bT1", "T1"),
    ],
)
def test_what_people_put_around_a_number_goes(house: House, cell: str, number: str) -> None:
    taken(house, sheet(row(cell)))
    assert numbers(house) == [number]


def test_blank_rows_and_quoted_line_breaks_are_no_rows(house: House) -> None:
    data = b"\r\n" + sheet(
        row("T1", "TEE", "1", "99", "林", "13800138000", "上海市", "上海市", "某区", "某路1号\n二楼"),
        ("",) * 10,
        row("T2", "GHOST"),
    )
    result = seen(house, data)
    assert (result.rows, result.orders, result.failed) == (2, 1, 1)
    assert str(result.problems[0]) == "B5 货号: there is no SKU GHOST"


def test_a_workbook(house: House) -> None:
    house.db.change("UPDATE sku SET barcode = '6901234567892' WHERE code = 'TEE'")
    data = workbook(
        ("T1", 6901234567892, 2, 99.5, "林静怡", 13800138000, "上海市", "上海市", "某区", "某路1号"),
        (20260001, "CAP", 3.0, 49, "王芳", "13900139000", "上海市", "上海市", "某区", "某路2号"),
    )  # fmt: skip
    assert counts(taken(house, data)) == (2, 2, 0, 0)
    assert numbers(house) == ["T1", "20260001"]
    assert (house.card(1).lines[0].sku, house.card(1).total.text) == ("TEE", "199.00")
    assert house.card(1).receiver.phone == "13800138000"


@pytest.mark.parametrize("number", [1234567890123456789, 4500000000000001])
def test_a_number_that_lost_its_last_digits_is_refused_not_rounded(house: House, number: int) -> None:
    result = seen(house, workbook((number, "TEE", 1, 99, *DOOR)))
    assert (result.orders, [problem.place for problem in result.problems]) == (0, ["A2"])
    assert "last digits are lost" in result.problems[0].text


def test_a_number_that_a_spreadsheet_shortened_in_csv_is_refused(house: House) -> None:
    assert "last digits are lost" in seen(house, sheet(row("1.23457E+18"))).problems[0].text
    assert counts(taken(house, sheet(row("1234567890123456789")))) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", "2026-11-19T16:00:00+00:00"),
        ("2026/11/20 8:05", "2026-11-20T00:05:00+00:00"),
        ("2026年11月20日 8时5分", "2026-11-20T00:05:00+00:00"),
        ("20261120 08:05:09", "2026-11-20T00:05:09+00:00"),
        ("2026-11-20T08:05:09+09:00", "2026-11-19T23:05:09+00:00"),
    ],
)
def test_dates_are_of_the_shop_s_zone(house: House, text: str, moment: str) -> None:
    taken(house, sheet((*row("T1"), text), header=(*HEADER, "下单时间")))
    assert house.card(1).placed_at.isoformat() == moment


def test_what_else_a_row_may_say(house: House) -> None:
    header = (*HEADER, "运费", "优惠", "订单金额", "付款时间", "买家", "邮箱", "买家留言", "备注", "订单类型", "邮编")
    more = ("12", "9", "201", "2026-11-21 10:00", "b1", "lin@example.com", "请周末送", "老客", "批发", "200000")
    assert counts(taken(house, sheet((*row("T1", quantity="2"), *more), header=header))) == (1, 1, 0, 0)
    card = house.card(1)
    assert (card.total.text, card.freight.text, card.lines[0].amount.text) == ("201.00", "12.00", "189.00")
    assert (card.message, card.memo, card.type, card.receiver.postcode) == ("请周末送", "老客", OrderType.WHOLESALE, "200000")
    assert card.paid_at is not None
    assert card.paid_at.isoformat() == "2026-11-21T02:00:00+00:00"
    assert house.db.rows("SELECT kind, value FROM customer_identity ORDER BY kind") == [
        ("buyer", "b1"), ("email", "lin@example.com"), ("phone", "+8613800138000"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "cell", "status", "paid"),
    [
        ("是否付款", "是", OrderStatus.TO_SHIP, 9900),
        ("是否付款", "否", OrderStatus.PENDING_PAYMENT, 0),
        ("是否付款", "", OrderStatus.TO_SHIP, 9900),
        ("已付金额", "40", OrderStatus.PENDING_PAYMENT, 4000),
        ("已付金额", "99.00", OrderStatus.TO_SHIP, 9900),
        ("货到付款", "是", OrderStatus.TO_SHIP, 0),
        ("货到付款", "", OrderStatus.TO_SHIP, 9900),
    ],
)
def test_whether_it_is_paid(house: House, title: str, cell: str, status: OrderStatus, paid: int) -> None:
    taken(house, sheet((*row("T1"), cell), header=(*HEADER, title)))
    assert (house.card(1).status, house.card(1).paid.minor) == (status, paid)
    house.prove()


def test_unless_said_otherwise_orders_are_paid(house: House) -> None:
    taken(house, sheet(row("T1")), FileMapping(paid=False))
    assert house.card(1).status is OrderStatus.PENDING_PAYMENT


def test_where_the_file_has_no_prices_ours_hold(house: House) -> None:
    with house.work() as uow:
        set_price_list(uow, "all", "CNY", [Price("TEE", 9000)])
        set_promotion(uow, Offer("ten", PromotionKind.AMOUNT_OFF, 1000, 15_000), "CNY")
        set_freight_template(uow, "cn", Template(Zone((), 1000, 1200, 1000, 200)))
    header = [title for title in HEADER if title != "单价"]
    data = sheet(*[(n, "TEE", q, *DOOR) for n, q in (("T1", "1"), ("T2", "11"))], header=header)
    assert counts(taken(house, data)) == (2, 2, 0, 0)
    assert [(card.total.minor, card.freight.minor) for card in (house.card(1), house.card(2))] == [
        (10_200, 1200),
        (99_400, 1400),
    ]
    house.prove()


# which column is what


def test_columns_are_remembered_per_shop(house: House) -> None:
    header = ("Ref", *HEADER[1:])
    data = sheet(row("T1"), header=header)
    with pytest.raises(DomainError, match="no column is mapped to number"):
        seen(house, data)
    taken(house, data, FileMapping({"number": "Ref", "price": ""}))
    known = remembered(house.db, house.shops["cn"].id)
    assert known is not None
    assert (known.columns["number"], known.columns["price"], known.columns["sku"]) == ("Ref", "", "货号")
    assert counts(taken(house, sheet(row("T2", price="5"), header=header))) == (1, 1, 0, 0)
    assert house.card(2).total.minor == 9900
    with pytest.raises(DomainError, match="no column is mapped to number"):
        seen(house, data, shop="cn2")
    assert seen(house, sheet(row("T3"))).orders == 1  # what was remembered does not fit, what the titles say does


@pytest.mark.parametrize(
    ("header", "mapping", "says"),
    [
        (HEADER, FileMapping({"sku": "编码"}), "no column '编码' for sku: it has: 订单号"),
        ((*HEADER, "数量"), None, "columns C and K are both called '数量'"),
        (("a", "b"), None, "mapped to number, sku, quantity, name, phone, detail"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    house: House, header: tuple[str, ...], mapping: FileMapping | None, says: str
) -> None:
    with pytest.raises(DomainError, match=says.replace("(", r"\(")):
        seen(house, sheet(("x",) * len(header), header=header), mapping)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(DomainError, match="no field 'colour'"):
        FileMapping({"colour": "颜色"})


# what is wrong in which cell


@pytest.mark.parametrize(
    ("wrong", "place", "says"),
    [
        (row("T9", "GHOST"), "B3", "no SKU GHOST"),
        (row("T9", ""), "B3", "is missing"),
        (row(""), "A3", "is missing"),
        (row("T" * 101), "A3", "longer than 100"),
        (row("T9", "TEE", "0"), "C3", "not between 1"),
        (row("T9", "TEE", "-1"), "C3", "not between 1"),
        (row("T9", "TEE", "1.5"), "C3", "no whole number"),
        (row("T9", "TEE", ""), "C3", "is missing"),
        (row("T9", "TEE", "two"), "C3", "no whole number"),
        (row("T9", "TEE", "99999999999"), "C3", "not between 1"),
        (row("T9", "TEE", "1", "free"), "D3", "no amount"),
        (row("T9", "TEE", "1", "-1"), "D3", "negative"),
        (row("T9", "TEE", "1", "1.005"), "D3", "more digits"),
        (row("T9", "TEE", "1", "1", "", *DOOR[1:]), "E3", "is missing"),
        (row("T9", "TEE", "1", "1", "林**", *DOOR[1:]), "E3", "is masked"),
        (row("T9", "TEE", "1", "1", "林" * 101, *DOOR[1:]), "E3", "101 characters"),
        (row("T9", "TEE", "1", "1", "林", "12345", *DOOR[2:]), "F3", "no telephone number"),
        (row("T9", "TEE", "1", "1", "林", "138****8000", *DOOR[2:]), "F3", "is masked"),
        (row("T9", "TEE", "1", "1", "林", "", *DOOR[2:]), "F3", "is missing"),
        (row("T9", "TEE", "1", "1", *DOOR[:5], ""), "J3", "is missing"),
        (row("T9", "TEE", "1", "1", *DOOR[:5], "a\x01b"), "J3", "cannot be printed"),
        ((*row("T9"), "shifted"), "row 3", "1 cells more"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_creates_nothing(house: House, wrong: tuple[str, ...], place: str, says: str) -> None:
    data = sheet(row("T1"), wrong, row("T2"))
    result = seen(house, data)
    assert (result.orders, result.failed, [problem.place for problem in result.problems]) == (2, 1, [place])
    assert says in result.problems[0].text
    assert numbers(house) == []
    done = taken(house, data)
    assert counts(done) == (2, 2, 0, 1)
    [failed] = failed_rows(house.db, done.file_id)
    assert (failed.no, failed.problem) == (3, str(result.problems[0]))
    assert numbers(house) == ["T1", "T2"]
    house.prove()


def test_every_problem_of_a_row_is_named(house: House) -> None:
    result = seen(house, sheet(row("", "", "0", "x", "", "1", "", "", "", "")))
    assert [problem.place for problem in result.problems] == ["A2", "B2", "C2", "D2", "E2", "F2", "J2"]


@pytest.mark.parametrize(
    ("title", "cell", "says"),
    [
        ("下单时间", "soon", "no date"),
        ("下单时间", "2026-02-30", "no date"),
        ("下单时间", "2062-01-01", "not a moment of this business"),
        ("优惠", "99.01", "a discount of 99.01 CNY on goods of 99.00 CNY"),
        ("订单金额", "100", "says 100.00, but the order comes to 99.00"),
        ("已付金额", "99.01", "more was received than the 99.00"),
        ("是否付款", "maybe", "neither yes nor no"),
        ("订单类型", "magic", "no type of order"),
        ("订单类型", "补发", "enter it by hand"),
        ("国家", "Narnia", "no country"),
        ("买家留言", "!" * 2001, "2001 characters"),
        ("买家留言", "!" * 5000, "more than 4000"),
    ],
)
def test_a_bad_extra_is_named(house: House, title: str, cell: str, says: str) -> None:
    result = seen(house, sheet((*row("T1"), cell), header=(*HEADER, title)))
    assert [(problem.place, problem.title) for problem in result.problems] == [("K2", title)]
    assert says in result.problems[0].text


def test_cash_on_delivery_is_not_paid_too(house: House) -> None:
    result = seen(house, sheet((*row("T1"), "是", "是"), header=(*HEADER, "货到付款", "是否付款")))
    assert "has not been paid" in result.problems[0].text


def test_what_has_no_price_or_no_carriage_is_named(house: House) -> None:
    header = [title for title in HEADER if title != "单价"]
    result = seen(house, sheet(("T1", "TEE", "1", *DOOR), header=header), shop="us")
    assert str(result.problems[0]).startswith("B2 货号: TEE has no price in shop us")
    with house.work() as uow:
        set_freight_template(uow, "cn", Template(Zone((), 0, 0, 0, 0), excluded=("西藏",)))
    result = seen(house, sheet(row("T1", "TEE", "1", "99", "林", "13800138000", "西藏", "拉萨", "某区", "某路")))
    assert str(result.problems[0]).startswith("G2 省: this shop sends nothing to 西藏拉萨")


# numbers that come again


def test_a_number_in_several_rows_creates_nothing(house: House) -> None:
    data = sheet(row("T1"), row("T2"), row("T1", "CAP"), row("T3"))
    result = seen(house, data)
    assert (result.orders, result.failed) == (2, 2)
    assert [str(problem) for problem in result.problems] == [
        "A2 订单号: T1 stands in several rows",
        "A4 订单号: T1 stands in several rows",
    ]
    done = taken(house, data)
    assert counts(done) == (2, 2, 0, 2)
    assert [(one.no, one.problem) for one in failed_rows(house.db, done.file_id)] == [
        (2, "A2 订单号: T1 stands in several rows"), (4, "A4 订单号: T1 stands in several rows"),
    ]  # fmt: skip
    assert numbers(house) == ["T2", "T3"]


LINES = (*HEADER, "行号", "运费")


def test_with_a_line_column_neighbouring_rows_are_one_order(house: House) -> None:
    empty = ("",) * 6
    data = sheet(
        (*row("T1"), "1", "10"),
        (*row("T1", "CAP", "2", "49", *empty), "2", ""),
        (*row("T1", "PEN", "1", "3.33"), "3", "10"),
        (*row("T2"), "1", "0"),
        header=LINES,
    )
    assert counts(taken(house, data, SEVERAL)) == (2, 4, 0, 0)
    card = house.card(1)
    assert [(line.sku, line.quantity) for line in card.lines] == [("TEE", 1), ("CAP", 2), ("PEN", 1)]
    assert (card.total.minor, card.freight.minor) == (9900 + 9800 + 333 + 1000, 1000)
    house.prove()


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        (
            [(*row("T1"), "1", ""), (*row("T2"), "1", ""), (*row("T1"), "2", "")],
            ["A2 订单号: T1 stands elsewhere in the file too", "A4 订单号: T1 stands elsewhere in the file too"],
        ),
        ([(*row("T1"), "1", ""), (*row("T1"), "1", "")], ["K3 行号: 1 is row 2 already"]),
        ([(*row("T1"), "1", ""), (*row("T1"), "", "")], ["K3 行号: is missing"]),
        ([(*row("T1"), "1", "10"), (*row("T1"), "2", "12")], ["L3 运费: says '12', the order's first row says '10'"]),
        (
            [(*row("T1"), "1", ""), (*row("T1", "TEE", "1", "99", "王芳", *DOOR[1:]), "2", "")],
            ["E3 收货人: says '王芳', the order's first row says '林静怡'"],
        ),
        ([(*row("T1"), "1", ""), (*row("T1", "GHOST"), "2", "")], ["B3 货号: there is no SKU GHOST"]),
    ],
)
def test_rows_that_do_not_make_one_order_create_none(house: House, rows: list[tuple[str, ...]], problems: list[str]) -> None:
    data = sheet(*rows, (*row("T9"), "1", ""), header=LINES)
    assert [str(problem) for problem in seen(house, data, SEVERAL).problems] == problems
    done = taken(house, data, SEVERAL)
    assert done.orders == len({one[0] for one in rows} | {"T9"}) - 1
    assert "T1" not in numbers(house)
    assert done.failed == sum(1 for one in rows if one[0] == "T1")


def test_a_stored_number_is_a_duplicate(house: House) -> None:
    house.place(house.order(("TEE", 1), external_id="T1"))
    data = sheet(row("T1"), row("T2"))
    assert (seen(house, data).duplicates, seen(house, data).orders) == (1, 1)
    assert counts(taken(house, data)) == (1, 1, 1, 0)
    assert counts(taken(house, sheet(row("T1"), row("T2")), shop="cn2")) == (2, 2, 0, 0)


def test_the_same_file_again_adds_nothing(house: House) -> None:
    data = sheet(row("T1"), row("T2"))
    first, again = taken(house, data), taken(house, data)
    assert first == again
    assert counts(again) == (2, 2, 0, 0)
    assert counts(taken(house, sheet(row("T1"), row("T2"), encoding="utf-8-sig"))) == (0, 0, 2, 0)
    assert numbers(house) == ["T1", "T2"]
    assert [one.duplicates for one in files(house.db)] == [2, 0]


def test_what_failed_is_tried_again_when_the_file_comes_again(house: House) -> None:
    data = sheet(row("T1"), row("T2", "NEW"), row("T3"), row("T3"))
    assert counts(taken(house, data)) == (1, 1, 0, 3)
    house.db.change("UPDATE sku SET code = 'NEW' WHERE code = 'MUG'")
    assert counts(taken(house, data)) == (2, 2, 0, 2)
    assert numbers(house) == ["T1", "T2"]


def test_another_mapping_of_the_same_file_leaves_what_is_done(house: House) -> None:
    header = (*HEADER, "行号")
    data = sheet((*row("T1"), "1"), (*row("T1", "CAP", "1", "49"), "2"), (*row("T2"), "1"), header=header)
    assert counts(taken(house, data)) == (1, 1, 0, 2)
    assert counts(taken(house, data, SEVERAL)) == (2, 3, 0, 0)
    assert [len(house.card(order_id).lines) for order_id in (1, 2)] == [1, 2]
    house.prove()


# stopping half-way


def many(count: int) -> bytes:
    return sheet(*(row(f"T{number}", "TEE" if number % 7 else "GHOST") for number in range(1, count + 1)))


def test_it_goes_on_where_it_stopped(house: House) -> None:
    file_id = store(house.system.installation, "person:ann", "cn", "many.csv", many(120))
    assert unfinished(house.db) == [file_id]
    first = run(house.system.installation, file_id, most=1)
    assert (first.waiting, first.done, first.failed, first.state) == (70, 43, 7, "running")
    last = run(house.system.installation, file_id)
    assert (last.waiting, last.orders, last.failed, last.state) == (0, 103, 17, "finished")
    assert unfinished(house.db) == []
    assert run(house.system.installation, file_id) == last
    house.prove()


def test_a_transaction_that_fails_leaves_no_order_of_it(house: House) -> None:
    file_id = store(house.system.installation, "person:ann", "cn", "many.csv", many(60))

    def stopped() -> None:
        with house.work() as uow:
            assert step(uow, file_id) == 50
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    assert numbers(house) == []
    assert progress(house.db, file_id).waiting == 60
    assert run(house.system.installation, file_id).orders == 52


def test_rows_that_were_not_all_stored_are_completed_by_the_same_file(house: House) -> None:
    data = many(60)
    file_id = store(house.system.installation, "person:ann", "cn", "many.csv", data)
    house.db.change("DELETE FROM import_row WHERE no > 20")
    house.db.change("UPDATE import_file SET state = 'storing'")
    assert run(house.system.installation, file_id).orders == 0
    assert store(house.system.installation, "person:ann", "cn", "many.csv", data) == file_id
    assert counts(run(house.system.installation, file_id)) == (52, 52, 0, 8)


def test_an_order_that_somebody_refuses_fails_alone(house: House) -> None:
    def objecting(uow: Any, events: list[Any]) -> None:
        for event in events:
            [(number,)] = uow.db.rows("SELECT external_number FROM sales_order WHERE id = ?", (event.order_id,))
            if number == "T5":
                raise DomainError("T5 is not wanted", remedy="leave it out")

    from orderyard.core.orders.api import OrderPlaced

    house.system.installation.wiring.hear(OrderPlaced, objecting)
    done = taken(house, many(60))
    assert counts(done) == (51, 51, 0, 9)
    assert [one.problem for one in failed_rows(house.db, done.file_id) if one.no == 6] == [
        "row 6: T5 is not wanted: leave it out"
    ]
    house.prove()


def test_orders_of_a_file_are_whoever_s_who_uploaded_it(house: House) -> None:
    taken(house, sheet(row("T1")))
    assert house.db.rows("SELECT DISTINCT actor FROM audit WHERE action = 'placed'") == [("person:ann",)]
    assert house.db.rows("SELECT source FROM sales_order") == [("file",)]
