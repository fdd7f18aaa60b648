"""What the steps of long work are called."""

from __future__ import annotations

WORDS = {
    "design.classify": "classifying customers",
    "design.past": "measuring their past",
    "design.strata": "crossing axes into strata",
    "design.draw": "drawing arms",
    "design.lock": "planning and locking",
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
