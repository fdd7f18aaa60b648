"""Features as bytes: quantile bins of numbers, codes of categories, and a bin of their own for missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.learn.features import Features

MISSING = 255
"""Bin of a missing value; values take 0 to 254."""

MAX_BINS = 255
MAX_FEATURES = 65_535


@dataclass(frozen=True, slots=True, eq=False)
class NumberBins:
    """Bins of a number.

    Parameters
    ----------
    edges : ndarray of float64, shape (n_values - 1,)
        A value v has bin ``sum(edges < v)``; infinities are values like any other.
    """

    edges: NDArray[np.float64]

    @property
    def n_values(self) -> int:
        """Number of bins, that of missing values not counted."""
        return len(self.edges) + 1


@dataclass(frozen=True, slots=True, eq=False)
class CategoryBins:
    """Bins of a category.

    Parameters
    ----------
    codes
        Label to bin; the most frequent labels where there are more than bins.
    other
        Bin of all rarer labels and of those never seen; the missing bin where no label was pooled.
    n_values
        Number of bins, that of missing values not counted.
    """

    codes: Mapping[object, int]
    other: int
    n_values: int


@dataclass(frozen=True, slots=True, eq=False)
class Binning:
    """How features become bytes.

    Parameters
    ----------
    names
        Features in the order of fitting.
    columns
        Bins per feature.
    has_missing : ndarray of bool, shape (p,)
        Whether the feature had missing values when it was binned.
    """

    names: tuple[str, ...]
    columns: tuple[NumberBins | CategoryBins, ...]
    has_missing: NDArray[np.bool_]

    @property
    def n_values(self) -> NDArray[np.int64]:
        """Bins per feature without the missing one, shape (p,)."""
        return np.array([column.n_values for column in self.columns], np.int64)

    @property
    def is_category(self) -> NDArray[np.bool_]:
        """Which features are categories, shape (p,)."""
        return np.array([isinstance(column, CategoryBins) for column in self.columns], np.bool_)

    def apply(self, features: Features) -> NDArray[np.uint8]:
        """Return the bins of rows.

        Parameters
        ----------
        features
            Features with the names of this binning, in its order.

        Returns
        -------
        ndarray of uint8, shape (n, p)
        """
        binned = np.empty((features.n_rows, len(self.columns)), np.uint8)
        for j, (column, values) in enumerate(zip(self.columns, features.columns, strict=True)):
            binned[:, j] = _code_numbers(column, values) if isinstance(column, NumberBins) else _code(column, values)
        return binned


def fit_bins(features: Features, *, n_bins: int = MAX_BINS) -> Binning:
    """Choose the bins of every feature.

    A number that takes at most ``n_bins`` values keeps them all. Otherwise a value that would fill a bin by
    itself gets one, and the rest is cut into bins of equal counts.

    Parameters
    ----------
    features
        Rows to learn from.
    n_bins
        At most so many bins a feature, 2 to 255.

    Returns
    -------
    Binning

    Raises
    ------
    EstimationError
        When there are more features or bins than a byte or two can count.
    """
    if not 2 <= n_bins <= MAX_BINS:
        message = f"n_bins == {n_bins}, must be from 2 to {MAX_BINS}"
        raise EstimationError(message)
    if not 1 <= len(features.names) <= MAX_FEATURES:
        message = f"X has {len(features.names)} features, must have from 1 to {MAX_FEATURES}: choose the features"
        raise EstimationError(message)
    columns: list[NumberBins | CategoryBins] = []
    missing = np.zeros(len(features.names), np.bool_)
    for j, (values, is_category) in enumerate(zip(features.columns, features.is_category, strict=True)):
        if is_category:
            known = [value for value in values if value is not None]
            columns.append(_fit_categories(known, n_bins))
        else:
            known = values[~np.isnan(values)]
            columns.append(NumberBins(_choose_edges(known, n_bins)))
        missing[j] = len(known) < len(values)
    return Binning(features.names, tuple(columns), missing)


def _choose_edges(values: NDArray[np.float64], n_bins: int) -> NDArray[np.float64]:
    ordered = np.sort(values)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.zeros(0, int)
    if len(starts) < 2:
        return np.zeros(0)
    distinct, counts = ordered[starts], np.diff(starts, append=len(ordered))
    last = np.arange(len(distinct) - 1) if len(distinct) <= n_bins else _cut_counts(counts, n_bins)
    lower, upper = distinct[last], distinct[last + 1]
    with np.errstate(over="ignore", invalid="ignore"):
        middle = lower + (upper - lower) / 2
    return np.where(np.isfinite(middle) & (middle < upper), middle, lower)


def _cut_counts(counts: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    """Return the last value of each bin but the last; the aim shrinks to what is left after a heavy value."""
    upto = np.cumsum(counts)
    cuts: list[int] = []
    done = 0
    for left in range(n_bins, 1, -1):
        aim = done + (upto[-1] - done) / left
        at = int(np.searchsorted(upto, aim))
        first = cuts[-1] + 1 if cuts else 0
        if at > first and counts[at] > (upto[-1] - done) / left:
            at -= 1
        if at >= len(counts) - 1:
            break
        cuts.append(at)
        done = int(upto[at])
    return np.array(cuts, np.int64)


def _fit_categories(known: Sequence[object], n_bins: int) -> CategoryBins:
    counted: dict[object, int] = {}
    for label in known:
        counted[label] = counted.get(label, 0) + 1
    ranked = sorted(counted, key=lambda label: (-counted[label], str(label)))
    if len(ranked) <= n_bins:
        kept = sorted(ranked, key=str)
        return CategoryBins({label: code for code, label in enumerate(kept)}, MISSING, max(len(kept), 1))
    kept = sorted(ranked[: n_bins - 1], key=str)
    return CategoryBins({label: code for code, label in enumerate(kept)}, n_bins - 1, n_bins)


def _code_numbers(column: NumberBins, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    binned = np.searchsorted(column.edges, values).astype(np.uint8)
    binned[np.isnan(values)] = MISSING
    return binned


def _code(column: CategoryBins, values: Sequence[object]) -> NDArray[np.uint8]:
    codes = {None: MISSING, **column.codes}
    return np.fromiter((codes.get(value, column.other) for value in values), np.uint8, len(values))
