"""The shape of a spec: what pydantic found, said in our words and with the place."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Tag, ValidationError

from uplift.errors import Problem, SpecError
from uplift.spec.base import Section
from uplift.spec.fields import shown
from uplift.spec.source import SourceMap

_KINDS = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least {}"),
    "greater_than": ("gt", "above {}"),
    "less_than_equal": ("le", "at most {}"),
    "less_than": ("lt", "below {}"),
}


def shape_problems(error: ValidationError, root: type[Section], source: SourceMap) -> list[Problem]:
    """Return every problem of a failed validation, in the order of the file.

    Parameters
    ----------
    error
        What pydantic raised.
    root
        The model that was validated.
    source
        Places of the file.

    Returns
    -------
    list of Problem
        Each with code, path, place and the way out.
    """
    found = [problem for item in error.errors() for problem in _problems(item, root, source)]
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def refuse_shape(error: ValidationError, root: type[Section], source: SourceMap) -> SpecError:
    """Return the error of the shape phase."""
    return SpecError(shape_problems(error, root, source))


def _problems(item: Mapping[str, Any], root: type[Section], source: SourceMap) -> Iterator[Problem]:
    loc: tuple[str | int, ...] = item["loc"]
    path = tuple(part for part in loc if not _is_tag(part))
    kind, got, context = item["type"], item.get("input"), item.get("ctx", {})
    if kind == "refused":
        for at, code, message in context["parts"]:
            yield source.problem((*path, *at), code, message, at_key=_is_key(loc))
    elif kind == "extra_forbidden":
        yield _unknown(path, _section(root, loc[:-1]), source)
    elif kind == "missing":
        yield _missing(path, _section(root, loc[:-1]), source)
    elif not _is_echo(kind, got, context):
        yield source.problem(path, *_told(kind, got, context, item["msg"]))


def _is_echo(kind: str, got: object, context: Mapping[str, Any]) -> bool:
    """Tell whether a list only counts as short because its entries failed, which is said already."""
    return kind == "too_short" and isinstance(got, Sequence) and len(got) >= context["min_length"]


def _told(kind: str, got: object, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return "out_of_range", f"got {shown(got)}; it must be {words.format(context[name])}"
    if kind in _KINDS:
        return "wrong_type", f"got {shown(got)}; {_KINDS[kind]} is needed"
    if kind == "literal_error":
        return "bad_value", f"got {shown(got)}{_near(got, context['expected'])} allowed: {context['expected']}"
    if kind in {"too_short", "too_long"}:
        words = "at least" if kind == "too_short" else "at most"
        limit = context.get("min_length", context.get("max_length"))
        return "wrong_length", f"got {context['actual_length']} entries; {words} {limit} are needed"
    return "bad_value", f"got {shown(got)}; {message}"


def _near(got: object, expected: str) -> str:
    words = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
    near = [] if str(got) in words else difflib.get_close_matches(str(got), words, n=1)
    return f"; did you mean '{near[0]}'?" if near else ";"


def _unknown(path: tuple[str | int, ...], section: type[Section] | None, source: SourceMap) -> Problem:
    key = str(path[-1])
    allowed = list(section.entries()) if section else []
    if section and key in section.not_built:
        told = f"'{key}' is not built yet in this release; remove it"
        return source.problem(path, "not_built", told, at_key=True)
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ";"
    told = f"'{key}' is no key of this block{hint} allowed: {', '.join(allowed)}"
    return source.problem(path, "unknown_key", told, at_key=True)


def _missing(path: tuple[str | int, ...], section: type[Section] | None, source: SourceMap) -> Problem:
    extra = "; write null to number the rows" if path[-2:] == ("units", "id") else ""
    needed = [name for name, entry in section.entries().items() if entry.is_required()] if section else []
    told = f"'{path[-1]}' is missing{extra}; this block needs: {', '.join(needed)}"
    return source.problem(path, "missing_key", told)


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith("tag:") or part == "[key]")


def _is_key(loc: Sequence[str | int]) -> bool:
    return bool(loc) and loc[-1] == "[key]"


def _section(kind: object, loc: Sequence[str | int]) -> type[Section] | None:
    for part in loc:
        kind = _step(kind, part)
    kind = _bare(kind)
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _step(kind: object, part: str | int) -> object:
    kind = _bare(kind)
    if isinstance(part, str) and part.startswith("tag:"):
        return next((member for member in get_args(kind) if _tagged(member, part)), None)
    if isinstance(kind, type) and issubclass(kind, Section):
        keys = kind.entries()
        return keys[str(part)].annotation if part in keys else None
    args = get_args(kind)
    return args[0 if isinstance(part, int) else 1] if args and get_origin(kind) is not Union else None


def _bare(kind: object) -> object:
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _tagged(member: object, tag: str) -> bool:
    is_annotated = get_origin(member) is Annotated
    return is_annotated and any(isinstance(extra, Tag) and extra.tag == tag for extra in get_args(member)[1:])
