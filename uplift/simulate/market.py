"""A market with known truth, in two acts: the world before a campaign, and the campaign on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError
from uplift.simulate.assigned import read_assignment
from uplift.simulate.blueprint import scenario_spec
from uplift.simulate.campaign import play
from uplift.simulate.layout import lay_out
from uplift.simulate.tables import (
    Sheets,
    sheets_before,
    sheets_of_campaign,
    touched_before,
    touched_by_campaign,
    unit_ids,
)
from uplift.simulate.world import World, draw_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from uplift.simulate.tables import Sheet
    from uplift.spec import ExperimentSpec


@dataclass(frozen=True, slots=True, eq=False)
class Campaign:
    """What a campaign adds to the tables of a market.

    Parameters
    ----------
    orders
        Orders from the start to the end of the follow-up, all customers.
    contacts, coupons
        Messages sent to and coupons given to the treated, redeemed or not.
    refunds
        Refunds in that time, also those of orders from before.
    service, behaviour
        Tickets and events of that time; empty unless the spec names the role.
    """

    orders: pd.DataFrame
    contacts: pd.DataFrame
    coupons: pd.DataFrame
    refunds: pd.DataFrame
    service: pd.DataFrame
    behaviour: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The world before a campaign, with the truth of every arm.

    Parameters
    ----------
    customers, orders, contacts, coupons, refunds, service, behaviour
        Tables up to the first day of the campaign, named as in ``spec``; the coupons, contacts and
        refunds are those of past campaigns and past orders. Service tickets and behaviour are empty
        unless the spec names the role.
    truth
        One row per customer and treatment arm: unit_id, arm, group (as the market knows it), the
        expected effects against the control per customer in the currency, discounted to the start
        (orders, redeemed_orders, gross_margin, subsidy, contact, returned, residual,
        incremental_clv); natural_margin, the gross margin in the window without the campaign;
        natural_residual and residual_value, the margin net of returns after the window up to the
        horizon without the campaign and under the arm; and year_value, the same of the 365 days from the
        start without the campaign. It is an expectation given the customer's latents, not one future.
        No table holds any of it.
    spec
        An experiment on this market.
    scenario, seed, n_customers
        From which it can be made again.
    """

    customers: pd.DataFrame
    orders: pd.DataFrame
    contacts: pd.DataFrame
    coupons: pd.DataFrame
    refunds: pd.DataFrame
    service: pd.DataFrame
    behaviour: pd.DataFrame
    truth: pd.DataFrame
    spec: ExperimentSpec
    scenario: str
    seed: int
    n_customers: int
    world: World = field(repr=False)

    def run(self, assignment: object, *, follow_up_days: int | None = None, draw: int = 0) -> Campaign:
        """Run the campaign on an assignment; outcomes exist only after somebody was assigned.

        Parameters
        ----------
        assignment
            Unit id to arm, or a table with the columns ``unit_id`` and ``arm``. Units that are left out,
            in the control, in the holdout or without an arm get nothing.
        follow_up_days
            Days after the start up to which orders and refunds are seen, at most the horizon and its
            settling; default the window and its settling.
        draw
            Which future of the same world; the same number gives the same one.

        Returns
        -------
        Campaign
            The rows that the campaign adds.

        Raises
        ------
        UsageError
            When the follow-up is not between 1 day and the horizon's settling.
        DataError
            When the assignment names unknown units or arms, or a unit twice.
        """
        sheets = self.play_sheets(assignment, follow_up_days=follow_up_days, draw=draw)
        return Campaign(
            orders=_frame("orders", sheets.orders, self.spec, self.seed),
            contacts=_frame("contacts", sheets.contacts, self.spec, self.seed),
            coupons=_frame("coupons", sheets.coupons, self.spec, self.seed),
            refunds=_frame("refunds", sheets.refunds, self.spec, self.seed),
            service=_frame("service", sheets.service, self.spec, self.seed),
            behaviour=_frame("behaviour", sheets.behaviour, self.spec, self.seed),
        )

    def sheets(self) -> Sheets:
        """Return the tables before the campaign under logical names."""
        return _sheets_before(self.world, self.spec)

    def play_sheets(self, assignment: object, *, follow_up_days: int | None = None, draw: int = 0) -> Sheets:
        """Return what :meth:`run` adds, under logical names."""
        days = self._follow_up(follow_up_days)
        arms = (self.world.launch.control, *(offer.arm for offer in self.world.launch.offers))
        arm = read_assignment(assignment, unit_ids(self.world.population), arms)
        played = play(self.world, arm, follow_up_days=days, rng_key=draw)
        sheets = sheets_of_campaign(self.world, played, arm, follow_up_days=days, rng_key=draw)
        if not _has_touchpoints(self.spec):
            return sheets
        return touched_by_campaign(sheets, self.world, played, follow_up_days=days, rng_key=draw)

    def _follow_up(self, days: int | None) -> int:
        outcomes = self.spec.outcomes
        settled = outcomes.window_days + outcomes.settle_days
        most = max(outcomes.horizon_days, outcomes.window_days) + outcomes.settle_days
        wanted = settled if days is None else days
        if not 1 <= wanted <= most:
            message = f"follow_up_days: got {wanted}; allowed is 1 to {most}, the horizon of the spec and its settling"
            raise UsageError(message)
        return wanted


