"""A trial that another system drew: one row per unit with its arm and its outcomes, no orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError
from uplift.results.files import write_atomic
from uplift.simulate.layout import fill_units
from uplift.simulate.scenario import find_scenario
from uplift.simulate.store import Place, store, write_table
from uplift.simulate.tables import digits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from uplift.simulate.tables import Column
    from uplift.spec import ExperimentSpec
    from uplift.spec.outcomes import ColumnOutcome

_BUYS, _MORE_BUYS = 0.06, 0.02
_SPEND, _SPEND_SHAPE = 80.0, 2.0
_COUNT, _MORE_COUNT = 0.8, 0.1
_SCORE_SHIFT = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A recorded trial with known effects.

    Parameters
    ----------
    units
        The unit table as the spec names it, arm and outcomes included.
    truth
        One row per treatment arm and outcome: arm, outcome, effect (mean difference to the control per
        unit, in the outcome's unit).
    spec
        The spec of the trial.
    """

    units: pd.DataFrame
    truth: pd.DataFrame
    spec: ExperimentSpec


def make_trial(spec: ExperimentSpec, *, scenario: str = "fresh_grocery", n_units: int = 20_000, seed: int = 0) -> Trial:
    """Make the table of a recorded trial whose outcomes are columns of units.

    Parameters
    ----------
    spec
        A spec with ``assignment.method: recorded`` and outcomes that are columns.
    scenario
        In ``null`` and ``null_costly`` no arm has an effect; else each arm has more than the one before.
    n_units
        Rows.
    seed
        The same seed gives the same table.

    Raises
    ------
    UsageError
        When the spec has orders, draws the arms itself, or an outcome is no column.
    """
    outcomes = _outcomes(spec)
    find_scenario(scenario)
    step = 1.0 if scenario == "fresh_grocery" else 0.0
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(5,)))
    arms = (spec.control_arm, *spec.treatment_arms)
    dose = rng.choice(len(arms), n_units, p=[spec.shares[arm.id] for arm in arms])
    columns: dict[str, Column] = {}
    if spec.data.units.id is not None:
        columns[spec.data.units.id] = digits(rng.permutation(n_units) + 1, 8)
    columns[spec.assignment.arm or ""] = np.array([arm.spelling for arm in arms], dtype=object)[dose]
    columns |= fill_units(spec, n_units, rng, known=tuple(columns))
    for outcome in outcomes:
        columns[outcome.column] = _draw(outcome.kind, np.asarray(step * dose, dtype=np.float64), rng)
    return _trial(spec, columns, outcomes, step)


def write_trial(trial: Trial, folder: str | Path) -> tuple[Path, ...]:
    """Write a trial's spec, unit table and truth (``truth.parquet``, which no spec names).

    Returns
    -------
    tuple of Path
        The files, spec first.
    """
    base = Path(folder)
    units = {name: trial.units[name].to_numpy() for name in trial.units.columns}
    tables = write_table(units, trial.spec.data.units, base)
    write_atomic(base / "spec.yaml", trial.spec.text.encode())
    store({name: trial.truth[name].to_numpy() for name in trial.truth.columns}, Place(base / "truth.parquet"))
    return (base / "spec.yaml", *tables, base / "truth.parquet")


def _trial(spec: ExperimentSpec, columns: dict[str, Column], outcomes: tuple[ColumnOutcome, ...], step: float) -> Trial:
    import pandas as pd

    truth = [
        {"arm": arm.id, "outcome": outcome.column, "effect": _effect(outcome.kind, step * dose)}
        for dose, arm in enumerate(spec.treatment_arms, start=1)
        for outcome in outcomes
    ]
    return Trial(pd.DataFrame(columns), pd.DataFrame(truth), spec)


def _outcomes(spec: ExperimentSpec) -> tuple[ColumnOutcome, ...]:
    if spec.assignment.method != "recorded" or spec.assignment.arm is None or spec.data.orders is not None:
        message = "the spec: is no trial of units alone; it needs assignment.method recorded, its arm, and no orders"
        raise UsageError(message)
    named = (spec.outcomes.primary, *spec.outcomes.secondary)
    found: list[ColumnOutcome] = []
    for outcome in named:
        if isinstance(outcome, str):
            message = f"outcomes: '{outcome}' needs orders; a trial of units alone has outcomes {{column, kind}}"
            raise UsageError(message)
        found.append(outcome)
    return tuple(found)


def _effect(kind: str, dose: float) -> float:
    slopes = {"money": _MORE_BUYS * _SPEND, "rate": _MORE_BUYS, "count": _MORE_COUNT, "days": _MORE_COUNT}
    return dose * slopes.get(kind, _SCORE_SHIFT)


def _draw(kind: str, dose: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    size = len(dose)
    buys = rng.random(size) < _BUYS + _MORE_BUYS * dose
    if kind == "money":
        return np.round(buys * rng.gamma(_SPEND_SHAPE, _SPEND / _SPEND_SHAPE, size), 2)
    if kind == "rate":
        return buys.astype(np.float64)
    if kind in {"count", "days"}:
        return rng.poisson(_COUNT + _MORE_COUNT * dose).astype(np.float64)
    return np.round(_SCORE_SHIFT * dose + rng.normal(size=size), 4)
