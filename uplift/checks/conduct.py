"""Was the campaign run, and the data taken, as the protocol says: answers from counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.errors import UsageError
from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.results.facts import Fact

CONTAMINATION_LIMIT = 0.005
"""Share of control units with a coupon of this campaign above which the contrast is diluted."""


def check_assignment(*, n_missing: int, n_extra: int, n_changed: int) -> CheckResult:
    """Compare the assigned units in the data with the locked assignment: equality, no p-value.

    Parameters
    ----------
    n_missing
        Units of the lock that the data lack.
    n_extra
        Units of the data that the lock lacks.
    n_changed
        Units in both with another stratum or arm.

    Returns
    -------
    CheckResult
        ``assignment.lock``: ``pass`` when all three are 0, else ``fail``.

    Raises
    ------
    UsageError
        When a count is negative.
    """
    facts = {"n_missing": n_missing, "n_extra": n_extra, "n_changed": n_changed}
    for name, count in facts.items():
        _refuse_negative(name, count)
    return CheckResult("assignment.lock", "fail" if any(facts.values()) else "pass", facts=facts)


def check_contamination(*, n_redeemed: int, n_control: int, limit: float = CONTAMINATION_LIMIT) -> CheckResult:
    """Look at how many control units redeemed a coupon of this campaign.

    Parameters
    ----------
    n_redeemed
        Control units with at least one such redemption.
    n_control
        Control units.
    limit
        Largest share that passes, in [0, 1].

    Returns
    -------
    CheckResult
        ``contamination``: ``warn`` above ``limit``, ``skipped`` without control units. Facts:
        ``share``, ``n_redeemed``, ``n_control``.

    Raises
    ------
    UsageError
        When the counts cannot be.
    """
    _refuse_part("n_redeemed", n_redeemed, "n_control", n_control)
    facts = {"n_redeemed": n_redeemed, "n_control": n_control}
    if n_control == 0:
        return CheckResult("contamination", "skipped", facts={**facts, "reason": "no_control"})
    share = n_redeemed / n_control
    return CheckResult("contamination", "warn" if share > limit else "pass", facts={**facts, "share": share})


def check_settled(*, n_settled: int, n_units: int, through: str) -> CheckResult:
    """Look at how many units have a window that is complete and settled.

    Parameters
    ----------
    n_settled
        Units whose window, and the days until its last order counts, end by ``through``.
    n_units
        Units assigned.
    through
        Midnight before which the data are complete, as an ISO date.

    Returns
    -------
    CheckResult
        ``settled``: ``warn`` unless all are. Facts: ``share``, ``n_settled``, ``n_units``, ``through``.

    Raises
    ------
    UsageError
        When the counts cannot be.
    """
    _refuse_part("n_settled", n_settled, "n_units", n_units)
    share = n_settled / n_units if n_units else 0.0
    facts: dict[str, Fact] = {"share": share, "n_settled": n_settled, "n_units": n_units, "through": through}
    return CheckResult("settled", "pass" if n_settled == n_units > 0 else "warn", facts=facts)


def check_cost_stand_in(missing: Sequence[str]) -> tuple[CheckResult, ...]:
    """Say which costs were planned figures because the rows are missing.

    Parameters
    ----------
    missing
        Roles without a table, of ``contacts`` and ``coupons``.

    Returns
    -------
    tuple of CheckResult
        ``cost.stand_in`` with status ``warn`` and the fact ``roles``; empty when nothing stands in.
    """
    if not missing:
        return ()
    return (CheckResult("cost.stand_in", "warn", facts={"roles": tuple(missing)}),)


def _refuse_negative(name: str, count: int) -> None:
    if count < 0:
        message = f"{name} == {count}, must not be negative: count units"
        raise UsageError(message)


def _refuse_part(name: str, count: int, whole_name: str, whole: int) -> None:
    _refuse_negative(name, count)
    if count > whole:
        message = f"{name} == {count}, must not exceed {whole_name} == {whole}: count each unit once"
        raise UsageError(message)
