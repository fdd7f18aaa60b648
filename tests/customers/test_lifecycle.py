from __future__ import annotations

import numpy as np
import pytest

from uplift.customers import History, LifecycleRule, classify_lifecycle
from uplift.customers.history import _summarize
from uplift.customers.lifecycle import expected_gap

NAN = np.nan
RULE = LifecycleRule(population_gap=30.0)


def person(**given: float) -> History:
    values: dict[str, float] = {
        "n_orders": 0, "first_order_days": NAN, "last_order_days": NAN, "n_gaps": 0, "median_gap": NAN,
        "last_gap": NAN, "orders_90d": 0, "orders_previous_90d": 0, "registered_days": NAN,
    }  # fmt: skip
    values |= given
    counts = {"n_orders", "n_gaps", "orders_90d", "orders_previous_90d"}
    arrays = {name: np.array([value], np.int64 if name in counts else np.float64) for name, value in values.items()}
    return History(unit_id=np.array(["u"], dtype=object), **arrays)  # type: ignore[arg-type]


def regular(*, orders: int, gap: float, since: float, **given: float) -> History:
    first = since + gap * (orders - 1)
    base = {"n_orders": orders, "n_gaps": orders - 1, "median_gap": gap, "last_gap": gap}
    return person(**{**base, "first_order_days": first, "last_order_days": since, **given})


def test_the_expected_gap_is_shrunk() -> None:
    # 3 gaps of 20 days: weight 3 / 6, so (20 + 30) / 2; one gap is the population's median.
    assert expected_gap(regular(orders=4, gap=20, since=1), population_gap=30).tolist() == [25]
    assert expected_gap(regular(orders=2, gap=20, since=1), population_gap=30).tolist() == [30]
    assert expected_gap(person(), population_gap=30).tolist() == [30]


@pytest.mark.parametrize(
    ("history", "stage"),
    [
        (person(), "lost"),
        (person(registered_days=60), "new"),
        (person(registered_days=61), "lost"),
        (person(n_orders=1, first_order_days=60, last_order_days=60), "new"),
        (person(n_orders=1, first_order_days=61, last_order_days=61), "active"),
        (person(n_orders=1, first_order_days=91, last_order_days=91), "silent"),
        (person(n_orders=1, first_order_days=365, last_order_days=365), "silent"),
        (person(n_orders=1, first_order_days=366, last_order_days=366), "lost"),
        (regular(orders=2, gap=45, since=10), "growing"),
        (regular(orders=2, gap=46, since=10), "active"),
        (regular(orders=12, gap=14, since=10), "growing"),
        (regular(orders=20, gap=14, since=10), "active"),
        # 57 gaps of 60 days: expected 57/60 x 60 + 3/60 x 30 = 58.5; silent after 146.25, lost after 365
        (regular(orders=58, gap=60, since=146), "active"),
        (regular(orders=58, gap=60, since=147), "silent"),
        # 97 gaps of 100 days: expected 97.9; lost after 587.4
        (regular(orders=98, gap=100, since=587), "silent"),
        (regular(orders=98, gap=100, since=588), "lost"),
    ],
)
def test_stage_by_hand(history: History, stage: str) -> None:
    assert classify_lifecycle(history, thresholds=RULE).labels.tolist() == [stage]


@pytest.mark.parametrize(
    ("last", "previous", "stage"),
    # P(Bin(8, .5) >= 6) = 37/256 = .145; P(Bin(9, .5) >= 7) = 46/512 = .090
    [(6, 2, "active"), (7, 2, "growing"), (2, 7, "active"), (0, 0, "active")],
)
def test_a_longer_known_customer_grows_by_the_poisson_test(last: int, previous: int, stage: str) -> None:
    history = regular(orders=20, gap=20, since=10, orders_90d=last, orders_previous_90d=previous)
    assert classify_lifecycle(history, thresholds=RULE).labels.tolist() == [stage]


def test_the_population_gap_is_frozen_in_the_axis() -> None:
    axis = classify_lifecycle(regular(orders=5, gap=17, since=1))
    assert axis.rule["population_gap"] == 17
    assert axis.rule["silent_gaps"] == 2.5
    assert axis.levels == ("new", "growing", "active", "silent", "lost")
    assert axis.names["silent"] == {"zh": "沉默客", "en": "Silent"}
    assert classify_lifecycle(person()).rule["population_gap"] == 36


def stationary(n: int, rng: np.random.Generator, *, as_of: float) -> tuple[History, History]:
    """Histories at ``as_of`` and 30 days later of customers who order at constant rates."""
    rates = rng.gamma(1.2, 1 / 40, n)
    joined = rng.uniform(0, as_of - 240, n)
    counts = rng.poisson(rates * (as_of + 30 - joined))
    owner = np.repeat(np.arange(n), counts)
    times = joined[owner] + rng.random(len(owner)) * (as_of + 30 - joined[owner])
    ids = np.arange(n).astype(str).astype(object)

    def at(moment: float) -> History:
        known = times < moment
        return _known(ids, owner[known], moment - times[known])

    return at(as_of), at(as_of + 30)


def _known(ids: np.ndarray, owner: np.ndarray, ago: np.ndarray) -> History:
    distinct, code = np.unique(owner, return_inverse=True)
    return _summarize(ids[distinct], code.astype(np.int64), ago)


def test_few_change_stage_in_a_quiet_month_of_a_stationary_market() -> None:
    before, after = stationary(20_000, np.random.default_rng(7), as_of=900)
    axis = classify_lifecycle(before)
    rule = LifecycleRule(population_gap=axis.rule["population_gap"])
    place = {unit: k for k, unit in enumerate(after.unit_id)}
    same = np.array([place[unit] for unit in before.unit_id])
    later = classify_lifecycle(after, thresholds=rule).codes[same]
    gap = expected_gap(before, population_gap=axis.rule["population_gap"])
    quiet = after.n_orders[same] == before.n_orders
    missed = (before.last_order_days <= 2.5 * gap) & (before.last_order_days + 30 > 2.5 * gap)
    counted = quiet & ~missed
    assert counted.sum() > 2_000
    assert (later[counted] != axis.codes[counted]).mean() <= 0.10
    frequent = (before.orders_90d >= 6) & (before.first_order_days > 180) & (before.n_orders > 5)
    assert (axis.codes[frequent] == 1).mean() < 0.25
