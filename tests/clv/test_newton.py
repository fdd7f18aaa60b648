from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.clv.newton import Peak, maximize
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gamma_sample(place: NDArray[np.float64]) -> Peak:
    # 100 exponential times of mean 4: 100 log(rate) - 400 rate, greatest at rate = 1/4
    rate = float(place[0])
    return Peak(100 * np.log(rate) - 400 * rate, np.array([100 / rate - 400]), np.array([[-100 / rate**2]]))


def test_the_rate_of_exponential_times() -> None:
    top = maximize(gamma_sample, np.array([30.0]), names=("rate",), what="exponential")
    assert top.parameters[0] == pytest.approx(0.25, rel=1e-9)
    assert top.value == pytest.approx(100 * np.log(0.25) - 100)
    # information of log(rate) is the number of times: variance 1 / 100
    assert top.covariance[0, 0] == pytest.approx(0.01)


def test_a_saddle_is_left_uphill() -> None:
    # -(x^2 - 1)^2 - y^2 in logarithms x, y: tops at x = +-1, a saddle between them
    def two_tops(place: NDArray[np.float64]) -> Peak:
        x, y = np.log(place)
        slope, bend = np.array([-4 * x * (x**2 - 1), -2 * y]), np.diag([4 - 12 * x**2, -2.0])
        # back from logarithms to the parameters themselves
        return Peak(-((x**2 - 1) ** 2) - y**2, slope / place, (bend - np.diag(slope)) / np.outer(place, place))

    top = maximize(two_tops, np.exp([0.05, 2.0]), names=("x", "y"), what="two tops")
    np.testing.assert_allclose(np.log(top.parameters), [1, 0], atol=1e-6)


def test_what_has_no_top_is_named() -> None:
    def rising(place: NDArray[np.float64]) -> Peak:
        rate = float(place[0])
        return Peak(-1 / rate, np.array([1 / rate**2]), np.array([[-2 / rate**3]]))

    with pytest.raises(EstimationError, match=r"slope: the likelihood keeps rising as rate goes to infinity"):
        maximize(
            lambda at: Peak(2 * np.log(at[0]), 2 / at, -2 / at[:, None] ** 2), np.ones(1), names=("rate",), what="slope"
        )
    with pytest.raises(EstimationError, match=r"as rate goes to 0"):
        maximize(
            lambda at: Peak(-np.log(at[0]), -1 / at, 1 / at[:, None] ** 2), np.ones(1), names=("rate",), what="slope"
        )
    with pytest.raises(EstimationError, match=r"flat at its top|keeps rising|no maximum"):
        maximize(rising, np.ones(1), names=("rate",), what="shelf")


def test_a_flat_top_and_a_wrong_slope_are_refused() -> None:
    def ridge(place: NDArray[np.float64]) -> Peak:
        total = float(np.sum(np.log(place)))
        slope = np.full(2, -2 * total)
        return Peak(-(total**2), slope / place, (np.full((2, 2), -2.0) - np.diag(slope)) / np.outer(place, place))

    with pytest.raises(EstimationError, match="flat at its top"):
        maximize(ridge, np.array([2.0, 3.0]), names=("a", "b"), what="ridge")
    with pytest.raises(EstimationError, match="does not rise from"):
        maximize(lambda at: Peak(-at[0], np.ones(1), -np.eye(1)), np.ones(1), names=("a",), what="wrong")


def test_a_climb_that_does_not_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uplift.clv.newton.MAX_STEPS", 2)
    with pytest.raises(EstimationError, match="exponential: no maximum after 2 steps"):
        maximize(gamma_sample, np.array([3000.0]), names=("rate",), what="exponential")
