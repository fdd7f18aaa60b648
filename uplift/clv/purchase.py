"""Maximum likelihood of the purchase models, and what their two estimators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from uplift.clv.cells import MAX_CELLS, PurchaseCells, coarsen_cells, make_cells
from uplift.clv.dropout import Dropout, evaluate_dropout
from uplift.clv.lifetime import EXTRA_CHANCES, PurchaseModel
from uplift.clv.newton import maximize
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from uplift.clv.lifetime import PurchaseKind
    from uplift.clv.newton import Maximum, Peak

NAMES = ("r", "alpha", "a", "b")
TITLES: dict[PurchaseKind, str] = {"bgnbd": "BG/NBD", "mbgnbd": "MBG/NBD"}
COARSE_CELLS, MIDDLE_CELLS = 2_000, 20_000
_STARTS = ((0.5, 1.0, 3.0), (1.5, 0.5, 8.0), (5.0, 2.0, 2.0))


def fit_purchases(cells: PurchaseCells, *, kind: PurchaseKind) -> PurchaseModel:
    """Fit a purchase model to cells.

    Parameters
    ----------
    cells
        Distinct histories and the customers with each, from ``make_cells`` or from one GROUP BY in the engine.
    kind
        ``bgnbd`` or ``mbgnbd``.

    Returns
    -------
    PurchaseModel

    Raises
    ------
    EstimationError
        When nobody ordered twice, all ages are 0, or the likelihood has no maximum.
    """
    if not (cells.frequency > 0).any() or not (cells.age > 0).any():
        message = f"{TITLES[kind]}: nobody ordered again; at least some customers must have a repeat order to fit it"
        raise EstimationError(message)
    # A part of the cells gives the scale at which coarser cells do no harm, and the start.
    start = _start(_every(cells, len(cells.weight) // MAX_CELLS + 1), kind)
    top = _climb(coarsen_cells(cells, max_cells=MAX_CELLS, scale=float(start[1])), start, kind)
    r, alpha, a, b = top.parameters.tolist()
    covariance = tuple(tuple(row) for row in top.covariance.tolist())
    n_units = round(float(np.sum(cells.weight)))
    return PurchaseModel(kind, r, alpha, a, b, top.value, covariance, n_units)


def _climb(cells: PurchaseCells, start: NDArray[np.float64], kind: PurchaseKind) -> Maximum:
    def evaluate(parameters: NDArray[np.float64]) -> Peak:
        r, alpha, a, b = parameters.tolist()
        return evaluate_dropout(Dropout(r, alpha, a, b, EXTRA_CHANCES[kind]), cells)

    return maximize(evaluate, start, names=NAMES, what=TITLES[kind])


def _every(cells: PurchaseCells, stride: int) -> PurchaseCells:
    if stride == 1:
        return cells
    columns = (cells.frequency, cells.recency, cells.age, cells.weight)
    return PurchaseCells(*(column[::stride] for column in columns))


def _typical_alpha(cells: PurchaseCells) -> float:
    mean_age, mean_orders = (np.sum(part * cells.weight) for part in (cells.age, cells.frequency))
    return float(mean_age / (np.sum(cells.weight) + mean_orders))


def _start(cells: PurchaseCells, kind: PurchaseKind) -> NDArray[np.float64]:
    """Climb a coarse likelihood from several starts, and a finer one from the best of their tops."""
    scale = _typical_alpha(cells)
    middle = coarsen_cells(cells, max_cells=MIDDLE_CELLS, scale=scale)
    coarse = coarsen_cells(middle, max_cells=COARSE_CELLS, scale=scale)
    starts = [np.array([r, 2 * r * scale, a, b]) for r, a, b in _STARTS]
    tops = []
    for start in starts:
        try:
            tops.append(_climb(coarse, start, kind))
        except EstimationError:
            continue
    if not tops:
        return starts[0]
    best = max(tops, key=lambda top: top.value).parameters
    return best if middle is cells else _climb(middle, best, kind).parameters


class PurchaseEstimator:
    """What the BG/NBD and the MBG/NBD estimators share: the fit, and the parameters under their own names.

    Attributes
    ----------
    parameters_
        The fitted model, which predicts.
    r_, alpha_, a_, b_, log_likelihood_
        Its parameters, and the log-likelihood at them.
    std_errors_
        Standard errors of (r, alpha, a, b), shape (4,), from the observed information.
    """

    kind: ClassVar[PurchaseKind]
    parameters_: PurchaseModel
    r_: float
    alpha_: float
    a_: float
    b_: float
    log_likelihood_: float
    std_errors_: NDArray[np.float64]

    def fit(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, weights: ArrayLike | None = None
    ) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        frequency, recency, age : array_like, shape (n,)
            Repeat purchase days (0 is kept); time from the first purchase to the last, and to now, in any one unit.
        weights : array_like, shape (n,), optional
            Customers that a row stands for; 1 when not given.

        Returns
        -------
        Self

        Raises
        ------
        EstimationError
            When the histories are not such, nobody ordered again, or the likelihood has no maximum.
        """
        cells = make_cells(frequency, recency, age, weights=weights)
        model = fit_purchases(cells, kind=self.kind)
        self.parameters_ = model
        self.r_, self.alpha_, self.a_, self.b_ = model.r, model.alpha, model.a, model.b
        self.log_likelihood_ = model.log_likelihood
        self.std_errors_ = model.std_errors()
        return self
