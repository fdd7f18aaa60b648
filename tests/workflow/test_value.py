"""Customer value of one small market: pieces add up, back-ends stand side by side, doubts are told."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.workflow.test_analyze import found_plainly, plain, status
from uplift.stats.moments import CellKeys
from uplift.workflow.boosted import contrast_weights
from uplift.workflow.doubts import stratum_gaps
from uplift.workflow.later import sample_rows

if TYPE_CHECKING:
    import uplift
    from uplift.results.clv import ClvReport


def report(analysis: uplift.Analysis | None = None) -> ClvReport:
    found = (analysis or found_plainly()).clv
    assert found is not None
    return found


def test_observed_and_predicted_add_up() -> None:
    for row in report().rows:
        for gain in row.gains:
            assert gain.predicted is not None
            assert gain.total.estimate == pytest.approx(gain.observed.estimate + gain.predicted.estimate)
    kinds = [row.by for row in report().rows]
    assert kinds[:3] == ["overall", "segment", "segment"]
    assert kinds.count("stratum") == len(found_plainly().strata)


def test_historic_value_is_the_past_years_margin() -> None:
    campaign = plain()
    drawn = campaign.design.assignment
    rows = np.flatnonzero(~drawn.holdout)
    analysed = np.bincount(drawn.stratum[rows], minlength=len(drawn.strata))
    each = np.array([stratum.n_units for stratum in campaign.design.plan.strata]) / analysed
    weight = each[drawn.stratum[rows]]
    past = campaign.design.past["gross_margin_365d"][rows]
    overall = report().rows[0]
    assert overall.historic == pytest.approx((past * weight).sum() / weight.sum())
    assert overall.lifetime is not None
    assert overall.historic is not None
    assert overall.lifetime > overall.historic
    assert overall.n_units == len(rows)


def test_every_backend_is_beside_the_others() -> None:
    overall = {(one.estimator, one.arm) for one in report().residuals if one.by == "overall"}
    names = {"surrogate", "surrogate_boosted", "bgnbd_organic", "bgnbd", "bgnbd_mechanical"}
    assert overall == {(name, arm) for name in names for arm in ("small", "large")}
    assert {one.level for one in report().residuals if one.by == "segment"} == {"frequent", "growing_target"}
    component = found_plainly().effects.select(outcome="residual", arm="small", by="overall")[0]
    index = next(one for one in report().residuals if one.estimator == "surrogate" and one.arm == "small")
    assert index.estimate == pytest.approx(component.estimate)
    assert index.std_error == pytest.approx(component.std_error)


def test_the_curve_ends_in_promotion_and_rest() -> None:
    found = found_plainly()
    assert [curve.arm for curve in found.curves] == ["small", "large"]
    for curve in found.curves:
        pull = next(one for one in report().pull_forward if one.arm == curve.arm and one.by == "overall")
        assert curve.y[-1] == pytest.approx(pull.net.estimate, abs=0.02)
        assert curve.y[curve.x.index(float(pull.promo_days))] == pytest.approx(pull.promo.estimate, abs=0.02)
        gross, returned = (
            found.effects.select(outcome=name, arm=curve.arm, reference_arm="control", by="overall")[0].estimate
            for name in ("gross_margin", "returned_value")
        )
        assert curve.y[-1] == pytest.approx(gross - returned, abs=0.05)
        assert all(low < y < high for low, y, high in zip(curve.ci_lower, curve.y, curve.ci_upper, strict=True))


def test_coupons_raise_their_share_of_orders() -> None:
    overall = [one for one in report().dependence if one.by == "overall"]
    assert [one.arm for one in overall] == ["small", "large"]
    for one in overall:
        assert one.coupon_share is not None
        assert one.coupon_share.ci_lower > 0.0
        assert one.full_price is not None
        assert one.long_term is not None


@cache
def shuffled() -> uplift.Analysis:
    turned = {name: table.sample(frac=1, random_state=9) for name, table in plain().tables.items()}
    return plain().analyze(tables=turned)


def test_the_order_of_rows_changes_no_byte() -> None:
    assert shuffled().to_json() == found_plainly().to_json()


@cache
def with_a_direct_effect() -> uplift.Analysis:
    """Return the market in which the small coupon makes a customer order again after the window, for no reason seen."""
    campaign = plain()
    drawn, orders = campaign.design.assignment, campaign.tables["orders"]
    lucky = drawn.unit_id[drawn.arm == 1]
    one = orders[orders["订单状态"] == "已完成"].drop_duplicates("订单号").head(1)
    more = one.loc[one.index.repeat(len(lucky))].assign(
        会员ID=lucky,
        订单号=[f"later-{place}" for place in range(len(lucky))],
        支付时间=pd.Timestamp("2026-06-10 12:00"),
    )
    return campaign.analyze(tables={**campaign.tables, "orders": pd.concat([orders, more], ignore_index=True)})


def test_an_effect_that_the_window_did_not_foretell_is_warned_of() -> None:
    assert status(found_plainly(), "residual.surrogacy") == "pass"
    found = with_a_direct_effect()
    check = next(check for check in found.checks if check.name == "residual.surrogacy")
    assert (check.status, check.facts["arm"], check.facts["days"]) == ("warn", "small", 30)


@cache
def matured() -> uplift.Analysis:
    return plain().analyze(through=datetime(2027, 4, 2))


def test_a_matured_holdout_is_read_and_calibrates_the_rest() -> None:
    found = report(matured())
    truth = [one for one in found.residuals if one.estimator == "holdout" and one.by == "overall"]
    assert [one.arm for one in truth] == ["small", "large"]
    assert all(one.measure.basis == "observed" for one in truth)
    # the campaign's world ends with June: what came is known of one month alone
    assert {(one.estimator, one.arm) for one in found.calibration} == {
        (name, arm)
        for name in ("surrogate", "bgnbd_organic", "bgnbd", "bgnbd_mechanical")
        for arm in ("small", "large")
    }
    assert all(one.truth == truth[0].estimate for one in found.calibration if one.arm == "small")
    assert report().calibration == ()


def test_an_early_reading_has_a_shorter_curve() -> None:
    found = plain().analyze(through=datetime(2026, 4, 20))
    assert found.curves[0].x[-1] == 49.0
    assert all(check.name != "residual.lifetime" for check in found.checks)
    assert status(found, "residual.surrogacy") == "skipped"


def test_a_window_shorter_than_the_rhythm_is_flagged() -> None:
    check = next(check for check in found_plainly().checks if check.name == "window.short")
    strata = {stratum.id: stratum.n_units for stratum in found_plainly().strata}
    assert check.status == "warn"
    named = check.facts["strata"]
    assert isinstance(named, tuple)
    assert check.facts["share"] == pytest.approx(sum(strata[str(name)] for name in named) / sum(strata.values()))


def test_medians_of_strata_with_enough_units() -> None:
    gaps = np.concatenate([np.arange(21.0), np.arange(5.0)])
    assert stratum_gaps(gaps, np.repeat([1, 2], [21, 5])) == {1: 10.0}


def test_samples_are_whole_folds() -> None:
    fold = np.arange(2_000) % 20
    assert len(sample_rows(fold, at_most=2_000)) == 2_000
    assert set(fold[sample_rows(fold, at_most=500)].tolist()) == set(range(5))
    assert set(fold[sample_rows(fold, at_most=10)].tolist()) == {0}


def test_contrast_weights_by_hand() -> None:
    stratum, arm = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0, 1, 1])
    zero = np.zeros(7, np.int64)
    keys = CellKeys(("a", "b", "c"), ("0",), ("control", "coupon"), stratum, zero, arm, zero)
    found = contrast_weights(keys, np.array([1.0, 1.0, 1.0]))
    # a: shares 1/4 and 3/4; b: halves; c has no control
    np.testing.assert_allclose(found[:, 0], [-4, 4 / 3, 4 / 3, 4 / 3, -2, 2, 0])
