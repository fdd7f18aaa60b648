from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import ttest_ind

from uplift.errors import EstimationError
from uplift.estimate import Contrast, Reading, adjust_means, estimate_itt
from uplift.results.measure import Measure
from uplift.stats.intervals import fieller
from uplift.stats.moments import Moments
from uplift.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    from tests.estimate.conftest import Hillstrom

Maker = Callable[..., Moments]
PUBLISHED = [
    ("visit", 0.076590, 0.003386, 0.045233, 0.003234),
    ("conversion", 0.006805, 0.000921, 0.003111, 0.000823),
]


@pytest.mark.parametrize(("outcome", "mens", "mens_error", "womens", "womens_error"), PUBLISHED)
def test_hillstrom_rates(
    hillstrom: Hillstrom, outcome: str, mens: float, mens_error: float, womens: float, womens_error: float
) -> None:
    effects = estimate_itt(adjust_means(hillstrom.moments()), outcome=outcome)
    assert [effect.arm for effect in effects] == ["Mens E-Mail", "Womens E-Mail"]
    assert [effect.estimate for effect in effects] == pytest.approx([mens, womens], abs=5e-7)
    assert [effect.std_error for effect in effects] == pytest.approx([mens_error, womens_error], abs=5e-7)


def test_hillstrom_spend(hillstrom: Hillstrom) -> None:
    """Welch intervals of the published tables."""
    mens, womens = estimate_itt(adjust_means(hillstrom.moments()), outcome="spend")
    assert [mens.estimate, womens.estimate] == pytest.approx([0.769827, 0.424412], abs=5e-7)
    assert [mens.ci_lower, mens.ci_upper] == pytest.approx([0.48514, 1.05451], abs=5e-6)
    assert [womens.ci_lower, womens.ci_upper] == pytest.approx([0.16896, 0.67987], abs=5e-6)
    assert mens.p_value == pytest.approx(1.16e-7, rel=5e-3)
    assert womens.p_value == pytest.approx(0.00113, abs=5e-6)
    assert mens.reference_mean == pytest.approx(0.652789, abs=5e-7)
    assert (mens.n_obs, mens.n_reference) == (21307, 21306)


def test_hillstrom_by_stratum_is_welch_in_each(hillstrom: Hillstrom) -> None:
    names = sorted(set(hillstrom.segment))
    stratum = np.array([names.index(label) for label in hillstrom.segment])
    effects = estimate_itt(adjust_means(hillstrom.moments(stratum)), outcome="visit", by="stratum")
    assert len(effects) == 2 * len(names)
    visit = hillstrom.columns["visit"]
    for code in (0, len(names) - 1):
        here = effects.select(level=f"s{code}", arm="Womens E-Mail")[0]
        treated, control = (visit[(stratum == code) & (hillstrom.arm == k)] for k in (2, 0))
        welch = ttest_ind(treated, control, equal_var=False)
        assert here.by == "stratum"
        assert here.estimate == pytest.approx(treated.mean() - control.mean())
        assert here.p_value == pytest.approx(welch.pvalue)
        assert here.df == pytest.approx(welch.df)
        assert (here.n_obs, here.n_reference) == (len(treated), len(control))


def _trial(make_moments: Maker) -> Moments:
    """Strata of 4 and 12 units with treated shares 1/2 and 1/4; effects 2 and 6 on control means 10 and 30."""
    stratum = np.repeat([0, 1], [4, 12])
    arm = np.concatenate([[0, 0, 1, 1], np.repeat([0, 1], [9, 3])])
    noise = np.concatenate([[-1, 1, -1, 1], [-2, 2, -2, 2, 0, 0, 0, 0, 0], [-3, 0, 3]])
    return make_moments({"y": 10 + 20 * stratum + arm * (2 + 4 * stratum) + noise}, arm, stratum=stratum)


def test_strata_are_weighted_by_their_units(make_moments: Maker) -> None:
    """(4 · 2 + 12 · 6) / 16 = 5 with V = (1/4)² (2/2 + 2/2) + (3/4)² (2/9 + 9/3) = 31/16.

    s² of the strata: 2 and 2; 16/8 = 2 and 18/2 = 9.
    """
    (effect,) = estimate_itt(adjust_means(_trial(make_moments)), outcome="y")
    assert effect.estimate == pytest.approx(5.0)
    assert effect.std_error == pytest.approx(np.sqrt(2 / 16 + 9 / 16 * (2 / 9 + 3)))
    assert effect.reference_mean == pytest.approx(25.0)
    assert effect.rel_effect == pytest.approx(0.2)
    assert (effect.estimator, effect.estimand, effect.by) == ("difference", "itt", "overall")


