"""The same rule a year earlier, when nobody was treated by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import Reading
from uplift.estimate.labels import Labels, label_effect
from uplift.results.effect import Effects

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """One year of customers, with the dates of the rule and of the outcome moved to that year.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Ids; a customer may be in several seasons, once in each.
    change : ndarray of float64, shape (n,)
        Outcome after minus before the day of the rule.
    eligible : ndarray of bool, shape (n,)
        Whether the rule picked the customer that year.

    Raises
    ------
    EstimationError
        When shapes differ, an id comes twice, a change is not finite, or either group has fewer than two units.
    """

    unit_id: NDArray[np.object_]
    change: NDArray[np.float64]
    eligible: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = len(self.unit_id)
        if self.change.shape != (n,) or self.eligible.shape != (n,) or len(set(self.unit_id.tolist())) < n:
            message = f"season: needs {n} different ids with one change and one eligible each"
            raise EstimationError(message)
        n_eligible, missing = int(self.eligible.sum()), int((~np.isfinite(self.change)).sum())
        if min(n_eligible, n - n_eligible) < 2 or missing:
            message = (
                f"season: {n_eligible} units are eligible, {n - n_eligible} are not (two of each are needed) and "
                f"{missing} changes are missing; a customer that bought nothing has the outcome 0"
            )
            raise EstimationError(message)


def estimate_triple(
    season: Season,
    last: Season,
    *,
    earlier: Season | None = None,
    outcome: str = "outcome",
    reading: Reading | None = None,
) -> Effects:
    """Take away what the rule's customers do against the others in a year without a campaign.

    Parameters
    ----------
    season
        The year of the campaign: all eligible were treated.
    last
        The year before, aligned by calendar, when the rule treated nobody.
    earlier
        The year before that, for a placebo.
    outcome
        Name of the outcome.
    reading
        Labels and confidence level.

    Returns
    -------
    Effects
        ``("overall", "")`` is the effect; with ``earlier`` also ``("placebo", "last_year")``, the same contrast between
        two years without a campaign, which should be 0. A customer in several years is one cluster.

    Raises
    ------
    EstimationError
        When nothing varies.

    Notes
    -----
    *Estimand*: E[Y(1) - Y(0) | eligible this year]. *Assumptions*: without the campaign the change of those the rule
    picks against the others would have been that of last year: the season, the return from a high or a low and the
    growth of big buyers may differ between the groups, but not from year to year.

    References
    ----------
    Gruber (1994), Am. Econ. Rev. 84(3). Olden and Moen (2022), Econometrics J. 25(3).
    """
    seasons = [season, last] if earlier is None else [season, last, earlier]
    unit = np.unique(np.concatenate([one.unit_id for one in seasons]).astype(str), return_inverse=True)[1].reshape(-1)
    parts = np.split(unit, np.cumsum([len(one.unit_id) for one in seasons])[:-1])
    influence = np.zeros((int(unit.max()) + 1, len(seasons)))
    contrast = np.zeros(len(seasons))
    for k, (one, rows) in enumerate(zip(seasons, parts, strict=True)):
        contrast[k] = one.change[one.eligible].mean() - one.change[~one.eligible].mean()
        influence[rows, k] = _influence(one)
    step = np.eye(len(seasons))[:-1] - np.eye(len(seasons), k=1)[:-1]
    value, covariance = step @ contrast, step @ (influence.T @ influence) @ step.T
    if np.any(np.diag(covariance) <= 0.0):
        message = "seasons: no change varies within a group; there is no error to tell"
        raise EstimationError(message)
    n, told = int(season.eligible.sum()), reading or Reading()
    labels = Labels(outcome, "triple", "att", "treated", "last_year", n, int(last.eligible.sum()))
    items = []
    for k in range(len(value)):
        labelled = told if k == 0 else replace(told, group=("placebo", "last_year"))
        items += list(label_effect(float(value[k]), float(np.sqrt(covariance[k, k])), labels=labels, reading=labelled))
    return Effects(tuple(items), covariance)


def _influence(season: Season) -> NDArray[np.float64]:
    """Return what each unit adds to the error of the contrast; squares sum to the unequal-variance formula."""
    out = np.zeros(len(season.change))
    for rows, sign in (season.eligible, 1.0), (~season.eligible, -1.0):
        n = int(rows.sum())
        out[rows] = sign * (season.change[rows] - season.change[rows].mean()) / np.sqrt(n * (n - 1.0))
    return out
