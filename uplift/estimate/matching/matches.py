"""Matched sets: who stands beside whom, with what weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import STRATUM
from uplift.estimate.propensity import Propensity, find_treated, fit_propensity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.stats.frame import UnitFrame

Order = Literal["largest", "given"]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Treated units with the controls that stand beside them.

    Parameters
    ----------
    frame
        All units.
    propensity
        What was matched on.
    covariates, exact
        What it was made of, and what had to be equal.
    treated : ndarray of int64, shape (t,)
        Rows of the matched treated units.
    control : ndarray of int64, shape (p,)
        Rows of their controls, set by set.
    starts : ndarray of int64, shape (t + 1,)
        Where each set begins in ``control``.
    distance : ndarray of float64, shape (p,)
        Of each control to its treated unit, in logits.
    caliper
        Largest distance allowed, in logits; infinite without one.
    replace
        Whether a control may stand in several sets.
    n_treated, n_dropped
        Treated units, and those that found no control.
    """

    frame: UnitFrame
    propensity: Propensity
    covariates: tuple[str, ...]
    exact: tuple[str, ...]
    treated: NDArray[np.int64]
    control: NDArray[np.int64]
    starts: NDArray[np.int64]
    distance: NDArray[np.float64]
    caliper: float
    replace: bool
    n_treated: int
    n_dropped: int

    @property
    def estimand(self) -> str:
        """``att``, or ``att_matched`` once a treated unit was dropped: another group's effect."""
        return "att_matched" if self.n_dropped else "att"

    @property
    def share_dropped(self) -> float:
        """Treated units that found no control, as a share of all treated."""
        return self.n_dropped / self.n_treated

    @property
    def set_of_control(self) -> NDArray[np.int64]:
        """Number of the set of each entry of ``control``, shape (p,)."""
        return np.repeat(np.arange(len(self.treated)), np.diff(self.starts))

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weight of every unit, shape (n,): 1 for a matched treated one, shares of its sets for a control."""
        weight = np.zeros(len(self.frame))
        weight[self.treated] = 1.0
        share = np.repeat(1.0 / np.diff(self.starts), np.diff(self.starts))
        np.add.at(weight, self.control, share)
        return weight


def match_propensity(
    frame: UnitFrame,
    *,
    covariates: Sequence[str],
    exact: Sequence[str] = (),
    caliper: float | None = 0.2,
    ratio: int = 1,
    replace: bool = False,
    order: Order = "largest",
    propensity: Propensity | None = None,
) -> Matches:
    """Match treated units to untreated ones that were as likely to be treated.

    Parameters
    ----------
    frame
        Units with the columns that ``covariates`` and ``exact`` name, known before treatment.
    covariates
        What the propensity is made of when none is given; what balance is judged on in any case.
    exact
        Categories (or ``stratum``) that must be equal within a set.
    caliper
        Largest distance in standard deviations of the logit, pooled within the two groups; None for none.
    ratio
        Controls per treated unit: everybody chooses once before anybody chooses twice.
    replace
        Whether a control may stand in several sets.
    order
        Who chooses first: the ``largest`` propensity (ties by row), or rows as ``given``.
    propensity
        Fitted before; default a logit of the covariates.

    Returns
    -------
    Matches

    Raises
    ------
    EstimationError
        When an argument is out of range, the propensity cannot be fitted, or nobody finds a control.

    Notes
    -----
    *Estimand*: the set serves the mean effect on the treated, or on the treated that were matched where some were not.
    *Assumptions*: given the covariates, treatment does not depend on what would have happened (no hidden confounder),
    and every treated unit could have gone untreated. The campaign's own rule must be among the covariates, and then
    leaves nobody to compare with: such a campaign is not for matching.

    References
    ----------
    Austin (2011), Pharmaceutical Statistics 10(2). Ho, Imai, King and Stuart (2011), J. Stat. Software 42(8).
    """
    _check(ratio, caliper)
    treated = find_treated(frame)
    fitted = propensity if propensity is not None else fit_propensity(frame, covariates=covariates)
    value = fitted.logit
    limit = np.inf if caliper is None else caliper * _pooled_sd(value, treated)
    found = _choose(value, treated, frame, exact=tuple(exact), order=order, ratio=ratio, limit=limit, replace=replace)
    kept = found.n_controls > 0
    if not kept.any():
        message = (
            f"none of {int(treated.sum())} treated units has a control within the caliper ({caliper} standard "
            f"deviations of the logit) and the same {', '.join(exact) or 'frame'}: nobody is comparable; the "
            "campaign's rule left no overlap"
        )
        raise EstimationError(message)
    return Matches(
        frame=frame,
        propensity=fitted,
        covariates=tuple(covariates),
        exact=tuple(exact),
        treated=found.treated[kept],
        control=found.control,
        starts=np.concatenate([[0], np.cumsum(found.n_controls[kept])]),
        distance=np.abs(value[found.control] - np.repeat(value[found.treated[kept]], found.n_controls[kept])),
        caliper=float(limit),
        replace=replace,
        n_treated=int(treated.sum()),
        n_dropped=int((~kept).sum()),
    )


def _check(ratio: int, caliper: float | None) -> None:
    if ratio < 1:
        message = f"ratio == {ratio}, must be 1 or more controls per treated unit"
        raise EstimationError(message)
    if caliper is not None and not caliper > 0:
        message = f"caliper == {caliper}, must be above 0 standard deviations, or None for no limit"
        raise EstimationError(message)


def _pooled_sd(value: NDArray[np.float64], treated: NDArray[np.bool_]) -> float:
    return float(np.sqrt((value[treated].var(ddof=1) + value[~treated].var(ddof=1)) / 2.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """Treated rows ascending, how many controls each found, and those controls set by set."""

    treated: NDArray[np.int64]
    n_controls: NDArray[np.int64]
    control: NDArray[np.int64]


def _choose(
    value: NDArray[np.float64],
    treated: NDArray[np.bool_],
    frame: UnitFrame,
    *,
    exact: tuple[str, ...],
    order: Order,
    ratio: int,
    limit: float,
    replace: bool,
) -> _Chosen:
    group = _groups(frame, exact)
    rows, pool = np.flatnonzero(treated), np.flatnonzero(~treated)
    chosen = np.full((len(rows), ratio), -1, np.int64)
    rows_by, pool_by = _split(group[rows]), _split(group[pool])
    for code in rows_by.keys() & pool_by.keys():
        mine = rows_by[code]
        if order == "largest":
            mine = mine[np.argsort(-value[rows[mine]], kind="stable")]
        controls = pool[pool_by[code]]
        controls = controls[np.argsort(value[controls], kind="stable")]
        chosen[mine] = _match_group(value[rows[mine]], value[controls], controls, ratio, limit, replace=replace)
    return _Chosen(rows, (chosen >= 0).sum(axis=1), chosen[chosen >= 0])


def _match_group(
    wanted: NDArray[np.float64],
    values: NDArray[np.float64],
    controls: NDArray[np.intp],
    ratio: int,
    limit: float,
    *,
    replace: bool,
) -> NDArray[np.int64]:
    from uplift.estimate.matching.nearest import match_with_replacement, match_without_replacement

    if replace:
        place = match_with_replacement(wanted, values, ratio, limit)
    else:
        distinct, first = np.unique(values, return_index=True)
        starts = np.append(first, len(values)).astype(np.int64)
        place = match_without_replacement(wanted, distinct, starts, ratio, limit)
    matched: NDArray[np.int64] = np.where(place >= 0, controls[place], -1)
    return matched


def _groups(frame: UnitFrame, exact: tuple[str, ...]) -> NDArray[np.int64]:
    group = np.zeros(len(frame), np.int64)
    for name in exact:
        if name == STRATUM and name not in frame.columns:
            codes = frame.stratum
        elif name in frame.columns:
            codes = np.unique(frame.columns[name], return_inverse=True)[1].astype(np.int64)
        else:
            message = f"exact: '{name}' is not in the frame; its columns: {', '.join((*frame.columns, STRATUM))}"
            raise EstimationError(message)
        group = np.unique(group * (int(codes.max()) + 1) + codes, return_inverse=True)[1].astype(np.int64)
    return group


def _split(codes: NDArray[np.int64]) -> dict[int, NDArray[np.intp]]:
    """Return the places of every code, ascending."""
    if not len(codes):
        return {}
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    return {int(codes[part[0]]): part for part in np.split(order, cuts)}
