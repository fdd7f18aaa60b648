"""Customers scored as of a date: what stands in customers.json, in its Parquet of customers, and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from uplift.errors import DataError
from uplift.results.analysis import AxisInfo
from uplift.results.codec import decode, dump_canonical, encode, load_json
from uplift.results.evidence import Evidence
from uplift.results.facts import CheckResult, Name, Note
from uplift.results.files import replacing, write_atomic

CUSTOMERS_VERSION = 1
JSON_FILE, PARQUET_FILE = "customers.json", "customers.parquet"


@dataclass(frozen=True, slots=True)
class CustomerInfo:
    """Whose customers these are, as of when, and from what.

    Parameters
    ----------
    id, title, currency, language, timezone
        Of the spec.
    as_of
        ISO moment; only rows before it are known.
    known_from
        ISO moment of the first order.
    days
        Days before ``as_of`` that orders, margin and basket cover.
    horizon_days, annual_discount_rate
        Of predicted value; historic value covers as many days before ``as_of``.
    stage_rule
        ``five_stage``, ``six_stage`` or ``column``, a column of the company's own.
    n_units, n_buyers, n_repeaters
        Customers that consented, those with an order, those with orders on two days or more.
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
    known_from: str
    days: int
    horizon_days: int
    annual_discount_rate: float
    stage_rule: str
    n_units: int
    n_buyers: int
    n_repeaters: int
    package_version: str
    spec_digest: str
    inputs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StageRow:
    """Figures of one stage, or of all customers; money in the currency, None where a figure is not known.

    Parameters
    ----------
    stage
        Level of the axis ``lifecycle``; empty for all customers.
    n_units, share
        Customers, and their share of all.
    orders, margin, lifetime_margin, predicted_clv
        Per customer: orders and gross margin of the days before, gross margin since the first order, and discounted
        margin predicted for the horizon.
    average_basket
        Revenue per order.
    repurchase_30d
        Share of those with an order whose next one came within 30 days.
    retention
        Share with an order in the last 30 days.
    alive
        Mean chance to be there still, of those with an order.
    historic, historic_total, predicted_total
        Margin of as many days before as the horizon has, per customer and as a sum of the stage; predicted value, the
        sum.
    """

    stage: str
    n_units: int
    share: float
    orders: float | None
    margin: float | None
    lifetime_margin: float | None
    average_basket: float | None
    repurchase_30d: float | None
    retention: float | None
    alive: float | None
    predicted_clv: float | None
    historic: float | None
    historic_total: float
    predicted_total: float


@dataclass(frozen=True, slots=True)
class ValueCell:
    """Customers of one tier of current value and one of potential.

    Parameters
    ----------
    current, potential
        Levels of the axes ``value_tier`` and ``potential``.
    n_units
        Customers.
    historic, predicted
        Their margin of as many days before as the horizon has, and their predicted value: sums in the currency.
    """

    current: str
    potential: str
    n_units: int
    historic: float
    predicted: float


@dataclass(frozen=True, slots=True)
class StageTable:
    """Stages by rule against stages by model.

    Parameters
    ----------
    rule_levels, model_levels
        Rows and columns of ``counts``.
    counts
        Customers per stage by rule and stage by model.
    n_compared, n_disagree
        Customers of whom both speak, and those of them whose two stages contradict each other.
    """

    rule_levels: tuple[str, ...]
    model_levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n_compared: int
    n_disagree: int


@dataclass(frozen=True, slots=True)
class ChurnRow:
    """Churned customers of one kind and reason.

    Parameters
    ----------
    kind
        ``temporary`` or ``permanent``.
    reason
        ``experience`` or ``interest``; empty for all reasons, and where the data tell none.
    n_units, share
        Customers, and their share of all with an order.
    lifetime, predicted
        Margin since their first order, and predicted value: sums in the currency.
    """

    kind: str
    reason: str
    n_units: int
    share: float
    lifetime: float
    predicted: float


@dataclass(frozen=True, slots=True)
class LabelRow:
    """Customers who bear the same four labels.

    Parameters
    ----------
    life, value, preference, risk
        Levels of the axes ``lifecycle``, ``value_tier``, ``preference`` and ``risk``.
    n_units
        Customers.
    predicted
        Their predicted value, a sum in the currency.
    """

    life: str
    value: str
    preference: str
    risk: str
    n_units: int
    predicted: float


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """How value was predicted.

    Parameters
    ----------
    asked, method
        What was asked for (``auto``: whatever the data carry), and what was taken.
    reason
        Why.
    notes
        What to keep in mind.
    parameters
        Of the purchase and the spend model, in days and the currency; empty for other methods.
    """

    asked: str
    method: str
    reason: Note
    notes: tuple[Note, ...]
    parameters: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AccuracyLine:
    """One prediction against what came, over one group of customers; None where a figure has no value.

    Parameters
    ----------
    prediction
        A method, or ``naive_repeat``, ``naive_orders``, ``naive_mean``.
    axis, level
        ``overall`` and an empty level, ``stage`` or ``category`` and its level.
    n_units
        Customers of the group.
    actual_mean, predicted_mean, mae
        Per customer over the horizon, in the currency: what came, what was predicted, the mean absolute error.
    rank_correlation
        Spearman's.
    total_ratio, ratio_lower, ratio_upper
        Predicted over actual total, with its interval.
    """

    prediction: str
    axis: str
    level: str
    n_units: int
    actual_mean: float
    predicted_mean: float
    mae: float
    rank_correlation: float | None
    total_ratio: float | None
    ratio_lower: float | None
    ratio_upper: float | None


