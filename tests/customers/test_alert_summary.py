from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.customers.weeks import Fading, panel_of
from uplift.customers.alert_summary import AlertStudy, explain, list_alerts, pick_customers, summarize_alerts
from uplift.customers.alerts import AlertRule, find_alerts
from uplift.customers.weekly import trace_value

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

STOPPED = [1] * 10 + [0] * 6
"""A weekly customer who stops after ten of sixteen weeks: at risk, and 34 % below the peak."""


def study_of(
    orders: NDArray[np.float64],
    codes: NDArray[np.int64],
    *,
    ids: tuple[str, ...],
    mean_value: float | NDArray[np.float64] = 10.0,
    low_basket: NDArray[np.bool_] | None = None,
) -> AlertStudy:
    path = trace_value(Fading(renewal=0.03), panel_of(orders, mean_value=mean_value))
    rule = AlertRule()
    table = find_alerts(path, codes, low_basket=low_basket, rule=rule)
    wide = np.broadcast_to(codes[:, None], path.clv.shape)
    ends = tuple(f"2026-01-{day + 1:02d}" for day in range(path.panel.n_weeks))
    return AlertStudy(path, table, rule, wide, ids, ends)


@pytest.fixture
def study() -> AlertStudy:
    """Forty loyal customers of 10, four who stopped of 100 in stratum a; ten loyal ones in stratum b."""
    orders = np.concatenate((np.ones((40, 16)), np.tile(STOPPED, (4, 1)), np.ones((10, 16))))
    value = np.concatenate((np.full(40, 10.0), np.full(4, 100.0), np.full(10, 10.0)))
    return study_of(orders, np.repeat([0, 1], [44, 10]), ids=("a", "b", "c"), mean_value=value)


def test_a_stratum_is_coloured_by_the_share_of_its_value_that_is_at_risk(study: AlertStudy) -> None:
    total, (first, second) = summarize_alerts(study)
    # loyal: 10 (1 + 20) exp(-.04) = 201.77 each; stopped: at the peak 100 (1 + 14) exp(-.04) = 1441.18 each
    at_risk, value = 4 * 1500 * np.exp(-0.04), 4 * 1500 * np.exp(-0.04) + 40 * 210 * np.exp(-0.04)
    assert first.value_at_risk == pytest.approx(at_risk)
    assert first.value == pytest.approx(value)
    assert first.share == pytest.approx(6000 / 14400)
    assert (first.colour, first.n_units, first.n_judged, first.at_risk, first.new_at_risk) == ("red", 44, 44, 4, 0)
    assert first.warned == (4, 0, 0)
    # ten judged customers are too few for a colour
    assert (second.id, second.colour, second.share) == ("b", "none", 0.0)
    assert (total.at_risk, total.n_units, total.id) == (4, 54, "")
    # loyal: 21 / 20 - 1 a week; silence would take 6.76 %
    assert first.change == pytest.approx(0.05)
    assert first.decay == pytest.approx(np.exp(-0.07) - 1)


def test_the_usual_share_is_the_median_of_the_weeks_before(study: AlertStudy) -> None:
    _, (first, second) = summarize_alerts(study)
    # of the weeks 8 to 14 the last three have a share: the median of seven is 0
    assert (first.usual_share, second.usual_share) == (0.0, 0.0)


def test_the_usual_share_of_longer_weeks() -> None:
    orders = np.concatenate((np.ones((40, 21)), np.tile([1] * 10 + [0] * 11, (4, 1))))
    value = np.concatenate((np.full(40, 10.0), np.full(4, 100.0)))
    _, (only,) = summarize_alerts(study_of(orders, np.zeros(44, np.int64), ids=("a",), mean_value=value))
    # at risk from week 12 on: of the weeks 8 to 19 eight of twelve. The loyal are worth 400 (6 + w), the others 6000
    # until the peak moves in week 18: the shares 0, 0, 0, 0, and falling from week 12 to 19
    shares = [0.0] * 4 + [6000 / (6000 + 400 * (6 + week)) for week in range(12, 18)]
    shares += [
        6000 * np.exp(-0.07 * (week - 17)) / (6000 * np.exp(-0.07 * (week - 17)) + 400 * (6 + week))
        for week in (18, 19)
    ]
    assert only.usual_share == pytest.approx(np.median(shares))


