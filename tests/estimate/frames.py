"""Frames for estimators that were not randomised."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from uplift.stats.frame import UnitFrame

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CONFOUNDERS = ("x0", "x1", "x2")


def make_frame(
    arm: NDArray[np.generic],
    columns: dict[str, NDArray[np.generic]],
    *,
    stratum: NDArray[np.int64] | None = None,
    categories: dict[str, tuple[str, ...]] | None = None,
) -> UnitFrame:
    n = len(arm)
    codes = np.zeros(n, np.int64) if stratum is None else stratum
    return UnitFrame(
        unit_id=np.array([f"u{i:07d}" for i in range(n)], object),
        arms=("control", "coupon"),
        strata=tuple(f"s{code}" for code in range(int(codes.max()) + 1)),
        arm=np.asarray(arm, np.int64),
        stratum=codes,
        columns={name: np.asarray(values, np.float64) for name, values in columns.items()},
        categories=categories or {},
        weight=np.ones(n),
    )


def confounded(rng: np.random.Generator, n: int, *, hidden: float = 0.0, effect: float = 2.0) -> UnitFrame:
    """Return units whose treatment and outcome both rise with x0 and x1, and with a hidden u; effects vary with x0."""
    x = rng.normal(size=(n, 3))
    u = rng.normal(size=n)
    logit = -1.0 + 0.5 * x[:, 0] + 0.5 * x[:, 1] + hidden * u
    treated = rng.random(n) < 1 / (1 + np.exp(-logit))
    tau = effect + 0.5 * x[:, 0]
    y = 10 + 2 * x[:, 0] + 2 * x[:, 1] + 3 * hidden * u + tau * treated + rng.normal(0, 2, n)
    return make_frame(treated, {**{name: x[:, j] for j, name in enumerate(CONFOUNDERS)}, "y": y, "tau": tau})


def read_lalonde(path: Path) -> UnitFrame:
    """Return the 614 men of MatchIt's data set."""
    rows = _rows(path)
    races = ("black", "hispan", "white")
    columns = {name: np.array([float(row[name]) for row in rows]) for name in LALONDE if name != "race"}
    columns["race"] = np.array([float(races.index(row["race"])) for row in rows])
    columns["re78"] = np.array([float(row["re78"]) for row in rows])
    arm = np.array([int(row["treat"]) for row in rows])
    return make_frame(arm, columns, categories={"race": races})


LALONDE = ("age", "educ", "race", "married", "nodegree", "re74", "re75")
NSW = ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75", "u74", "u75")


def read_nsw(path: Path) -> UnitFrame:
    """Return the 445 men of the randomised sample, with marks of those without earnings."""
    rows = _rows(path)
    columns = {name: np.array([float(row[name]) for row in rows]) for name in (*NSW[:8], "re78")}
    columns["u74"], columns["u75"] = ((columns[name] == 0).astype(np.float64) for name in ("re74", "re75"))
    return make_frame(np.array([int(float(row["treat"])) for row in rows]), columns)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
