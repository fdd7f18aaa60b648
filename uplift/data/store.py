"""The roles of a spec as rows in the engine, each read when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.baskets import Baskets, read_baskets
from uplift.data.calendar.windows import uncovered_years
from uplift.data.roles.behaviour import BehaviourRole, read_behaviour_role
from uplift.data.roles.contacts import ContactsRole, read_contacts_role, read_touches
from uplift.data.roles.coupons import CouponsRole, read_coupons_role
from uplift.data.roles.orders import OrderSource, OrdersRole, read_orders_role
from uplift.data.roles.refunds import RefundsRole, read_refunds_role, refunded_orders
from uplift.data.roles.service import ServiceRole, read_service_role
from uplift.data.roles.units import UnitsRole, read_units_role
from uplift.errors import DataError
from uplift.results.facts import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.data.engine import Engine, Table
    from uplift.data.opening import Opened
    from uplift.results.progress import Progress
    from uplift.spec.model import ExperimentSpec


class Store:
    """Tables of one spec.

    Parameters
    ----------
    engine
        Where the rows are kept.
    spec
        What the columns mean.
    opened
        The raw tables.
    progress
        Told when a role is read.
    """

    def __init__(self, engine: Engine, spec: ExperimentSpec, opened: Opened, progress: Progress) -> None:
        self.engine = engine
        self.spec = spec
        self.opened = opened
        self._progress = progress

    def has(self, role: str) -> bool:
        """Tell whether the spec has this role."""
        return role in self.opened.roles

    @cached_property
    def units(self) -> UnitsRole:
        """Ids, consent and free columns."""
        return read_units_role(self.engine, self.opened.roles["units"])

    @cached_property
    def coupons(self) -> CouponsRole | None:
        """Redemptions; None without the role."""
        if not self.has("coupons"):
            return None
        self._tell("coupons")
        return read_coupons_role(self.engine, self.opened.roles["coupons"], self.units.index, self.spec.campaign_codes)

    @cached_property
    def orders(self) -> OrdersRole:
        """Orders with their money terms."""
        form = self.spec.data.orders
        if form is None:
            message = (
                "what units bought needs data.orders, which the spec does not have; add the table, or ask for less"
            )
            raise DataError(message)
        units, marks = self.units, self._marks
        self._tell("orders")
        role = self.opened.roles["orders"]
        home = self.spec.home_platforms
        return read_orders_role(self.engine, OrderSource(role, form, self.opened.rates, units.index, marks, home))

    @cached_property
    def baskets(self) -> Baskets | None:
        """Categories of orders; None where the orders have none."""
        if self.spec.data.orders is None or self.spec.data.orders.category is None:
            return None
        is_single = self.orders.is_single
        return read_baskets(self.engine, self.opened.roles["orders"], self.units.index, is_single=is_single)

    @cached_property
    def _marks(self) -> Table | None:
        """Numbers of the orders that refunds or coupons name, with what coupons took off them; None without either."""
        import ibis

        coupons = self.coupons
        named = [] if coupons is None else [coupons.by_order.select("order_id")]
        named += [refunded_orders(self.opened.roles["refunds"])] if self.has("refunds") else []
        if not named:
            return None
        ids = ibis.union(*named, distinct=True) if len(named) > 1 else named[0].distinct()
        numbered = ids.filter(ids.order_id.notnull()).mutate(mark=ibis.row_number().cast("int32"))
        if coupons is not None:
            numbered = numbered.left_join(coupons.by_order, "order_id").drop("order_id_right")
        return self.engine.keep(numbered, "marks")

    @cached_property
    def _marked_orders(self) -> Table:
        """The orders that refunds or coupons name, with their ``order_id``."""
        orders, marks = self.orders.orders, self._marks
        if marks is None:
            return orders
        marked = orders.filter(orders.mark.notnull()).join(marks.select("mark", "order_id"), "mark")
        return self.engine.keep(marked, "marked_orders")

    @cached_property
    def refunds(self) -> RefundsRole | None:
        """Refunds of known orders; None without the role."""
        if not self.has("refunds"):
            return None
        orders = self._marked_orders
        self._tell("refunds")
        return read_refunds_role(self.engine, self.opened.roles["refunds"], orders)

    @cached_property
    def contacts(self) -> ContactsRole | None:
        """Touches of the campaign; None without the role."""
        if not self.has("contacts"):
            return None
        self._tell("contacts")
        role = self.opened.roles["contacts"]
        return read_contacts_role(self.engine, role, self.units.index, self.spec.campaign_codes)

    @property
    def touches(self) -> Table:
        """Touches of every campaign, once those of this one have been read and checked."""
        if self.contacts is None:
            message = "touches need data.contacts, which the spec does not have; add the table, or ask for less"
            raise DataError(message)
        return read_touches(self.opened.roles["contacts"], self.units.index)

    @cached_property
    def service(self) -> ServiceRole | None:
        """Tickets; None without the role."""
        if not self.has("service"):
            return None
        self._tell("service")
        return read_service_role(self.engine, self.opened.roles["service"], self.units.index)

    @cached_property
    def behaviour(self) -> BehaviourRole | None:
        """Events; None without the role."""
        form = self.spec.data.behaviour
        if form is None:
            return None
        self._tell("behaviour")
        return read_behaviour_role(self.engine, self.opened.roles["behaviour"], form, self.units.index)

    @cached_property
    def subsidies(self) -> Table | None:
        """Redemptions of this campaign: ``code``, ``us``, ``ours``; None without coupons.

        A redemption on a known order belongs to that order's unit and time, else to its own.
        """
        if self.coupons is None:
            return None
        own = self.coupons.redemptions
        own = own.filter(own.own).select("code", "order_id", "us", "ours")
        orders = self._marked_orders.select("order_id", order_code="code", order_us="us")
        tied = own.left_join(orders, "order_id")
        placed = tied.select(
            code=tied.order_code.coalesce(tied.code), us=tied.order_us.coalesce(tied.us), ours=tied.ours
        )
        return self.engine.keep(placed.filter(placed.code.notnull()), "subsidies")

    def notes(self) -> tuple[Note, ...]:
        """Return what was left out of each table, counted."""
        orders = self.orders if self.has("orders") else None
        refunds = self.refunds if orders is not None else None
        left_out = (
            ("orders_of_nobody", orders and (orders.n_unknown, orders.n_rows)),
            ("refunds_without_time", refunds and (refunds.n_unpaid, refunds.n_rows)),
            ("refunds_of_no_order", refunds and (refunds.n_unknown, refunds.n_rows)),
            ("tickets_of_nobody", self.service and (self.service.n_unknown, self.service.n_rows)),
            ("events_of_nobody", self.behaviour and (self.behaviour.n_unknown, self.behaviour.n_rows)),
            ("events_of_other_kinds", self.behaviour and (self.behaviour.n_other, self.behaviour.n_rows)),
        )
        counted = [(name, found) for name, found in left_out if found and found[0]]
        notes = [Note(f"data.{name}", {"n": found[0], "total": found[1]}) for name, found in counted]
        return (*notes, *(self._calendar_notes() if orders is not None else ()))

    def _calendar_notes(self) -> tuple[Note, ...]:
        """Say so when orders are of years that the region's calendar does not hold."""
        if self.spec.calendar.region is None:
            return ()
        table = self.orders.orders
        ends = self.engine.fetch(table.aggregate(first=table.us.min(), last=table.us.max())).to_pylist()[0]
        if ends["first"] is None:
            return ()
        first, last = (np.datetime64(ends[name], "us").astype("datetime64[D]").item() for name in ("first", "last"))
        years = uncovered_years(self.spec, first, last)
        return (Note("data.calendar_years", {"n": len(years), "first": years[0], "last": years[-1]}),) if years else ()

    def row_counts(self) -> Mapping[str, int]:
        """Return the rows of each role after its ``where``."""
        tables = {name: role.table for name, role in self.opened.roles.items()}
        return {name: int(self.engine.fetch(t.aggregate(n=t.count()))["n"][0].as_py()) for name, t in tables.items()}

    def _tell(self, role: str) -> None:
        names = list(self.opened.roles)
        self._progress(f"data.{role}", names.index(role), len(names))
