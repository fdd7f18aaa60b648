from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from uplift.errors import EstimationError, MissingDependencyError, UsageError
from uplift.results.codec import decode, encode
from uplift.stats.trees import Objective, TreeRules, Trees, fit_trees, hash_order

QUICK = TreeRules(n_rounds=40, learning_rate=0.15, min_leaf=20)


def table(seed: int = 2, n: int = 3000) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A step by 4 in x, by 2 between two categories, and a column of noise with unknowns."""
    rng = np.random.default_rng(seed)
    noise = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    columns = {"x": rng.uniform(0, 1, n), "city": rng.integers(-1, 4, n).astype(float), "noise": noise}
    return columns, 10 + 4.0 * (columns["x"] > 0.5) + 2.0 * (columns["city"] == 2) + rng.normal(0, 0.5, n)


def test_steps_are_found() -> None:
    columns, y = table()
    trees = fit_trees(columns, y, categorical=["city"], rules=QUICK)
    fresh, _ = table(seed=3)
    truth = 10 + 4.0 * (fresh["x"] > 0.5) + 2.0 * (fresh["city"] == 2)
    away = trees.predict(fresh) - truth
    # the noise has standard deviation .5, and the truth 2.2
    assert np.sqrt(np.mean(away**2)) < 0.2
    cells = [(fresh["x"] > 0.5) == high for high in (False, True)]
    assert max(abs(away[cell & (fresh["city"] == city)].mean()) for cell in cells for city in (-1, 0, 2)) < 0.1
    assert (trees.features, trees.categorical, trees.n_units) == (("city", "noise", "x"), ("city",), 3000)
    assert trees.base == pytest.approx(y.mean())


@pytest.mark.parametrize("objective", ["log_mean", "positive_mean", "probability"])
def test_each_objective_predicts_its_mean(objective: Objective, rng: np.random.Generator) -> None:
    columns, _ = table()
    high = columns["x"] > 0.5
    mean = np.where(high, 0.8, 0.2)
    draw = {
        "log_mean": mean * rng.poisson(2, 3000) / 2,
        "positive_mean": rng.gamma(4, mean / 4),
        "probability": (rng.random(3000) < mean).astype(float),
    }[objective]
    predicted = fit_trees({"x": columns["x"]}, draw, objective=objective, rules=QUICK).predict(columns)
    # four standard errors of a mean of 1,500 with standard deviation at most .57
    assert predicted[high].mean() == pytest.approx(0.8, abs=0.06)
    assert predicted[~high].mean() == pytest.approx(0.2, abs=0.06)


def test_unknown_and_unseen_categories_are_answered() -> None:
    columns, y = table()
    trees = fit_trees(columns, y, categorical=["city"], rules=QUICK)
    ask = {"x": np.full(3, 0.2), "city": np.array([-1.0, 9, np.nan]), "noise": np.zeros(3)}
    np.testing.assert_allclose(trees.predict(ask), 10, atol=0.4)


def test_neither_rows_nor_columns_nor_threads_change_a_byte() -> None:
    columns, y = table()
    one = fit_trees(columns, y, categorical=["city"], rules=QUICK)
    turn = np.random.default_rng(5).permutation(len(y))
    turned = {name: columns[name][turn] for name in reversed(columns)}
    assert fit_trees(turned, y[turn], categorical=["city"], rules=QUICK) == one
    np.testing.assert_array_equal(one.predict(turned), one.predict(columns)[turn])


def test_trees_know_no_threads() -> None:
    script = (
        "import hashlib, numpy as np\n"
        "from uplift.stats import trees as module\n"
        "module.ALONE_BELOW = 0\n"
        "rng = np.random.default_rng(1)\n"
        "x = {f'x{j}': rng.normal(size=6_000) for j in range(4)}\n"
        "y = np.exp(x['x0']) * rng.poisson(1, 6_000)\n"
        "trees = module.fit_trees(x, y, objective='log_mean')\n"
        "print(hashlib.sha256(trees.text.encode() + trees.predict(x).tobytes()).hexdigest())\n"
    )
    told = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "3")
    }
    assert len(told) == 1


def test_a_large_cohort_is_sampled_whatever_its_order() -> None:
    columns, y = table()
    rules = TreeRules(n_rounds=20, max_units=1000)
    one = fit_trees(columns, y, rules=rules, seed=1)
    assert one.n_units == 1000
    assert fit_trees({name: column[::-1] for name, column in columns.items()}, y[::-1], rules=rules, seed=1) == one
    assert fit_trees(columns, y, rules=rules, seed=2) != one


def test_the_order_of_equal_rows_is_spread() -> None:
    # 900 equal rows and 100 others: the first tenth holds about a tenth of either
    columns = [np.r_[np.zeros(900), np.arange(1.0, 101)]]
    first = columns[0][hash_order(columns, seed=0)[:100]]
    # binomial with 100 draws of .9: four standard deviations are 12
    assert abs((first == 0).sum() - 90) <= 12


def test_minus_zero_and_any_unknown_are_one() -> None:
    a = hash_order([np.array([0.0, 1, np.nan])], seed=3)
    b = hash_order([np.array([-0.0, 1, -np.nan])], seed=3)
    np.testing.assert_array_equal(a, b)


def test_a_target_without_spread_needs_no_tree() -> None:
    columns, _ = table()
    trees = fit_trees(columns, np.ones(3000), objective="probability")
    assert trees.text == ""
    np.testing.assert_array_equal(trees.predict({name: column[:2] for name, column in columns.items()}), [1, 1])


def test_it_goes_to_json_and_back() -> None:
    columns, y = table()
    trees = fit_trees(columns, y, rules=TreeRules(n_rounds=3))
    again = decode(Trees, encode(trees))
    assert again == trees
    np.testing.assert_array_equal(again.predict(columns), trees.predict(columns))


def test_refusals() -> None:
    columns, y = table()
    with pytest.raises(UsageError, match="features: none given"):
        fit_trees({}, y)
    with pytest.raises(UsageError, match="categorical: 'town' is no feature; features are city, noise, x"):
        fit_trees(columns, y, categorical=["town"])
    with pytest.raises(UsageError, match=r"features\['x'\]: has shape \(2,\), must have shape \(3000,\)"):
        fit_trees({**columns, "x": np.ones(2)}, y)
    with pytest.raises(UsageError, match=r"features\['x'\]: holds an infinite value"):
        fit_trees({"x": np.array([1.0, np.inf])}, np.ones(2))
    with pytest.raises(UsageError, match=r"target: has shape \(2,\), must have shape \(3000,\)"):
        fit_trees(columns, np.ones(2))
    with pytest.raises(EstimationError, match="must be 0 or 1 for the objective 'probability'"):
        fit_trees(columns, y, objective="probability")
    with pytest.raises(EstimationError, match=r"target: -1\.0, must be at least 0 for the objective 'log_mean'"):
        fit_trees({"x": np.ones(2)}, np.array([-1.0, 1]), objective="log_mean")
    with pytest.raises(UsageError, match="features: 'noise' is missing; the trees were grown on city, noise, x"):
        fit_trees(columns, y, rules=TreeRules(n_rounds=1)).predict({"x": np.ones(1), "city": np.ones(1)})


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, y = table()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingDependencyError, match="boosted trees needs the package 'lightgbm'"):
        fit_trees(columns, y)
