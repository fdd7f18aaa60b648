"""A sample of the eligible: the same share of every stratum, in hash order."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from uplift.design.hashing import draw_prefix, hash_units, order_within, position_within
from uplift.design.rounding import choose_by, round_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample_rate(sample: int | Fraction | None, n_units: int) -> Fraction:
    """Return the share of units to draw.

    Parameters
    ----------
    sample
        A count, a share, or None for everybody.
    n_units
        Units to draw from; a larger count takes them all.

    Returns
    -------
    Fraction
    """
    if sample is None or n_units == 0:
        return Fraction(1)
    return min(Fraction(1), Fraction(sample, n_units)) if isinstance(sample, int) else sample


def select_sample(
    unit_ids: NDArray[np.object_], stratum: NDArray[np.int64], rate: Fraction, *, experiment_id: str, seed: int
) -> NDArray[np.bool_]:
    """Tell who is drawn: ``rate`` of each stratum, rounded without bias, by a salt of its own.

    Parameters
    ----------
    unit_ids : ndarray of object (str), shape (n,)
        Ids.
    stratum : ndarray of int64, shape (n,)
        Codes.
    rate
        Share to draw; every unit is drawn with exactly this chance.
    experiment_id, seed
        Of the draw.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if rate == 1:
        return np.ones(len(unit_ids), dtype=np.bool_)
    prefix = draw_prefix("sample", experiment_id, seed)
    rng = np.random.default_rng(int.from_bytes(sha256(prefix.encode()).digest(), "big"))
    counts = round_shares(np.bincount(stratum), [rate, 1 - rate], choose_by(rng))[:, 0]
    order = order_within([stratum], hash_units(unit_ids, prefix), unit_ids)
    return position_within(order, [stratum]) < counts[stratum]
