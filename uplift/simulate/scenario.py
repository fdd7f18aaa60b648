"""The constants of a world: who the customers are, how they answer a coupon, what a coupon does later.

Nothing here knows the toolkit's own stages, tiers or strata: groups are written on a customer's
yearly rate, mean basket, age of account and days since the last order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from uplift.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of customer: a Gamma rate, a Beta dropout, an inverse Gamma mean basket.

    Parameters
    ----------
    share
        Share of all customers.
    yearly_rate, rate_shape
        Mean orders a year at the start of an account, and the shape of its Gamma law.
    dropout_a, dropout_b
        Beta law of the chance to leave after an order.
    basket
        Mean list value of an order (currency units).
    floor
        Share of the first rate that is left once the first enthusiasm is over; 1 for none.
    swing
        Half-width of the personal season, as a share of the rate.
    youngest, oldest
        Range of the age of accounts at the start of the campaign (days).
    """

    share: float
    yearly_rate: float
    rate_shape: float
    dropout_a: float
    dropout_b: float
    basket: float
    floor: float = 1.0
    swing: float = 0.3
    youngest: float = 0.0
    oldest: float = 1100.0


KINDS = (
    Kind(0.09, 52.0, 30.0, 1.0, 800.0, 108.0, swing=0.5, youngest=760.0, oldest=2500.0),
    Kind(0.19, 19.0, 9.0, 1.0, 200.0, 104.0, swing=0.5, youngest=200.0, oldest=2500.0),
    Kind(0.52, 36.0, 12.0, 1.5, 80.0, 64.0, floor=0.1, swing=0.3, oldest=560.0),
    Kind(0.20, 4.0, 1.2, 1.0, 8.0, 96.0, swing=0.3),
)

LONG_KINDS = tuple(replace(kind, youngest=0.0, oldest=2500.0) for kind in KINDS)
"""The same, each kind's accounts opened evenly over seven years: one year is like another."""

PLAIN_KINDS = (Kind(1.0, 10.0, 1.5, 1.5, 18.0, 96.0, swing=0.0, oldest=730.0),)
"""One kind without season or fading: a BG/NBD with r = 1.5, alpha = 54.75 days, a = 1.5, b = 18."""

STEADY_KINDS = (
    Kind(0.2, 52.0, 30.0, 1.0, 400.0, 108.0, swing=0.0, oldest=730.0),
    Kind(0.4, 19.0, 9.0, 1.0, 150.0, 104.0, swing=0.0, oldest=730.0),
    Kind(0.4, 6.0, 2.0, 1.0, 60.0, 96.0, swing=0.0, oldest=730.0),
)
"""Constant rates while customers stay."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one group answers one size of coupon.

    Parameters
    ----------
    incremental
        Chance that one coupon makes an order that would not have been (per coupon).
    redeem
        Chance that an organic order above the minimum, inside the coupon's validity, uses a coupon.
    pull
        Chance that an organic order of the 28 days after expiry is moved into the validity.
    annoyed
        Chance that an organic order inside the validity is lost because of the message.
    """

    incremental: float
    redeem: float
    pull: float = 0.05
    annoyed: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """A group of customers with its answers to a small and to a large coupon."""

    name: str
    small: Answer
    large: Answer


