"""Unbiased two-way controlled rounding of a table of expected counts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

Table = list[list[Fraction]]
Cell = tuple[int, int]


class Choose(Protocol):
    """Says whether an event of exact probability ``p`` happens."""

    def __call__(self, p: Fraction, /) -> bool:
        """Return True with probability ``p``."""
        ...


def choose_by(rng: Generator) -> Choose:
    """Return a chooser that draws from ``rng``, exactly when the denominator fits 63 bits."""

    def choose(p: Fraction, /) -> bool:
        p = p.limit_denominator(2**62)
        return int(rng.integers(0, p.denominator)) < p.numerator

    return choose


def round_table(expected: Sequence[Sequence[Fraction]], choose: Choose) -> NDArray[np.int64]:
    """Round a table to whole counts by a random walk along alternating cycles.

    The fractional parts get one slack row that makes the column sums whole. While a fractional
    cell remains, an alternating cycle of fractional cells moves up by ``d+`` with probability
    ``d- / (d+ + d-)``, else down by ``d-``, where ``d+`` and ``d-`` are the largest steps that keep every
    cell in [0, 1].

    Parameters
    ----------
    expected
        Rows (strata) of expected counts per column (arm); every row sums to a whole number.
    choose
        The only source of chance.

    Returns
    -------
    ndarray of int64, shape (S, K)
        Row sums exact; each cell and each column total off by less than 1; the expectation of every
        cell is exactly its expected count.

    References
    ----------
    Cox (1987), JASA 82, 520-524. Gandhi, Khuller, Parthasarathy, Srinivasan (2006), J. ACM 53.
    """
    floors = [[cell.numerator // cell.denominator for cell in row] for row in expected]
    parts: Table = [[cell % 1 for cell in row] for row in expected]
    parts.append([-sum(column) % 1 for column in zip(*parts, strict=True)])
    walk = _Walk(parts)
    while cycle := walk.find_cycle():
        walk.move(cycle, choose)
    return np.array(floors, dtype=np.int64) + np.array(parts[:-1], dtype=np.int64)


class _Walk:
    """The fractional cells of a table, by row and by column."""

    __slots__ = ("by_column", "by_row", "parts")

    def __init__(self, parts: Table) -> None:
        self.parts = parts
        self.by_row: list[list[int]] = [[k for k, part in enumerate(row) if part] for row in parts]
        self.by_column: list[list[int]] = [
            [s for s, part in enumerate(column) if part] for column in zip(*parts, strict=True)
        ]

    def find_cycle(self) -> list[Cell]:
        """Return fractional cells that turn alternately along a row and a column; empty when none is left."""
        start = next((s for s, columns in enumerate(self.by_row) if columns), None)
        if start is None:
            return []
        path: list[Cell] = []
        seen_rows: dict[int, int] = {}
        seen_columns: dict[int, int] = {}
        row, column = start, -1
        while row not in seen_rows:
            seen_rows[row] = len(path)
            column = next(k for k in self.by_row[row] if k != column)
            path.append((row, column))
            if column in seen_columns:
                return path[seen_columns[column] :]
            seen_columns[column] = len(path)
            row = next(s for s in self.by_column[column] if s != row)
            path.append((row, column))
        return path[seen_rows[row] :]

    def move(self, cycle: list[Cell], choose: Choose) -> None:
        """Move a cycle up or down until one of its cells is whole."""
        raised, lowered = cycle[::2], cycle[1::2]
        up = min(*(1 - self.parts[s][k] for s, k in raised), *(self.parts[s][k] for s, k in lowered))
        down = min(*(self.parts[s][k] for s, k in raised), *(1 - self.parts[s][k] for s, k in lowered))
        step = up if choose(down / (up + down)) else -down
        for sign, cells in ((1, raised), (-1, lowered)):
            for s, k in cells:
                self.parts[s][k] += sign * step
                if self.parts[s][k] in {0, 1}:
                    self.by_row[s].remove(k)
                    self.by_column[k].remove(s)


def round_shares(
    sizes: Sequence[int] | NDArray[np.int64], shares: Sequence[Fraction], choose: Choose
) -> NDArray[np.int64]:
    """Return how many units of each stratum get each arm.

    Parameters
    ----------
    sizes
        Units per stratum, shape (S,).
    shares
        Exact shares of the arms, shape (K,), that sum to 1.
    choose
        The only source of chance.

    Returns
    -------
    ndarray of int64, shape (S, K)
    """
    return round_table([[int(size) * share for share in shares] for size in sizes], choose)
