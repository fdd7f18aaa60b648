from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import NEVER, EventPath, Panel, check_dip, estimate_event_study
from uplift.results.catalogue import message


def make_panel(rng: np.random.Generator, *, by_rule: bool) -> Panel:
    """Return 300 customers whose spend varies around a level; 100 treated at period 4, without effect."""
    spend = rng.normal(100, 20, 300)[:, None] + rng.normal(0, 20, (300, 6))
    low = np.argsort(spend[:, 3])[:100] if by_rule else rng.permutation(300)[:100]
    cohort = np.full(300, NEVER)
    cohort[low] = 4
    return Panel(np.array([f"u{i}" for i in range(300)], object), np.arange(6), spend, cohort)


def test_by_hand() -> None:
    """Leads of 3 and 1 against the last period: it lies 2 below their mean; variance (1 + 1 + 2 x 0.5) / 4 = 0.75."""
    covariance = np.array([[1.0, 0.5, 0], [0.5, 1.0, 0], [0, 0, 1.0]])
    found = check_dip(EventPath(np.array([-3, -2, 0]), np.array([3.0, 1.0, 2.5]), covariance))
    assert (found.name, found.status) == ("dip", "fail")
    assert found.facts["gap"] == pytest.approx(-2.0)
    assert found.statistic == pytest.approx(-2.0 / np.sqrt(0.75))
    assert found.p_value == pytest.approx(0.02092, abs=1e-5)
    assert found.facts["effect"] == 2.5
    assert "z = \u22122.31" in message("check.dip.fail", found.facts, "en")
    assert "z = \u22122.31" in message("check.dip.fail", found.facts, "zh")


def test_low_spenders_come_back() -> None:
    """Truth 0: the study claims an effect, which is the gap's return, and the check is red."""
    study = estimate_event_study(make_panel(np.random.default_rng(1), by_rule=True))
    found = check_dip(study.path)
    assert study.effects[0].ci_lower > 0
    assert found.status == "fail"
    assert float(str(found.facts["gap"])) == pytest.approx(-study.effects[0].estimate, rel=0.3)


def test_a_draw_seldom_fails() -> None:
    rng = np.random.default_rng(2)
    failed = [check_dip(estimate_event_study(make_panel(rng, by_rule=False)).path).status == "fail" for _ in range(40)]
    assert np.mean(failed) <= 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / 40)


def test_a_rule_on_the_past_fails_whatever_is_seen() -> None:
    flat = EventPath(np.array([-2, 0]), np.zeros(2), np.eye(2))
    found = check_dip(flat, rule=["plus", "spend_30d"], lagged=["spend_30d", "orders_30d"])
    assert (found.status, found.facts["rule"]) == ("fail", ("spend_30d",))
    assert check_dip(flat, rule=["plus"], lagged=["spend_30d"]).status == "pass"


def test_impossible_input() -> None:
    with pytest.raises(EstimationError, match=r"alpha == 1 must be in"):
        check_dip(EventPath(np.array([-2, 0]), np.zeros(2), np.eye(2)), alpha=1)
    with pytest.raises(EstimationError, match=r"periods before must vary"):
        check_dip(EventPath(np.array([-2, 0]), np.zeros(2), np.diag([0.0, 1.0])))
