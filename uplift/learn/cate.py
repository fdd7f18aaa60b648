"""Conditional effects with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.results.display import Table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from uplift.results import Note


@dataclass(frozen=True, slots=True, eq=False)
class CateEstimate(Table):
    """Effects given features, one row per unit and one column per treatment.

    The intervals are for E[τ̂(x)], the forest's own mean at x; they hold no bias term and are never summed or
    ranked. For strata and groups use averages of doubly robust scores.

    Parameters
    ----------
    estimate : ndarray of float64, shape (n, n_treatments)
        In units of the outcome; NaN where no tree has rows of two arms.
    std_error : ndarray of float64, shape (n, n_treatments)
        Sampling error, with the Monte Carlo error of a finite number of trees.
    ci_lower, ci_upper : ndarray of float64, shape (n, n_treatments)
        Normal interval.
    confidence_level
        Of the interval.
    monte_carlo_share : ndarray of float64, shape (n_treatments,)
        Share of the mean variance that more trees would take away.
    notes
        ``forest.few_trees`` with the number that brings the share to .10, where it is above.
    """

    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    confidence_level: float
    monte_carlo_share: NDArray[np.float64]
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.estimate)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per unit and treatment."""
        import pandas as pd

        n, n_treatments = self.estimate.shape
        return pd.DataFrame(
            {
                "row": np.repeat(np.arange(n), n_treatments),
                "treatment": np.tile(np.arange(1, n_treatments + 1), n),
                "estimate": self.estimate.reshape(-1),
                "std_error": self.std_error.reshape(-1),
                "ci_lower": self.ci_lower.reshape(-1),
                "ci_upper": self.ci_upper.reshape(-1),
            }
        )
