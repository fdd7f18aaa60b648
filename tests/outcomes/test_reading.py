from __future__ import annotations

from datetime import datetime

import pytest

from uplift.outcomes.reading import read_window

START = datetime(2026, 3, 2)


@pytest.mark.parametrize(
    ("through", "settled", "share"),
    [
        (datetime(2026, 6, 30), True, 1.0),
        (datetime(2026, 6, 29, 23, 59), False, 0.9999923),
        (datetime(2026, 5, 16), False, 0.5),
        (datetime(2026, 3, 10), False, 0.0),
    ],
)
def test_a_window_is_settled_when_its_last_order_is(through: datetime, settled: bool, share: float) -> None:  # noqa: FBT001
    # 2 March + 90 days = 31 May; + 30 days = 30 June
    got = read_window(START, window_days=90, settle_days=30, through=through)
    assert got.window_end == datetime(2026, 5, 31)
    assert got.settled_at == datetime(2026, 6, 30)
    assert got.is_settled is settled
    assert got.share == pytest.approx(share, abs=1e-6)
