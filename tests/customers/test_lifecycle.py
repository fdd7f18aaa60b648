from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.customers.conftest import Parameters, history_of, make_world, person, regular
from uplift.customers import History, LifecycleRule, classify_lifecycle, summarize_orders
from uplift.customers.lifecycle import expected_gap, find_lapse, settle_rule
from uplift.customers.season import last_quarter
from uplift.errors import DataError

if TYPE_CHECKING:
    from uplift.customers.lifecycle import LifecycleMethod

RULE = LifecycleRule(population_gap=30.0)


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
    assert classify_lifecycle(history, rule=RULE).labels.tolist() == [stage]


@pytest.mark.parametrize(
    ("last", "previous", "stage"),
    # P(Bin(8, .5) >= 6) = 37/256 = .145; P(Bin(9, .5) >= 7) = 46/512 = .090
    [(6, 2, "active"), (7, 2, "growing"), (2, 7, "active"), (0, 0, "active")],
)
def test_a_longer_known_customer_grows_by_the_poisson_test(last: int, previous: int, stage: str) -> None:
    history = regular(orders=20, gap=20, since=10, orders_90d=last, orders_previous_90d=previous)
    assert classify_lifecycle(history, rule=RULE).labels.tolist() == [stage]


def test_the_population_gap_is_frozen_in_the_axis() -> None:
    axis = classify_lifecycle(regular(orders=5, gap=17, since=1))
    assert axis.rule["population_gap"] == 17
    assert axis.rule["silent_gaps"] == 2.5
    assert axis.levels == ("new", "growing", "active", "silent", "lost")
    assert axis.names["silent"] == {"zh": "沉默客", "en": "Silent"}
    assert classify_lifecycle(person()).rule["population_gap"] == 36


@pytest.mark.parametrize(
    ("alive", "stage"),
    [(0.09, "lost"), (0.1, "silent"), (0.39, "silent"), (0.4, "active"), (1.0, "active"), (np.nan, "active")],
)
def test_the_chance_to_be_there_still_has_its_clauses(alive: float, stage: str) -> None:
    history = regular(orders=20, gap=14, since=40)
    axis = classify_lifecycle(history, rule=RULE, alive=np.array([alive]))
    assert axis.labels.tolist() == [stage]
    assert axis.rule["with_alive"] == 1
    assert (axis.rule["lost_alive"], axis.rule["silent_alive"]) == (0.1, 0.4)
    assert classify_lifecycle(history, rule=RULE).rule["with_alive"] == 0


def test_a_one_time_buyer_keeps_the_rule() -> None:
    history = person(n_orders=1, first_order_days=91, last_order_days=91)
    assert classify_lifecycle(history, rule=RULE, alive=np.array([1.0])).labels.tolist() == ["silent"]


def test_without_an_order_no_chance_is_read() -> None:
    assert classify_lifecycle(person(registered_days=9), rule=RULE, alive=np.array([0.0])).labels.tolist() == ["new"]


@pytest.mark.parametrize(
    ("history", "stage"),
    [
        (person(), "potential"),
        (person(registered_days=10), "potential"),
        (person(n_orders=1, first_order_days=60, last_order_days=60), "new"),
        # One order: expected 30; declining above 45 days (but new until 60), lost above 90.
        (person(n_orders=1, first_order_days=61, last_order_days=61), "declining"),
        (person(n_orders=1, first_order_days=91, last_order_days=91), "lost"),
        (regular(orders=2, gap=45, since=10), "growing"),
        (regular(orders=20, gap=14, since=10), "mature"),
        # 19 gaps of 14 days: expected 19/22 x 14 + 3/22 x 30 = 16.18; declining above 24.27, lost above 90.
        (regular(orders=20, gap=14, since=24), "mature"),
        (regular(orders=20, gap=14, since=25), "declining"),
        (regular(orders=20, gap=14, since=90), "declining"),
        (regular(orders=20, gap=14, since=91), "lost"),
        # 57 gaps of 60 days: expected 58.5; declining above 87.75, lost above 146.25.
        (regular(orders=58, gap=60, since=87), "mature"),
        (regular(orders=58, gap=60, since=88), "declining"),
        (regular(orders=58, gap=60, since=147), "lost"),
    ],
)
def test_six_stages_by_hand(history: History, stage: str) -> None:
    axis = classify_lifecycle(history, rule=RULE, method="six_stage")
    assert axis.labels.tolist() == [stage]
    assert axis.levels == ("potential", "new", "growing", "mature", "declining", "lost")
    assert axis.names["declining"] == {"zh": "衰退", "en": "Declining"}


