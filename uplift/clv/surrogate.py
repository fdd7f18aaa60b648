"""Surrogate index: what behaviour in the window says about value after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.stats.least_squares import dot, fit_least_squares, independent_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MOST_FEATURES = 15
OUTERMOST = 0.001


@dataclass(frozen=True, slots=True)
class SurrogateModel:
    """A linear index of residual value.

    Parameters
    ----------
    features
        Names of the features that were kept; ``p`` of them.
    coefficients
        Intercept, then one per feature: currency units of residual value per unit of the feature.
    covariance
        Rows of the heteroscedasticity-robust (HC1) covariance of the coefficients, (p + 1) x (p + 1).
    dropped
        Features that were constant or determined by the ones before them in the past cohort.
    df
        Residual degrees of freedom.
    n_units
        Units of the past cohort.
    r_squared
        Share of the residual value's variance that the index explains in the past cohort.
    cohort_start, cohort_end
        ISO moments: day 0 of the past cohort, and the end of its follow-up.
    means, deviations
        Mean and standard deviation of each kept feature in the past cohort.
    lowest, highest
        Range of each that holds all but the outermost thousandth on either side.
    """

    features: tuple[str, ...]
    coefficients: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    dropped: tuple[str, ...]
    df: int
    n_units: int
    r_squared: float
    cohort_start: str = ""
    cohort_end: str = ""
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    lowest: tuple[float, ...] = ()
    highest: tuple[float, ...] = ()

    def predict(self, known: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the index.

        Parameters
        ----------
        known
            Name to column, each of shape (n,); holds every name of ``features``.

        Returns
        -------
        ndarray of float, shape (n,)
            Expected residual value per unit, in the currency.
        """
        # Column by column, not by BLAS: the same bytes whatever the number of threads.
        n_units = max((len(known[name]) for name in self.features), default=1)
        index = np.full(n_units, self.coefficients[0])
        for name, slope in zip(self.features, self.coefficients[1:], strict=True):
            index += slope * np.asarray(known[name], dtype=np.float64)
        return index

    def loadings(self) -> NDArray[np.float64]:
        """Return independent unit-variance errors of the coefficients.

        Returns
        -------
        ndarray of float, shape (p + 1, p + 1)
            Rows ``l`` with ``sum(outer(l, l)) == covariance``: the error of ``c @ coefficients`` has the
            parts ``l @ c``.
        """
        values, vectors = np.linalg.eigh(np.asarray(self.covariance, dtype=np.float64))
        rows: NDArray[np.float64] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        return rows


def fit_surrogate(
    features: NDArray[np.float64],
    residual: NDArray[np.float64],
    *,
    names: Sequence[str],
    cohort_start: str = "",
    cohort_end: str = "",
) -> SurrogateModel:
    """Fit residual value on pre-declared surrogates by least squares.

    Parameters
    ----------
    features : ndarray of float, shape (n, q)
        At most 15 surrogates per unit of a past cohort; orders with and without a coupon apart.
    residual : ndarray of float, shape (n,)
        Realised value after the window per unit, discounted to the cohort's day 0, in the currency.
    names
        Names of the features, shape (q,). Where features determine each other the later is dropped, by
        the features alone.
    cohort_start, cohort_end
        ISO moments that say which cohort this is.

    Returns
    -------
    SurrogateModel

    Raises
    ------
    EstimationError
        When there are more than 15 features, or no more units than coefficients.

    Notes
    -----
    *Estimand*: E[residual | surrogates] in the past cohort, as its best linear approximation.

    *Assumptions*: surrogacy (the campaign acts on residual value through the surrogates only) and
    comparability (the same index holds for the past cohort). The variance of an effect on the index
    is V(effect) + c' V(coefficients) c, c the contrast of mean features.

    References
    ----------
    Athey, Chetty, Imbens and Kang (2019), NBER w26463. MacKinnon and White (1985), J. Econometrics 29.
    """
    if len(names) > MOST_FEATURES:
        message = f"features: {len(names)} surrogates, at most {MOST_FEATURES} are allowed; declare fewer"
        raise EstimationError(message)
    x = np.asarray(features, dtype=np.float64)
    kept = independent_columns(x)
    design = [np.ones(len(x)), *(x[:, j] for j in kept)]
    df = len(x) - len(design)
    if df < 1:
        message = f"features: {len(x)} units for {len(design)} coefficients; a longer past or a larger cohort is needed"
        raise EstimationError(message)
    fit = fit_least_squares(design, np.asarray(residual, dtype=np.float64))
    spread = dot(residual - residual.mean(), residual - residual.mean())
    return SurrogateModel(
        features=tuple(names[j] for j in kept),
        coefficients=tuple(fit.coefficients.tolist()),
        covariance=tuple(tuple(row) for row in fit.covariance.tolist()),
        dropped=tuple(name for j, name in enumerate(names) if j not in kept),
        df=df,
        n_units=len(x),
        r_squared=1 - dot(fit.residuals, fit.residuals) / spread if spread > 0 else 0.0,
        cohort_start=cohort_start,
        cohort_end=cohort_end,
        means=tuple(x[:, kept].mean(axis=0).tolist()),
        deviations=tuple(x[:, kept].std(axis=0).tolist()),
        lowest=tuple(np.quantile(x[:, kept], OUTERMOST, axis=0, method="inverted_cdf").tolist()),
        highest=tuple(np.quantile(x[:, kept], 1 - OUTERMOST, axis=0, method="inverted_cdf").tolist()),
    )
