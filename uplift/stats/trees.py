"""Boosted trees on columns: a mean or a probability, the same bytes whatever the row order and the threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError, MissingDependencyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import ModuleType

    from numpy.typing import NDArray

Objective = Literal["mean", "positive_mean", "log_mean", "probability"]
OBJECTIVES: Mapping[Objective, str] = {
    "mean": "regression",
    "positive_mean": "gamma",
    "log_mean": "tweedie",
    "probability": "binary",
}
SCORED_AT_ONCE = 200_000
ALONE_BELOW = 50_000
"""Rows below which one thread does the work: more wait for each other longer than they help."""

_END_OF_TREES = "\nparameters:"


@dataclass(frozen=True, slots=True)
class TreeRules:
    """How boosted trees grow.

    Parameters
    ----------
    n_rounds
        Trees.
    learning_rate
        Share of each tree's step that is taken.
    n_leaves
        Leaves of a tree, at most.
    min_leaf
        Units in a leaf, at least.
    max_units
        Units of the fit, at most; of more units a sample by a hash of their rows is taken.
    """

    n_rounds: int = 150
    learning_rate: float = 0.05
    n_leaves: int = 8
    min_leaf: int = 50
    max_units: int = 200_000


@dataclass(frozen=True, slots=True)
class Trees:
    """Fitted boosted trees.

    Parameters
    ----------
    objective
        ``mean``, ``positive_mean`` or ``log_mean`` (both above 0, steps multiply) or ``probability``.
    features
        Names of the columns, by code point.
    categorical
        Which of them are codes of categories.
    base
        The prediction without a tree: the target's mean.
    n_units
        Units of the fit.
    text
        The trees in LightGBM's own form; empty when the target did not vary.
    """

    objective: Objective
    features: tuple[str, ...]
    categorical: tuple[str, ...]
    base: float
    n_units: int
    text: str = field(repr=False)

    def predict(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the prediction.

        Parameters
        ----------
        features
            Name to column, each of shape (n,), NaN where unknown; holds every name of ``features``.

        Returns
        -------
        ndarray of float64, shape (n,)
            In the unit of the target; a probability for ``probability``.

        Raises
        ------
        UsageError
            When a column is missing or has another shape.
        """
        lacking = [name for name in self.features if name not in features]
        if lacking:
            message = f"features: '{lacking[0]}' is missing; the trees were grown on {', '.join(self.features)}"
            raise UsageError(message)
        columns = _columns(features, self.features, self.categorical)
        out = np.full(len(columns[0]), self.base)
        if not self.text:
            return out
        booster = _lightgbm().Booster(model_str=self.text)
        for start in range(0, len(out), SCORED_AT_ONCE):
            rows = slice(start, start + SCORED_AT_ONCE)
            matrix = np.column_stack([column[rows] for column in columns])
            out[rows] = booster.predict(matrix, num_threads=_threads(matrix))
        return out


def fit_trees(
    features: Mapping[str, NDArray[np.float64]],
    target: NDArray[np.float64],
    *,
    objective: Objective = "mean",
    categorical: Collection[str] = (),
    rules: TreeRules | None = None,
    seed: int = 0,
) -> Trees:
    """Grow boosted trees for a target.

    Parameters
    ----------
    features
        Name to column, each of shape (n,): numbers with NaN where unknown, or codes of categories from 0 on
        with a negative code where unknown.
    target : ndarray of float64, shape (n,)
        What is predicted; 0 or 1 for ``probability``, not negative for ``log_mean``, above 0 for
        ``positive_mean``.
    objective
        What the trees predict.
    categorical
        Names of the columns that hold codes.
    rules
        How the trees grow.
    seed
        Of the sample of units, where there are more than ``rules.max_units``.

    Returns
    -------
    Trees

    Raises
    ------
    UsageError
        When columns differ in shape, are infinite, or a categorical name is no feature.
    EstimationError
        When the target is not finite or does not fit the objective.
    MissingDependencyError
        When LightGBM is not installed.

    Notes
    -----
    Rows are put into the order of a hash of their content first, so that neither their order, nor the order of
    the columns, nor the number of threads changes a bit of the trees.

    References
    ----------
    Ke, G. et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. *NeurIPS* 30.
    """
    chosen = rules or TreeRules()
    names = tuple(sorted(features))
    codes = tuple(sorted(categorical))
    columns = _columns(features, names, codes)
    y = _target(target, objective, len(columns[0]))
    # By the place of the target among its values, so that a sample is the same in any currency.
    place = np.unique(y, return_inverse=True)[1].astype(np.float64)
    order = hash_order([*columns, place], seed=seed)[: chosen.max_units]
    y = y[order]
    if y.min() == y.max():
        return Trees(objective, names, codes, float(y[0]), len(y), "")
    matrix = np.column_stack([column[order] for column in columns])
    text = _grow(matrix, y, objective, [names.index(code) for code in codes], chosen)
    return Trees(objective, names, codes, float(y.mean()), len(y), text)


