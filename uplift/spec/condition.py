"""The one grammar of conditions: parse to frozen values, list the keys, evaluate on columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainValidator, WithJsonSchema

from uplift.errors import DataError
from uplift.spec.base import refusals
from uplift.spec.fields import shown

Scalar = str | int | float | bool
Part = tuple[tuple[str | int, ...], str, str]
_BOUNDS = ("min", "max", "above", "below")


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; true of every row when there is none."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Among:
    """The key has one of the values; a level is given by id or by any of its names."""

    key: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The key lies in ``min <= x <= max`` and ``above < x < below``; None is no limit."""

    key: str
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None


Node = All | Any_ | Not | Among | Range


def parse_condition(value: object) -> Node:
    """Return the condition that a mapping writes.

    Parameters
    ----------
    value
        Mapping from a key to a value, a list of values or ``{min, max, above, below}``; entries are *and*,
        ``any_of: [...]`` is *or*, ``not: {...}``. A parsed condition is returned as it is.

    Returns
    -------
    Node
        The parsed condition.

    Raises
    ------
    PydanticCustomError
        With every part that is not of the grammar.
    """
    if isinstance(value, (All, Any_, Not, Among, Range)):
        return value
    found: list[Part] = []
    node = _mapping(value, (), found)
    if found:
        raise refusals(found)
    return node


def keys(condition: Node) -> tuple[str, ...]:
    """Return the keys that a condition reads, each once, in the order written."""
    match condition:
        case All(parts) | Any_(parts):
            return tuple(dict.fromkeys(key for part in parts for key in keys(part)))
        case Not(part):
            return keys(part)
        case Among(key=key) | Range(key=key):
            return (key,)


def with_levels(condition: Node, level_of: Mapping[str, Callable[[str], str | None]]) -> Node:
    """Return the condition with each level written by its id.

    Parameters
    ----------
    condition
        Parsed condition.
    level_of
        Axis to a function from an id or a name in any language to the level's id, None when there is none.

    Returns
    -------
    Node
        The same condition; values of keys that are no axis, and texts that name no level, stay as they are.
    """
    match condition:
        case All(parts):
            return All(tuple(with_levels(part, level_of) for part in parts))
        case Any_(parts):
            return Any_(tuple(with_levels(part, level_of) for part in parts))
        case Not(part):
            return Not(with_levels(part, level_of))
        case Among(key, values) if key in level_of:
            return Among(key, tuple(level_of[key](str(value)) or value for value in values))
        case _:
            return condition


def evaluate(condition: Node, columns: Mapping[str, NDArray[np.generic]]) -> NDArray[np.bool_]:
    """Tell which rows meet a condition.

    Parameters
    ----------
    condition
        Parsed condition.
    columns
        Key to array of shape (n,); at least one, so that n is known.

    Returns
    -------
    NDArray[bool]
        Shape (n,). A null or NaN never matches a value or a range; ``not`` turns the answer round.

    Raises
    ------
    DataError
        When a key is not among the columns, or a range is asked of a column that holds no numbers.
    """
    match condition:
        case All(parts):
            held = np.ones(_length(columns), dtype=np.bool_)
            for part in parts:
                held &= evaluate(part, columns)
            return held
        case Any_(parts):
            held = np.zeros(_length(columns), dtype=np.bool_)
            for part in parts:
                held |= evaluate(part, columns)
            return held
        case Not(part):
            return ~evaluate(part, columns)
        case Among(key, values):
            return _among(_column(key, columns), values)
        case Range():
            return _within(condition, _column(condition.key, columns))


def plain(condition: Node) -> dict[str, object]:
    """Return a condition as plain data with one spelling, for hashing and for showing."""
    match condition:
        case All(parts):
            return {"all_of": [plain(part) for part in parts]}
        case Any_(parts):
            return {"any_of": [plain(part) for part in parts]}
        case Not(part):
            return {"not": plain(part)}
        case Among(key, values):
            return {"key": key, "values": list(values)}
        case Range():
            limits = {bound: getattr(condition, bound) for bound in _BOUNDS}
            return {"key": condition.key} | {bound: limit for bound, limit in limits.items() if limit is not None}


