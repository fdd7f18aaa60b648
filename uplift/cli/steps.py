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
    "score.read": "reading orders",
    "score.stage": "telling the stages of customers",
    "score.predict": "predicting value and testing the past",
    "score.label": "describing customers",
    "score.drivers": "reading what goes with value",
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
