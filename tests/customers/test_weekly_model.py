"""The weekly value under a real lifetime model: surprises have no mean, the decay of silence is not the expectation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.customers.conftest import Parameters, World, make_world
from tests.customers.weeks import panel_of
from uplift.clv import LifetimeModel, PurchaseModel, SpendModel
from uplift.customers import WeeklyPanel, find_alerts, trace_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRUE = Parameters(r=0.9, alpha=30.0, a=0.6, b=2.2)
P, Q, V = 4.0, 6.0, 25.0
NOTHING = tuple((0.0,) * 4 for _ in range(4))
MODEL = LifetimeModel(
    PurchaseModel("bgnbd", TRUE.r, TRUE.alpha, TRUE.a, TRUE.b, 0.0, NOTHING, 1),
    SpendModel(P, Q, V, 0.0, tuple(row[:3] for row in NOTHING[:3]), 1, 0.0),
)


@dataclass(frozen=True)
class Shop:
    """A world of customers and what each of their orders was worth."""

    world: World
    value: NDArray[np.float64]

    def panel(self, ends: NDArray[np.float64]) -> WeeklyPanel:
        """Weeks that end at these days, of the customers who bought before the first."""
        world = self.world
        n = int(world.owner.max()) + 1
        first = np.full(n, np.inf)
        np.minimum.at(first, world.owner, world.day)
        columns = [self._state(n, first, end) for end in ends]
        there = first < ends[0]
        x, last, mean, orders = (np.stack([column[i] for column in columns], axis=1)[there] for i in range(4))
        return WeeklyPanel(
            unit_id=np.flatnonzero(there).astype(str).astype(object),
            orders=orders,
            activity=orders,
            frequency=x,
            recency_days=last - first[there, None],
            age_days=ends - first[there, None],
            mean_value=mean,
        )

    def _state(self, n: int, first: NDArray[np.float64], end: float) -> tuple[NDArray[np.float64], ...]:
        world = self.world
        known = world.day < end
        owner, day = world.owner[known], world.day[known]
        last = first.copy()
        np.maximum.at(last, owner, day)
        repeat = day > first[owner]
        x = np.bincount(owner[repeat], minlength=n).astype(np.float64)
        total = np.bincount(owner[repeat], weights=self.value[known][repeat], minlength=n)
        late = np.bincount(owner[day >= end - 7], minlength=n).astype(np.float64)
        return x, last, np.divide(total, x, out=np.zeros(n), where=x > 0), late


@pytest.fixture(scope="module")
def shop() -> Shop:
    world = make_world(TRUE, n=40_000, days=700.0, seed=7)
    rng = np.random.default_rng(8)
    rate = rng.gamma(Q, 1 / V, 40_000)
    return Shop(world, rng.gamma(P, 1 / rate[world.owner]))


def test_the_surprise_has_no_mean_whatever_was_known_before(shop: Shop) -> None:
    path = trace_value(MODEL, shop.panel(np.array([693.0, 700.0])), annual_discount_rate=0.1)
    rows = np.flatnonzero(path.clv[:, 0] > 0)
    change, panel = path.change[rows, 1], path.panel
    surprise = change - path.expected_change(1, rows)
    x, gap = panel.frequency[rows, 0], (panel.age_days - panel.recency_days)[rows, 0]
    for known in (x >= 0, x == 0, x >= 3, gap < 21, (gap > 60) & (x > 0)):
        mean, error = surprise[known].mean(), surprise[known].std() / np.sqrt(known.sum())
        assert abs(mean) < 3.5 * error
    # silence is not what the model expects: against its own decay customers would on average always seem to recover
    lift = change - path.silent_change(1, rows)
    assert lift.mean() > 10 * lift.std() / np.sqrt(len(lift))
    silent = panel.orders[rows, 1] == 0
    np.testing.assert_allclose(lift[silent], 0.0, atol=1e-8)
    assert np.all(surprise[silent] < 0)


@pytest.mark.parametrize(("rate", "least"), [(0.4, 0.5), (0.8, 0.85), (2.0, 0.95)])
def test_who_stops_is_told_from_who_goes_on(rate: float, least: float, rng: np.random.Generator) -> None:
    orders = rng.poisson(rate, (1_500, 40)).astype(np.float64)
    orders[:300, 28:] = 0.0
    purchase = replace(MODEL.purchase, r=6.0, alpha=6.0 * 7 / rate, a=0.1, b=5.0)
    path = trace_value(replace(MODEL, purchase=purchase), panel_of(orders))
    table = find_alerts(path, np.zeros(1_500, np.int64))
    goes_on = table.at_risk[300:]
    begins = goes_on[:, 1:] & ~goes_on[:, :-1]
    # nobody's rate changes: a count below its 10 % quantile comes now and then, and needs two falls of CLV besides
    assert begins.sum() / table.judged[300:, 1:].sum() < 0.03
    # ten weeks after the last order; who bought less than every other week takes longer to tell
    stopped = table.at_risk[:300, table.weeks == 37] & table.judged[:300, table.weeks == 37]
    assert stopped.mean() > least
    assert stopped.mean() > 5 * goes_on[:, -1].mean()