def _mapping(value: object, at: tuple[str | int, ...], found: list[Part]) -> Node:
    if not isinstance(value, Mapping):
        found.append((at, "wrong_type", f"got {shown(value)}; a condition is a mapping such as {{column: value}}"))
        return All(())
    parts = tuple(_entry(key, item, (*at, _path_key(key)), found) for key, item in value.items())
    return parts[0] if len(parts) == 1 else All(parts)


def _path_key(key: object) -> str | int:
    return key if isinstance(key, (str, int)) else str(key)


def _entry(key: object, value: object, at: tuple[str | int, ...], found: list[Part]) -> Node:
    if key == "any_of":
        return _any_of(value, at, found)
    if key == "not":
        return Not(_mapping(value, at, found))
    if not isinstance(key, str):
        found.append((at, "wrong_type", f"got the key {shown(key)}; a key is a text: put it in quotes"))
        return All(())
    if isinstance(value, Mapping):
        return _range(key, value, at, found)
    return Among(key, _values(value, at, found))


def _any_of(value: object, at: tuple[str | int, ...], found: list[Part]) -> Node:
    if not isinstance(value, (list, tuple)) or not value:
        found.append((at, "wrong_type", f"got {shown(value)}; any_of needs a list of conditions"))
        return All(())
    return Any_(tuple(_mapping(item, (*at, n), found) for n, item in enumerate(value)))


def _values(value: object, at: tuple[str | int, ...], found: list[Part]) -> tuple[Scalar, ...]:
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    if not items:
        found.append((at, "wrong_type", "got an empty list; nothing can match it: name a value or remove the entry"))
    for n, item in enumerate(items):
        if not isinstance(item, (str, int, float)):
            place = (*at, n) if isinstance(value, (list, tuple)) else at
            told = f"got {shown(item)}; a value, a list of values or {{min, max}} is needed"
            found.append((place, "wrong_type", told))
    return tuple(item for item in items if isinstance(item, (str, int, float)))


def _range(key: str, value: Mapping[object, object], at: tuple[str | int, ...], found: list[Part]) -> Node:
    limits: dict[str, float] = {}
    for bound, limit in value.items():
        place = (*at, _path_key(bound))
        if bound not in _BOUNDS:
            found.append((place, "unknown_key", f"got {shown(bound)}; a range has min, max, above, below"))
        elif isinstance(limit, bool) or not isinstance(limit, (int, float)):
            found.append((place, "wrong_type", f"got {shown(limit)}; a number is needed"))
        else:
            limits[str(bound)] = limit
    if not value:
        found.append((at, "wrong_type", "got an empty range; give at least one of min, max, above, below"))
    return Range(key, **limits)


def _length(columns: Mapping[str, NDArray[np.generic]]) -> int:
    return len(next(iter(columns.values()))) if columns else 0


def _column(key: str, columns: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic]:
    if key not in columns:
        import difflib

        near = difflib.get_close_matches(key, columns, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ";"
        told = f"condition on '{key}': there is no such column{hint} there are: {', '.join(columns)}"
        raise DataError(told)
    return columns[key]


def _among(column: NDArray[np.generic], values: tuple[Scalar, ...]) -> NDArray[np.bool_]:
    if column.dtype.kind in "iufb" and not any(isinstance(value, str) for value in values):
        return np.isin(column, np.array([float(value) for value in values]))
    wanted = {_text(value) for value in values} - {None}
    items = column.tolist()
    if set(map(type, items)) <= {str, type(None)}:
        held = np.zeros(len(items), np.bool_)
        for text in wanted:
            held |= column == text
        return held
    return np.fromiter((_text(item) in wanted for item in items), np.bool_, len(items))


def _text(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _within(limits: Range, column: NDArray[np.generic]) -> NDArray[np.bool_]:
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        told = f"condition on '{limits.key}': a range needs numbers, and the column holds text; compare with values"
        raise DataError(told) from None
    held = ~np.isnan(numbers)
    if limits.min is not None:
        held &= numbers >= limits.min
    if limits.max is not None:
        held &= numbers <= limits.max
    if limits.above is not None:
        held &= numbers > limits.above
    if limits.below is not None:
        held &= numbers < limits.below
    return held


_SCHEMA = {"type": "object", "description": "key: value | [values] | {min, max, above, below}; any_of: [..]; not: {..}"}

Condition = Annotated[Node, PlainValidator(parse_condition), WithJsonSchema(_SCHEMA)]
