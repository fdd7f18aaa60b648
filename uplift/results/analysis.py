"""What an analysis and a design say, as one value each; the only input of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from uplift.errors import DataError
from uplift.results.clv import ClvReport
from uplift.results.codec import decode, dump_canonical, encode, load_json
from uplift.results.effect import Effect, Effects
from uplift.results.facts import CheckResult, Curve, Name, Note, Stratum
from uplift.results.files import write_atomic
from uplift.results.measure import Measure
from uplift.results.money import BudgetPlan, Decomposition, Verdict

SCHEMA_VERSION = 1
Scheme = Literal["blocked", "recorded"]


@dataclass(frozen=True, slots=True)
class ArmInfo:
    """An arm as the report names it.

    Parameters
    ----------
    id, name
        Id and its names by language (may be empty: the id is shown).
    is_control
        Whether the others are held against it.
    share
        Planned share of the units outside the holdout.
    n_units
        Units assigned.
    """

    id: str
    name: Name
    is_control: bool
    share: float
    n_units: int


@dataclass(frozen=True, slots=True)
class AxisInfo:
    """An axis of the strata, or one that is only read.

    Parameters
    ----------
    id
        ``lifecycle``, ``value_tier``, ``frequency``, ``basket`` or a column.
    levels
        Level id to names by language, in order.
    drawn
        Whether units were drawn within it.
    cut_points
        Frozen cut-points between the levels; empty where the level is a rule or a column.
    metric
        What the cut-points cut; empty for a rule or a column.
    """

    id: str
    levels: Mapping[str, Name]
    drawn: bool
    cut_points: tuple[float, ...] = ()
    metric: str = ""


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A pre-registered business slice.

    Parameters
    ----------
    id, name
        Id and names by language.
    n_units
        Eligible units in it.
    strata
        Ids of the strata that lie wholly in it.
    aligned
        Whether it is exactly the union of ``strata``.
    expected
        Pre-registered effect per arm, where the spec states one.
    """

    id: str
    name: Name
    n_units: int
    strata: tuple[str, ...]
    aligned: bool
    expected: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ExperimentInfo:
    """What was tried, on whom, when, and how it is measured.

    Parameters
    ----------
    id, title, question
        Id, names by language; ``question`` may be empty.
    currency, language, timezone
        Of the whole report.
    start, end
        ISO dates of the campaign's first and last day; None for recorded unit-level trials.
    scheme
        How arms were drawn.
    n_eligible, n_assigned, n_holdout
        Units.
    confidence_level
        Of every interval.
    window_days, horizon_days, settle_days
        Days seen, days counted (window included; equals ``window_days`` where the past is too
        short for a predicted part), days until an order is settled.
    through
        ISO moment up to which data were read (exclusive).
    settled
        Whether every order of the window is old enough.
    annual_discount_rate
        Of every money figure.
    primary
        Id of the primary outcome.
    margin_basis
        ``before_coupon``, ``after_coupon`` or empty without orders.
    arms, axes, segments
        Names of everything that has an id.
    """

    id: str
    title: Name
    question: Name
    currency: str
    language: str
    timezone: str
    start: str | None
    end: str | None
    scheme: Scheme
    n_eligible: int
    n_assigned: int
    n_holdout: int
    confidence_level: float
    window_days: int
    horizon_days: int
    settle_days: int
    through: str | None
    settled: bool
    annual_discount_rate: float
    primary: str
    margin_basis: str
    arms: tuple[ArmInfo, ...]
    axes: tuple[AxisInfo, ...]
    segments: tuple[SegmentInfo, ...]

    def arm(self, arm_id: str) -> ArmInfo:
        """Return the arm with this id."""
        return next(arm for arm in self.arms if arm.id == arm_id)

    @property
    def control(self) -> ArmInfo:
        """The control arm."""
        return next(arm for arm in self.arms if arm.is_control)


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """How an outcome was counted.

    Parameters
    ----------
    id
        Metric of the dictionary, or a column of units.
    measure
        Its unit.
    role
        ``primary``, ``secondary`` or ``component``.
    direction
        ``up`` when more is better, ``down`` when less is.
    cap
        Absolute winsor cap per unit, None without one.
    covariates
        What the means were adjusted for.
    """

    id: str
    measure: Measure
    role: Literal["primary", "secondary", "component"]
    direction: Literal["up", "down"]
    cap: float | None
    covariates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What these numbers were made from.

    Parameters
    ----------
    package_version, schema_version
        Of the writer.
    spec_file
        Name of the spec as written.
    spec_digest, lock_digest, assignment_digest
        SHA-256 in hex; empty where there is none.
    locked
        Whether the lock verified.
    seed
        Of the assignment.
    inputs
        Role to the number of rows that were read.
    """

    package_version: str
    schema_version: int
    spec_file: str
    spec_digest: str
    lock_digest: str
    assignment_digest: str
    locked: bool
    seed: int
    inputs: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything that an analysis found; a report prints its fields and computes nothing.

    Parameters
    ----------
    experiment, provenance, verdict
        What was tried, from what, and how it ends.
    strata, metrics, checks, effects, curves, decomposition, budget
        The findings. ``budget`` is None for outcomes that are not money.
    deviations
        Where the analysis departs from the lock.
    reconciliation, heterogeneity, triangulation, next
        Sections of later steps: empty or None where the step did not run.
    clv
        Historic, predicted and incremental value; None for outcomes that are not made of orders with a margin.
    """

    experiment: ExperimentInfo
    provenance: Provenance
    verdict: Verdict
    strata: tuple[Stratum, ...]
    metrics: tuple[MetricInfo, ...]
    checks: tuple[CheckResult, ...]
    effects: Effects
    curves: tuple[Curve, ...]
    decomposition: tuple[Decomposition, ...]
    budget: BudgetPlan | None
    deviations: tuple[Note, ...]
    reconciliation: tuple[CheckResult, ...] = ()
    heterogeneity: None = None
    triangulation: None = None
    next: None = None
    clv: ClvReport | None = None

    def to_json(self) -> bytes:
        """Return the canonical bytes of ``analysis.json``."""
        body = {"schema_version": SCHEMA_VERSION, **encode_fields(self)}
        body["effects"] = [encode(item) for item in self.effects]
        return dump_canonical(body)

    def save(self, folder: Path | str) -> Path:
        """Write ``analysis.json`` into ``folder`` and return its path."""
        path = Path(folder) / "analysis.json"
        write_atomic(path, self.to_json())
        return path

    @classmethod
    def load(cls, folder: Path | str) -> Analysis:
        """Read ``analysis.json`` from ``folder`` (or the file itself).

        Only the variances of the effects are kept in the file, so the covariance of loaded effects is diagonal.

        Raises
        ------
        DataError
            When the file is missing, is not JSON, is of another schema version, or does not hold an analysis.
        """
        path = Path(folder)
        path = path / "analysis.json" if path.is_dir() else path
        body = load_json(path)
        version = body.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            message = f"{path}: schema_version is {version!r}, this release reads {SCHEMA_VERSION}; analyse again"
            raise DataError(message)
        rows = decode(_Rows, {"effects": body.pop("effects", None)}).effects
        effects = Effects(rows, np.diag([row.std_error**2 for row in rows]))
        return decode(cls, {**body, "effects": effects})


@dataclass(frozen=True, slots=True)
class _Rows:
    effects: tuple[Effect, ...]


def encode_fields(value: object) -> dict[str, object]:
    """Return the encoded fields of a dataclass."""
    encoded = encode(value)
    if not isinstance(encoded, dict):
        message = f"{type(value).__name__} is not a record"
        raise TypeError(message)
    return encoded
