"""Natural repurchase against campaign effect, in lines that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.decide.values import compared_units
from uplift.results.money import Amount, Decomposition, Line, Waste
from uplift.stats.cells import evaluate
from uplift.stats.intervals import fieller, t_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.results.measure import Measure
    from uplift.stats.cells import CellMeans, Estimates

COSTS: Mapping[str, str] = {
    "subsidy": "subsidy",
    "contact": "contact",
    "fulfilment": "fulfilment",
    "returns": "returned_value",
}
"""Cost line to the component that it is the effect on."""

NET: Mapping[str, float] = {
    "gross_margin": 1.0,
    "subsidy": -1.0,
    "contact": -1.0,
    "fulfilment": -1.0,
    "returned_value": -1.0,
    "residual": 1.0,
}
"""Net value of a unit as a sum of its components."""

SPEND: Mapping[str, float] = {"subsidy": 1.0, "contact": 1.0, "fulfilment": 1.0}
"""Money that treating a unit costs."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Treated customers that a decomposition is about.

    Parameters
    ----------
    arm
        Name of the arm, or ``treated`` for several together.
    by, level
        For whom.
    weight : ndarray of float64, shape (G, A)
        Treated customers per group and arm; the control column is zero.
    """

    arm: str
    by: str
    level: str
    weight: NDArray[np.float64]


def treated_groups(means: CellMeans, *, by: str = "overall", level: str = "") -> tuple[Group, ...]:
    """Return one group per treatment arm and one for all treated customers of the campaign to date.

    Treated customers of a stratum without control are in no group: nothing says what they would have brought.
    """
    every = compared_units(means)
    single = [np.where(np.arange(len(means.arms))[None] == k, every, 0.0) for k in range(1, len(means.arms))]
    groups = [Group(arm, by, level, weight) for arm, weight in zip(means.arms[1:], single, strict=True) if weight.any()]
    return (*groups, Group("treated", by, level, every)) if len(groups) > 1 else tuple(groups)


def component_effect(
    means: CellMeans, weight: NDArray[np.float64], components: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return coefficients (G, A, M) of the effect on a sum of components, per treated customer.

    Parameters
    ----------
    means
        Adjusted means; components that were not measured are left out.
    weight : ndarray, shape (G, A)
        Treated customers per group and arm.
    components
        Outcome to its coefficient.
    """
    share = weight / weight.sum()
    arms = share.copy()
    arms[:, 0] -= share.sum(axis=1)
    row = np.array([components.get(name, 0.0) for name in means.outcomes])
    coefficients: NDArray[np.float64] = arms[..., None] * row
    return coefficients


def component_mean(
    means: CellMeans, weight: NDArray[np.float64], component: str, *, control: bool
) -> NDArray[np.float64]:
    """Return coefficients of the treated mean of a component, or of the control mean that stands for it."""
    share = weight / weight.sum()
    arms = share
    if control:
        arms = np.zeros_like(share)
        arms[:, 0] = share.sum(axis=1)
    row = np.array([float(name == component) for name in means.outcomes])
    coefficients: NDArray[np.float64] = arms[..., None] * row
    return coefficients


