"""The same units, drawn again and again by the real scheme: without an effect, 5 % of the tests reject."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom

from uplift.design import assign_blocked
from uplift.estimate import adjust_means, estimate_itt
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays

SIZES = (53, 71, 97, 120, 141, 188, 203, 257, 310, 333, 420, 611)
SHARES = {"control": Fraction(1, 5), "small": Fraction(2, 5), "large": Fraction(2, 5)}
BLOCK = BlockPlan(
    "money", (Column("size", "size"), Column("value", "outcome", 0.01), Column("before", "covariate", 0.01))
)


def p_values(n_draws: int) -> list[float]:
    """Return the p-value of the small coupon's effect in each draw of one fixed set of customers."""
    rng = np.random.default_rng(2053)
    stratum = np.repeat(np.arange(len(SIZES)), SIZES)
    ids = [f"u{i:05d}" for i in range(len(stratum))]
    level = rng.gamma(0.5, 40.0, len(stratum)) * (1 + stratum / 4)
    value = rng.poisson(0.7, len(stratum)) * rng.gamma(2.0, 30.0, len(stratum)) + level
    columns = {
        "size": np.ones(len(stratum), np.int64),
        "value": np.rint(100 * value).astype(np.int64),
        "before": np.rint(100 * level).astype(np.int64),
    }
    labels = tuple(f"s{code:02d}" for code in range(len(SIZES)))
    zero = np.zeros(len(stratum), np.int64)
    found = []
    for seed in range(n_draws):
        drawn = assign_blocked(ids, [labels[code] for code in stratum], SHARES, seed=seed)
        keys = CellKeys(drawn.strata, ("0",), drawn.arms, drawn.stratum, zero, drawn.arm, zero)
        means = adjust_means(sum_arrays(columns, keys=keys, blocks=[BLOCK]))
        found.append(estimate_itt(means, outcome="value").select(arm="small", reference_arm="control")[0].p_value)
    return found


def test_a_hundred_and_fifty_draws_reject_about_one_in_twenty() -> None:
    rejected = int((np.array(p_values(150)) < 0.05).sum())
    assert binom.ppf(0.0005, 150, 0.05) <= rejected <= binom.ppf(0.9995, 150, 0.05)


@pytest.mark.slow
def test_a_thousand_draws_reject_within_the_band() -> None:
    found = np.array(p_values(1_000))
    assert 0.029 <= (found < 0.05).mean() <= 0.074
    assert np.abs(np.sort(found) - (np.arange(1_000) + 0.5) / 1_000).max() < 0.0615  # Kolmogorov, 99.9 %
