"""Conditions of the spec as predicates of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.parse import parse_number, parse_text
from uplift.errors import DataError, MissingColumnError
from uplift.spec.condition import All, Among, Any_, Node, Not, Range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.data.engine import Expression
    from uplift.data.sources import RawTable
    from uplift.spec.condition import Scalar


def compile_condition(condition: Node, raw: RawTable, roles: Mapping[str, str]) -> Expression:
    """Return the predicate of a condition; a missing value meets no value and no range.

    Parameters
    ----------
    condition
        As the spec parsed it.
    raw
        The table whose rows are asked.
    roles
        Role of a column to its name; a key of the condition is a role or a column.

    Raises
    ------
    MissingColumnError
        When a key is neither.
    DataError
        When a range is asked of a column without numbers.
    """
    import ibis

    match condition:
        case All(parts):
            return ibis.and_(*(compile_condition(part, raw, roles) for part in parts))
        case Any_(parts):
            return ibis.or_(*(compile_condition(part, raw, roles) for part in parts))
        case Not(part):
            return ~compile_condition(part, raw, roles)
        case Among(key, values):
            return _among(raw, _column(key, raw, roles), values).fill_null(False)  # noqa: FBT003 - Ibis
        case Range():
            return _within(raw, _column(condition.key, raw, roles), condition).fill_null(False)  # noqa: FBT003 - Ibis


def _column(key: str, raw: RawTable, roles: Mapping[str, str]) -> str:
    name = roles.get(key, key)
    if name not in raw.columns:
        raise MissingColumnError.among(name, f"{raw.name}, named by a condition", raw.columns)
    return name


def _among(raw: RawTable, name: str, values: Sequence[Scalar]) -> Expression:
    return parse_text(raw, name).isin(list(dict.fromkeys(_spelt(value) for value in values)))


def _spelt(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _within(raw: RawTable, name: str, limits: Range) -> Expression:
    import ibis

    try:
        number = parse_number(raw, name).value
    except DataError as error:
        message = f"{raw.name}: the range asked of column '{name}' needs numbers: {error}"
        raise DataError(message) from error
    bounds = (
        None if limits.min is None else number >= limits.min,
        None if limits.max is None else number <= limits.max,
        None if limits.above is None else number > limits.above,
        None if limits.below is None else number < limits.below,
    )
    return ibis.and_(*(bound for bound in bounds if bound is not None))
