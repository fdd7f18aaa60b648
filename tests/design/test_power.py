from __future__ import annotations

import numpy as np
import pytest

from uplift.design import minimum_detectable_effect, required_size
from uplift.design.power import shrink_std_dev, std_dev_within, within_correlation
from uplift.errors import DesignError


def test_the_constants_of_the_methods() -> None:
    assert required_size(0.1, std_dev=1).exact == pytest.approx(1569.8, abs=0.05)
    assert required_size(0.1, std_dev=1, correlation=0.5).exact == pytest.approx(1177.3, abs=0.05)
    assert required_size(0.1, std_dev=1).control == 1570


def test_unequal_arms() -> None:
    size = required_size(0.1, std_dev=1, ratio=4)
    # 7.848880 x (1 + 1/4) / .01
    assert size.exact == pytest.approx(981.11, abs=0.01)
    assert size.treated == 3925


def test_few_units_take_t_quantiles() -> None:
    from statsmodels.stats.power import tt_ind_solve_power

    want = tt_ind_solve_power(effect_size=0.8, alpha=0.05, power=0.8)
    assert required_size(0.8, std_dev=1).exact == pytest.approx(want, rel=0.01)
    assert required_size(0.8, std_dev=1).exact > 7.84888 * 2 / 0.64


def test_size_and_effect_are_inverse() -> None:
    size = required_size(2.5, std_dev=30, correlation=0.4)
    got = minimum_detectable_effect(30, n_treated=round(size.exact), n_control=round(size.exact), correlation=0.4)
    assert got == pytest.approx(2.5, rel=1e-3)


def test_strata_by_hand() -> None:
    # w = .25, .75; V = .0625 x 4 (1/200 + 1/100) + .5625 x 9 (1/400 + 1/200) = .00375 + .03796875
    got = minimum_detectable_effect([2, 3], n_treated=[200, 400], n_control=[100, 200], weights=[1, 3])
    assert got == pytest.approx(2.801585 * np.sqrt(0.04171875), rel=1e-5)
    by_size = minimum_detectable_effect([2, 3], n_treated=[200, 400], n_control=[100, 200])
    share = np.array([1 / 3, 2 / 3])
    variance = (share**2 * np.array([4, 9]) * np.array([1 / 200 + 1 / 100, 1 / 400 + 1 / 200])).sum()
    assert by_size == pytest.approx(2.801585 * np.sqrt(variance), rel=1e-5)


def test_small_cells_take_satterthwaite() -> None:
    from scipy.stats import t

    # equal cells: df = 2 (n - 1) = 18
    want = (t.ppf(0.975, 18) + t.ppf(0.8, 18)) * np.sqrt(2 / 10)
    assert minimum_detectable_effect(1.0, n_treated=10, n_control=10) == pytest.approx(want)
    assert minimum_detectable_effect(0.0, n_treated=10, n_control=10) == 0


def test_power_is_what_was_asked_for() -> None:
    rng = np.random.default_rng(11)
    effect = minimum_detectable_effect(1.0, n_treated=150, n_control=300)
    treated = rng.normal(effect, 1, (4_000, 150))
    control = rng.normal(0, 1, (4_000, 300))
    error = np.sqrt(treated.var(axis=1, ddof=1) / 150 + control.var(axis=1, ddof=1) / 300)
    found = (np.abs(treated.mean(axis=1) - control.mean(axis=1)) > 1.96 * error).mean()
    assert found == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / 4_000))


def test_refusals() -> None:
    with pytest.raises(DesignError, match="effect == 0"):
        required_size(0, std_dev=1)
    with pytest.raises(DesignError, match=r"power == 1\.0, must lie between 0 and 1"):
        required_size(1, std_dev=1, power=1.0)
    with pytest.raises(DesignError, match="a cell has 1 units, at least 2"):
        minimum_detectable_effect([1, 1], n_treated=[5, 1], n_control=[5, 5])


def test_spread_within_strata() -> None:
    stratum = np.array([0, 0, 1, 1, 2])
    values = np.array([1.0, 3, 10, 30, 7])
    np.testing.assert_allclose(std_dev_within(values, stratum, 4), [np.sqrt(2), np.sqrt(200), 0, 0])
    # (2 x 4 + 50 x 10) / 52 with the pooled (2 x 4 + 2 x 16) / 4 = 10
    np.testing.assert_allclose(
        shrink_std_dev(np.array([2.0, 4]), np.array([2, 2])) ** 2, [(8 + 500) / 52, (32 + 500) / 52]
    )
    assert shrink_std_dev(np.array([0.0]), np.array([0])).tolist() == [0]


def test_the_correlation_within_strata_knows_no_levels() -> None:
    stratum = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([1.0, 2, 3, 101, 102, 103])
    assert within_correlation(first, first * 2, stratum, 2) == pytest.approx(1)
    assert within_correlation(first, np.array([3.0, 2, 1, 3, 2, 1]), stratum, 2) == pytest.approx(-1)
    assert within_correlation(first, np.ones(6), stratum, 2) == 0
