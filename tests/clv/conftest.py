"""The CDNOW cohort, for every test of the purchase and spend models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clv.histories import Orders, Summary, read_master, read_summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def cdnow(data_file: Callable[[str], Path]) -> Summary:
    """Return the published 1/10 sample."""
    return read_summary(data_file("cdnow/cdnow_customers_summary_with_transactions.csv"))


@pytest.fixture(scope="session")
def cdnow_orders(data_file: Callable[[str], Path]) -> Orders:
    """Return all rows of all customers."""
    return read_master(data_file("cdnow/cdnow_master.csv.gz"))
