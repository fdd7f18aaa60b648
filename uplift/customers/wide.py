"""The wide table: one row a customer as of a date, each column with its kind, names and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data import Columns, Warehouse

ColumnKind = Literal["money", "rate", "count", "days", "score", "label"]


@dataclass(frozen=True, slots=True)
class WideColumn:
    """One column of the wide table.

    Parameters
    ----------
    id
        Name of the column.
    kind
        What its numbers mean; money is in the experiment's currency per customer, ``label`` is text.
    source
        Table that it is made of.
    zh, en
        Names.
    meaning
        How it is computed. The window is the ``days`` before ``as_of`` unless it says the whole life.
    """

    id: str
    kind: ColumnKind
    source: str
    zh: str
    en: str
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class WideTable:
    """Customers by columns; no row at or after ``as_of`` is in it.

    Parameters
    ----------
    as_of
        Naive local time.
    days
        Length of the window before it.
    columns
        One entry per customer that consented, sorted by id; a column whose table the spec lacks is absent.
    """

    as_of: datetime
    days: int
    columns: Columns

    @property
    def entries(self) -> tuple[WideColumn, ...]:
        """Columns that are there, in the order of the dictionary."""
        return tuple(entry for entry in WIDE_COLUMNS.values() if entry.id in self.columns)

    @property
    def absent(self) -> Mapping[str, str]:
        """Columns that are not there, with what the spec lacks."""
        return self.columns.absent

    def numbers(self) -> dict[str, NDArray[np.float64]]:
        """Return every column but labels as float64, NaN where it is not known, each of shape (n,)."""
        shown = [entry.id for entry in self.entries if entry.kind != "label"]
        return {name: self.columns[name].astype(np.float64) for name in shown}


def make_wide_table(warehouse: Warehouse, as_of: datetime, *, days: int = 365) -> WideTable:
    """Describe every customer that consented by all that the tables know strictly before a moment.

    Parameters
    ----------
    warehouse
        The tables.
    as_of
        Naive local time.
    days
        How far back columns look that are not over the whole life; at most 1860.

    Returns
    -------
    WideTable

    Raises
    ------
    DataError
        When the spec has no orders, or ``days`` is out of range.
    """
    found = warehouse.wide(as_of, days=days)
    order = tuple(name for name in WIDE_COLUMNS if name in found)
    return WideTable(as_of, days, found.select(order))


_ENTRIES = (
    WideColumn("gmv", "money", "orders", "成交额", "Gross merchandise value", "List value of the orders."),
    WideColumn("net_revenue", "money", "refunds", "净收入", "Net revenue", "Paid, less what was refunded by then."),
    WideColumn("gross_margin", "money", "orders", "毛利", "Gross margin", "Margin before subsidy and returns."),
    WideColumn("orders", "count", "orders", "订单数", "Orders", "Orders, each once however many lines it has."),
    WideColumn("average_basket", "money", "orders", "客单价", "Average basket", "Paid per order; unknown without one."),
    WideColumn(
        *("repurchase_30d", "rate", "orders", "30天复购", "Repurchase in 30 days"),
        "1 if an order came within 30 days of the order before.",
    ),
    WideColumn(
        *("cross_category_repurchase_30d", "rate", "orders", "30天跨品类复购", "Cross-category repurchase in 30 days"),
        "1 if an order holds a category that an order of the 30 days before did not.",
    ),
    WideColumn("retention", "rate", "orders", "近30天留存", "Retention", "1 if an order lies in the last 30 days."),
    WideColumn(
        *("active_month_share", "rate", "orders", "活跃月占比", "Share of active months"),
        "Months of 30 days, counted back, with an order, of those since the first order; unknown without one.",
    ),
    WideColumn(
        "return_rate", "rate", "refunds", "退款率", "Return rate", "Refunded over paid; unknown if nothing was."
    ),
    WideColumn("category_breadth", "count", "orders", "品类宽度", "Category breadth", "Categories bought."),
    WideColumn(
        *("favourite_category", "label", "orders", "偏好品类", "Favourite category"),
        "Category with the largest amount; of equal ones the first by name.",
    ),
    WideColumn(
        *("price_sensitivity", "rate", "coupons", "价格敏感度", "Price sensitivity"),
        "Share of what was paid that was paid on orders with a discount; unknown if nothing paid.",
    ),
    WideColumn(
        *("discount_depth", "rate", "coupons", "折扣深度", "Discount depth"),
        "List value less paid, over list value; unknown without orders.",
    ),
    WideColumn(
        *("coupon_dependence", "rate", "coupons", "用券依赖", "Coupon dependence"),
        "Share of orders with a coupon; unknown without orders.",
    ),
    WideColumn(
        *("delivery_satisfaction", "score", "service", "履约满意度", "Delivery satisfaction"),
        "Mean rating of the tickets; unknown where none was rated.",
    ),
    WideColumn("tickets", "count", "service", "工单数", "Service tickets", "Tickets."),
    WideColumn("complaints", "count", "service", "投诉数", "Complaints", "Tickets that complain."),
    WideColumn("visits", "count", "behaviour", "访问次数", "Visits", "Visits."),
    WideColumn(
        *("content_engagement", "rate", "behaviour", "内容互动", "Content engagement"),
        "Reading, reviewing and sharing events per 30 days.",
    ),
    WideColumn("shares", "count", "behaviour", "分享次数", "Shares", "Sharing events."),
    WideColumn("referrals", "count", "behaviour", "推荐人数", "Referrals", "Referral events."),
    WideColumn("content_value", "money", "behaviour", "内容价值", "Content value", "Value of content events."),
    WideColumn("referral_value", "money", "behaviour", "推荐价值", "Referral value", "Value of referral events."),
    WideColumn("contacts", "count", "contacts", "触达次数", "Contacts", "Touches sent, of every campaign."),
    WideColumn(
        *("unsubscribed", "rate", "contacts", "已退订", "Unsubscribed"),
        "1 if they ever unsubscribed.",
    ),
    WideColumn("last_order_days", "days", "orders", "距上次下单", "Days since last order", "Unknown without one."),
    WideColumn("first_order_days", "days", "orders", "距首次下单", "Days since first order", "Unknown without one."),
    WideColumn("lifetime_orders", "count", "orders", "累计订单数", "Lifetime orders", "Orders over the whole life."),
    WideColumn("lifetime_margin", "money", "orders", "累计毛利", "Lifetime margin", "Margin over the whole life."),
)
WIDE_COLUMNS: Mapping[str, WideColumn] = MappingProxyType({entry.id: entry for entry in _ENTRIES})
"""Every column of the wide table by id, in order."""
