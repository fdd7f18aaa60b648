"""One estimated effect, and a sequence of them with their covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, overload

import numpy as np

from uplift.results.display import Table
from uplift.results.evidence import Evidence
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference between two arms for one group of units.

    Parameters
    ----------
    outcome
        Id of the metric or component.
    measure
        Unit of ``estimate``, its interval and ``reference_mean``.
    estimator, estimand
        The rule and the quantity, for example ``lin`` and ``itt``.
    arm, reference_arm
        The effect is ``arm`` minus ``reference_arm``.
    by, level
        For whom: ``("overall", "")``, ``("stratum", id)``, ``("segment", id)``,
        ``("event_time", "-2")``, ``("leaf", "3")``.
    estimate, std_error, df
        Point estimate, standard error and degrees of freedom of its t interval.
    ci_lower, ci_upper
        Two-sided interval at the confidence level of the analysis.
    p_value, p_adjusted
        Two-sided p-value, and the same after the correction of its family (None: no family).
    reference_mean
        Adjusted mean of the reference arm.
    rel_effect, rel_ci_lower, rel_ci_upper
        Effect over ``reference_mean`` with its Fieller interval; limits are None when the
        Fieller set is not an interval.
    n_obs, n_reference
        Units in ``arm`` and in ``reference_arm``.
    evidence
        Grade A to D.
    confirmatory
        True only if the lock verified and the contrast was declared.
    """

    outcome: str
    measure: Measure
    estimator: str
    estimand: str
    arm: str
    reference_arm: str
    by: str
    level: str
    estimate: float
    std_error: float
    df: float
    ci_lower: float
    ci_upper: float
    p_value: float
    p_adjusted: float | None
    reference_mean: float
    rel_effect: float | None
    rel_ci_lower: float | None
    rel_ci_upper: float | None
    n_obs: int
    n_reference: int
    evidence: Evidence
    confirmatory: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Effects(Table, Sequence[Effect]):
    """Effects in a fixed order with their joint covariance.

    Parameters
    ----------
    items
        The effects.
    covariance : ndarray of shape (len(items), len(items))
        Covariance of the estimates.
    """

    items: tuple[Effect, ...]
    covariance: NDArray[np.float64]

    @overload
    def __getitem__(self, index: int) -> Effect: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Effect]: ...
    def __getitem__(self, index: int | slice) -> Effect | Sequence[Effect]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Effect]:
        return iter(self.items)

    def select(
        self,
        *,
        outcome: str | None = None,
        arm: str | None = None,
        reference_arm: str | None = None,
        by: str | None = None,
        level: str | None = None,
    ) -> Effects:
        """Return the effects that have every field given, with their covariance."""
        wanted = {"outcome": outcome, "arm": arm, "reference_arm": reference_arm, "by": by, "level": level}
        asked = {name: value for name, value in wanted.items() if value is not None}
        keep = [
            position
            for position, item in enumerate(self.items)
            if all(getattr(item, name) == value for name, value in asked.items())
        ]
        return Effects(tuple(self.items[i] for i in keep), self.covariance[np.ix_(keep, keep)])

    @classmethod
    def join(cls, parts: Sequence[Effects]) -> Effects:
        """Return all effects in order; effects of different parts have covariance 0 here."""
        size = sum(len(part) for part in parts)
        covariance = np.zeros((size, size))
        start = 0
        for part in parts:
            covariance[start : start + len(part), start : start + len(part)] = part.covariance
            start += len(part)
        return cls(tuple(item for part in parts for item in part.items), covariance)

    def with_adjusted(self, p_adjusted: Sequence[float]) -> Effects:
        """Return the same effects with their family's adjusted p-values, in order."""
        pairs = zip(self.items, p_adjusted, strict=True)
        return Effects(tuple(replace(item, p_adjusted=float(p)) for item, p in pairs), self.covariance)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per effect; the measure is spread over columns."""
        import pandas as pd

        names = [field.name for field in fields(Effect) if field.name != "measure"]
        parts = [field.name for field in fields(Measure)]
        rows = [
            {
                **{name: getattr(item, name) for name in names},
                **{part: getattr(item.measure, part) for part in parts},
            }
            for item in self.items
        ]
        return pd.DataFrame(rows, columns=names + parts)
