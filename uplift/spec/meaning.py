"""The meaning of a spec: what its parts must say about each other before it can run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from uplift.spec.arms import Arm
from uplift.spec.audience import Classes, Potential
from uplift.spec.calendar import YEARS
from uplift.spec.condition import Part
from uplift.spec.model import ExperimentSpec
from uplift.spec.outcomes import ColumnOutcome
from uplift.spec.reference import check_conditions, check_needs, unknown


def check_meaning(spec: ExperimentSpec) -> list[Part]:
    """Return every contradiction of a spec of the right shape.

    Parameters
    ----------
    spec
        A spec of the right shape.

    Returns
    -------
    list of (path, code, message)
        Empty when the spec can run.
    """
    return [part for check in _CHECKS for part in check(spec)]


def _arm_ids(spec: ExperimentSpec) -> Iterator[Part]:
    yield from _repeated([arm.id for arm in spec.arms], ("arms",), "id", "duplicate_arm", "every arm needs its own id")
    spellings = [arm.spelling for arm in spec.arms]
    if len({arm.id for arm in spec.arms}) == len(spec.arms):
        told = "two arms would be one in the table"
        yield from _repeated(spellings, ("arms",), "value", "duplicate_value", told)


def _repeated(values: Sequence[str], at: tuple[str, ...], key: str, code: str, why: str) -> Iterator[Part]:
    seen: set[str] = set()
    for n, value in enumerate(values):
        if value in seen:
            yield (*at, n, key) if key else (*at, n), code, f"'{value}' is there twice; {why}"
        seen.add(value)


def _one_control(spec: ExperimentSpec) -> Iterator[Part]:
    marked = [n for n, arm in enumerate(spec.arms) if arm.control]
    if not marked and all(arm.id != "control" for arm in spec.arms):
        told = "no arm is the control; write control: true on one, or give it the id control"
        yield ("arms",), "no_control", told
    for n in marked[1:]:
        first = spec.arms[marked[0]].id
        yield ("arms", n, "control"), "two_controls", f"'{first}' is the control already; exactly one arm can be"


def _share_sum(spec: ExperimentSpec) -> Iterator[Part]:
    given = [arm.share for arm in spec.arms if arm.share is not None]
    total = sum(given, Fraction(0))
    if len(given) == len(spec.arms) and total != 1:
        told = f"the shares add to {_number(total)}; they must add to 1 exactly (write thirds as '1/3', or omit one)"
        yield ("arms",), "share_sum", told
    elif len(given) < len(spec.arms) and total >= 1:
        told = f"the given shares add to {_number(total)}; nothing is left for {_open_arms(spec.arms)}"
        yield ("arms",), "share_sum", told


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(float(value))


def _open_arms(arms: Sequence[Arm]) -> str:
    return ", ".join(arm.id for arm in arms if arm.share is None)


def _expectations(spec: ExperimentSpec) -> Iterator[Part]:
    for n, arm in enumerate(spec.arms):
        for segment in arm.expect:
            if segment not in spec.segments:
                yield ("arms", n, "expect", segment), "unknown_segment", unknown(segment, "segment", spec.segments)


def _contrasts(spec: ExperimentSpec) -> Iterator[Part]:
    ids = [arm.id for arm in spec.arms]
    for n, contrast in enumerate(spec.contrasts):
        for m, arm in enumerate(contrast.arms):
            if arm not in ids:
                yield ("contrasts", n, "arms", m), "unknown_arm", unknown(arm, "arm", ids)
        if contrast.arms[0] == contrast.arms[1]:
            told = f"'{contrast.arms[0]}' is set against itself; name two arms, the first minus the second"
            yield ("contrasts", n, "arms"), "same_arm", told
        for m, segment in enumerate(contrast.segments or ()):
            if segment not in spec.segments:
                place = ("contrasts", n, "segments", m)
                yield place, "unknown_segment", unknown(segment, "segment", spec.segments)


def _code_arms(spec: ExperimentSpec) -> Iterator[Part]:
    ids = [arm.id for arm in spec.arms]
    if isinstance(spec.campaign.codes, tuple | None):
        return
    for arm in spec.campaign.codes:
        if arm not in ids:
            yield ("campaign", "codes", arm), "unknown_arm", unknown(arm, "arm", ids)


def _dates(spec: ExperimentSpec) -> Iterator[Part]:
    campaign = spec.campaign
    start, end = campaign.start_at, campaign.end_at
    if start is None and spec.assignment.method == "blocked":
        yield ("campaign", "start"), "missing_key", "'start' is missing; it is day 0 of every window"
    elif start is None and spec.data.orders is not None:
        told = "'start' is missing; orders are read in windows from it (only unit-level outcomes do without)"
        yield ("campaign", "start"), "missing_key", told
    if start and end and end <= start:
        yield ("campaign", "end"), "bad_order", f"got {campaign.end}, before the start {campaign.start}"
    if campaign.as_of and start and campaign.as_of.at > start:
        told = f"got {campaign.as_of}, after the start {campaign.start}; design may only look back"
        yield ("campaign", "as_of"), "bad_order", told
    yield from _expiry(spec)


def _expiry(spec: ExperimentSpec) -> Iterator[Part]:
    campaign = spec.campaign
    if campaign.coupon_expiry and campaign.coupon_valid_days:
        told = "coupon_expiry says it already; keep one of the two"
        yield ("campaign", "coupon_valid_days"), "contradiction", told
    if campaign.coupon_expiry and campaign.start_at and campaign.coupon_expiry.closes <= campaign.start_at:
        told = f"got {campaign.coupon_expiry}, before the start {campaign.start}"
        yield ("campaign", "coupon_expiry"), "bad_order", told


def _calendar(spec: ExperimentSpec) -> Iterator[Part]:
    for n, days in enumerate(spec.calendar.extra):
        if days.ends <= days.begins:
            yield ("calendar", "extra", n, "to"), "bad_order", f"got {days.last}, before 'from' {days.first}"
    region, start = spec.calendar.region, spec.campaign.start_at
    if region is None or start is None:
        return
    first, last = YEARS[region]
    ends = start + timedelta(days=spec.outcomes.window_days)
    if start.year < first or ends.year > last:
        told = f"{region} holds the years {first} to {last}, and the window runs from {start.date()} to {ends.date()}"
        yield ("calendar", "region"), "out_of_range", f"{told}; remove it, and write the days under calendar.extra"


def _drawn(spec: ExperimentSpec) -> Iterator[Part]:
    drawn = spec.assignment
    if drawn.method == "blocked":
        if drawn.arm is not None:
            told = "arm names the column of a recorded trial; write method: recorded, or remove it"
            yield ("assignment", "arm"), "contradiction", told
        return
    if drawn.arm is None:
        yield ("assignment", "arm"), "missing_key", "'arm' is missing; it names the column of units with the arm"
    for key in ("seed", "holdout"):
        if getattr(drawn, key) is not None:
            yield ("assignment", key), "contradiction", f"a recorded trial draws nothing; remove {key}"
    if spec.eligible.sample is not None:
        yield ("eligible", "sample"), "contradiction", "a recorded trial draws nothing; remove sample"


def _axes(spec: ExperimentSpec) -> Iterator[Part]:
    for name, axis in spec.strata.classes.items():
        at = ("strata", name)
        is_open = isinstance(axis, Potential) and axis.cuts is None and axis.quantiles is None
        if (axis.cuts is None) == (axis.quantiles is None) and not is_open:
            yield at, "contradiction", "an axis has either cuts or quantiles; write one of the two"
            continue
        yield from _rising(axis, at)
        yield from _axis_names(axis, at)
    yield from _axis_lists(spec)


def _rising(axis: Classes, at: tuple[str, str]) -> Iterator[Part]:
    points: Sequence[float | Fraction] = axis.cuts or axis.quantiles or ()
    key = "cuts" if axis.cuts else "quantiles"
    if any(low >= high for low, high in pairwise(points)):
        yield (*at, key), "not_rising", f"{key} must rise; got {', '.join(str(point) for point in points)}"
    if axis.quantiles and not all(0 < point < 1 for point in axis.quantiles):
        yield (*at, key), "out_of_range", "quantiles lie above 0 and below 1"


def _axis_names(axis: Classes, at: tuple[str, str]) -> Iterator[Part]:
    if axis.names is None:
        return
    if len(axis.names) != axis.n_levels:
        told = f"got {len(axis.names)} names for {axis.n_levels} classes; names has one entry more than the cut-points"
        yield (*at, "names"), "wrong_length", told + _joined(axis)
    for name, count in Counter(name.en or name.in_language("zh") for name in axis.names).items():
        if count > 1:
            yield (*at, "names"), "duplicate_name", f"'{name}' names {count} classes; each needs its own"


def _joined(axis: Classes) -> str:
    wide = any(mark in level for level in axis.levels or () for mark in "，、")
    return "; separate them by ', ', not by a full-width mark" if wide else ""


def _axis_lists(spec: ExperimentSpec) -> Iterator[Part]:
    strata = spec.strata
    columns = list(strata.columns or ())
    yield from _repeated(columns, ("strata", "columns"), "", "duplicate_name", "remove one")
    for n, name in enumerate(columns):
        if name in {"lifecycle", "churn_reason", *strata.classes}:
            yield ("strata", "columns", n), "duplicate_name", f"'{name}' is an axis already; rename the column"
    give_way = list(strata.give_way or ())
    yield from _repeated(give_way, ("strata", "give_way"), "", "duplicate_name", "remove one")
    for n, name in enumerate(give_way):
        if name not in strata.axis_names:
            yield ("strata", "give_way", n), "unknown_axis", unknown(name, "axis of strata", strata.axis_names)


def _outcomes(spec: ExperimentSpec) -> Iterator[Part]:
    outcomes = spec.outcomes
    if outcomes.horizon_days < outcomes.window_days:
        told = f"got {outcomes.horizon_days}, less than window_days {outcomes.window_days}; the horizon includes it"
        yield ("outcomes", "horizon_days"), "bad_order", told
    named = [item.column if isinstance(item, ColumnOutcome) else item for item in outcomes.secondary]
    yield from _repeated(named, ("outcomes", "secondary"), "", "duplicate_outcome", "remove one")
    primary = outcomes.primary.column if isinstance(outcomes.primary, ColumnOutcome) else outcomes.primary
    if primary in named:
        place = ("outcomes", "secondary", named.index(primary))
        yield place, "duplicate_outcome", f"'{primary}' is the primary outcome already; remove it here"


def _budget(spec: ExperimentSpec) -> Iterator[Part]:
    current = spec.budget.current
    ids = [arm.id for arm in spec.arms]
    for n, rule in enumerate(current if isinstance(current, tuple) else ()):
        if rule.arm not in ids:
            yield ("budget", "current", n, "arm"), "unknown_arm", unknown(rule.arm, "arm", ids)


_CHECKS: tuple[Callable[[ExperimentSpec], Iterator[Part]], ...] = (
    _arm_ids,
    _one_control,
    _share_sum,
    _expectations,
    _contrasts,
    _code_arms,
    _dates,
    _calendar,
    _drawn,
    _axes,
    _outcomes,
    _budget,
    check_needs,
    check_conditions,
)
