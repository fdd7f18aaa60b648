"""All tables of a spec behind one door: units, their past, and what they did in any window."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.absent import absent_facts
from uplift.data.bounds import TimeBounds, find_bounds, last_moment
from uplift.data.calendar import promotion_days
from uplift.data.codes import find_codes
from uplift.data.columns import Array, Columns, find_places
from uplift.data.engine import Engine
from uplift.data.facts import make_span
from uplift.data.history import summarize_history
from uplift.data.metrics import MetricColumn, compute_metric, metric_facts
from uplift.data.opening import open_tables
from uplift.data.purchases import PurchaseCells, count_purchases, summarize_purchases
from uplift.data.roles.units import fetch_attributes
from uplift.data.store import Store
from uplift.data.tallies import tally, tally_steps
from uplift.data.weekly import WeeklyColumns, gather_weekly
from uplift.data.wide import absent_wide, gather_wide
from uplift.data.window import FactWindow, to_micros
from uplift.data.window_purchases import place_window_purchases, sum_window_purchases
from uplift.errors import DataError
from uplift.results.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from uplift.results.facts import Note
    from uplift.results.progress import Progress
    from uplift.spec.model import ExperimentSpec


def open_warehouse(
    spec: ExperimentSpec,
    *,
    tables: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Warehouse:
    """Open the tables of a spec in an embedded engine; use it as a context manager.

    Parameters
    ----------
    spec
        Which tables and columns there are, and what they mean.
    tables
        Role to a frame (pandas, polars, Arrow, DuckDB, Ibis) or path that takes the place of the
        spec's location; ``rates`` is the table of margin rates.
    threads
        Threads of the engine; None takes all cores. No result depends on it.
    progress
        Told of each table.

    Raises
    ------
    MissingFileError, MissingColumnError, DataError
        When tables are not what the spec says: everything missing at once.
    """
    engine = Engine(threads=threads, zone=spec.zone.key)
    tell = progress or silent
    try:
        store = Store(engine, spec, open_tables(engine, spec, tables, tell), tell)
        return Warehouse(store, store.units.ids)
    except BaseException:
        engine.close()
        raise


class Warehouse:
    """Rows of every role, asked by unit and window.

    Sums are made of whole millionths of the currency unit: no answer depends on row order, threads
    or engine. Made by :func:`open_warehouse`.
    """

    def __init__(self, store: Store, ids: NDArray[np.object_]) -> None:
        self._store = store
        self._ids = ids
        self._last_asked: tuple[NDArray[np.object_], NDArray[np.intp]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the engine and remove its temporary files."""
        self._store.engine.close()

    @property
    def spec(self) -> ExperimentSpec:
        """The spec whose tables these are."""
        return self._store.spec

    @property
    def roles(self) -> frozenset[str]:
        """Roles that the spec has."""
        return frozenset(self._store.opened.roles)

    @property
    def row_counts(self) -> Mapping[str, int]:
        """Rows of each role, after its ``where``."""
        return self._store.row_counts()

    @property
    def unit_column_names(self) -> tuple[str, ...]:
        """Free columns of the units table."""
        return self._store.units.attribute_names

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was left out of the tables, counted; reads all of them."""
        return self._store.notes()

    @property
    def time_bounds(self) -> Mapping[str, TimeBounds]:
        """First and last time of each role but the units; of coupons, those of redemptions."""
        return find_bounds(self._store)

    def units(self, names: Sequence[str] | None = None) -> Columns:
        """Return the units that consented, sorted by id, with free columns.

        Parameters
        ----------
        names
            Which columns; None means all, and an empty sequence none.

        Returns
        -------
        Columns
            Text, float64, int64 or bool as the table holds them; text of CSV and workbooks that is
            all numbers or all flags is read as such.

        Raises
        ------
        MissingColumnError
            When a column is not there.
        """
        wanted = self.unit_column_names if names is None else tuple(names)
        return fetch_attributes(self._store.engine, self._store.units, wanted)

    def known(self, ids: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Tell which ids are in the units table, whether they consent today or not, shape (n,)."""
        return self._places(ids) >= 0

    def last_moment(self) -> datetime | None:
        """Return the midnight after the last order, refund or redemption; None without any."""
        return last_moment(self.time_bounds)

    def history(self, as_of: datetime) -> Columns:
        """Summarise the orders strictly before a moment, for the units that consented.

        Orders on the days of ``calendar`` are no personal rhythm: the gaps are those between the others.

        Parameters
        ----------
        as_of
            Naive local time.

        Returns
        -------
        Columns
            ``n_orders``, ``n_gaps``, ``orders_90d``, ``orders_previous_90d`` and ``order_quarters``
            (int64; bit k for an order in the calendar quarter k before that of ``as_of``); ``frequency``,
            ``recency_days`` and ``age_days`` as in :meth:`purchases`;
            ``first_order_days`` and ``last_order_days`` before ``as_of``, ``median_gap`` and
            ``last_gap`` in days (float64, NaN where there is none); ``registered_days`` (NaN).

        Raises
        ------
        DataError
            When the spec has no orders.
        """
        orders, moment = self._store.orders.orders, to_micros(as_of)
        promotions = promotion_days(self.spec, date.min, as_of.date()).astype(np.int64)
        found = summarize_history(self._store.engine, orders, moment, len(self._ids), promotions=promotions)
        found["registered_days"] = np.full(len(self._ids), np.nan)
        return Columns(self._ids, found).take(self._store.units.consented)

    def facts(self, ids: NDArray[np.object_], window: FactWindow, *, names: Sequence[str] | None = None) -> Columns:
        """Sum what units did in a window, in one query per table.

        Parameters
        ----------
        ids : ndarray of object (str), shape (n,)
            Units of the units table, whether they consent today or not.
        window
            Half-open days from each unit's day 0.
        names
            Which columns are needed; what the spec lacks is left out. None means those of orders, refunds,
            coupons and contacts: tickets, events and categories are read only for what is named.

        Returns
        -------
        Columns
            In the order of ``ids``. Counts (int64): ``orders``, ``couponed_orders``,
            ``redeemed_orders``, ``orders_last_30``, ``contacts``, ``unsubscribed`` (0 or 1). Money in
            currency units per unit (float64 of an exact sum): ``revenue``, ``list_value``,
            ``gross_margin`` (before subsidy), ``organic_margin``, ``couponed_margin``,
            ``redeemed_margin``, ``redeemed_revenue``, ``refunded``, ``returned_margin``, ``subsidy``,
            ``contact_cost``. Days: ``last_order_days`` from the last order to the window's end, NaN
            without one. By name alone: ``refunded_orders``, the window's orders of which something was
            refunded; ``other_platform_margin`` of orders outside the platforms of ``eligible.where``;
            ``cross_category_30d``, 1 where a later order, within 30 days, holds a category that the earlier one
            lacks; ``tickets``, ``complaints``, ``ratings``, ``rating_sum`` and ``rating_last``, 0 without a
            rating; ``events``, ``visits``, ``content_events``, ``shares``, ``referrals``, and, as money,
            ``content_value`` and ``referral_value``. A column whose table the spec lacks is absent,
            and says so when asked for.

        Raises
        ------
        DataError
            When the spec has no orders, or an id is not in the units table.
        """
        wanted = None if names is None else frozenset(names)
        found = tally(self._store, self._codes(ids), window, wanted)
        return Columns(ids, found, absent_facts(self.spec))

    def weekly_facts(
        self, ids: NDArray[np.object_], window: FactWindow, *, name: str = "gross_margin", step_days: int = 7
    ) -> NDArray[np.float64]:
        """Sum one fact over the steps of a window: those of :meth:`facts`, step by step.

        Parameters
        ----------
        ids : ndarray of object (str), shape (n,)
            Units of the units table.
        window
            Half-open days from each unit's day 0; money is discounted to day 0.
        name
            A fact that is a sum over rows. What was refunded of an order stands in the order's step.
        step_days
            Days of a step; the last one ends with the window and may be shorter.

        Returns
        -------
        ndarray of float64, shape (n, n_steps)
            Currency units per unit, or a count; rows add up to the fact of the window.

        Raises
        ------
        DataError
            When the fact is no sum over rows or its table is absent, or an id is not in the units table.
        """
        return tally_steps(self._store, self._codes(ids), window, name=name, step_days=step_days)

    def purchases(self, as_of: datetime, *, ids: NDArray[np.object_] | None = None) -> Columns:
        """Summarise the purchase days strictly before a moment.

        A purchase day is a calendar day with an order: all orders of one day are one purchase.

        Parameters
        ----------
        as_of
            Naive local time.
        ids : ndarray of object (str), shape (n,), optional
            Units of the units table, whether they consent today or not; None means all that consented.

        Returns
        -------
        Columns
            ``n_days`` purchase days and ``frequency``, those after the first (int64); ``recency_days`` from
            the first to the last and ``age_days`` from the first to ``as_of`` (float64, NaN without an
            order). With a margin also ``mean_value`` (float64, currency units): the mean gross margin of the
            repeat purchase days whose margin is above 0, and 0 without any; ``n_positive_days``, their
            number (int64); ``first_margin`` of the first purchase day, and ``repeat_margin``, the sum over all
            others.

        Raises
        ------
        DataError
            When the spec has no orders.
        """
        orders = self._store.orders
        codes = None if ids is None else self._codes(ids)
        found = summarize_purchases(self._store.engine, orders.orders, to_micros(as_of), len(self._ids), codes=codes)
        lacking = () if orders.has_margin else ("mean_value", "n_positive_days", "first_margin", "repeat_margin")
        absent = dict.fromkeys(lacking, "the spec has no data.orders.margin")
        every = Columns(self._ids, found, absent)
        return every.take(self._store.units.consented if codes is None else codes)

    def window_purchases(self, ids: NDArray[np.object_], window: FactWindow) -> Columns:
        """Count purchase days inside a window, with and without the orders that used a coupon.

        Parameters
        ----------
        ids : ndarray of object (str), shape (n,)
            Units of the units table.
        window
            Half-open days from each unit's day 0; margins are not discounted.

        Returns
        -------
        Columns
            float64, in the order of ``ids``: ``days``; ``last_day``, whole days from the window's start, 0
            without any; ``value``, the gross margin of the days on which it is above 0, and ``n_positive``, their
            number; the same of the orders without a coupon, named ``organic_...``: all orders where no table
            tells which used one.

        Raises
        ------
        DataError
            When the spec has no orders with a margin, or an id is not in the units table.
        """
        orders, engine = self._store.orders, self._store.engine
        if not orders.has_margin:
            message = "window purchases need a margin; name data.orders.margin"
            raise DataError(message)
        codes = self._codes(ids)
        span = make_span(engine, replace(window, annual_discount_rate=0.0), codes)
        found = place_window_purchases(sum_window_purchases(engine, orders.orders, span), codes, len(self._ids))
        span.forget(engine)
        return Columns(ids, found)

    def purchase_cells(self, as_of: datetime, *, step_days: int = 7) -> PurchaseCells:
        """Count the units that consented by their purchase days, in one query: enough for a fit at any size.

        Parameters
        ----------
        as_of
            Naive local time; only orders strictly before it count.
        step_days
            Units whose frequency is equal and whose recency and age fall in the same steps are one cell;
            1 keeps every difference between calendar days.

        Raises
        ------
        DataError
            When the spec has no orders, or ``step_days`` is below 1.
        """
        consented = self._store.units.consented
        orders, moment = self._store.orders.orders, to_micros(as_of)
        return count_purchases(self._store.engine, orders, moment, consented=consented, step_days=step_days)

    def wide(self, as_of: datetime, *, days: int = 365) -> Columns:
        """Describe the units that consented by all that the tables know strictly before a moment.

        Parameters
        ----------
        as_of
            Naive local time.
        days
            How far back columns look that are not over the whole life; at most 1860.

        Returns
        -------
        Columns
            The columns that :func:`uplift.customers.make_wide_table` describes; one whose table the spec lacks
            is absent, and says so when asked for.

        Raises
        ------
        DataError
            When the spec has no orders.
        """
        found = gather_wide(self._store, as_of, days=days)
        return Columns(self._ids, found, absent_wide(self.spec)).take(self._store.units.consented)

    def weekly(self, ids: NDArray[np.object_], *, end: datetime, n_weeks: int) -> WeeklyColumns:
        """Return what units did in each of the weeks before a midnight, and what was known at each week's end.

        Parameters
        ----------
        ids : ndarray of object (str), shape (n,)
            Units of the units table.
        end
            Naive local midnight at which the last week ends.
        n_weeks
            Number of weeks.

        Raises
        ------
        DataError
            When ``end`` is no midnight, the spec has no orders, or an id is not in the units table.
        """
        return gather_weekly(self._store, ids, self._codes(ids), end=end, n_weeks=n_weeks)

    def metrics(self, ids: NDArray[np.object_], wanted: Sequence[MetricColumn], *, as_of: datetime) -> Columns:
        """Compute metrics of the dictionary over the days before a moment.

        Parameters
        ----------
        ids : ndarray of object (str), shape (n,)
            Units of the units table.
        wanted
            Name of the column, metric and days.
        as_of
            Naive local time; what happened at or after it is not known.

        Returns
        -------
        Columns
            float64 per unit, in the order of ``ids``; a ratio is NaN where its denominator is 0.

        Raises
        ------
        DataError
            When a metric is unknown, or needs a table that the spec lacks.
        """
        values: dict[str, Array] = {}
        for days in dict.fromkeys(one.days for one in wanted):
            asked = [one for one in wanted if one.days == days]
            needed = [name for one in asked for name in metric_facts(one.metric)]
            facts = self.facts(ids, FactWindow(as_of, -days, 0, through=as_of), names=needed)
            values |= {one.name: compute_metric(facts, one.metric) for one in asked}
        return Columns(ids, {one.name: values[one.name] for one in wanted})

    def codes_seen(self, role: str) -> tuple[str, ...]:
        """Return the distinct campaigns of the coupons or contacts, sorted."""
        return find_codes(self._store, role)

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {unit_id: position for position, unit_id in enumerate(self._ids.tolist())}

    def _places(self, ids: NDArray[np.object_]) -> NDArray[np.intp]:
        # Most questions are about all units, or all that consented.
        for codes in (np.arange(len(self._ids)), np.flatnonzero(self._store.units.consented)):
            if len(ids) == len(codes) and bool(np.all(ids == self._ids[codes])):
                return codes
        return find_places(ids, self._place)

    def _codes(self, ids: NDArray[np.object_]) -> NDArray[np.intp]:
        if self._last_asked is not None and self._last_asked[0] is ids:
            return self._last_asked[1]
        codes = self._places(ids)
        unknown = np.flatnonzero(codes < 0)
        if len(unknown):
            message = (
                f"data.units: {len(unknown)} of {len(ids)} units that were asked for are not in the table, "
                f"first: '{ids[unknown[0]]}'; the table must keep every unit that was assigned"
            )
            raise DataError(message)
        self._last_asked = (ids, codes)
        return codes
