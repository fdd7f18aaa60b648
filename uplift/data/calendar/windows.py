"""Calendar windows of a spec, and the days on which an order says nothing of a personal rhythm."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.spec.calendar import OwnDays
    from uplift.spec.model import ExperimentSpec

SELLING = ("holiday", "payment", "main", "own")
"""Phases whose orders are no personal rhythm: in a presale and a warm-up people look, and buy as ever."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """Consecutive days of one promotion or holiday.

    Parameters
    ----------
    name
        Id, for example ``double_11``; for the shop's own days their name.
    zh, en
        Names.
    phase
        ``holiday``, ``warm_up``, ``presale``, ``payment`` (of deposits), ``main``, or ``own``.
    first, last
        Days, both inside.
    by_rule
        Whether a rule gave the days, as nobody had announced them.
    """

    name: str
    zh: str
    en: str
    phase: str
    first: date
    last: date
    by_rule: bool = False

    @property
    def n_days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


def windows_in(spec: ExperimentSpec, start: datetime, end: datetime) -> tuple[CalendarWindow, ...]:
    """Return the calendar windows that meet [start, end), cut to its days.

    Parameters
    ----------
    spec
        Its ``calendar`` says which there are.
    start, end
        Naive local times; a day of which a part lies inside counts.

    Returns
    -------
    tuple of CalendarWindow
        Ordered by first day, then last day and name.

    Raises
    ------
    DataError
        When the region's calendar does not reach over all these days.
    """
    first, last = start.date(), (end - timedelta(microseconds=1)).date()
    _check_years(spec, first, last)
    met = [window for window in _windows(spec) if window.first <= last and window.last >= first]
    cut = [replace(window, first=max(window.first, first), last=min(window.last, last)) for window in met]
    return tuple(sorted(cut, key=lambda window: (window.first, window.last, window.name, window.phase)))


def promotion_days(spec: ExperimentSpec, first: date, last: date) -> NDArray[np.datetime64]:
    """Return the days on which many buy because of the calendar, whatever their own rhythm.

    Parameters
    ----------
    spec
        Its ``calendar`` says which there are.
    first, last
        Days, both inside; years that the region's calendar does not hold have none, and
        :func:`uncovered_years` says which these are.

    Returns
    -------
    ndarray of datetime64[D], shape (d,)
        Ascending, each once: holidays, payment and main phases, and the shop's own days.
    """
    days = {
        window.first + place * _DAY
        for window in _windows(spec)
        if window.phase in SELLING
        for place in range(window.n_days)
    }
    return np.array(sorted(day for day in days if first <= day <= last), "datetime64[D]")


def uncovered_years(spec: ExperimentSpec, first: date, last: date) -> tuple[int, ...]:
    """Return the years of [first, last] that the region's calendar does not hold; none without a region."""
    region = spec.calendar.region
    if region is None:
        return ()
    shipped = _region(region)
    years = range(first.year, last.year + 1)
    return tuple(year for year in years if not shipped.first_year <= year <= shipped.last_year)


@dataclass(frozen=True, slots=True)
class _Region:
    first_year: int
    last_year: int
    windows: tuple[CalendarWindow, ...]


@cache
def _region(region: str) -> _Region:
    text = resources.files("uplift.data.calendar").joinpath(f"{region.lower()}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    names = table["names"]
    windows = tuple(
        CalendarWindow(name, names[name]["zh"], names[name]["en"], phase, first, last, by_rule)
        for name, phase, first, last, by_rule in table["table"]["windows"]
    )
    return _Region(table["first_year"], table["last_year"], windows)


def _windows(spec: ExperimentSpec) -> tuple[CalendarWindow, ...]:
    shipped = () if spec.calendar.region is None else _region(spec.calendar.region).windows
    return (*shipped, *(_own(days) for days in spec.calendar.extra))


def _own(days: OwnDays) -> CalendarWindow:
    zh, en = days.name.in_language("zh"), days.name.in_language("en")
    return CalendarWindow(en, zh, en, "own", days.begins.date(), (days.ends - timedelta(microseconds=1)).date())


def _check_years(spec: ExperimentSpec, first: date, last: date) -> None:
    years = uncovered_years(spec, first, last)
    if years:
        shipped = _region(str(spec.calendar.region))
        message = (
            f"calendar.region: {spec.calendar.region} holds the years {shipped.first_year} to {shipped.last_year}, "
            f"and {first} to {last} lies outside; leave the region out and write the days under calendar.extra"
        )
        raise DataError(message)
