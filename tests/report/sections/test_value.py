from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.report.figures.curve import nice_ticks
from uplift.report.page import render_report
from uplift.report.sections.value import ValueSection, build_value
from uplift.report.voice import make_voice
from uplift.results import Curve, Measure
from uplift.results.clv import Calibration, ClvReport, ClvRow, Dependence, PullForward, ValueGain

if TYPE_CHECKING:
    from uplift.report.view import Row
    from uplift.results import Analysis, Effect

MONEY = Measure("money", "CNY", "assigned", 90)
DAYS = Measure("days")


def effect_of(analysis: Analysis, estimate: float, half: float, **labels: str) -> Effect:
    one = next(iter(analysis.effects.select(outcome="incremental_clv")))
    limits = {"ci_lower": estimate - half, "ci_upper": estimate + half}
    return replace(one, by="overall", level="", measure=MONEY, estimate=estimate, **limits, **labels)  # type: ignore[arg-type]


def with_value(analysis: Analysis, **parts: object) -> Analysis:
    arm = analysis.experiment.arms[1].id
    total, seen, later = (effect_of(analysis, *pair, arm=arm) for pair in ((5.0, 2.0), (3.0, 1.0), (2.0, 1.5)))
    gain = ValueGain(arm, total, seen, later)
    row = ClvRow("overall", "", 1200, 250.5, 900.0, 300.42, (gain,))
    report = ClvReport(
        rows=(row, replace(row, by="stratum", level=analysis.strata[0].id, historic=None)),
        residuals=(replace(later, estimator="surrogate"), replace(later, estimator="bgnbd_organic")),
        calibration=(Calibration("surrogate", arm, 2.0, 0.7, 1.5, 0.6, 0.54, covered=True),),
        pull_forward=(pull(analysis, arm),),
        dependence=(Dependence(arm, "overall", "", seen, later, None, None),),
    )
    curve = Curve(
        "cumulative_margin", arm, (7.0, 14.0, 21.0), (1.0, 2.0, 1.5), (0.0, 0.5, -1.0), (2.0, 3.5, 4.0), DAYS, MONEY
    )
    return replace(analysis, clv=replace(report, **parts), curves=(curve,))  # type: ignore[arg-type]


def pull(analysis: Analysis, arm: str, **parts: object) -> PullForward:
    promo, after, net = (effect_of(analysis, *pair, arm=arm) for pair in ((4.0, 1.0), (-2.0, 0.9), (2.0, 1.3)))
    found = PullForward(arm, "control", "overall", "", 14, promo, after, net, 0.01, 0.5, "interval", 0.2, 0.9, False)  # noqa: FBT003 - in the order of its fields
    return replace(found, **parts)  # type: ignore[arg-type]


def section(analysis: Analysis, language: str = "en") -> ValueSection:
    voice = make_voice(analysis.experiment, analysis.strata, language=language, coupons=True)
    found = build_value(analysis, voice)
    assert found is not None
    return found


def texts(row: Row) -> list[str]:
    return [f"{cell.text} {cell.note}".strip() for cell in row.cells]


def test_without_customer_value_there_is_no_section(analysis: Analysis) -> None:
    voice = make_voice(analysis.experiment, analysis.strata, language="en", coupons=True)
    assert build_value(analysis, voice) is None
    assert 'id="value"' not in render_report(analysis, language="en")


def test_history_forecast_and_increment_stand_in_one_row(analysis: Analysis) -> None:
    found = section(with_value(analysis))
    (row,) = found.historic.rows
    assert texts(row)[:3] == ["1,200", "¥250.5", "¥300.4"]
    assert texts(row)[4:] == ["+¥5.0 (3.0, 7.0)", "+¥3.0 (2.0, 4.0)", "+¥2.0 (0.5, 3.5)"]
    assert row.cells[4].tone == "gain"
    assert found.strata is not None
    assert found.strata.summary


def test_the_method_of_the_verdict_is_marked(analysis: Analysis) -> None:
    backends = section(with_value(analysis)).backends
    assert backends is not None
    assert [row.head for row in backends.rows] == [
        "Surrogate index (in the verdict)",
        "Purchase model, couponed orders left out",
    ]
    bars = [row.cells[3].bar for row in backends.rows]
    assert [bar is not None and bar.filled for bar in bars] == [True, False]


def test_predictions_are_held_against_what_came(analysis: Analysis) -> None:
    calibration = section(with_value(analysis)).calibration
    assert calibration is not None
    assert texts(calibration.rows[0])[1:] == ["+¥2.0", "+¥1.5", "0.54", "yes"]


@pytest.mark.parametrize(
    ("parts", "share", "reading"),
    [
        ({}, "50% 20%–90%", "a dip after expiry: part was only pulled forward (p = 0.010)"),
        ({"censored": True}, "cannot be told", "less is bought after expiry (p = 0.010)"),
        ({"p_value": 0.4}, "50% 20%–90%", "no dip can be told (p = 0.400)"),
    ],
)
def test_pull_forward_is_read_in_words(analysis: Analysis, parts: dict[str, object], share: str, reading: str) -> None:
    arm = analysis.experiment.arms[1].id
    table = section(with_value(analysis, pull_forward=(pull(analysis, arm, **parts),))).pull_forward
    assert table is not None
    assert texts(table.rows[0])[4:] == [share, reading]


def test_an_effect_that_goes_on_is_said(analysis: Analysis) -> None:
    arm = analysis.experiment.arms[1].id
    later = effect_of(analysis, 2.0, 1.0, arm=arm)
    table = section(with_value(analysis, pull_forward=(pull(analysis, arm, after=later, p_value=0.99),))).pull_forward
    assert table is not None
    assert texts(table.rows[0])[-1] == "the effect goes on after expiry"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_holds_the_section_with_its_curve(analysis: Analysis, language: str) -> None:
    page = render_report(with_value(analysis), language=language)
    assert 'href="#value"' in page
    part = page[page.index('<section id="value">') :]
    assert part.count('class="figure"') >= 1
    assert {"en": "last coupon expires (day 14)", "zh": "最后一张券到期（第 14 天）"}[language] in part


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, (0, 2, 4, 6, 8, 10)),
        (-1.3, 3.6, (-1, 0, 1, 2, 3)),
        (0, 0, (0,)),
        (-0.02, 0.03, (-0.02, -0.01, 0, 0.01, 0.02, 0.03)),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(low, high) == pytest.approx(np.array(ticks))
