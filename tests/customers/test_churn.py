from __future__ import annotations

import numpy as np
import pytest

from tests.customers.conftest import history_of, person, regular
from uplift.customers import (
    History,
    LifecycleRule,
    classify_churn,
    classify_churn_reason,
    classify_lifecycle,
    column_axis,
    silent_since,
)

RULE = LifecycleRule(population_gap=30.0)
ONCE = person(n_orders=1, first_order_days=366, last_order_days=366)


@pytest.mark.parametrize(
    ("history", "alive", "churn"),
    [
        (person(), None, "none"),
        (regular(orders=20, gap=14, since=40), None, "none"),
        (regular(orders=20, gap=14, since=91), None, "temporary"),
        (regular(orders=20, gap=14, since=366), None, "permanent"),
        # The model decides where it speaks.
        (regular(orders=20, gap=14, since=40), 0.39, "temporary"),
        (regular(orders=20, gap=14, since=40), 0.09, "permanent"),
        (regular(orders=20, gap=14, since=366), 0.10, "temporary"),
        # P(alive) of 1 is BG/NBD's for one purchase day: the rule decides.
        (ONCE, 1.0, "permanent"),
        (ONCE, np.nan, "permanent"),
        (person(n_orders=1, first_order_days=200, last_order_days=200), 1.0, "temporary"),
    ],
)
def test_churn_by_hand(history: History, alive: float | None, churn: str) -> None:
    chance = None if alive is None else np.array([alive])
    assert classify_churn(history, rule=RULE, alive=chance).labels.tolist() == [churn]


@pytest.mark.parametrize(
    ("as_of", "churn"),
    # Last order in the fourth quarter of 2024: its season ends with 2025, the next one with 2026.
    [("2025-12-31", "none"), ("2026-01-01", "temporary"), ("2026-12-31", "temporary"), ("2027-01-01", "permanent")],
)
def test_a_yearly_rhythm_makes_churn_temporary(as_of: str, churn: str) -> None:
    history = history_of("2023-11-11", "2023-12-01", "2024-11-11", as_of=as_of)
    assert classify_churn(history, rule=RULE, alive=np.array([0.05])).labels.tolist() == [churn]


@pytest.mark.parametrize(
    ("history", "since"),
    [
        # 19 gaps of 14 days: the next order was due 19/22 x 14 + 3/22 x 30 = 16.18 days after the last.
        (regular(orders=20, gap=14, since=100), 100 - (19 * 14 + 3 * 30) / 22),
        (regular(orders=20, gap=14, since=10), 0.0),
        # 97 gaps of 100 days: due after 97.9, but the silence is counted from day 60.
        (regular(orders=98, gap=100, since=700), 640.0),
        (person(), np.nan),
    ],
)
def test_silence_begins_when_the_next_order_was_due(history: History, since: float) -> None:
    np.testing.assert_allclose(silent_since(history, rule=RULE), [since])


def test_the_first_reason_that_holds_is_given_to_the_silent_and_lost() -> None:
    stage = column_axis(np.array(["silent", "lost", "active", "silent"], dtype=object), axis_id="lifecycle")
    bad = np.array([True, False, True, False])
    axis = classify_churn_reason(stage, {"experience": bad})
    assert axis.levels == ("none", "experience", "interest")
    assert axis.labels.tolist() == ["experience", "interest", "none", "interest"]
    assert axis.names["experience"] == {"zh": "体验受损", "en": "bad experience"}
    two = classify_churn_reason(stage, {"late": bad, "refund": np.array([True, True, True, False])}, otherwise="other")
    assert two.levels == ("none", "late", "refund", "other")
    assert two.labels.tolist() == ["late", "refund", "none", "other"]


def test_churn_agrees_with_the_stage() -> None:
    for since in (10, 50, 100, 400):
        for alive in (0.05, 0.3, 0.9):
            history, chance = regular(orders=20, gap=14, since=since), np.array([alive])
            stage = classify_lifecycle(history, rule=RULE, alive=chance).labels[0]
            churn = classify_churn(history, rule=RULE, alive=chance).labels[0]
            assert (churn == "none") == (stage not in {"silent", "lost"})
