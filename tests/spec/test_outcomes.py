from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.outcomes import ColumnOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_defaults(minimal: dict[str, Any]) -> None:
    outcomes = parse_spec(minimal).outcomes
    assert (outcomes.primary, outcomes.window_days, outcomes.settle_days, outcomes.horizon_days) == (
        "incremental_clv",
        90,
        30,
        365,
    )
    assert (outcomes.annual_discount_rate, outcomes.secondary) == (0.10, ())


def test_columns_as_outcomes(recorded: dict[str, Any]) -> None:
    recorded["outcomes"]["secondary"] = [{"column": "visit", "kind": "rate", "name": "Visit"}]
    outcomes = parse_spec(recorded).outcomes
    assert outcomes.primary == ColumnOutcome(column="spend", kind="money")
    visit = outcomes.secondary[0]
    assert isinstance(visit, ColumnOutcome)
    assert visit.name is not None
    assert (visit.kind, visit.name.in_language("zh")) == ("rate", "Visit")


@pytest.mark.parametrize("metric", ["gross_margin", "net_margin", "revenue", "orders", "repurchase_count"])
def test_metrics_that_need_orders_only(minimal: dict[str, Any], metric: str) -> None:
    minimal["outcomes"] = {"secondary": [metric]}
    assert parse_spec(minimal).outcomes.secondary == (metric,)


@pytest.mark.parametrize(
    ("written", "code", "path", "message"),
    [
        ({"primary": "incremental_cvl"}, "unknown_metric", "primary", "got 'incremental_cvl', which is no metric; did"),
        (
            {"primary": "orders_90d"},
            "has_window",
            "primary",
            "got 'orders_90d'; an outcome looks forward: write orders",
        ),
        ({"primary": 3}, "wrong_type", "primary", "got 3; a text is needed"),
        ({"secondary": ["revenu"]}, "unknown_metric", "secondary[0]", "got 'revenu', which is no metric; did you mean"),
        ({"secondary": "revenue"}, "wrong_type", "secondary", "got 'revenue'; a list is needed"),
        ({"secondary": [{"column": "x"}]}, "missing_key", "secondary[0].kind", "'kind' is missing; this block needs"),
        (
            {"secondary": [{"column": "x", "kind": "sum"}]},
            "bad_value",
            "secondary[0].kind",
            "got 'sum'; allowed: 'money', 'rate'",
        ),
        ({"window_days": 0}, "out_of_range", "window_days", "got 0; it must be at least 1"),
        ({"annual_discount_rate": "10%"}, "wrong_type", "annual_discount_rate", "got '10%'; a number is needed; write"),
        ({"annual_discount_rate": 1}, "out_of_range", "annual_discount_rate", "got 1; it must be below 1"),
        ({"guardrails": {}}, "not_built", "guardrails", "'guardrails' is not built yet in this release; remove it"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, path: str, message: str
) -> None:
    minimal["outcomes"] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"outcomes.{path}")
    assert problem.message.startswith(message)
