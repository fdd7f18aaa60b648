"""Alerts of a week: what stands in alerts.json, in its Parquet of customers, and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from uplift.errors import DataError
from uplift.results.analysis import AxisInfo
from uplift.results.backtest import Backtest
from uplift.results.codec import decode, dump_canonical, encode, load_json
from uplift.results.facts import Name, Note, Stratum
from uplift.results.files import replacing, write_atomic

ALERTS_VERSION = 1
JSON_FILE, PARQUET_FILE = "alerts.json", "alerts.parquet"
AlertKind = Literal["at_risk", "warning", "cross_category"]
Colour = Literal["red", "amber", "green", "none"]


@dataclass(frozen=True, slots=True)
class AlertInfo:
    """Whose alerts these are, of which week, and from what.

    Parameters
    ----------
    id, title, currency, language, timezone
        Of the spec.
    as_of
        ISO moment; only rows before it are known.
    week_ends
        ISO dates of the midnights that end the weeks, the first of them the first that was valued.
    removed
        Those of ``week_ends`` that the calendar takes out.
    judged
        Those of ``week_ends`` that were judged.
    horizon_days, annual_discount_rate
        Of the CLV.
    activity
        What activity counts: ``behaviour`` or ``orders``.
    n_units
        Customers with an order.
    package_version, spec_digest
        Of the writer; SHA-256 of the spec.
    inputs
        Role to the number of rows that were read.
    """

    id: str
    title: Name
    currency: str
    language: str
    timezone: str
    as_of: str
    week_ends: tuple[str, ...]
    removed: tuple[str, ...]
    judged: tuple[str, ...]
    horizon_days: int
    annual_discount_rate: float
    activity: Literal["behaviour", "orders"]
    n_units: int
    package_version: str
    spec_digest: str
    inputs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """The parameters that valued every week.

    Parameters
    ----------
    kind
        ``bgnbd`` or ``mbgnbd``, with Gamma-Gamma spend.
    parameters
        r, alpha, a, b, p, q, v; time in days, money in the currency.
    known_until
        ISO moment; the fit used rows before it.
    fitted_at
        ISO moment: the ``as_of`` of the run that fitted it.
    n_units
        Customers of the fit.
    reused
        Whether it was taken from an earlier run.
    lifetime
        The whole model, as JSON data.
    """

    kind: str
    parameters: Mapping[str, float]
    known_until: str
    fitted_at: str
    n_units: int
    reused: bool
    lifetime: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """Value of all customers at the end of a week.

    Parameters
    ----------
    week_end
        ISO date.
    total
        Sum of CLV, in the currency, under the model of the run that wrote the point.
    index
        100 in the first week; grows as totals of one and the same model grow, so that no refit moves it.
    model_changed
        Whether the model changed in this week: ``total`` then jumps, ``index`` does not.
    """

    week_end: str
    total: float
    index: float
    model_changed: bool = False


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A refit, seen on the same customers in the same week.

    Parameters
    ----------
    week_end
        ISO date of the week in which both models valued the customers.
    before, after
        Sum of CLV under the old and the new parameters, in the currency.
    fitted_before
        ISO moment: when the old parameters were fitted.
    """

    week_end: str
    before: float
    after: float
    fitted_before: str

    @property
    def jump(self) -> float:
        """The change that the refit alone makes, as a share."""
        return self.after / self.before - 1 if self.before else 0.0


@dataclass(frozen=True, slots=True)
class AlertStratum:
    """One stratum in the last judged week.

    Parameters
    ----------
    id
        Stratum; empty for all customers together.
    n_units
        Customers in it, judged or not.
    n_judged
        Active customers with history enough.
    at_risk, new_at_risk
        Customers at risk, and those of them that were not the week before.
    warned
        Early warnings: mild, serious, severe.
    cross_category
        Candidates.
    value, value_at_risk
        Peak CLV of the judged, and of those of them with an alarm, in the currency: what there is to lose.
    usual_share
        Median share of value at risk over the weeks before; None without any.
    change, decay
        Median change of CLV of the judged in the week, and what silence alone would do, as shares.
    colour
        By the share of value at risk; ``none`` where too few customers are judged.
    """

    id: str
    n_units: int
    n_judged: int
    at_risk: int
    new_at_risk: int
    warned: tuple[int, int, int]
    cross_category: int
    value: float
    value_at_risk: float
    usual_share: float | None
    change: float | None
    decay: float | None
    colour: Colour

    @property
    def share(self) -> float | None:
        """Share of the value that is at risk; None without value."""
        return self.value_at_risk / self.value if self.value > 0 else None


