"""Finds the tables of a spec and their columns; everything missing is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.roles.rates import PLACE
from uplift.data.roles.role import RoleTable, open_role
from uplift.data.sources import RawTable, Wanted, read_frame, read_source
from uplift.errors import DataError
from uplift.spec.tables import MarginRate, RateTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.data.engine import Engine
    from uplift.results.progress import Progress
    from uplift.spec.model import ExperimentSpec
    from uplift.spec.tables import Source, Table

ROLES = ("units", "orders", "refunds", "coupons", "contacts", "service", "behaviour")
RATES = "rates"
"""Name under which a table of margin rates can be given in memory."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The tables of a spec.

    Parameters
    ----------
    roles
        Name of the role to its rows.
    rates
        The table of margin rates, where the spec names one.
    """

    roles: Mapping[str, RoleTable]
    rates: RawTable | None


def open_tables(
    engine: Engine, spec: ExperimentSpec, tables: Mapping[str, object] | None, progress: Progress
) -> Opened:
    """Open every table that the spec names.

    Parameters
    ----------
    engine
        Where the tables are shown.
    spec
        What the tables and columns are called.
    tables
        Role to a frame that takes the place of the spec's location; ``rates`` is the table of
        margin rates.
    progress
        Told of each table.

    Raises
    ------
    DataError
        When a table cannot be found or read, or has not the columns that the spec names: all
        problems at once, as the class of the first one.
    """
    given = dict(tables or {})
    _check_names(spec, given)
    forms = {name: form for name in ROLES if (form := getattr(spec.data, name)) is not None}
    roles: dict[str, RoleTable] = {}
    rates: RawTable | None = None
    problems: list[DataError] = []
    for done, (name, form) in enumerate(forms.items()):
        progress(f"data.{name}", done, len(forms))
        try:
            raw = _open(engine, spec, f"data.{name}", form, given.get(name))
            roles[name] = open_role(name, raw, _columns(name, form), form.where)
        except DataError as error:
            problems.append(error)
    form = rate_table(spec)
    if form is not None:
        try:
            rates = _open(engine, spec, f"data.{PLACE}", form, given.get(RATES))
        except DataError as error:
            problems.append(error)
    if problems:
        raise type(problems[0])("\n".join(str(problem) for problem in problems)) from problems[0]
    return Opened(roles, rates)


def rate_table(spec: ExperimentSpec) -> RateTable | None:
    """Return where the margin rates are looked up, if they are."""
    orders = spec.data.orders
    margin = orders.margin if orders is not None else None
    return margin.rate if isinstance(margin, MarginRate) and isinstance(margin.rate, RateTable) else None


def _check_names(spec: ExperimentSpec, given: Mapping[str, object]) -> None:
    for name in given:
        if name not in {*ROLES, RATES}:
            message = f"tables: got '{name}', must be one of: {', '.join((*ROLES, RATES))}"
            raise DataError(message)
        if name in ROLES and getattr(spec.data, name) is None:
            message = (
                f"tables: got '{name}', and the spec has no data.{name} that names its columns; add it to the spec"
            )
            raise DataError(message)


def _open(engine: Engine, spec: ExperimentSpec, place: str, form: Source, frame: object) -> RawTable:
    if frame is not None:
        return read_frame(engine, frame, place)
    wanted = Wanted(place, tuple(form.table), spec.base_dir, form.sheet, form.header_row, form.encoding)
    return read_source(engine, wanted)


def _columns(name: str, form: Table) -> Mapping[str, str | None]:
    columns = {key: value for key in _KEYS[name] if isinstance(value := getattr(form, key), str)}
    margin = getattr(form, "margin", None)
    if isinstance(margin, MarginRate) and isinstance(margin.rate, RateTable):
        # A key of the rates is a column of the orders, or a part that one of them plays.
        columns |= {f"margin.rate.by {key}": columns.get(key, key) for key in margin.rate.by}
    return columns


_KEYS = {
    "units": ("id", "consent"),
    "orders": ("id", "order_id", "time", "revenue", "margin", "category", "platform"),
    "refunds": ("order_id", "time", "amount"),
    "coupons": ("id", "campaign", "redeemed", "order_id", "face", "our_share", "issued", "tier"),
    "contacts": ("id", "campaign", "time", "cost", "unsubscribed", "delivered", "channel"),
    "service": ("id", "time", "complaint", "rating", "reason", "resolved"),
    "behaviour": ("id", "time", "kind", "count", "value", "channel"),
}
