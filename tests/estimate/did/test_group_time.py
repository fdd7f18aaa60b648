from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import NEVER, Panel, estimate_att_gt, read_cohorts, sum_cohorts
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uplift.estimate.did.group_time import Aggregation

ESTIMATES = [
    *(-0.01050, -0.07042, -0.13726, -0.10081),
    *(0.00652, -0.00275, -0.00459, -0.04122),
    *(0.03051, -0.00273, -0.03109, -0.02605),
]
ERRORS = [
    *(0.02325, 0.03098, 0.03644, 0.03436),
    *(0.02333, 0.01956, 0.01776, 0.02023),
    *(0.01503, 0.01640, 0.01788, 0.01666),
]
WITH_POPULATION = [
    *(-0.0145, -0.0764, -0.1404, -0.1069),
    *(-0.0005, -0.0062, 0.0010, -0.0413),
    *(0.0267, -0.0046, -0.0284, -0.0288),
]


@pytest.fixture(scope="module")
def mpdta(data_file: Callable[[str], Path]) -> Panel:
    """Return log teen employment of 500 counties, 2003 to 2007."""
    with data_file("mpdta/mpdta.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["countyreal"], int(row["year"])))
    county = np.array([row["countyreal"] for row in rows[::5]], object)
    first = np.array([int(float(row["first.treat"])) for row in rows[::5]], np.int64)
    outcome = np.array([float(row["lemp"]) for row in rows]).reshape(-1, 5)
    population = np.array([float(row["lpop"]) for row in rows[::5]])
    cohort = np.where(first == 0, NEVER, first)
    return Panel(county, np.arange(2003, 2008), outcome, cohort, {"lpop": population})


def test_every_cohort_and_period(mpdta: Panel) -> None:
    """R package did 2.5.1, no covariates, never treated, varying base; analytic errors."""
    found = estimate_att_gt(mpdta).effects()
    assert [effect.level for effect in found][:4] == ["2004:2004", "2004:2005", "2004:2006", "2004:2007"]
    assert [effect.estimate for effect in found] == pytest.approx(ESTIMATES, abs=5.1e-6)
    assert [effect.std_error for effect in found] == pytest.approx(ERRORS, abs=5.1e-6)


AVERAGES: list[tuple[Aggregation, list[float], list[float]]] = [
    ("simple", [-0.0399513], [0.0120340]),
    (
        "dynamic",
        [-0.0772398, 0.03051, -0.00056, -0.02446, -0.01993, -0.05096, -0.13726, -0.10081],
        [0.0199650, 0.01503, 0.01329, 0.01424, 0.01183, 0.01689, 0.03644, 0.03436],
    ),
    ("group", [-0.0310183, -0.07975, -0.02291, -0.02605], [0.0124461, 0.02637, 0.01670, 0.01666]),
]


@pytest.mark.parametrize(("kind", "estimates", "errors"), AVERAGES)
def test_averages(mpdta: Panel, kind: Aggregation, estimates: list[float], errors: list[float]) -> None:
    found = estimate_att_gt(mpdta).aggregate(kind)
    assert found[0].estimate == pytest.approx(estimates[0], abs=5e-8)
    assert found[0].std_error == pytest.approx(errors[0], abs=5e-8)
    assert [effect.estimate for effect in found] == pytest.approx(estimates, abs=5.1e-6)
    assert [effect.std_error for effect in found] == pytest.approx(errors, abs=5.1e-6)


def test_calendar_is_the_mean_over_years(mpdta: Panel) -> None:
    """2004 and 2005 know one cohort; 2006 two of 20 and 40 counties, 2007 three of 20, 40 and 131."""
    overall, *years = estimate_att_gt(mpdta).aggregate("calendar")
    assert [effect.level for effect in years] == ["2004", "2005", "2006", "2007"]
    assert years[2].estimate == pytest.approx((20 * -0.13726 + 40 * -0.00459) / 60, abs=1e-5)
    assert overall.estimate == pytest.approx(np.mean([effect.estimate for effect in years]))


def test_balanced_event_times(mpdta: Panel) -> None:
    overall, *events = estimate_att_gt(mpdta).aggregate("dynamic", balance_to=1)
    assert overall.estimate == pytest.approx(-0.0288, abs=5e-5)
    assert [event.level for event in events][-1] == "1"


def test_not_yet_treated(mpdta: Panel) -> None:
    found = estimate_att_gt(mpdta, control_group="not_yet")
    at = {effect.level: effect.estimate for effect in found.effects()}
    assert at["2004:2004"] == pytest.approx(-0.0194, abs=5e-5)
    assert at["2006:2006"] == pytest.approx(0.0047, abs=5e-5)
    (simple,) = found.aggregate("simple")
    assert (simple.estimate, simple.std_error) == pytest.approx((-0.03976, 0.01205), abs=5.1e-6)
    event = {effect.level: effect.estimate for effect in found.aggregate("dynamic")}
    assert event["0"] == pytest.approx(-0.01892, abs=5.1e-6)


def test_doubly_robust_with_population(mpdta: Panel) -> None:
    """Estimates of the README of did with xformla = ~lpop."""
    found = estimate_att_gt(mpdta, covariates=["lpop"]).effects()
    assert [effect.estimate for effect in found] == pytest.approx(WITH_POPULATION, abs=5.1e-5)


def test_sums_say_the_same_as_units(mpdta: Panel) -> None:
    """The analytic formula on cohort sums and the influence of each unit are one."""
    plain = estimate_att_gt(mpdta)
    units = estimate_att_gt(replace(mpdta, cluster=np.arange(len(mpdta))))
    assert units.estimate == pytest.approx(plain.estimate)
    assert units.covariance == pytest.approx(plain.covariance)
    assert np.array_equal(estimate_att_gt(sum_cohorts(mpdta)).covariance, plain.covariance)


def test_moments_with_periods_as_columns(mpdta: Panel) -> None:
    names = [f"y{year}" for year in mpdta.periods]
    cohorts, code = np.unique(mpdta.cohort, return_inverse=True)
    columns = {name: np.rint(mpdta.outcome[:, j] * 1e8).astype(np.int64) for j, name in enumerate(names)}
    columns["size"] = np.ones(len(mpdta), np.int64)
    zero = np.zeros(len(mpdta), np.int64)
    keys = CellKeys(tuple(map(str, cohorts)), ("b",), ("all",), code, zero, zero, np.arange(len(mpdta)) % 20)
    plan = BlockPlan("panel", (Column("size", "size"), *(Column(name, "outcome", 1e-8) for name in names)))
    sums = read_cohorts(
        sum_arrays(columns, keys=keys, blocks=[plan]),
        periods=mpdta.periods.tolist(),
        outcomes=names,
        cohorts=cohorts.tolist(),
    )
    found, plain = estimate_att_gt(sums), estimate_att_gt(mpdta)
    assert found.estimate == pytest.approx(plain.estimate, abs=1e-7)
    assert found.covariance == pytest.approx(plain.covariance, rel=1e-5)


def test_by_hand() -> None:
    """Two treated rise by 3 and 5, two others by 1 and 1: effect 4 - 1 = 3, variance (1 + 1) / 4."""
    outcome = np.array([[0.0, 3.0], [0.0, 5.0], [2.0, 3.0], [0.0, 1.0]])
    panel = Panel(np.array(list("abcd"), object), np.array([1, 2]), outcome, np.array([2, 2, NEVER, NEVER]))
    (effect,) = estimate_att_gt(panel).aggregate("simple")
    assert effect.estimate == pytest.approx(3.0)
    assert effect.std_error == pytest.approx(np.sqrt(0.5))
    assert effect.evidence == "D"


def test_anticipation_moves_the_base(mpdta: Panel) -> None:
    """With one period of anticipation the cohort of 2006 is compared with 2004."""
    found = {effect.level: effect.estimate for effect in estimate_att_gt(mpdta, anticipation=1).effects()}
    late, never = mpdta.cohort == 2006, mpdta.cohort == NEVER
    change = mpdta.outcome[:, 3] - mpdta.outcome[:, 1]
    assert found["2006:2006"] == pytest.approx(change[late].mean() - change[never].mean())


def test_coverage() -> None:
    rng = np.random.default_rng(7)
    cohort = np.repeat([3, 4, NEVER], [60, 60, 120])
    effect = np.where(np.arange(1, 6) >= cohort[:, None], 1.0, 0.0)
    hits = 0
    for _ in range(300):
        walk = rng.normal(size=(240, 5)).cumsum(axis=1) + np.arange(5) * 0.3
        panel = Panel(np.arange(240).astype(object), np.arange(1, 6), walk + effect, cohort)
        (found,) = estimate_att_gt(panel).aggregate("simple")
        hits += found.ci_lower <= 1.0 <= found.ci_upper
    assert abs(hits / 300 - 0.95) < 3.3 * 0.0126


def test_what_cannot_be_compared(mpdta: Panel) -> None:
    with pytest.raises(EstimationError, match="use control_group='not_yet'"):
        estimate_att_gt(mpdta.take(mpdta.cohort != NEVER))
    with pytest.raises(EstimationError, match="nobody is treated between the second and the last period"):
        estimate_att_gt(mpdta.take(mpdta.cohort == NEVER))
    with pytest.raises(EstimationError, match="sums know no covariates"):
        estimate_att_gt(sum_cohorts(mpdta), covariates=["lpop"])
    with pytest.raises(EstimationError, match="1 outcomes are missing or infinite"):
        Panel(np.array(["a"], object), np.array([1, 2]), np.array([[1.0, np.nan]]), np.array([2]))
    with pytest.raises(EstimationError, match="must be two or more, ascending"):
        Panel(np.array(["a"], object), np.array([2, 1]), np.zeros((1, 2)), np.array([2]))
