from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.design.conftest import mapping
from uplift.design import Design
from uplift.design.lock import Lock, verify_files
from uplift.errors import DataError, LockError
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.design.conftest import Market


@pytest.fixture
def home(design: Design, tmp_path: Path) -> Path:
    return design.save(tmp_path / "design")


def test_a_design_goes_to_its_folder_and_back(design: Design, home: Path) -> None:
    back = Design.load(home)
    assert back.plan == design.plan
    assert back.summary == design.summary
    assert back.lock == design.lock
    assert back.spec_text == design.spec_text
    assert back.past.names == design.past.names
    assert (back.past["lifecycle"] == design.past["lifecycle"]).all()
    assert (back.assignment.arm == design.assignment.arm).all()
    files = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert files == {
        "spec.yaml", "plan.json", "assignment/part-000.parquet", "past.parquet", "design.json", "lock.json",
    }  # fmt: skip


def test_the_chain_holds_each_part(design: Design) -> None:
    assert design.lock is not None
    parts = [entry.part for entry in design.lock.chain]
    assert parts == ["protocol", "plan.json", "assignment/part-000.parquet", "past.parquet"]
    assert design.lock.of("past.parquet").n == len(design.assignment)
    assert design.lock.chain[0].previous == ""
    assert len({entry.previous for entry in design.lock.chain}) == 4


def test_writing_the_same_design_again_changes_nothing(design: Design, home: Path) -> None:
    before = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    Design.load(home).save(home)
    assert {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    assert design.save(home) == home


def test_another_design_is_never_overwritten(market: Market, home: Path) -> None:
    other = market.plan(parse_spec(mapping(assignment={"method": "blocked", "seed": 8})))
    with pytest.raises(LockError, match="holds another locked design, which is never rewritten"):
        other.save(home)


@pytest.mark.parametrize("part", ["plan.json", "assignment/part-000.parquet", "past.parquet"])
def test_a_changed_or_missing_part_is_named(home: Path, part: str) -> None:
    path = home / part
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1) + b" ")
    with pytest.raises(LockError, match=f"{part} was changed since the lock; restore the design folder"):
        Design.load(home)
    path.unlink()
    with pytest.raises(LockError, match=f"{part} is missing"):
        verify_files(home, Lock.load(home))


def test_an_edited_or_missing_lock_is_named(design: Design, home: Path) -> None:
    path = home / "lock.json"
    body = json.loads(path.read_text())
    body["chain"][1]["n"] = 99
    path.write_text(json.dumps(body))
    with pytest.raises(LockError, match="the chain of digests is broken"):
        Design.load(home)
    body["chain"][1]["n"] = 0
    body["protocol"]["outcomes"]["window_days"] = 60
    path.write_text(json.dumps(body))
    with pytest.raises(LockError, match="the stored protocol does not have its own digest"):
        Design.load(home).verify(parse_spec(mapping()))
    path.unlink()
    with pytest.raises(LockError, match=r"lock\.json: no such file"):
        Design.load(home)
    with pytest.raises(LockError, match=r"lock\.json: no such file"):
        Design.load(home / "nowhere")
    assert design.save(home) == home


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "window": (
        {"outcomes": {"window_days": 60}},
        r"outcomes\.secondary was \[.*\], is \[\]; outcomes\.window_days was 90",
    ),
    "share": (
        {"arms": [{"id": "coupon", "share": 0.5}, {"id": "control", "share": 0.5}]},
        r"arms\[0\]\.plan_cost\.contact was 0\.05, is 0",
    ),
    "segment": ({"segments": None}, r"segments\.frequent was .*, is null"),
    "seed": ({"assignment": {"method": "blocked", "seed": 8, "holdout": 0.05}}, r"assignment\.seed was 7, is 8"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_protocol_names_the_key_before_and_after(design: Design, name: str) -> None:
    change, told = CHANGES[name]
    with pytest.raises(LockError, match=rf"the protocol changed after the lock: .*{told}") as caught:
        design.verify(parse_spec(mapping(**change)))
    assert caught.value.exit_code == 5
    assert "write it back as it was, or design a new experiment" in str(caught.value)


def test_many_changes_are_counted(design: Design) -> None:
    assert design.lock is not None
    changes: dict[str, Any] = {
        "outcomes": {"window_days": 60, "settle_days": 10, "horizon_days": 300, "annual_discount_rate": 0.2},
        "assignment": {"method": "blocked", "seed": 9},
        "budget": {"reserve": 0.1},
    }
    with pytest.raises(LockError, match=r"and \d more; write it back"):
        design.verify(parse_spec(mapping(**changes)))


def test_operations_may_change_after_the_lock(design: Design) -> None:
    data = mapping()["data"]
    data["coupons"] = {
        "table": "c.csv", "id": "id", "campaign": "c", "redeemed": "r", "order_id": "order", "face": "face",
    }  # fmt: skip
    data["units"] = {**data["units"], "table": "elsewhere.csv"}
    experiment = {**mapping()["experiment"], "title": {"zh": "新标题"}, "language": "en"}
    spec = parse_spec(mapping(data=data, experiment=experiment, budget={"total": 1000}))
    assert design.verify(spec).status == "pass"
    assert design.verify(spec).facts["digest"] == design.lock_digest


def test_an_arm_that_is_not_in_the_plan_is_named(design: Design) -> None:
    from uplift.design import Assignment

    with pytest.raises(DataError, match="restore the design folder"):
        Assignment.from_values(
            design.assignment.unit_id, design.assignment.to_values(), strata=("x",), arms=design.assignment.arms
        )
