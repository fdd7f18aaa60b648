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


def encode(value: object) -> Any:  # noqa: ANN401, PLR0911 - JSON is of any shape, one return a kind
    """Return ``value`` as JSON data: records to objects, NaN and infinities to null."""
    if value is None or isinstance(value, str | bool):
        return value
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
        When it is not a JSON object.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{path}: no such file"
        raise MissingFileError(message) from error
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
        When a field is missing or unknown.
    """
    hints = _hints(cast("Hashable", kind))
    unknown = sorted(set(body) - set(hints))
    if unknown:
        message = f"{kind.__name__}: unknown field {unknown[0]!r}, allowed: {', '.join(hints)}"
        raise DataError(message)
    try:
        return kind(**{name: _decode_as(hints[name], item) for name, item in body.items()})
    except TypeError as error:
        message = f"{kind.__name__}: {error}"
        raise DataError(message) from error


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_as(hint: Any, value: Any) -> Any:  # noqa: ANN401 - walks types
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _decode_union(args, value)
    if origin is tuple and isinstance(value, list):
        inner = args if len(args) == len(value) and Ellipsis not in args else (args[0],) * len(value)
        return tuple(_decode_as(each, item) for each, item in zip(inner, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decode_as(args[1], item) for key, item in value.items()}
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, Mapping):
        return decode(hint, value)
    if hint is float and value is None:
        return math.nan
    return float(value) if hint is float else value


def _decode_union(args: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - walks types
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_decode_union(args, item) for item in value)
    chosen = [arg for arg in args if arg is not type(None)]
    return _decode_as(chosen[0], value) if len(chosen) == 1 and get_origin(chosen[0]) is not Literal else value
