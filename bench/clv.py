"""Lifetime models at size: cells, fit and prediction, beside lifetimes and pymc-marketing where they are installed.

    python bench/clv.py [--customers 1000000 20000000] [--peer-python PATH]

The peers are no dependencies of the project: put them into an environment of their own,

    python -m venv /tmp/peers && /tmp/peers/bin/pip install lifetimes pymc-marketing

and name its interpreter. They fit the first size only. All fit the same simulated customers of known parameters.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv import GammaGamma, LifetimeModel
from uplift.clv.cells import PurchaseCells, make_cells
from uplift.clv.purchase import fit_purchases

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

TRUTH = (0.6, 40.0, 0.8, 2.4)
OLDEST = 900
PORTION = 1_000_000
PEERS = ("lifetimes", "pymc_marketing")
TARGET = 1.0
AHEAD = {"start_days": 90.0, "end_days": 365.0, "annual_discount_rate": 0.1}


@dataclass(frozen=True, slots=True)
class Customers:
    """Purchase histories in whole days, and the mean value of a repeat purchase."""

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    value: NDArray[np.float64]


def simulate(n: int, rng: np.random.Generator) -> Customers:
    """Return BG/NBD customers of known parameters; times are rounded to whole days, up or down by chance."""
    r, alpha, a, b = TRUTH
    rate, stop = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    age, lot = rng.uniform(0, OLDEST, n), rng.random(n)
    frequency, last, clock, running = np.zeros(n), np.zeros(n), np.zeros(n), np.arange(n)
    while len(running):
        clock[running] += rng.exponential(1 / rate[running])
        running = running[clock[running] < age[running]]
        frequency[running] += 1
        last[running] = clock[running]
        running = running[rng.random(len(running)) >= stop[running]]
    recency = np.where(frequency > 0, np.floor(last + lot), 0)
    repeats = np.maximum(frequency, 1)
    value = np.where(frequency > 0, rng.gamma(6 * repeats) / repeats / rng.gamma(4.0, 1 / 15, n), 0)
    return Customers(frequency, recency, np.floor(age + lot), value)


def merge(parts: Sequence[PurchaseCells]) -> PurchaseCells:
    """Return the cells of all portions together."""
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("frequency", "recency", "age")]
    return make_cells(*columns, weights=np.concatenate([part.weight for part in parts]))


def time_task(title: str, task: Callable[[], object]) -> float:
    """Print the wall and the processor seconds of a task; return the latter, which know no neighbours."""
    wall, own = time.perf_counter(), time.process_time()
    task()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    print(f"{title:<48}{wall:8.2f} s, processor {own:6.2f} s")
    return own


def measure(n: int, seed: int) -> float:
    """Print one size; return the seconds of the fit."""
    rng = np.random.default_rng(seed)
    portions = [min(PORTION, n - first) for first in range(0, n, PORTION)]
    parts = [make_cells(part.frequency, part.recency, part.age) for part in (simulate(k, rng) for k in portions)]
    cells = merge(parts)
    print(f"{n:>12,} customers, {len(cells.weight):,} distinct histories")
    seconds = time_task("uplift: fit of BG/NBD", lambda: fit_purchases(cells, kind="bgnbd"))
    model = fit_purchases(cells, kind="bgnbd")
    found = np.array([model.r, model.alpha, model.a, model.b])
    print(f"{'   found':<20}{show(found)}")
    print(f"{'   standard errors off':<20}{show((found - TRUTH) / model.std_errors())}")
    return seconds


def measure_arrays(customers: Customers) -> None:
    """Print what a fit and a prediction from arrays of customers cost."""
    x, t, age, value = customers.frequency, customers.recency, customers.age, customers.value
    time_task("uplift: cells from arrays", lambda: make_cells(x, t, age))
    time_task("uplift: fit of Gamma-Gamma from arrays", lambda: GammaGamma().fit(x, value))
    model = LifetimeModel(fit_purchases(make_cells(x, t, age), kind="bgnbd"), GammaGamma().fit(x, value).parameters_)
    time_task("uplift: value of days 90 to 365 of each", lambda: model.residual_value(x, t, age, value, **AHEAD))
    time_task("uplift: gradient of it", lambda: model.residual_gradient(x, t, age, value, **AHEAD))


def measure_peers(customers: Customers, python: str) -> None:
    """Print what the peers make of the same customers, or what is missing and how to add it."""
    script = Path(__file__).with_name("clv_peer.py")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.npz"
        np.savez(file, frequency=customers.frequency, recency=customers.recency, age=customers.age)
        for peer in PEERS:
            command = [python, str(script), peer, str(file)]
            run = subprocess.run(command, check=False, capture_output=True, text=True)
            if run.returncode:
                reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
                print(f"{peer}: did not run ({reason[:90]}); pip install lifetimes pymc-marketing, --peer-python PATH")
                continue
            answer = json.loads(run.stdout.splitlines()[-1])
            seconds = f"{answer['seconds']:8.2f} s, processor {answer['processor']:6.2f} s"
            print(f"{peer + ': fit of BG/NBD':<48}{seconds}, peak {answer['peak_mb']:,.0f} MB")
            print(f"{'   found':<20}{show(np.array(answer['parameters']))}")


def show(numbers: NDArray[np.float64]) -> str:
    """Return numbers in one line."""
    return "".join(f"{number:12.4f}" for number in numbers)


def main() -> int:
    """Measure; return 1 when a fit takes longer than its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[1_000_000, 20_000_000])
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter of an environment with the peers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    first = simulate(min(options.customers[0], 5 * PORTION), np.random.default_rng(options.seed))
    seconds = [measure(n, options.seed) for n in options.customers]
    measure_arrays(first)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'uplift: peak of the process, data included':<48}{peak:8,.0f} MB")
    measure_peers(first, options.peer_python)
    return 1 if max(seconds) > TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