@dataclass(frozen=True, slots=True)
class AlertCustomer:
    """One customer with an alert.

    Parameters
    ----------
    unit_id, stratum
        Who, and the id of the stratum.
    kinds
        Alerts that are on.
    severity
        Early warning, 0 to 3.
    since
        ISO date of the end of the week in which the earliest of the alarms began; empty without one.
    clv, peak
        CLV now and the highest of the weeks before, in the currency.
    reasons
        Why, as codes and facts.
    """

    unit_id: str
    stratum: str
    kinds: tuple[AlertKind, ...]
    severity: int
    since: str
    clv: float
    peak: float
    reasons: tuple[Note, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AlertRows:
    """Every customer with an alert, one entry each, sorted by id (code points).

    Parameters
    ----------
    unit_id, stratum : ndarray of object (str), shape (m,)
        Who, and the id of the stratum.
    at_risk, cross_category : ndarray of bool, shape (m,)
        Alerts that are on.
    severity : ndarray of int8, shape (m,)
        Early warning, 0 to 3.
    since : ndarray of object (str), shape (m,)
        ISO date of the end of the week in which the earliest alarm began; empty without one.
    clv, peak, change, change_before, usual, usual_before : ndarray of float, shape (m,)
        CLV, its peak, its change in the last two judged weeks and the stratum's median change.
    weeks : ndarray of int64, shape (m,)
        Weeks whose activity was counted; 0 where it is too rare to tell.
    recent, baseline, fast, slow : ndarray of float, shape (m,)
        Activity of those weeks, what is usual, and the two weighted means per week.
    reasons : ndarray of object (str), shape (m,)
        Codes of the reasons, joined by a space.
    """

    unit_id: NDArray[np.object_]
    stratum: NDArray[np.object_]
    at_risk: NDArray[np.bool_]
    severity: NDArray[np.int8]
    cross_category: NDArray[np.bool_]
    since: NDArray[np.object_]
    clv: NDArray[np.float64]
    peak: NDArray[np.float64]
    change: NDArray[np.float64]
    change_before: NDArray[np.float64]
    usual: NDArray[np.float64]
    usual_before: NDArray[np.float64]
    weeks: NDArray[np.int64]
    recent: NDArray[np.float64]
    baseline: NDArray[np.float64]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]
    reasons: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.unit_id)

    def write(self, path: Path) -> None:
        """Write the rows as a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({field.name: pa.array(getattr(self, field.name)) for field in fields(self)})
        with replacing(path) as temporary:
            pq.write_table(table, temporary)


@dataclass(frozen=True, slots=True, eq=False)
class AlertReport:
    """Everything that an alert page prints.

    Parameters
    ----------
    info, model
        Whose alerts, and the frozen parameters.
    rule
        Threshold to its number.
    axes, strata
        Names of the strata.
    total, groups
        All customers, and each stratum, in the last judged week.
    customers
        The most valuable customers with an alert of each stratum.
    backtest
        None where the past is too short for one; ``notes`` says so.
    index, change
        Value of all customers by week; the refit of this run, if there was one.
    notes
        What to know when reading.
    rows
        Every customer with an alert, for the Parquet file; None when read from JSON.
    """

    info: AlertInfo
    model: FrozenModel
    rule: Mapping[str, float]
    axes: tuple[AxisInfo, ...]
    strata: tuple[Stratum, ...]
    total: AlertStratum
    groups: tuple[AlertStratum, ...]
    customers: tuple[AlertCustomer, ...]
    backtest: Backtest | None
    index: tuple[IndexPoint, ...]
    change: ModelChange | None
    notes: tuple[Note, ...]
    rows: AlertRows | None = None

    def to_json(self) -> bytes:
        """Return the canonical bytes of ``alerts.json``."""
        body = {field.name: encode(getattr(self, field.name)) for field in fields(self) if field.name != "rows"}
        return dump_canonical({"schema_version": ALERTS_VERSION, **body})

    def save(self, folder: Path | str) -> Path:
        """Write ``alerts.parquet`` and ``alerts.json`` into ``folder``; return the path of the latter."""
        base = Path(folder)
        if self.rows is not None:
            self.rows.write(base / PARQUET_FILE)
        path = base / JSON_FILE
        write_atomic(path, self.to_json())
        return path

    @classmethod
    def load(cls, path: Path | str) -> AlertReport:
        """Read ``alerts.json`` from a folder (or the file itself), without the rows of its Parquet file.

        Raises
        ------
        DataError
            When the file is missing, is not JSON, is of another schema version, or does not hold alerts.
        """
        place = Path(path)
        place = place / JSON_FILE if place.is_dir() else place
        body = load_json(place)
        version = body.pop("schema_version", None)
        if version != ALERTS_VERSION:
            message = f"{place}: schema_version is {version!r}, this release reads {ALERTS_VERSION}; run alerts again"
            raise DataError(message)
        return decode(cls, body)
