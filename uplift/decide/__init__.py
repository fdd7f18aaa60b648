"""What to do: decomposition, shrinkage, allocation, gate, verdict."""

from uplift.decide.allocate import Limits, allocate_budget
from uplift.decide.budget import BudgetRules, Priced, RowKey, plan_budget, rows_by_segment
from uplift.decide.decompose import Group, decompose, treated_groups
from uplift.decide.gate import Candidate, gate_plan, propose_plan
from uplift.decide.shrink import Shrunk, shrink_effects
from uplift.decide.values import Terms
from uplift.decide.verdict import Grounds, give_verdict, reason_to_hold

__all__ = [
    "BudgetRules",
    "Candidate",
    "Grounds",
    "Group",
    "Limits",
    "Priced",
    "RowKey",
    "Shrunk",
    "Terms",
    "allocate_budget",
    "decompose",
    "gate_plan",
    "give_verdict",
    "plan_budget",
    "propose_plan",
    "reason_to_hold",
    "rows_by_segment",
    "shrink_effects",
    "treated_groups",
]
