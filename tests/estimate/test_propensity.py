from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.estimate.frames import CONFOUNDERS, confounded, make_frame
from uplift.errors import EstimationError
from uplift.estimate.propensity import fit_propensity


def test_by_hand() -> None:
    """One binary covariate: the fitted chances are the shares treated, the slope the log odds ratio."""
    x = np.repeat([0.0, 1.0], [10, 10])
    treated = np.r_[np.repeat([1, 0], [2, 8]), np.repeat([1, 0], [6, 4])]
    found = fit_propensity(make_frame(treated, {"x": x}), covariates=["x"])
    assert found.score[[0, 10]] == pytest.approx([0.2, 0.6])
    odds = [np.log(0.2 / 0.8), np.log(0.6 / 0.4)]
    assert found.coefficients == pytest.approx((odds[0], odds[1] - odds[0]))
    assert found.std_errors[1] == pytest.approx(np.sqrt(1 / 2 + 1 / 8 + 1 / 6 + 1 / 4))


def test_against_statsmodels() -> None:
    import statsmodels.api as sm

    frame = confounded(np.random.default_rng(0), 3000)
    x = np.column_stack([frame.columns[name] for name in CONFOUNDERS])
    x = np.column_stack([x, x[:, 0] ** 2, x[:, 0] * x[:, 1]])
    peer = sm.Logit(frame.arm, sm.add_constant(x)).fit(disp=0)
    found = fit_propensity(frame, covariates=CONFOUNDERS, squares=["x0"], interactions=[("x0", "x1")])
    assert found.names == ("x0", "x1", "x2", "x0^2", "x0:x1")
    assert found.coefficients == pytest.approx(tuple(peer.params), abs=1e-8)
    assert found.std_errors == pytest.approx(tuple(peer.bse), abs=1e-6)
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-8)


def test_weights_stand_for_units() -> None:
    frame = confounded(np.random.default_rng(1), 400)
    weight = np.random.default_rng(2).integers(1, 4, 400)
    rows = np.repeat(np.arange(400), weight)
    many = make_frame(frame.arm[rows], {name: frame.columns[name][rows] for name in CONFOUNDERS})
    one = fit_propensity(replace(frame, weight=weight.astype(np.float64)), covariates=CONFOUNDERS)
    assert one.coefficients == pytest.approx(fit_propensity(many, covariates=CONFOUNDERS).coefficients)


def test_terms_that_say_nothing_are_left_out_and_named() -> None:
    frame = confounded(np.random.default_rng(3), 400)
    columns = {**frame.columns, "same": np.ones(400), "double": 2 * frame.columns["x0"]}
    found = fit_propensity(replace(frame, columns=columns), covariates=("same", *CONFOUNDERS, "double"))
    assert found.dropped == ("same", "double")


def test_scale_does_not_matter() -> None:
    frame = confounded(np.random.default_rng(4), 400)
    large = replace(frame, columns={**frame.columns, "x0": 1e6 * frame.columns["x0"] + 1e9})
    one, two = (fit_propensity(each, covariates=CONFOUNDERS).score for each in (frame, large))
    assert one == pytest.approx(two, rel=1e-6)


def test_what_tells_the_arms_apart_is_named() -> None:
    rng = np.random.default_rng(5)
    orders = rng.integers(0, 9, 300).astype(np.float64)
    frame = make_frame(orders >= 4, {"orders_30d": orders, "age": rng.normal(size=300)})
    with pytest.raises(EstimationError, match=r"told apart entirely, most of all by 'orders_30d': nobody"):
        fit_propensity(frame, covariates=["age", "orders_30d"])


@pytest.mark.parametrize(
    ("arm", "told"),
    [
        (np.ones(10), "10 units are treated by coupon and 0 are not"),
        (np.r_[1, np.zeros(9)], "1 units are treated by coupon and 9 are not"),
    ],
)
def test_one_sided_campaigns(arm: np.ndarray, told: str) -> None:
    with pytest.raises(EstimationError, match=told):
        fit_propensity(make_frame(arm, {"x": np.arange(10.0)}), covariates=["x"])


def test_constant_and_missing_covariates() -> None:
    arm = np.arange(10) % 2
    with pytest.raises(EstimationError, match="none of them varies"):
        fit_propensity(make_frame(arm, {"x": np.ones(10)}), covariates=["x"])
    with pytest.raises(EstimationError, match="'x' has 1 missing or infinite values"):
        fit_propensity(make_frame(arm, {"x": np.r_[np.nan, np.arange(9.0)]}), covariates=["x"])
