from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.report.test_browser import probe
from uplift.errors import DataError, UsageError
from uplift.report import render_alerts, write_alert_report
from uplift.report.figures.line import round_levels
from uplift.results import Amount, AxisInfo, Note, Stratum
from uplift.results.alerts import (
    AlertCustomer,
    AlertInfo,
    AlertReport,
    AlertStratum,
    FrozenModel,
    IndexPoint,
    ModelChange,
)
from uplift.results.backtest import Backtest, BacktestRow, TopRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uplift.results.alerts import Colour
    from uplift.results.backtest import AlarmKind

HOSTILE = '<script>alert("x")</script>{{ 7 * 7 }}'
WEEK_ENDS = tuple(f"2026-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in (5, 12, 19, 26))
RULE = {
    "noise": 0.02, "decline_weeks": 2.0, "peak_weeks": 8.0, "rise": 0.2, "recovery_weeks": 2.0, "history_weeks": 8.0,
    "active_days": 90.0, "least_group": 30.0, "amber_share": 0.1, "red_share": 0.2, "severities_1": 0.2,
    "severities_2": 0.35, "severities_3": 0.5, "activity_fast_weeks": 2.0, "activity_slow_weeks": 8.0,
    "activity_fall": 0.8, "activity_windows_1": 2.0, "activity_windows_2": 4.0, "activity_windows_3": 8.0,
    "activity_windows_4": 12.0, "activity_level": 0.1,
}  # fmt: skip


def stratum(name: str, colour: Colour, *, at_risk: int, value: float) -> AlertStratum:
    return AlertStratum(
        id=name, n_units=1_500, n_judged=1_200, at_risk=at_risk, new_at_risk=at_risk // 4, warned=(20, 5, 1),
        cross_category=7, value=10 * value, value_at_risk=value, usual_share=0.08, change=-0.012, decay=-0.021,
        colour=colour,
    )  # fmt: skip


def row(kind: AlarmKind, level: str = "") -> BacktestRow:
    share, plain = Amount(0.18, 0.16, 0.2), Amount(1.4, 1.2, 1.6)
    return BacktestRow(
        kind=kind, by="stratum" if level else "overall", level=level, n_judged=9_000, n_alarms=300, n_events=200,
        base_rate=Amount(0.16), precision=share, recall=Amount(0.5, 0.45, 0.55), lift=plain, false_alarms=plain,
        lead_weeks=Amount(None),
    )  # fmt: skip


def report_of(groups: Sequence[AlertStratum]) -> AlertReport:
    ids = [group.id for group in groups]
    names: dict[str, dict[str, str]] = {
        "active": {"zh": "活跃客", "en": "Active"},
        "high": {"zh": "高值", "en": "high value"},
    }
    customer = AlertCustomer(
        unit_id="00123", stratum=ids[0], kinds=("at_risk", "warning"), severity=2, since="2026-03-12", clv=120.0,
        peak=200.0, reasons=(
            Note("alert.decline", {"change": -0.06, "change_before": -0.05, "usual": -0.01, "usual_before": 0.0}),
            Note("alert.quiet", {"recent": 0, "usual": 3.1, "weeks": 4}),
            Note("alert.fall", {"fall": 0.4, "peak": 200.0, "weeks": 8}),
        ),
    )  # fmt: skip
    rising = replace(customer, unit_id="00456", kinds=("cross_category",), severity=0, since="", reasons=(
        Note("alert.rise", {"rise": 0.3, "weeks": 8}), Note("alert.calm", {"weeks": 2}),
    ))  # fmt: skip
    index = [IndexPoint(week, 1e6 + 1e4 * at, 100 + at, at == 9) for at, week in enumerate(WEEK_ENDS)]
    return AlertReport(
        info=AlertInfo(
            id="shop", title={"zh": "会员预警", "en": "Members"}, currency="CNY", language="zh",
            timezone="Asia/Shanghai", as_of="2026-03-26T00:00:00", week_ends=WEEK_ENDS, removed=("2026-02-26",),
            judged=WEEK_ENDS[8:], horizon_days=365, annual_discount_rate=0.1, activity="behaviour", n_units=20_000,
            package_version="0.1.0", spec_digest="ab" * 32, inputs={"orders": 5_000, "units": 20_000},
        ),
        model=FrozenModel(
            kind="mbgnbd", parameters={"r": 1.5, "alpha": 28.4, "a": 0.12, "b": 4.7, "p": 3.8, "q": 6.4, "v": 28.0},
            known_until="2026-02-26T00:00:00", fitted_at="2026-03-26T00:00:00", n_units=14_000, reused=False,
            lifetime={},
        ),
        rule=RULE,
        axes=(AxisInfo("lifecycle", {"active": names["active"]}, drawn=False),
              AxisInfo("value_tier", {"high": names["high"]}, drawn=False)),
        strata=tuple(Stratum(name, {"lifecycle": "active", "value_tier": "high"}, 1_500) for name in ids),
        total=replace(groups[0], id="", colour="amber"),
        groups=tuple(groups),
        customers=(customer, rising),
        backtest=Backtest(
            first_week=2, last_week=5, inactive_weeks=13, n_customers=9_999, confidence_level=0.95,
            rows=(row("any"), row("at_risk"), row("warning"), row("at_risk", ids[0])),
            top=(TopRow(0.01, Amount(0.5, 0.4, 0.6), Amount(2.7, 2.4, 3.0)), TopRow(0.05, Amount(1.0), Amount(None))),
        ),
        index=tuple(index),
        change=ModelChange("2026-03-26", 1e6, 1.02e6, "2026-02-26T00:00:00"),
        notes=(Note("alerts.removed", {"n": 1}), Note("alerts.last_removed", {"week": "2026-03-19"})),
    )  # fmt: skip


COLOURS: tuple[Colour, ...] = ("green", "red", "amber", "none")


@pytest.fixture
def report() -> AlertReport:
    """Ten strata of all colours; the first is the one with customers."""
    return report_of(
        [stratum(f"active|high{n}", COLOURS[n % 4], at_risk=40 + n, value=1e4 * (n + 1)) for n in range(10)]
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_asks_for_nothing_and_says_colours_in_words(report: AlertReport, language: str) -> None:
    page = render_alerts(report, language=language)
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';" in page
    assert not re.search(r"https?:|//[a-z]|@import|<script|<iframe| on[a-z]+=", page)
    assert not re.search(r"\bNone\b(?![.:])", page)
    for sign, word in (("▲", {"en": "Red", "zh": "红"}), ("◐", {"en": "Amber", "zh": "黄"})):
        assert f"{sign} {word[language]}" in page
    assert page.count("<details") == 13  # ten strata, the folded rows of strata, of the backtest and of the index
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(ids)


def test_the_worst_strata_come_first_and_the_others_are_folded(report: AlertReport) -> None:
    page = render_alerts(report, language="en")
    first = page[page.index("<tbody>") : page.index("</tbody>")]
    assert re.findall(r"[▲◐●○] (\w+)", first) == ["Red"] * 3 + ["Amber"] * 2 + ["Green"] * 3 + ["Amber"]
    assert "The other 2 strata" in page
    assert first.count("Active · high value") == 8


def test_the_sentences_of_the_page(report: AlertReport) -> None:
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_alerts(report, language="en"))).replace("\u00a0", " ")
    for text in (
        "40 customers are at risk, with CNY 10.0 k to lose (10% of the value); 3 of 10 strata are red.",
        "they do not say whom an offer would keep",
        "CLV −5.0% and −6.0% in the last two weeks (median of the stratum 0% and −1.0%); activity 0 in 4 weeks",
        "usually 3.10; CLV 40% below its 8-week peak of ¥200.0",
        "At risk and Early warning (serious) since 12 March 2026",
        "Alarms that began from 19 January 2026 to 12 February 2026, held against the 13 weeks that followed",
        "18% (16%–20%)",
        "(before: 26 February 2026). On the same customers in the same week that alone moves the total by 2.0%",
        "visits and other behaviour",
        "2, 4, 8 or 12",
        "uplift alerts spec.yaml --as-of 2026-03-26 --weeks 4 --out alerts",
    ):
        assert text in page, text