def test_who_is_at_risk_declines_in_six_stages() -> None:
    history = regular(orders=20, gap=14, since=10)
    alive, flag = np.array([0.9]), np.array([True])
    got = classify_lifecycle(history, rule=RULE, method="six_stage", alive=alive, at_risk=flag)
    assert got.labels.tolist() == ["declining"]
    low = classify_lifecycle(history, rule=RULE, method="six_stage", alive=np.array([0.39]), at_risk=flag)
    assert low.labels.tolist() == ["lost"]


YEARLY = ("2023-11-11", "2023-12-01", "2024-11-11")


@pytest.mark.parametrize(
    ("dates", "as_of", "five", "six"),
    [
        # The last quarter of two years: waits until the last quarter of 2025 is over.
        (YEARLY, "2025-12-31", "active", "mature"),
        (YEARLY, "2026-01-01", "silent", "lost"),
        # Without the yearly rhythm the same silence counts.
        (("2024-11-11", "2024-12-01"), "2025-12-31", "lost", "lost"),
        (("2023-11-11", "2024-08-01", "2024-11-11"), "2025-12-31", "silent", "lost"),
    ],
)
def test_a_yearly_buyer_is_not_called_silent_before_the_season(
    dates: tuple[str, ...], as_of: str, five: str, six: str
) -> None:
    history = history_of(*dates, as_of=as_of)
    # The middle gap of the yearly buyer is (20 + 346) / 2 = 183, weight 2/5: expected 91.2; silent after 228 days.
    assert classify_lifecycle(history, rule=RULE).labels.tolist() == [five]
    assert classify_lifecycle(history, rule=RULE, alive=np.array([0.05])).labels.tolist() == [
        five if five == "active" else "lost"
    ]
    assert classify_lifecycle(history, rule=RULE, method="six_stage").labels.tolist() == [six]


def test_thresholds_can_be_set() -> None:
    history = regular(orders=20, gap=14, since=40)
    rule = LifecycleRule(population_gap=30.0, silent_days=30, silent_gaps=2.0, silent_alive=0.7, declining_gaps=3.0)
    assert classify_lifecycle(history, rule=rule).labels.tolist() == ["silent"]
    near = regular(orders=20, gap=14, since=25)
    assert classify_lifecycle(near, rule=rule, alive=np.array([0.6])).labels.tolist() == ["silent"]
    assert classify_lifecycle(near, rule=rule, method="six_stage").labels.tolist() == ["mature"]


def test_bad_chances_are_refused() -> None:
    with pytest.raises(DataError, match=r"alive has shape \(2,\), must be \(1,\)"):
        classify_lifecycle(person(), alive=np.array([0.5, 0.5]))
    with pytest.raises(DataError, match=r"alive lies in \[1.5, 1.5\], must lie in \[0, 1\]"):
        classify_lifecycle(person(), alive=np.array([1.5]))
    with pytest.raises(DataError, match="one flag per unit"):
        classify_lifecycle(person(), method="six_stage", at_risk=np.array([True, False]))


def test_an_open_rule_is_settled_by_the_history() -> None:
    history = regular(orders=5, gap=17, since=43)
    assert settle_rule(history).population_gap == 17
    # 2.5 x 17 = 42.5 days, but 90 days at least.
    assert find_lapse(history, LifecycleRule(silent_days=1)).silent.tolist() == [True]
    assert find_lapse(history).silent.tolist() == [False]


