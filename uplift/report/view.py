"""What the templates print: texts that are ready, and the geometry of small bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ICONS = {"pass": "●", "warn": "◐", "fail": "✕", "skipped": "○"}
"""Status to the sign that says it without colour."""

Tone = Literal["", "gain", "loss", "warn", "quiet", "strong"]


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on the scale of its table, in thousandths of the bar's width.

    Parameters
    ----------
    left, right, point, zero
        Ends of the interval, the estimate and the zero line, 0 to 1000.
    filled
        Whether the estimate was declared in advance.
    """

    left: int
    right: int
    point: int
    zero: int
    filled: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two shares one above the other, in thousandths of the bar's width."""

    now: int
    proposed: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text
        Main text.
    note
        Smaller text after it.
    tone
        How it is set; never the only signal.
    bar, pair
        A small figure in place of text.
    """

    text: str = ""
    note: str = ""
    tone: Tone = ""
    bar: Bar | None = None
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """Header of a column; the cells of a numeric one are set flush right."""

    text: str
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its head and the cells after it; ``group`` rows only head the ones below."""

    head: str
    cells: tuple[Cell, ...] = ()
    style: Literal["", "total", "group"] = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    caption
        Read by screen readers, and shown over tables that stand alone.
    columns
        Headers; the first heads the rows.
    rows
        The rows.
    style
        ``cards`` turns rows into cards on a narrow screen; others scroll in their own box.
    summary
        When not empty the table is folded behind this text.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    style: Literal["", "cards"] = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: what it is, the figure, smaller text beside it, what stands behind it."""

    label: str
    value: str
    note: str
    extra: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """The short answer of a check."""

    status: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The long answer of a check."""

    status: str
    icon: str
    word: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A term and what is said of it; ``code`` is set in a fixed pitch."""

    term: str
    text: str
    code: bool = False


def scale_bar(estimate: float, interval: tuple[float, float], bounds: tuple[float, float], *, filled: bool) -> Bar:
    """Return the bar of an interval within the bounds of its table."""
    low, high = bounds
    width = (high - low) or 1.0

    def place(value: float) -> int:
        return round(1000 * min(max((value - low) / width, 0.0), 1.0))

    return Bar(place(interval[0]), place(interval[1]), place(estimate), place(0.0), filled)
