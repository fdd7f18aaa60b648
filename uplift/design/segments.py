"""Segments and the plan in force, held against the strata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.design.plan import PlanContrast, PresentShare
from uplift.results import SegmentInfo
from uplift.spec.budget import CurrentColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.design.audience import Audience
    from uplift.design.strata import Strata
    from uplift.results import Name
    from uplift.spec import ExperimentSpec
    from uplift.spec.fields import Name as SpecName


def names_of(name: SpecName | None) -> Name:
    """Return a name of the spec by language; empty when there is none."""
    if name is None:
        return {}
    return {language: text for language, text in (("zh", name.zh), ("en", name.en)) if text}


def flag_segments(spec: ExperimentSpec, audience: Audience) -> dict[str, NDArray[np.bool_]]:
    """Return segment id to the flags of the eligible units, each of shape (n,)."""
    return {name: audience.match(segment.where) for name, segment in spec.segments.items()}


def plan_segments(
    spec: ExperimentSpec, flags: Mapping[str, NDArray[np.bool_]], strata: Strata
) -> tuple[SegmentInfo, ...]:
    """Return the segments with the strata that lie wholly in each.

    Parameters
    ----------
    spec
        Names, and the effects that arms expect.
    flags
        From :func:`flag_segments`.
    strata
        Strata of the same units.
    """
    sizes = np.bincount(strata.codes, minlength=len(strata.strata))
    return tuple(_segment(spec, name, mask, strata, sizes) for name, mask in flags.items())


def _segment(
    spec: ExperimentSpec, name: str, mask: NDArray[np.bool_], strata: Strata, sizes: NDArray[np.intp]
) -> SegmentInfo:
    inside = np.bincount(strata.codes[mask], minlength=len(sizes))
    whole = (inside == sizes) & (sizes > 0)
    return SegmentInfo(
        id=name,
        name=names_of(spec.segments[name].name),
        n_units=int(mask.sum()),
        strata=tuple(stratum.id for stratum, is_whole in zip(strata.strata, whole, strict=True) if is_whole),
        aligned=bool(mask.any() and sizes[whole].sum() == mask.sum()),
        expected={arm.id: float(arm.expect[name]) for arm in spec.arms if name in arm.expect},
    )


def plan_contrasts(spec: ExperimentSpec) -> tuple[PlanContrast, ...]:
    """Return what is declared: every arm against the control, then what ``contrasts`` adds.

    The arms against the control are primary unless some contrast says ``primary: true``.
    """
    control = spec.control_arm.id
    chosen = any(contrast.primary for contrast in spec.contrasts)
    found: dict[tuple[str, str, tuple[str, ...]], bool] = {}
    found |= {(arm.id, control, ()): not chosen for arm in spec.treatment_arms}
    for contrast in spec.contrasts:
        key = (contrast.arms[0], contrast.arms[1], tuple(contrast.segments or ()))
        found[key] = found.get(key, False) or contrast.primary
    return tuple(PlanContrast(*key, primary) for key, primary in found.items())


def plan_present(spec: ExperimentSpec, audience: Audience, strata: Strata) -> tuple[PresentShare, ...]:
    """Return the plan in force, per stratum and treatment arm.

    Of several rules the first that a unit matches holds; ``coverage`` of the matching units are given
    its arm, the rest and everybody else get the control.

    Parameters
    ----------
    spec
        ``budget.current``: ``experiment`` (the planned shares), a column, or rules.
    audience
        The eligible units.
    strata
        Their strata.
    """
    arms = [arm.id for arm in spec.treatment_arms]
    sizes = np.bincount(strata.codes, minlength=len(strata.strata))
    if spec.budget.current == "experiment":
        shares = np.tile([spec.shares[arm] for arm in arms], (len(sizes), 1))
    else:
        totals = [np.bincount(strata.codes, _given(spec, arm, audience), minlength=len(sizes)) for arm in arms]
        shares = np.column_stack(totals) / np.maximum(sizes, 1)[:, None]
    return tuple(
        PresentShare(stratum.id, arm, stratum.n_units, float(shares[s, k]))
        for s, stratum in enumerate(strata.strata)
        for k, arm in enumerate(arms)
    )


def _given(spec: ExperimentSpec, arm_id: str, audience: Audience) -> NDArray[np.float64]:
    """Return the chance that each unit is given an arm today."""
    current = spec.budget.current
    if isinstance(current, CurrentColumn):
        arm = next(each for each in spec.arms if each.id == arm_id)
        spellings: Sequence[str] = (arm.id, arm.spelling)
        return np.array(
            [str(value) in spellings for value in audience.known[current.column].tolist()], dtype=np.float64
        )
    chance = np.zeros(len(audience.known))
    open_ = np.ones(len(audience.known), dtype=np.bool_)
    for rule in current if isinstance(current, tuple) else ():
        matched = audience.match(rule.where) & open_
        open_ &= ~matched
        if rule.arm == arm_id:
            chance[matched] = float(rule.coverage)
    return chance
