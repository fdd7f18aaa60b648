from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from uplift.stats.cells import CellMeans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from uplift.stats.moments import Moments

N_FOLDS = 20


@pytest.fixture(scope="session")
def make_means() -> Callable[..., CellMeans]:
    """Return the maker of cell means from arrays (G, A, M), outcomes independent unless a covariance is given."""

    def make(
        mean: ArrayLike,
        n: ArrayLike,
        outcomes: Sequence[str],
        *,
        variance: ArrayLike = 0.0,
        covariance: ArrayLike | None = None,
        stratum: ArrayLike | None = None,
        shared: ArrayLike | None = None,
    ) -> CellMeans:
        means, counts = np.asarray(mean, np.float64), np.asarray(n, np.int64)
        g, a, m = means.shape
        codes = np.arange(g) if stratum is None else np.asarray(stratum, np.int64)
        full = np.zeros((g, a, m, a, m))
        inner = np.broadcast_to(np.asarray(variance, np.float64), (g, a, m))[..., None] * np.eye(m)
        inner = inner if covariance is None else np.broadcast_to(np.asarray(covariance, np.float64), (g, a, m, m))
        full[:, np.arange(a), :, np.arange(a), :] = inner.transpose(1, 0, 2, 3)
        units = counts.sum(axis=1)
        return CellMeans(
            strata=tuple(f"s{i}" for i in range(int(codes.max()) + 1)),
            batches=("b0",),
            arms=("control", *(f"arm{k}" for k in range(1, a))),
            outcomes=tuple(outcomes),
            stratum=codes,
            batch=np.zeros(g, np.int64),
            n=counts,
            size=counts.astype(np.float64),
            mean=means,
            raw_mean=means,
            covariance=full,
            shared=np.zeros((0, g, a, m)) if shared is None else np.asarray(shared, np.float64),
            df=np.maximum(counts - 1.0, 0.0),
            shared_df=np.inf,
            weight=units / units.sum(),
            slopes=("none",) * g,
            covariates=(),
        )

    return make


@dataclass(frozen=True, slots=True, eq=False)
class FoldSums:
    """Counts (S, A, F), sums and sums of squares (S, A, M, F) of margin and cost: moments in floats, for speed.

    Stands in for ``Moments`` where thousands of worlds are drawn; a test holds it against the real one.
    """

    n: NDArray[np.int64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]

    @property
    def cells(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.n)

    def merge_folds(self, folds: Iterable[int]) -> FoldSums:
        kept = list(folds)
        return FoldSums(*(part[..., kept].sum(axis=-1, keepdims=True) for part in (self.n, self.total, self.square)))

    def usable(self) -> FoldSums:
        solid = self.n[..., 0] >= 2
        kept = solid & solid[:, :1] & solid[:, 1:].any(axis=1, keepdims=True)
        return FoldSums(
            self.n * kept[..., None], self.total * kept[..., None, None], self.square * kept[..., None, None]
        )


@pytest.fixture(scope="session")
def make_world() -> Callable[..., Moments]:
    """Return the maker of a world: units drawn in every cell, summed by fold.

    ``n``, ``margin`` and ``cost`` are (S, A): customers, and the means that they bring and cost; ``noise`` gets the
    cell of each customer and gives the rest of their margin. A treated customer costs twice the mean or nothing.
    """

    def make(
        n: ArrayLike,
        *,
        rng: np.random.Generator,
        margin: ArrayLike = 0.0,
        cost: ArrayLike = 0.0,
        noise: Callable[[NDArray[np.intp]], NDArray[np.float64]] | None = None,
    ) -> Moments:
        counts = np.asarray(n, np.int64)
        shape = (*counts.shape, N_FOLDS)
        cell = np.repeat(np.arange(counts.size), counts.reshape(-1))
        first = np.concatenate([[0], np.cumsum(counts.reshape(-1))[:-1]])
        place = cell * N_FOLDS + (np.arange(len(cell)) - first[cell]) % N_FOLDS
        rest = rng.normal(0.0, 30.0, len(cell)) if noise is None else noise(cell)
        spent = 2.0 * rng.integers(0, 2, len(cell)) * np.broadcast_to(cost, counts.shape).reshape(-1)[cell]
        columns = (np.broadcast_to(margin, counts.shape).reshape(-1)[cell] + rest, spent)

        def by_fold(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.bincount(place, values, minlength=counts.size * N_FOLDS).reshape(shape)

        sums = FoldSums(
            np.bincount(place, minlength=counts.size * N_FOLDS).reshape(shape),
            np.stack([by_fold(values) for values in columns], axis=2),
            np.stack([by_fold(values**2) for values in columns], axis=2),
        )
        return cast("Moments", sums)

    return make


@pytest.fixture(scope="session")
def adjust_world(make_means: Callable[..., CellMeans]) -> Callable[[Moments], CellMeans]:
    """Return the unadjusted means of a world's merged folds, margin and cost taken as uncorrelated."""

    def adjust(world: Moments) -> CellMeans:
        sums = cast("FoldSums", world)
        n = sums.n[..., 0]
        here = np.flatnonzero(n.sum(axis=1))
        count = np.maximum(n, 1)[..., None]
        mean = sums.total[..., 0] / count
        scatter = np.maximum(sums.square[..., 0] - count * mean**2, 0.0)
        variance = np.where(n[..., None] > 1, scatter / np.maximum(count - 1, 1) / count, 0.0)
        means = make_means(mean[here], n[here], ("margin", "cost"), variance=variance[here], stratum=here)
        return replace(means, strata=tuple(f"s{i}" for i in range(len(n))))

    return adjust
