from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.market import HORIZON, NOW, Market, make_market
from uplift.clv import (
    BoostedModel,
    LifetimeModel,
    Maturity,
    PurchaseHistory,
    RfmModel,
    Snapshot,
    WideHistory,
    compare_predictions,
    fit_lifetime,
    predict_clv,
)
from uplift.errors import EstimationError, UsageError
from uplift.results.catalogue import message

if TYPE_CHECKING:
    from uplift.clv import ClvPrediction

EARLY = Maturity(boosted_buyers=500)


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(11, 3000)


@pytest.fixture(scope="module")
def wide(market: Market) -> WideHistory:
    return market.wide()


def history_of(market: Market, moment: float = NOW) -> PurchaseHistory:
    history = market.snapshot(moment).history
    assert history is not None
    return history


def told(prediction: ClvPrediction) -> list[str]:
    """Codes of reason and notes; each is a sentence in both languages."""
    notes = [prediction.reason, *prediction.notes]
    for note in notes:
        assert message(note.code, note.facts, "en", currency="CNY")
        assert message(note.code, note.facts, "zh", currency="CNY")
    return [note.code.removeprefix("note.clv.") for note in notes]


def without_orders(history: PurchaseHistory, n: int) -> PurchaseHistory:
    nothing, unknown = np.zeros(n), np.full(n, np.nan)
    return PurchaseHistory(
        np.r_[history.frequency, nothing],
        np.r_[history.recency, unknown],
        np.r_[history.age, unknown],
        np.r_[history.mean_value, nothing],
    )


def test_a_grown_history_takes_a_purchase_model(market: Market) -> None:
    history = history_of(market)
    prediction = predict_clv(history)
    assert (prediction.method, told(prediction)) == ("bgnbd", ["method.lifetime"])
    assert isinstance(prediction.model, LifetimeModel)
    model = fit_lifetime(history.frequency, history.recency, history.age, history.mean_value)
    want = model.residual_value(
        history.frequency, history.recency, history.age, history.mean_value,
        start_days=0, end_days=365, annual_discount_rate=0.1,
    )  # fmt: skip
    np.testing.assert_array_equal(prediction.value, want)
    assert (prediction.n_units, prediction.n_buyers) == (3000, 3000)
    assert prediction.n_repeaters == (history.frequency > 0).sum()


def test_a_purchase_model_foretells_the_year(market: Market) -> None:
    now = market.snapshot(NOW)
    prediction = predict_clv(history_of(market))
    row = compare_predictions(now.value, {"m": prediction.value}, confidence_level=0.999).overall("m")
    assert row.ratio_lower < 1 < row.ratio_upper < 1.2
    assert row.rank_correlation > 0.5


def test_a_young_or_rare_history_takes_scores(market: Market) -> None:
    young = predict_clv(history_of(market, 100))
    assert (young.method, told(young)) == ("rfm", ["method.short_history", "heuristic"])
    assert young.reason.facts == {"days": 99, "needed": 182}
    history = history_of(market)
    rare = predict_clv(history.of(np.arange(3000) < 150))
    assert (rare.method, told(rare)) == ("rfm", ["method.few_repeaters", "heuristic"])
    assert isinstance(rare.model, RfmModel)


def test_dependence_of_frequency_and_value_takes_scores(market: Market) -> None:
    history = history_of(market)
    tied = replace(history, mean_value=history.mean_value * (1 + history.frequency))
    prediction = predict_clv(tied)
    assert (prediction.method, told(prediction)) == ("rfm", ["method.dependent", "heuristic"])
    asked = predict_clv(tied, method="bgnbd")
    assert told(asked) == ["method.asked", "dependence"]


def test_what_cannot_be_fitted_takes_scores(market: Market) -> None:
    history = history_of(market)
    loss = replace(history, mean_value=-history.mean_value)
    prediction = predict_clv(loss)
    assert told(prediction) == ["method.not_fitted", "heuristic"]
    with pytest.raises(EstimationError):
        predict_clv(loss, method="bgnbd")


def test_the_test_over_time_keeps_the_right_model(market: Market, wide: WideHistory) -> None:
    prediction = predict_clv(history_of(market), wide=wide, maturity=EARLY)
    assert (prediction.method, told(prediction)[0]) == ("bgnbd", "method.backtest")
    assert prediction.backtest is not None
    assert prediction.backtest.best == "bgnbd"
    names = {row.prediction for row in prediction.backtest.comparison.rows}
    assert names >= {"two_part", "bgnbd", "naive_repeat", "naive_orders", "naive_mean"}
    assert prediction.reason.facts["rmse"] == prediction.backtest.comparison.overall("bgnbd").rmse
    np.testing.assert_array_equal(prediction.value, predict_clv(history_of(market), method="bgnbd").value)