def test_never_a_regression_on_stratum_dummies(make_moments: Maker) -> None:
    """Its weights n p (1 - p) would give (1 · 2 + 2.25 · 6) / 3.25 = 4.77."""
    (effect,) = estimate_itt(adjust_means(_trial(make_moments)), outcome="y")
    assert abs(effect.estimate - (2 + 2.25 * 6) / 3.25) > 0.2


def test_relative_effect_is_fiellers(make_moments: Maker) -> None:
    means = adjust_means(_trial(make_moments))
    (effect,) = estimate_itt(means, outcome="y")
    control = 1 / 16 * 1 + 9 / 16 * 2 / 9
    joint = np.array([[effect.std_error**2, -control], [-control, control]])
    expected = fieller(effect.estimate, 25.0, joint, df=effect.df)
    assert (effect.rel_ci_lower, effect.rel_ci_upper) == pytest.approx((expected.lower, expected.upper))


def test_relative_effect_without_an_interval(make_moments: Maker) -> None:
    """A control mean that may be zero has no interval, only the estimate."""
    arm = np.repeat([0, 1], 4)
    (effect,) = estimate_itt(adjust_means(make_moments({"y": [-3, 4, -3, 4, 9, 9, 10, 10]}, arm)), outcome="y")
    assert effect.rel_effect == pytest.approx(18.0)
    assert (effect.rel_ci_lower, effect.rel_ci_upper) == (None, None)
    (zero,) = estimate_itt(adjust_means(make_moments({"y": [-3, 3, -3, 3, 9, 9, 10, 10]}, arm)), outcome="y")
    assert zero.rel_effect is None


def test_arm_against_arm_is_the_difference_of_two(hillstrom: Hillstrom) -> None:
    means = adjust_means(hillstrom.moments())
    pairs = [Contrast("Mens E-Mail", "Womens E-Mail")]
    (direct,) = estimate_itt(means, outcome="visit", contrasts=pairs)
    both = estimate_itt(means, outcome="visit")
    assert direct.estimate == pytest.approx(both[0].estimate - both[1].estimate)
    change = np.array([1.0, -1.0])
    assert direct.std_error**2 == pytest.approx(change @ both.covariance @ change)
    assert (direct.arm, direct.reference_arm) == ("Mens E-Mail", "Womens E-Mail")


def test_arms_share_the_control(hillstrom: Hillstrom) -> None:
    """The covariance of two effects is the variance of the control's mean."""
    effects = estimate_itt(adjust_means(hillstrom.moments()), outcome="visit")
    control = hillstrom.columns["visit"][hillstrom.arm == 0]
    assert effects.covariance[0, 1] == pytest.approx(control.var(ddof=1) / len(control))


def test_a_ratio_is_of_sums(make_moments: Maker, rng: np.random.Generator) -> None:
    """R = sum w N / sum w M of each arm; Var R = sum w² S²(N - R M) / n / M² with the arm's own R and M."""
    stratum = np.repeat([0, 1], [200, 400])
    arm = np.where(stratum == 0, rng.integers(0, 2, 600), (rng.random(600) < 0.25).astype(int))
    orders = rng.poisson(3 + stratum) + 1
    spend = orders * rng.integers(20, 40, 600) + 5 * arm
    means = adjust_means(make_moments({"spend": spend, "orders": orders}, arm, stratum=stratum))
    (effect,) = estimate_itt(means, outcome="spend", denominator="orders")
    weight, ratio, variance = [1 / 3, 2 / 3], [], 0.0
    for k in (0, 1):
        rows = [(stratum == s) & (arm == k) for s in (0, 1)]
        below = sum(w * orders[r].mean() for w, r in zip(weight, rows, strict=True))
        ratio.append(sum(w * spend[r].mean() for w, r in zip(weight, rows, strict=True)) / below)
        residual = [np.var(spend[r] - ratio[k] * orders[r], ddof=1) / r.sum() for r in rows]
        variance += sum(w**2 * v for w, v in zip(weight, residual, strict=True)) / below**2
    assert effect.estimate == pytest.approx(ratio[1] - ratio[0])
    assert effect.reference_mean == pytest.approx(ratio[0])
    assert effect.std_error == pytest.approx(np.sqrt(variance))


