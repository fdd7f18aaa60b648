"""Who is in a tree: half-samples shared by a little bag of trees, subsamples of them, and the honest halves.

The generator is xoshiro256++, seeded from a ``SeedSequence`` child per bag and tree, so that a forest does not depend
on how many threads grow it.

References
----------
Blackman, D. and Vigna, S. (2021). Scrambled linear pseudorandom number generators. *ACM Transactions on Mathematical
Software* 47(4). https://doi.org/10.1145/3460772
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUT, IDLE, GROW, ESTIMATE = 0, 1, 2, 3
"""Marks of a unit: not in the half, in the half only, grows the tree, estimates its leaves."""


def seed_state(sequence: np.random.SeedSequence) -> NDArray[np.uint64]:
    """Return the state of a generator, shape (4,)."""
    state: NDArray[np.uint64] = sequence.generate_state(4, np.uint64).astype(np.uint64)
    return state


@compiled
def next_float(state: NDArray[np.uint64]) -> float:
    """Return a number in [0, 1) with 53 random bits, and step the state."""
    total = state[0] + state[3]
    word = ((total << np.uint64(23)) | (total >> np.uint64(41))) + state[0]
    shifted = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = (state[3] << np.uint64(45)) | (state[3] >> np.uint64(19))
    return np.float64(word >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def draw_half(state: NDArray[np.uint64], n_units: int) -> NDArray[np.uint8]:
    """Draw half of the units without replacement.

    Parameters
    ----------
    state : ndarray of uint64, shape (4,)
        Stepped.
    n_units
        Rows, or clusters where rows come in clusters.

    Returns
    -------
    ndarray of uint8, shape (n_units,)
        ``IDLE`` for the half, ``OUT`` for the others.
    """
    marks = np.zeros(n_units, np.uint8)
    wanted = n_units // 2
    for i in range(n_units):
        if next_float(state) * (n_units - i) < wanted:
            marks[i] = IDLE
            wanted -= 1
    return marks


@compiled
def draw_tree(state: NDArray[np.uint64], half: NDArray[np.uint8], share: float, honest: bool) -> NDArray[np.uint8]:
    """Draw the units of a tree from its half, and which of them grow it.

    Parameters
    ----------
    state : ndarray of uint64, shape (4,)
        Stepped.
    half : ndarray of uint8, shape (n_units,)
        What ``draw_half`` gave.
    share
        Share of all units that a tree takes, at most .5.
    honest
        Whether one half of them grows and the other estimates; else all do both and are marked ``GROW``.

    Returns
    -------
    ndarray of uint8, shape (n_units,)
    """
    marks = half.copy()
    left = int(half.sum())
    wanted = min(round(share * len(half)), left)
    growing = (wanted + 1) // 2 if honest else wanted
    for i in range(len(half)):
        if half[i] == OUT:
            continue
        if next_float(state) * left < wanted:
            grows = next_float(state) * wanted < growing if honest else True
            marks[i] = GROW if grows else ESTIMATE
            growing -= grows
            wanted -= 1
        left -= 1
    return marks


@compiled
def rows_marked(marks: NDArray[np.uint8], cluster: NDArray[np.int32], mark: int) -> NDArray[np.int32]:
    """Return the rows whose unit has a mark, ascending.

    Parameters
    ----------
    marks : ndarray of uint8, shape (n_units,)
    cluster : ndarray of int32, shape (n,) or (0,)
        Unit of each row; empty when rows are units.
    mark
        Which mark.
    """
    plain = len(cluster) == 0
    n_rows = len(marks) if plain else len(cluster)
    count = 0
    for i in range(n_rows):
        count += marks[i if plain else cluster[i]] == mark
    rows = np.empty(count, np.int32)
    count = 0
    for i in range(n_rows):
        if marks[i if plain else cluster[i]] == mark:
            rows[count] = i
            count += 1
    return rows