def test_a_page_without_alerts_backtest_or_refit(report: AlertReport) -> None:
    quiet = replace(report.groups[0], at_risk=0, new_at_risk=0, warned=(0, 0, 0), cross_category=0, usual_share=None)
    bare = replace(
        report, total=replace(quiet, id=""), groups=(quiet,), customers=(), backtest=None, change=None, notes=(),
        index=report.index[:1], model=replace(report.model, reused=True),
    )  # fmt: skip
    page = render_alerts(bare)
    assert "1,200 名在购客户中，本周无人有流失风险。" in page
    assert "没有分层出现预警。" in page
    assert "历史太短，无法检验过去的预警。" in page
    assert "沿用 2026-03-26 的参数" in page
    assert "其余" not in page


def test_the_same_alerts_give_the_same_bytes_from_the_file(report: AlertReport, tmp_path: Path) -> None:
    first = write_alert_report(report, tmp_path / "a.html").read_bytes()
    report.save(tmp_path)
    assert write_alert_report(AlertReport.load(tmp_path), tmp_path).name == "alerts.html"
    assert (tmp_path / "alerts.html").read_bytes() == first


def test_hostile_names_stay_text_and_unknown_codes_are_refused(report: AlertReport, tmp_path: Path) -> None:
    customer = replace(report.customers[0], unit_id=HOSTILE)
    page = render_alerts(replace(report, customers=(customer,), info=replace(report.info, title={"zh": HOSTILE})))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    with pytest.raises(DataError, match=r"alert\.unheard"):
        write_alert_report(replace(report, notes=(Note("alert.unheard"),)), tmp_path)
    with pytest.raises(UsageError, match="language: 'fr' is not one of en, zh"):
        write_alert_report(report, tmp_path, language="fr")
    assert list(tmp_path.iterdir()) == []


def test_the_ruled_lines_are_round_and_hold_the_values() -> None:
    assert round_levels([97.3, 112.0]) == (95.0, 100.0, 105.0, 110.0, 115.0)
    assert round_levels([100.0]) == (100.0, 101.0)
    assert round_levels([3.0, 260.0]) == (0.0, 100.0, 200.0, 300.0)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_nothing_is_clipped(report: AlertReport, width: int, height: int, tmp_path: Path) -> None:
    page = render_alerts(report, language="zh").replace('<details class="drill">', '<details class="drill" open>')
    found = probe(page, width, height, tmp_path)
    assert (found["over"], found["clipped"], found["outside"]) == (0, [], [])
    assert width < 1280 or (isinstance(found["first"], int) and found["first"] <= 720)
