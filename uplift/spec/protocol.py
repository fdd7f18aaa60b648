"""The part of a spec that is locked: what may not change between the draw and the verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from uplift.spec.arms import Arm
from uplift.spec.base import Section
from uplift.spec.condition import All, Among, Any_, Node, Not, Range, plain
from uplift.spec.model import ExperimentSpec


def protocol(spec: ExperimentSpec) -> dict[str, Any]:
    """Return the locked part of a spec as plain data with one spelling.

    Parameters
    ----------
    spec
        A spec.

    Returns
    -------
    dict
        Text, whole numbers, floats, booleans, None, lists and mappings only, defaults resolved, so that two
        ways to write the same protocol are equal. Left out are operations, which may change: engine, data,
        campaign codes, titles, names, language and the budget's total.
    """
    locked = {
        "id": spec.experiment.id,
        "currency": spec.experiment.currency,
        "timezone": spec.zone.key,
        "campaign": _campaign(spec),
        "eligible": _plain(spec.eligible),
        "strata": _plain(spec.strata),
        "segments": {name: {"where": _plain(segment.where)} for name, segment in spec.segments.items()},
        "arms": [_arm(spec, arm) for arm in spec.arms],
        "contrasts": _plain(spec.contrasts),
        "assignment": _assignment(spec),
        "outcomes": _plain(spec.outcomes),
        "budget": {key: value for key, value in _fields(spec.budget).items() if key != "total"},
    }
    # A spec that says nothing of a calendar has the digest that it had before there was one.
    return locked if spec.calendar.is_empty else locked | {"calendar": _calendar(spec)}


def _campaign(spec: ExperimentSpec) -> dict[str, Any]:
    campaign = spec.campaign
    ends = {"end": campaign.end_at, "coupon_expiry": campaign.expiry_at}
    return _plain({"start": campaign.start_at, "as_of": campaign.as_of_at} | ends)  # type: ignore[no-any-return]


def _calendar(spec: ExperimentSpec) -> dict[str, Any]:
    """Own days have no order, and their names are words."""
    days = sorted([own.begins.isoformat(), own.ends.isoformat()] for own in spec.calendar.extra)
    return {"region": spec.calendar.region, "extra": days}


def _arm(spec: ExperimentSpec, arm: Arm) -> dict[str, Any]:
    resolved = {
        "share": _plain(spec.exact_shares[arm.id]),
        "control": arm.id == spec.control_arm.id,
        "value": arm.spelling,
    }
    return {key: value for key, value in _fields(arm).items() if key != "name"} | resolved


def _assignment(spec: ExperimentSpec) -> dict[str, Any]:
    drawn = spec.assignment
    if drawn.method == "recorded":
        return {"method": drawn.method, "arm": drawn.arm}
    holdout = {"share": _plain(drawn.holdout_share), "salt": drawn.holdout_salt}
    return {"method": drawn.method, "seed": drawn.seed_value, "holdout": holdout}


def _fields(section: Section) -> dict[str, Any]:
    return {key: _plain(getattr(section, key)) for key in type(section).model_fields}


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911
    if isinstance(value, (All, Any_, Not, Among, Range)):
        return _condition(value)
    if isinstance(value, Section):
        return {key: item for key, item in _fields(value).items() if key != "name"}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _condition(condition: Node) -> Any:  # noqa: ANN401
    """Order says nothing in a condition, so parts and values are sorted."""
    return _sorted(plain(condition))


def _sorted(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, ensure_ascii=False))
    return int(value) if isinstance(value, float) and value.is_integer() else value
