"""Codes with facts: what the catalogue turns into a sentence in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from uplift.results.measure import Measure

Fact = str | int | float | bool | None | tuple["Fact", ...]
Facts = Mapping[str, Fact]
Name = Mapping[str, str]
Status = Literal["pass", "warn", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class Note:
    """A warning, deviation or reason.

    Parameters
    ----------
    code
        Key of the message catalogue.
    facts
        Values that fill the message; numbers stay numbers.
    """

    code: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The answer of one check.

    Parameters
    ----------
    name
        For example ``srm.assigned``; with ``status`` the catalogue key ``check.<name>.<status>``.
    status
        ``pass``, ``warn``, ``fail`` or ``skipped``.
    statistic, p_value
        The test, where there is one.
    facts
        What the message needs.
    level
        Stratum, segment or arm that the check is about; empty for the whole experiment.
    """

    name: str
    status: Status
    statistic: float | None = None
    p_value: float | None = None
    facts: Facts = field(default_factory=dict)
    level: str = ""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A cell of pre-treatment axes inside which units were drawn.

    Parameters
    ----------
    id
        Levels joined by ``|``; merged levels joined by ``+``.
    parts
        Axis to level id (or joined level ids where the axis was merged).
    n_units
        Eligible units, drawn or not.
    merged_from
        Ids of the thin strata that this one replaced; empty when nothing was merged.
    """

    id: str
    parts: Mapping[str, str]
    n_units: int
    merged_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve with its band.

    Parameters
    ----------
    name, arm
        What is drawn, and for which arm.
    x, y, ci_lower, ci_upper
        Points of equal length.
    x_measure, y_measure
        Units of the axes.
    """

    name: str
    arm: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    ci_lower: tuple[float, ...]
    ci_upper: tuple[float, ...]
    x_measure: Measure
    y_measure: Measure
