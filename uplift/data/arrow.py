"""Arrow columns to NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from uplift.data.columns import Array


_HEAD = 1024


def to_numpy(column: pa.ChunkedArray) -> Array:
    """Return a column as float64, int64, bool, datetime64[us], or object holding text and None.

    Whole numbers and flags with missing values become floats and objects.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_boolean(kind):
        flags: Array = column.to_numpy()
        return flags if column.null_count else flags.astype(bool)
    if pa.types.is_integer(kind) and not column.null_count:
        return np.asarray(column.to_numpy(), np.int64)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), np.float64)
    if pa.types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    if pa.types.is_temporal(kind) and not pa.types.is_time(kind):
        return np.asarray(column.cast(pa.timestamp("us"), safe=False).to_numpy(), "datetime64[us]")
    return _texts(column.cast(pa.string()))


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    # Levels that come again and again share one object each; ids would only pay for being looked up.
    head = column.slice(0, _HEAD)
    if len(column) <= _HEAD or len(head.unique()) > _HEAD // 2:
        return np.asarray(column.to_numpy(), object)
    coded = column.combine_chunks().dictionary_encode()
    levels = np.array([*coded.dictionary.to_pylist(), None], object)
    found: NDArray[np.object_] = levels[coded.indices.fill_null(-1).to_numpy()]
    return found


def label_texts(values: Array) -> Array:
    """Return levels as text, shape (n,): whole numbers without a point, ``true``/``false``, None for missing."""
    if values.dtype.kind in "OSU":
        distinct = {value: _label(value) for value in set(values.tolist())}
        return np.array([distinct[value] for value in values.tolist()], object)
    levels, place = np.unique(values, return_inverse=True)
    return np.array([_label(value) for value in levels.tolist()], object)[place]


def _label(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def label_text(value: object) -> str:
    """Return one level as text, as :func:`label_texts` spells it."""
    return _label(value) or ""


def numbers(values: Array, what: str) -> NDArray[np.float64]:
    """Return a column as finite numbers, shape (n,).

    Raises
    ------
    DataError
        Naming the column, and how many values are missing, infinite or no numbers.
    """
    if values.dtype.kind not in "iufb" and not _are_flags(values):
        message = f"{what}: holds {'times' if values.dtype.kind == 'M' else 'text'}, must hold numbers"
        raise DataError(message)
    found = (
        np.array([np.nan if value is None else value for value in values], np.float64)
        if (values.dtype.kind == "O")
        else values.astype(np.float64)
    )
    missing = int(np.isnan(found).sum())
    if missing:
        message = (
            f"{what}: {missing} of {len(found)} values are missing (NaN); write 0 where nothing happened, "
            "or leave those units out and say so: who is missing may depend on the arm"
        )
        raise DataError(message)
    infinite = int(np.isinf(found).sum())
    if infinite:
        message = f"{what}: {infinite} of {len(found)} values are infinite; every value must be a finite number"
        raise DataError(message)
    return found


def _are_flags(values: Array) -> bool:
    return values.dtype.kind == "O" and all(value is None or isinstance(value, (bool, np.bool_)) for value in values)
