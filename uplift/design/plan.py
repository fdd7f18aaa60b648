"""The plan: the spec as resolved before the draw. Analysis reads it and decides nothing anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from uplift.customers.model_stage import StageDisagreement
from uplift.outcomes import Measurement
from uplift.results import Name, Note, SegmentInfo, Stratum
from uplift.results.analysis import Scheme
from uplift.results.codec import decode, load_json


@dataclass(frozen=True, slots=True)
class PlanArm:
    """An arm as planned.

    Parameters
    ----------
    id, name
        Id and names by language.
    share_text, share
        Planned share of the units outside the holdout, as an exact fraction and as a number.
    is_control
        Whether the others are held against it.
    contact, redemption, fulfilment
        Planned costs in the currency: per assigned unit, per redeemed order, per assigned unit.
    codes
        Values of the campaign column that belong to it.
    """

    id: str
    name: Name
    share_text: str
    share: float
    is_control: bool
    contact: float = 0.0
    redemption: float = 0.0
    fulfilment: float = 0.0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanAxis:
    """An axis with what classifies a later unit alike.

    Parameters
    ----------
    id
        ``lifecycle``, ``value_tier``, ``frequency``, ``basket`` or a column.
    drawn
        Whether units are drawn within it; the others are only read.
    levels
        Level ids in the order of merging.
    names
        Level id to its names by language.
    cut_points, metric
        What is cut and where; empty for a rule or a column.
    rule
        Frozen numbers of the rule.
    """

    id: str
    drawn: bool
    levels: tuple[str, ...]
    names: Mapping[str, Name]
    cut_points: tuple[float, ...]
    metric: str
    rule: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PlanContrast:
    """A declared comparison: ``arm`` minus ``reference``.

    Parameters
    ----------
    arm, reference
        The arms.
    segments
        Segments in which it is read; empty for all units.
    primary
        Whether it belongs to the family of the verdict.
    """

    arm: str
    reference: str
    segments: tuple[str, ...]
    primary: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Effects that are corrected together.

    Parameters
    ----------
    id
        ``primary``, ``strata``, ``segments`` or ``secondary``.
    correction
        ``holm`` (family-wise error) or ``bh`` (false discovery rate).
    level
        Error rate of the family.
    """

    id: Literal["primary", "strata", "segments", "secondary"]
    correction: Literal["holm", "bh"]
    level: float


@dataclass(frozen=True, slots=True)
class PresentShare:
    """A cell of the plan in force.

    Parameters
    ----------
    stratum, arm
        The cell; treatment arms only.
    n_units
        Eligible units of the stratum.
    share
        Share of them that is given the arm today.
    """

    stratum: str
    arm: str
    n_units: int
    share: float


@dataclass(frozen=True, slots=True)
class PlanStages:
    """Stages by the lifetime model beside the stages by rule, of the eligible units.

    Parameters
    ----------
    borders
        Frozen borders of the stages by model: on P(alive), and in expected orders.
    disagreement
        The two held against each other.
    """

    borders: Mapping[str, float]
    disagreement: StageDisagreement


FAMILIES = (
    Family("primary", "holm", 0.05),
    Family("strata", "bh", 0.10),
    Family("segments", "bh", 0.10),
    Family("secondary", "bh", 0.10),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was settled before anybody was assigned.

    Parameters
    ----------
    experiment_id, scheme, seed
        What was drawn, and how; the seed is 0 where another system drew.
    currency, timezone
        Of every amount and moment.
    t0, as_of
        ISO local moments: day 0 of the outcomes, and the end of what the design may know; None for
        outcomes without a time.
    arms
        The control first; assignment and moments code arms in this order.
    axes
        Axes that are drawn, then those that are only read.
    strata, segments, contrasts, families
        Who is compared with whom, and which effects are corrected together.
    present
        The plan in force, per stratum and treatment arm.
    measurement
        How outcomes are measured.
    confidence_level
        Of every interval.
    n_eligible, n_assigned, n_holdout
        Units.
    notes
        Merges and other remarks.
    stages
        Stages by the lifetime model beside those by rule; None where one of them is not there.
    """

    experiment_id: str
    scheme: Scheme
    seed: int
    currency: str
    timezone: str
    t0: str | None
    as_of: str | None
    arms: tuple[PlanArm, ...]
    axes: tuple[PlanAxis, ...]
    strata: tuple[Stratum, ...]
    segments: tuple[SegmentInfo, ...]
    contrasts: tuple[PlanContrast, ...]
    families: tuple[Family, ...]
    present: tuple[PresentShare, ...]
    measurement: Measurement
    confidence_level: float
    n_eligible: int
    n_assigned: int
    n_holdout: int
    notes: tuple[Note, ...] = ()
    stages: PlanStages | None = None

    @property
    def control(self) -> PlanArm:
        """The control arm."""
        return self.arms[0]

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read ``plan.json``.

        Raises
        ------
        DataError
            When the file is missing or is not a plan.
        """
        return decode(cls, load_json(path))
