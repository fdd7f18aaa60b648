"""What the parts of a spec refer to: axes and levels in conditions, tables behind metrics."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from uplift.spec.audience import REASON_FACT, REASON_TABLES, REASONS, STAGE_NAMES, STAGES, Strata
from uplift.spec.condition import All, Among, Any_, Node, Not, Part, Range
from uplift.spec.metric import Metric, resolve_metric
from uplift.spec.model import ExperimentSpec

_AXES = ("lifecycle", "churn_reason", "value_tier", "potential", "frequency", "basket")
_Found = tuple[tuple[str | int, ...], Among | Range]


def unknown(got: str, what: str, allowed: Iterable[str]) -> str:
    """Return the message for a name that refers to nothing.

    Parameters
    ----------
    got
        What was written.
    what
        What it should name, for example ``arm``.
    allowed
        The names that there are.

    Returns
    -------
    str
        With the nearest name and all names.
    """
    names = list(allowed)
    near = difflib.get_close_matches(got, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ";"
    return f"'{got}' is no {what}{hint} there are: {', '.join(names) or 'none'}"


def check_needs(spec: ExperimentSpec) -> Iterator[Part]:
    """Yield every metric, stage or table whose own tables or columns are not in ``data``."""
    for at, text in _metrics(spec):
        yield from _metric_needs(spec, at, resolve_metric(text).metric)
    yield from _stage_needs(spec)
    for role in ("refunds", "coupons"):
        if getattr(spec.data, role) is not None and spec.data.orders is None:
            yield ("data", role), "needs_table", f"{role} belong to orders, and data.orders is missing; add it"


def _stage_needs(spec: ExperimentSpec) -> Iterator[Part]:
    strata, orders = spec.strata, spec.data.orders
    rule = strata.stage_rule
    if strata.lifecycle is not None and rule is not None and orders is None:
        told = f"{rule.rule} reads data.orders, which is missing; add it, or write lifecycle: {{column: ...}}"
        yield ("strata", "lifecycle"), "needs_table", told
    if strata.potential is not None and (orders is None or orders.margin is None):
        told = "the potential is predicted from data.orders.margin, which is missing; add it, or draw value_tier alone"
        yield ("strata", "potential"), "needs_table", told
    if strata.churn_reason is not None:
        yield from _reason_needs(spec, strata.churn_reason.experience)


def _reason_needs(spec: ExperimentSpec, experience: Node | None) -> Iterator[Part]:
    at: tuple[str | int, ...] = ("strata", "churn_reason")
    if spec.data.orders is None:
        yield at, "needs_table", "churn_reason reads the silence off data.orders, which is missing; add it"
    if experience is None:
        if spec.data.service is None and spec.data.refunds is None:
            told = "a bad experience shows in data.service or data.refunds, and both are missing; add one, or write "
            yield at, "needs_table", told + "experience: {column of units: value}"
        return
    missing: list[Part] = []
    n_known = 0
    for place, leaf in _leaves(experience, (*at, "experience")):
        found = REASON_FACT.fullmatch(leaf.key)
        if found is None:
            near = difflib.get_close_matches(leaf.key, [f"{fact}_60d" for fact in REASON_TABLES], n=1, cutoff=0.8)
            if near:
                name = near[0].replace("last_60d", "last")
                yield place, "unknown_key", f"'{leaf.key}' is no fact; did you mean '{name}'?"
        needed = "" if found is None else REASON_TABLES[found["fact"] or leaf.key]
        if not needed or has_place(spec, needed):
            n_known += 1
        else:
            told = f"{leaf.key} needs data.{needed}, which is missing, and nothing else tells a bad experience; add it"
            missing.append((place, "needs_table", told))
    yield from () if n_known else missing


def has_place(spec: ExperimentSpec, place: str) -> bool:
    """Tell whether ``data`` has a table, or a table and its column, written ``refunds`` or ``service.rating``."""
    role, _, column = place.partition(".")
    table = getattr(spec.data, role)
    return table is not None and (not column or getattr(table, column) is not None)


def check_conditions(spec: ExperimentSpec) -> Iterator[Part]:
    """Yield every axis and level in a condition that is not drawn, or misspelt."""
    for at, condition in _conditions(spec):
        for place, leaf in _leaves(condition, at):
            yield from _axis_key(place, leaf, spec.strata)


def _metrics(spec: ExperimentSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(spec.outcomes.primary, str):
        yield ("outcomes", "primary"), spec.outcomes.primary
    for n, item in enumerate(spec.outcomes.secondary):
        if isinstance(item, str):
            yield ("outcomes", "secondary", n), item
    for name, axis in spec.strata.axes.items():
        yield ("strata", name, "by"), axis.by


def _metric_needs(spec: ExperimentSpec, at: tuple[str | int, ...], metric: Metric) -> Iterator[Part]:
    for role in metric.needs_roles:
        if getattr(spec.data, role) is None:
            yield at, "needs_table", f"{metric.id} needs data.{role}, which is missing; add it, or name another metric"
    for column in metric.needs_columns:
        role, key = column.split(".")
        table = getattr(spec.data, role)
        if table is not None and getattr(table, key) is None:
            yield at, "needs_column", f"{metric.id} needs data.{column}, which is missing; add it"
    if metric.id == "other_platform_margin" and spec.data.orders and spec.data.orders.platform:
        platform = spec.data.orders.platform
        if not spec.home_platforms:
            told = f"{metric.id} needs to know where the campaign runs; write eligible.where: {{{platform}: ...}}"
            yield at, "needs_platform", told


def _conditions(spec: ExperimentSpec) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    for key in ("where", "exclude"):
        if (condition := getattr(spec.eligible, key)) is not None:
            yield ("eligible", key), condition
    for name, segment in spec.segments.items():
        yield ("segments", name, "where"), segment.where
    current = spec.budget.current
    for n, rule in enumerate(current if isinstance(current, tuple) else ()):
        yield ("budget", "current", n, "where"), rule.where


def _leaves(condition: Node, at: tuple[str | int, ...]) -> Iterator[_Found]:
    match condition:
        case All(parts):
            for part in parts:
                yield from _leaves(part, at)
        case Any_(parts):
            for n, part in enumerate(parts):
                yield from _leaves(part, (*at, "any_of", n))
        case Not(part):
            yield from _leaves(part, (*at, "not"))
        case Among(key=key) | Range(key=key):
            yield (*at, key), condition


def _axis_key(at: tuple[str | int, ...], leaf: Among | Range, strata: Strata) -> Iterator[Part]:
    if leaf.key not in _AXES:
        near = difflib.get_close_matches(leaf.key, _AXES, n=1, cutoff=0.8)
        if near and leaf.key not in strata.axis_names:
            yield at, "unknown_axis", f"'{leaf.key}' is no axis; did you mean '{near[0]}'?"
    elif leaf.key not in strata.axis_names:
        yield at, "unknown_axis", unknown(leaf.key, "axis of strata", strata.axis_names) + f"; add strata.{leaf.key}"
    elif isinstance(leaf, Range):
        yield at, "wrong_type", f"'{leaf.key}' has levels, not numbers; name one or a list of them"
    else:
        yield from _levels(at, leaf, strata)


def _levels(at: tuple[str | int, ...], leaf: Among, strata: Strata) -> Iterator[Part]:
    levels, is_whole = _known_levels(leaf.key, strata)
    for value in leaf.values if levels else ():
        near = difflib.get_close_matches(str(value), levels, n=1)
        if str(value) not in levels and (is_whole or near):
            yield at, "unknown_level", unknown(str(value), f"level of {leaf.key}", levels)


def _known_levels(key: str, strata: Strata) -> tuple[tuple[str, ...], bool]:
    """Return the names of an axis's levels, and whether there can be no others."""
    if key == "lifecycle":
        rule = strata.stage_rule
        return ((*STAGES[rule.rule], *STAGE_NAMES[rule.rule].values()), True) if rule is not None else ((), False)
    if key == "churn_reason":
        return (*REASONS, *REASONS.values()), True
    axis = strata.classes[key]
    names = [text for name in (axis.levels or {}).values() for text in name.values()]
    return tuple(dict.fromkeys(names)), bool(axis.cuts) and key != "basket"
