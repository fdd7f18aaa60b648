from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from uplift.data import FactWindow
from uplift.data.window import DAY, discount_factors, to_micros
from uplift.errors import DataError


def test_windows_that_cannot_be_are_refused() -> None:
    start = datetime(2026, 1, 1)
    with pytest.raises(DataError, match="end_day == 0, must be above start_day == 0"):
        FactWindow(start, 0, 0)
    with pytest.raises(DataError, match=r"settle_days == -1 and annual_discount_rate == 0\.0, must be 0 or more"):
        FactWindow(start, 0, 1, settle_days=-1)
    with pytest.raises(DataError, match="must be naive: a local time"):
        to_micros(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_day_of_discounting_is_a_365th_of_a_year() -> None:
    factors = discount_factors(0.1, -1, 366)
    assert len(factors) == 367
    assert factors[1] == 1.0
    np.testing.assert_allclose(factors[[0, 366]], [1.1 ** (1 / 365), 1 / 1.1])
    assert to_micros(datetime(1970, 1, 2)) == DAY
