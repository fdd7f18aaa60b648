from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.errors import UsageError
from uplift.simulate import make_trial, write_trial
from uplift.spec import ExperimentSpec, load_spec, parse_spec, read_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def spec(tmp_path: Path) -> ExperimentSpec:
    path = tmp_path / "given.yaml"
    path.write_text(read_template("recorded"), encoding="utf-8")
    return load_spec(path)


def test_a_trial_has_its_known_effects(spec: ExperimentSpec) -> None:
    trial = make_trial(spec, n_units=200_000, seed=1)
    units = trial.units
    assert set(units["segment"]) == {"No E-Mail", "Mens E-Mail", "Womens E-Mail"}
    truth = trial.truth.set_index(["arm", "outcome"])["effect"].to_dict()
    assert truth["womens", "spend"] == pytest.approx(0.04 * 80)
    control = units[units["segment"] == "No E-Mail"]
    for arm, spelling in (("mens", "Mens E-Mail"), ("womens", "Womens E-Mail")):
        treated = units[units["segment"] == spelling]
        for outcome in ("spend", "visit", "conversion"):
            gap = treated[outcome].to_numpy().mean() - control[outcome].to_numpy().mean()
            error = float(units[outcome].to_numpy().std()) * (1 / len(treated) + 1 / len(control)) ** 0.5
            assert abs(gap - truth[arm, outcome]) < 4 * error


def test_without_an_effect_the_truth_is_zero(spec: ExperimentSpec) -> None:
    trial = make_trial(spec, scenario="null", n_units=100)
    assert np.all(trial.truth["effect"] == 0.0)
    pd.testing.assert_frame_equal(trial.units, make_trial(spec, scenario="null", n_units=100).units)


def test_every_kind_of_outcome_is_drawn() -> None:
    kinds = ("money", "rate", "count", "days", "score")
    outcomes = [{"column": kind, "kind": kind} for kind in kinds]
    spec = parse_spec(
        {
            "version": 1,
            "experiment": {"id": "x", "currency": "CNY"},
            "data": {"units": {"table": "u.csv", "id": "uid"}},
            "arms": [{"id": "control"}, {"id": "b"}],
            "assignment": {"method": "recorded", "arm": "arm"},
            "outcomes": {"primary": outcomes[0], "secondary": outcomes[1:]},
        }
    )
    trial = make_trial(spec, n_units=500)
    assert trial.units["uid"].is_unique
    assert set(trial.units["rate"]) == {0.0, 1.0}
    assert (trial.units["count"] % 1 == 0).all()
    assert trial.truth["effect"].tolist() == pytest.approx([1.6, 0.02, 0.1, 0.1, 0.1])


def test_a_trial_is_written_as_its_spec_reads_it(spec: ExperimentSpec, tmp_path: Path) -> None:
    trial = make_trial(spec, n_units=50)
    files = write_trial(trial, tmp_path / "out")
    assert [path.name for path in files] == ["spec.yaml", "trial.csv", "truth.parquet"]
    assert load_spec(files[0]) == spec
    assert len(pd.read_csv(files[1])) == 50


@pytest.mark.parametrize("name", ["minimal", "coupon"])
def test_specs_with_orders_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(read_template(name), encoding="utf-8")
    with pytest.raises(UsageError, match="is no trial of units alone"):
        make_trial(load_spec(path))


def test_outcomes_that_need_orders_are_refused(spec: ExperimentSpec) -> None:
    outcomes = spec.outcomes.model_copy(update={"secondary": ("orders",)})
    with pytest.raises(UsageError, match="outcomes: 'orders' needs orders"):
        make_trial(spec.model_copy(update={"outcomes": outcomes}))
