"""Incremental CLV by every back-end of the residual value: right where its assumption holds, and told where not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binom

from tests.simulation.backends import learn_lifetime, read_boosted, read_bounds, read_early, read_holdout, read_index
from tests.simulation.loop import run_loop
from tests.simulation.worlds import make_array_world, make_surrogate_world, seed_of
from uplift.checks.residual import check_backends, check_kappa, check_surrogacy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.simulation.backends import Read
    from tests.simulation.worlds import ArrayWorld
    from uplift.results import Effect

FEW, FEW_CUSTOMERS = 8, 2_500
MANY, MANY_CUSTOMERS = 500, 3_000
HOLDS = {
    # Surrogacy by a linear law: what window margin leaves behind is what it left behind in the past.
    "fresh_grocery": ("surrogate", "holdout"),
    # Surrogacy whatever the shape of the index.
    "surrogacy": ("surrogate", "surrogate_boosted", "holdout"),
    # Coupons make orders that leave nothing behind: only organic orders say of the future what orders say.
    "bgnbd": ("bgnbd_organic", "holdout"),
    # Couponed orders say what any orders say.
    "bgnbd_loyal": ("bgnbd_mechanical", "holdout"),
    # Rates are raised for good, more than any window shows.
    "bgnbd_raised": ("holdout",),
}
FAILS: dict[str, tuple[str, ...]] = {
    "fresh_grocery": (),
    "surrogacy": (),
    "bgnbd": ("surrogate", "bgnbd_mechanical"),
    "bgnbd_loyal": ("bgnbd_organic",),
    "bgnbd_raised": ("surrogate", "bgnbd_organic", "bgnbd_mechanical"),
}


@dataclass(frozen=True, slots=True)
class Score:
    """Errors in standard errors, and which intervals hold the truth, one per world."""

    z: NDArray[np.float64]
    covered: NDArray[np.bool_]


def read_all(world: ArrayWorld, *, boosted: bool = False) -> dict[str, Read]:
    """Return every back-end's effects; those of boosted trees when asked."""
    organic, mechanical = read_bounds(world, learn_lifetime(world))
    trees = {"surrogate_boosted": read_boosted(world)} if boosted else {}
    return {
        **trees,
        "surrogate": read_index(world),
        "bgnbd_organic": organic,
        "bgnbd_mechanical": mechanical,
        "holdout": read_holdout(world),
    }


@cache
def score_worlds(scenario: str, n_worlds: int, n_customers: int) -> dict[tuple[str, str], Score]:
    """Hold each back-end's total and residual effect against the truth of its world."""
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    for draw in range(n_worlds):
        seed = seed_of(f"tests/simulation/test_residual.py::{scenario}[{n_customers}-{draw}]")
        world = (
            make_surrogate_world(n_customers=n_customers, seed=seed)
            if scenario == "surrogacy"
            else make_array_world(scenario, n_customers=n_customers, seed=seed, marked=scenario == "bgnbd_loyal")
        )
        truths = {"total": world.residual_effect + world.window_effect, "residual": world.residual_effect}
        for name, read in read_all(world, boosted="surrogate_boosted" in HOLDS[scenario]).items():
            for part, truth in truths.items():
                effect: Effect | None = getattr(read, part)
                if effect is None:
                    continue
                z = (effect.estimate - truth) / effect.std_error
                found.setdefault((name, part), []).append((z, effect.ci_lower <= truth <= effect.ci_upper))
    return {
        key: Score(np.array([z for z, _ in rows]), np.array([covered for _, covered in rows]))
        for key, rows in found.items()
    }


@pytest.mark.parametrize("scenario", HOLDS)
def test_a_few_worlds(scenario: str) -> None:
    scores = score_worlds(scenario, FEW, FEW_CUSTOMERS)
    for backend in HOLDS[scenario]:
        score = scores[backend, "residual" if backend == "surrogate_boosted" else "total"]
        assert score.covered.sum() >= binom.ppf(0.0005, FEW, 0.95), backend
        assert abs(score.z.mean()) < 4.0 / np.sqrt(FEW), backend
    for backend in FAILS[scenario]:
        assert abs(scores[backend, "residual"].z.mean()) > 3.0 / np.sqrt(FEW), backend


@pytest.mark.slow
@pytest.mark.parametrize("scenario", HOLDS)
def test_intervals_cover_the_truth_where_the_assumption_holds(scenario: str) -> None:
    scores = score_worlds(scenario, MANY, MANY_CUSTOMERS)
    allowed = 3.0 * np.sqrt(0.05 * 0.95 / MANY)
    for backend in HOLDS[scenario]:
        for part in ("total", "residual") if (backend, "total") in scores else ("residual",):
            assert abs(scores[backend, part].covered.mean() - 0.95) <= allowed, (backend, part)
    for backend in FAILS[scenario]:
        assert scores[backend, "residual"].covered.mean() < 0.95 - 2.0 * allowed, backend


@cache
def large_world(scenario: str) -> tuple[ArrayWorld, dict[str, Read]]:
    """Return one larger world and what every back-end says of it."""
    seed = seed_of(f"tests/simulation/test_residual.py::{scenario}")
    world = make_array_world(scenario, n_customers=16_000, seed=seed, marked=scenario == "bgnbd_loyal")
    return world, read_all(world)


def disagreement(scenario: str, backends: tuple[str, ...]) -> str:
    """Return the status of the comparison of back-ends."""
    _, read = large_world(scenario)
    checks = check_backends([replace(read[name].residual, estimator=name) for name in backends])
    return checks[0].status


def test_backends_that_exclude_each_other_are_told() -> None:
    predicted = ("surrogate", "bgnbd_organic", "bgnbd_mechanical")
    assert disagreement("bgnbd", predicted) == "warn"
    assert disagreement("bgnbd_raised", (*predicted, "holdout")) == "warn"
    assert disagreement("bgnbd", ("bgnbd_organic", "holdout")) == "pass"
    assert disagreement("bgnbd_loyal", ("bgnbd_mechanical", "holdout")) == "pass"


def test_an_answer_that_hangs_on_the_weight_of_coupons_is_told() -> None:
    for scenario, told in (("bgnbd", "warn"), ("bgnbd_loyal", "warn"), ("bgnbd_raised", "pass")):
        _, read = large_world(scenario)
        bounds = ([read[name].residual] for name in ("bgnbd_organic", "bgnbd_mechanical"))
        assert check_kappa(*bounds, kappa=0.5)[0].status == told, scenario


def test_an_effect_outside_the_surrogates_is_told_a_month_after_the_window() -> None:
    for scenario, told in (("bgnbd_raised", "warn"), ("fresh_grocery", "pass")):
        world, _ = large_world(scenario)
        assert check_surrogacy([read_early(world)], days=30).status == told, scenario


@pytest.mark.slow
def test_the_analysis_tells_where_the_predicted_part_cannot_be_trusted() -> None:
    told = {}
    for scenario in ("bgnbd", "bgnbd_raised"):
        seed = seed_of(f"tests/simulation/test_residual.py::loop[{scenario}]")
        analysis = run_loop(scenario, n_customers=10_000, seed=seed, follow_up_days=395)
        told[scenario] = {check.name for check in analysis.checks if check.status == "warn"}
    assert analysis.clv is not None
    wrong = {row.estimator for row in analysis.clv.calibration if not row.covered}
    assert {"surrogate", "bgnbd_organic", "bgnbd_mechanical"} <= wrong
    assert {"residual.kappa", "residual.disagreement"} & told["bgnbd"]
    assert {"residual.surrogacy", "residual.disagreement"} & told["bgnbd_raised"]
