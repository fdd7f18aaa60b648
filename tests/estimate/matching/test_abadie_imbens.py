from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.estimate.frames import NSW, confounded, make_frame, read_nsw
from uplift.errors import EstimationError
from uplift.estimate.matching import estimate_att_abadie_imbens
from uplift.estimate.propensity import fit_propensity

if TYPE_CHECKING:
    from uplift.estimate.matching.abadie_imbens import Variance

DataFile = Callable[[str], Path]


def test_the_example_of_r_matching(data_file: DataFile) -> None:
    """Match(Y, Tr, X = glm$fitted) prints 2153.3 and 825.4; earnings in the file are rounded to single precision."""
    frame = read_nsw(data_file("lalonde/nsw_dw.csv"))
    propensity = fit_propensity(frame, covariates=NSW, squares=("age", "education", "re74", "re75"))

    def estimate(variance: Variance) -> tuple[float, float]:
        (effect,) = estimate_att_abadie_imbens(
            frame, "re78", covariates=NSW, propensity=propensity, bias_corrected=False, variance=variance
        )
        return effect.estimate, effect.std_error

    assert estimate("homoskedastic") == pytest.approx((2153.306, 825.398), abs=3e-3)
    assert estimate("robust")[1] == pytest.approx(791.58, abs=5e-3)


def test_by_hand() -> None:
    """Treated at 0 and 1; controls at 0, 0 (both count) and 3. Gaps 4 - 2 = 2 and 5 - 2 = 3 without correction."""
    frame = make_frame(
        np.r_[1, 1, 0, 0, 0], {"x": np.array([0.0, 1.0, 0.0, 0.0, 3.0]), "y": np.array([4.0, 5.0, 1.0, 3.0, 9.0])}
    )
    (effect,) = estimate_att_abadie_imbens(frame, "y", covariates=["x"], bias_corrected=False, variance="homoskedastic")
    assert effect.estimate == pytest.approx(2.5)
    # Gaps of the four pairs 3, 1, 4, 2 with weight 1/2: spread 5/2 / 4; each of two controls serves 1, squares 1/2.
    spread = 0.5 * (0.25 + 2.25 + 2.25 + 0.25) / (2 * 2)
    assert effect.std_error == pytest.approx(np.sqrt(0.25 + 0.25 + 2 * (1 - 0.5) * spread) / 2)


def test_the_correction_takes_out_what_neighbours_differ_by() -> None:
    """The outcome is exactly linear: the correction leaves the effect itself."""
    rng = np.random.default_rng(0)
    x, arm = rng.normal(size=200), np.arange(200) % 2
    frame = make_frame(arm, {"x": x + arm, "y": 3 * (x + arm) + 2 * arm})
    raw, corrected = (
        estimate_att_abadie_imbens(frame, "y", covariates=["x"], bias_corrected=flag)[0].estimate
        for flag in (False, True)
    )
    assert abs(raw - 2) > 0.05
    assert corrected == pytest.approx(2.0, abs=1e-9)


def test_more_matches_than_controls() -> None:
    with pytest.raises(EstimationError, match="n_matches == 500, must be between 1 and the"):
        estimate_att_abadie_imbens(confounded(np.random.default_rng(1), 300), "y", covariates=["x0"], n_matches=500)
