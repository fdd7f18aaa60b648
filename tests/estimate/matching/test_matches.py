from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.estimate.frames import CONFOUNDERS, LALONDE, confounded, make_frame, read_lalonde
from uplift.errors import EstimationError
from uplift.estimate.matching import describe_balance, match_propensity
from uplift.estimate.propensity import Propensity

if TYPE_CHECKING:
    from uplift.estimate.matching.matches import Order

DataFile = Callable[[str], Path]
BEFORE_AFTER = {
    "distance": (1.7941, 0.9739),
    "age": (-0.3094, 0.0718),
    "educ": (0.0550, -0.1290),
    "race=black": (1.7615, 1.0259),
    "race=hispan": (-0.3498, -0.6629),
    "race=white": (-1.8819, -0.7296),
    "married": (-0.8263, -0.0552),
    "nodegree": (0.2450, 0.1546),
    "re74": (-0.7211, -0.0505),
    "re75": (-0.2903, -0.0257),
}


def given(score: list[float]) -> Propensity:
    p = np.array(score)
    return Propensity(p, np.log(p / (1 - p)), ("x",), (0.0, 1.0), (0.0, 0.0), (), 0.0)


def small(
    treated: list[float], control: list[float], *, ratio: int = 1, replace: bool = False, order: Order = "largest"
) -> list[tuple[int, int]]:
    score = [*treated, *control]
    frame = make_frame(np.r_[np.ones(len(treated)), np.zeros(len(control))], {"x": np.array(score)})
    found = match_propensity(
        frame, covariates=["x"], propensity=given(score), caliper=None, ratio=ratio, replace=replace, order=order
    )
    return list(zip(found.treated[found.set_of_control].tolist(), (found.control - len(treated)).tolist(), strict=True))


def test_matchit_balance_before_and_after(data_file: DataFile) -> None:
    """summary(matchit(treat ~ age + educ + race + married + nodegree + re74 + re75)) of MatchIt 4.7."""
    frame = read_lalonde(data_file("lalonde/matchit_lalonde.csv"))
    matches = match_propensity(frame, covariates=LALONDE, caliper=None)
    assert matches.propensity.log_likelihood == pytest.approx(-243.92197, abs=5e-6)
    rows = {row.name: (row.smd_before, row.smd_after) for row in describe_balance(matches).rows}
    assert set(rows) == set(BEFORE_AFTER)
    for name, printed in BEFORE_AFTER.items():
        assert rows[name] == pytest.approx(printed, abs=5e-5), name


def test_matchit_caliper(data_file: DataFile) -> None:
    frame = read_lalonde(data_file("lalonde/matchit_lalonde.csv"))
    matches = match_propensity(frame, covariates=LALONDE, caliper=0.2)
    assert (len(matches.treated), matches.n_dropped, matches.estimand) == (115, 70, "att_matched")
    assert matches.distance.max() <= matches.caliper


def test_the_largest_chooses_first() -> None:
    """.8 takes .7 from .6, which is left with .3; as given, .6 takes .7 and .8 gets .3."""
    assert small([0.6, 0.8], [0.3, 0.7]) == [(0, 0), (1, 1)]
    assert small([0.6, 0.8], [0.3, 0.7], order="given") == [(0, 1), (1, 0)]


def test_a_control_may_serve_many_when_replaced() -> None:
    assert small([0.6, 0.65], [0.1, 0.62], replace=True) == [(0, 1), (1, 1)]


def test_everybody_chooses_once_before_anybody_twice() -> None:
    assert small([0.5, 0.6], [0.49, 0.58, 0.63, 0.1], ratio=2) == [(0, 0), (0, 3), (1, 1), (1, 2)]


def test_equal_controls_are_taken_in_the_order_of_rows() -> None:
    assert small([0.5, 0.5, 0.5], [0.4, 0.5, 0.5]) == [(0, 1), (1, 2), (2, 0)]


def test_nearest_of_all_that_are_left() -> None:
    """Against a search through every control that is left."""
    rng = np.random.default_rng(0)
    treated, control = rng.random(60).round(2) * 0.98 + 0.01, rng.random(90).round(2) * 0.98 + 0.01
    found = dict(small(treated.tolist(), control.tolist()))
    free = np.ones(90, bool)
    for i in np.argsort(-treated, kind="stable"):
        distance = np.where(free, np.abs(control - treated[i]), np.inf)
        assert distance[found[int(i)]] == pytest.approx(distance.min(), abs=1e-12)
        free[found[int(i)]] = False


def test_exact_strata_are_never_crossed() -> None:
    frame = confounded(np.random.default_rng(1), 3000)
    frame = changed(frame, stratum=np.arange(3000) % 3, strata=("a", "b", "c"))
    matches = match_propensity(frame, covariates=CONFOUNDERS, exact=("stratum",))
    same = frame.stratum[matches.treated[matches.set_of_control]] == frame.stratum[matches.control]
    assert same.all()
    assert len(np.unique(matches.control)) == len(matches.control)


def test_weights_add_up() -> None:
    matches = match_propensity(confounded(np.random.default_rng(2), 2000), covariates=CONFOUNDERS, ratio=3)
    treated = matches.frame.arm == 1
    assert matches.weight[treated].sum() == pytest.approx(len(matches.treated))
    assert matches.weight[~treated].sum() == pytest.approx(len(matches.treated))


def test_row_order_changes_nothing() -> None:
    frame = confounded(np.random.default_rng(3), 1000)
    back = changed(
        frame,
        unit_id=frame.unit_id[::-1],
        arm=frame.arm[::-1],
        columns={name: column[::-1] for name, column in frame.columns.items()},
    )
    one, two = (match_propensity(each, covariates=CONFOUNDERS) for each in (frame, back))
    pairs = [set(zip(m.frame.unit_id[m.treated], m.frame.unit_id[m.control], strict=True)) for m in (one, two)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"caliper": 0.0}, r"caliper == 0\.0, must be above 0"),
        ({"ratio": 0}, "ratio == 0, must be 1 or more"),
        ({"exact": ("city",)}, "exact: 'city' is not in the frame; its columns: x0"),
        ({"covariates": ("age",)}, "covariate 'age' is not in the frame"),
    ],
)
def test_bad_arguments(change: dict[str, Any], told: str) -> None:
    frame = confounded(np.random.default_rng(4), 200)
    with pytest.raises(EstimationError, match=told):
        match_propensity(frame, **{"covariates": CONFOUNDERS, **change})


def test_nobody_comparable_is_an_error() -> None:
    frame = confounded(np.random.default_rng(5), 200)
    apart = changed(frame, stratum=frame.arm.copy(), strata=("a", "b"))
    with pytest.raises(EstimationError, match="nobody is comparable; the campaign's rule left no overlap"):
        match_propensity(apart, covariates=CONFOUNDERS, exact=("stratum",))
