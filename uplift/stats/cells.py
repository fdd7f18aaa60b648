"""Adjusted means per stratum and arm, with the covariance of everything that comes from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Target = Literal["sample", "population"]


@dataclass(frozen=True, slots=True, eq=False)
class CellMeans:
    """One mean per (stratum × batch) group, arm and outcome; every later number is a functional of it.

    Arrays are dense over arms; an arm that a group does not offer has ``n == 0`` and a zero mean.

    Parameters
    ----------
    strata, batches, arms, outcomes
        Labels; the control is the first arm. G groups, A arms, M outcomes.
    stratum, batch : ndarray of int64, shape (G,)
        Codes per group.
    n : ndarray of int64, shape (G, A)
        Independent rows (units or clusters).
    size : ndarray of float64, shape (G, A)
        Units.
    mean, raw_mean : ndarray of float64, shape (G, A, M)
        Adjusted and unadjusted mean per unit, in the unit of the outcome.
    covariance : ndarray of float64, shape (G, A, M, A, M)
        Covariance of ``mean`` within a group; groups are independent but for ``shared``.
    shared : ndarray of float64, shape (R, G, A, M)
        Loadings of R common unit-variance errors (a fitted value model): they add
        ``sum_r shared_r shared_r'`` to the covariance of all groups together.
    df : ndarray of float64, shape (G, A)
        Residual degrees of freedom.
    shared_df
        Degrees of freedom of the common errors.
    weight : ndarray of float64, shape (G,)
        Share of the population that each group stands for; sums to 1.
    slopes : tuple of str, length G
        Which rung of the ladder adjusted the group: ``cell``, ``common`` or ``none``.
    covariates
        What was adjusted for.
    """

    strata: tuple[str, ...]
    batches: tuple[str, ...]
    arms: tuple[str, ...]
    outcomes: tuple[str, ...]
    stratum: NDArray[np.int64]
    batch: NDArray[np.int64]
    n: NDArray[np.int64]
    size: NDArray[np.float64]
    mean: NDArray[np.float64]
    raw_mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    shared: NDArray[np.float64]
    df: NDArray[np.float64]
    shared_df: float
    weight: NDArray[np.float64]
    slopes: tuple[str, ...]
    covariates: tuple[str, ...]

    def outcome(self, name: str) -> int:
        """Return the position of an outcome.

        Raises
        ------
        EstimationError
            When it was not measured.
        """
        return _position(self.outcomes, name, "outcome")

    def arm(self, name: str) -> int:
        """Return the position of an arm.

        Raises
        ------
        EstimationError
            When there is no such arm.
        """
        return _position(self.arms, name, "arm")

    def only(self, outcomes: Sequence[str]) -> CellMeans:
        """Return the means of these outcomes alone, in this order."""
        keep = [self.outcome(name) for name in outcomes]
        return replace(
            self,
            outcomes=tuple(outcomes),
            mean=self.mean[..., keep],
            raw_mean=self.raw_mean[..., keep],
            covariance=self.covariance[:, :, keep][..., keep],
            shared=self.shared[..., keep],
        )

    def combined(self, sums: Mapping[str, Mapping[str, float]]) -> CellMeans:
        """Return the means of sums of outcomes.

        Parameters
        ----------
        sums
            Name of each sum to its terms: outcome to coefficient.
        """
        mix = np.zeros((len(self.outcomes), len(sums)))
        for column, terms in enumerate(sums.values()):
            for name, coefficient in terms.items():
                mix[self.outcome(name), column] = coefficient
        covariance = np.einsum("gambn,mp,nq->gapbq", self.covariance, mix, mix, optimize=True)
        return replace(
            self,
            outcomes=tuple(sums),
            mean=self.mean @ mix,
            raw_mean=self.raw_mean @ mix,
            covariance=covariance,
            shared=self.shared @ mix,
        )

    def weighted(self, totals: Mapping[str, float]) -> CellMeans:
        """Return the same means with strata weighted by ``totals`` (for example all eligible units).

        Within a stratum, batches keep the proportion of their units.
        """
        units = self.size.sum(axis=1)
        per_stratum = np.bincount(self.stratum, units, minlength=len(self.strata))
        wanted = np.array([float(totals[stratum]) for stratum in self.strata])
        ratio = np.divide(wanted, per_stratum, out=np.zeros_like(wanted), where=per_stratum > 0)
        weight = units * ratio[self.stratum]
        return replace(self, weight=weight / weight.sum())

    def with_shared(self, shared: NDArray[np.float64], df: float) -> CellMeans:
        """Return the same means with common errors of loadings ``shared``, shape (R, G, A, M)."""
        return replace(self, shared=shared, shared_df=df)


def _position(names: tuple[str, ...], name: str, what: str) -> int:
    if name not in names:
        message = f"{what} '{name}' is not among the {what}s measured: {', '.join(names)}"
        raise EstimationError(message)
    return names.index(name)


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Values of Q linear functionals with their joint covariance.

    Parameters
    ----------
    value : ndarray of float64, shape (Q,)
        Estimates.
    covariance : ndarray of float64, shape (Q, Q)
        Their covariance.
    df : ndarray of float64, shape (Q,)
        Satterthwaite degrees of freedom of each.
    """

    value: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: NDArray[np.float64]

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Square roots of the variances."""
        return np.sqrt(np.clip(np.diag(self.covariance), 0.0, None))


def evaluate(means: CellMeans, weights: NDArray[np.float64]) -> Estimates:
    """Evaluate linear functionals of adjusted means.

    Parameters
    ----------
    means
        Adjusted means.
    weights : ndarray of float64, shape (Q, G, A, M)
        Coefficients.

    Returns
    -------
    Estimates
        With df = (sum a)² / sum(a² / nu) over the cells' variance contributions a
        (Satterthwaite 1946).
    """
    q, g = weights.shape[:2]
    flat = weights.reshape(q, g, -1)
    value = np.einsum("qgam,gam->q", weights, means.mean)
    covariance = np.zeros((q, q))
    inner = means.covariance.reshape(g, flat.shape[2], flat.shape[2])
    for group in np.flatnonzero(np.any(flat != 0.0, axis=(0, 2))):
        covariance += flat[:, group] @ inner[group] @ flat[:, group].T
    common = np.einsum("qgam,rgam->qr", weights, means.shared)
    covariance += common @ common.T
    return Estimates(value, (covariance + covariance.T) / 2.0, _satterthwaite(means, weights, common))


def _satterthwaite(means: CellMeans, weights: NDArray[np.float64], common: NDArray[np.float64]) -> NDArray[np.float64]:
    n_arms = len(means.arms)
    own = means.covariance[:, np.arange(n_arms), :, np.arange(n_arms), :].transpose(1, 0, 2, 3)
    part = np.einsum("qgam,gamn,qgan->qga", weights, own, weights, optimize=True)
    shared = (common**2).sum(axis=1)
    known = means.df > 0
    spread = (part[:, known] ** 2 / means.df[known]).sum(axis=1)
    if np.isfinite(means.shared_df) and means.shared_df > 0:
        spread = spread + shared**2 / means.shared_df
    total = part.sum(axis=(1, 2)) + shared
    df = np.full(len(total), np.inf)
    np.divide(total**2, spread, out=df, where=spread > 0)
    return df
