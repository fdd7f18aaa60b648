"""Each family of effects is corrected by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.design.plan import PlanContrast
from uplift.results import Measure
from uplift.stats.adjust import adjust_means
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays
from uplift.stats.multiplicity import adjust_bh, adjust_holm
from uplift.workflow.families import Outcome, Style, overall_family, segments_family, strata_family

if TYPE_CHECKING:
    from uplift.stats.cells import CellMeans

STYLE = Style(0.95, confirmatory=True)
VALUE = Outcome("incremental_clv", Measure("money", "CNY", "assigned", 365, "mixed"), "primary_capped")
AGAINST_CONTROL = (
    PlanContrast("small", "control", (), primary=True),
    PlanContrast("large", "control", (), primary=True),
)


def means(seed: int = 3, n: int = 3_000) -> CellMeans:
    rng = np.random.default_rng(seed)
    arm, stratum, zero = np.arange(n) % 3, rng.integers(0, 4, n), np.zeros(n, np.int64)
    columns = {"size": np.ones(n, np.int64), "primary_capped": rng.integers(0, 1_000, n) + 20 * arm}
    keys = CellKeys(("a", "b", "c", "d"), ("0",), ("control", "small", "large"), stratum, zero, arm, zero)
    block = BlockPlan("money", (Column("size", "size"), Column("primary_capped", "outcome", 0.01)))
    return adjust_means(sum_arrays(columns, keys=keys, blocks=[block]))


def test_the_primary_family_is_corrected_by_holm() -> None:
    found = overall_family(means(), [VALUE], AGAINST_CONTROL, style=STYLE, correction="holm")
    raw = np.array([effect.p_value for effect in found])
    assert [effect.p_adjusted for effect in found] == adjust_holm(raw).tolist()
    assert {effect.outcome for effect in found} == {"incremental_clv"}
    assert all(effect.confirmatory for effect in found)


def test_strata_are_corrected_by_the_false_discovery_rate() -> None:
    found = strata_family(means(), VALUE, AGAINST_CONTROL, style=STYLE, correction="bh")
    raw = np.array([effect.p_value for effect in found])
    assert len(found) == 8
    assert [effect.p_adjusted for effect in found] == adjust_bh(raw).tolist()


def test_a_contrast_for_some_segments_is_read_in_these_only() -> None:
    declared = (*AGAINST_CONTROL, PlanContrast("large", "small", ("frequent",), primary=False))
    by_segment = {"frequent": means(4), "growing": means(5)}
    found = segments_family(by_segment, [VALUE], declared, style=STYLE, correction="holm")
    pairs = {name: len(found.select(by="segment", level=name)) for name in by_segment}
    assert pairs == {"frequent": 3, "growing": 2}
    assert len(overall_family(means(), [VALUE], declared, style=STYLE, correction="none")) == 2