@pytest.mark.parametrize(("n_stopped", "colour"), [(0, "green"), (4, "green"), (6, "amber"), (14, "red")])
def test_the_borders_of_the_colours(n_stopped: int, colour: str) -> None:
    # loyal 21 each, stopped 15 each: 4 of 44 are 6.7 % of the value, 6 of 46 are 9.7 %, 14 of 54 are 20 %
    orders = np.concatenate((np.ones((40 if n_stopped != 6 else 38, 16)), np.tile(STOPPED, (n_stopped, 1))))
    total, _ = summarize_alerts(study_of(orders, np.zeros(len(orders), np.int64), ids=("a",)))
    assert total.colour == colour


def test_reasons_are_codes_and_facts(study: AlertStudy) -> None:
    notes = {note.code: note.facts for note in explain(study, 40)}
    assert list(notes) == ["alert.decline", "alert.quiet", "alert.fall"]
    assert notes["alert.decline"]["change"] == pytest.approx(np.exp(-0.07) - 1)
    assert notes["alert.decline"]["usual"] == pytest.approx(0.05)
    assert notes["alert.quiet"] == {"recent": 0, "usual": pytest.approx(40 / 12), "weeks": 4}
    assert notes["alert.fall"]["fall"] == pytest.approx(1 - np.exp(-0.42))
    assert explain(study, 0) == ()


def test_a_customer_on_the_way_back_is_said_to_be() -> None:
    orders = np.concatenate((np.ones((40, 15)), [[1] * 10 + [0] * 4 + [1]]))
    back = study_of(orders, np.zeros(41, np.int64), ids=("a",))
    assert "alert.calm" in [note.code for note in explain(back, 40)]


def test_the_list_holds_everybody_with_an_alert_in_order_of_id(study: AlertStudy, tmp_path: Path) -> None:
    rows = list_alerts(study)
    assert rows.unit_id.tolist() == ["c040", "c041", "c042", "c043"]
    assert (rows.stratum[0], rows.since[0], len(rows)) == ("a", "2026-01-13", 4)
    assert rows.reasons[0] == "alert.decline alert.quiet alert.fall"
    rows.write(tmp_path / "alerts.parquet")
    read = pq.read_table(tmp_path / "alerts.parquet")
    assert read.column_names[:5] == ["unit_id", "stratum", "at_risk", "severity", "cross_category"]
    assert read["peak"].to_pylist() == pytest.approx([1500 * np.exp(-0.04)] * 4)


def test_the_customers_shown_are_those_with_most_to_lose() -> None:
    orders = np.concatenate((np.tile(STOPPED, (15, 1)), np.ones((40, 16)), np.tile([0] * 8 + [1] * 8, (8, 1))))
    value = np.concatenate((np.arange(15.0) + 1, np.full(48, 10.0)))
    low = np.arange(63) >= 55
    shown = pick_customers(study_of(orders, np.zeros(63, np.int64), ids=("a",), mean_value=value, low_basket=low))
    alarms = [each for each in shown if "at_risk" in each.kinds]
    assert [each.unit_id for each in alarms] == [f"c{14 - i:03d}" for i in range(10)]
    assert [each.unit_id for each in shown[10:]] == ["c055", "c056", "c057", "c058", "c059"]
    assert (shown[10].kinds, shown[10].since, shown[10].severity) == (("cross_category",), "", 0)
    assert [note.code for note in shown[10].reasons] == ["alert.rise"]
    assert alarms[0].kinds == ("at_risk", "warning")
