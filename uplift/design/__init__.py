"""Before launch: strata, draw, power, plan and lock."""

from __future__ import annotations

from uplift.design.assignment import Assignment
from uplift.design.blocked import assign_blocked
from uplift.design.design import Design
from uplift.design.experiment import plan_experiment
from uplift.design.hashed import assign_hash
from uplift.design.lock import Lock, verify_lock
from uplift.design.plan import Plan
from uplift.design.power import RequiredSize, minimum_detectable_effect, required_size

__all__ = [
    "Assignment",
    "Design",
    "Lock",
    "Plan",
    "RequiredSize",
    "assign_blocked",
    "assign_hash",
    "minimum_detectable_effect",
    "plan_experiment",
    "required_size",
    "verify_lock",
]
