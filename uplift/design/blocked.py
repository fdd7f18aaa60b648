"""Blocked complete assignment: exact counts per stratum and arm, units in hash order."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from uplift.design.assignment import N_FOLDS, NO_ARM, Assignment, Draw, sort_ids
from uplift.design.hashing import draw_prefix, hash_units, order_within, position_within
from uplift.design.rounding import choose_by, round_shares
from uplift.design.shares import exact_shares
from uplift.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from numpy.random import Generator
    from numpy.typing import NDArray

LEAST_CELL = 2


def assign_blocked(
    unit_ids: Sequence[str] | NDArray[np.generic],
    strata: Sequence[str] | NDArray[np.generic],
    shares: Mapping[str, float | str | Fraction],
    *,
    seed: int,
    experiment_id: str = "",
    holdout: NDArray[np.bool_] | None = None,
    t0: datetime | None = None,
) -> Assignment:
    """Draw arms by complete randomisation inside each stratum.

    The counts are the planned shares of each stratum, rounded without bias so that the total of
    every arm is within 1 of its plan. Units take their arm in the order of
    ``sha256("draw|experiment|seed|unit")``, so the draw does not know the order of rows.

    Parameters
    ----------
    unit_ids : shape (n,)
        Distinct ids.
    strata : shape (n,)
        Stratum of each unit.
    shares
        Arm to its share of the units outside the holdout; they sum to 1.
    seed
        Of the draw; a whole number from 0.
    experiment_id
        So that two experiments with one seed draw independently.
    holdout : ndarray of bool, shape (n,), optional
        Units kept out: they get a stratum and no arm.
    t0
        Naive local moment from which outcomes count.

    Returns
    -------
    Assignment
        Sorted by unit id.

    Raises
    ------
    DesignError
        When an id stands twice, the shares do not sum to 1, or a cell would expect fewer than two
        units.

    Notes
    -----
    *Assumption for inference*: condition on the realised counts; given them the design is complete
    randomisation in each stratum. P(arm) is exactly the planned share for every unit.

    References
    ----------
    Imbens and Rubin (2015), Causal Inference, ch. 9. Cox (1987), JASA 82, 520-524.
    """
    ids, order = sort_ids(unit_ids)
    labels = [str(item) for item in np.asarray(strata, dtype=object).tolist()]
    if len(labels) != len(ids):
        message = f"strata has {len(labels)} entries for {len(ids)} units; give one stratum per unit"
        raise DesignError(message)
    names = sorted(set(labels))
    place = {name: code for code, name in enumerate(names)}
    codes = np.fromiter(map(place.__getitem__, labels), np.int64, len(labels))[order]
    kept_out = np.zeros(len(ids), dtype=np.bool_) if holdout is None else np.asarray(holdout, dtype=np.bool_)[order]
    exact = exact_shares(shares)
    sizes = np.bincount(codes[~kept_out], minlength=len(names))
    counts = split_counts(sizes, exact, strata=names, rng=_rng(experiment_id, seed))
    arm = _draw(ids, codes, kept_out, counts, draw_prefix("draw", experiment_id, seed))
    return build_assignment(
        ids,
        Draw(strata=tuple(names), stratum=codes, arms=tuple(exact), arm=arm),
        shares=np.array([float(share) for share in exact.values()]),
        fold_prefix=draw_prefix("fold", experiment_id, seed),
        t0=t0,
    )


def _rng(experiment_id: str, seed: int) -> Generator:
    digest = sha256(draw_prefix("round", experiment_id, seed).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def split_counts(
    sizes: NDArray[np.int64], shares: Mapping[str, Fraction], *, strata: Sequence[str], rng: Generator
) -> NDArray[np.int64]:
    """Return units per stratum and arm.

    Parameters
    ----------
    sizes : ndarray of int64, shape (S,)
        Units to draw in each stratum.
    shares
        Exact shares of ``K`` arms.
    strata
        Names for the error.
    rng
        Of the rounding.

    Returns
    -------
    ndarray of int64, shape (S, K)

    Raises
    ------
    DesignError
        When a cell expects fewer than two units: its variance could never be estimated.
    """
    arm, least = min(shares.items(), key=lambda item: item[1])
    for name, size in zip(strata, sizes.tolist(), strict=True):
        if int(size * least) < LEAST_CELL:
            message = (
                f"stratum '{name}' has {size} units to draw, which gives fewer than {LEAST_CELL} to arm "
                f"'{arm}' at share {least}; merge it with a neighbour (strata.give_way) or raise the share"
            )
            raise DesignError(message)
    return round_shares(sizes, list(shares.values()), choose_by(rng))


def _draw(
    ids: NDArray[np.object_],
    stratum: NDArray[np.int64],
    holdout: NDArray[np.bool_],
    counts: NDArray[np.int64],
    prefix: str,
) -> NDArray[np.int64]:
    drawn = np.flatnonzero(~holdout)
    group = [stratum[drawn]]
    order = order_within(group, hash_units(ids[drawn], prefix), ids[drawn])
    place = position_within(order, group)
    limits = np.cumsum(counts, axis=1)[stratum[drawn]]
    arm = np.full(len(ids), NO_ARM, dtype=np.int64)
    arm[drawn] = (place[:, None] >= limits).sum(axis=1)
    return arm


def build_assignment(
    ids: NDArray[np.object_],
    draw: Draw,
    *,
    shares: NDArray[np.float64],
    fold_prefix: str,
    t0: datetime | None = None,
) -> Assignment:
    """Return the assignment of drawn or recorded arms, with folds and realised propensities.

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        Sorted ids.
    draw
        Stratum and arm of each unit.
    shares : ndarray of float, shape (K,)
        Planned shares of the arms.
    fold_prefix
        Prefix of the hash that orders units into folds.
    t0
        Naive local moment from which outcomes count.

    Returns
    -------
    Assignment
    """
    holdout = draw.arm == NO_ARM
    groups = [draw.stratum, draw.arm]
    order = order_within(groups, hash_units(ids, fold_prefix), ids)
    drawn = ~holdout
    cell = draw.stratum * len(draw.arms) + draw.arm
    in_cell = np.bincount(cell[drawn], minlength=len(draw.strata) * len(draw.arms))
    in_stratum = np.bincount(draw.stratum[drawn], minlength=len(draw.strata))
    propensity = np.full(len(ids), np.nan)
    propensity[drawn] = in_cell[cell[drawn]] / in_stratum[draw.stratum[drawn]]
    return Assignment(
        unit_id=ids,
        strata=draw.strata,
        arms=draw.arms,
        stratum=draw.stratum,
        arm=draw.arm,
        share_planned=np.where(holdout, np.nan, shares[draw.arm]),
        propensity=propensity,
        holdout=holdout,
        fold=position_within(order, groups) % N_FOLDS,
        t0=np.full(len(ids), np.datetime64("NaT" if t0 is None else t0, "us")),
        batch=np.zeros(len(ids), dtype=np.int64),
    )
