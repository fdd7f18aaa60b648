"""What the campaign offers, taken from a spec: dates, arms, faces, contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError
from uplift.simulate.scenario import LARGE_FACE, PULL_DAYS, Scenario

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.spec import ExperimentSpec
    from uplift.spec.arms import Arm

_FACE, _LARGE_MINIMUM, _SMALL_MINIMUM = 8.0, 129.0, 59.0
_TOUCH_GAP_DAYS = 14.0


@dataclass(frozen=True, slots=True)
class Offer:
    """One treatment arm.

    Parameters
    ----------
    arm, code
        Its id, and the campaign code of its coupons and contacts.
    face, minimum
        Face value, and the list value of an order from which it counts (currency units).
    touches, touch_cost
        Contacts per unit, and what one costs (currency units).
    """

    arm: str
    code: str
    face: float
    minimum: float
    touches: int
    touch_cost: float

    @property
    def is_large(self) -> bool:
        """Whether customers answer as to a large coupon."""
        return self.face >= LARGE_FACE

    def touch_days(self, valid_days: float) -> NDArray[np.float64]:
        """Return the days of the contacts, shape (touches,)."""
        gap = min(_TOUCH_GAP_DAYS, valid_days / max(self.touches, 1))
        return np.asarray(np.arange(self.touches) * gap, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Launch:
    """A campaign that can be run on a market.

    Parameters
    ----------
    start
        Day 0, naive local time.
    valid_days
        Days from the start in which coupons can be redeemed.
    window_days, horizon_days
        Ends of the outcome window and of the horizon (days from the start).
    discount_rate
        A year.
    control
        Id of the control arm.
    offers
        The other arms.
    """

    start: datetime
    valid_days: float
    window_days: int
    horizon_days: int
    discount_rate: float
    control: str
    offers: tuple[Offer, ...]


def launch_of(spec: ExperimentSpec, scenario: Scenario) -> Launch:
    """Return the campaign that a spec describes, as it goes in a scenario.

    Raises
    ------
    UsageError
        When the campaign has no start or no end, another system draws the arms, or coupons are valid to
        near the window's end.
    """
    start, expiry = spec.campaign.start_at, spec.campaign.expiry_at
    if start is None or expiry is None:
        message = "campaign.start and campaign.end: got none; a simulated campaign needs both, add them to the spec"
        raise UsageError(message)
    if spec.assignment.method != "blocked":
        message = (
            f"assignment.method: got {spec.assignment.method}; on a simulated market with orders the toolkit draws: "
            "write blocked, or leave the orders out for a recorded trial of unit outcomes"
        )
        raise UsageError(message)
    outcomes = spec.outcomes
    valid_days = (expiry - start).total_seconds() / 86_400.0
    if valid_days + PULL_DAYS > outcomes.window_days:
        least = valid_days + PULL_DAYS
        message = (
            f"outcomes.window_days: got {outcomes.window_days}; a simulated campaign needs {int(least)}, "
            f"{int(PULL_DAYS)} days after its coupons expire: lengthen the window or end the coupons sooner"
        )
        raise UsageError(message)
    return Launch(
        start=start,
        valid_days=valid_days,
        window_days=int(outcomes.window_days),
        horizon_days=int(outcomes.horizon_days),
        discount_rate=float(outcomes.annual_discount_rate),
        control=spec.control_arm.id,
        offers=tuple(_offer_of(arm, spec, scenario) for arm in spec.treatment_arms),
    )


def _offer_of(arm: Arm, spec: ExperimentSpec, scenario: Scenario) -> Offer:
    face = float(arm.offer.face if arm.offer else arm.plan_cost.redemption or _FACE)
    fallback = _LARGE_MINIMUM if face >= LARGE_FACE else _SMALL_MINIMUM
    minimum = float(arm.offer.minimum if arm.offer else fallback)
    touches = 1 if arm.touches is None else int(arm.touches)
    codes = spec.codes_by_arm.get(arm.id) or spec.campaign_codes
    if scenario.free or scenario.free_offers:
        return Offer(arm.id, codes[0], 0.0, minimum, touches, 0.0)
    return Offer(arm.id, codes[0], face, minimum, touches, float(arm.plan_cost.contact))
