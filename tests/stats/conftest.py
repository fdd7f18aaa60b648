"""The randomised NSW sample as moments and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from uplift.stats.moments import Moments

COVARIATES = ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Units of a two-arm trial, and the moments of the same rows."""

    y: NDArray[np.float64]
    arm: NDArray[np.int64]
    x: NDArray[np.float64]
    bare: Moments
    adjusted: Moments


@pytest.fixture(scope="session")
def nsw(data_file: Callable[[str], Path], make_moments: Callable[..., Moments]) -> Trial:
    """Return the 445 units of Dehejia and Wahba, on a grid of 1e-4 dollars."""
    path = data_file("lalonde/nsw_dw.csv")
    names = path.read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    rows = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=range(1, len(names)))
    column = dict(zip(names[1:], rows.T, strict=True))
    arm, y = column["treat"].astype(np.int64), column["re78"]
    covariates = {name: column[name] for name in COVARIATES}
    return Trial(
        y=y,
        arm=arm,
        x=np.column_stack(list(covariates.values())),
        bare=make_moments({"y": y}, arm, grid=1e-4),
        adjusted=make_moments({"y": y}, arm, covariates=covariates, grid=1e-4),
    )
