"""``eligible``, ``strata`` and ``segments``: who takes part, drawn within what, read by what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from uplift.spec.base import Section, refusal
from uplift.spec.condition import Condition
from uplift.spec.fields import (
    TEXT_FRACTION_SCHEMA,
    Amount,
    Columns,
    Exact,
    Name,
    Number,
    Positive,
    Text,
    read_fraction,
    read_number,
    read_text,
)
from uplift.spec.metric import ALIASES, METRICS, MetricWindow, UnknownMetricError, resolve_metric

STAGES: Mapping[str, tuple[str, ...]] = {
    "five_stage": ("new", "growing", "active", "silent", "lost"),
    "six_stage": ("potential", "new", "growing", "mature", "declining", "lost"),
}
"""Levels of each way to tell the stage, in the order of merging."""
STAGE_NAMES: Mapping[str, Mapping[str, str]] = {
    "five_stage": dict(
        zip(STAGES["five_stage"], ("新客", "成长客", "活跃客", "沉默客", "流失客"), strict=True),
    ),
    "six_stage": dict(
        zip(STAGES["six_stage"], ("潜在", "新客", "成长", "成熟", "衰退", "流失"), strict=True),
    ),
}
"""Chinese name of each stage."""
REASONS: Mapping[str, str] = {"none": "未流失", "experience": "体验受损", "interest": "兴趣减退"}
"""Levels of ``churn_reason`` and their Chinese names."""
REASON_FACT = re.compile(r"(?P<fact>service_tickets|complaints|refunds)_(?P<days>[1-9]\d{0,3})d|delivery_rating_last")
"""What a reason may be told by, besides columns of units: counts over the days before the silence, the last rating."""
REASON_TABLES: Mapping[str, str] = {
    "service_tickets": "service",
    "complaints": "service.complaint",
    "refunds": "refunds",
    "delivery_rating_last": "service.rating",
}
"""The table, or its column, that each of them needs."""


def _sample(value: object) -> int | Fraction:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            told = f"got {value}; a count of units is at least 1"
            raise refusal("out_of_range", told)
        return value
    share = read_fraction(value)
    if not 0 < share <= 1:
        raise refusal("out_of_range", f"got {value}; a share lies above 0 and at most 1, a count is a whole number")
    return share


_SAMPLE_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, TEXT_FRACTION_SCHEMA]}


class Eligible(Section):
    """Who takes part; consent filters besides."""

    where: Condition | None = None
    exclude: Condition | None = None
    sample: Annotated[int | Fraction, PlainValidator(_sample), WithJsonSchema(_SAMPLE_SCHEMA)] | None = None
    """An int is a number of units, a Fraction a share of the eligible."""


def _metric_text(value: object) -> str:
    text = read_text(value)
    try:
        window = resolve_metric(text)
    except UnknownMetricError as error:
        raise refusal("unknown_metric", str(error)) from None
    if window.days is None:
        raise refusal("no_window", f"got '{text}'; an axis looks back a number of days: write {text}_90d")
    return text


_IDS = "|".join(METRICS)
_BY_SCHEMA = {"type": "string", "pattern": rf"^(?:(?:{_IDS})_[1-9]\d{{0,4}}d|{'|'.join(ALIASES)})$"}


class Classes(Section):
    """Classes of a number, cut at values or at quantiles."""

    cuts: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    quantiles: Annotated[tuple[Exact, ...], Field(min_length=1)] | None = None
    names: tuple[Name, ...] | None = None

    @property
    def n_levels(self) -> int:
        """Classes that the cut-points make, without a level for zero or none."""
        return len(self.cuts or self.quantiles or ()) + 1

    @property
    def levels(self) -> Mapping[str, Mapping[str, str]] | None:
        """Level id to its names by language, from low to high, as ``names`` says; None when nobody named them.

        The id is the English name where there is one, else the Chinese one.
        """
        if self.names is None:
            return None
        return {name.en or name.in_language("zh"): _languages(name) for name in self.names}


class Axis(Classes):
    """Classes of a metric over the days before ``as_of``, cut at values or at quantiles."""

    by: Annotated[str, BeforeValidator(_metric_text), WithJsonSchema(_BY_SCHEMA)]

    @property
    def metric(self) -> MetricWindow:
        """The metric and its days."""
        return resolve_metric(self.by)


class Potential(Classes):
    """Classes of the value that is still to come, by the lifetime model; thirds above 0 when nothing is written."""

    behaviour: Mapping[Text, Number] | None = None
    """Column of the wide table to its worth in the currency; added to the predicted value."""

    @property
    def n_levels(self) -> int:
        """Classes, without a level for zero; three when nothing is cut."""
        return len(self.cuts or self.quantiles or (1, 2)) + 1


def _languages(name: Name) -> dict[str, str]:
    return {lang: text for lang, text in (("zh", name.zh), ("en", name.en)) if text}


class StageColumn(Section):
    """A column of units that already holds the stage."""

    column: Text


_Chance = Annotated[float, Field(ge=0, le=1), BeforeValidator(read_number)]


class StageRule(Section):
    """A rule with thresholds of its own; what is not written keeps its default."""

    rule: Literal["five_stage", "six_stage"] = "five_stage"
    lost_days: Amount | None = None
    lost_gaps: Amount | None = None
    silent_days: Amount | None = None
    silent_gaps: Amount | None = None
    new_days: Amount | None = None
    growing_days: Amount | None = None
    growing_gaps: Amount | None = None
    declining_gaps: Amount | None = None
    lost_alive: _Chance | None = None
    silent_alive: _Chance | None = None

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The thresholds that are written, by name."""
        written = {name: getattr(self, name) for name in type(self).model_fields if name != "rule"}
        return {name: float(value) for name, value in written.items() if value is not None}


