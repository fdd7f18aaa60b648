"""What rows add to the sums of trees, and what leaves keep of the rows that estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.learn.forest.gradient import product_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.learn.forest.rules import Rules


@dataclass(frozen=True, slots=True, eq=False)
class RowSums:
    """What each row adds to which sums.

    Parameters
    ----------
    base : ndarray of int32, shape (n,)
        First of the sums that the row adds to.
    values : ndarray of float32, shape (n, n_values)
        What it adds to that one and those after it, padded with zeros to 4 or a multiple of 8.
    first
        Place of the weight: 0 where the count stands for it, else 1.
    n_sums
        Sums in all.
    """

    base: NDArray[np.int32]
    values: NDArray[np.float32]
    first: int
    n_sums: int


def sum_residuals(
    outcome: NDArray[np.float64], treatment: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> RowSums:
    """Return the sums of the gradient criterion: count, weight, w_k, y, w_k w_l for k <= l, w_k y.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n,)
        Residuals of the outcome, of unit scale.
    treatment : ndarray of float64, shape (n, n_treatments)
        Residuals of the treatments.
    weight : ndarray of float64, shape (n,), optional
        Weights of the rows; None for none.

    Returns
    -------
    RowSums
    """
    count = treatment.shape[1]
    pairs = [treatment[:, k] * treatment[:, m] for k in range(count) for m in range(k, count)]
    ones = np.ones(len(outcome))
    columns = [ones, *treatment.T, outcome, *pairs, *(treatment * outcome[:, None]).T]
    values = _pad(columns if weight is None else [weight > 0, *(column * weight for column in columns)])
    return RowSums(np.zeros(len(outcome), np.int32), values, int(weight is not None), values.shape[1])


def padded_width(count: int) -> int:
    """Return 4 or the multiple of 8 that holds ``count`` sums."""
    return 4 if count <= 4 else 8 * -(-count // 8)


def _pad(columns: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    values = np.zeros((len(columns[0]), padded_width(len(columns))), np.float32)
    for j, column in enumerate(columns):
        values[:, j] = column
    return values


def sum_arms(
    outcome: NDArray[np.float64],
    arm: NDArray[np.int64],
    n_arms: int,
    weight: NDArray[np.float64] | None,
) -> RowSums:
    """Return the sums of the uplift criteria: per arm count, weight, weighted y and weighted y².

    Parameters
    ----------
    outcome : ndarray of float64, shape (n,)
    arm : ndarray of int64, shape (n,)
        0 for the control.
    n_arms
        Arms with the control.
    weight : ndarray of float64, shape (n,), optional
        Weights of the rows; None for none.

    Returns
    -------
    RowSums
    """
    ones = np.ones(len(outcome))
    columns = [ones, outcome, outcome**2]
    values = _pad(columns if weight is None else [weight > 0, *(column * weight for column in columns)])
    width = values.shape[1]
    return RowSums((arm * width).astype(np.int32), values, int(weight is not None), width * n_arms)


def average_leaves(sums: NDArray[np.float64], rules: Rules) -> NDArray[np.float32]:
    """Return the averages of leaves that predictions are solved from.

    Of a gradient tree the averages of w_k, y, w_k w_l and w_k y. Of the others, per arm, the share of the weight
    and the average of weight times y where rows of other arms count as 0.

    Parameters
    ----------
    sums : ndarray of float64, shape (n_leaves, n_sums)
    rules
        How the trees were grown.

    Returns
    -------
    ndarray of float32, shape (n_leaves, n_moments)
        NaN in leaves without weight.
    """
    first = rules.first
    if rules.n_values == rules.n_sums:
        count = product_at(rules.n_treatments, rules.n_treatments)
        weight, kept = sums[:, first], sums[:, first + 1 : first + count]
    else:
        arms = sums.reshape(len(sums), rules.n_treatments + 1, rules.n_values)
        weight, kept = arms[:, :, first].sum(axis=1), arms[:, :, first : first + 2].reshape(len(sums), -1)
    filled = np.where(weight > 0, weight, np.nan)
    averages: NDArray[np.float32] = (kept / filled[:, None]).astype(np.float32)
    return averages
