"""Before launch: strata, draw, power, plan and lock."""

from __future__ import annotations

from uplift.design.assignment import Assignment
from uplift.design.blocked import assign_blocked
from uplift.design.hashed import assign_hash

__all__ = ["Assignment", "assign_blocked", "assign_hash"]
