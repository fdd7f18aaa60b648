"""Could every unit have got every arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError, UsageError
from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LOW, HIGH = 0.05, 0.95
"""Outside of this range a propensity makes estimates lean on few units."""


def check_overlap(
    propensity: Sequence[float] | NDArray[np.float64], arm: Sequence[int] | NDArray[np.int64]
) -> CheckResult:
    """Look at how close the probabilities of treatment come to 0 and 1.

    Parameters
    ----------
    propensity : shape (n,)
        Probability of treatment of each unit.
    arm : shape (n,)
        1 for treated units, 0 for controls.

    Returns
    -------
    CheckResult
        ``overlap``: ``warn`` when a propensity is below .05 or above .95. Facts: ``lowest`` and
        ``highest`` over all units, ``n_outside`` and ``share_outside`` of that range, and the
        range that both arms share (``common_lowest``, ``common_highest``).

    Raises
    ------
    EstimationError
        When a propensity is 0, 1 or not a number: such a unit has no counterpart.
    UsageError
        When lengths differ, or one of the arms has no unit.
    """
    chance, treated = np.asarray(propensity, np.float64), np.asarray(arm)
    _validate(chance, treated)
    outside = int(np.count_nonzero((chance < LOW) | (chance > HIGH)))
    ones, zeros = chance[treated == 1], chance[treated == 0]
    facts = {
        "lowest": float(chance.min()),
        "highest": float(chance.max()),
        "n_outside": outside,
        "share_outside": outside / len(chance),
        "common_lowest": float(max(ones.min(), zeros.min())),
        "common_highest": float(min(ones.max(), zeros.max())),
    }
    return CheckResult("overlap", "warn" if outside else "pass", facts=facts)


def _validate(chance: NDArray[np.float64], treated: NDArray[np.generic]) -> None:
    if chance.ndim != 1 or chance.shape != treated.shape:
        message = f"propensity has shape {chance.shape} and arm {treated.shape}; both must be (n,): one row a unit"
        raise UsageError(message)
    values = np.unique(treated).tolist()
    if values != [0, 1]:
        message = f"arm has the values {values}; must hold both 0 (control) and 1 (treated): compare two arms at a time"
        raise UsageError(message)
    impossible = ~((chance > 0.0) & (chance < 1.0))
    if impossible.any():
        first = int(np.argmax(impossible))
        message = (
            f"propensity[{first}] == {float(chance[first])}, must lie strictly between 0 and 1; "
            f"{int(impossible.sum())} of {len(chance)} units have no counterpart in the other arm: leave them out of "
            "the comparison and name the smaller population"
        )
        raise EstimationError(message)
