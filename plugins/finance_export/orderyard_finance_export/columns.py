"""Kingdee KIS/K3 标准格式引入: the columns of its voucher sheet and the t_Schema sheet that describes them.

The column list is data because it differs between versions of the program; this one is written and read alike by several
independent exporters. `place` is Kingdee's own column index, which skips hidden columns.
"""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NUMBER, DATE = "Varchar(255)", "Decimal(28,10)", "DateTime"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its caption on Page1, its field and type in t_Schema."""

    field: str
    caption: str
    type: str
    place: int


COLUMNS = (
    Column("FDate", "凭证日期", DATE, 1),
    Column("FYear", "会计年度", NUMBER, 2),
    Column("FPeriod", "会计期间", NUMBER, 3),
    Column("FGroupID", "凭证字", "Varchar(80)", 4),
    Column("FNumber", "凭证号", NUMBER, 5),
    Column("FAccountNum", "科目代码", "Varchar(40)", 7),
    Column("FAccountName", "科目名称", TEXT, 8),
    Column("FCurrencyNum", "币别代码", "Varchar(10)", 9),
    Column("FCurrencyName", "币别名称", "Varchar(40)", 10),
    Column("FAmountFor", "原币金额", NUMBER, 11),
    Column("FDebit", "借方", NUMBER, 12),
    Column("FCredit", "贷方", NUMBER, 13),
    Column("FPreparerID", "制单", TEXT, 14),
    Column("FCheckerID", "审核", TEXT, 15),
    Column("FApproveID", "核准", TEXT, 17),
    Column("FCashierID", "出纳", TEXT, 18),
    Column("FHandler", "经办", "Varchar(50)", 19),
    Column("FSettleTypeID", "结算方式", "Varchar(80)", 20),
    Column("FSettleNo", "结算号", TEXT, 21),
    Column("FExplanation", "凭证摘要", TEXT, 22),
    Column("FQuantity", "数量", NUMBER, 23),
    Column("FMeasureUnitID", "数量单位", TEXT, 24),
    Column("FUnitPrice", "单价", NUMBER, 25),
    Column("FReference", "参考信息", TEXT, 26),
    Column("FTransDate", "业务日期", DATE, 27),
    Column("FTransNo", "往来业务编号", TEXT, 28),
    Column("FAttachments", "附件数", NUMBER, 29),
    Column("FSerialNum", "序号", NUMBER, 30),
    Column("FObjectName", "系统模块", "Varchar(100)", 31),
    Column("FParameter", "业务描述", "Varchar(100)", 32),
    Column("FExchangeRateType", "汇率类型", "Varchar(80)", 33),
    Column("FExchangeRate", "汇率", NUMBER, 34),
    Column("FEntryID", "分录序号", NUMBER, 35),
    Column("FItem", "核算项目", "Text", 36),
    Column("FPosted", "过账", NUMBER, 37),
    Column("FInternalInd", "机制凭证", "Varchar(10)", 38),
    Column("FCashFlow", "现金流量", "Text", 39),
)

_SCHEMA_HEAD = (
    "FType FKey FFieldName FCaption FValueType FNeedSave FColIndex FSrcTableName FSrcFieldName FExpFieldName FImpFieldName "
    "FDefaultVal FSearch FItemPageName FTrueType FPrecision FSearchName FIsShownList FViewMask FPage"
).split()


def schema() -> list[list[str]]:
    """The rows of t_Schema: which class of document the file holds, and each column of Page1."""
    about = [("ClassInfo", "ClassType", "VoucherData"), ("ClassInfo", "ClassTypeID", "123"), ("PageInfo", "Page1", "Page1")]
    rows = [_SCHEMA_HEAD]
    rows += [[kind, key, "", caption] + [""] * 16 for kind, key, caption in about]
    for column in COLUMNS:
        field = column.field
        described = ["FieldInfo", field, field, column.caption, column.type, "", str(column.place), "", "", field, field]
        rows.append([*described, "", "0", "", "", "0", "0", "0", "0", "1"])
    return rows
