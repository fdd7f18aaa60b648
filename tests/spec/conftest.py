"""Small specs, and a way to see every problem of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from uplift.errors import Problem, SpecError
from uplift.spec import load_spec, parse_spec

HERE = Path(__file__).parent
Blocks = dict[str, Any]
Problems = Callable[[Mapping[str, object] | str], list[Problem]]


@pytest.fixture
def minimal() -> Blocks:
    return {
        "version": 1,
        "experiment": {"id": "fresh", "currency": "CNY"},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31"},
        "data": {
            "units": {"table": "u.csv", "id": "uid"},
            "orders": {
                "table": "o.csv",
                "id": "uid",
                "order_id": "oid",
                "time": "paid_at",
                "revenue": "paid",
                "margin": {"rate": 0.22},
            },
        },
        "arms": [{"id": "control", "share": 0.2}, {"id": "coupon", "share": 0.8}],
    }


@pytest.fixture
def recorded() -> Blocks:
    return {
        "version": 1,
        "experiment": {"id": "trial", "currency": "USD"},
        "data": {"units": {"table": "t.csv", "id": None}},
        "arms": [{"id": "control"}, {"id": "a"}, {"id": "b"}],
        "assignment": {"method": "recorded", "arm": "segment"},
        "outcomes": {"primary": {"column": "spend", "kind": "money"}},
    }


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    """Return the problems of a mapping, or of the text of a file."""

    def collect(spec: Mapping[str, object] | str) -> list[Problem]:
        try:
            if isinstance(spec, str):
                file = tmp_path / "spec.yaml"
                file.write_text(spec, encoding="utf-8")
                load_spec(file)
            else:
                parse_spec(spec)
        except SpecError as error:
            return list(error.problems)
        return []

    return collect


@pytest.fixture
def whole() -> str:
    """Return the text of a spec with every block of the contract."""
    return (HERE / "specs" / "whole.yaml").read_text(encoding="utf-8")


@pytest.fixture
def shared_spec() -> Callable[[str], Path]:
    """Return the path of a spec of the contract, where these are at hand."""

    def find(name: str) -> Path:
        folders = [Path(os.environ.get("UPLIFT_SPECS", "")), HERE.parents[2] / "shared" / "specs"]
        for folder in folders:
            if (folder / f"{name}.yaml").is_file():
                return folder / f"{name}.yaml"
        return pytest.skip(f"{name}.yaml is not at hand; set UPLIFT_SPECS to the folder of the contract's specs")

    return find
