"""Whether customers were picked at a low or a high that would have passed by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.results.facts import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.estimate.did.path import EventPath
    from uplift.results.facts import Fact


def check_dip(
    path: EventPath, *, rule: Sequence[str] = (), lagged: Sequence[str] = (), alpha: float = 0.05
) -> CheckResult:
    """Look for targeting on what the outcome was just before.

    Parameters
    ----------
    path
        Effects by event time against the last period before treatment.
    rule
        Variables that decided who was treated, as far as known.
    lagged
        Variables that are the outcome of an earlier time, or made of it: recent spend, orders, days since the last one.
    alpha
        Level of the test on the path.

    Returns
    -------
    CheckResult
        ``dip``: ``fail`` when the rule uses a lagged outcome or the treated stood, against the others, elsewhere in the
        last period than in those before; otherwise ``pass``. Facts: ``rule`` (the lagged variables used), ``gap`` (last
        period minus the mean of those before, negative for a dip) with its ``std_error``, ``z``, and ``effect``, the
        mean after treatment: a return to the old place alone makes an effect of minus the gap.

    Raises
    ------
    EstimationError
        When the level is not between 0 and 0.5, or the periods before have no variance.

    Notes
    -----
    *Assumptions*: effects are jointly normal. That nothing is seen does not show that nothing is there: short histories
    hide a dip, so a rule that names a lagged outcome fails whatever the path says.

    References
    ----------
    Ashenfelter (1978), Rev. Econ. Stat. 60(1). Daw and Hatfield (2018), Health Serv. Res. 53(6).
    """
    from scipy.special import ndtr

    before = np.where(path.event_time < path.reference, -1.0 / path.n_before, 0.0)
    error = float(np.sqrt(before @ path.covariance @ before))
    if not 0.0 < alpha < 0.5 or error <= 0.0:
        message = f"alpha == {alpha} must be in (0, 0.5) and the periods before must vary (standard error {error})"
        raise EstimationError(message)
    gap = float(before @ path.estimate)
    p_value = 2.0 * float(ndtr(-abs(gap) / error))
    used = tuple(sorted(set(rule) & set(lagged)))
    facts: dict[str, Fact] = {
        "rule": used,
        "gap": gap,
        "std_error": error,
        "z": gap / error,
        "effect": float(path.average() @ path.estimate),
    }
    return CheckResult("dip", "fail" if used or p_value < alpha else "pass", gap / error, p_value, facts)
