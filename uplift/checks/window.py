"""Is the window long enough to see what a promotion takes back, and what else happened in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.results.facts import Fact

LEAST_GAPS = 2.5
"""A window shows the payback of pulled-forward orders when it holds so many median gaps between purchases."""


def check_window_length(
    gaps: Mapping[str, float], units: Mapping[str, int], *, window_days: int, least: float = LEAST_GAPS
) -> CheckResult:
    """Compare the window with the rhythm of the customers.

    Parameters
    ----------
    gaps
        Stratum to its median gap between purchases in days; strata without one are left out.
    units
        Stratum to its units.
    window_days
        Length of the window.
    least
        How many gaps it must hold.

    Returns
    -------
    CheckResult
        ``window.short``: ``warn`` when a stratum's gap is longer than ``window_days / least``. Facts: ``strata``,
        ``n_strata``, ``share`` of all units in them, ``longest`` gap, ``days`` and ``least``.
    """
    short = tuple(name for name, gap in gaps.items() if least * gap > window_days)
    total = sum(units.values())
    facts: dict[str, Fact] = {
        "strata": short,
        "n_strata": len(short),
        "share": sum(units.get(name, 0) for name in short) / total if total else 0.0,
        "longest": max(gaps.values(), default=None),
        "days": window_days,
        "least": least,
    }
    return CheckResult("window.short", "warn" if short else "pass", facts=facts)


def check_calendar(windows: Sequence[tuple[str, int]], *, window_days: int) -> CheckResult:
    """Name the promotion days inside the window, on which no customer follows a rhythm of their own.

    Parameters
    ----------
    windows
        Name of each promotion and how many of its days lie in the window.
    window_days
        Length of the window.

    Returns
    -------
    CheckResult
        ``window.calendar``: ``warn`` with ``names``, ``days`` and their ``total`` when there are any, else ``pass``.
        Every arm lives through them alike: they are a reason to read levels with care, not effects.
    """
    facts: dict[str, Fact] = {
        "names": tuple(name for name, _ in windows),
        "days": tuple(days for _, days in windows),
        "total": sum(days for _, days in windows),
        "window": window_days,
    }
    return CheckResult("window.calendar", "warn" if windows else "pass", facts=facts)
