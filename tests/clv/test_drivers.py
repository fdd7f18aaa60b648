from __future__ import annotations

import numpy as np
import pytest

from uplift.clv.drivers import DriverTable, find_drivers
from uplift.errors import UsageError
from uplift.results.catalogue import message
from uplift.results.codec import decode, encode


def shop(seed: int = 4, n: int = 900) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Later value goes with contacts among the new (30 per standard deviation) and with nothing among others."""
    rng = np.random.default_rng(seed)
    stage = np.array(["new", "active"], dtype=object)[rng.integers(0, 2, n)]
    contacts = rng.poisson(4.0, n).astype(float)
    rating = np.where(rng.random(n) < 0.3, np.nan, rng.integers(1, 6, n).astype(float))
    slope = np.where(stage == "new", 15.0, 0.0)
    value = 100 + slope * contacts + rng.normal(0, 40 + 5 * contacts, n)
    return value, {"contacts": contacts, "rating": rating}, stage


def test_two_groups_by_hand() -> None:
    # 10 units with x = 0 and 10 with x = 1: difference of means 5, one standard deviation is .5
    x = np.repeat([0.0, 1.0], 10)
    y = 20 + 5 * x + np.tile([-1.0, 1], 10) * (1 + x)
    table = find_drivers(y, {"coupon": x}, np.full(20, "new", dtype=object))
    (row,) = table.rows
    assert row.estimate == pytest.approx(2.5)
    assert (row.mean, row.spread) == (0.5, 0.5)
    # HC2 is s^2/n of each group: (10/9 + 40/9) / 10, times a quarter
    assert row.std_error == pytest.approx((50 / 9 / 10 / 4) ** 0.5)
    assert (row.df, row.n_units, row.share_known, row.evidence) == (18, 20, 1.0, "D")


@pytest.mark.parametrize("robust", ["hc1", "hc2"])
def test_agrees_with_statsmodels(robust: str) -> None:
    import statsmodels.api as sm

    y, touch, _ = shop()
    x = np.column_stack([touch["contacts"], np.arange(900) % 7])
    columns = {"contacts": x[:, 0], "weekday": x[:, 1]}
    table = find_drivers(y, columns, np.full(900, "all", dtype=object), robust="hc1" if robust == "hc1" else "hc2")
    want = sm.OLS(y, sm.add_constant((x - x.mean(0)) / x.std(0))).fit(cov_type=robust.upper(), use_t=True)
    np.testing.assert_allclose([row.estimate for row in table.rows], want.params[1:], rtol=1e-9)
    np.testing.assert_allclose([row.std_error for row in table.rows], want.bse[1:], rtol=1e-8)
    np.testing.assert_allclose([row.ci_upper for row in table.rows], want.conf_int()[1:, 1], rtol=1e-8)
    np.testing.assert_allclose([row.p_value for row in table.rows], want.pvalues[1:], rtol=1e-6, atol=1e-15)


def test_the_driver_is_found_in_its_stage_only() -> None:
    table = find_drivers(*shop(n=4000))
    found = {(row.stage, row.touchpoint): row for row in table.rows}
    assert list(found) == [("active", "contacts"), ("active", "rating"), ("new", "contacts"), ("new", "rating")]
    new = found["new", "contacts"]
    assert new.ci_lower < 30 < new.ci_upper
    assert new.p_adjusted < 1e-6
    assert all(row.p_adjusted > 0.05 for key, row in found.items() if key != ("new", "contacts"))
    assert found["new", "rating"].share_known == pytest.approx(0.7, abs=0.04)


def test_holm_runs_within_a_stage() -> None:
    rows = [row for row in find_drivers(*shop()).rows if row.stage == "active"]
    small, large = sorted(row.p_value for row in rows)
    assert sorted(row.p_adjusted for row in rows) == pytest.approx([min(2 * small, 1), max(min(2 * small, 1), large)])


def test_the_interval_covers_and_the_null_keeps_its_level() -> None:
    covered = rejected = 0
    for seed in range(300):
        rows = {(row.stage, row.touchpoint): row for row in find_drivers(*shop(seed, 400)).rows}
        new, active = rows["new", "contacts"], rows["active", "contacts"]
        truth = 15 * new.spread
        covered += new.ci_lower <= truth <= new.ci_upper
        rejected += active.p_value < 0.05
    # binomial 99.9 % bands over 300
    assert 0.90 <= covered / 300 <= 0.99
    assert 0.01 <= rejected / 300 <= 0.10


def test_what_is_held_equal_is_not_reported() -> None:
    rng = np.random.default_rng(9)
    orders = rng.poisson(3.0, 2000).astype(float)
    contacts = orders + rng.normal(size=2000)
    value = 20 * orders + rng.normal(0, 10, 2000)
    everyone = np.full(2000, "active", dtype=object)
    (alone,) = find_drivers(value, {"contacts": contacts}, everyone).rows
    (held,) = find_drivers(value, {"contacts": contacts}, everyone, controls={"orders": orders}).rows
    assert alone.p_value < 1e-9
    assert held.ci_lower < 0 < held.ci_upper


def test_units_scale_and_order_do_not_matter() -> None:
    value, touch, stage = shop()
    turn = np.random.default_rng(1).permutation(len(value))
    one = find_drivers(value, touch, stage)
    other = find_drivers(100 * value[turn], {name: 7 - 3 * x[turn] for name, x in touch.items()}, stage[turn])
    for a, b in zip(one.rows, other.rows, strict=True):
        assert b.estimate == pytest.approx(-100 * a.estimate, rel=1e-9)
        assert b.p_value == pytest.approx(a.p_value, rel=1e-6)


def test_what_is_determined_or_unknown_is_left_out_by_the_columns_alone() -> None:
    value, touch, stage = shop()
    contacts = touch["contacts"]
    extra = {"contacts": contacts, "twice": 2 * contacts + 1, "none": np.full(900, np.nan), "flat": np.full(900, 0.3)}
    table = find_drivers(value, extra, stage)
    assert [row.touchpoint for row in table.rows] == ["contacts", "contacts"]
    assert [note.facts["names"] for note in table.notes] == [("twice", "none", "flat")] * 2
    assert message(table.notes[0].code, table.notes[0].facts).startswith("Stage active: twice, none, flat are left out")
    assert find_drivers(value, {"flat": extra["flat"]}, stage).rows == ()


def test_a_thin_stage_is_named() -> None:
    value, touch, stage = shop(n=100)
    stage[:] = "active"
    stage[:9] = "lost"
    table = find_drivers(value, touch, stage)
    assert {row.stage for row in table.rows} == {"active"}
    (note,) = table.notes
    # a constant, two touchpoints and the indicator of an unknown rating, ten units each
    assert (note.code, note.facts["n"], note.facts["needed"]) == ("note.clv.drivers.too_few", 9, 40)


def test_the_label_says_association() -> None:
    table = find_drivers(*shop())
    assert message(table.label.code, table.label.facts).startswith("Association, not effect")
    assert message(table.label.code, table.label.facts, "zh").startswith("只是相关，不是效应")
    assert decode(DriverTable, encode(table)) == table


def test_refusals() -> None:
    value, touch, stage = shop()
    with pytest.raises(UsageError, match="touchpoints: none given"):
        find_drivers(value, {}, stage)
    with pytest.raises(UsageError, match=r"value: shape \(900,\), must have one dimension and finite"):
        find_drivers(np.where(value > 100, np.nan, value), touch, stage)
    with pytest.raises(UsageError, match=r"rating: shape \(2,\), must have shape \(900,\)"):
        find_drivers(value, {"rating": np.ones(2)}, stage)
    with pytest.raises(UsageError, match=r"stage: has shape \(3,\), must have shape \(900,\)"):
        find_drivers(value, touch, stage[:3])
