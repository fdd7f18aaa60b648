"""One row a unit as of a moment: what the orders and every other table know strictly before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.data.absent import absent_facts
from uplift.data.arrow import to_numpy
from uplift.data.baskets import REPURCHASE_DAYS, cross_category
from uplift.data.facts import make_span
from uplift.data.tallies import tally
from uplift.data.window import DAY, MICRO, FactWindow, to_micros
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Expression, Table
    from uplift.data.store import Store
    from uplift.spec.model import ExperimentSpec

MONTH = 30
"""Days of a month: months are counted back from the moment."""

_MOST_DAYS = 62 * MONTH
_MONEY = ("gmv", "paid", "gross_margin", "lifetime_margin", "discounted")
_TALLIED = (
    *("refunded", "tickets", "complaints", "ratings", "rating_sum", "visits", "content_events", "shares"),
    *("referrals", "content_value", "referral_value"),
)


def gather_wide(store: Store, as_of: datetime, *, days: int) -> dict[str, Array]:
    """Return the columns of the wide table for all units, without those that the spec cannot have.

    Parameters
    ----------
    store
        The tables.
    as_of
        Naive local time; a row at or after it is not known.
    days
        How far back the columns look that are not over the whole life.

    Returns
    -------
    dict
        Arrays of shape (n_units,), in the order of the ids.

    Raises
    ------
    DataError
        When the spec has no orders, or ``days`` is not in 1 to 1860.
    """
    if not 1 <= days <= _MOST_DAYS:
        message = f"days == {days}, must be from 1 to {_MOST_DAYS}: the days before as_of that the wide table reads"
        raise DataError(message)
    moment, n_units = to_micros(as_of), len(store.units.ids)
    found = _fetch(store, _order_sums(store.orders.orders, moment, days))
    if store.baskets is not None:
        found |= _categories(store, moment, days)
    if store.has("contacts"):
        found |= _fetch(store, _contact_sums(store.touches, moment, days))
    window = FactWindow(as_of, -days, 0, through=as_of)
    asked = frozenset(set(_TALLIED) - set(absent_facts(store.spec)))
    found |= tally(store, np.arange(n_units), window, asked) if asked else {}
    return _columns(store.spec, found, moment, days)


def absent_wide(spec: ExperimentSpec) -> dict[str, str]:
    """Return the columns of the wide table that a spec cannot have, with what it lacks."""
    facts = absent_facts(spec)
    absent = {name: facts[fact] for name, fact in _NEEDS.items() if fact in facts}
    if spec.data.contacts is None or spec.data.contacts.unsubscribed is None:
        absent["unsubscribed"] = facts["unsubscribed"]
    return absent


_NEEDS = {
    "net_revenue": "refunded",
    "return_rate": "refunded",
    "gross_margin": "gross_margin",
    "lifetime_margin": "gross_margin",
    "price_sensitivity": "couponed_orders",
    "discount_depth": "couponed_orders",
    "coupon_dependence": "couponed_orders",
    "cross_category_repurchase_30d": "cross_category_30d",
    "category_breadth": "cross_category_30d",
    "favourite_category": "cross_category_30d",
    "delivery_satisfaction": "ratings",
    "tickets": "tickets",
    "complaints": "complaints",
    "visits": "visits",
    "content_engagement": "content_events",
    "shares": "shares",
    "referrals": "referrals",
    "content_value": "content_value",
    "referral_value": "referral_value",
    "contacts": "contacts",
}
"""Column of the wide table to the fact that it is made of."""


def _order_sums(orders: Table, moment: int, days: int) -> Table:
    import ibis

    rows = orders.filter(orders.us < moment)
    # The order before is any order of the unit's life: the first of the window may repeat one from before it.
    gap = rows.us - rows.us.lag().over(group_by="code", order_by="us")
    recent = rows.us >= moment - days * DAY
    rows = rows.mutate(recent=recent, again=recent & (gap > 0) & (gap <= REPURCHASE_DAYS * DAY))
    month = ((moment - 1 - rows.us) // (MONTH * DAY)).cast("int64")
    bit = rows.recent.ifelse(ibis.literal(1).cast("int64") << month.clip(upper=62), 0)
    sums: dict[str, Expression] = {
        "lifetime_orders": rows.count(),
        "first_us": rows.us.min(),
        "last_us": rows.us.max(),
        "months": bit.bit_or(),
        "orders": rows.count(where=rows.recent),
        "again": rows.again.any().cast("int64"),
        "gmv": rows.list_value.sum(where=rows.recent),
        "paid": rows.paid.sum(where=rows.recent),
    }
    if "gross" in rows.columns:
        sums |= {"gross_margin": rows.gross.sum(where=rows.recent), "lifetime_margin": rows.gross.sum()}
    if "couponed" in rows.columns:
        sums["couponed_orders"] = rows.count(where=rows.recent & rows.couponed)
        sums["discounted"] = rows.paid.sum(where=rows.recent & (rows.list_value > rows.paid))
    return _by_code(rows, sums)


def _contact_sums(touches: Table, moment: int, days: int) -> Table:
    rows = touches.filter(touches.us < moment)
    sums = {"contacts": rows.count(where=rows.us >= moment - days * DAY)}
    if "unsubscribed" in rows.columns:
        sums["unsubscribed"] = rows.unsubscribed.any().cast("int64")
    return _by_code(rows, sums)


def _by_code(rows: Table, sums: Mapping[str, Expression]) -> Table:
    whole = {name: value.fill_null(0).cast("int64") for name, value in sums.items()}
    return rows.group_by("code").aggregate(**whole)


def _fetch(store: Store, sums: Table) -> dict[str, Array]:
    found = store.engine.fetch(sums)
    code = found["code"].to_numpy()
    return {
        name: _placed(to_numpy(found[name]), code, len(store.units.ids)) / (MICRO if name in _MONEY else 1)
        for name in found.column_names
        if name != "code"
    }


def _placed(values: Array, code: Array, n_units: int) -> NDArray[np.int64]:
    whole = np.zeros(n_units, np.int64)
    whole[code] = values
    return whole


def _categories(store: Store, moment: int, days: int) -> dict[str, Array]:
    """Return breadth, the category with the largest amount (of equal ones the first by name) and returns across."""
    baskets = store.baskets
    if baskets is None:
        return {}
    span = make_span(store.engine, FactWindow(_moment(moment), -days, 0), np.arange(0))
    # A first order of the window may be crossed by one from before it, as orders repeat across its start.
    before = make_span(store.engine, FactWindow(_moment(moment), -days - REPURCHASE_DAYS, 0), np.arange(0))
    crossed = cross_category(before.rows(baskets.rows))
    crossed = crossed.filter(crossed.us >= moment - days * DAY)
    inside = span.rows(baskets.rows)
    amounts = inside.group_by(["code", "category"]).aggregate(amount=inside.amount.sum().cast("int64"))
    best = amounts.group_by("code").aggregate(top=amounts.amount.max(), breadth=amounts.count())
    both = amounts.join(best, "code")
    tops = both.filter(both.amount == both.top)
    found = _fetch(store, _by_code(tops, {"category_breadth": tops.breadth.max(), "place": tops.category.min()}))
    found |= _fetch(store, _by_code(crossed, {"crosses": crossed.crosses.any().cast("int64")}))
    names = np.array([*baskets.names, None], object)
    place = found.pop("place").astype(np.intp)
    found["favourite_category"] = names[np.where(found["category_breadth"] > 0, place, -1)]
    return found


def _moment(micros: int) -> datetime:
    moment: datetime = np.datetime64(micros, "us").item()
    return moment


def _columns(spec: ExperimentSpec, found: Mapping[str, Array], moment: int, days: int) -> dict[str, Array]:
    bought = found["lifetime_orders"] > 0
    first, last = (np.where(bought, (moment - found[name]) / DAY, np.nan) for name in ("first_us", "last_us"))
    months = np.minimum(np.maximum(days // MONTH, 1), np.ceil(np.where(bought, first, 1.0) / MONTH))
    active = np.bitwise_count((found["months"].astype(np.int64)) & ((1 << max(days // MONTH, 1)) - 1))
    columns = {
        "gmv": found["gmv"],
        "orders": found["orders"].astype(np.int64),
        "average_basket": ratio(found["paid"], found["orders"]),
        "repurchase_30d": found["again"].astype(np.float64),
        "retention": (bought & (last <= MONTH)).astype(np.float64),
        "active_month_share": np.where(bought, active / months, np.nan),
        "last_order_days": last,
        "first_order_days": first,
        "lifetime_orders": found["lifetime_orders"].astype(np.int64),
    }
    absent = absent_wide(spec)
    return columns | {name: value for name, value in _derived(found, days).items() if name not in absent}


def _derived(found: Mapping[str, Array], days: int) -> dict[str, Array]:
    """Return the columns of tables that a spec may lack; without their table they are zeros that nobody is shown."""
    nothing = np.zeros(len(found["orders"]))

    def of(name: str) -> Array:
        return found.get(name, nothing)

    counts = ("tickets", "complaints", "visits", "shares", "referrals", "contacts", "category_breadth")
    money = ("gross_margin", "lifetime_margin", "content_value", "referral_value")
    return {
        "net_revenue": found["paid"] - of("refunded"),
        "return_rate": ratio(of("refunded"), found["paid"]),
        "price_sensitivity": ratio(of("discounted"), found["paid"]),
        "discount_depth": ratio(found["gmv"] - found["paid"], found["gmv"]),
        "coupon_dependence": ratio(of("couponed_orders"), found["orders"]),
        "cross_category_repurchase_30d": of("crosses").astype(np.float64),
        "favourite_category": of("favourite_category"),
        "delivery_satisfaction": ratio(of("rating_sum"), of("ratings")),
        "content_engagement": of("content_events") * MONTH / days,
        "unsubscribed": of("unsubscribed").astype(np.float64),
        **{name: of(name).astype(np.int64) for name in counts},
        **{name: of(name).astype(np.float64) for name in money},
    }


def ratio(numerator: Array, denominator: Array) -> NDArray[np.float64]:
    """Return a ratio per unit, NaN where the denominator is not above 0."""
    out = np.full(len(denominator), np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out
