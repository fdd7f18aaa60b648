from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, fisher_exact

from uplift.checks import check_loss
from uplift.checks.loss import association, two_way
from uplift.errors import UsageError

STRATA = tuple(f"s{i:02d}" for i in range(24))
ARMS = ("control", "small", "large")
ASSIGNED = np.array([[2800, 2100, 2100]] * 24)
"""168,000 units at .4/.3/.3 in 24 strata."""


def _lose(rng: np.random.Generator, rates: list[float], n_reps: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return rng.binomial(ASSIGNED, rates, size=(n_reps, *ASSIGNED.shape)).astype(np.int64)


def test_one_stratum_by_hand() -> None:
    """E = 30 · 100/200 = 15, V = 30 · 170/199 · 1/4 = 6.4070, so (10 - 15)² / V = 3.9020."""
    check = check_loss(np.array([[100, 100]]), np.array([[90, 80]]), strata=("s",), arms=("a", "b"))[0]
    assert check.statistic == pytest.approx(25 / (30 * 170 / 199 / 4))
    assert check.p_value == pytest.approx(chi2.sf(25 / (30 * 170 / 199 / 4), 1))
    assert (check.facts["n_lost"], check.facts["n_assigned"], check.facts["df"]) == ((10, 20), (100, 100), 1)


def test_stratum_is_pearson_by_hand() -> None:
    """Expected 15 lost and 85 kept in each arm: 4 cells of 25/15 or 25/85."""
    check = check_loss(np.array([[100, 100]]), np.array([[90, 80]]), strata=("s",), arms=("a", "b"))[1]
    assert check.level == "s"
    assert check.statistic == pytest.approx(2 * 25 / 15 + 2 * 25 / 85)


def test_strata_are_added_before_squaring() -> None:
    """Two strata that differ in opposite ways cancel in the overall test, and show in their own."""
    checks = check_loss(
        np.array([[500, 500], [500, 500]]), np.array([[490, 430], [430, 490]]), strata=("s", "t"), arms=("a", "b")
    )
    assert checks[0].statistic == pytest.approx(0.0)
    assert [check.status for check in checks] == ["pass", "fail", "fail"]


def test_few_losses_are_exact() -> None:
    check = check_loss(np.array([[20, 20]]), np.array([[20, 15]]), strata=("s",), arms=("a", "b"))
    exact = float(fisher_exact(np.array([[0, 5], [20, 15]])).pvalue)
    assert check[1].facts["p_unadjusted"] == pytest.approx(exact)
    assert check[0].p_value == pytest.approx(exact, abs=0.003)


def test_one_lost_unit_of_a_small_arm_is_no_alarm() -> None:
    """The chi-square would give p = 2e-23; by chance it happens in 1 % of campaigns."""
    check = check_loss(np.array([[9900, 100]]), np.array([[9900, 99]]), strata=("s",), arms=("a", "b"))
    assert check[0].p_value == pytest.approx(0.01, abs=0.001)
    assert check[1].facts["p_unadjusted"] == pytest.approx(0.01)


@pytest.mark.parametrize("kept", [[[50, 50], [40, 40]], [[0, 0], [0, 0]]])
def test_nothing_or_everything_lost_passes(kept: list[list[int]]) -> None:
    checks = check_loss(np.array([[50, 50], [40, 40]]), np.array(kept), strata=("s", "t"), arms=("a", "b"))
    assert [(check.status, check.statistic, check.p_value) for check in checks] == [("pass", 0.0, 1.0)] * 3


def test_arm_that_a_stratum_does_not_offer() -> None:
    checks = check_loss(
        np.array([[300, 300, 0], [300, 300, 300]]),
        np.array([[280, 270, 0], [270, 280, 200]]),
        strata=("s", "t"),
        arms=ARMS,
    )
    assert checks[0].facts["df"] == 2
    assert checks[0].status == "fail"
    assert checks[1].statistic == pytest.approx(float(two_way(np.array([300, 300]), np.array([[20, 30]]))[0]))


def test_order_of_strata_and_arms_does_not_matter(rng: np.random.Generator) -> None:
    lost = _lose(rng, [0.02, 0.03, 0.02], 1)[0]
    shuffled = rng.permutation(24)
    again = association(ASSIGNED[shuffled][:, [2, 0, 1]], lost[shuffled][:, [2, 0, 1]])
    assert float(again) == pytest.approx(float(association(ASSIGNED, lost)), rel=1e-9)


def test_level_and_power(rng: np.random.Generator) -> None:
    """The generalised CMH holds 5 % and finds 2.0 % against 2.4 % at p < .001 in 168,000 units."""
    null = association(ASSIGNED, _lose(rng, [0.02, 0.02, 0.02], 4000))
    assert abs(np.mean(null > chi2.isf(0.05, 2)) - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 4000)
    found = association(ASSIGNED, _lose(rng, [0.020, 0.024, 0.024], 500))
    assert np.mean(found > chi2.isf(0.001, 2)) >= 0.9


@pytest.mark.slow
def test_false_alarms_are_neither_many_nor_dead(rng: np.random.Generator) -> None:
    draws = [_lose(rng, [0.02, 0.02, 0.02], 4000) for _ in range(5)]
    overall = np.concatenate([association(ASSIGNED, lost) for lost in draws])
    assert 0.0003 <= np.mean(overall > chi2.isf(0.001, 2)) <= 0.0017
    single = np.concatenate([two_way(ASSIGNED[0], lost[:, 0]) for lost in draws])
    assert 0.0003 <= np.mean(single > chi2.isf(0.001, 2)) <= 0.0017


def test_analysed_counts_against_shares_would_be_dead(rng: np.random.Generator) -> None:
    """The chi-square of analysed counts never fires in a blocked design, even for 2 % against 3 %."""
    kept = (ASSIGNED - _lose(rng, [0.02, 0.03, 0.03], 500)).sum(axis=1)
    expected = kept.sum(axis=1, keepdims=True) * np.array([0.4, 0.3, 0.3])
    assert np.mean(((kept - expected) ** 2 / expected).sum(axis=1) > chi2.isf(0.001, 2)) == 0.0


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"both must be strata × arms = \(1, 2\)"):
        check_loss(np.array([[1, 2, 3]]), np.array([[1, 2, 3]]), strata=("s",), arms=("a", "b"))
    with pytest.raises(UsageError, match="analysed == 6 in stratum 's', arm 'b', must lie between 0 and the 5"):
        check_loss(np.array([[5, 5]]), np.array([[5, 6]]), strata=("s",), arms=("a", "b"))
