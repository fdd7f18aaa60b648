"""One difference-in-differences with covariates, right when the propensity or the trend model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.propensity import expit, fit_logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class Contrast2x2:
    """An estimate with the influence of every unit.

    Parameters
    ----------
    estimate
        In the unit of the outcome.
    influence : ndarray of float64, shape (n,)
        The estimate's error is their mean.
    """

    estimate: float
    influence: NDArray[np.float64]


def contrast_doubly_robust(
    change: NDArray[np.float64], treated: NDArray[np.float64], x: NDArray[np.float64]
) -> Contrast2x2:
    """Contrast the change of treated units with that of like untreated ones.

    Parameters
    ----------
    change : ndarray of float64, shape (n,)
        Outcome after minus before.
    treated : ndarray of float64, shape (n,)
        0 or 1.
    x : ndarray of float64, shape (n, p)
        Covariates with an intercept first.

    Returns
    -------
    Contrast2x2

    Raises
    ------
    EstimationError
        When the covariates tell the groups apart, or there are too few controls for them.

    References
    ----------
    Sant'Anna and Zhao (2020), J. Econometrics 219(1), section 2.2 (logit propensity, least squares among controls).
    """
    n, none = len(change), 1.0 - treated
    if none.sum() <= x.shape[1]:
        message = f"{int(none.sum())} controls for {x.shape[1]} terms; ask for fewer covariates or more controls"
        raise EstimationError(message)
    score = np.full(n, treated.mean())
    if x.shape[1] > 1:
        fit = fit_logit(x[:, 1:], treated, np.ones(n), names=tuple(f"covariate {j}" for j in range(1, x.shape[1])))
        score = np.minimum(expit(fit.predict(x[:, 1:])), _MOST)
    slopes = np.linalg.lstsq(x[none > 0], change[none > 0], rcond=None)[0]
    left = change - x @ slopes
    odds = score * none / (1.0 - score)
    mean_treated, mean_none = treated.mean(), odds.mean()
    value_treated = float((treated * left).mean() / mean_treated)
    value_none = float((odds * left).mean() / mean_none)
    # The parts of the estimate's error that come from the slopes and from the propensity.
    regression = (none[:, None] * x) * left[:, None] @ np.linalg.inv((x * none[:, None]).T @ x / n)
    logit = (treated - score)[:, None] * x @ np.linalg.inv((x * (score * (1.0 - score))[:, None]).T @ x / n)
    own = treated * (left - value_treated) - regression @ (treated[:, None] * x).mean(axis=0)
    of_logit = (odds[:, None] * (left - value_none)[:, None] * x).mean(axis=0)
    other = odds * (left - value_none) + logit @ of_logit - regression @ (odds[:, None] * x).mean(axis=0)
    return Contrast2x2(value_treated - value_none, own / mean_treated - other / mean_none)