def test_the_test_over_time_takes_trees_that_know_more() -> None:
    market = make_market(12, 5000, told=True)
    prediction = predict_clv(history_of(market), wide=market.wide())
    assert (prediction.method, told(prediction)[0]) == ("boosted", "method.backtest")
    assert isinstance(prediction.model, BoostedModel)
    now = market.snapshot(NOW)
    both = {"boosted": prediction.value, "bgnbd": predict_clv(history_of(market), method="bgnbd").value}
    result = compare_predictions(now.value, both)
    assert result.overall("boosted").rmse < result.overall("bgnbd").rmse
    high = now.features["seen"] == 1
    # what a one buys is worth nine times what a zero buys
    assert prediction.value[high].mean() / prediction.value[~high].mean() == pytest.approx(9, rel=0.25)


def test_trees_stand_alone_without_histories_of_then(market: Market, wide: WideHistory) -> None:
    bare = replace(wide, later=replace(wide.later, history=None))
    prediction = predict_clv(history_of(market), wide=bare, maturity=EARLY)
    assert (prediction.method, told(prediction)[0]) == ("boosted", "method.alone")
    n = len(wide.later.value)
    nobody = without_orders(PurchaseHistory(np.ones(0), np.ones(0), np.ones(0), np.ones(0)), n)
    unread = replace(wide, later=replace(wide.later, history=nobody))
    assert told(predict_clv(history_of(market), wide=unread, maturity=EARLY))[0] == "method.alone"


def test_units_beyond_what_trees_have_seen_are_counted(market: Market, wide: WideHistory) -> None:
    prediction = predict_clv(history_of(market), wide=wide, method="boosted")
    assert told(prediction)[0] == "method.asked"
    (outside,) = [note for note in prediction.notes if note.code == "note.clv.outside"]
    tenure, seen = wide.now["tenure"], wide.later.features["tenure"]
    share = outside.facts["share"]
    assert isinstance(share, float)
    assert (tenure > seen.max()).mean() <= share < (tenure > seen.max()).mean() + 0.02


def test_a_total_that_was_off_is_said(market: Market, wide: WideHistory) -> None:
    moved = replace(wide, later=replace(wide.later, value=2 * wide.later.value))
    prediction = predict_clv(history_of(market), wide=moved, method="boosted")
    (drift,) = [note for note in prediction.notes if note.code == "note.clv.drift"]
    assert drift.facts["ratio"] == pytest.approx(0.5, rel=0.1)


def test_units_without_an_order_have_what_such_units_brought(market: Market, wide: WideHistory) -> None:
    history = without_orders(history_of(market), 10)
    plain = predict_clv(history)
    assert (plain.value[-10:] == 0).all()
    assert (plain.n_units, plain.n_buyers) == (3010, 3000)
    assert told(plain) == ["method.lifetime", "no_order"]
    then = wide.later.history
    assert then is not None
    later = Snapshot(np.r_[wide.later.value, 2.0, 6.0], history=without_orders(then, 2))
    table = WideHistory(wide.earlier, later, {"silent": np.r_[wide.now["silent"], np.full(10, np.nan)]})
    known = predict_clv(history, wide=table, method="bgnbd")
    assert (known.value[-10:] == 4.0).all()
    scored = predict_clv(history, wide=table, method="rfm")
    assert (scored.value[-10:] == 4.0).all()
    assert isinstance(scored.model, RfmModel)
    assert (scored.model.basis, told(scored)) == ("cells", ["method.asked", "no_order"])


def test_the_other_purchase_model_may_be_asked_for(market: Market) -> None:
    prediction = predict_clv(history_of(market), method="mbgnbd", horizon_days=90)
    assert prediction.method == "mbgnbd"
    assert isinstance(prediction.model, LifetimeModel)
    assert prediction.model.purchase.kind == "mbgnbd"
    year = predict_clv(history_of(market), method="mbgnbd")
    assert 0 < prediction.value.sum() < 0.5 * year.value.sum()
    assert (prediction.horizon_days, HORIZON) == (90, year.horizon_days)


def test_refusals(market: Market, wide: WideHistory) -> None:
    history = history_of(market)
    with pytest.raises(UsageError, match="method: 'magic', must be one of auto, bgnbd, mbgnbd, boosted, rfm"):
        predict_clv(history, method="magic")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="horizon_days: 0, must be above 0"):
        predict_clv(history, horizon_days=0)
    with pytest.raises(UsageError, match="wide: not given"):
        predict_clv(history, method="boosted")
    with pytest.raises(UsageError, match=r"wide\.now\['silent'\]: has 3000 units, must have the 10 of history"):
        predict_clv(history.of(np.arange(3000) < 10), wide=wide, method="boosted")
