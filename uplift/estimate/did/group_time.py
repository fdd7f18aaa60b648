"""Effects of each cohort in each period, and their averages (Callaway and Sant'Anna 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.did.doubly_robust import contrast_doubly_robust
from uplift.estimate.did.panel import NEVER, CohortSums, Panel, sum_cohorts
from uplift.estimate.itt import Reading
from uplift.estimate.labels import Labels, label_effect
from uplift.results.effect import Effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ControlGroup = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
Aggregation = Literal["simple", "dynamic", "group", "calendar"]


@dataclass(frozen=True, slots=True, eq=False)
class AttGt:
    """Effects by cohort and period, with what is needed to average them.

    Parameters
    ----------
    cohort, period : ndarray of int64, shape (K,)
        Cohort and period of each effect.
    estimate : ndarray of float64, shape (K,)
        In the unit of the outcome.
    covariance : ndarray of float64, shape (K, K)
        Their covariance.
    shares : ndarray of float64, shape (K,)
        Share of all units that each effect's cohort makes.
    share_influence : ndarray of float64, shape (C, K)
        How each of C groups of units moves the shares: ``1{its cohort} - share``.
    group_units : ndarray of float64, shape (C,)
        Units of each of those groups over the square of all units.
    n_units
        Units.
    anticipation
        Periods before treatment in which the effect may already show.
    control_group, outcome
        What cohorts were compared with, and the name of the outcome.
    influence : ndarray of float64, shape (R, K), optional
        What each of R units or clusters adds to the error of each effect; kept when asked for.
    """

    cohort: NDArray[np.int64]
    period: NDArray[np.int64]
    estimate: NDArray[np.float64]
    covariance: NDArray[np.float64]
    shares: NDArray[np.float64]
    share_influence: NDArray[np.float64]
    group_units: NDArray[np.float64]
    n_units: int
    anticipation: int
    control_group: ControlGroup
    outcome: str
    influence: NDArray[np.float64] | None = None

    def effects(self, *, reading: Reading | None = None) -> Effects:
        """Return every effect, labelled ``("group_time", "cohort:period")``."""
        levels = [f"{g}:{t}" for g, t in zip(self.cohort.tolist(), self.period.tolist(), strict=True)]
        return _to_effects(self.estimate, self.covariance, "group_time", levels, self, reading)

    def aggregate(
        self, kind: Aggregation = "simple", *, balance_to: int | None = None, reading: Reading | None = None
    ) -> Effects:
        """Average the effects over cohorts and periods.

        Parameters
        ----------
        kind
            ``simple``: all treated cells, by the size of the cohort; ``dynamic``: by periods since treatment;
            ``group``: by cohort; ``calendar``: by period.
        balance_to
            For ``dynamic``: only cohorts seen that many periods after treatment, and periods up to then.
        reading
            Labels and confidence level.

        Returns
        -------
        Effects
            The overall average first, ``("overall", "")``; then the averages of which it is made (none for ``simple``).
            Errors count that the sizes of cohorts are themselves estimated.

        Raises
        ------
        EstimationError
            When no cell is left to average.
        """
        rows = _averages(self, kind, balance_to)
        weights = np.stack([row.weights for row in rows])
        value = weights @ self.estimate
        moved = np.stack([row.moved for row in rows]) @ self.share_influence.T
        covariance = weights @ self.covariance @ weights.T + (moved * self.group_units) @ moved.T
        names = {"dynamic": "event_time", "group": "cohort", "calendar": "period"}
        by = ["overall", *[names[kind]] * (len(rows) - 1)] if kind != "simple" else ["overall"]
        return _to_effects(value, covariance, by, [row.level for row in rows], self, reading)


def estimate_att_gt(
    panel: Panel | CohortSums,
    *,
    control_group: ControlGroup = "never",
    anticipation: int = 0,
    covariates: Sequence[str] = (),
    base: Base = "varying",
    outcome: str = "outcome",
    keep_influence: bool = False,
) -> AttGt:
    """Estimate the effect on each cohort in each period.

    Parameters
    ----------
    panel
        A balanced panel, or sums of one (see :func:`read_cohorts`), which serve as well where there are no covariates
        and no clusters.
    control_group
        ``never`` treated units, or those ``not_yet`` treated in the period.
    anticipation
        Periods before treatment in which the effect may already show.
    covariates
        Columns of the panel; then trends are parallel only given these, and the contrast is doubly robust.
    base
        Periods before treatment are compared with the one before each (``varying``), or all with the last period
        before treatment (``universal``).
    outcome
        Name of the outcome.
    keep_influence
        Whether to keep what each unit adds to the errors, which :func:`multiplier_critical` draws from; a panel only.

    Returns
    -------
    AttGt

    Raises
    ------
    EstimationError
        When nobody is treated after the first period, a period has nobody to compare with, or covariates or
        influence are asked of sums.

    Notes
    -----
    *Estimand*: E[Y_t(g) - Y_t(never) | cohort g]. *Assumptions*: without treatment, cohort and controls would have
    moved in parallel (given the covariates) on the scale of the outcome; no anticipation beyond ``anticipation``
    periods. Units treated in the first period have no time before and are left out.

    References
    ----------
    Callaway and Sant'Anna (2021), J. Econometrics 225(2). Sant'Anna and Zhao (2020), J. Econometrics 219(1).
    """
    if isinstance(panel, CohortSums):
        if covariates or keep_influence:
            message = "covariates: sums know no covariates and no units; give the panel itself"
            raise EstimationError(message)
        return _from_sums(_after_first(panel), control_group, anticipation, base, outcome)
    if not (covariates or keep_influence) and panel.cluster is None:
        return _from_sums(_after_first(sum_cohorts(panel)), control_group, anticipation, base, outcome)
    kept = panel.take(panel.cohort > panel.periods[0])
    found, influence = _from_panel(kept, control_group, anticipation, tuple(covariates), base, outcome)
    return replace(found, influence=influence) if keep_influence else found


@dataclass(frozen=True, slots=True)
class _Cell:
    """Cohort, period, the period that it is compared with, and which cohorts are controls."""

    cohort: int
    period: int
    against: int
    controls: tuple[int, ...]


def _after_first(sums: CohortSums) -> CohortSums:
    kept = sums.cohorts > sums.periods[0]
    return replace(sums, cohorts=sums.cohorts[kept], n=sums.n[kept], mean=sums.mean[kept], scatter=sums.scatter[kept])


def _cells(
    periods: NDArray[np.int64],
    cohorts: NDArray[np.int64],
    control_group: ControlGroup,
    anticipation: int,
    base: Base,
) -> list[_Cell]:
    treated = [int(g) for g in cohorts if g <= periods[-1]]
    if not treated:
        message = "nobody is treated between the second and the last period; there is no effect to estimate"
        raise EstimationError(message)
    if control_group == "never" and NEVER not in cohorts and cohorts.max() <= periods[-1]:
        message = "control_group == 'never' and every unit is treated in the end; use control_group='not_yet'"
        raise EstimationError(message)
    cells = []
    for g in treated:
        before = periods[periods < g - anticipation]
        if not len(before):
            continue
        for place, t in enumerate(periods.tolist()):
            is_after = t >= g - anticipation
            against = int(before[-1]) if is_after or base == "universal" else int(periods[max(place - 1, 0)])
            if against == t:
                continue
            controls = _controls(cohorts, g, max(t, against) + anticipation, control_group, int(periods[-1]))
            if not controls and is_after and control_group == "not_yet":
                continue
            if not controls:
                message = f"period {t}: nobody is untreated to compare cohort {g} with; leave the period out"
                raise EstimationError(message)
            cells.append(_Cell(g, t, against, controls))
    if not cells:
        message = "no cohort has a period before its treatment; add earlier periods, or allow less anticipation"
        raise EstimationError(message)
    return cells


def _controls(
    cohorts: NDArray[np.int64], cohort: int, until: int, control_group: ControlGroup, last: int
) -> tuple[int, ...]:
    """Return the cohorts that are untreated up to a period; those treated after the panel's end count as never."""
    bar = last if control_group == "never" else until
    return tuple(int(g) for g in cohorts if g > bar and g != cohort)


