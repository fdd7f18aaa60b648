from __future__ import annotations

import numpy as np

from uplift.simulate.rhythm import Rhythm, load_between, shape_of, staying

RHYTHM = Rhythm(
    rate=np.array([0.1, 0.02, 0.15]),
    floor=np.array([1.0, 0.1, 0.4]),
    registered=np.array([-500.0, -30.0, -1.0]),
    dropout=np.array([0.01, 0.2, 0.05]),
    swing=np.array([0.0, 0.3, 0.5]),
    peak=np.array([0.0, 40.0, 300.0]),
)


def test_load_is_the_integral_of_the_rate() -> None:
    edges = np.linspace(0.0, 90.0, 90_001)
    days = (edges[:-1] + edges[1:]) / 2
    rows = [RHYTHM.take(np.full(len(days), row)) for row in range(3)]
    numeric = [float(one.rate[0]) * shape_of(one, days).mean() * 90.0 for one in rows]
    np.testing.assert_allclose(load_between(RHYTHM, 0.0, 90.0), numeric, rtol=1e-8)


def test_load_of_a_flat_rate_is_rate_times_days() -> None:
    assert np.isclose(load_between(RHYTHM, 10.0, 50.0)[0], 0.1 * 40, rtol=1e-12)


def test_load_takes_a_start_per_customer() -> None:
    starts = np.array([-90.0, -30.0, -1.0])
    each = [load_between(RHYTHM, float(day), 0.0)[row] for row, day in enumerate(starts)]
    np.testing.assert_allclose(load_between(RHYTHM, starts, 0.0), each)


def test_staying_of_a_flat_rate_is_exponential() -> None:
    # rate 0.1 a day, dropout 0.01 an order: hazard 0.001 a day, so exp(-0.1) after 100 days.
    assert np.isclose(staying(RHYTHM, 100.0)[0], np.exp(-0.1))
    np.testing.assert_array_equal(staying(RHYTHM, 0.0), 1.0)


def test_enthusiasm_fades_to_the_floor() -> None:
    old = Rhythm(*(np.array([value]) for value in (1.0, 0.1, 0.0, 0.1, 0.0, 0.0)))
    assert np.isclose(shape_of(old, np.array([0.0]))[0], 1.0)
    assert np.isclose(shape_of(old, np.array([5000.0]))[0], 0.1, atol=1e-6)
