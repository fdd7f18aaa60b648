"""``eligible``, ``strata`` and ``segments``: who takes part, drawn within what, read by what."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from uplift.spec.base import Section, not_built, refusal
from uplift.spec.condition import Condition
from uplift.spec.fields import (
    TEXT_FRACTION_SCHEMA,
    Columns,
    Exact,
    Name,
    Number,
    Positive,
    Text,
    read_fraction,
    read_text,
)
from uplift.spec.metric import ALIASES, METRICS, MetricWindow, UnknownMetricError, resolve_metric

STAGES = ("new", "growing", "active", "silent", "lost")
"""Levels of ``five_stage`` in the order of merging."""
STAGE_NAMES: Mapping[str, str] = dict(zip(STAGES, ("新客", "成长客", "活跃客", "沉默客", "流失客"), strict=True))
"""Chinese name of each stage."""


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
    if not window.metric.built:
        what = f"the metric '{text}'"
        raise not_built(what)
    if window.days is None:
        raise refusal("no_window", f"got '{text}'; an axis looks back a number of days: write {text}_90d")
    return text


_BUILT = "|".join(metric.id for metric in METRICS.values() if metric.built)
_BY_SCHEMA = {"type": "string", "pattern": rf"^(?:(?:{_BUILT})_[1-9]\d{{0,4}}d|{'|'.join(ALIASES)})$"}


class Axis(Section):
    """Classes of a metric over the days before ``as_of``, cut at values or at quantiles."""

    by: Annotated[str, BeforeValidator(_metric_text), WithJsonSchema(_BY_SCHEMA)]
    cuts: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    quantiles: Annotated[tuple[Exact, ...], Field(min_length=1)] | None = None
    names: tuple[Name, ...] | None = None

    @property
    def metric(self) -> MetricWindow:
        """The metric and its days."""
        return resolve_metric(self.by)

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


def _languages(name: Name) -> dict[str, str]:
    return {lang: text for lang, text in (("zh", name.zh), ("en", name.en)) if text}


class StageColumn(Section):
    """A column of units that already holds the stage."""

    column: Text


def _stage(value: object) -> object:
    if value == "six_stage":
        what = "lifecycle 'six_stage'"
        raise not_built(what)
    return value


def _lifecycle_form(value: object) -> str:
    return "tag:column" if isinstance(value, (Mapping, StageColumn)) else "tag:rule"


_Rule = Annotated[Literal["five_stage"], BeforeValidator(_stage), Tag("tag:rule")]
_StageColumn = Annotated[StageColumn, Tag("tag:column")]


class Strata(Section):
    """Axes inside whose cells units are drawn."""

    not_built: ClassVar[tuple[str, ...]] = ("churn_reason",)

    lifecycle: Annotated[_Rule | _StageColumn, Discriminator(_lifecycle_form)] | None = None
    value_tier: Axis | None = None
    frequency: Axis | None = None
    basket: Axis | None = None
    columns: Columns | None = None
    give_way: Columns | None = None
    min_cell: Positive = 50

    @property
    def axes(self) -> Mapping[str, Axis]:
        """The metric axes that are drawn, in the order value_tier, frequency, basket."""
        named = {"value_tier": self.value_tier, "frequency": self.frequency, "basket": self.basket}
        return {name: axis for name, axis in named.items() if axis is not None}

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Every axis that is drawn: lifecycle, the metric axes, then the columns."""
        stage = ("lifecycle",) if self.lifecycle else ()
        return (*stage, *self.axes, *(self.columns or ()))


DEFAULT_STRATA = Strata(
    lifecycle="five_stage",
    value_tier=Axis(by="gross_margin_365d", quantiles=(Fraction(1, 3), Fraction(2, 3))),
)
"""Of a spec with orders and without ``strata``."""


class Segment(Section):
    """Units that are read together, never drawn within; segments may overlap."""

    name: Name | None = None
    where: Condition
