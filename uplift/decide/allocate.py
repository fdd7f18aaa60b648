"""Which share of each stratum should get which arm, at a given money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray


ROUNDING = 1e-12
"""The money may be passed by this share of itself, so that today's plan is never refused for its last digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What a plan may do.

    Parameters
    ----------
    units : ndarray of float64, shape (S,)
        Eligible customers per stratum.
    present : ndarray of float64, shape (S, K)
        Share of each stratum given each treatment arm today.
    deployed
        Money to deploy; None means what the present plan costs under the same estimated costs.
    decrease
        No cell keeps less than ``1 - decrease`` of today's share; None: no limit.
    cell_at_most
        No cell spends more than this share of the money; None: no limit.
    frozen : ndarray of bool, shape (S, K), optional
        Cells that keep today's share, because nothing is known of them.
    """

    units: NDArray[np.float64]
    present: NDArray[np.float64]
    deployed: float | None = None
    decrease: float | None = 0.5
    cell_at_most: float | None = 0.4
    frozen: NDArray[np.bool_] | None = None

    def money(self, cost: NDArray[np.float64]) -> float:
        """Return the money to deploy under these costs."""
        if self.deployed is not None:
            return self.deployed
        return float((self.units[:, None] * self.present * cost).sum())


def allocate_budget(value: NDArray[np.float64], cost: NDArray[np.float64], limits: Limits) -> NDArray[np.float64]:
    """Return the shares that maximise expected net value.

    Parameters
    ----------
    value, cost : ndarray of float64, shape (S, K)
        Net value and cost per treated customer.
    limits
        Units, present plan, money and change limits.

    Returns
    -------
    ndarray of float64, shape (S, K)
        Shares in [0, 1]; shares of a stratum add up to at most 1.

    Raises
    ------
    EstimationError
        When no plan keeps all limits.

    Notes
    -----
    Solves max sum N_s x_sk v_sk subject to sum N_s x_sk c_sk <= D by linear programming (HiGHS). The floor of the
    change limit goes before the cap on a cell: a cell that already holds more than the cap is cut to its floor.
    """
    from scipy.optimize import linprog

    n_strata, n_arms = value.shape
    spend = limits.units[:, None] * np.maximum(cost, 0.0)
    money = limits.money(np.maximum(cost, 0.0))
    lower, upper = _bounds(spend, money, limits)
    gain = limits.units[:, None] * value
    one_arm_each = np.kron(np.eye(n_strata), np.ones((1, n_arms)))
    spend_unit, gain_unit = _largest(spend), _largest(gain)
    found = linprog(
        -gain.reshape(-1) / gain_unit,
        A_ub=np.vstack([one_arm_each, spend.reshape(1, -1) / spend_unit]),
        b_ub=np.append(np.ones(n_strata), money / spend_unit * (1.0 + ROUNDING)),
        bounds=list(zip(lower.reshape(-1).tolist(), upper.reshape(-1).tolist(), strict=True)),
        method="highs",
    )
    if not found.success:
        message = f"no plan keeps all limits ({found.message}); raise the money or loosen budget.change_limit"
        raise EstimationError(message)
    plan: NDArray[np.float64] = np.clip(np.asarray(found.x).reshape(value.shape), lower, upper)
    return plan


def _largest(amounts: NDArray[np.float64]) -> float:
    """Return the largest size, so that the solver's tolerances mean the same in every currency."""
    return float(np.abs(amounts).max(initial=0.0)) or 1.0


def _bounds(
    spend: NDArray[np.float64], money: float, limits: Limits
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    floor = np.zeros_like(spend) if limits.decrease is None else (1.0 - limits.decrease) * limits.present
    ceiling = np.ones_like(spend)
    if limits.cell_at_most is not None and money > 0.0:
        most = np.divide(limits.cell_at_most * money, spend, out=np.full_like(spend, np.inf), where=spend > 0.0)
        ceiling = np.minimum(ceiling, most)
    ceiling = np.maximum(ceiling, floor)
    if limits.frozen is None:
        return floor, ceiling
    return np.where(limits.frozen, limits.present, floor), np.where(limits.frozen, limits.present, ceiling)
