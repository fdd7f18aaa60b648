"""``budget``: the money that moves, the plan in force, and how far a new plan may go."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from uplift.spec.base import Section, refusal
from uplift.spec.condition import Condition
from uplift.spec.fields import TEXT_FRACTION_SCHEMA, Id, Text, read_fraction, read_number

Grade = Literal["A", "B", "C", "D"]
_SHARE_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, TEXT_FRACTION_SCHEMA]}


def _part(value: object) -> Fraction:
    share = read_fraction(value)
    if not 0 <= share <= 1:
        raise refusal("out_of_range", f"got {value}; a share lies from 0 to 1")
    return share


def _reserve(value: object) -> Fraction:
    share = read_fraction(value)
    if not 0 <= share < 1:
        raise refusal("out_of_range", f"got {value}; the reserve lies from 0 to below 1")
    return share


Part = Annotated[Fraction, PlainValidator(_part), WithJsonSchema(_SHARE_SCHEMA)]
Reserve = Annotated[Fraction, PlainValidator(_reserve), WithJsonSchema(_SHARE_SCHEMA)]


class CurrentRule(Section):
    """Of the matching units, the share ``coverage`` gets ``arm`` and the rest the control."""

    where: Condition
    arm: Id
    coverage: Part


class CurrentColumn(Section):
    """A column of units that holds the arm of the plan in force."""

    column: Text


class ChangeLimit(Section):
    """How far one step may go; None is no limit.

    ``decrease: 0.5`` keeps at least half of a cell's treated share; ``cell_at_most: 0.4`` keeps one cell's
    spend at or below four tenths of the money deployed.
    """

    decrease: Part | None = Fraction(1, 2)
    cell_at_most: Part | None = Fraction(2, 5)


def _total_form(value: object) -> str:
    return "tag:text" if isinstance(value, str) and value == "current" else "tag:number"


def _current_form(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "tag:rules"
    return "tag:column" if isinstance(value, (Mapping, CurrentColumn)) else "tag:word"


_Total = Annotated[
    Annotated[Literal["current"], Tag("tag:text")]
    | Annotated[float, Field(ge=0), BeforeValidator(read_number), Tag("tag:number")],
    Discriminator(_total_form),
]
_Current = Annotated[
    Annotated[Literal["experiment"], Tag("tag:word")]
    | Annotated[CurrentColumn, Tag("tag:column")]
    | Annotated[tuple[CurrentRule, ...], Field(min_length=1), Tag("tag:rules")],
    Discriminator(_current_form),
]


class Budget(Section):
    """Rules of the allocation; money is in the currency per ``period``."""

    not_built: ClassVar[tuple[str, ...]] = ("exploration", "caps", "floors")

    period: Literal["window", "week", "month", "quarter", "year"] = "window"
    total: _Total = "current"
    apply_to: Literal["eligible"] = "eligible"
    current: _Current = "experiment"
    """The plan in force; of several rules the first match wins."""
    reserve: Reserve = Fraction(1, 5)
    change_limit: ChangeLimit | None = ChangeLimit()
    act_on: Grade = "A"
    decision: Literal["gated", "expected"] = "gated"
