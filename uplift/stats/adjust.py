"""Regression-adjusted cell means from moments (Lin 2013), with the ladder for small cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.stats.cells import CellMeans
from uplift.stats.moments import triangle_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from uplift.stats.cells import Target
    from uplift.stats.moments import Block, Moments

SLOPE_UNITS = 10
"""A cell gets slopes of its own from ``SLOPE_UNITS * (p + 1)`` units on."""

RANK_TOLERANCE = 1e-9
"""Eigenvalue of a correlation matrix below which a direction is taken as absent."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Sums per (group, arm) as floats: ``n``, ``size``, means (G, A, p) and scatter (G, A, p, p).

    The scatter is of rows about ``mean * size``, so that clusters and units are one formula.
    """

    n: NDArray[np.int64]
    size: NDArray[np.float64]
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]
    overall: NDArray[np.float64]


def adjust_means(
    moments: Moments,
    *,
    block: str | None = None,
    outcomes: tuple[str, ...] | None = None,
    folds: Iterable[int] | None = None,
    target: Target = "sample",
) -> CellMeans:
    """Adjust the mean of every cell to the covariate mean of its stratum.

    Slopes are those of each cell where every arm of the stratum has at least 10 (p + 1) units; else common to
    all strata but of each arm, weighted to minimise the variance that is reported; else none. The choice
    depends on counts and covariates only, never on outcomes.

    Parameters
    ----------
    moments
        Sums per cell.
    block
        Which block (default the first).
    outcomes
        Which outcomes of the block (default all).
    folds
        Which folds (default all).
    target
        ``sample``: what the campaign did to these units. ``population``: adds the sampling
        error of the covariate means, for numbers that are projected.

    Returns
    -------
    CellMeans

    Raises
    ------
    EstimationError
        When a stratum has one arm only, or a cell fewer than two rows.

    Notes
    -----
    *Estimand*: mean outcome per assigned unit had the whole stratum been in the arm. *Assumptions*: random
    assignment within stratum × batch; no interference. The variance of a cell mean is
    ``s² (1/n + d' Sxx⁻¹ d)`` with d the distance of the arm's covariate mean from the stratum's
    and s² on n - 1 - rank degrees of freedom; without covariates it is Neyman's, equal to HC2.

    References
    ----------
    Lin, W. (2013). Agnostic notes on regression adjustments to experimental data. *Annals of
    Applied Statistics* 7(1). https://doi.org/10.1214/12-AOAS583
    """
    merged = moments.merge_folds(folds)
    chosen = merged.block(block)
    chosen = chosen if outcomes is None else chosen.select(outcomes)
    groups, group = np.unique(merged.cells[:, :2], axis=0, return_inverse=True)
    cells = _to_cells(chosen, group.reshape(-1), merged.cells[:, 2], (len(groups), len(moments.arms)))
    _refuse_thin(cells.n, [moments.strata[code] for code in groups[:, 0]], moments.arms)
    q = len(chosen.names("outcome"))
    weight = cells.size.sum(axis=1)
    weight = weight / weight.sum()
    fit = _fit(cells, q, weight, target)
    return CellMeans(
        strata=moments.strata,
        batches=moments.batches,
        arms=moments.arms,
        outcomes=chosen.names("outcome"),
        stratum=groups[:, 0],
        batch=groups[:, 1],
        n=cells.n,
        size=cells.size,
        mean=fit.mean,
        raw_mean=cells.mean[..., 1 : 1 + q],
        covariance=fit.covariance,
        shared=np.zeros((0, len(groups), len(moments.arms), q)),
        df=fit.df,
        shared_df=np.inf,
        weight=weight,
        slopes=fit.slopes,
        covariates=chosen.names("covariate"),
    )


def _to_cells(block: Block, group: NDArray[np.intp], arm: NDArray[np.int64], shape: tuple[int, int]) -> _Cells:
    """Turn exact integer sums into float means and scatter; the subtraction is done in integers."""
    p = len(block.columns)
    grid = np.array([column.grid for column in block.columns])
    total, cross = block.total, block.cross[:, triangle_index(p)]
    size = total[:, 0]
    empty = size == 0
    safe = np.where(empty, 1, size)
    with_size = cross[:, 0, :]
    outer = total[:, :, None] * total[:, None, :]
    mixed = total[:, :, None] * with_size[:, None, :]
    exact = (
        cross * (safe * safe)[:, None, None]
        - (mixed + mixed.transpose(0, 2, 1)) * safe[:, None, None]
        + outer * with_size[:, 0][:, None, None]
    )
    square = (safe * safe).astype(np.float64)
    scatter = exact.astype(np.float64) / square[:, None, None] * (grid[:, None] * grid[None, :])
    mean = total.astype(np.float64) / safe.astype(np.float64)[:, None] * grid
    by_group = np.zeros((shape[0], p), dtype=object)
    np.add.at(by_group, group, total)
    overall = by_group.astype(np.float64) / np.maximum(by_group[:, :1].astype(np.float64), 1.0) * grid
    filled = _Cells(
        n=np.zeros(shape, np.int64),
        size=np.zeros(shape),
        mean=np.zeros((*shape, p)),
        scatter=np.zeros((*shape, p, p)),
        overall=overall,
    )
    filled.n[group, arm] = block.n
    filled.size[group, arm] = size.astype(np.float64)
    filled.mean[group, arm] = mean
    filled.scatter[group, arm] = scatter
    return filled


def _refuse_thin(n: NDArray[np.int64], labels: list[str], arms: tuple[str, ...]) -> None:
    for row, label in zip(n, labels, strict=True):
        here = np.flatnonzero(row)
        if len(here) < 2:
            only = arms[here[0]] if len(here) else "none"
            message = (
                f"stratum '{label}' has units of one arm only ({only}); an effect needs two arms: "
                "merge it with a neighbour or leave it out"
            )
            raise EstimationError(message)
        thin = here[row[here] < 2]
        if len(thin):
            message = (
                f"stratum '{label}' has {row[thin[0]]} unit of arm '{arms[thin[0]]}'; a variance needs "
                "at least 2: merge it with a neighbour or leave it out"
            )
            raise EstimationError(message)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: NDArray[np.float64]
    slopes: tuple[str, ...]


def _fit(cells: _Cells, q: int, weight: NDArray[np.float64], target: Target) -> _Fit:
    g, a = cells.n.shape
    p = cells.mean.shape[2] - 1 - q
    outcome, covariate = slice(1, 1 + q), slice(1 + q, None)
    sxx, sxy = cells.scatter[..., covariate, covariate], cells.scatter[..., covariate, outcome]
    inverse, rank = _inverse(sxx)
    slopes, own = _choose_slopes(cells, weight, sxx, sxy, inverse)
    away = np.where((cells.n > 0)[..., None], cells.mean[..., covariate] - cells.overall[:, None, covariate], 0.0)
    mean = cells.mean[..., outcome] - np.einsum("gapm,gap->gam", slopes, away)
    fitted = np.einsum("gapm,gapn->gamn", slopes, sxy)
    curved = np.einsum("gapm,gapr,garn->gamn", slopes, sxx, slopes, optimize=True)
    residual = cells.scatter[..., outcome, outcome] - fitted - fitted.swapaxes(2, 3) + curved
    df = np.maximum(cells.n - 1.0 - np.where(own[:, None], rank, 0.0), 1.0) * (cells.n > 0)
    leverage = np.einsum("gap,gapr,gar->ga", away, inverse, away, optimize=True) * own[:, None]
    mean_size = np.divide(cells.size, cells.n, out=np.ones((g, a)), where=cells.n > 0)
    per_row = np.divide(1.0, cells.n * mean_size**2, out=np.zeros((g, a)), where=cells.n > 0)
    scale = np.divide(per_row + leverage, df, out=np.zeros((g, a)), where=df > 0)
    covariance = np.zeros((g, a, q, a, q))
    covariance[:, np.arange(a), :, np.arange(a), :] = (residual * scale[..., None, None]).transpose(1, 0, 2, 3)
    if target == "population" and p:
        covariance += _sampling(cells, slopes, covariate)
    labels = tuple("none" if p == 0 or not slopes[i].any() else "cell" if own[i] else "common" for i in range(g))
    return _Fit(mean, covariance, df, labels)


def _inverse(sxx: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pseudo-inverses and ranks, judged on the correlations of the covariates alone."""
    if sxx.shape[-1] == 0:
        return sxx, np.zeros(sxx.shape[:2])
    scale = np.sqrt(np.clip(np.diagonal(sxx, axis1=2, axis2=3), 0.0, None))
    scale = np.where(scale > 0, scale, 1.0)
    outer = scale[..., :, None] * scale[..., None, :]
    values, vectors = np.linalg.eigh(sxx / outer)
    kept = values > RANK_TOLERANCE * sxx.shape[-1]
    inverted = np.divide(1.0, values, out=np.zeros_like(values), where=kept)
    inverse = np.einsum("...ij,...j,...kj->...ik", vectors, inverted, vectors, optimize=True) / outer
    return inverse, kept.sum(axis=2).astype(np.float64)


def _choose_slopes(
    cells: _Cells,
    weight: NDArray[np.float64],
    sxx: NDArray[np.float64],
    sxy: NDArray[np.float64],
    inverse: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return slopes (G, A, p, q) and which groups have slopes of their own."""
    p = sxx.shape[-1]
    smallest = np.where(cells.n > 0, cells.n, np.iinfo(np.int64).max).min(axis=1)
    own = smallest >= SLOPE_UNITS * (p + 1)
    slopes = np.einsum("gapr,garm->gapm", inverse, sxy)
    if p == 0 or own.all():
        return slopes, own
    usable = cells.n > 1
    factor = np.divide(weight[:, None] ** 2, cells.n * (cells.n - 1.0), out=np.zeros(cells.n.shape), where=usable)
    common_xx = np.einsum("ga,gapr->apr", factor, sxx)
    common_xy = np.einsum("ga,gapm->apm", factor, sxy)
    common = np.einsum("apr,arm->apm", _inverse(common_xx[None])[0][0], common_xy)
    enough = cells.n.sum(axis=0) >= SLOPE_UNITS * (p + 1)
    common = np.where(enough[:, None, None], common, 0.0)
    return np.where(own[:, None, None, None], slopes, common[None]), own


def _sampling(cells: _Cells, slopes: NDArray[np.float64], covariate: slice) -> NDArray[np.float64]:
    """Return the covariance that the sampled covariate mean of a stratum adds to all its arms."""
    within = cells.scatter[..., covariate, covariate].sum(axis=1)
    units = cells.size.sum(axis=1)
    away = cells.mean[..., covariate] - cells.overall[:, None, covariate]
    between = np.einsum("ga,gap,gar->gpr", cells.size, away, away)
    spread = (within + between) / np.maximum(units - 1.0, 1.0)[:, None, None] / units[:, None, None]
    added: NDArray[np.float64] = np.einsum("gapm,gpr,gbrn->gambn", slopes, spread, slopes, optimize=True)
    return added
