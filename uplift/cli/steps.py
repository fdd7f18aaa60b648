"""What the steps of long work are called."""

from __future__ import annotations

WORDS = {
    "design.classify": "classifying customers",
    "design.past": "measuring their past",
    "design.strata": "crossing axes into strata",
    "design.draw": "drawing arms",
    "design.lock": "planning and locking",
    "alerts.read": "reading customers week by week",
    "alerts.model": "fitting the value of customers",
    "alerts.value": "valuing every week",
    "alerts.strata": "classifying customers over time",
    "alerts.judge": "judging weeks and testing past alerts",
    "read": "reading tables",
    "measure": "measuring outcomes",
    "adjust": "estimating effects",
    "check": "checking",
    "decide": "deciding",
    "done": "done",
}


def name_step(code: str) -> str:
    """Return the words of a step; a code without words is shown as it is."""
    return WORDS.get(code, code)