def test_only_strata_that_offer_both_arms_count(make_moments: Maker) -> None:
    """Arm a2 exists in stratum 1 alone, whose effect is 3; weights are of that stratum only."""
    stratum, arm = np.repeat([0, 1], [4, 6]), np.array([0, 0, 1, 1, 0, 0, 1, 1, 2, 2])
    y = np.array([0, 2, 1, 3, 10, 12, 11, 13, 13, 15])
    means = adjust_means(make_moments({"y": y}, arm, stratum=stratum))
    effects = estimate_itt(means, outcome="y")
    assert [effect.estimate for effect in effects] == pytest.approx([1.0, 3.0])
    by_stratum = estimate_itt(means, outcome="y", by="stratum")
    assert [(e.level, e.arm) for e in by_stratum] == [("s0", "a1"), ("s1", "a1"), ("s1", "a2")]


def test_labels_and_confidence_level(make_moments: Maker) -> None:
    money = Measure("money", currency="CNY", days=90)
    reading = Reading(money, confidence_level=0.5, evidence="A", confirmatory=True, group=("segment", "frequent"))
    means = adjust_means(_trial(make_moments))
    (half,) = estimate_itt(means, outcome="y", reading=reading)
    (wide,) = estimate_itt(means, outcome="y")
    assert (half.measure, half.confirmatory, half.by, half.level) == (money, True, "segment", "frequent")
    assert wide.ci_lower < half.ci_lower < half.ci_upper < wide.ci_upper
    assert not wide.confirmatory


def test_holm_over_a_family(hillstrom: Hillstrom) -> None:
    effects = estimate_itt(adjust_means(hillstrom.moments()), outcome="spend")
    p_values = np.array([effect.p_value for effect in effects])
    adjusted = effects.with_adjusted(adjust_holm(p_values).tolist())
    assert [e.p_adjusted for e in adjusted] == pytest.approx([2 * p_values[0], p_values[1]])
    assert [e.p_adjusted for e in effects] == [None, None]


def test_refusals(make_moments: Maker) -> None:
    means = adjust_means(_trial(make_moments))
    with pytest.raises(EstimationError, match="outcome 'z' is not among the outcomes measured: y"):
        estimate_itt(means, outcome="z")
    with pytest.raises(EstimationError, match="arm 'a7' is not among the arms measured: a0, a1"):
        estimate_itt(means, outcome="y", contrasts=[Contrast("a7", "a0")])
    flat = adjust_means(make_moments({"y": [1, 2, 3, 4], "d": [0, 0, 0, 0]}, [0, 0, 1, 1]))
    with pytest.raises(EstimationError, match="the ratio y / d has a zero denominator in an arm"):
        estimate_itt(flat, outcome="y", denominator="d")


def test_no_stratum_with_both_arms(make_moments: Maker) -> None:
    moments = make_moments({"y": range(8)}, [0, 0, 1, 1, 0, 0, 2, 2], stratum=[0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.raises(EstimationError, match="no stratum has units of both arms of a1 against a2"):
        estimate_itt(adjust_means(moments), outcome="y", contrasts=[Contrast("a1", "a2")])


def test_coverage_of_many_arms_and_a_ratio(make_moments: Maker, rng: np.random.Generator) -> None:
    """300 trials of 4 strata × 3 arms: both arms' intervals of a ratio metric hold 95 %."""
    stratum = np.repeat(np.arange(4), 90)
    counts = [(30, 30, 30), (50, 20, 20), (20, 50, 20), (40, 25, 25)]
    covered = []
    for _ in range(300):
        arm = np.concatenate([rng.permutation(np.repeat([0, 1, 2], c)) for c in counts])
        orders = rng.poisson(4 + stratum) + 1
        spend = orders * 20 + np.rint(rng.normal(0, 15, 360))
        means = adjust_means(make_moments({"spend": spend, "orders": orders}, arm, stratum=stratum))
        effects = estimate_itt(means, outcome="spend", denominator="orders")
        covered += [effect.ci_lower <= 0.0 <= effect.ci_upper for effect in effects]
    assert abs(np.mean(covered) - 0.95) <= 3.3 * np.sqrt(0.05 * 0.95 / 300)