def _lifecycle_form(value: object) -> str:
    if isinstance(value, StageColumn) or (isinstance(value, Mapping) and "column" in value):
        return "tag:column"
    return "tag:thresholds" if isinstance(value, (Mapping, StageRule)) else "tag:rule"


_Rule = Annotated[Literal["five_stage", "six_stage"], Tag("tag:rule")]
_StageColumn = Annotated[StageColumn, Tag("tag:column")]
_StageRule = Annotated[StageRule, Tag("tag:thresholds")]


class ChurnReason(Section):
    """Why silent and lost units stopped: a bad experience, or else fading interest."""

    experience: Condition | None = None
    """Over the days before the silence; None: a ticket, a rating below 3 or a refund, of what ``data`` holds."""
    interest: Literal["otherwise"] = "otherwise"


class Strata(Section):
    """Axes inside whose cells units are drawn."""

    lifecycle: Annotated[_Rule | _StageColumn | _StageRule, Discriminator(_lifecycle_form)] | None = None
    churn_reason: ChurnReason | None = None
    value_tier: Axis | None = None
    potential: Potential | None = None
    frequency: Axis | None = None
    basket: Axis | None = None
    columns: Columns | None = None
    give_way: Columns | None = None
    min_cell: Positive = 50

    @property
    def stage_rule(self) -> StageRule | None:
        """The rule behind the stages; None where a column holds them. Where no stage is drawn it is ``five_stage``."""
        if isinstance(self.lifecycle, StageColumn):
            return None
        return (
            self.lifecycle if isinstance(self.lifecycle, StageRule) else StageRule(rule=self.lifecycle or "five_stage")
        )

    @property
    def axes(self) -> Mapping[str, Axis]:
        """The metric axes that are drawn, in the order value_tier, frequency, basket."""
        named = {"value_tier": self.value_tier, "frequency": self.frequency, "basket": self.basket}
        return {name: axis for name, axis in named.items() if axis is not None}

    @property
    def classes(self) -> Mapping[str, Classes]:
        """Every axis that is cut: the metric axes, then the potential."""
        return {**self.axes, **({"potential": self.potential} if self.potential is not None else {})}

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Every axis that is drawn: lifecycle, reason, value, potential, frequency, basket, then the columns."""
        drawn = ("lifecycle", "churn_reason", "value_tier", "potential", "frequency", "basket")
        return (*(name for name in drawn if getattr(self, name) is not None), *(self.columns or ()))


DEFAULT_STRATA = Strata(
    lifecycle="five_stage",
    value_tier=Axis(by="gross_margin_365d", quantiles=(Fraction(1, 3), Fraction(2, 3))),
)
"""Of a spec with orders and without ``strata``."""


class Segment(Section):
    """Units that are read together, never drawn within; segments may overlap."""

    name: Name | None = None
    where: Condition
