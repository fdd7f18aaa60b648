from __future__ import annotations

from uplift.cli.steps import WORDS, name_step
from uplift.design.experiment import STEPS as DESIGN_STEPS
from uplift.workflow.alerts import STEPS as ALERT_STEPS
from uplift.workflow.analyze import STEPS as ANALYSIS_STEPS
from uplift.workflow.score import STEPS as SCORE_STEPS


def test_every_step_has_words() -> None:
    assert {*DESIGN_STEPS, *ANALYSIS_STEPS, *ALERT_STEPS, *SCORE_STEPS} == set(WORDS)


def test_unknown_steps_are_shown_as_they_are() -> None:
    assert name_step("numpy") == "numpy"
