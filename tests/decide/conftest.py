from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.stats.cells import CellMeans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike


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
