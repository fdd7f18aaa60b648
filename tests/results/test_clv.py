"""What an analysis says of value goes to JSON and back."""

from __future__ import annotations

from uplift.results import Effect, Measure
from uplift.results.clv import (
    Calibration,
    ClvReport,
    ClvRow,
    Dependence,
    PullForward,
    ResidualFacts,
    ValueGain,
)
from uplift.results.codec import decode, encode

MONEY = Measure("money", "CNY", "assigned", 365, "mixed")
ONE = Effect(
    "net_value", MONEY, "lin", "itt", "coupon", "control", "overall", "", 2.0, 0.5, 100.0, 1.0, 3.0, 0.001, None, 10.0,
    0.2, None, None, 450, 450, "A",
)  # fmt: skip


def test_a_full_report_reads_back() -> None:
    gain = ValueGain("coupon", ONE, ONE, ONE)
    rows = (ClvRow("overall", "", 900, 120.0, 300.5, None, (gain,)), ClvRow("segment", "g", 5, None, None, 9.0, ()))
    pull = PullForward(
        "coupon", "control", "overall", "", 37, ONE, ONE, ONE, 0.4, -0.2, "rays", -3.0, 1.5, censored=True
    )
    facts = ResidualFacts("bgnbd", {"r": 0.2, "alpha": 4.4}, 900, 0.1, 0.3, 0.05, "past", 7, 0.97, 100, 200, 3)
    report = ClvReport(
        rows=rows,
        residuals=(ONE,),
        calibration=(Calibration("bgnbd", "coupon", 2.0, 0.5, 1.5, 0.6, None, covered=True),),
        pull_forward=(pull,),
        dependence=(Dependence("coupon", "overall", "", ONE, None, ONE, None),),
        facts=facts,
    )
    assert decode(ClvReport, encode(report)) == report


def test_an_empty_report_is_one() -> None:
    assert decode(ClvReport, {}) == ClvReport()
