from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from uplift.spec import list_templates, read_template, spec_schema
from uplift.spec.compose import compose
from uplift.spec.schema import schema_text, shipped_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

VALIDATOR = jsonschema.Draft202012Validator(spec_schema())


def test_shipped_schema_is_in_step() -> None:
    assert shipped_schema() == schema_text(), "write schema_text() to uplift/spec/schema.json"


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(spec_schema())
    assert json.loads(schema_text()) == spec_schema()


@pytest.mark.parametrize("name", list_templates())
def test_templates_have_the_shape(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(compose(read_template(name)).data)] == []


def test_schema_lists_only_what_runs(whole: str) -> None:
    text = schema_text()
    for name in ("privacy", "labels", "read_at", "guardrails", "ledger", "hash"):
        assert f'"{name}"' not in text
    refused = {key for error in VALIDATOR.iter_errors(compose(whole).data) for key in _unexpected(error)}
    assert {"links", "cluster", "steps", "panel", "floors"} <= refused


def _unexpected(error: jsonschema.ValidationError) -> set[str]:
    schema = error.schema
    if (
        error.validator != "additionalProperties"
        or not isinstance(schema, dict)
        or not isinstance(error.instance, dict)
    ):
        return set()
    return set(error.instance) - set(schema["properties"])


@pytest.mark.parametrize(
    ("block", "written"),
    [
        ("experiment", {"id": "甲", "currency": "CNY", "title": "x"}),
        ("experiment", {"id": "a b", "currency": "CNY"}),
        ("campaign", {"start": "2026/3/1"}),
        ("campaign", {"start": "2026-03-01", "codes": "A"}),
        ("outcomes", {"primary": "retention"}),
        ("outcomes", {"window_days": 0}),
        ("outcomes", {"secondary": [{"column": "x", "kind": "rate"}]}),
        ("strata", {"frequency": {"by": "orders_90d", "cuts": [3]}}),
        ("strata", {"frequency": {"by": "orders", "cuts": [3]}}),
        ("budget", {"total": "current", "change_limit": None}),
        ("budget", {"reserve": "20%"}),
        ("engine", "spark"),
    ],
)
def test_schema_and_loader_agree(
    minimal: dict[str, Any], problems: Callable[[object], list[Problem]], block: str, written: object
) -> None:
    minimal[block] = written
    assert VALIDATOR.is_valid(minimal) == (problems(minimal) == [])
