"""Blocks beside net value hold what was read, on the grids and with the covariates of the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.outcomes.test_measure import MODEL, PAST, PLAN, costs, facts
from uplift.outcomes import measure
from uplift.outcomes.later import LaterFacts, measure_later
from uplift.outcomes.residual import ResidualBounds

if TYPE_CHECKING:
    from uplift.outcomes import Measured

STEPS = np.array([[1.004, 2.0, 3.0, -1.0], [0.0, 0.0, 0.0, 0.0], [4.0, 0.0, 5.0, 6.0]])
BOUNDS = ResidualBounds(
    organic=np.array([5.0, 1.0, 2.0]),
    mechanical=np.array([9.0, 1.0, 2.0]),
    organic_slopes=np.zeros((3, 7)),
    mechanical_slopes=np.zeros((3, 7)),
    rows=np.arange(3),
)


def later(**changes: object) -> Measured:
    known = {**PAST, **facts()}
    plan = replace(PLAN, early=MODEL)
    measured = measure(plan, facts=facts(), past=PAST, costs=costs())
    read = LaterFacts(STEPS, (7, 14, 21, 24), 14, facts())
    return measure_later(plan, measured, replace(read, **changes), known=known)  # type: ignore[arg-type]


def test_the_promotion_and_the_rest_are_the_steps() -> None:
    found = later()
    assert found.columns["week.7"].tolist() == [100, 0, 400]
    # 1.004 + 2 = 3.004 and 3 - 1 = 2, in cents
    assert found.columns["promo_margin"].tolist() == [300, 0, 400]
    assert found.columns["after_margin"].tolist() == [200, 0, 1100]


def test_blocks_have_size_and_the_plans_covariates() -> None:
    found = later()
    assert [block.name for block in found.blocks] == ["weeks", "habits", "residuals"]
    for block in found.blocks:
        assert (block.columns[0].name, block.columns[-1].name) == ("size", "before")
        assert {column.name for column in block.columns} <= set(found.columns)
    habits = [column.name for column in found.blocks[1].columns]
    assert habits == ["size", "promo_margin", "after_margin", "organic_margin", "orders", "before"]


def test_backends_stand_side_by_side() -> None:
    early, realised = np.array([10.0, 2.0, 0.0]), np.array([7.0, 0.0, 1.0])
    found = later(bounds=BOUNDS, couponed=True, early=early, realised=realised)
    names = [column.name for column in found.blocks[2].columns[1:-1]]
    assert names == ["residual", "bgnbd_organic", "bgnbd_mechanical", "early_gap", "holdout"]
    # the index predicts 9, 1 and 26
    assert found.columns["early_gap"].tolist() == [100, 100, -2600]
    assert found.columns["bgnbd_organic"].tolist() == [500, 100, 200]


def test_without_coupons_there_is_one_purchase_model() -> None:
    found = later(bounds=BOUNDS, promo_days=None)
    assert "bgnbd_organic" not in found.columns
    assert "promo_margin" not in found.columns


def test_nothing_predicted_has_no_residual_block() -> None:
    plan = replace(PLAN, residual=None)
    measured = measure(plan, facts=facts(), past=PAST, costs=costs())
    found = measure_later(plan, measured, LaterFacts(STEPS, (7, 14, 21, 24), 14, facts()), known={})
    assert [block.name for block in found.blocks] == ["weeks", "habits"]
