"""``outcomes``: what is measured, over which window, and how far ahead value counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from uplift.spec.base import Section, refusal
from uplift.spec.fields import Count, Name, Positive, Text, read_number, read_text
from uplift.spec.metric import METRICS, Kind, UnknownMetricError, resolve_metric


class ColumnOutcome(Section):
    """A column of units that already holds the outcome."""

    column: Text
    kind: Kind
    name: Name | None = None


def _metric(value: object) -> str:
    text = read_text(value)
    try:
        window = resolve_metric(text)
    except UnknownMetricError as error:
        raise refusal("unknown_metric", str(error)) from None
    if window.days is not None:
        fix = f"write {window.metric.id}, which is read over outcomes.window_days"
        raise refusal("has_window", f"got '{text}'; an outcome looks forward: {fix}")
    return text


def _form(value: object) -> str:
    return "tag:column" if isinstance(value, (Mapping, ColumnOutcome)) else "tag:metric"


OutcomeField = Annotated[
    Annotated[str, BeforeValidator(_metric), Tag("tag:metric"), WithJsonSchema({"enum": list(METRICS)})]
    | Annotated[ColumnOutcome, Tag("tag:column")],
    Discriminator(_form),
]


class Outcomes(Section):
    """The primary outcome carries the verdict; days are counted from day 0 of each unit."""

    not_built: ClassVar[tuple[str, ...]] = ("missing", "read_at", "guardrails", "panel")

    primary: OutcomeField = "incremental_clv"
    window_days: Positive = 90
    settle_days: Count = 30
    horizon_days: Positive = 365
    """Total, the window included."""
    annual_discount_rate: Annotated[float, Field(ge=0, lt=1), BeforeValidator(read_number)] = 0.10
    secondary: tuple[OutcomeField, ...] = ()
