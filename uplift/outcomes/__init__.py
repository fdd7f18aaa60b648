"""What a unit did in a half-open window: the past for design, the campaign for analysis, the same code."""

from uplift.outcomes.measure import Measured, PlanCosts, measure, needed_facts
from uplift.outcomes.measurement import SURROGATES, SURROGATES_WITHOUT_COUPONS, Measurement, OutcomePlan
from uplift.outcomes.reading import Reading, read_window

__all__ = [
    "SURROGATES",
    "SURROGATES_WITHOUT_COUPONS",
    "Measured",
    "Measurement",
    "OutcomePlan",
    "PlanCosts",
    "Reading",
    "measure",
    "needed_facts",
    "read_window",
]
