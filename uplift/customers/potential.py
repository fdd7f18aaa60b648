"""Potential: tiers of the value still to come, and what a customer brings besides purchases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.axes import rank_levels
from uplift.customers.value import DEFAULT_QUANTILES, ZERO_LEVEL, classify_value
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.customers.axes import Axis

POTENTIAL_METRIC = "predicted_clv"


@dataclass(frozen=True, slots=True)
class BehaviourIndex:
    """What behaviour other than buying is declared to be worth.

    Parameters
    ----------
    weights
        Column of the wide table to its worth in the currency per unit of the column, for example
        ``{"visits": 0.05, "referrals": 12}``.
    """

    weights: Mapping[str, float] = field(default_factory=dict)

    def worth(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the declared worth of each unit's behaviour, shape (n,).

        Parameters
        ----------
        columns
            Column to values, each of shape (n,); NaN counts as nothing.

        Raises
        ------
        MissingColumnError
            When a column with a weight is not there.
        DataError
            When there is no weight at all.
        """
        if not self.weights:
            message = "weights == {}, must name at least one column of behaviour with its worth"
            raise DataError(message)
        for name in self.weights:
            if name not in columns:
                raise MissingColumnError.among(name, "the behaviour", columns)
        parts = [weight * np.nan_to_num(columns[name].astype(np.float64)) for name, weight in self.weights.items()]
        return np.asarray(sum(parts[1:], parts[0]))


def classify_potential(
    predicted: NDArray[np.float64],
    *,
    behaviour: NDArray[np.float64] | None = None,
    cuts: Sequence[float] | None = None,
    quantiles: Sequence[float] | None = None,
    names: Mapping[str, Mapping[str, str]] | Sequence[str] | None = None,
    metric: str = POTENTIAL_METRIC,
) -> Axis:
    """Classify units by the value that is still to come: the second axis beside what was brought in.

    Parameters
    ----------
    predicted : ndarray of float, shape (n,)
        Predicted discounted value over the horizon, in the currency; NaN, no prediction, counts as 0.
    behaviour : ndarray of float, shape (n,)
        Declared worth of behaviour that is no purchase, in the currency (see :class:`BehaviourIndex`); added.
    cuts, quantiles
        As in :func:`~uplift.customers.classify_value`; with neither, thirds of the units above 0.
    names
        Level id to names, or level ids, from low to high, without ``zero``.
    metric
        What is cut.

    Returns
    -------
    Axis
        ``potential``; under quantiles units at or below 0 are the tier ``zero``.
    """
    values = np.nan_to_num(np.asarray(predicted, dtype=np.float64))
    if behaviour is not None:
        values = values + behaviour
    shares = None if cuts is not None else tuple(quantiles or DEFAULT_QUANTILES)
    levels = names or rank_levels(len(cuts or shares or ()) + 1, suffix=("潜力", " potential"))
    axis = classify_value(values, cuts=cuts, quantiles=shares, names=levels, metric=metric)
    nothing = {ZERO_LEVEL: {"zh": "无潜力", "en": "no potential"}} if ZERO_LEVEL in axis.levels else {}
    return replace(axis, id="potential", names={**axis.names, **nothing})


@dataclass(frozen=True, slots=True, eq=False)
class ValueParts:
    """Value by what it comes from, each of shape (n,) in the currency; None where the data do not hold it.

    Parameters
    ----------
    purchase
        Margin of the unit's own orders.
    referral
        Worth of the customers that it brought.
    content
        Worth of what it wrote, shared or reviewed.
    """

    purchase: NDArray[np.float64]
    referral: NDArray[np.float64] | None
    content: NDArray[np.float64] | None

    @property
    def total(self) -> NDArray[np.float64]:
        """Sum of the parts that are known, shape (n,)."""
        known = [part for part in (self.referral, self.content) if part is not None]
        return np.asarray(sum(known, self.purchase))


def split_value(
    purchase: NDArray[np.float64],
    behaviour: Mapping[str, NDArray[np.float64]],
    *,
    referral: BehaviourIndex | None = None,
    content: BehaviourIndex | None = None,
) -> ValueParts:
    """Split value into purchase, referral and content.

    Parameters
    ----------
    purchase : ndarray of float, shape (n,)
        Margin of the unit's own orders.
    behaviour
        Columns of the wide table, each of shape (n,).
    referral, content
        Columns that hold the one or the other and their declared worth; a part none of whose columns is there
        is absent. None: ``referral_value`` and ``content_value`` as they are.

    Returns
    -------
    ValueParts

    Raises
    ------
    MissingColumnError
        When some but not all columns of a part are there.
    """
    indices = (referral or BehaviourIndex({"referral_value": 1.0}), content or BehaviourIndex({"content_value": 1.0}))
    parts = [index.worth(behaviour) if set(index.weights) & set(behaviour) else None for index in indices]
    return ValueParts(np.asarray(purchase, dtype=np.float64), *parts)
