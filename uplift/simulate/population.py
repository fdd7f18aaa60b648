"""Who the customers are: latent rates, baskets and what the customer table shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.rhythm import Rhythm
from uplift.simulate.scenario import BASKET_SHAPE, BASKET_SPREAD, COMMON_PEAK, COMMON_SHARE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.scenario import Kind, Scenario

PLATFORMS = ("京东", "天猫")
ACCOUNT_TYPES = ("普通", "员工", "企业采购", "疑似黄牛")
CITY_TIERS = ("一线", "新一线", "二线", "三线及以下")
_PLATFORM_SHARES = (0.95, 0.05)
_ACCOUNT_SHARES = (0.97, 0.01, 0.015, 0.005)
_CITY_SHARES = (0.25, 0.30, 0.25, 0.20)
_CONSENT_SHARE = 0.96
_COUPON_SHARES = (0.5, 0.3, 0.2)
_NEVER_ORDERED = 0.02
_FIRST_ORDER_DELAY = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Latents and attributes of n customers, each field of shape (n,).

    Parameters
    ----------
    rhythm
        Order processes.
    basket
        Mean list value of an order (currency units).
    first_order
        Day of the first order; infinite when there will be none.
    lifetime
        Orders until the customer leaves, the first included.
    coupons
        Coupons that a campaign gives this customer, 1 to 3.
    affinity
        Mean-one factor on the chance that a coupon makes an order.
    platform, account, city
        Codes into ``PLATFORMS``, ``ACCOUNT_TYPES``, ``CITY_TIERS``.
    consent
        May be contacted.
    number
        Number behind the id; says nothing about the rest.
    """

    rhythm: Rhythm
    basket: NDArray[np.float64]
    first_order: NDArray[np.float64]
    lifetime: NDArray[np.int64]
    coupons: NDArray[np.int64]
    affinity: NDArray[np.float64]
    platform: NDArray[np.int64]
    account: NDArray[np.int64]
    city: NDArray[np.int64]
    consent: NDArray[np.bool_]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.basket)


def draw_population(n_customers: int, scenario: Scenario, rng: np.random.Generator) -> Population:
    """Draw ``n_customers`` customers of a scenario's kinds."""
    kinds = scenario.kinds
    kind = rng.choice(len(kinds), n_customers, p=[one.share for one in kinds])
    rhythm = _draw_rhythm(kinds, kind, rng)
    delay = rng.exponential(_FIRST_ORDER_DELAY, n_customers)
    delay[rng.random(n_customers) < _NEVER_ORDERED] = np.inf
    return Population(
        rhythm=rhythm,
        basket=_draw_basket(kinds, kind, rng),
        first_order=rhythm.registered + delay,
        lifetime=rng.geometric(rhythm.dropout) + int(scenario.leaves),
        coupons=1 + _draw_codes(_COUPON_SHARES, n_customers, rng),
        affinity=rng.gamma(4.0, 0.25, n_customers),
        platform=_draw_codes(_PLATFORM_SHARES, n_customers, rng),
        account=_draw_codes(_ACCOUNT_SHARES, n_customers, rng),
        city=_draw_codes(_CITY_SHARES, n_customers, rng),
        consent=rng.random(n_customers) < _CONSENT_SHARE,
        number=rng.permutation(n_customers) + 1,
    )


def _draw_rhythm(kinds: tuple[Kind, ...], kind: NDArray[np.int64], rng: np.random.Generator) -> Rhythm:
    shape = _of_kind(kind, [one.rate_shape for one in kinds])
    mean = _of_kind(kind, [one.yearly_rate / 365.0 for one in kinds])
    youngest = _of_kind(kind, [one.youngest for one in kinds])
    oldest = _of_kind(kind, [one.oldest for one in kinds])
    leave, stay = _of_kind(kind, [one.dropout_a for one in kinds]), _of_kind(kind, [one.dropout_b for one in kinds])
    dropout = rng.beta(leave, stay)
    return Rhythm(
        rate=rng.gamma(shape, mean / shape),
        floor=_of_kind(kind, [one.floor for one in kinds]),
        registered=-rng.uniform(youngest, oldest),
        dropout=np.clip(dropout, 1e-4, 1.0),
        swing=_of_kind(kind, [one.swing for one in kinds]),
        peak=_draw_peaks(len(kind), rng),
    )


def _draw_peaks(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the day of each personal peak: anywhere in the year, a little more often at the common one."""
    common = rng.normal(COMMON_PEAK, 30.0, size)
    return np.where(rng.random(size) < COMMON_SHARE, common, rng.uniform(0.0, 365.0, size))


def _draw_basket(kinds: tuple[Kind, ...], kind: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw personal means so that baskets are Gamma-Gamma within a kind, whatever the rate."""
    scale = _of_kind(kind, [one.basket for one in kinds]) * (BASKET_SPREAD - 1.0)
    return np.asarray(np.clip(scale / rng.gamma(BASKET_SPREAD, size=len(kind)), 25.0, 400.0))


def draw_listed(basket: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw one list value for each mean basket, to the cent."""
    return np.round(rng.gamma(BASKET_SHAPE, basket / BASKET_SHAPE), 2)


def _draw_codes(shares: tuple[float, ...], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right"), dtype=np.int64)


def _of_kind(kind: NDArray[np.int64], values: list[float]) -> NDArray[np.float64]:
    return np.asarray(values)[kind]