WORLDS = {
    "nobody stops": Parameters(1.2, 40, 1e-4, 100),
    "few stop": Parameters(1.2, 40, 0.8, 8),
    "many stop": Parameters(0.8, 60, 0.8, 2.5),
    "frequent": Parameters(3, 30, 0.5, 10),
}


@pytest.mark.parametrize(
    ("name", "method"),
    # Where nobody ever stops P(alive) is 1, and six_stage has no more than its rule: .101 change there.
    [*((name, "five_stage") for name in WORLDS), *((name, "six_stage") for name in list(WORLDS)[1:])],
)
def test_few_change_stage_in_a_quiet_month_of_a_stationary_market(name: str, method: LifecycleMethod) -> None:
    world = make_world(WORLDS[name], n=8_000, days=930, seed=7)
    before, after = world.history(900), world.history(930)
    rule = settle_rule(before)
    now = classify_lifecycle(before, rule=rule, method=method, alive=world.alive(900))
    later = classify_lifecycle(after, rule=rule, method=method, alive=world.alive(930))
    same = np.searchsorted(after.unit_id.astype(str), before.unit_id.astype(str))
    gap, since = expected_gap(before, population_gap=rule.population_gap or 0.0), before.last_order_days
    marks = [2.5] if method == "five_stage" else [1.5, 2.5]
    missed = np.any([(since <= mark * gap) & (since + 30 > mark * gap) for mark in marks], axis=0)
    counted = (after.n_orders[same] == before.n_orders) & ~missed
    assert counted.sum() > 2_000
    assert (later.codes[same][counted] != now.codes[counted]).mean() <= 0.10


def test_a_frequent_customer_is_rarely_called_growing_by_chance() -> None:
    before = make_world(WORLDS["nobody stops"], n=8_000, days=900, seed=7).history(900)
    axis = classify_lifecycle(before)
    frequent = (before.orders_90d >= 6) & (before.first_order_days > 180) & (before.n_orders > 5)
    assert (axis.codes[frequent] == 1).mean() < 0.25


@pytest.mark.parametrize("method", ["five_stage", "six_stage"])
def test_the_order_of_rows_and_units_without_one_changes_no_stage(method: LifecycleMethod) -> None:
    world = make_world(WORLDS["few stop"], n=500, days=400, seed=3)
    shuffled = np.random.default_rng(1).permutation(len(world.day))
    again = type(world)(world.parameters, world.owner[shuffled], world.day[shuffled])
    first, second = (classify_lifecycle(each.history(400), method=method) for each in (world, again))
    np.testing.assert_array_equal(first.codes, second.codes)
    assert first.rule == second.rule


def test_promotion_days_are_no_rhythm() -> None:
    # Weekly but for two Singles' Days: without them the gaps are 7 and 14, with them 3, 4, 7, 7.
    days = ["2025-11-04", "2025-11-11", "2025-11-14", "2025-11-18", "2025-11-25"]
    times = {"id": ["u"] * 5, "at": np.array(days, dtype="datetime64[us]")}
    promotion = np.array(["2025-11-14", "2025-11-11"], dtype="datetime64[D]")
    moment = np.datetime64("2025-12-01", "us").item()
    plain = summarize_orders(times, as_of=moment, unit_id="id", time="at")
    told = summarize_orders(times, as_of=moment, unit_id="id", time="at", promotion_days=promotion)
    assert (plain.n_gaps[0], plain.median_gap[0], plain.last_gap[0]) == (4, 5.5, 7)
    assert (told.n_gaps[0], told.median_gap[0], told.last_gap[0]) == (2, 10.5, 7)
    assert (told.n_orders[0], told.orders_90d[0], told.last_order_days[0]) == (5, 5, 6)


def test_without_known_quarters_nobody_is_seasonal() -> None:
    history = replace(history_of(*YEARLY, as_of="2025-12-31"), order_quarters=None)
    assert classify_lifecycle(history, rule=RULE).labels.tolist() == ["silent"]
    assert last_quarter(history).tolist() == [0]
