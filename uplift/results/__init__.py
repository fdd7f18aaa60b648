"""The values that every room speaks."""

from uplift.results.analysis import (
    Analysis,
    ArmInfo,
    AxisInfo,
    ExperimentInfo,
    MetricInfo,
    Provenance,
    SegmentInfo,
)
from uplift.results.design_summary import DesignSummary, StratumArms
from uplift.results.effect import Effect, Effects
from uplift.results.evidence import Evidence, grade
from uplift.results.facts import CheckResult, Curve, Name, Note, Stratum
from uplift.results.measure import Measure
from uplift.results.money import (
    Amount,
    BudgetCell,
    BudgetPlan,
    BudgetRow,
    BudgetTotals,
    Decomposition,
    Gate,
    Line,
    Move,
    Verdict,
    Waste,
)
from uplift.results.progress import Progress

__all__ = [
    "Amount",
    "Analysis",
    "ArmInfo",
    "AxisInfo",
    "BudgetCell",
    "BudgetPlan",
    "BudgetRow",
    "BudgetTotals",
    "CheckResult",
    "Curve",
    "Decomposition",
    "DesignSummary",
    "Effect",
    "Effects",
    "Evidence",
    "ExperimentInfo",
    "Gate",
    "Line",
    "Measure",
    "MetricInfo",
    "Move",
    "Name",
    "Note",
    "Progress",
    "Provenance",
    "SegmentInfo",
    "Stratum",
    "StratumArms",
    "Verdict",
    "Waste",
    "grade",
]