def hash_order(columns: Collection[NDArray[np.float64]], *, seed: int) -> NDArray[np.intp]:
    """Return the order of rows by a hash of their content.

    Parameters
    ----------
    columns
        Each of shape (n,).
    seed
        Another seed, another order.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions; rows of equal content are interchangeable, and spread over the order like others.
    """
    n_rows = len(next(iter(columns)))
    state = _mix(np.full(n_rows, seed % 2**63, dtype=np.uint64))
    for column in columns:
        state = _mix(state ^ _bits(column))
    order = np.argsort(state, kind="stable")
    ordered = state[order]
    fresh = np.r_[True, ordered[1:] != ordered[:-1]]
    if fresh.all():
        return order
    first = np.maximum.accumulate(np.where(fresh, np.arange(n_rows), 0))
    repeat = (np.arange(n_rows) - first).astype(np.uint64)
    return order[np.argsort(_mix(ordered ^ _mix(repeat)), kind="stable")]


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _bits(column: NDArray[np.float64]) -> NDArray[np.uint64]:
    plain = np.where(np.isnan(column), np.nan, column + 0.0)
    return np.ascontiguousarray(plain, dtype=np.float64).view(np.uint64)


def _columns(
    features: Mapping[str, NDArray[np.float64]], names: tuple[str, ...], categorical: tuple[str, ...]
) -> list[NDArray[np.float64]]:
    if not names:
        message = "features: none given; at least one column is needed"
        raise UsageError(message)
    stray = [name for name in categorical if name not in names]
    if stray:
        message = f"categorical: '{stray[0]}' is no feature; features are {', '.join(names)}"
        raise UsageError(message)
    columns = [np.asarray(features[name], dtype=np.float64) for name in names]
    for name, column in zip(names, columns, strict=True):
        if column.shape != (len(columns[0]),) or column.ndim != 1:
            message = f"features[{name!r}]: has shape {column.shape}, must have shape ({len(columns[0])},) as the first"
            raise UsageError(message)
        if np.isinf(column).any():
            message = f"features[{name!r}]: holds an infinite value; give NaN where the number is unknown"
            raise UsageError(message)
    return [
        np.where(column < 0, np.nan, column) if name in categorical else column
        for name, column in zip(names, columns, strict=True)
    ]


def _target(target: NDArray[np.float64], objective: Objective, n_units: int) -> NDArray[np.float64]:
    y = np.asarray(target, dtype=np.float64)
    if y.shape != (n_units,) or n_units == 0:
        message = f"target: has shape {y.shape}, must have shape ({n_units},) as the features, and at least one unit"
        raise UsageError(message)
    allowed = {
        "mean": np.isfinite(y),
        "positive_mean": (y > 0) & np.isfinite(y),
        "log_mean": (y >= 0) & np.isfinite(y),
        "probability": (y == 0) | (y == 1),
    }[objective]
    if not allowed.all():
        rule = {"mean": "finite", "positive_mean": "above 0", "log_mean": "at least 0", "probability": "0 or 1"}
        message = (
            f"target: {y[~allowed][0]}, must be {rule[objective]} for the objective '{objective}'; choose another one"
        )
        raise EstimationError(message)
    return y


def _grow(
    matrix: NDArray[np.float64], y: NDArray[np.float64], objective: Objective, codes: list[int], rules: TreeRules
) -> str:
    lightgbm = _lightgbm()
    parameters = {
        "objective": OBJECTIVES[objective],
        "learning_rate": rules.learning_rate,
        "num_leaves": rules.n_leaves,
        "min_data_in_leaf": rules.min_leaf,
        "bin_construct_sample_cnt": rules.max_units,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _threads(matrix),
        "verbosity": -1,
    }
    data = lightgbm.Dataset(matrix, y, categorical_feature=codes, params={"verbosity": -1})
    booster = lightgbm.train(parameters, data, num_boost_round=rules.n_rounds)
    return str(booster.model_to_string()).split(_END_OF_TREES)[0] + "\n"


def _threads(matrix: NDArray[np.float64]) -> int:
    """Return 1 for few rows, and 0, as many as there are, for more; the trees are the same."""
    return 1 if len(matrix) < ALONE_BELOW else 0


def _lightgbm() -> ModuleType:
    try:
        import lightgbm
    except ImportError as error:
        raise MissingDependencyError.of("lightgbm", "boosted trees") from error
    return lightgbm