def make_market(
    scenario: str = "fresh_grocery", *, n_customers: int = 100_000, seed: int = 0, touchpoints: bool = False
) -> Market:
    """Make a market with known truth.

    Customers come in kinds: a few order every week, some every fortnight, many are new, keen at first
    and lose interest, the rest buy now and then. Each has a Gamma rate, a season of their own, a chance
    to leave after every order, and Gamma-Gamma baskets independent of the rate within a kind. A
    coupon makes orders, pulls orders forward, rides on orders that would have come, or annoys, by the
    customer's frequency, basket and activity. What window orders leave behind follows the law of
    :class:`uplift.simulate.scenario.Habit`.

    Parameters
    ----------
    scenario
        ``fresh_grocery``: frequent customers redeem and add nothing, growing mid-frequency low-basket
        ones gain most. ``null``: arms are labels; nothing is redeemed and nothing costs.
        ``null_costly``: coupons are redeemed on orders that would have come, at full cost.
        ``steady_grocery``: the first with accounts opened evenly over seven years, all their orders,
        and no order that a past coupon made, so that the next year without a campaign is like the last.
        ``pull_forward``: coupons move organic orders into their validity and do nothing else, at no cost;
        ``pull_forward_costly``: at full cost. ``stationary``: constant rates, no season, no coupon ever
        redeemed. ``bgnbd``: a BG/NBD with Gamma-Gamma baskets, coupons make orders that leave nothing
        behind; ``bgnbd_loyal``: the campaign brings back some who would stay away, and what they buy
        says of the future what anybody's orders say; ``bgnbd_raised``: the campaign raises rates for good,
        more than the window shows.
    n_customers
        Customers in the table; about five in six are eligible.
    seed
        The same seed gives the same market.
    touchpoints
        Whether the spec also names, and the market has, service tickets and behaviour; the other tables
        are the same.

    Returns
    -------
    Market
        The world before, its truth and its spec.

    Raises
    ------
    UsageError
        When the scenario is unknown or there are no customers.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24, for the process; Athey, Chetty, Imbens and
    Kang (2019), NBER w26463, for the law as surrogacy.
    """
    spec = scenario_spec(scenario, touchpoints=touchpoints)
    return make_market_for(spec, scenario=scenario, n_customers=n_customers, seed=seed)


def make_market_for(
    spec: ExperimentSpec, *, scenario: str = "fresh_grocery", n_customers: int = 100_000, seed: int = 0
) -> Market:
    """Make a market on which ``spec`` runs: its dates, arms, faces and column names.

    Parameters
    ----------
    spec
        A spec with orders and with campaign dates.
    scenario, n_customers, seed
        As for :func:`make_market`.

    Raises
    ------
    UsageError
        When the spec has no orders or no campaign dates, or an argument is out of its range.
    """
    if n_customers < 1:
        message = f"n_customers: got {n_customers}; allowed is 1 or more"
        raise UsageError(message)
    if spec.data.orders is None:
        message = "data.orders: the spec has none; a market is made of orders, add the table to the spec"
        raise UsageError(message)
    world = draw_world(spec, scenario=scenario, n_customers=n_customers, seed=seed)
    sheets = _sheets_before(world, spec)
    return Market(
        customers=_frame("units", sheets.units, spec, seed),
        orders=_frame("orders", sheets.orders, spec, seed),
        contacts=_frame("contacts", sheets.contacts, spec, seed),
        coupons=_frame("coupons", sheets.coupons, spec, seed),
        refunds=_frame("refunds", sheets.refunds, spec, seed),
        service=_frame("service", sheets.service, spec, seed),
        behaviour=_frame("behaviour", sheets.behaviour, spec, seed),
        truth=_truth_frame(world),
        spec=spec,
        scenario=scenario,
        seed=seed,
        n_customers=n_customers,
        world=world,
    )


def _has_touchpoints(spec: ExperimentSpec) -> bool:
    return spec.data.service is not None or spec.data.behaviour is not None


def _sheets_before(world: World, spec: ExperimentSpec) -> Sheets:
    sheets = sheets_before(world)
    return touched_before(sheets, world) if _has_touchpoints(spec) else sheets


def _frame(role: str, sheet: Sheet, spec: ExperimentSpec, seed: int) -> pd.DataFrame:
    """Return a table as the spec names it; one that the spec has not is empty."""
    import pandas as pd

    known = getattr(spec.data, role) is not None
    columns: Mapping[str, object] = lay_out(role, sheet, spec, seed=seed) if known else {}
    return pd.DataFrame(columns)


def _truth_frame(world: World) -> pd.DataFrame:
    import pandas as pd

    ids = unit_ids(world.population)
    group = np.array([one.name for one in world.scenario.groups], dtype=object)[world.group]
    parts = []
    for offer, effects in zip(world.launch.offers, world.effects, strict=True):
        columns = {name: getattr(effects, name) for name in type(effects).__slots__}
        known = {"unit_id": ids, "arm": offer.arm, "group": group}
        levels = {
            "natural_margin": world.future.window * world.future.margin,
            "natural_residual": world.residual_worth,
            "residual_value": world.residual_worth + effects.residual,
            "year_value": world.year_worth,
        }
        parts.append(pd.DataFrame({**known, **columns, **levels}))
    return pd.concat(parts, ignore_index=True)
