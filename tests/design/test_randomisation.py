from __future__ import annotations

import numpy as np
from scipy.stats import norm

from uplift.design import assign_blocked


def test_rerandomising_a_real_scheme_rejects_at_its_level() -> None:
    rng = np.random.default_rng(20_260_302)
    sizes = np.array([41, 57, 83, 120, 33, 66])
    stratum = np.repeat(np.arange(6), sizes)
    outcome = rng.gamma(1.5, 10 * (1 + stratum)) * (rng.random(len(stratum)) < 0.7)
    ids = [f"u{i:04d}" for i in range(len(stratum))]
    weight = sizes / sizes.sum()
    rejected = 0
    for seed in range(1_000):
        drawn = assign_blocked(ids, stratum.astype(str), {"control": 0.4, "small": 0.3, "large": 0.3}, seed=seed)
        cell = drawn.stratum * 3 + drawn.arm
        n = drawn.counts.astype(float)
        mean = np.bincount(cell, outcome, minlength=18).reshape(6, 3) / n
        square = np.bincount(cell, outcome**2, minlength=18).reshape(6, 3) / n
        variance = (square - mean**2) * n / (n - 1) / n
        effect = (weight * (mean[:, 1] - mean[:, 0])).sum()
        error = np.sqrt((weight**2 * (variance[:, 1] + variance[:, 0])).sum())
        rejected += abs(effect / error) > norm.ppf(0.975)
    # exact binomial 99.9 % band of .05 over 1,000
    assert 0.029 <= rejected / 1_000 <= 0.074
