"""The past cohort: who is in it, what it is asked, and what an index learns from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.data import Columns
from uplift.design.cohort import read_cohort
from uplift.design.past import learn_residual
from uplift.outcomes import Measurement, OutcomePlan
from uplift.results import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.data import FactWindow

AS_OF = datetime(2026, 3, 2)
IDS = np.array([f"{place:04d}" for place in range(400)], dtype=object)
FIRST = AS_OF - timedelta(days=800)


def plan(settle_days: int = 30, horizon_days: int = 365) -> Measurement:
    primary = OutcomePlan("incremental_clv", Measure("money", "CNY"))
    return Measurement(primary, (), (), (), 90, settle_days, horizon_days, 0.1, None, None, "before_coupon")


@dataclass
class Told:
    """Facts that follow from the unit's number, and the windows that were asked for."""

    coupons: bool = True
    asked: list[FactWindow] = field(default_factory=list)

    def facts(self, ids: np.ndarray, window: FactWindow, *, names: Sequence[str] | None = None) -> Columns:
        self.asked.append(window)
        unit = ids.astype(np.float64)
        days = window.end_day - window.start_day
        known = {
            "orders": (unit % 2).astype(np.int64),
            "gross_margin": unit * days / 100,
            "returned_margin": unit * days / 1_000,
        }
        if self.coupons:
            known |= {"organic_margin": unit, "couponed_margin": np.sqrt(unit)}
        return Columns(ids, {name: known[name] for name in names or known if name in known})


def test_the_cohort_ordered_in_the_year_before_its_day_0() -> None:
    told = Told()
    cohort = read_cohort(told, IDS, plan(), as_of=AS_OF, first_order=FIRST)
    assert cohort is not None
    assert cohort.unit_id.tolist() == IDS[1::2].tolist()
    assert (cohort.t0, cohort.through) == (AS_OF - timedelta(days=365), AS_OF)
    # the year before; the window; from it to the horizon; the 30 days after it
    assert [(one.start_day, one.end_day) for one in told.asked] == [(-365, 0), (0, 90), (90, 365), (90, 120)]
    assert all(one.through is not None and one.through <= AS_OF for one in told.asked)


def test_later_value_is_net_of_returns_and_early_margin_is_gross() -> None:
    cohort = read_cohort(Told(), IDS, plan(), as_of=AS_OF, first_order=FIRST)
    assert cohort is not None
    unit = IDS[1::2].astype(np.float64)
    np.testing.assert_allclose(cohort.later, unit * 275 / 100 * 0.9)
    assert cohort.early is not None
    np.testing.assert_allclose(cohort.early, unit * 30 / 100)
    assert cohort.kept_share == pytest.approx(0.9)
    assert list(cohort.features) == ["organic_margin", "couponed_margin", "gross_margin_365d", "orders_365d"]


def test_the_index_and_the_early_index_share_their_features() -> None:
    later = learn_residual(Told(), IDS, plan(), as_of=AS_OF, first_order=FIRST)
    assert later is not None
    assert later.early is not None
    assert later.early.features == later.residual.features
    assert later.residual.r_squared == pytest.approx(1.0)
    assert later.kept_share == pytest.approx(0.9)


def test_without_coupons_margin_and_orders_stand_for_them() -> None:
    cohort = read_cohort(Told(coupons=False), IDS, plan(), as_of=AS_OF, first_order=FIRST)
    assert cohort is not None
    assert list(cohort.features)[:2] == ["gross_margin", "orders"]


@pytest.mark.parametrize(("settle_days", "horizon_days"), [(0, 365), (30, 110)])
def test_days_that_do_not_settle_inside_the_horizon_are_not_learned(settle_days: int, horizon_days: int) -> None:
    later = learn_residual(Told(), IDS, plan(settle_days, horizon_days), as_of=AS_OF, first_order=FIRST)
    assert later is not None
    assert later.early is None


def test_a_past_that_is_too_short_teaches_nothing() -> None:
    late = AS_OF - timedelta(days=365 + 349)
    assert read_cohort(Told(), IDS, plan(), as_of=AS_OF, first_order=late) is None
    assert read_cohort(Told(), IDS, plan(), as_of=AS_OF, first_order=None) is None
    assert read_cohort(Told(), IDS[:300], plan(), as_of=AS_OF, first_order=FIRST) is None
    assert learn_residual(Told(), IDS, plan(horizon_days=90), as_of=AS_OF, first_order=FIRST) is None
