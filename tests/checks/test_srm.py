from __future__ import annotations

import numpy as np
import pytest

from uplift.checks import check_srm, check_srm_strata, skip_srm
from uplift.errors import UsageError


def test_published_mismatch() -> None:
    """Kohavi, Tang and Xu (2020), chapter 21."""
    check = check_srm([821588, 815482], [0.5, 0.5])
    assert check.status == "fail"
    assert check.statistic == pytest.approx(22.7744, abs=5e-5)
    assert check.p_value == pytest.approx(1.8218e-06, rel=1e-4)


def test_hillstrom_arms_are_even() -> None:
    check = check_srm([21306, 21307, 21387], [1 / 3, 1 / 3, 1 / 3], arms=("none", "mens", "womens"))
    assert (check.name, check.status) == ("srm.assigned", "pass")
    assert check.statistic == pytest.approx(0.2025, abs=5e-5)
    assert check.p_value == pytest.approx(0.9037, abs=5e-5)
    assert check.facts["counts"] == (21306, 21307, 21387)
    assert check.facts["arms"] == ("none", "mens", "womens")


def test_three_heads_are_exact() -> None:
    """P(3:0 or 0:3) = 2 / 8; the chi-square approximation would say .083."""
    assert check_srm([3, 0], [0.5, 0.5]).p_value == pytest.approx(0.25)


def test_small_unequal_shares_are_exact() -> None:
    """Binomial(4, .1): statistic of k is (k - .4)² / .36, so k >= 2 is as far as k = 2: 1 - .9⁴ - 4 · .1 · .9³."""
    assert check_srm([2, 2], [0.9, 0.1]).p_value == pytest.approx(1 - 0.9**4 - 4 * 0.1 * 0.9**3)


def test_drawn_distribution_agrees_with_the_binomial() -> None:
    """Too many outcomes to list: 200,000 units of which 4 are expected in one arm."""
    check = check_srm([199_988, 12], [1 - 2e-5, 2e-5])
    poisson = np.exp(-4.0) * np.cumprod(np.concatenate([[1.0], 4.0 / np.arange(1, 60)]))
    assert check.p_value == pytest.approx(poisson[12:].sum(), rel=0.15)
    assert check_srm([199_988, 12], [1 - 2e-5, 2e-5]) == check


def test_scale_of_shares_is_forgiven_to_rounding() -> None:
    assert check_srm([30, 30, 30], [0.3333333, 0.3333333, 0.3333334]).p_value == pytest.approx(1.0)


def test_no_units_is_skipped() -> None:
    check = check_srm([0, 0], [0.5, 0.5])
    assert (check.status, check.p_value, check.facts["reason"]) == ("skipped", None, "no_units")


def test_strata_are_corrected_by_holm() -> None:
    checks = check_srm_strata(
        np.array([[500, 500], [600, 400], [0, 0]]), np.array([0.5, 0.5]), strata=("a", "b", "c"), arms=("x", "y")
    )
    assert [check.status for check in checks] == ["pass", "fail", "skipped"]
    assert [check.level for check in checks] == ["a", "b", "c"]
    alone = checks[1].facts["p_unadjusted"]
    assert isinstance(alone, float)
    assert checks[1].p_value == pytest.approx(2 * alone)


def test_size_of_the_test(rng: np.random.Generator) -> None:
    """False alarms within 3 Monte Carlo standard errors of 5 % over 4,000 hashed splits."""
    shares = np.array([0.4, 0.3, 0.3])
    counts = rng.multinomial(3000, shares, size=4000)
    rate = np.mean([(check_srm(row, shares).p_value or 0.0) < 0.05 for row in counts])
    assert abs(rate - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.slow
def test_red_alarms_at_their_level(rng: np.random.Generator) -> None:
    shares = np.array([0.4, 0.3, 0.3])
    counts = rng.multinomial(20_000, shares, size=20_000)
    red = sum(check_srm(row, shares).status == "fail" for row in counts)
    assert 0.0003 <= red / 20_000 <= 0.0017


@pytest.mark.parametrize("scheme", ["blocked", "pairs", "rerandomized"])
def test_fixed_counts_are_skipped(scheme: str) -> None:
    check = skip_srm(scheme)
    assert (check.name, check.status, check.p_value) == ("srm.assigned", "skipped", None)
    assert check.facts == {"reason": "fixed_by_design", "scheme": scheme}


@pytest.mark.parametrize("scheme", ["hash", "recorded"])
def test_chance_counts_cannot_be_skipped(scheme: str) -> None:
    with pytest.raises(UsageError, match=f"scheme == '{scheme}' leaves the counts to chance"):
        skip_srm(scheme)


@pytest.mark.parametrize(
    ("counts", "shares", "arms", "message"),
    [
        ([1, 2, 3], [0.5, 0.5], (), r"counts has shape \(3,\) and shares \(2,\)"),
        ([5], [1.0], (), "at least two"),
        ([5, -1], [0.5, 0.5], (), r"counts == \[5, -1\]; counts must not be negative"),
        ([5, 5], [0.5, 0.4], (), "shares must be above 0 and sum to 1"),
        ([5, 5], [1.0, 0.0], (), "leave out arms that nobody got"),
        ([5, 5], [0.5, 0.5], ("a",), "arms has 1 names for 2 counts"),
    ],
)
def test_refusals(counts: list[int], shares: list[float], arms: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_srm(counts, shares, arms=arms)
