"""Uplift forests: ours beside causalml on the same arrays in the same run.

Time, peak memory, error of the uplift and held-out Qini on a bought-or-not outcome, depth 6, 100 trees. Compilation
is timed apart: it happens once and is kept on disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

N_TEST = 20_000
CRITERIA = {"kl": "KL", "ed": "ED", "chi": "Chi", "cts": "CTS", "ddp": "DDP"}


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One draw: features, arm, outcome 0 or 1, and the true uplift."""

    x: NDArray[np.float64]
    arm: NDArray[np.int64]
    y: NDArray[np.float64]
    uplift: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one engine took and how near it came."""

    engine: str
    seconds: float
    compile_seconds: float
    peak_mb: int
    rmse: float
    qini: float


def make_world(n: int, p: int, seed: int) -> World:
    """Draw a world: a third buys anyway, and some of those with a high feature 0 and a low feature 1 answer."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    uplift = 0.1 * (x[:, 0] > 0) + 0.1 * ((x[:, 0] > 0) & (x[:, 1] < 0.5))
    base = 0.2 + 0.2 / (1 + np.exp(-x[:, 2]))
    arm = (rng.random(n) < 0.5).astype(np.int64)
    return World(x, arm, (rng.random(n) < base + uplift * arm).astype(np.float64), uplift)


def qini_of(priority: NDArray[np.float64], test: World) -> float:
    """Return the mean over q of the gain of the top q above chance, by inverse propensity."""
    score = test.y * (4 * test.arm - 2)
    ranked = score[np.argsort(-priority, kind="stable")]
    n = len(ranked)
    return float((ranked.cumsum() / n - np.arange(1, n + 1) / n * ranked.mean()).mean())


def fit_ours(train: World, test: World, options: argparse.Namespace) -> NDArray[np.float64]:
    """Return the uplift of ours."""
    from uplift.learn import UpliftForest

    forest = UpliftForest(options.trees, criterion=options.criterion, max_depth=options.depth, min_leaf=100)
    forest.set_params(random_state=options.seed)
    return forest.fit(train.x, train.y, treatment=train.arm).predict(test.x)[:, 0]


def fit_causalml(train: World, test: World, options: argparse.Namespace) -> NDArray[np.float64]:
    """Return the uplift of causalml."""
    warnings.simplefilter("ignore")
    from causalml.inference.tree import UpliftRandomForestClassifier

    forest = UpliftRandomForestClassifier(
        control_name="0",
        n_estimators=options.trees,
        max_depth=options.depth,
        min_samples_leaf=100,
        evaluationFunction=CRITERIA[options.criterion],
        random_state=options.seed,
        n_jobs=2,
    )
    forest.fit(train.x, train.arm.astype(str), train.y.astype(int))
    uplift: NDArray[np.float64] = np.asarray(forest.predict(test.x)).reshape(len(test.x), -1)[:, 0]
    return uplift


ENGINES = {"ours": fit_ours, "causalml": fit_causalml}


def run_engine(options: argparse.Namespace) -> Answer:
    """Fit one engine in this process; compile on a small draw before the clock starts."""
    train, test = make_world(options.n, options.p, options.seed), make_world(N_TEST, options.p, options.seed + 1_000)
    fit = ENGINES[options.engine]
    started = time.perf_counter()
    fit(make_world(2_000, options.p, options.seed), test, argparse.Namespace(**vars(options) | {"trees": 4}))
    warm = time.perf_counter() - started
    started = time.perf_counter()
    uplift = fit(train, test, options)
    return Answer(
        engine=options.engine,
        seconds=time.perf_counter() - started,
        compile_seconds=warm,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000,
        rmse=float(np.sqrt(((uplift - test.uplift) ** 2).mean())),
        qini=qini_of(uplift, test),
    )


def run_apart(options: argparse.Namespace, engine: str, seed: int) -> Answer:
    """Fit one engine in a process of its own, so that peaks of memory are its own."""
    given = json.dumps({**vars(options), "engine": engine, "seed": seed})
    done = subprocess.run([sys.executable, __file__, "--one", given], capture_output=True, text=True, check=True)
    return Answer(**json.loads(done.stdout.splitlines()[-1]))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--p", type=int, default=10)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--criterion", choices=tuple(CRITERIA), default="kl")
    parser.add_argument("--peer", choices=("causalml", "none"), default="causalml")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Print a row per seed and engine, then the ratios."""
    options = parse(arguments)
    if options.one:
        print(json.dumps(asdict(run_engine(argparse.Namespace(**json.loads(options.one))))))
        return
    engines = ["ours"] if options.peer == "none" else ["ours", options.peer]
    columns = ("seconds", "compile_seconds", "peak_mb", "rmse", "qini")
    print("seed", "engine".ljust(8), *(name.rjust(15) for name in columns))
    pairs = []
    for seed in range(options.seeds):
        answers = [run_apart(options, engine, seed) for engine in engines]
        for answer in answers:
            values = (f"{getattr(answer, name):15.4f}" for name in columns)
            print(f"{seed:4d}", answer.engine.ljust(8), *values, flush=True)
        if len(answers) == 2:
            pairs.append((answers[1].seconds / answers[0].seconds, answers[0].qini - answers[1].qini))
    if pairs:
        speed, gap = np.array(pairs).T
        print(f"{np.median(speed):.0f} times as fast; held-out Qini {gap.mean():+.5f} of the peer's")


if __name__ == "__main__":
    main(sys.argv[1:])
