"""Panels that several tests of this folder read."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.estimate.did import NEVER, Panel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="package")
def counties(data_file: Callable[[str], Path]) -> Panel:
    """Return log teen employment of 500 counties, 2003 to 2007."""
    with data_file("mpdta/mpdta.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["countyreal"], int(row["year"])))
    county = np.array([row["countyreal"] for row in rows[::5]], object)
    first = np.array([int(float(row["first.treat"])) for row in rows[::5]], np.int64)
    outcome = np.array([float(row["lemp"]) for row in rows]).reshape(-1, 5)
    return Panel(county, np.arange(2003, 2008), outcome, np.where(first == 0, NEVER, first))
