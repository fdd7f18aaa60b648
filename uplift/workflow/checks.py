"""Which checks an analysis runs, and on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.checks import (
    check_balance,
    check_contamination,
    check_cost_stand_in,
    check_hidden_difference,
    check_loss,
    check_settled,
    check_srm,
    skip_srm,
)
from uplift.errors import EstimationError
from uplift.results import CheckResult
from uplift.workflow.means import money_means
from uplift.workflow.tally import HIDDEN_AXES, SEGMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from uplift.design import Design, Plan
    from uplift.outcomes import Reading
    from uplift.stats.moments import Moments
    from uplift.workflow.tally import Tally

ROLES = {"contact": "contacts", "subsidy": "coupons"}
"""Component that stands in, to the role whose table is missing."""


def run_checks(design: Design, tally: Tally, moments: Moments, *, reading: Reading | None) -> list[CheckResult]:
    """Return every check of an analysis, gates first.

    Parameters
    ----------
    design, tally
        The design and the measured units.
    moments
        Sums of all units.
    reading
        How much of the window is settled; None for outcomes without a time.
    """
    plan = design.plan
    found = [_lock(design), _srm(plan, tally)]
    found += check_loss(tally.assigned, tally.analysed, strata=tally.keys.strata, arms=tally.keys.arms)[:1]
    found.append(_attempt("balance", lambda: check_balance(moments)))
    found += _hidden(plan, tally)
    found += [CheckResult(note.code, "warn", facts=note.facts) for note in tally.notes]
    n_units = int(tally.analysed.sum())
    if reading is not None:
        settled = int(reading.share * n_units)
        found.append(check_settled(n_settled=settled, n_units=n_units, through=reading.through.isoformat()))
    if plan.measurement.from_orders:
        found.append(_residual(plan))
        found += check_cost_stand_in([ROLES[name] for name in tally.measured.stand_ins])
    if plan.measurement.cap is not None:
        found.append(_winsor(tally, plan.measurement.cap))
    if tally.control_redeemed is not None:
        control = int(tally.analysed[:, 0].sum())
        found.append(check_contamination(n_redeemed=tally.control_redeemed, n_control=control))
    return found


def _attempt(name: str, run: Callable[[], CheckResult]) -> CheckResult:
    """Run a check; one that cannot be computed is red and does not take the rest with it."""
    try:
        return run()
    except EstimationError as error:
        return CheckResult(name, "fail", facts={"reason": str(error)})


def _lock(design: Design) -> CheckResult:
    if not design.locked:
        return CheckResult("lock", "warn", facts={"scheme": design.plan.scheme})
    return CheckResult("lock", "pass", facts={"digest": design.lock_digest})


def _srm(plan: Plan, tally: Tally) -> CheckResult:
    if plan.scheme == "blocked":
        return skip_srm(plan.scheme)
    shares = [arm.share for arm in plan.arms]
    return check_srm(tally.assigned.sum(axis=0), shares, arms=tally.keys.arms)


def _residual(plan: Plan) -> CheckResult:
    measurement = plan.measurement
    facts = {"window": measurement.window_days, "horizon": measurement.counted_days}
    if measurement.residual is None:
        return CheckResult("residual.window", "warn", facts=facts)
    learned = {"n_units": measurement.residual.n_units, "r2": measurement.residual.r_squared}
    return CheckResult("residual.window", "pass", facts={**facts, **learned})


def _winsor(tally: Tally, cap: float) -> CheckResult:
    values = tally.measured.columns["primary_capped"]
    share = float((values == values.max(initial=0)).mean()) if len(values) else 0.0
    return CheckResult("winsor", "pass", facts={"cap": cap, "share": share})


def _hidden(plan: Plan, tally: Tally) -> Iterable[CheckResult]:
    """Ask whether strata hide a difference between segments, or on frequency × basket where these are not drawn."""
    names = [name for name in tally.past.values if name.startswith(SEGMENT)]
    if names:
        flags = np.column_stack([tally.past[name].astype(np.int64) for name in names])
        labels = [name.removeprefix(SEGMENT) for name in names]
        yield _hidden_check(plan, tally, *_patterns(flags, labels), population="segments")
    drawn = {axis.id for axis in plan.axes if axis.drawn}
    known = [axis for axis in HIDDEN_AXES if axis in tally.past]
    if len(known) == len(HIDDEN_AXES) and not set(HIDDEN_AXES) <= drawn:
        pair = ["|".join(levels) for levels in zip(*(tally.past[axis].tolist() for axis in known), strict=True)]
        levels, level = np.unique(np.array(pair), return_inverse=True)
        yield _hidden_check(plan, tally, tuple(levels.tolist()), level.astype(np.int64), population="frequency_basket")


def _patterns(flags: NDArray[np.int64], labels: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the partition that overlapping segments make, and each unit's part of it."""
    level = np.zeros(len(flags), np.int64)
    for inside in flags.T:
        level = np.unique(level * 2 + inside, return_inverse=True)[1].astype(np.int64)
    patterns = flags[np.unique(level, return_index=True)[1]]
    names = ["+".join(label for label, inside in zip(labels, row, strict=True) if inside) for row in patterns.tolist()]
    return tuple(names), level


def _hidden_check(
    plan: Plan, tally: Tally, levels: tuple[str, ...], level: NDArray[np.int64], *, population: str
) -> CheckResult:
    def run() -> CheckResult:
        moments = tally.split(levels, level, name=population).usable()
        outcome = "primary_capped" if plan.measurement.from_orders else plan.measurement.primary.id
        means = money_means(moments, plan.measurement, outcomes=(outcome,))
        codes = np.arange(len(means.strata))
        parent = [tally.keys.strata[code] for code in codes // len(levels)]
        return check_hidden_difference(
            means,
            parent=parent,
            level=[levels[code] for code in codes % len(levels)],
            outcome=outcome,
            population=population,
        )

    return _attempt("strata.hidden_difference", run)
