from __future__ import annotations

import pytest

from uplift.spec.metric import ALIASES, METRICS, MetricWindow, UnknownMetricError, resolve_metric


def test_dictionary_holds_every_id_of_the_contract() -> None:
    ids = {
        *("gross_margin", "net_margin", "incremental_clv", "revenue", "orders", "repurchase_count", "repurchase_rate"),
        *("cross_category_repurchase_30d", "retention", "return_rate", "full_price_margin", "other_platform_margin"),
        *("unsubscribe_rate", "complaint_rate", "average_basket", "redeemed_orders"),
    }
    assert set(METRICS) == ids
    assert {id_ for id_, metric in METRICS.items() if metric.direction == "down"} == {
        *("return_rate", "unsubscribe_rate", "complaint_rate")
    }


def test_ratios_name_their_sums() -> None:
    assert METRICS["return_rate"].ratio == ("refunded", "revenue")
    assert METRICS["average_basket"].ratio == ("revenue", "orders")
    assert METRICS["complaint_rate"].ratio == ("complaints", "orders")


def test_windows_and_aliases() -> None:
    assert resolve_metric("orders_90d") == MetricWindow(METRICS["orders"], 90)
    assert resolve_metric("orders") == MetricWindow(METRICS["orders"])
    assert resolve_metric("trailing_margin") == MetricWindow(METRICS["gross_margin"], 365)
    assert resolve_metric("average_basket") == MetricWindow(METRICS["average_basket"], 365)
    assert resolve_metric("average_basket_30d") == MetricWindow(METRICS["average_basket"], 30)
    again = METRICS["cross_category_repurchase_30d"]
    assert resolve_metric("cross_category_repurchase_30d") == MetricWindow(again)
    assert resolve_metric("cross_category_repurchase_30d_365d") == MetricWindow(again, 365)
    assert set(ALIASES) == {"trailing_margin", "average_basket"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("revenu", r"no metric; did you mean 'revenue'\?"),
        ("orders_0d", r"no metric; did you mean 'orders'\?"),
        ("zzz_90d", "no metric; there are: incremental_clv"),
    ],
)
def test_unknown_metric_names_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(UnknownMetricError, match=hint):
        resolve_metric(text)
