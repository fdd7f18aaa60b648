from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import NEVER, Panel, estimate_att_gt, estimate_did, estimate_did_panel
from uplift.estimate.itt import Contrast
from uplift.stats.adjust import adjust_means
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans

PATHS = np.array([[1.0, 4], [2, 3], [3, 8], [5, 5], [0, 2]])
TREATED = np.array([1, 1, 1, 0, 0])


def make_means(paths: NDArray[np.float64], treated: NDArray[np.int64], stratum: NDArray[np.int64]) -> CellMeans:
    zero = np.zeros(len(treated), np.int64)
    names = tuple(f"p{j}" for j in range(paths.shape[1]))
    columns = {name: np.rint(paths[:, j]).astype(np.int64) for j, name in enumerate(names)}
    columns["size"] = np.ones(len(treated), np.int64)
    labels = tuple(f"s{i}" for i in range(int(stratum.max()) + 1))
    keys = CellKeys(labels, ("b",), ("none", "treated"), stratum, zero, treated, zero)
    plan = BlockPlan("periods", (Column("size", "size"), *(Column(name, "outcome") for name in names)))
    return adjust_means(sum_arrays(columns, keys=keys, blocks=[plan]))


def make_panel(paths: NDArray[np.float64], treated: NDArray[np.int64]) -> Panel:
    ids = np.array([f"u{i}" for i in range(len(treated))], object)
    return Panel(ids, np.arange(paths.shape[1]), paths, np.where(treated == 1, paths.shape[1] - 1, NEVER))


def test_by_hand() -> None:
    """Changes 3, 1, 5 (mean 3, variance 4) and 0, 2 (mean 1, variance 2): 2, with variance 4/3 + 2/2 = 7/3.

    Welch: (7/3)² / ((4/3)²/2 + 1²/1) = (49/9) / (17/9) = 49/17.
    """
    means = estimate_did(make_means(PATHS, TREATED, np.zeros(5, np.int64)), after=["p1"], before=["p0"])
    panel = estimate_did_panel(make_panel(PATHS, TREATED), after=[1], before=[0])
    for (effect,) in (means, panel):
        assert effect.estimate == pytest.approx(2.0)
        assert effect.std_error**2 == pytest.approx(7 / 3)
        assert effect.df == pytest.approx(49 / 17)
        assert (effect.estimator, effect.estimand, effect.evidence) == ("did", "att", "D")
        assert (effect.n_obs, effect.n_reference, effect.rel_effect) == (3, 2, None)
        assert not effect.confirmatory


def test_strata_weigh_by_their_treated() -> None:
    """Effects 2 with 3 treated and 10 with 2: (3 x 2 + 2 x 10) / 5 = 5.2, whatever the untreated are."""
    more = np.array([[0.0, 10], [0, 12], [4, 5], [3, 4], [1, 2], [0, 1]])
    stratum = np.repeat([0, 1], [5, 6])
    treated = np.concatenate([TREATED, [1, 1, 0, 0, 0, 0]])
    (effect,) = estimate_did(make_means(np.vstack([PATHS, more]), treated, stratum), after=["p1"], before=["p0"])
    assert effect.estimate == pytest.approx(5.2)
    # Variances 7/3, and (2/2 + 0/4) where changes are 10, 12 and all 1.
    assert effect.std_error**2 == pytest.approx(0.6**2 * 7 / 3 + 0.4**2 * 1)


def test_periods_are_averaged(counties: Panel) -> None:
    """Two periods a side; the effect is the mean of the four contrasts of single periods."""
    kept = counties.take(np.isin(counties.cohort, [2006, NEVER]))
    (mean,) = estimate_did_panel(kept, after=[2006, 2007], before=[2004, 2005])
    single = [estimate_did_panel(kept, after=[t], before=[s])[0].estimate for t in (2006, 2007) for s in (2004, 2005)]
    assert mean.estimate == pytest.approx(np.mean(single))


def test_agrees_with_group_time_effects(counties: Panel) -> None:
    """ATT(2006, 2007) against 2005 is the same contrast; n replaces n - 1 in its error."""
    kept = counties.take(np.isin(counties.cohort, [2006, NEVER]))
    (effect,) = estimate_did_panel(kept, after=[2007], before=[2005])
    found = {e.level: e for e in estimate_att_gt(kept).effects()}["2006:2007"]
    assert effect.estimate == pytest.approx(found.estimate)
    assert effect.std_error == pytest.approx(found.std_error, rel=0.02)


def test_clusters_of_one_have_the_same_error() -> None:
    panel = make_panel(PATHS, TREATED)
    plain = estimate_did_panel(panel, after=[1], before=[0])
    clustered = estimate_did_panel(replace(panel, cluster=np.arange(5)), after=[1], before=[0])
    assert clustered[0].estimate == pytest.approx(plain[0].estimate)
    assert clustered[0].std_error == pytest.approx(plain[0].std_error)


def test_a_common_shock_cancels_and_an_effect_is_found() -> None:
    """400 customers who differ for good, a season of 50 for all, an effect of 5; sd of changes sqrt(2) x 3."""
    rng = np.random.default_rng(2)
    treated = np.repeat([1, 0], 200)
    level = 30.0 * treated + rng.normal(0, 20, 400)
    inside = []
    for _ in range(200):
        paths = level[:, None] + rng.normal(0, 3, (400, 2)) + np.array([0.0, 50])
        paths[:200, 1] += 5.0
        (effect,) = estimate_did_panel(make_panel(paths, treated), after=[1], before=[0])
        inside.append(effect.ci_lower <= 5.0 <= effect.ci_upper)
    assert effect.std_error == pytest.approx(np.sqrt(18 / 200 * 2), rel=0.1)
    assert abs(np.mean(inside) - 0.95) <= 3.3 * np.sqrt(0.95 * 0.05 / 200)


def test_impossible_input() -> None:
    means, panel = make_means(PATHS, TREATED, np.zeros(5, np.int64)), make_panel(PATHS, TREATED)
    with pytest.raises(EstimationError, match=r"with \['p0'\] on both sides"):
        estimate_did(means, after=["p0"], before=["p0"])
    with pytest.raises(EstimationError, match="after has 0 periods"):
        estimate_did_panel(panel, after=[], before=[0])
    with pytest.raises(EstimationError, match="outcome 'p9' is not among"):
        estimate_did(means, after=["p9"], before=["p0"])
    with pytest.raises(EstimationError, match="none against none"):
        estimate_did(means, after=["p1"], before=["p0"], contrast=Contrast("none", "none"))
    alone = replace(means, n=means.n * np.array([0, 1]))
    with pytest.raises(EstimationError, match=r"strata \['s0'\] have treated units and nobody"):
        estimate_did(alone, after=["p1"], before=["p0"])
    with pytest.raises(EstimationError, match=r"periods \[7\] are not in the panel"):
        estimate_did_panel(panel, after=[7], before=[0])
    with pytest.raises(EstimationError, match="1 units are treated between periods 0 and 1"):
        estimate_did_panel(panel.take(np.array([0, 3, 4])), after=[1], before=[0])
    with pytest.raises(EstimationError, match="and 1 neither; leave these out"):
        estimate_did_panel(replace(panel, cohort=np.array([0, 1, 1, NEVER, NEVER])), after=[1], before=[0])
