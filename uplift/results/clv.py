"""Customer value before the campaign, without it, and because of it; and how far the predicted part can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from uplift.results.effect import Effect

Backend = Literal["surrogate", "surrogate_boosted", "bgnbd_organic", "bgnbd", "bgnbd_mechanical", "holdout"]
"""A way to the residual value: an estimator of :class:`ResidualRow`."""

RatioShape = Literal["interval", "rays", "line"]


@dataclass(frozen=True, slots=True)
class ValueGain:
    """What an arm adds to the value of one group of customers, its observed and its predicted part apart.

    Parameters
    ----------
    arm
        The arm, against the control.
    total
        Effect on net value over the horizon: observed and predicted.
    observed
        Effect on net margin inside the window.
    predicted
        Effect on the discounted value after it; None where nothing is predicted.
    """

    arm: str
    total: Effect
    observed: Effect
    predicted: Effect | None = None


@dataclass(frozen=True, slots=True)
class ClvRow:
    """Historic, predicted and incremental value of one group of customers; money per customer.

    Parameters
    ----------
    by, level
        For whom: ``overall``, ``segment`` or ``stratum``, and which.
    n_units
        Analysed units.
    historic
        Mean gross margin of the year before the campaign; None where the past is not known.
    lifetime
        Mean gross margin since the first order; None likewise.
    predicted
        Mean discounted value over the horizon without the campaign: of those who had ordered, by the purchase model
        at day 0; without that model the control's window and its predicted rest; None where nothing is predicted.
    gains
        One entry per treatment arm.
    """

    by: str
    level: str
    n_units: int
    historic: float | None
    lifetime: float | None
    predicted: float | None
    gains: tuple[ValueGain, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A prediction of the residual effect held against what came to pass.

    Parameters
    ----------
    estimator
        The back-end.
    arm
        The arm, against the control.
    estimate, std_error
        What it predicted.
    truth, truth_error
        Realised effect on the value of the same days, and its standard error.
    z
        (estimate - truth) over the standard error of that difference; None where it has none.
    covered
        Whether the interval of that difference, of the same customers and with the model's errors, holds 0.
    """

    estimator: str
    arm: str
    estimate: float
    std_error: float
    truth: float
    truth_error: float
    z: float | None
    covered: bool


@dataclass(frozen=True, slots=True)
class PullForward:
    """Whether orders were only moved: the effect while coupons were valid, and after.

    Parameters
    ----------
    arm, reference_arm, by, level
        Which contrast, for whom.
    promo_days
        Days from day 0 to the first moment without a valid coupon.
    promo, after, net
        Effects on discounted margin net of returns in [0, promo_days), from there to the window's end, and both.
    p_value
        One-sided, against no dip (``after`` at least 0).
    share
        ``-after / promo``, not clipped: what the rest of the window took back; None when ``promo`` is 0.
    shape, share_lower, share_upper
        Fieller's set of the share: an interval; everything up to ``share_lower`` and from ``share_upper`` on
        (``rays``); or every number (``line``, limits None).
    censored
        Whether the interval of ``promo`` holds 0: then the share says nothing.
    """

    arm: str
    reference_arm: str
    by: str
    level: str
    promo_days: int
    promo: Effect
    after: Effect
    net: Effect
    p_value: float
    share: float | None
    shape: RatioShape
    share_lower: float | None
    share_upper: float | None
    censored: bool


@dataclass(frozen=True, slots=True)
class Dependence:
    """Short-term return beside long-term value, and what the arm did to the habit of waiting for coupons.

    Parameters
    ----------
    arm, by, level
        The arm against the control, for whom.
    short_term
        Effect on net margin inside the window.
    long_term
        Effect on the residual value; None where nothing is predicted.
    full_price
        Effect on the margin of orders without a coupon; None without coupons.
    coupon_share
        Effect on the share of orders with a coupon; None likewise.
    """

    arm: str
    by: str
    level: str
    short_term: Effect
    long_term: Effect | None = None
    full_price: Effect | None = None
    coupon_share: Effect | None = None


@dataclass(frozen=True, slots=True)
class ResidualFacts:
    """What the residual back-ends were made from.

    Parameters
    ----------
    model
        Kind of the purchase model; empty without one.
    parameters
        Its parameters and the spend model's, by name.
    n_fit
        Customers it was fit on.
    correlation
        Of frequency and mean value among repeat buyers; None without a model.
    kappa, kappa_error
        Weight of a couponed order as a sign of the future, and its standard error; the error is None where kappa is
        the default.
    kappa_source
        ``past`` or ``default``.
    n_unknown
        Analysed units without an order before day 0: the purchase model says nothing of them.
    kept_share
        Share of the margin that returns left, in the past; the purchase model's values are multiplied by it.
    n_boosted, n_past
        Units of the experiment and of the past cohort in the boosted back-end; 0 where it did not run.
    n_clipped
        Density ratios that were clipped there.
    """

    model: str = ""
    parameters: Mapping[str, float] | None = None
    n_fit: int = 0
    correlation: float | None = None
    kappa: float | None = None
    kappa_error: float | None = None
    kappa_source: Literal["past", "default"] = "default"
    n_unknown: int = 0
    kept_share: float = 1.0
    n_boosted: int = 0
    n_past: int = 0
    n_clipped: int = 0


@dataclass(frozen=True, slots=True)
class ClvReport:
    """Everything an analysis says of customer value.

    Parameters
    ----------
    rows
        Historic, predicted and incremental value: overall, by segment, by stratum.
    residuals
        Effects on the residual value by every back-end, named by ``estimator``: overall and by segment.
    calibration
        Back-ends against the realised value, once the horizon is over.
    pull_forward
        Overall and by segment; empty where no coupon expires inside the window.
    dependence
        Overall and by segment.
    facts
        What the back-ends were made from.
    """

    rows: tuple[ClvRow, ...] = ()
    residuals: tuple[Effect, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    pull_forward: tuple[PullForward, ...] = ()
    dependence: tuple[Dependence, ...] = ()
    facts: ResidualFacts = ResidualFacts()
