"""The 64,000 customers of the Hillstrom e-mail trial as moments."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.stats.moments import BlockPlan, CellKeys, Column, Moments, sum_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
OUTCOMES = (Column("visit", "outcome"), Column("conversion", "outcome"), Column("spend", "outcome", 0.01))


@dataclass(frozen=True, slots=True, eq=False)
class Hillstrom:
    """Columns of the file that tests need, as integers on their grid, and codes."""

    columns: dict[str, NDArray[np.int64]]
    arm: NDArray[np.int64]
    segment: tuple[str, ...]

    def moments(self, stratum: NDArray[np.int64] | None = None) -> Moments:
        """Return the sums by arm, or by stratum and arm."""
        zero = np.zeros(len(self.arm), np.int64)
        codes = zero if stratum is None else stratum
        labels = tuple(f"s{i}" for i in range(int(codes.max()) + 1))
        keys = CellKeys(labels, ("b0",), ARMS, codes, zero, self.arm, zero)
        return sum_arrays(self.columns, keys=keys, blocks=[BlockPlan("money", (Column("size", "size"), *OUTCOMES))])


@pytest.fixture(scope="session")
def hillstrom(data_file: Callable[[str], Path]) -> Hillstrom:
    """Return the trial of the MineThatData challenge (2008)."""
    with gzip.open(data_file("hillstrom/hillstrom.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {
        column.name: np.rint(np.array([float(row[column.name]) for row in rows]) / column.grid).astype(np.int64)
        for column in OUTCOMES
    }
    columns["size"] = np.ones(len(rows), np.int64)
    arm = np.array([ARMS.index(row["segment"]) for row in rows])
    return Hillstrom(columns, arm, tuple(f"{row['history_segment']}|{row['newbie']}" for row in rows))
