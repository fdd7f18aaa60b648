"""Value tiers: classes of what a unit brought in, with zero spenders apart under quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.axes import Axis, cut, quantile_cuts, rank_levels
from uplift.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ZERO_LEVEL = "zero"
DEFAULT_QUANTILES = (1 / 3, 2 / 3)
_ZERO_NAME: Mapping[str, str] = MappingProxyType({"zh": "无消费", "en": "no spend"})


def classify_value(
    values: NDArray[np.float64],
    *,
    cuts: Sequence[float] | None = None,
    quantiles: Sequence[float] | None = None,
    names: Mapping[str, Mapping[str, str]] | Sequence[str] | None = None,
    metric: str = "gross_margin_365d",
) -> Axis:
    """Classify units into value tiers.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Value per unit in the experiment's currency over the window of ``metric``; never NaN.
    cuts
        Lower ends of the tiers above the lowest. Zero spenders fall in the first tier.
    quantiles
        Increasing shares in (0, 1) of the units above 0; units at or below 0 are the tier ``zero``.
        With neither, thirds. Ties stand at their average rank, so they are never split.
    names
        Level ids (or level id to names by language) from low to high, without ``zero``.
    metric
        What is cut.

    Returns
    -------
    Axis
        With the cut-points, so that later units are classified alike. Under quantiles the first
        cut-point is 0 and is exclusive (``rule["zero_apart"]`` is 1).

    Raises
    ------
    DesignError
        When cuts and quantiles are both given, or a value is NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    if cuts is not None and quantiles is not None:
        message = "value_tier: got cuts and quantiles; give one of them"
        raise DesignError(message)
    if np.isnan(values).any():
        message = f"value_tier: {int(np.isnan(values).sum())} values are NaN; a unit without an order has the value 0"
        raise DesignError(message)
    if cuts is not None:
        named = _named(names, len(cuts) + 1)
        return cut(values, tuple(cuts), named, axis_id="value_tier", metric=metric)
    shares = tuple(quantiles) if quantiles is not None else DEFAULT_QUANTILES
    points = quantile_cuts(values[values > 0], shares)
    return _with_zero(values, points, _named(names, len(points) + 1), metric)


def _with_zero(
    values: NDArray[np.float64], points: tuple[float, ...], named: Mapping[str, Mapping[str, str]], metric: str
) -> Axis:
    spent = cut(values, points, named, axis_id="value_tier", metric=metric)
    codes = np.where(values > 0, spent.codes + 1, 0)
    names = {ZERO_LEVEL: _ZERO_NAME, **spent.names}
    rule = {"zero_apart": 1.0}
    return Axis("value_tier", (ZERO_LEVEL, *spent.levels), names, codes, (0.0, *points), metric, rule)


def _named(
    names: Mapping[str, Mapping[str, str]] | Sequence[str] | None, n_levels: int
) -> Mapping[str, Mapping[str, str]]:
    if names is None:
        return rank_levels(n_levels, suffix=("值", " value"))
    return names if isinstance(names, Mapping) else {name: {} for name in names}