@dataclass(frozen=True, slots=True)
class Habit:
    """What one unit of margin in the window does to the margin after it.

    The market's law: the discounted margin, net of returns, that is expected between the end of the
    window and the horizon moves by ``organic_order`` for each order without a coupon that the campaign
    adds to the window (takes away: minus), ``couponed_order`` for each with one, and by
    ``organic_margin``, ``couponed_margin`` for each unit of their gross margin. The margin terms are near
    those of a least-squares fit on the market's own past (.40 and .40, standard errors .003 and .011 over
    four markets of 300,000 customers), so surrogacy holds about, not exactly.
    """

    organic_order: float
    couponed_order: float
    organic_margin: float
    couponed_margin: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named world.

    Parameters
    ----------
    name
        Its name.
    groups
        Answers by group, in the order of :func:`uplift.simulate.response.group_of`.
    habit
        What window margin does to later margin.
    past_incremental
        Chance that a coupon of a past campaign made an order that would not have been.
    free
        True when coupons and contacts cost nothing and cannot be redeemed: arms are labels.
    free_offers
        True when the campaign's coupons and contacts cost nothing, and the coupons can be redeemed.
    kinds
        Who the customers are.
    record_days
        How far back orders are on record.
    exact
        True when the gap after a past first order follows the law of all gaps; False makes it a little long.
    leaves
        True when customers leave for good after an order, and never after their first, as in the BG/NBD.
        False when the orders after the start are a Poisson process with the mean of that.
    second_chance
        Chance that a treated customer without an organic order in the window gets a second one: from the
        start on they live as another customer with the same past, drawn from the posterior of the
        BG/NBD. What later orders say of the future is then what any customer's say. Needs ``leaves`` and
        one kind.
    lift
        Share by which the rate of a treated customer is raised for good, at most 1.
    """

    name: str
    groups: tuple[Group, ...]
    habit: Habit
    past_incremental: float
    free: bool = False
    free_offers: bool = False
    kinds: tuple[Kind, ...] = KINDS
    record_days: float = 760.0
    exact: bool = False
    leaves: bool = False
    second_chance: float = 0.0
    lift: float = 0.0


GROUPS = (
    Group("frequent", Answer(0.003, 0.36), Answer(0.003, 0.95)),
    Group("dormant", Answer(0.008, 0.80), Answer(0.006, 0.80)),
    Group("new", Answer(0.17, 0.30, 0.40), Answer(0.09, 0.30, 0.40)),
    Group("at_risk", Answer(0.095, 0.25), Answer(0.055, 0.25)),
    Group("growing", Answer(0.48, 0.05), Answer(0.25, 0.05)),
    Group("annoyed_regular", Answer(0.0, 0.02, 0.0, 0.004), Answer(0.0, 0.02, 0.0, 0.001)),
    Group("annoyed_occasional", Answer(0.0, 0.02, 0.0, 0.045), Answer(0.0, 0.02, 0.0, 0.040)),
    Group("regular", Answer(0.04, 0.40), Answer(0.025, 0.40)),
    Group("occasional", Answer(0.035, 0.70), Answer(0.022, 0.70)),
)

COMMON_PEAK = -30.0
COMMON_SHARE = 0.15
ENTHUSIASM_DAYS = 150.0
BASKET_SHAPE = 5.0
BASKET_SPREAD = 9.0
RETURN_CHANCE = 0.03
RETURN_FULL = 0.7
RETURN_LOSS = RETURN_CHANCE * (RETURN_FULL + (1.0 - RETURN_FULL) / 2)
PULL_DAYS = 28.0
LARGE_FACE = 14.0
SURE = 0.95


def find_scenario(name: str) -> Scenario:
    """Return the scenario called ``name``.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    if name not in SCENARIOS:
        message = f"scenario: there is no '{name}'; choose one of {', '.join(SCENARIOS)}"
        raise UsageError(message)
    return SCENARIOS[name]


def _without_effect(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    return tuple(Group(group.name, _redeem_only(group.small), _redeem_only(group.large)) for group in groups)


def _redeem_only(answer: Answer) -> Answer:
    return replace(answer, incremental=0.0, redeem=SURE, pull=0.0, annoyed=0.0)


def _inert(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    nothing = Answer(0.0, 0.0, 0.0, 0.0)
    return tuple(Group(group.name, nothing, nothing) for group in groups)


def _pull_only(groups: tuple[Group, ...], pull: float) -> tuple[Group, ...]:
    moved = Answer(0.0, 0.0, pull, 0.0)
    return tuple(Group(group.name, moved, moved) for group in groups)


def _make_only(groups: tuple[Group, ...], incremental: float) -> tuple[Group, ...]:
    made = Answer(incremental, 0.0, 0.0, 0.0)
    return tuple(Group(group.name, made, made) for group in groups)


_FRESH = Scenario("fresh_grocery", GROUPS, Habit(0.0, 0.0, 0.40, 0.40), past_incremental=0.27)
_EVEN_HABIT, _NO_HABIT = Habit(1.0, 1.0, 0.36, 0.36), Habit(0.0, 0.0, 0.0, 0.0)
_PULL = replace(_FRESH, name="pull_forward_costly", groups=_pull_only(GROUPS, 0.5))
_BGNBD = Scenario("bgnbd", _make_only(GROUPS, 0.25), _NO_HABIT, 0.0, kinds=PLAIN_KINDS, exact=True, leaves=True)

SCENARIOS = {
    one.name: one
    for one in (
        _FRESH,
        Scenario("null", _inert(GROUPS), _EVEN_HABIT, past_incremental=0.0, free=True),
        replace(_FRESH, name="null_costly", groups=_without_effect(GROUPS)),
        replace(_FRESH, name="steady_grocery", past_incremental=0.0, kinds=LONG_KINDS, record_days=2500.0, exact=True),
        replace(_PULL, name="pull_forward", free_offers=True),
        _PULL,
        replace(_BGNBD, name="stationary", groups=_inert(GROUPS), free=True, kinds=STEADY_KINDS),
        _BGNBD,
        replace(_BGNBD, name="bgnbd_loyal", groups=_inert(GROUPS), second_chance=0.6),
        replace(_BGNBD, name="bgnbd_raised", groups=_inert(GROUPS), lift=0.4),
    )
}
"""Every scenario by name; :func:`uplift.simulate.make_market` says what each is for."""
