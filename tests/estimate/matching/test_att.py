from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.estimate.frames import CONFOUNDERS, LALONDE, confounded, make_frame, read_lalonde
from tests.estimate.matching.test_matches import given
from uplift.errors import EstimationError
from uplift.estimate.matching import estimate_att_matched, match_propensity

if TYPE_CHECKING:
    from uplift.estimate.matching.att import Slopes

DataFile = Callable[[str], Path]
PRINTED = [
    (None, "none", 894.3675, 715.76),
    (None, "common", 1344.9356, 730.84),
    (0.2, "none", 1495.4315, 928.74),
    (0.2, "common", 1469.6330, 890.74),
]


@pytest.mark.parametrize(("caliper", "slopes", "estimate", "error"), PRINTED)
def test_matchit_lalonde(
    data_file: DataFile, caliper: float | None, slopes: Slopes, estimate: float, error: float
) -> None:
    """Errors by pair as in statsmodels' cluster-robust least squares."""
    frame = read_lalonde(data_file("lalonde/matchit_lalonde.csv"))
    (effect,) = estimate_att_matched(
        match_propensity(frame, covariates=LALONDE, caliper=caliper), "re78", slopes=slopes
    )
    assert effect.estimate == pytest.approx(estimate, abs=5e-5)
    assert effect.std_error == pytest.approx(error, abs=5e-3)
    assert effect.evidence == "D"


def test_by_hand() -> None:
    """Pairs 5-3, 8-4, 6-6: differences 2, 4, 0, mean 2, error sqrt(3/2 * 5/4 * 8/9)."""
    score = [0.2, 0.4, 0.6, 0.2, 0.4, 0.6]
    frame = make_frame(np.r_[1, 1, 1, 0, 0, 0], {"x": np.array(score), "y": np.array([5.0, 8, 6, 3, 4, 6])})
    matches = match_propensity(frame, covariates=["x"], propensity=given(score))
    (effect,) = estimate_att_matched(matches, "y", slopes="none")
    assert effect.estimate == pytest.approx(2.0)
    assert effect.std_error == pytest.approx(np.sqrt(3 / 2 * 5 / 4 * 8 / 9))
    assert (effect.n_obs, effect.n_reference) == (3, 3)
    assert effect.reference_mean == pytest.approx(13 / 3)


def test_the_outcome_is_scaled_and_shifted_with_it() -> None:
    frame = confounded(np.random.default_rng(1), 1500)
    frame.columns["cents"] = 100 * frame.columns["y"] + 7  # type: ignore[index]
    matches = match_propensity(frame, covariates=CONFOUNDERS)
    (plain,), (cents,) = (estimate_att_matched(matches, name) for name in ("y", "cents"))
    assert cents.estimate == pytest.approx(100 * plain.estimate)
    assert cents.std_error == pytest.approx(100 * plain.std_error)


def test_several_controls_a_set() -> None:
    frame = confounded(np.random.default_rng(2), 4000)
    (effect,) = estimate_att_matched(match_propensity(frame, covariates=CONFOUNDERS, ratio=2), "y")
    assert effect.estimate == pytest.approx(2.0 + 0.5 * 0.33, abs=4 * effect.std_error)


def test_what_is_refused() -> None:
    frame = confounded(np.random.default_rng(3), 300)
    matches = match_propensity(frame, covariates=CONFOUNDERS)
    with pytest.raises(EstimationError, match="the bootstrap is not valid for nearest-neighbour matching"):
        estimate_att_matched(matches, "y", std_error="bootstrap")
    with pytest.raises(EstimationError, match="outcome 'margin' is not in the frame"):
        estimate_att_matched(matches, "margin")
    shared = match_propensity(frame, covariates=CONFOUNDERS, replace=True)
    with pytest.raises(EstimationError, match="use estimate_att_abadie_imbens"):
        estimate_att_matched(shared, "y")
