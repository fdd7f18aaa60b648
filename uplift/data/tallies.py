"""Facts of a window from the tables of a spec: one query a source, over the window or over its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from uplift.data.absent import absent_facts
from uplift.data.baskets import sum_baskets
from uplift.data.facts import (
    OF_ALL,
    OF_BASKETS,
    OF_BEHAVIOUR,
    OF_CONTACTS,
    OF_OTHERS,
    OF_RATINGS,
    OF_REFUNDS,
    OF_SERVICE,
    OF_SUBSIDIES,
    STEPPED,
    Names,
    Span,
    make_span,
    place_facts,
    place_steps,
    sum_orders,
    sum_refunds,
    sum_subsidies,
)
from uplift.data.touches import find_last_rating, sum_behaviour, sum_contacts, sum_service
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table
    from uplift.data.store import Store
    from uplift.data.window import FactWindow

    AddUp: TypeAlias = Callable[[Engine, Table, Span, Names], dict[str, Array]]


def tally(store: Store, codes: NDArray[np.intp], window: FactWindow, names: Names) -> dict[str, Array]:
    """Return facts of the units with these codes, each of shape (n,)."""
    found: dict[str, Array] = {}
    span = make_span(store.engine, window, codes)
    n_units = len(store.units.ids)
    for table, add_up in _sources(store, names):
        found |= place_facts(add_up(store.engine, table, span, names), codes, n_units)
    span.forget(store.engine)
    return found


def tally_steps(
    store: Store, codes: NDArray[np.intp], window: FactWindow, *, name: str, step_days: int
) -> NDArray[np.float64]:
    """Return one fact of each step of a window, shape (n, n_steps); the last step ends with the window.

    Raises
    ------
    DataError
        When the fact is no sum over rows, or the step is below a day.
    MissingColumnError
        When the spec has not the table of the fact.
    """
    if name not in STEPPED:
        message = f"name == '{name}', must be one of: {', '.join(sorted(STEPPED))}"
        raise DataError(message)
    if step_days < 1:
        message = f"step_days == {step_days}, must be 1 or more"
        raise DataError(message)
    absent = absent_facts(store.spec)
    if name in absent:
        message = f"column '{name}' is not known: {absent[name]}"
        raise MissingColumnError(message)
    names = frozenset({name})
    span = make_span(store.engine, window, codes, step_days=step_days)
    n_steps = -((window.start_day - window.end_day) // step_days)
    ((table, add_up),) = _sources(store, names)
    found = add_up(store.engine, table, span, names)
    span.forget(store.engine)
    return place_steps(found, name, codes, (len(store.units.ids), n_steps))


def _sources(store: Store, names: Names) -> list[tuple[Table, AddUp]]:
    """Return the tables that hold the facts that are wanted, each read only if it is asked for."""
    found = []
    for facts, table, add_up in _SOURCES:
        if names & facts if names is not None else facts <= OF_ALL:
            rows = table(store)
            found += [] if rows is None else [(rows, add_up)]
    if names is None or names - OF_OTHERS:
        found.insert(0, (store.orders.orders, sum_orders))
    return found


_SOURCES: tuple[tuple[frozenset[str], Callable[[Store], Table | None], AddUp], ...] = (
    (OF_REFUNDS, lambda store: store.refunds and store.refunds.refunds, sum_refunds),
    (OF_SUBSIDIES, lambda store: store.subsidies, sum_subsidies),
    (OF_CONTACTS, lambda store: store.contacts and store.contacts.contacts, sum_contacts),
    (OF_SERVICE, lambda store: store.service and store.service.tickets, sum_service),
    (OF_RATINGS, lambda store: store.service and store.service.tickets, find_last_rating),
    (OF_BEHAVIOUR, lambda store: store.behaviour and store.behaviour.events, sum_behaviour),
    (OF_BASKETS, lambda store: store.baskets and store.baskets.rows, sum_baskets),
)
