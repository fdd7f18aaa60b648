"""Effects of one analysis, family by family, with the correction that each family is owed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.estimate import Contrast, Reading, estimate_itt
from uplift.results import Effects
from uplift.stats.multiplicity import adjust_bh, adjust_holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.design.plan import PlanContrast
    from uplift.results import Measure
    from uplift.stats.cells import CellMeans

Correction = Literal["holm", "bh", "none"]
_ADJUST = {"holm": adjust_holm, "bh": adjust_bh}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome to read.

    Parameters
    ----------
    id
        Its name in the results.
    measure
        Its unit.
    numerator, denominator
        Outcomes of the means; ``denominator`` is None unless it is a ratio of sums.
    """

    id: str
    measure: Measure
    numerator: str
    denominator: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """What all effects of an analysis share."""

    confidence_level: float
    confirmatory: bool


def adjust_family(effects: Effects, correction: Correction) -> Effects:
    """Return the effects with p-values adjusted over all of them."""
    if correction == "none" or not len(effects):
        return effects
    adjusted = _ADJUST[correction](np.array([effect.p_value for effect in effects]))
    return effects.with_adjusted(adjusted.tolist())


def overall_family(
    means: CellMeans,
    outcomes: Sequence[Outcome],
    declared: Sequence[PlanContrast],
    *,
    style: Style,
    correction: Correction,
) -> Effects:
    """Return one effect per outcome and contrast over all units, corrected as one family."""
    pairs = tuple(Contrast(one.arm, one.reference) for one in declared if not one.segments)
    parts = [_read(means, outcome, pairs, ("overall", ""), style) for outcome in outcomes]
    return adjust_family(Effects.join(parts), correction)


def strata_family(
    means: CellMeans, outcome: Outcome, declared: Sequence[PlanContrast], *, style: Style, correction: Correction
) -> Effects:
    """Return one effect per stratum and treatment arm, corrected as one family."""
    control = means.arms[0]
    pairs = tuple(Contrast(one.arm, one.reference) for one in declared if not one.segments and one.reference == control)
    reading = Reading(outcome.measure, style.confidence_level, confirmatory=style.confirmatory)
    found = estimate_itt(means, outcome=outcome.numerator, contrasts=pairs, by="stratum", reading=reading)
    named = Effects(tuple(replace(item, outcome=outcome.id) for item in found), found.covariance)
    return adjust_family(named, correction)


def segments_family(
    by_segment: Mapping[str, CellMeans],
    outcomes: Sequence[Outcome],
    declared: Sequence[PlanContrast],
    *,
    style: Style,
    correction: Correction,
) -> Effects:
    """Return one effect per segment, outcome and contrast, corrected as one family of their own."""
    parts = []
    for segment, means in by_segment.items():
        pairs = tuple(
            Contrast(one.arm, one.reference) for one in declared if not one.segments or segment in one.segments
        )
        unique = tuple(dict.fromkeys(pairs))
        parts += [_read(means, outcome, unique, ("segment", segment), style) for outcome in outcomes]
    return adjust_family(Effects.join(parts), correction)


def _read(
    means: CellMeans, outcome: Outcome, pairs: Sequence[Contrast], group: tuple[str, str], style: Style
) -> Effects:
    reading = Reading(outcome.measure, style.confidence_level, confirmatory=style.confirmatory, group=group)
    found = estimate_itt(
        means, outcome=outcome.numerator, denominator=outcome.denominator, contrasts=pairs, reading=reading
    )
    return Effects(tuple(replace(item, outcome=outcome.id) for item in found), found.covariance)