@dataclass(frozen=True, slots=True)
class DecileLine:
    """A tenth of the customers by predicted value; money per customer over the horizon.

    Parameters
    ----------
    decile
        1, the lowest, to 10.
    n_units
        Customers.
    predicted_mean, actual_mean
        What was predicted and what came.
    std_error
        Of the mean difference of the two; None for one customer.
    share
        Share of all that came.
    """

    decile: int
    n_units: int
    predicted_mean: float
    actual_mean: float
    std_error: float | None
    share: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The method a horizon ago, held against what came.

    Parameters
    ----------
    moment
        ISO moment: the prediction knew only what lay before it.
    method
        The ``prediction`` of ``rows`` that is the method of this run.
    n_units
        Customers who had ordered by then.
    rows
        By prediction: overall, by stage and by category, as known then.
    deciles
        Of the method.
    check
        Whether the method is off beyond the promised limits and chance.
    confidence_level
        Of the intervals.
    """

    moment: str
    method: str
    n_units: int
    rows: tuple[AccuracyLine, ...]
    deciles: tuple[DecileLine, ...]
    check: CheckResult
    confidence_level: float


@dataclass(frozen=True, slots=True)
class DriverLine:
    """One touchpoint in one stage.

    Parameters
    ----------
    stage, touchpoint
        Stage a horizon ago, and column of the wide table.
    n_units, share_known
        Customers of the stage, and the share of them whose touchpoint is known.
    mean, spread
        Of the touchpoint, in its own unit; ``spread`` is its standard deviation.
    estimate, ci_lower, ci_upper
        Difference in the value of the horizon between customers one ``spread`` apart, all other touchpoints equal;
        currency per customer.
    p_adjusted
        Against zero, by Holm over the touchpoints of the stage.
    """

    stage: str
    touchpoint: str
    n_units: int
    share_known: float
    mean: float
    spread: float
    estimate: float
    ci_lower: float
    ci_upper: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Drivers:
    """What went together with value, stage by stage.

    Parameters
    ----------
    moment
        ISO moment before which touchpoints and stages were known; the value is of the horizon after it.
    label
        What is to be printed over the table: association, not effect.
    evidence
        Grade.
    rows
        By stage, then touchpoint.
    notes
        What was left out.
    confidence_level
        Of the intervals.
    """

    moment: str
    label: Note
    evidence: Evidence
    rows: tuple[DriverLine, ...]
    notes: tuple[Note, ...]
    confidence_level: float


@dataclass(frozen=True, slots=True, eq=False)
class CustomerRows:
    """One row per customer, for the Parquet file.

    Parameters
    ----------
    columns
        Name to column of shape (n,): ``unit_id`` first, then stages, tiers, labels and predicted value, then the wide
        table.
    """

    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.columns["unit_id"])

    def write(self, path: Path) -> None:
        """Write the rows as a Parquet file; what is not known is null."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({name: pa.array(column, from_pandas=True) for name, column in self.columns.items()})
        with replacing(path) as temporary:
            pq.write_table(table, temporary)


@dataclass(frozen=True, slots=True, eq=False)
class CustomerReport:
    """Everything that the page of customers prints.

    Parameters
    ----------
    info, method
        Whose customers, and how their value was predicted.
    axes
        Names of the levels of every axis.
    stages, total
        Figures by stage in the order of the axis, and of all customers.
    top_share
        Share of the predicted value that the first fifth of the customers holds; None where it is 0.
    matrix
        Current value by potential, in the order of their levels; cells that nobody is in too.
    parts
        Value of the days before by what it comes from: ``purchase``, ``referral``, ``content``, where the data hold
        it; sums in the currency.
    disagreement
        Stages by rule against those by model; None without a model.
    churn
        Churned customers by kind and reason.
    labels
        The largest combinations of labels.
    accuracy, drivers
        The method a horizon ago, and what went with value; None where the past is too short, as ``notes`` say.
    notes
        What to know when reading.
    rows
        Every customer, for the Parquet file; None when read from JSON.
    """

    info: CustomerInfo
    method: MethodInfo
    axes: tuple[AxisInfo, ...]
    stages: tuple[StageRow, ...]
    total: StageRow
    top_share: float | None
    matrix: tuple[ValueCell, ...]
    parts: Mapping[str, float]
    disagreement: StageTable | None
    churn: tuple[ChurnRow, ...]
    labels: tuple[LabelRow, ...]
    accuracy: Accuracy | None
    drivers: Drivers | None
    notes: tuple[Note, ...]
    rows: CustomerRows | None = None

    def to_json(self) -> bytes:
        """Return the canonical bytes of ``customers.json``."""
        body = {field.name: encode(getattr(self, field.name)) for field in fields(self) if field.name != "rows"}
        return dump_canonical({"schema_version": CUSTOMERS_VERSION, **body})

    def save(self, folder: Path | str) -> Path:
        """Write ``customers.parquet`` and ``customers.json`` into ``folder``; return the path of the latter."""
        base = Path(folder)
        if self.rows is not None:
            self.rows.write(base / PARQUET_FILE)
        path = base / JSON_FILE
        write_atomic(path, self.to_json())
        return path

    @classmethod
    def load(cls, path: Path | str) -> CustomerReport:
        """Read ``customers.json`` from a folder (or the file itself), without the rows of its Parquet file.

        Raises
        ------
        DataError
            When the file is missing, is not JSON, is of another schema version, or does not hold customers.
        """
        place = Path(path)
        place = place / JSON_FILE if place.is_dir() else place
        body = load_json(place)
        version = body.pop("schema_version", None)
        if version != CUSTOMERS_VERSION:
            message = (
                f"{place}: schema_version is {version!r}, this release reads {CUSTOMERS_VERSION}; score the customers "
                "again"
            )
            raise DataError(message)
        return decode(cls, body)
