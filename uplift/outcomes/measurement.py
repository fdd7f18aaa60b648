"""How outcomes will be measured: settled, and tried on the past, before anybody is assigned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from uplift.clv.lifetime import LifetimeModel
from uplift.clv.surrogate import SurrogateModel
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping

CENT = 0.01
"""Grid step of money."""

COMPONENTS: Mapping[str, float] = {
    "gross_margin": CENT,
    "subsidy": CENT,
    "contact": CENT / 100,
    "fulfilment": CENT,
    "returned_value": CENT,
    "residual": CENT,
}
"""Components of net value and their grid steps."""

PRIMARY_TERMS: Mapping[str, Mapping[str, float]] = {
    "incremental_clv": {
        "gross_margin": 1.0,
        "subsidy": -1.0,
        "contact": -1.0,
        "fulfilment": -1.0,
        "returned_value": -1.0,
        "residual": 1.0,
    },
    "net_margin": {
        "gross_margin": 1.0,
        "subsidy": -1.0,
        "contact": -1.0,
        "fulfilment": -1.0,
        "returned_value": -1.0,
    },
    "gross_margin": {"gross_margin": 1.0},
}
"""Primary outcomes in money as sums of components."""

SURROGATES = ("organic_margin", "couponed_margin")
"""Surrogates of residual value inside the window: margin of organic and of couponed orders, apart."""

SURROGATES_WITHOUT_COUPONS = ("gross_margin", "orders")
"""The same where no table tells couponed orders from organic ones."""


@dataclass(frozen=True, slots=True)
class OutcomePlan:
    """One outcome as it will be measured.

    Parameters
    ----------
    id
        Metric of the dictionary, or a column of units.
    measure
        Its unit.
    direction
        ``up`` when more is better.
    ratio
        Whether it is a ratio of sums (its columns are ``<id>.numerator`` and ``<id>.denominator``).
    grid
        Value of one integer step of its column (of both columns of a ratio).
    column
        Column of units that already holds it; empty when it comes from orders.
    """

    id: str
    measure: Measure
    direction: Literal["up", "down"] = "up"
    ratio: bool = False
    grid: float = 1.0
    column: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a unit's outcome is, for any window: the past for design, the campaign for analysis.

    Parameters
    ----------
    primary, secondary
        Outcomes.
    covariates
        Columns known strictly before ``as_of``, and their grid steps in ``covariate_grids``.
    covariate_grids
        Grid step per covariate.
    window_days, settle_days, horizon_days
        Days seen; days until an order is settled; days counted, window included.
    annual_discount_rate
        Of every money term, by whole days since ``t0``.
    cap
        Absolute winsor cap of the primary per unit, from the past; None without one.
    residual
        Model of the value beyond the window; None where the past is too short: then the predicted part is absent.
    margin_basis
        ``before_coupon``, ``after_coupon`` or empty without orders.
    lifetime
        Purchase and spend model of the past, arms not drawn yet; None where it could not be fit.
    early
        Index of the gross margin of the ``settle_days`` after the window: what is predicted for days that are known
        when the window has settled, and so can be tested; None without ``residual``.
    kept_share
        Share of gross margin that returns left in the past cohort, in [0, 1].
    """

    primary: OutcomePlan
    secondary: tuple[OutcomePlan, ...]
    covariates: tuple[str, ...]
    covariate_grids: tuple[float, ...]
    window_days: int
    settle_days: int
    horizon_days: int
    annual_discount_rate: float
    cap: float | None
    residual: SurrogateModel | None
    margin_basis: str
    lifetime: LifetimeModel | None = None
    early: SurrogateModel | None = None
    kept_share: float = 1.0

    @property
    def from_orders(self) -> bool:
        """Whether the primary is made of orders (and not a column of units)."""
        return not self.primary.column

    @property
    def counted_days(self) -> int:
        """Days that the primary counts: the horizon, or the window where nothing is predicted."""
        return self.horizon_days if self.residual is not None else self.window_days
