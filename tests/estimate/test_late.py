from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate import Contrast, Reading, adjust_means, check_first_stage, estimate_late, find_late_set
from uplift.results.measure import Measure
from uplift.stats.moments import Moments

if TYPE_CHECKING:
    from uplift.stats.cells import CellMeans

Maker = Callable[..., Moments]


def trial(rng: np.random.Generator, n: int, *, effect: float, taken: float = 0.5) -> tuple[np.ndarray, ...]:
    """Return arm, exposure and outcome: those who would take buy more anyway, so receivers are no comparison."""
    arm = rng.permutation(np.arange(n) % 2)
    takes = rng.random(n) < taken
    exposed = (takes & (arm == 1)).astype(np.float64)
    return arm, exposed, np.round(rng.normal(10, 3, n) + 4 * takes + effect * exposed, 2)


def means_of(make: Maker, arm: np.ndarray, exposed: np.ndarray, y: np.ndarray, **kwargs: object) -> CellMeans:
    return adjust_means(make({"y": y, "d": exposed}, arm, grid=0.01, **kwargs))


def test_by_hand(make_moments: Maker) -> None:
    """Treated means 6 and 1/2, control 4 and 0: the effect of 2 came through half of them, so 4 each."""
    arm = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    y = np.array([3.0, 5.0, 3.0, 5.0, 4.0, 4.0, 8.0, 8.0])
    exposed = np.array([0, 0, 0, 0, 0, 0, 1, 1.0])
    (late,) = estimate_late(means_of(make_moments, arm, exposed, y), outcome="y", exposure="d")
    assert late.estimate == pytest.approx(4.0)
    # V(Y) = (16/3)/4 + (4/3)/4 = 5/3; V(D) = (1/3)/4; C = (2 * 2 * .5 / 3 * 2)/4 = 1/3.
    variance = (5 / 3 + 16 / 12 - 2 * 4 / 3) / 0.25
    assert late.std_error == pytest.approx(np.sqrt(variance))
    assert (late.estimand, late.estimator, late.evidence) == ("late", "wald", "B")
    assert (late.n_obs, late.n_reference) == (4, 4)


def test_strata_are_summed_before_the_ratio(make_moments: Maker) -> None:
    """Effect 1 through a tenth, effect 2 through half: (1 + 2) / (.1 + .5) = 5, and not the mean of 10 and 4."""
    rows = [(s, a, i) for s in (0, 1) for a in (0, 1) for i in range(10)]
    stratum, arm, place = (np.array(column) for column in zip(*rows, strict=True))
    share = np.where(stratum == 0, 1, 5)
    exposed = ((arm == 1) & (place < share)).astype(np.float64)
    y = place + np.where(stratum == 0, 1.0, 2.0) * arm
    (late,) = estimate_late(means_of(make_moments, arm, exposed, y, stratum=stratum), outcome="y", exposure="d")
    assert late.estimate == pytest.approx(5.0)
    by = estimate_late(
        means_of(make_moments, arm, exposed, y, stratum=stratum), outcome="y", exposure="d", by="stratum"
    )
    assert [effect.estimate for effect in by] == pytest.approx([10.0, 4.0])
    assert by.covariance[0, 1] == pytest.approx(0.0, abs=1e-12)


def test_the_interval_holds_every_value_that_its_own_test_keeps(make_moments: Maker) -> None:
    arm, exposed, y = trial(np.random.default_rng(1), 4000, effect=2.0)
    (late,) = estimate_late(means_of(make_moments, arm, exposed, y), outcome="y", exposure="d")
    for limit in (late.ci_lower, late.ci_upper):
        left = y - limit * exposed
        gap = left[arm == 1].mean() - left[arm == 0].mean()
        error = np.sqrt(sum(left[arm == k].var(ddof=1) / (arm == k).sum() for k in (0, 1)))
        assert abs(gap / error) == pytest.approx(1.9606, abs=2e-3)


def test_receivers_against_others_would_be_wrong(make_moments: Maker) -> None:
    arm, exposed, y = trial(np.random.default_rng(2), 40_000, effect=2.0)
    (late,) = estimate_late(means_of(make_moments, arm, exposed, y), outcome="y", exposure="d")
    naive = y[exposed == 1].mean() - y[exposed == 0].mean()
    assert late.ci_lower < 2.0 < late.ci_upper
    assert naive > 4.0


def test_a_weak_first_stage_is_said_and_gives_no_narrow_interval(make_moments: Maker) -> None:
    rng = np.random.default_rng(3)
    arm = np.arange(400) % 2
    exposed = (rng.random(400) < 0.5).astype(np.float64)
    means = means_of(make_moments, arm, exposed, np.round(rng.normal(0, 1, 400), 2))
    (check,) = check_first_stage(means, exposure="d", exclusion_justification="only the message can act")
    assert check.status == "fail"
    (late,) = estimate_late(means, outcome="y", exposure="d")
    held = find_late_set(means, outcome="y", exposure="d", contrast=Contrast("a1", "a0"))
    assert held.kind in {"rays", "line"}
    assert (late.ci_lower, late.ci_upper) == (-np.inf, np.inf)


def test_the_first_stage_asks_for_a_reason(make_moments: Maker) -> None:
    arm, exposed, y = trial(np.random.default_rng(4), 1000, effect=0.0)
    means = means_of(make_moments, arm, exposed, y)
    (silent,) = check_first_stage(means, exposure="d")
    (argued,) = check_first_stage(means, exposure="d", exclusion_justification="opened is the only way to see it")
    assert (silent.status, argued.status) == ("warn", "pass")
    assert silent.statistic == pytest.approx(500, rel=0.3)


@pytest.mark.parametrize("effect", [0.0, 2.0])
def test_coverage(make_moments: Maker, effect: float) -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        arm, exposed, y = trial(rng, 300, effect=effect, taken=0.3)
        (late,) = estimate_late(means_of(make_moments, arm, exposed, y), outcome="y", exposure="d")
        covered += late.ci_lower <= effect <= late.ci_upper
    assert covered / 400 >= 0.95 - 3 * 0.0109


def test_scale_and_labels(make_moments: Maker) -> None:
    arm, exposed, y = trial(np.random.default_rng(6), 1000, effect=2.0)
    reading = Reading(measure=Measure("money", "CNY", "assigned", 90))
    (plain,) = estimate_late(means_of(make_moments, arm, exposed, y), outcome="y", exposure="d", reading=reading)
    (tenfold,) = estimate_late(means_of(make_moments, arm, exposed, 10 * y), outcome="y", exposure="d")
    assert tenfold.estimate == pytest.approx(10 * plain.estimate)
    assert tenfold.p_value == pytest.approx(plain.p_value)
    assert plain.measure == replace(reading.measure, per="complier")


def test_no_compliers_is_an_error(make_moments: Maker) -> None:
    arm, _, y = trial(np.random.default_rng(7), 100, effect=0.0)
    means = means_of(make_moments, arm, np.zeros(100), y)
    with pytest.raises(EstimationError, match=r"moved nobody's exposure against a0; .* read the effect of assignment"):
        estimate_late(means, outcome="y", exposure="d")


def test_an_unknown_arm_is_an_error(make_moments: Maker) -> None:
    arm, exposed, y = trial(np.random.default_rng(8), 100, effect=0.0)
    with pytest.raises(EstimationError, match="arm 'b' is not among"):
        estimate_late(
            means_of(make_moments, arm, exposed, y), outcome="y", exposure="d", contrasts=[Contrast("b", "a0")]
        )
