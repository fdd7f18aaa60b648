"""One difference-in-differences: before and after, treated and not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.did.panel import NEVER
from uplift.estimate.itt import Contrast, Reading, estimate_itt
from uplift.estimate.labels import Labels, label_effect
from uplift.results.effect import Effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.estimate.did.panel import Panel
    from uplift.stats.cells import CellMeans


def estimate_did(
    means: CellMeans,
    *,
    after: Sequence[str],
    before: Sequence[str],
    contrast: Contrast | None = None,
    reading: Reading | None = None,
) -> Effects:
    """Contrast the change of treated units with that of untreated ones, stratum by stratum.

    Parameters
    ----------
    means
        Means of the outcome of each period by stratum and arm; periods are outcomes of one unit.
    after, before
        Outcomes of the periods on either side of treatment; each side is averaged over its periods.
    contrast
        Who was treated and who was not (default the first arm after the control against it).
    reading
        Labels and confidence level; the grade is D until bounds on departures pass.

    Returns
    -------
    Effects
        One effect, estimator ``did``, estimand ``att``. A unit's covariance with itself over time is kept, so the error
        is that of differences of units.

    Raises
    ------
    EstimationError
        When a period is unknown or stands on both sides, or a stratum has treated units and no others.

    Notes
    -----
    *Estimand*: E[Y_after(1) - Y_after(0) | treated], strata weighted by their treated units. *Assumptions*: within a
    stratum, without treatment, both groups would have moved in parallel on the scale of the outcome; no anticipation.
    Customers picked for a recent low break the first (:func:`check_dip`).

    References
    ----------
    Roth, Sant'Anna, Bilinski and Poe (2023), J. Econometrics 235(2). Roth and Sant'Anna (2023), Econometrica 91(2), on
    the scale.
    """
    _refuse_sides(after, before)
    pair = contrast or Contrast(means.arms[1] if len(means.arms) > 1 else means.arms[0], means.arms[0])
    terms = {**dict.fromkeys(after, 1.0 / len(after)), **dict.fromkeys(before, -1.0 / len(before))}
    told = replace(reading or Reading(), evidence="D", confirmatory=False)
    changes = replace(means.combined({"change": terms}), weight=_treated_weight(means, pair))
    found = estimate_itt(changes, outcome="change", contrasts=[pair], reading=told)
    name = after[0] if len(after) == 1 else "+".join(after)
    # The change of the untreated is no level, so that nothing is a per cent of it.
    items = tuple(
        replace(
            effect,
            outcome=name,
            estimator="did",
            estimand="att",
            rel_effect=None,
            rel_ci_lower=None,
            rel_ci_upper=None,
        )
        for effect in found
    )
    return Effects(items, found.covariance)


def _treated_weight(means: CellMeans, pair: Contrast) -> NDArray[np.float64]:
    treated, none = means.n[:, means.arm(pair.arm)] > 0, means.n[:, means.arm(pair.reference)] > 0
    alone = sorted({means.strata[code] for code in means.stratum[treated & ~none]})
    if pair.arm == pair.reference or not treated.any() or alone:
        message = (
            f"{pair.arm} against {pair.reference}: strata {alone} have treated units and nobody to compare them with; "
            "merge them with neighbours or leave them out"
        )
        raise EstimationError(message)
    size = np.where(treated, means.size[:, means.arm(pair.arm)], 0.0)
    weight: NDArray[np.float64] = size / size.sum()
    return weight


def _refuse_sides(after: Sequence[object], before: Sequence[object]) -> None:
    common = sorted(str(one) for one in set(after) & set(before))
    if common or not after or not before:
        message = (
            f"after has {len(after)} periods and before {len(before)}, with {common} on both sides; each side needs "
            "one or more of its own"
        )
        raise EstimationError(message)


def estimate_did_panel(
    panel: Panel,
    *,
    after: Sequence[int],
    before: Sequence[int],
    outcome: str = "outcome",
    reading: Reading | None = None,
) -> Effects:
    """Contrast the change of one cohort of a panel with that of units treated later or never.

    Parameters
    ----------
    panel
        Units first treated after ``before`` and no later than the first of ``after`` are treated; those first treated
        after the last of ``after``, or never, are controls. Others are refused.
    after, before
        Periods; each side is averaged over its periods.
    outcome
        Name of the outcome.
    reading
        Labels and confidence level.

    Returns
    -------
    Effects
        One effect. With clusters the error is between clusters, by CR2 and Bell-McCaffrey degrees of freedom; without,
        it is that of a difference of means with unequal variances.

    Raises
    ------
    EstimationError
        When a period is unknown, a unit is neither treated nor a control, or a group has fewer than two units or
        clusters.

    Notes
    -----
    *Estimand*, *Assumptions*: as :func:`estimate_did`, in one stratum.

    References
    ----------
    Bertrand, Duflo and Mullainathan (2004), Q. J. Econ. 119(1), on averaging over periods.
    """
    _refuse_sides(after, before)
    change = _mean_over(panel, after) - _mean_over(panel, before)
    treated = (panel.cohort > max(before)) & (panel.cohort <= min(after))
    none = panel.cohort > max(after)
    strange = int((~treated & ~none).sum())
    n_treated, n_none = int(treated.sum()), int(none.sum())
    if strange or min(n_treated, n_none) < 2 or max(before) >= min(after):
        message = (
            f"{n_treated} units are treated between periods {max(before)} and {min(after)}, {n_none} later than "
            f"{max(after)} or never (two of each are needed), and {strange} neither; leave these out with Panel.take"
        )
        raise EstimationError(message)
    labels = Labels(
        outcome,
        "did",
        "att",
        "treated",
        "never" if np.all(panel.cohort[none] == NEVER) else "not_yet",
        n_treated,
        n_none,
    )
    if panel.cluster is not None:
        return _clustered(change, treated, panel.cluster, labels, reading)
    parts = np.array([change[rows].var(ddof=1) / rows.sum() for rows in (treated, none)])
    spread = float((parts**2 / np.array([n_treated - 1, n_none - 1])).sum())
    df = float(parts.sum() ** 2 / spread) if spread else np.inf
    estimate = float(change[treated].mean() - change[none].mean())
    return label_effect(estimate, float(np.sqrt(parts.sum())), df, labels=labels, reading=reading)


def _clustered(
    change: NDArray[np.float64],
    treated: NDArray[np.bool_],
    cluster: NDArray[np.int64],
    labels: Labels,
    reading: Reading | None,
) -> Effects:
    from uplift.stats.cluster import fit_clustered

    design = np.column_stack([np.ones(len(change)), treated.astype(np.float64)])
    found = fit_clustered(design, change, cluster, contrast=np.array([0.0, 1.0]))
    return label_effect(found.estimate, found.std_error, found.df, labels=labels, reading=reading)


def _mean_over(panel: Panel, periods: Sequence[int]) -> NDArray[np.float64]:
    known = panel.periods.tolist()
    strange = sorted(set(periods) - set(known))
    if strange:
        message = f"periods {strange} are not in the panel; its periods: {known}"
        raise EstimationError(message)
    mean: NDArray[np.float64] = panel.outcome[:, [known.index(t) for t in sorted(set(periods))]].mean(axis=1)
    return mean
