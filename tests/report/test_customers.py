from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.report.test_browser import probe
from uplift.errors import DataError, UsageError
from uplift.report import render_customers, write_customer_report
from uplift.results import AxisInfo, CheckResult, Note
from uplift.results.customers import (
    Accuracy,
    AccuracyLine,
    ChurnRow,
    CustomerInfo,
    CustomerReport,
    DecileLine,
    DriverLine,
    Drivers,
    LabelRow,
    MethodInfo,
    StageRow,
    StageTable,
    ValueCell,
)

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '<script>alert("x")</script>{{ 7 * 7 }}'
NAMES: dict[str, dict[str, dict[str, str]]] = {
    "lifecycle": {
        "new": {"zh": "新客", "en": "New"},
        "active": {"zh": "活跃客", "en": "Active"},
        "lost": {"zh": "流失客", "en": "Lost"},
    },
    "lifecycle_model": {"active": {"zh": "活跃客", "en": "Active"}, "none": {"zh": "无订单", "en": "no orders"}},
    "value_tier": {"low": {"zh": "低值", "en": "low value"}, "high": {"zh": "高值", "en": "high value"}},
    "potential": {"zero": {"zh": "无潜力", "en": "no potential"}, "high": {"zh": "高潜力", "en": "high potential"}},
    "preference": {"price": {"zh": "价格敏感", "en": "price-sensitive"}},
    "risk": {"low": {"zh": "低风险", "en": "low risk"}},
    "churn": {
        "temporary": {"zh": "暂时流失", "en": "churned for now"},
        "permanent": {"zh": "永久流失", "en": "churned for good"},
    },
    "churn_reason": {
        "experience": {"zh": "体验受损", "en": "bad experience"},
        "interest": {"zh": "兴趣减退", "en": "fading interest"},
    },
}


def stage(name: str, n_units: int, head: float) -> StageRow:
    return StageRow(
        stage=name, n_units=n_units, share=n_units / 1_000, orders=3.5, margin=head, lifetime_margin=2 * head,
        average_basket=80.0, repurchase_30d=0.4, retention=0.3, alive=0.8 if name != "lost" else None,
        predicted_clv=1.5 * head, historic=head, historic_total=n_units * head, predicted_total=n_units * 1.5 * head,
    )  # fmt: skip


def line(prediction: str, axis: str, level: str, mae: float) -> AccuracyLine:
    return AccuracyLine(
        prediction=prediction, axis=axis, level=level, n_units=400, actual_mean=100.0, predicted_mean=110.0, mae=mae,
        rank_correlation=None if prediction == "naive_mean" else 0.7, total_ratio=1.1, ratio_lower=1.05,
        ratio_upper=None if level == "lost" else 1.15,
    )  # fmt: skip


def accuracy(mae: float = 60.0) -> Accuracy:
    groups = (("overall", ""), ("stage", "active"), ("stage", "lost"), ("category", "tea"), ("category", ""))
    names = ("bgnbd", "naive_repeat", "naive_orders", "naive_mean")
    rows = [line(name, *group, mae if name == "bgnbd" else 80.0) for name in names for group in groups]
    deciles = [DecileLine(n, 40, 20.0 * n, 18.0 * n, None if n == 1 else 3.0, 0.1) for n in range(1, 11)]
    facts = {"ratio": 1.1, "lower": 1.05, "upper": 1.15, "n_deciles": 3}
    check = CheckResult("clv.calibration", "warn", facts=facts)
    return Accuracy("2025-03-02T00:00:00", "bgnbd", 400, tuple(rows), tuple(deciles), check, 0.95)


