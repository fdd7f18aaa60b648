"""Result types to plain JSON and back, with one canonical form of the bytes."""

from __future__ import annotations

import hashlib
import json
import math
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

import numpy as np

from uplift.errors import DataError, MissingFileError

T = TypeVar("T")

SHOWN = 40
"""Characters of a wrong value that a message repeats."""


def encode(value: object) -> Any:  # noqa: ANN401, PLR0911 - JSON is of any shape, one return a kind
    """Return ``value`` as JSON data: records to objects, NaN and infinities to null."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return [encode(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type) and not isinstance(value, Sequence):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Sequence):
        return [encode(item) for item in value]
    message = f"a {type(value).__name__} has no JSON form"
    raise TypeError(message)


def dump_canonical(value: object) -> bytes:
    """Return the one JSON text of ``value``: UTF-8, keys in order, shortest floats."""
    text = json.dumps(encode(value), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return (text + "\n").encode()


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hex."""
    return hashlib.sha256(data).hexdigest()


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    MissingFileError
        When there is no such file.
    DataError
        When it cannot be read or is not a JSON object.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{path}: no such file"
        raise MissingFileError(message) from error
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise DataError(message) from error
    except ValueError as error:
        message = f"{path}: not JSON: {error}"
        raise DataError(message) from error
    if not isinstance(body, dict):
        message = f"{path}: holds a {type(body).__name__}, must be a JSON object"
        raise DataError(message)
    return body


def decode(kind: type[T], body: Mapping[str, object]) -> T:
    """Return the record of type ``kind`` that ``body`` encodes.

    Raises
    ------
    DataError
        When a field is missing, unknown or of another type.
    """
    hints = _hints(cast("Hashable", kind))
    unknown = sorted(set(body) - set(hints))
    if unknown:
        message = f"{kind.__name__}: unknown field {unknown[0]!r}, allowed: {', '.join(hints)}"
        raise DataError(message)
    values = {name: _decode_field(f"{kind.__name__}.{name}", hints[name], item) for name, item in body.items()}
    try:
        return kind(**values)
    except TypeError as error:
        message = f"{kind.__name__}: {error}"
        raise DataError(message) from error


def _decode_field(place: str, hint: Any, value: object) -> Any:  # noqa: ANN401 - walks types
    try:
        return _decode_as(hint, value)
    except TypeError as error:
        message = f"{place}: {error}"
        raise DataError(message) from error


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_as(hint: Any, value: Any) -> Any:  # noqa: ANN401 - walks types
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _decode_union(args, value)
    if origin is tuple:
        items = _expect(list, value)
        inner = (args[0],) * len(items) if Ellipsis in args else args
        if len(inner) != len(items):
            message = f"has {len(items)} entries, must have {len(inner)}"
            raise TypeError(message)
        return tuple(_decode_as(each, item) for each, item in zip(inner, items, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decode_as(args[1], item) for key, item in _expect(dict, value).items()}
    if isinstance(hint, type) and is_dataclass(hint) and not isinstance(value, hint):
        return decode(hint, _expect(dict, value))
    return _decode_plain(hint, value)


def _decode_union(args: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - walks types
    if value is None:
        return None
    chosen = [arg for arg in args if arg is not type(None)]
    if len(chosen) == 1:
        return _decode_as(chosen[0], value)
    if isinstance(value, list):
        return tuple(_decode_union(args, item) for item in value)
    return value


def _decode_plain(hint: Any, value: Any) -> Any:  # noqa: ANN401 - walks types
    if hint is float and value is None:
        return math.nan
    if hint is float and type(value) is int:
        return float(value)
    if get_origin(hint) is Literal and value not in get_args(hint):
        message = f"is {_show(value)}, must be one of {', '.join(map(str, get_args(hint)))}"
        raise TypeError(message)
    return _expect(hint, value, exact=True) if hint in {str, bool, int, float} else value


def _expect(kind: type[T], value: object, *, exact: bool = False) -> T:
    if isinstance(value, kind) and not (exact and type(value) is not kind):
        return value
    names = {list: "a list", dict: "an object", str: "text", bool: "true or false", int: "a whole number"}
    message = f"is {_show(value)}, must be {names.get(kind, 'a number')}"
    raise TypeError(message)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
