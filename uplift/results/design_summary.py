"""What a design says before launch; the only input of the design page."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.results.analysis import ExperimentInfo, MetricInfo, Provenance
from uplift.results.facts import CheckResult, Note, Stratum


@dataclass(frozen=True, slots=True)
class StratumArms:
    """How one stratum was split, and what can be seen in it.

    Parameters
    ----------
    stratum
        Stratum id.
    counts
        Units assigned, in the order of the experiment's arms.
    n_holdout
        Units kept out of the campaign.
    mde
        Smallest effect on the primary against the control that is detected with the planned
        power, per treatment arm; None where a cell has fewer than two units.
    """

    stratum: str
    counts: tuple[int, ...]
    n_holdout: int
    mde: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DesignSummary:
    """Everything that a design page prints.

    Parameters
    ----------
    experiment, provenance
        What will be tried, from what.
    strata, split
        The strata and how they were split, in the same order.
    metrics
        Outcomes as they will be measured.
    mde
        Overall smallest detectable effect per treatment arm.
    power, alpha
        Planned power and two-sided level behind ``mde``.
    checks, notes
        What was checked; merges and other remarks.
    """

    experiment: ExperimentInfo
    provenance: Provenance
    strata: tuple[Stratum, ...]
    split: tuple[StratumArms, ...]
    metrics: tuple[MetricInfo, ...]
    mde: tuple[float | None, ...]
    power: float
    alpha: float
    checks: tuple[CheckResult, ...]
    notes: tuple[Note, ...] = ()
