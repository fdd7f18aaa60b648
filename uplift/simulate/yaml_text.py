"""Plain data as YAML that a person would write: blocks outside, one line where it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff_][A-Za-z0-9\u4e00-\u9fff_./-]*\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def yaml_text(data: Mapping[str, object]) -> str:
    """Return ``data`` as YAML; mappings, lists, text, numbers, flags and null.

    Parameters
    ----------
    data
        Plain data, the keys text.

    Returns
    -------
    str
        Ends with a line break.
    """
    return "\n".join(_block(data, 0)) + "\n"


def _block(data: Mapping[str, object], depth: int) -> list[str]:
    lines = []
    for key, value in data.items():
        lines += _entry(f"{'  ' * depth}{_inline(key)}:", value, depth)
    return lines


def _entry(head: str, value: object, depth: int) -> list[str]:
    line = f"{head} {_inline(value)}"
    if len(line) <= _WIDTH or not isinstance(value, (Mapping, list, tuple)):
        return [line]
    if isinstance(value, Mapping):
        return [head, *_block(value, depth + 1)]
    return [head, *(line for item in value for line in _item(item, depth + 1))]


def _item(value: object, depth: int) -> list[str]:
    line = f"{'  ' * depth}- {_inline(value)}"
    if len(line) <= _WIDTH or not isinstance(value, Mapping):
        return [line]
    first, *rest = _block(value, depth + 1)
    return [f"{'  ' * depth}- {first.lstrip()}", *rest]


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_inline(key)}: {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    if isinstance(value, str):
        plain = (_PLAIN.match(value) and value.lower() not in _WORDS) or _DATE.match(value)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
