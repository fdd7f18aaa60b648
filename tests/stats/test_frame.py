from __future__ import annotations

import numpy as np

from uplift.stats.frame import UnitFrame


def test_length_is_units() -> None:
    ids = np.array(["a", "b", "c"], dtype=object)
    frame = UnitFrame(
        unit_id=ids,
        arms=("control", "coupon"),
        strata=("s",),
        arm=np.array([0, 1, 1]),
        stratum=np.zeros(3, np.int64),
        columns={"y": np.array([1.0, 2.0, 3.0])},
        categories={},
        weight=np.ones(3),
    )
    assert len(frame) == 3
    assert frame.cluster is None
    assert frame.propensity is None
