"""Before launch: strata, draw, power, plan and lock."""

from __future__ import annotations

from uplift.design.assignment import Assignment
from uplift.design.blocked import assign_blocked
from uplift.design.hashed import assign_hash
from uplift.design.power import RequiredSize, minimum_detectable_effect, required_size

__all__ = [
    "Assignment",
    "RequiredSize",
    "assign_blocked",
    "assign_hash",
    "minimum_detectable_effect",
    "required_size",
]
