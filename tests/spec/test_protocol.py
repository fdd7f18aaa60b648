from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import load_spec, parse_spec, protocol, read_template

if TYPE_CHECKING:
    from pathlib import Path

Blocks = dict[str, Any]


@pytest.fixture
def rich(minimal: Blocks) -> Blocks:
    minimal["strata"] = {"frequency": {"by": "orders_90d", "cuts": [3, 9], "names": ["低频", "中频", "高频"]}}
    minimal["segments"] = {"s": {"where": {"frequency": ["低频", "高频"], "city": "沪"}}}
    minimal["eligible"] = {"where": {"orders_365d": {"min": 1}}, "sample": "1/2"}
    minimal["budget"] = {"total": 100, "current": [{"where": {"city": "沪"}, "arm": "coupon", "coverage": 0.5}]}
    return minimal


def test_the_calendar_is_locked_and_its_names_are_not(rich: Blocks) -> None:
    plain = protocol(parse_spec(rich))
    assert "calendar" not in plain
    days = {"name": "店庆", "from": "2026-03-18", "to": "2026-03-20"}
    more = {"name": "周年", "from": "2026-04-01", "to": "2026-04-01T12:00:00"}
    one = protocol(parse_spec({**rich, "calendar": {"region": "CN", "extra": [days, more]}}))
    two = protocol(
        parse_spec({**rich, "calendar": {"region": "CN", "extra": [more, {**days, "name": {"en": "Fair"}}]}})
    )
    assert one == two
    assert one["calendar"] == {
        "region": "CN",
        "extra": [["2026-03-18T00:00:00", "2026-03-21T00:00:00"], ["2026-04-01T00:00:00", "2026-04-01T12:00:00"]],
    }
    assert {key: value for key, value in one.items() if key != "calendar"} == plain
    assert protocol(parse_spec({**rich, "calendar": {"extra": []}})) == plain


def test_protocol_is_plain_and_whole(rich: Blocks) -> None:
    locked = protocol(parse_spec(rich))
    assert list(locked) == [
        *("id", "currency", "timezone", "campaign", "eligible", "strata", "segments", "arms", "contrasts"),
        *("assignment", "outcomes", "budget"),
    ]
    assert json.loads(json.dumps(locked, allow_nan=False)) == locked
    assert locked["arms"][0]["share"] == "1/5"
    assert locked["campaign"] == {
        "start": "2026-03-02T00:00:00",
        "as_of": "2026-03-02T00:00:00",
        "end": "2026-04-01T00:00:00",
        "coupon_expiry": "2026-04-01T00:00:00",
    }
    assert locked["segments"]["s"]["where"] == {
        "all_of": [{"key": "city", "values": ["沪"]}, {"key": "frequency", "values": ["低频", "高频"]}]
    }
    assert "total" not in locked["budget"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("experiment.title", "Another title"),
        ("experiment.language", "zh"),
        ("experiment.timezone", "Asia/Shanghai"),
        ("campaign.codes", ["X"]),
        ("campaign.as_of", "2026-03-02"),
        ("data.coupons", {"table": "c", "id": "i", "campaign": "k", "redeemed": "r", "order_id": "o", "face": "f"}),
        ("data.units.table", "elsewhere.parquet"),
        ("engine", "duckdb"),
        ("budget.total", 5),
        ("outcomes", {"window_days": 90}),
        ("assignment", {"holdout": None}),
        ("segments.s", {"name": "x", "where": {"city": ["沪"], "frequency": ["高频", "低频"]}}),
        ("arms", [{"id": "control", "share": 0.2, "name": "x"}, {"id": "coupon"}]),
        ("eligible", {"where": {"orders_365d": {"min": 1.0}}, "sample": 0.5}),
    ],
)
def test_operations_and_other_spellings_do_not_change_it(rich: Blocks, path: str, value: object) -> None:
    assert protocol(parse_spec(_with(rich, path, value))) == protocol(parse_spec(rich))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("experiment.id", "another"),
        ("experiment.currency", "USD"),
        ("experiment.timezone", "UTC"),
        ("campaign.end", "2026-04-01"),
        ("campaign.as_of", "2026-03-01"),
        ("eligible.sample", 0.4),
        ("eligible.where", {"orders_365d": {"min": 2}}),
        ("strata.frequency.cuts", [3, 10]),
        ("segments.s", {"where": {"city": "京"}}),
        ("arms", [{"id": "control", "share": 0.3}, {"id": "coupon"}]),
        ("arms", [{"id": "control", "share": 0.2}, {"id": "coupon", "offer": {"face": 9}}]),
        ("contrasts", [{"arms": ["coupon", "control"], "primary": True}]),
        ("assignment", {"seed": 1}),
        ("assignment", {"holdout": 0.1}),
        ("outcomes", {"window_days": 60}),
        ("outcomes", {"secondary": ["revenue"]}),
        ("budget.reserve", 0.1),
        ("budget.change_limit", None),
    ],
)
def test_every_locked_part_changes_it(rich: Blocks, path: str, value: object) -> None:
    assert protocol(parse_spec(_with(rich, path, value))) != protocol(parse_spec(rich))


def _with(blocks: Blocks, path: str, value: object) -> Blocks:
    changed = copy.deepcopy(blocks)
    *parents, last = path.split(".")
    at = changed
    for parent in parents:
        at = at.setdefault(parent, {})
    at[last] = value
    return changed


def test_recorded_trial(recorded: Blocks) -> None:
    locked = protocol(parse_spec(recorded))
    assert locked["assignment"] == {"method": "recorded", "arm": "segment"}
    assert locked["campaign"]["start"] is None
    assert locked["outcomes"]["primary"] == {"column": "spend", "kind": "money"}


def test_not_and_any_of(minimal: Blocks, tmp_path: Path) -> None:
    minimal["eligible"] = {"exclude": {"any_of": [{"b": 1}, {"not": {"a": 2.5}}]}}
    assert protocol(parse_spec(minimal))["eligible"]["exclude"] == {
        "any_of": [{"key": "b", "values": [1]}, {"not": {"key": "a", "values": [2.5]}}]
    }
    (tmp_path / "s.yaml").write_text(read_template("coupon"), encoding="utf-8")
    assert protocol(load_spec(tmp_path / "s.yaml"))["assignment"]["holdout"] == {"share": "1/50", "salt": "holdout"}
