"""Before launch: a plan, a draw and a lock from a spec and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data import open_warehouse
from uplift.design import plan_experiment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.design import Design
    from uplift.results import Progress
    from uplift.spec import ExperimentSpec


def design_experiment(
    spec: ExperimentSpec, *, tables: Mapping[str, object] | None = None, progress: Progress | None = None
) -> Design:
    """Classify customers as of the design date, draw the arms within strata, and plan the analysis.

    Parameters
    ----------
    spec
        The spec.
    tables
        Role to a table (pandas, polars, Arrow, DuckDB or Ibis) in place of the spec's locations.
    progress
        Told of each step.

    Returns
    -------
    Design
        Save it before the campaign: the analysis is confirmatory only under its lock.

    Raises
    ------
    DataError
        When a table cannot be read or does not hold what the spec says.
    DesignError
        When the units cannot be split as the spec asks.
    """
    with open_warehouse(spec, tables=tables) as warehouse:
        return plan_experiment(spec, warehouse, progress=progress)
