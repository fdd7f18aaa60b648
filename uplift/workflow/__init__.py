"""The loop: design an experiment, analyse it. Binds the spec to the rooms; holds no formula."""

from uplift.workflow.alerts import find_alerts
from uplift.workflow.analyze import analyze_experiment
from uplift.workflow.design import design_experiment
from uplift.workflow.score import score_customers

__all__ = ["analyze_experiment", "design_experiment", "find_alerts", "score_customers"]