def _from_sums(sums: CohortSums, control_group: ControlGroup, anticipation: int, base: Base, outcome: str) -> AttGt:
    cells = _cells(sums.periods, sums.cohorts, control_group, anticipation, base)
    place = {int(g): i for i, g in enumerate(sums.cohorts)}
    when = {int(t): j for j, t in enumerate(sums.periods)}
    n_all = float(sums.n.sum())
    # Loadings of each effect on the mean path of each cohort, and on the cohort's own size.
    loading = np.zeros((len(cells), len(place), len(when)))
    own = np.zeros((len(cells), len(place)))
    estimate = np.zeros(len(cells))
    for k, cell in enumerate(cells):
        step = np.zeros(len(when))
        step[when[cell.period]], step[when[cell.against]] = 1.0, -1.0
        control = [place[g] for g in cell.controls]
        size = sums.n[control].sum()
        loading[k, place[cell.cohort]] += step
        loading[k, control] -= sums.n[control, None] / size * step
        moved = sums.mean @ step
        among = float(sums.n[control] @ moved[control]) / size
        estimate[k] = moved[place[cell.cohort]] - among
        # Controls of several cohorts are one group: how far each is from their joint mean counts as spread.
        own[k, control] = -(moved[control] - among) * sums.n[control] / size
    per_unit = loading / sums.n[None, :, None]
    within = np.einsum("kgt,gtu,lgu->kl", per_unit, sums.scatter, per_unit)
    between = (own / np.sqrt(sums.n)) @ (own / np.sqrt(sums.n)).T
    shares = sums.n / n_all
    groups = np.eye(len(place)) - shares
    return AttGt(
        cohort=np.array([cell.cohort for cell in cells]),
        period=np.array([cell.period for cell in cells]),
        estimate=estimate,
        covariance=within + between,
        shares=shares[[place[cell.cohort] for cell in cells]],
        share_influence=groups[:, [place[cell.cohort] for cell in cells]],
        group_units=sums.n / n_all**2,
        n_units=int(n_all),
        anticipation=anticipation,
        control_group=control_group,
        outcome=outcome,
    )


