"""Memory and time are said before; the machine code belongs to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.learn.forest.bags import next_float
from uplift.learn.forest.compiled import STAMP
from uplift.learn.forest.engine import Bagging
from uplift.learn.forest.plan import plan_forest, refuse_large
from uplift.learn.forest.threads import count_threads, run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.learn.forest.plan import ForestPlan
    from uplift.learn.forest.rules import Rules


def plan(rules: Rules, *, n: int = 1_000_000, n_trees: int = 500, n_jobs: int = 2) -> ForestPlan:
    """Plan a forest on 12 features."""
    bagging = Bagging(n_trees, 4, 0.45, honest=True, seed=0, n_units=n, cluster=np.zeros(0, np.int32))
    return plan_forest(n, np.full(12, 256), rules, bagging, n_jobs=n_jobs)


def test_a_million_rows_and_500_trees_take_less_than_three_gigabytes(make_rules: Callable[..., Rules]) -> None:
    assert plan(make_rules(min_leaf=50)).memory < 3e9


def test_more_trees_smaller_leaves_and_fewer_threads(make_rules: Callable[..., Rules]) -> None:
    base = plan(make_rules(min_leaf=50))
    assert plan(make_rules(min_leaf=50), n_trees=1_000).memory > base.memory
    assert plan(make_rules(min_leaf=5)).tree == pytest.approx(10 * base.tree, rel=0.01)
    assert plan(make_rules(min_leaf=5, max_depth=3)).tree == 2 * 8 * (24 + 32)
    assert plan(make_rules(min_leaf=50), n_jobs=1).seconds == pytest.approx(2 * base.seconds)


def test_a_forest_over_the_limit_is_refused_with_figures_and_a_way_out(make_rules: Callable[..., Rules]) -> None:
    small = plan(make_rules(min_leaf=50))
    refuse_large(small, None, bag_size=4)
    refuse_large(small, small.memory, bag_size=4)
    fewer = small.features + small.rows + small.work + 100 * small.tree
    with pytest.raises(EstimationError, match=r"max_memory == \d+ MB, but the forest takes about \d+ MB .features"):
        refuse_large(small, fewer, bag_size=4)
    with pytest.raises(EstimationError, match="choose n_trees=100, or a larger min_leaf"):
        refuse_large(small, fewer, bag_size=4)
    with pytest.raises(EstimationError, match="choose fewer features or a sample of the rows"):
        refuse_large(small, 1_000_000, bag_size=4)


def test_threads_are_counted_as_scikit_learn_does() -> None:
    assert count_threads(None) == 1
    assert count_threads(3) == 3
    assert count_threads(-1) >= 1
    assert count_threads(-10_000) == 1
    with pytest.raises(EstimationError, match="n_jobs == 0, must be"):
        count_threads(0)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_answers_come_in_order_and_steps_are_told(n_jobs: int) -> None:
    told: list[int] = []
    assert run_all(lambda item: item * item, range(6), n_jobs=n_jobs, after=told.append) == [0, 1, 4, 9, 16, 25]
    assert told == [1, 2, 3, 4, 5, 6]


def test_an_error_in_a_thread_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        run_all(lambda item: 1 // item, range(6), n_jobs=2)


def test_kept_machine_code_is_good_for_this_engine_only() -> None:
    kept = next_float._cache._cache_file  # type: ignore[attr-defined]
    assert kept._source_stamp == STAMP
    assert len(STAMP) == 64
