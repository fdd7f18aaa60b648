"""Effects of staggered waves on a million customers over twelve periods: sums in the engine, then group-time effects.

The answer is checked against the true effect, which grows by one per period since treatment.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.estimate.did import NEVER, estimate_att_gt, read_cohorts
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.effect import Effects

WAVES = (6, 8, 10)
CENT = 0.01
MOST_ERRORS = 4.5


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Spend by customer and period in cents, and the wave of each customer; the last code is never treated."""

    spend: NDArray[np.int64]
    wave: NDArray[np.int64]


def make_store(n_units: int, n_periods: int, seed: int) -> Store:
    """Return customers who differ for good, with seasons for all and an effect that grows with time."""
    rng = np.random.default_rng(seed)
    wave = rng.integers(len(WAVES) + 1, size=n_units)
    spend = rng.gamma(2.0, 2000.0, n_units)[:, None] + rng.gamma(1.0, 3000.0, (n_units, n_periods))
    spend += 500.0 * np.arange(n_periods) % 1700
    for code, first in enumerate(WAVES):
        since = np.arange(n_periods) - first
        spend[wave == code] += np.where(since >= 0, 100.0 * (since + 1), 0.0)
    return Store(np.rint(spend).astype(np.int64), wave)


def estimate(store: Store) -> Effects:
    """Return the effects by periods since treatment."""
    n, n_periods = store.spend.shape
    zero = np.zeros(n, np.int64)
    names = tuple(f"p{t:02d}" for t in range(n_periods))
    labels = (*(f"wave {first}" for first in WAVES), "never")
    keys = CellKeys(labels, ("all",), ("all",), store.wave, zero, zero, zero)
    plan = BlockPlan("periods", (Column("size", "size"), *(Column(name, "outcome", CENT) for name in names)))
    columns = {name: np.ascontiguousarray(store.spend[:, t]) for t, name in enumerate(names)}
    moments = sum_arrays({"size": np.ones(n, np.int64), **columns}, keys=keys, blocks=[plan])
    sums = read_cohorts(moments, periods=range(n_periods), outcomes=names, cohorts=(*WAVES, NEVER))
    return estimate_att_gt(sums, control_group="not_yet").aggregate("dynamic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds and compare with the truth; return 1 when the processor took too long or it is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--periods", type=int, default=12)
    parser.add_argument("--most-seconds", type=float, default=10.0)
    given = parser.parse_args(arguments)
    store = make_store(given.units, given.periods, seed=1)
    started, worked = time.perf_counter(), time.process_time()
    effects = estimate(store)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    worst = 0.0
    for effect in effects.select(by="event_time"):
        truth = max(int(effect.level) + 1.0, 0.0)
        worst = max(worst, abs(effect.estimate - truth) / effect.std_error)
        print(f"event time {effect.level:>3}: {effect.estimate:8.4f} ({effect.std_error:.4f}), truth {truth:.0f}")
    print(f"{given.units:,} customers x {given.periods} periods: {seconds:.2f} s, {worked:.2f} s of the processor")
    print(f"largest |z| {worst:.2f}")
    return int(worked > given.most_seconds or worst > MOST_ERRORS)


if __name__ == "__main__":
    sys.exit(main())
