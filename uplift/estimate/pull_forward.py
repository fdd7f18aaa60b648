"""Whether a campaign only moved orders: the effect while coupons were valid, and the dip after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import Reading, arm_weights, estimate_itt
from uplift.results.clv import PullForward
from uplift.stats.cells import evaluate
from uplift.stats.intervals import fieller

if TYPE_CHECKING:
    from uplift.estimate.itt import Contrast
    from uplift.stats.cells import CellMeans

PROMO, AFTER = "promo_margin", "after_margin"
"""Outcomes: discounted margin net of returns in the promotion, and in the rest of the window."""


def estimate_pull_forward(
    means: CellMeans, *, contrast: Contrast, promo_days: int, reading: Reading | None = None
) -> PullForward:
    """Test for a dip after the promotion and say how much of its effect the dip took back.

    Parameters
    ----------
    means
        Adjusted means that hold ``promo_margin`` and ``after_margin``.
    contrast
        Which arm against which.
    promo_days
        Length of the promotion in days.
    reading
        Labels and confidence level.

    Returns
    -------
    PullForward

    Raises
    ------
    EstimationError
        When an outcome was not measured, or no stratum offers both arms.

    Notes
    -----
    *Estimand*: P and D, the effects of assignment on margin in the promotion and after it; -D / P. The share is not
    clipped: clipping biases it where there is no dip. Its set is Fieller's, of three shapes, from the joint
    covariance of P and D. *Assumptions*: as of :func:`uplift.estimate.estimate_itt`.
    """
    from scipy.special import stdtr

    label = reading or Reading()
    both = means.only((PROMO, AFTER)).combined(
        {PROMO: {PROMO: 1.0}, AFTER: {AFTER: 1.0}, "net": {PROMO: 1.0, AFTER: 1.0}}
    )
    promo, after, net = (
        estimate_itt(both, outcome=name, contrasts=[contrast], reading=label)[0] for name in both.outcomes
    )
    treated, control = arm_weights(both, contrast, np.ones(len(both.weight), bool))
    if treated is None or control is None:
        message = f"no stratum has units of both arms of {contrast.arm} against {contrast.reference}"
        raise EstimationError(message)
    pair = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    joint = evaluate(both, np.einsum("ga,qm->qgam", treated - control, pair))
    level, df = label.confidence_level, float(joint.df.min())
    ratio = fieller(float(joint.value[0]), float(joint.value[1]), joint.covariance, df=df, confidence_level=level)
    whole_line = ratio.kind == "line"
    spread = after.std_error > 0
    return PullForward(
        arm=contrast.arm,
        reference_arm=contrast.reference,
        by=label.group[0],
        level=label.group[1],
        promo_days=promo_days,
        promo=promo,
        after=after,
        net=replace(net, outcome="promo_and_after_margin"),
        p_value=float(stdtr(after.df, after.estimate / after.std_error)) if spread else float(after.estimate >= 0),
        share=ratio.estimate if np.isfinite(ratio.estimate) else None,
        shape=ratio.kind,
        share_lower=None if whole_line else ratio.lower,
        share_upper=None if whole_line else ratio.upper,
        censored=promo.ci_lower <= 0.0 <= promo.ci_upper,
    )
