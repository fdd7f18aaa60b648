"""What every room's tests share: public data, moments from arrays, and one generator per test."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.stats.moments import BlockPlan, CellKeys, Column, Moments, sum_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """Return the finder of public data files; a test whose file is nowhere is skipped."""

    def find(name: str) -> Path:
        given = os.environ.get("UPLIFT_DATA")
        places = [Path(given)] if given else []
        for place in [*places, ROOT.parent / "shared" / "data"]:
            if (place / name).is_file():
                return place / name
        pytest.skip(f"{name} is neither in $UPLIFT_DATA nor in ../shared/data; docs/data.md says where to get it")

    return find


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator whose seed is the test's own id, so that seeds cannot be shopped for."""
    return np.random.default_rng(int(hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8], 16))


@pytest.fixture(scope="session")
def make_moments() -> Callable[..., Moments]:
    """Return the maker of moments with one block from columns in memory."""

    def make(
        outcomes: Mapping[str, ArrayLike],
        arm: ArrayLike,
        *,
        stratum: ArrayLike | None = None,
        batch: ArrayLike | None = None,
        fold: ArrayLike | None = None,
        covariates: Mapping[str, ArrayLike] | None = None,
        size: ArrayLike | None = None,
        grid: float = 1.0,
    ) -> Moments:
        arms = np.asarray(arm, np.int64)
        n = len(arms)
        keys = [np.zeros(n, np.int64) if key is None else np.asarray(key, np.int64) for key in (stratum, batch, fold)]
        extra = covariates or {}
        named = {**outcomes, **extra}
        columns = [Column("size", "size")]
        columns += [Column(name, "covariate" if name in extra else "outcome", grid) for name in named]
        integers = {
            name: np.rint(np.asarray(value, np.float64) / grid).astype(np.int64) for name, value in named.items()
        }
        integers["size"] = np.ones(n, np.int64) if size is None else np.asarray(size, np.int64)
        cell = CellKeys(
            _labels("s", keys[0]), _labels("b", keys[1]), _labels("a", arms), keys[0], keys[1], arms, keys[2]
        )
        return sum_arrays(integers, keys=cell, blocks=[BlockPlan("money", tuple(columns))])

    return make


def _labels(prefix: str, codes: NDArray[np.int64] | Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{prefix}{i}" for i in range(int(np.max(codes)) + 1))
