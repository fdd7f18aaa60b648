"""The global holdout: the same people stay out of every campaign of a programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.design.hashing import hash_units

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray


def select_holdout(unit_ids: NDArray[np.object_], share: Fraction, *, salt: str) -> NDArray[np.bool_]:
    """Tell who is kept out.

    Parameters
    ----------
    unit_ids : ndarray of object (str), shape (n,)
        Ids.
    share
        Share kept out, from 0 to below 1.
    salt
        Of the programme, in place of experiment and seed: the answer for a unit is the same in
        every experiment with this salt, and a larger share only adds units.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if share == 0:
        return np.zeros(len(unit_ids), dtype=np.bool_)
    return hash_units(unit_ids, f"holdout|{salt}")[:, 0] < np.uint64(int(share * 2**64))
