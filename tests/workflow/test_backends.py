"""Back-ends side by side: the models' errors are in them, and predictions are held against what came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflow.test_means import plan as measurement_of
from uplift.clv import LifetimeModel, PurchaseModel, SpendModel
from uplift.estimate import Contrast
from uplift.outcomes.residual import Kappa, ResidualBounds
from uplift.stats.moments import BlockPlan, CellKeys, Column, Moments, sum_arrays
from uplift.workflow.backends import (
    Source,
    backend_effects,
    backend_terms,
    calibrate_backends,
    early_effects,
    residual_means,
)

if TYPE_CHECKING:
    from uplift.design import Plan
    from uplift.outcomes import Measurement

N = 400
ARM, STRATUM, ZERO = np.arange(N) % 2, (np.arange(N) // 2) % 2, np.zeros(N, np.int64)
KEYS = CellKeys(("a", "b"), ("0",), ("control", "coupon"), STRATUM, ZERO, ARM, ZERO)
PAIR = (Contrast("coupon", "control"),)
NAMES = ("residual", "bgnbd_organic", "bgnbd_mechanical", "early_gap", "holdout")


class _Plan:
    """What back-ends read of a plan."""

    currency, confidence_level = "CNY", 0.95

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement


def plan_of(measurement: Measurement) -> Plan:
    return _Plan(measurement)  # type: ignore[return-value]


def units() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    feature = rng.integers(0, 500, N) + 100 * ARM
    drawn = {name: rng.integers(0, 9_000, N) + 300 * ARM * place for place, name in enumerate(NAMES)}
    return {"size": np.ones(N, np.int64), "surrogate.x": feature, **drawn}


def sums(names: tuple[str, ...] = NAMES) -> tuple[Moments, Moments]:
    size = Column("size", "size")
    residuals = BlockPlan("residuals", (size, *(Column(name, "outcome", 0.01) for name in names)))
    surrogates = BlockPlan("surrogates", (size, Column("surrogate.x", "outcome", 0.01)))
    return sum_arrays(units(), keys=KEYS, blocks=[residuals]), sum_arrays(units(), keys=KEYS, blocks=[surrogates])


def lifetime(variance: float) -> LifetimeModel:
    four = tuple(tuple(variance * (i == j == 0) for j in range(4)) for i in range(4))
    three = tuple((0.0, 0.0, 0.0) for _ in range(3))
    return LifetimeModel(
        PurchaseModel("bgnbd", 0.2, 4.0, 0.8, 2.4, 0.0, four, 100), SpendModel(6.0, 4.0, 15.0, 0.0, three, 100, 0.1)
    )


def bounds(slope: float) -> ResidualBounds:
    mechanical = np.zeros((N, 7))
    mechanical[:, 0] = slope * ARM
    nothing = np.zeros(N)
    return ResidualBounds(nothing, nothing, np.zeros((N, 7)), mechanical, np.arange(N))


def effects(variance: float = 0.0, kappa: float = 0.25) -> dict[str, tuple[float, float]]:
    plan = replace(measurement_of(0.0), lifetime=lifetime(variance))
    means = residual_means(*sums(), plan, Source(KEYS, bounds(20.0)))
    found = backend_effects(means, plan_of(plan), Kappa(kappa), contrasts=PAIR, group=("overall", ""))
    return {one.estimator: (one.estimate, one.std_error) for one in found}


def by_hand(values: np.ndarray) -> float:
    """Return the mean over the two strata, equal in size, of the difference of means."""
    places = [(arm == ARM) & (code == STRATUM) for code in range(2) for arm in range(2)]
    means = [float(values[inside].mean()) for inside in places]
    return (means[1] - means[0] + means[3] - means[2]) / 2


def test_kappa_mixes_the_bounds() -> None:
    found = effects(kappa=0.25)
    assert list(found) == ["surrogate", "bgnbd_organic", "bgnbd", "bgnbd_mechanical", "holdout"]
    mixed = 0.75 * found["bgnbd_organic"][0] + 0.25 * found["bgnbd_mechanical"][0]
    assert found["bgnbd"][0] == pytest.approx(mixed)


def test_the_purchase_models_errors_add_c_v_c() -> None:
    certain, uncertain = effects(0.0), effects(0.04)
    # the mean derivative by log r is 20 in the arm and 0 in the control: 20² x .04 = 16, and kappa² of it at kappa
    added = {name: uncertain[name][1] ** 2 - certain[name][1] ** 2 for name in certain}
    assert added["bgnbd_mechanical"] == pytest.approx(16.0)
    assert added["bgnbd"] == pytest.approx(0.25**2 * 16.0)
    assert added["bgnbd_organic"] == pytest.approx(0.0, abs=1e-9)
    assert added["surrogate"] == pytest.approx(0.0, abs=1e-9)


def test_the_indices_errors_are_in_their_own_columns() -> None:
    plain = measurement_of(0.0)
    errors = {}
    for name, plan in {"none": plain, "early": replace(plain, early=measurement_of(0.09).residual)}.items():
        means = residual_means(*sums(), plan, Source(KEYS, None))
        (gap,) = early_effects(means, plan_of(plan), contrasts=PAIR)
        errors[name] = gap.std_error**2
    contrast = by_hand(units()["surrogate.x"] * 0.01)
    assert errors["early"] - errors["none"] == pytest.approx(contrast**2 * 0.09)


def test_only_a_segments_units_count() -> None:
    plan = replace(measurement_of(0.0), lifetime=lifetime(0.04))
    inside = STRATUM == 0
    means = residual_means(*sums(), plan, Source(KEYS, bounds(20.0), inside))
    # no unit of stratum b is in the sample: its cells hold none of the model's error
    assert np.abs(means.shared[:, 1]).max() == 0.0
    assert np.abs(means.shared[:, 0]).max() == pytest.approx(20 * 0.2)


def test_predictions_are_held_against_the_holdout() -> None:
    plan = replace(measurement_of(0.0), lifetime=lifetime(0.0))
    means = residual_means(*sums(), plan, Source(KEYS, bounds(0.0)))
    found = backend_effects(means, plan_of(plan), Kappa(0.5), contrasts=PAIR, group=("overall", ""))
    rows = {row.estimator: row for row in calibrate_backends(means, plan_of(plan), Kappa(0.5), found, contrasts=PAIR)}
    assert set(rows) == {"surrogate", "bgnbd_organic", "bgnbd", "bgnbd_mechanical"}
    gap = (units()["residual"] - units()["holdout"]) * 0.01
    one = rows["surrogate"]
    assert one.estimate - one.truth == pytest.approx(by_hand(gap))
    assert one.z is not None
    assert one.covered == (abs(one.z) < 1.97)


def test_without_a_holdout_nothing_is_calibrated() -> None:
    plan = measurement_of(0.0)
    means = residual_means(*sums(("residual",)), plan, Source(KEYS, None))
    assert calibrate_backends(means, plan_of(plan), Kappa(0.5), (), contrasts=PAIR) == ()
    assert early_effects(means, plan_of(plan), contrasts=PAIR) == ()
    assert backend_terms(("bgnbd_mechanical",), Kappa(0.5)) == {"bgnbd": {"bgnbd_mechanical": 1.0}}
