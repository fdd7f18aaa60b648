"""Causal forests: ours beside econml on the same arrays in the same run.

Time, peak memory, error of the effect, coverage and held-out Qini, for a step, a smooth effect and none, with 30 %
noise features and unequal arms. ``--equal`` hands the same residuals to both engines, as accuracy is compared;
otherwise each learns its own nuisances, as a user would run it. Compilation is timed apart: it happens once and is
kept on disk. ``--peer none`` runs ours alone, for sizes that a peer cannot hold.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WORLDS = ("step", "smooth", "none")
N_TEST = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One draw: features, arm, outcome, and what nobody knows."""

    x: NDArray[np.float64]
    arm: NDArray[np.int64]
    y: NDArray[np.float64]
    effect: NDArray[np.float64]
    mean: NDArray[np.float64]
    share: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What one engine took and how near it came."""

    engine: str
    seconds: float
    compile_seconds: float
    peak_mb: int
    rmse: float
    coverage: float
    width: float
    qini: float


def make_world(kind: str, n: int, p: int, seed: int) -> World:
    """Draw a world; a third of the features plays no part in anything."""
    rng = np.random.default_rng([seed, WORLDS.index(kind)])
    x = rng.normal(size=(n, p))
    smooth = 1 / (1 + np.exp(-2 * x[:, 0])) + 0.5 * x[:, 1] / (1 + np.abs(x[:, 1]))
    effect = {"step": 1.0 * (x[:, 0] > 0.3), "smooth": smooth, "none": np.full(n, 0.3)}[kind]
    share = (0.5, 0.2)[seed % 2]
    arm = (rng.random(n) < share).astype(np.int64)
    base = x[:, 2] + 0.5 * x[:, 3] ** 2
    return World(x, arm, base + effect * arm + rng.normal(size=n), effect, base + share * effect, share)


def qini_of(priority: NDArray[np.float64], test: World) -> float:
    """Return the mean over q of q times the gain of the top q above chance, by inverse propensity."""
    score = test.y * (test.arm / test.share - (1 - test.arm) / (1 - test.share))
    ranked = score[np.argsort(-priority, kind="stable")]
    n = len(ranked)
    return float((ranked.cumsum() / n - np.arange(1, n + 1) / n * ranked.mean()).mean())


def fit_ours(train: World, test: World, options: argparse.Namespace) -> tuple[NDArray[np.float64], ...]:
    """Return estimate and interval of ours."""
    from uplift.learn import CausalForest, Nuisance

    share = np.full(len(train.y), train.share)
    given = Nuisance(train.mean, np.stack([1 - share, share], axis=1)) if options.equal else None
    forest = CausalForest(options.trees, min_leaf=options.leaf, random_state=options.seed)
    known = None if options.equal else share
    forest.fit(train.x, train.y, treatment=train.arm, propensity=known, nuisance=given)
    found = forest.predict_interval(train.x if options.all_rows else test.x)
    if options.all_rows:
        found = forest.predict_interval(test.x)
    return found.estimate[:, 0], found.ci_lower[:, 0], found.ci_upper[:, 0]


def fit_econml(train: World, test: World, options: argparse.Namespace) -> tuple[NDArray[np.float64], ...]:
    """Return estimate and interval of econml: its forest on residuals, or with nuisances of its own."""
    if options.equal:
        from econml.grf import CausalForest

        forest = CausalForest(
            options.trees, criterion="mse", min_samples_leaf=options.leaf, max_samples=0.45, random_state=options.seed
        )
        forest.fit(train.x, (train.arm - train.share)[:, None], (train.y - train.mean)[:, None])
        found = forest.predict(test.x, interval=True)
        return tuple(part[:, 0] for part in found)
    from econml.dml import CausalForestDML
    from lightgbm import LGBMRegressor
    from sklearn.dummy import DummyClassifier

    learner = CausalForestDML(
        model_y=LGBMRegressor(n_estimators=100, num_leaves=16, verbosity=-1),
        model_t=DummyClassifier(strategy="prior"),
        discrete_treatment=True,
        cv=5,
        n_estimators=options.trees,
        min_samples_leaf=options.leaf,
        max_samples=0.45,
        random_state=options.seed,
    )
    learner.fit(train.y, train.arm, X=train.x)
    if options.all_rows:
        learner.effect(train.x)
    lower, upper = learner.effect_interval(test.x)
    return learner.effect(test.x), lower, upper


ENGINES = {"ours": fit_ours, "econml": fit_econml}


def run_engine(options: argparse.Namespace) -> Answer:
    """Fit one engine in this process; compile on a small draw before the clock starts."""
    train = make_world(options.world, options.n, options.p, options.seed)
    test = make_world(options.world, N_TEST, options.p, options.seed + 1_000)
    fit = ENGINES[options.engine]
    started = time.perf_counter()
    fit(
        make_world(options.world, 600, options.p, options.seed),
        test,
        argparse.Namespace(**vars(options) | {"trees": 8}),
    )
    warm = time.perf_counter() - started
    started = time.perf_counter()
    estimate, lower, upper = fit(train, test, options)
    seconds = time.perf_counter() - started
    return Answer(
        engine=options.engine,
        seconds=seconds,
        compile_seconds=warm,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000,
        rmse=float(np.sqrt(((estimate - test.effect) ** 2).mean())),
        coverage=float(((lower <= test.effect) & (test.effect <= upper)).mean()),
        width=float((upper - lower).mean()),
        qini=qini_of(estimate, test),
    )


def run_apart(options: argparse.Namespace, engine: str, world: str, seed: int) -> Answer:
    """Fit one engine in a process of its own, so that peaks of memory are its own."""
    given = {**vars(options), "engine": engine, "world": world, "seed": seed}
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps(given)], capture_output=True, text=True, check=True
    )
    return Answer(**json.loads(done.stdout.splitlines()[-1]))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--p", type=int, default=10)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--leaf", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--peer", choices=("econml", "none"), default="econml")
    parser.add_argument("--equal", action="store_true", help="the same residuals for both")
    parser.add_argument("--all-rows", action="store_true", help="predict the rows of the fit, too")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Print a row per world, seed and engine, then the mean ratios."""
    options = parse(arguments)
    if options.one:
        print(json.dumps(asdict(run_engine(argparse.Namespace(**json.loads(options.one))))))
        return
    engines = ["ours"] if options.peer == "none" else ["ours", options.peer]
    columns = ("seconds", "compile_seconds", "peak_mb", "rmse", "coverage", "width", "qini")
    print("world".ljust(8), "seed", "engine".ljust(8), *(name.rjust(15) for name in columns))
    for world in options.worlds:
        ratios = []
        for seed in range(options.seeds):
            answers = [run_apart(options, engine, world, seed) for engine in engines]
            for answer in answers:
                values = (f"{getattr(answer, name):15.4f}" for name in columns)
                print(world.ljust(8), f"{seed:4d}", answer.engine.ljust(8), *values, flush=True)
            if len(answers) == 2:
                ratios.append((np.log(answers[0].rmse / answers[1].rmse), answers[1].seconds / answers[0].seconds))
        if ratios:
            error, speed = np.array(ratios).T
            spread = error.std(ddof=1) / np.sqrt(len(error)) if len(error) > 1 else np.nan
            ratio, limit = np.exp(error.mean()), np.exp(error.mean() + 1.645 * spread)
            print(
                f"{world}: RMSE ratio {ratio:.3f}, upper 95 % limit {limit:.3f}; {np.median(speed):.1f} times as fast"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
