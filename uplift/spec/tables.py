"""``data``: where each role's rows are, and which column plays which part."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from uplift.spec.base import Section
from uplift.spec.condition import Condition
from uplift.spec.fields import Columns, Positive, Text, read_number, read_text

Encoding = Literal["utf-8", "utf-8-sig", "gb18030"]
MarginBasis = Literal["before_coupon", "after_coupon"]


def _encoding(value: object) -> object:
    return _SPELLINGS.get(value, value) if isinstance(value, str) else value


_SPELLINGS = {"utf8": "utf-8", "UTF-8": "utf-8", "gbk": "gb18030", "GBK": "gb18030", "GB18030": "gb18030"}
_ENCODINGS = [*get_args(Encoding), *_SPELLINGS]


class Source(Section):
    """Where rows are: paths or patterns relative to the spec, and how to read them."""

    table: Columns
    sheet: Text | None = None
    header_row: Positive = 1
    encoding: Annotated[Encoding, BeforeValidator(_encoding), WithJsonSchema({"enum": _ENCODINGS})] | None = None


class Table(Source):
    """A table with a role; ``where`` keeps rows by roles or columns of that table."""

    where: Condition | None = None


class UnitsTable(Table):
    """One row per unit; ``id: null`` numbers the rows from 1. Further columns are free."""

    not_built: ClassVar[tuple[str, ...]] = ("cluster",)

    id: Annotated[str, BeforeValidator(read_text)] | None
    consent: Text | None = None


class RateTable(Source):
    """Margin rates looked up by columns of the orders."""

    by: Columns
    value: Text


def _rate_form(value: object) -> str:
    return "tag:table" if isinstance(value, (Mapping, RateTable)) else "tag:number"


_Rate = Annotated[float, Field(ge=0, le=1), BeforeValidator(read_number), Tag("tag:number")]
_RateTable = Annotated[RateTable, Tag("tag:table")]


class MarginRate(Section):
    """Margin as a share of the list value: one rate, or a table of rates."""

    rate: Annotated[_Rate | _RateTable, Discriminator(_rate_form)]


def _margin_form(value: object) -> str:
    return "tag:rate" if isinstance(value, (Mapping, MarginRate)) else "tag:column"


_MarginColumn = Annotated[Text, Tag("tag:column")]
_MarginRate = Annotated[MarginRate, Tag("tag:rate")]


class OrdersTable(Table):
    """Order lines; lines with the same ``order_id`` are one order."""

    id: Text
    order_id: Text
    time: Text
    revenue: Text
    margin: Annotated[_MarginColumn | _MarginRate, Discriminator(_margin_form)] | None = None
    revenue_is: Literal["paid", "list"] = "paid"
    margin_is: MarginBasis | None = None
    category: Text | None = None
    platform: Text | None = None

    @property
    def margin_basis(self) -> MarginBasis:
        """``margin_is`` as written, else before_coupon for a rate and after_coupon for a column."""
        return self.margin_is or ("before_coupon" if isinstance(self.margin, MarginRate) else "after_coupon")


class RefundsTable(Table):
    """Refunds, each with its own time, tied to an order."""

    order_id: Text
    time: Text
    amount: Text
    id: Text | None = None


class CouponsTable(Table):
    """Coupons issued; ``redeemed`` and ``order_id`` are empty for those never used."""

    id: Text
    campaign: Text
    redeemed: Text
    order_id: Text
    face: Text
    issued: Text | None = None
    tier: Text | None = None
    our_share: Text | None = None


class ContactsTable(Table):
    """Touches sent, one row each."""

    not_built: ClassVar[tuple[str, ...]] = ("step",)

    id: Text
    campaign: Text
    time: Text
    channel: Text | None = None
    cost: Text | None = None
    delivered: Text | None = None
    unsubscribed: Text | None = None


class ServiceTable(Table):
    """Tickets of customers, one row each; ``rating`` is the satisfaction with delivery or service."""

    id: Text
    time: Text
    complaint: Text | None = None
    rating: Text | None = None
    reason: Text | None = None
    resolved: Text | None = None


EventKind = Literal["visit", "search", "cart", "content", "review", "share", "referral", "open", "other"]
EVENT_NAMES: Mapping[str, EventKind] = MappingProxyType(
    {
        **{kind: kind for kind in get_args(EventKind)},
        **dict.fromkeys(("访问", "浏览", "登录", "visits", "view", "session"), "visit"),
        **dict.fromkeys(("搜索",), "search"),
        **dict.fromkeys(("加购", "收藏", "add_to_cart", "favourite"), "cart"),
        **dict.fromkeys(("内容", "种草", "阅读", "直播", "点赞", "评论", "read", "like", "comment"), "content"),
        **dict.fromkeys(("评价", "晒单"), "review"),
        **dict.fromkeys(("分享", "转发"), "share"),
        **dict.fromkeys(("邀请", "推荐", "拉新", "invite", "referrals"), "referral"),
        **dict.fromkeys(("打开", "点击", "click"), "open"),
    }
)
"""What the values of a kind column mean unless ``kinds`` says otherwise."""


class BehaviourTable(Table):
    """What customers did besides buying, one row an event or, with ``count``, a run of equal events."""

    id: Text
    time: Text
    kind: Text | None = None
    """Column of the kind; without it every row is a visit."""
    count: Text | None = None
    value: Text | None = None
    """Column of what an event brought, in the currency, such as the margin of a referred customer."""
    channel: Text | None = None
    kinds: Mapping[Text, EventKind] = {}
    """Value of the kind column to what it means; values that neither it nor the built-in names hold are ``other``."""

    @property
    def kind_names(self) -> dict[str, EventKind]:
        """Value of the kind column to what it means."""
        return {**EVENT_NAMES, **self.kinds}


class Data(Section):
    """The tables by role; a role that is absent is None."""

    not_built: ClassVar[tuple[str, ...]] = ("links", "ledger")

    units: UnitsTable
    orders: OrdersTable | None = None
    refunds: RefundsTable | None = None
    coupons: CouponsTable | None = None
    contacts: ContactsTable | None = None
    service: ServiceTable | None = None
    behaviour: BehaviourTable | None = None
