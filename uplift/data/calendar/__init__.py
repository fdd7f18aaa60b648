"""Promotions and holidays: the days that a region ships, and those of the shop itself."""

from __future__ import annotations

from uplift.data.calendar.windows import CalendarWindow, promotion_days, windows_in

__all__ = ["CalendarWindow", "promotion_days", "windows_in"]
