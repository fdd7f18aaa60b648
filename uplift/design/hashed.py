"""Hash assignment: a unit's arm is a function of its id and a salt alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.design.assignment import Assignment, Draw, sort_ids
from uplift.design.blocked import build_assignment
from uplift.design.hashing import hash_units
from uplift.design.shares import exact_shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray


def assign_hash(
    unit_ids: Sequence[str] | NDArray[np.generic], shares: Mapping[str, float | str | Fraction], *, salt: str
) -> Assignment:
    """Assign each unit to the first arm whose hex cut point exceeds its hash.

    The hash is the first 16 hex digits of ``sha256(f"{salt}|{unit_id}")`` and cut points are compared as
    text, so any engine gives the same arm, today and for units that arrive later.

    Parameters
    ----------
    unit_ids : shape (n,)
        Distinct ids.
    shares
        Arm to its share; they sum to 1.
    salt
        Own to each experiment, for example ``"draw|summer_coupon|7"``: two salts draw independently.

    Returns
    -------
    Assignment
        Sorted by unit id, in one stratum ``all``. Counts are random, so analysis post-stratifies.

    Raises
    ------
    DesignError
        When an id stands twice or the shares do not sum to 1.

    References
    ----------
    Miratrix, Sekhon and Yu (2013), JRSS B 75, 369-396.
    """
    ids, _ = sort_ids(unit_ids)
    exact = exact_shares(shares)
    limits = np.array([int(cut, 16) for cut in hex_cuts(list(exact.values()))], dtype=np.uint64)
    arm = np.searchsorted(limits, hash_units(ids, salt)[:, 0], side="right").astype(np.int64)
    draw = Draw(strata=("all",), stratum=np.zeros(len(ids), dtype=np.int64), arms=tuple(exact), arm=arm)
    planned = np.array([float(share) for share in exact.values()])
    return build_assignment(ids, draw, shares=planned, fold_prefix=f"fold|{salt}")


def hex_cuts(shares: Sequence[Fraction]) -> tuple[str, ...]:
    """Return the cut points between arms: 16 lower-case hex digits, one fewer than the arms.

    Parameters
    ----------
    shares
        Exact shares that sum to 1.

    Returns
    -------
    tuple of str
        A hash below the first is the first arm's, and so on; the last arm takes the rest.
    """
    edges = [sum(shares[: k + 1]) for k in range(len(shares) - 1)]
    return tuple(int(edge * 2**64).to_bytes(8, "big").hex() for edge in edges)
