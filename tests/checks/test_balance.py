from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import chi2

from uplift.checks import check_balance
from uplift.errors import EstimationError
from uplift.stats.moments import Moments

Maker = Callable[..., Moments]


def test_two_arms_by_hand(make_moments: Maker) -> None:
    """x = 1..6, treated 4, 5, 6: difference 3, permutation variance 3.5 (1/3 + 1/3), so 9 / (7/3) = 27/7.

    Both arms have variance 1, so the standardised difference is 3.
    """
    moments = make_moments({"y": [0] * 6}, [0, 0, 0, 1, 1, 1], covariates={"x": [1, 2, 3, 4, 5, 6]})
    check = check_balance(moments)
    assert (check.name, check.status) == ("balance", "pass")
    assert check.statistic == pytest.approx(27 / 7)
    assert check.p_value == pytest.approx(chi2.sf(27 / 7, 1))
    assert check.facts["max_smd"] == pytest.approx(3.0)
    assert (check.facts["covariates"], check.facts["covariate"], check.facts["arm"]) == (("x",), "x", "a1")


def test_strata_are_contrasted_before_pooling(make_moments: Maker) -> None:
    """Within strata the arms are equal; pooled they differ only because shares differ."""
    stratum = np.repeat([0, 1], 100)
    arm = np.concatenate([np.repeat([0, 1], [80, 20]), np.repeat([0, 1], [20, 80])])
    x = 50 * stratum + np.tile(np.arange(10), 20)
    check = check_balance(make_moments({"y": x}, arm, stratum=stratum, covariates={"x": x}))
    assert check.statistic == pytest.approx(0.0, abs=1e-12)
    assert check.facts["max_smd"] == pytest.approx(0.0, abs=1e-12)


def test_broken_assignment_warns(make_moments: Maker, rng: np.random.Generator) -> None:
    x, z = rng.integers(0, 100, 4000), rng.integers(0, 10, 4000)
    arm = rng.binomial(1, np.where(x > 60, 0.7, 0.5)) + rng.integers(0, 2, 4000)
    check = check_balance(make_moments({"y": x}, arm, covariates={"z": z, "x": x}))
    assert check.status == "warn"
    assert check.facts["covariate"] == "x"


def test_constant_and_repeated_covariates_cost_no_degree(make_moments: Maker, rng: np.random.Generator) -> None:
    x, arm = rng.integers(0, 1000, 600), rng.integers(0, 3, 600)
    one = check_balance(make_moments({"y": x}, arm, covariates={"x": x}, grid=0.01))
    covariates = {"x": x, "again": 3 * x, "constant": np.full(600, 7)}
    three = check_balance(make_moments({"y": x}, arm, covariates=covariates, grid=0.01))
    assert three.facts["df"] == one.facts["df"] == 2
    assert three.statistic == pytest.approx(one.statistic)


def test_arm_offered_in_one_stratum(make_moments: Maker, rng: np.random.Generator) -> None:
    stratum = np.repeat([0, 1], 300)
    arm = np.where(stratum == 0, rng.integers(0, 2, 600), rng.integers(0, 3, 600))
    check = check_balance(make_moments({"y": stratum}, arm, stratum=stratum, covariates={"x": rng.normal(0, 100, 600)}))
    assert check.facts["df"] == 2
    assert check.status == "pass"


def test_without_covariates_is_skipped(make_moments: Maker) -> None:
    check = check_balance(make_moments({"y": [1, 2, 3, 4]}, [0, 0, 1, 1]))
    assert (check.status, check.facts["reason"]) == ("skipped", "no_covariates")


def test_thin_cell_is_refused(make_moments: Maker) -> None:
    with pytest.raises(EstimationError, match="stratum 's0' has units of one arm only"):
        check_balance(make_moments({"y": [1, 2]}, [0, 0], covariates={"x": [1, 2]}))


def test_level_with_unequal_shares_and_skewed_covariates(make_moments: Maker, rng: np.random.Generator) -> None:
    """400 blocked draws of 6 strata with shares .2/.3/.5 to .4/.4/.2 reject at 5 % within 3 standard errors."""
    stratum = np.repeat(np.arange(6), 60)
    template = np.concatenate([np.repeat([0, 1, 2], [12 + 2 * s, 18 + s, 30 - 3 * s]) for s in range(6)])
    x, z = rng.lognormal(3, 1, 360), rng.poisson(2 + stratum)
    rejected = 0
    for _ in range(400):
        arm = np.concatenate([rng.permutation(template[stratum == s]) for s in range(6)])
        check = check_balance(make_moments({"y": z}, arm, stratum=stratum, covariates={"x": x, "z": z}))
        rejected += (check.p_value or 0.0) < 0.05
    assert abs(rejected / 400 - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 400)