def _from_panel(
    panel: Panel,
    control_group: ControlGroup,
    anticipation: int,
    covariates: tuple[str, ...],
    base: Base,
    outcome: str,
) -> tuple[AttGt, NDArray[np.float64]]:
    cohorts = np.unique(panel.cohort)
    cells = _cells(panel.periods, cohorts, control_group, anticipation, base)
    when = {int(t): j for j, t in enumerate(panel.periods)}
    n = len(panel)
    x = np.column_stack([np.ones(n), *(panel.covariates[name] for name in covariates)])
    estimate, influence = np.zeros(len(cells)), np.zeros((n, len(cells)))
    for k, cell in enumerate(cells):
        inside = panel.cohort == cell.cohort
        rows = inside | np.isin(panel.cohort, cell.controls)
        change = panel.outcome[rows, when[cell.period]] - panel.outcome[rows, when[cell.against]]
        one = contrast_doubly_robust(change, inside[rows].astype(np.float64), x[rows])
        estimate[k] = one.estimate
        influence[rows, k] = one.influence * n / rows.sum()
    summed = _by_cluster(influence, panel.cluster)
    shares = np.array([(panel.cohort == g).mean() for g in cohorts])
    place = [int(np.searchsorted(cohorts, cell.cohort)) for cell in cells]
    found = AttGt(
        cohort=np.array([cell.cohort for cell in cells]),
        period=np.array([cell.period for cell in cells]),
        estimate=estimate,
        covariance=summed.T @ summed / n**2,
        shares=shares[place],
        share_influence=(np.eye(len(cohorts)) - shares)[:, place],
        group_units=shares / n,
        n_units=n,
        anticipation=anticipation,
        control_group=control_group,
        outcome=outcome,
    )
    return found, summed / n