def decompose(
    means: CellMeans, group: Group, *, measure: Measure, confidence_level: float = 0.95, gross: str = "gross_margin"
) -> Decomposition:
    """Split what treated customers brought into natural repurchase, campaign effect and cost.

    Parameters
    ----------
    means
        Adjusted means of the components, all from the same covariates and slopes.
    group
        Treated customers and their weights.
    measure
        Unit of the lines per head.
    confidence_level
        Of every interval.
    gross
        Outcome that holds the gross value (the primary itself where there are no components).

    Returns
    -------
    Decomposition
        Its lines close to rounding error: they are one linear map of the same cell means.

    Notes
    -----
    *Estimand*: per treated customer of the campaign to date (strata weighted by treated customers). Every cost line is
    the effect on a component, so that control customers who redeem other coupons are not charged. *Assumptions*: random
    assignment within strata, no interference. Waste also assumes that every incremental order is a redeemed one
    and that a redemption displaces at most one organic order.
    """
    present = [name for name in NET if name in means.outcomes]
    codes = {"natural": component_mean(means, group.weight, gross, control=True)}
    codes["incremental_observed"] = component_effect(means, group.weight, {gross: 1.0})
    for code, component in COSTS.items():
        codes[code] = component_effect(means, group.weight, {component: -1.0})
    if "residual" in present:
        codes["incremental_predicted"] = component_effect(means, group.weight, {"residual": 1.0})
    net = {gross: 1.0} | {name: NET[name] for name in present}
    codes["net"] = component_effect(means, group.weight, net)
    if "primary_capped" in means.outcomes and gross in NET:
        codes["cap_effect"] = component_effect(means, group.weight, {"primary_capped": 1.0}) - codes["net"]
    estimates = evaluate(means, np.array(list(codes.values())))
    amounts = _amounts(estimates, tuple(codes), confidence_level)
    n_treated = round(float(group.weight.sum()))
    raw = float((component_mean(means, group.weight, gross, control=False) * means.raw_mean).sum())
    adjusted = _value(amounts["natural"]) + _value(amounts["incremental_observed"])
    amounts = {"observed": Amount(raw), "chance_imbalance": Amount(adjusted - raw)} | amounts
    amounts.setdefault("incremental_predicted", Amount(None))
    return Decomposition(
        arm=group.arm,
        by=group.by,
        level=group.level,
        measure=measure,
        n_treated=n_treated,
        lines=tuple(_line(code, amounts[code], n_treated) for code in _ORDER if code in amounts),
        dashboard_claim=_claim(means, group, confidence_level),
        natural_share=_natural_share(estimates, tuple(codes), confidence_level),
        waste=_waste(means, group, confidence_level),
    )


_ORDER = (
    "observed",
    "chance_imbalance",
    "natural",
    "incremental_observed",
    "incremental_predicted",
    "subsidy",
    "contact",
    "fulfilment",
    "returns",
    "net",
    "cap_effect",
)


def _line(code: str, amount: Amount, n_treated: int) -> Line:
    return Line(code, amount, None if amount.estimate is None else amount.estimate * n_treated)


def _value(amount: Amount) -> float:
    return 0.0 if amount.estimate is None else amount.estimate


def _amounts(estimates: Estimates, codes: tuple[str, ...], confidence_level: float) -> dict[str, Amount]:
    limits = t_intervals(estimates.value, estimates.std_error, estimates.df, confidence_level=confidence_level)
    return {
        code: Amount(float(estimates.value[i]), float(limits.lower[i]), float(limits.upper[i]))
        for i, code in enumerate(codes)
    }


def _claim(means: CellMeans, group: Group, confidence_level: float) -> Amount | None:
    if "redeemed_margin" not in means.outcomes:
        return None
    weights = component_mean(means, group.weight, "redeemed_margin", control=False)
    return _amounts(evaluate(means, weights[None]), ("claim",), confidence_level)["claim"]


def _natural_share(estimates: Estimates, codes: tuple[str, ...], confidence_level: float) -> Amount:
    natural, incremental = codes.index("natural"), codes.index("incremental_observed")
    mix = np.zeros((2, len(codes)))
    mix[0, natural] = mix[1, natural] = mix[1, incremental] = 1.0
    return _ratio(
        mix @ estimates.value, mix @ estimates.covariance @ mix.T, estimates.df[incremental], confidence_level
    )


def _waste(means: CellMeans, group: Group, confidence_level: float) -> Waste | None:
    """Return 1 - incremental orders / incremental redeemed orders, unclipped."""
    if not {"orders", "redeemed_orders", "subsidy"} <= set(means.outcomes):
        return None
    weights = [component_effect(means, group.weight, {name: 1.0}) for name in ("orders", "redeemed_orders", "subsidy")]
    estimates = evaluate(means, np.array(weights))
    kept = _ratio(estimates.value[:2], estimates.covariance[:2, :2], estimates.df[0], confidence_level)
    if kept.estimate is None:
        return None
    share = Amount(1.0 - kept.estimate, _flip(kept.ci_upper), _flip(kept.ci_lower))
    amount = float(estimates.value[2]) * _value(share) * float(group.weight.sum())
    return Waste(share, amount, outside=not 0.0 <= _value(share) <= 1.0)


def _flip(limit: float | None) -> float | None:
    return None if limit is None else 1.0 - limit


def _ratio(pair: NDArray[np.float64], covariance: NDArray[np.float64], df: float, confidence_level: float) -> Amount:
    if pair[1] == 0.0:
        return Amount(None)
    found = fieller(float(pair[0]), float(pair[1]), covariance, df=float(df), confidence_level=confidence_level)
    if found.kind != "interval":
        return Amount(found.estimate)
    return Amount(found.estimate, found.lower, found.upper)