def drivers() -> Drivers:
    rows = tuple(
        DriverLine(
            stage=stage, touchpoint=name, n_units=400, share_known=1.0, mean=0.2, spread=0.1, estimate=-5.0,
            ci_lower=-9.0, ci_upper=-1.0, p_adjusted=p,
        )
        for stage, name, p in (("active", "coupon_dependence", 0.01), ("new", "contacts", 0.4))
    )  # fmt: skip
    left_out: dict[str, str | tuple[str, ...]] = {"stage": "lost", "names": ("visits", "complaints")}
    few: dict[str, str | int] = {"stage": "lost", "n": 12, "n_features": 4, "needed": 100}
    notes = (Note("note.clv.drivers.constant", left_out), Note("note.clv.drivers.too_few", few))
    return Drivers("2025-03-02T00:00:00", Note("note.clv.drivers.association"), "D", rows, notes, 0.95)


@pytest.fixture
def report() -> CustomerReport:
    """A thousand customers in three stages."""
    stages = (stage("new", 200, 20.0), stage("active", 500, 300.0), stage("lost", 300, 5.0))
    return CustomerReport(
        info=CustomerInfo(
            id="shop", title={"zh": "会员", "en": "Members"}, currency="CNY", language="zh", timezone="Asia/Shanghai",
            as_of="2026-03-02T00:00:00", known_from="2024-02-01T00:00:00", days=365, horizon_days=365,
            annual_discount_rate=0.1, stage_rule="five_stage", n_units=1_000, n_buyers=950, n_repeaters=700,
            package_version="0.1.0", spec_digest="ab" * 32, inputs={"orders": 5_000, "units": 1_000},
        ),
        method=MethodInfo(
            "auto", "bgnbd", Note("note.clv.method.lifetime", {"days": 760, "repeaters": 700}),
            (Note("note.clv.dependence", {"correlation": 0.4}),),
            {"r": 1.5, "alpha": 28.4, "a": 0.12, "b": 4.7, "p": 3.8, "q": 6.4, "v": 28.0},
        ),
        axes=tuple(AxisInfo(name, levels, drawn=False) for name, levels in NAMES.items()),
        stages=stages,
        total=replace(stage("", 1_000, 155.5), historic_total=155_500.0, predicted_total=233_250.0),
        top_share=0.6,
        matrix=(
            ValueCell("low", "zero", 50, 0.0, 0.0), ValueCell("low", "high", 450, 5_500.0, 33_250.0),
            ValueCell("high", "zero", 0, 0.0, 0.0), ValueCell("high", "high", 500, 150_000.0, 200_000.0),
        ),
        parts={"purchase": 155_500.0, "referral": 4_000.0},
        disagreement=StageTable(
            ("new", "active", "lost"), ("active", "none"), ((200, 0), (500, 0), (250, 50)), 950, 250
        ),
        churn=(
            ChurnRow("temporary", "experience", 40, 0.04, 9_000.0, 800.0),
            ChurnRow("permanent", "interest", 210, 0.22, 70_000.0, 900.0),
        ),
        labels=(LabelRow("active", "high", "price", "low", 400, 160_000.0),),
        accuracy=accuracy(),
        drivers=drivers(),
        notes=(Note("customers.no_order", {"n": 50}),),
    )  # fmt: skip


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_asks_for_nothing(report: CustomerReport, language: str) -> None:
    page = render_customers(report, language=language)
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';" in page
    assert not re.search(r"https?:|//[a-z]|@import|<script|<iframe| on[a-z]+=", page)
    assert not re.search(r"\bNone\b(?![.:])", page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(ids)


def test_the_sentences_of_the_page(report: CustomerReport) -> None:
    page = plain(render_customers(report, language="en"))
    for text in (
        "1,000 customers are expected to bring CNY 0.23 M over the next 365 days; the first fifth of them holds 60% of",
        "Over the last 365 days they brought CNY 0.16 M.",
        "A horizon ago the same method would have said 110% of what came.",
        "Churned customers 250 26% of the buyers; 210 for good, CNY 1.7 k at stake",
        "450 (5.5 k → 33.2 k)",
        "Besides their own purchases (CNY 0.16 M), customers brought CNY 4.0 k by those whom they referred.",
        "They contradict each other on 250 of 950 customers (26%).",
        "churned for now bad experience 40 4.0% CNY 9.0 k CNY 800",
        "Association, not effect",
        "Active share of orders with a coupon 20% (10%) −¥5.0 (−9.0, −1.0)",
        "Stage Lost: visits, complaints are left out",
        "BG/NBD with Gamma-Gamma: 760 days of history and 700 customers",
        "last period again ¥110.0 ¥100.0 ¥80.0 0.70 110% (105%–115%)",
        "Predicted value is off: total 110% of what came (105%–115%), 3 deciles beyond their limits.",
        "Active high value price-sensitive low risk 400 CNY 0.16 M",
        "uplift score spec.yaml --as-of 2026-03-02 --horizon 365 --method auto --out customers",
    ):
        assert text in page, text


def test_stages_stand_in_their_own_order_everywhere(report: CustomerReport) -> None:
    page = render_customers(report, language="en")
    part = page[page.index('<section id="drivers">') : page.index('<section id="method">')]
    assert re.findall(r'<th scope="row">(\w+)', part) == ["New", "Active"]
    tested = page[page.index("<h3>Accuracy by stage") : page.index("<h3>Accuracy by favourite category")]
    assert re.findall(r'<th scope="row">(\w+)', tested) == ["Active", "Lost"]


def test_where_repeating_the_past_was_better_the_page_says_so(report: CustomerReport) -> None:
    said = "the mean error would have been smaller: ¥80.0 a customer against ¥90.0."
    assert said in plain(render_customers(replace(report, accuracy=accuracy(90.0)), language="en"))
    assert "would have been smaller" not in plain(render_customers(report, language="en"))


def test_a_page_without_a_model_a_past_or_churn(report: CustomerReport) -> None:
    none = replace(report.info, n_buyers=1_000)
    bare = replace(
        report, info=none, accuracy=None, drivers=None, disagreement=None, churn=(), notes=(), top_share=None,
        parts={"purchase": 1.0}, method=replace(report.method, asked="rfm", method="rfm", parameters={}, notes=()),
    )  # fmt: skip
    page = plain(render_customers(bare))
    for text in ("历史太短，无法检验方法。", "没有流失客户。", "阶段只按规则划分", "未检验", "加权 RFM 评分", "无。"):
        assert text in page, text
    assert "前五分之一" not in page
    assert "无订单客户没有" not in page
    unread = replace(report, drivers=replace(drivers(), rows=(), notes=()))
    assert "高一个标准差</th>" not in render_customers(unread)


def test_reasons_are_left_out_where_none_is_told(report: CustomerReport) -> None:
    untold = replace(report, churn=(ChurnRow("temporary", "", 40, 0.04, 9_000.0, 800.0),))
    page = plain(render_customers(untold, language="en"))
    assert "churned for now 40 4.0% CNY 9.0 k CNY 800" in page


def test_the_same_scores_give_the_same_bytes_from_the_file(report: CustomerReport, tmp_path: Path) -> None:
    first = write_customer_report(report, tmp_path / "a.html").read_bytes()
    report.save(tmp_path)
    assert write_customer_report(CustomerReport.load(tmp_path), tmp_path).name == "customers.html"
    assert (tmp_path / "customers.html").read_bytes() == first


def test_hostile_names_stay_text_and_unknown_codes_are_refused(report: CustomerReport, tmp_path: Path) -> None:
    page = render_customers(replace(report, info=replace(report.info, title={"zh": HOSTILE})))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    with pytest.raises(DataError, match=r"customers\.unheard"):
        write_customer_report(replace(report, notes=(Note("customers.unheard"),)), tmp_path)
    with pytest.raises(UsageError, match="language: 'fr' is not one of en, zh"):
        write_customer_report(report, tmp_path, language="fr")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_nothing_is_clipped(report: CustomerReport, width: int, height: int, language: str, tmp_path: Path) -> None:
    page = render_customers(report, language=language).replace("<details>", "<details open>")
    found = probe(page, width, height, tmp_path)
    assert (found["over"], found["clipped"], found["outside"]) == (0, [], [])
    assert width < 1280 or (isinstance(found["first"], int) and found["first"] <= 720)
