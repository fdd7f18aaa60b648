"""Features as a learner takes them: a data frame with categories and missing values, or an array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.errors import EstimationError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Columns of features.

    Parameters
    ----------
    names
        One per column.
    columns
        Numbers as float64 with NaN for missing, shape (n,); categories as objects with None for missing.
    is_category
        One per column.
    """

    names: tuple[str, ...]
    columns: tuple[Any, ...]
    is_category: tuple[bool, ...]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def take(self, rows: slice) -> Features:
        """Return some of the rows."""
        return Features(self.names, tuple(column[rows] for column in self.columns), self.is_category)


def read_features(
    X: pd.DataFrame | ArrayLike,  # noqa: N803
    *,
    names: Sequence[str] | None = None,
    is_category: Sequence[bool] | None = None,
) -> Features:
    """Read features from a data frame or an array.

    Parameters
    ----------
    X : DataFrame or array-like, shape (n, p)
        Numbers, booleans, and in a data frame categories or text; missing values as NaN, NA or None.
    names
        Features that are expected, in this order; an array must have as many columns.
    is_category
        Which of them are categories (default: as their types say).

    Returns
    -------
    Features

    Raises
    ------
    MissingColumnError
        When a data frame lacks a name.
    EstimationError
        When X has another shape, or a column that is neither number nor category.
    """
    frame: Any = X
    if hasattr(frame, "to_pandas"):
        frame = frame.to_pandas()
    if hasattr(frame, "columns") and hasattr(frame, "dtypes"):
        return _read_frame(frame, names, is_category)
    if is_category is not None and any(is_category):
        first = list(is_category).index(True)
        message = f"X is an array, must be a data frame: feature {first} was a category when the learner was fitted"
        raise EstimationError(message)
    values = _to_floats(frame)
    given = tuple(names) if names is not None else tuple(f"x{j}" for j in range(values.shape[1]))
    if len(given) != values.shape[1]:
        message = f"X has {values.shape[1]} columns, must have {len(given)}: {', '.join(given)}"
        raise EstimationError(message)
    columns = tuple(np.ascontiguousarray(values[:, j]) for j in range(values.shape[1]))
    return Features(given, columns, (False,) * len(given))


def _to_floats(values: ArrayLike) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        message = (
            f"X is an array with values that are no numbers ({error}); give a data frame to use text as categories"
        )
        raise EstimationError(message) from error
    if array.ndim != 2:
        message = f"X has {array.ndim} dimensions, must have 2: rows and features"
        raise EstimationError(message)
    return array


def _read_frame(frame: pd.DataFrame, names: Sequence[str] | None, is_category: Sequence[bool] | None) -> Features:
    available = [str(name) for name in frame.columns]
    if len(set(available)) < len(available):
        twice = sorted({name for name in available if available.count(name) > 1})
        message = f"X has two columns named '{twice[0]}'; names must differ: rename one"
        raise EstimationError(message)
    wanted = tuple(names) if names is not None else tuple(available)
    for name in wanted:
        if name not in available:
            raise MissingColumnError.among(name, "X", available)
    series = [frame.iloc[:, available.index(name)] for name in wanted]
    kinds = is_category if is_category is not None else [_is_category(column) for column in series]
    columns = tuple(
        _read_category(column) if kind else _read_number(name, column)
        for name, column, kind in zip(wanted, series, kinds, strict=True)
    )
    return Features(wanted, columns, tuple(bool(kind) for kind in kinds))


def _is_category(column: pd.Series[Any]) -> bool:
    import pandas as pd

    kind = column.dtype
    if pd.api.types.is_object_dtype(kind):
        return pd.api.types.infer_dtype(column, skipna=True) not in _NUMERIC
    return isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_string_dtype(kind)


_NUMERIC = {"integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"}


def _read_category(column: pd.Series[Any]) -> NDArray[np.object_]:
    values = column.astype(object)
    return values.where(values.notna(), None).to_numpy(object)


def _read_number(name: str, column: pd.Series[Any]) -> NDArray[np.float64]:
    import pandas as pd

    kind = column.dtype
    numeric = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if numeric or (pd.api.types.is_object_dtype(kind) and not _is_category(column)):
        return column.to_numpy(np.float64, na_value=np.nan)
    message = f"column '{name}' of X is {kind}, must be numbers, or categories or text where it was fitted so"
    raise EstimationError(message)
