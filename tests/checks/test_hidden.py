from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.checks import check_hidden_difference
from uplift.errors import EstimationError, UsageError
from uplift.stats.adjust import adjust_means
from uplift.stats.moments import Moments

if TYPE_CHECKING:
    from uplift.stats.cells import CellMeans

Maker = Callable[..., Moments]


def _two_levels(make_moments: Maker) -> CellMeans:
    """One drawn stratum: level a of 8 units with effect 1, level b of 24 with effect 3; control means 0."""
    stratum = np.repeat([0, 1], [8, 24])
    arm = np.tile([0, 0, 1, 1], 8)
    noise = np.tile([-1, 1, -1, 1], 8)
    return adjust_means(make_moments({"y": noise + arm * np.where(stratum == 0, 1, 3)}, arm, stratum=stratum))


def test_difference_by_hand(make_moments: Maker) -> None:
    """Effect of the stratum (8 · 1 + 24 · 3) / 32 = 2.5, so level a is 1.5 below and level b .5 above.

    s² is 4/3 on 4 units and 12/11 on 12, so the effects have variance 2/3 and 2/11, and
    both differences are multiples of one: z² = 2² / (2/3 + 2/11) = 4.7143 on one degree.
    """
    means = _two_levels(make_moments)
    check = check_hidden_difference(means, parent=["p", "p"], level=["a", "b"], outcome="y", population="segments")
    assert (check.name, check.status) == ("strata.hidden_difference", "pass")
    assert check.statistic == pytest.approx(4 / (2 / 3 + 2 / 11))
    assert check.facts["df"] == 1
    expected = {"a": -1.5, "b": 0.5}[str(check.facts["level"])]
    assert check.facts["difference"] == pytest.approx(expected)
    assert (check.facts["population"], check.facts["arm"], check.facts["n_levels"]) == ("segments", "a1", 2)


def test_effects_of_the_drawn_strata_only_are_no_difference(make_moments: Maker) -> None:
    """Effects 1 in p and 5 in q, levels mixed 1:3 and 3:1: every difference is exactly zero."""
    stratum = np.repeat([0, 1, 2, 3], [8, 24, 24, 8])
    arm, noise = np.tile([0, 0, 1, 1], 16), np.tile([-1, 1, -1, 1], 16)
    means = adjust_means(make_moments({"y": noise + arm * np.where(stratum < 2, 1, 5)}, arm, stratum=stratum))
    check = check_hidden_difference(
        means, parent=list("ppqq"), level=list("abab"), outcome="y", population="frequency_basket"
    )
    assert check.statistic == pytest.approx(0.0, abs=1e-20)
    assert check.p_value == pytest.approx(1.0)


def test_levels_that_are_strata_are_skipped(make_moments: Maker) -> None:
    check = check_hidden_difference(
        _two_levels(make_moments), parent=["p", "q"], level=["a", "b"], outcome="y", population="segments"
    )
    assert (check.status, check.facts["reason"], check.p_value) == ("skipped", "one_level", None)


def _split(rng: np.random.Generator, make_moments: Maker, gain: float) -> CellMeans:
    """Six drawn strata of two levels, three arms with unequal shares; level 1 gains ``gain`` more."""
    stratum = np.repeat(np.arange(12), rng.integers(150, 400, 12))
    shares = np.where(stratum // 2 % 2 == 0, 0.3, 0.6)
    arm = np.where(rng.random(len(stratum)) < shares, 0, rng.integers(1, 3, len(stratum)))
    effect = np.where(arm > 0, stratum // 2 + gain * (stratum % 2), 0.0)
    y = rng.gamma(1.0, 10.0, len(stratum)) + effect
    return adjust_means(make_moments({"y": y}, arm, stratum=stratum, grid=0.01))


PARENT, LEVEL = [str(i // 2) for i in range(12)], ["low", "high"] * 6


def test_level_of_the_test(make_moments: Maker, rng: np.random.Generator) -> None:
    rejected = 0
    for _ in range(300):
        means = _split(rng, make_moments, 0.0)
        check = check_hidden_difference(means, parent=PARENT, level=LEVEL, outcome="y", population="segments")
        assert check.facts["df"] == 2
        rejected += (check.p_value or 0.0) < 0.05
    assert abs(rejected / 300 - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 300)


def test_hidden_growth_is_found(make_moments: Maker, rng: np.random.Generator) -> None:
    means = _split(rng, make_moments, 6.0)
    check = check_hidden_difference(means, parent=PARENT, level=LEVEL, outcome="y", population="segments")
    assert check.status == "warn"
    high = check.facts["level"] == "high"
    assert float(str(check.facts["difference"])) * (1 if high else -1) == pytest.approx(3.0, abs=1.5)


def test_order_of_strata_does_not_matter(make_moments: Maker, rng: np.random.Generator) -> None:
    y, arm, stratum = rng.normal(0, 100, 600), rng.integers(0, 3, 600), rng.integers(0, 4, 600)
    parent, level = list("ppqq"), list("abab")
    plain = adjust_means(make_moments({"y": y}, arm, stratum=stratum))
    turned = adjust_means(make_moments({"y": y}, arm, stratum=3 - stratum))
    one = check_hidden_difference(plain, parent=parent, level=level, outcome="y", population="segments")
    two = check_hidden_difference(turned, parent=parent[::-1], level=level[::-1], outcome="y", population="segments")
    assert two.statistic == pytest.approx(one.statistic)
    assert (two.facts["df"], two.facts["arm"]) == (one.facts["df"], one.facts["arm"])


def test_refusals(make_moments: Maker) -> None:
    means = _two_levels(make_moments)
    with pytest.raises(UsageError, match="level has 1 entries for 2 strata of means"):
        check_hidden_difference(means, parent=["p", "p"], level=["a"], outcome="y", population="segments")
    with pytest.raises(EstimationError, match="outcome 'z' is not among"):
        check_hidden_difference(means, parent=["p", "p"], level=["a", "b"], outcome="z", population="segments")