def _by_cluster(influence: NDArray[np.float64], cluster: NDArray[np.int64] | None) -> NDArray[np.float64]:
    if cluster is None:
        return influence
    code = np.unique(cluster, return_inverse=True)[1]
    summed = np.zeros((int(code.max()) + 1, influence.shape[1]))
    np.add.at(summed, code, influence)
    return summed


@dataclass(frozen=True, slots=True, eq=False)
class _Average:
    """Weights on the effects, and how the average moves with the share of each effect's cohort."""

    level: str
    weights: NDArray[np.float64]
    moved: NDArray[np.float64]


def _averages(found: AttGt, kind: Aggregation, balance_to: int | None) -> list[_Average]:
    after = found.period >= found.cohort
    if kind == "simple":
        return [_by_share(found, "", after)]
    if kind == "group":
        parts = [_evenly(str(g), after & (found.cohort == g)) for g in np.unique(found.cohort[after])]
        first = [int(np.flatnonzero(part.weights)[0]) for part in parts]
        return [_over(found, parts, found.shares[first], first), *parts]
    if kind == "calendar":
        times = np.unique(found.period[after])
        parts = [_by_share(found, str(t), after & (found.period == t)) for t in times]
        return [_mean_of(parts, np.ones(len(parts), bool)), *parts]
    since = found.period - found.cohort
    usable = np.ones(len(since), bool)
    if balance_to is not None:
        seen = found.period.max() - found.cohort >= balance_to
        usable = seen & (since <= balance_to) & (since >= balance_to - (found.period.max() - found.period.min()))
    events = np.unique(since[usable])
    parts = [_by_share(found, str(e), usable & (since == e)) for e in events]
    return [_mean_of(parts, events >= 0), *parts]


def _refuse_empty(rows: NDArray[np.bool_]) -> None:
    if not rows.any():
        message = "no effect is left to average; ask for fewer periods after treatment"
        raise EstimationError(message)


def _by_share(found: AttGt, level: str, rows: NDArray[np.bool_]) -> _Average:
    """Average by the size of cohorts; d (p_k / P) = (1{k} - w_k) / P for every share p_k."""
    _refuse_empty(rows)
    total = found.shares[rows].sum()
    weights = np.where(rows, found.shares / total, 0.0)
    value = float(weights @ found.estimate)
    return _Average(level, weights, np.where(rows, (found.estimate - value) / total, 0.0))


def _evenly(level: str, rows: NDArray[np.bool_]) -> _Average:
    weights = rows / rows.sum()
    return _Average(level, weights, np.zeros(len(rows)))


def _mean_of(parts: list[_Average], chosen: NDArray[np.bool_]) -> _Average:
    _refuse_empty(chosen)
    kept = [part for part, used in zip(parts, chosen.tolist(), strict=True) if used]
    weights = np.mean([part.weights for part in kept], axis=0)
    return _Average("", weights, np.mean([part.moved for part in kept], axis=0))


def _over(found: AttGt, parts: list[_Average], shares: NDArray[np.float64], first: list[int]) -> _Average:
    """Average cohorts by their size; each cohort's share is read at its first effect."""
    weight = shares / shares.sum()
    values = np.array([float(part.weights @ found.estimate) for part in parts])
    moved = np.zeros(len(found.estimate))
    moved[first] = (values - weight @ values) / shares.sum()
    return _Average("", weight @ np.stack([part.weights for part in parts]), moved)


def _to_effects(
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    by: str | list[str],
    levels: list[str],
    found: AttGt,
    reading: Reading | None,
) -> Effects:
    told = reading or Reading()
    kinds = [by] * len(levels) if isinstance(by, str) else by
    items = []
    for k, level in enumerate(levels):
        labels = Labels(found.outcome, "did", "att", "treated", found.control_group, found.n_units, found.n_units)
        one = replace(told, group=(kinds[k], level))
        error = float(np.sqrt(max(covariance[k, k], 0.0)))
        items += list(label_effect(float(value[k]), error, labels=labels, reading=one))
    return Effects(tuple(items), covariance)
