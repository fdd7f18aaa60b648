"""One check in many strata: Holm's correction over the family."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.results import CheckResult


def adjust_family(checks: Sequence[CheckResult], red: float) -> tuple[CheckResult, ...]:
    """Return the checks with Holm-adjusted p-values and the status that these give.

    Parameters
    ----------
    checks
        One per stratum; those without a p-value stay as they are.
    red
        Level below which an adjusted p-value fails.

    Returns
    -------
    tuple of CheckResult
        In the same order; the fact ``p_unadjusted`` keeps the p-value of the stratum alone.
    """
    tested = [check.p_value for check in checks if check.p_value is not None]
    adjusted = iter(adjust_holm(np.array(tested)).tolist())
    return tuple(check if check.p_value is None else _adjust(check, next(adjusted), red) for check in checks)


def _adjust(check: CheckResult, p_value: float, red: float) -> CheckResult:
    facts = {**check.facts, "p_unadjusted": check.p_value}
    return replace(check, status="fail" if p_value < red else "pass", p_value=p_value, facts=facts)
