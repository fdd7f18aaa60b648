"""Effects by periods since treatment, against one period before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.effect import Effects


@dataclass(frozen=True, slots=True, eq=False)
class EventPath:
    """What an event study found, without the period that everything is compared with.

    Parameters
    ----------
    event_time : ndarray of int64, shape (K,)
        Periods since treatment, ascending; with ``reference`` they follow one another without a gap.
    estimate : ndarray of float64, shape (K,)
        In the unit of the outcome.
    covariance : ndarray of float64, shape (K, K)
        Their covariance.
    reference
        The period left out, where the effect is 0 by construction.

    Raises
    ------
    EstimationError
        When shapes differ, a period is missing or there is none on either side of the reference, or the covariance is
        not finite.
    """

    event_time: NDArray[np.int64]
    estimate: NDArray[np.float64]
    covariance: NDArray[np.float64]
    reference: int = -1

    def __post_init__(self) -> None:
        k = len(self.event_time)
        if self.estimate.shape != (k,) or self.covariance.shape != (k, k):
            message = f"path: {k} event times need shapes ({k},) and ({k}, {k}), got {self.estimate.shape} and " + str(
                self.covariance.shape
            )
            raise EstimationError(message)
        whole = np.sort(np.append(self.event_time, self.reference))
        if np.any(np.diff(whole) != 1) or np.any(np.diff(self.event_time) <= 0):
            message = (
                f"path: event times {self.event_time.tolist()} around the reference {self.reference} must ascend "
                "without a gap or repetition; estimate them with base='universal'"
            )
            raise EstimationError(message)
        if not self.n_before or not self.n_after:
            message = (
                f"path: {self.n_before} periods before the reference {self.reference} and {self.n_after} after it; "
                "one of each is needed: add earlier or later periods"
            )
            raise EstimationError(message)
        if not (np.isfinite(self.estimate).all() and np.isfinite(self.covariance).all()):
            message = "path: estimates and covariance must be finite; leave out periods that nobody was compared in"
            raise EstimationError(message)

    @property
    def n_before(self) -> int:
        """Periods before the reference."""
        return int((self.event_time < self.reference).sum())

    @property
    def n_after(self) -> int:
        """Periods after the reference."""
        return int((self.event_time > self.reference).sum())

    @property
    def distance(self) -> NDArray[np.int64]:
        """Periods from the reference, negative before it, shape (K,)."""
        return self.event_time - self.reference

    def average(self, event_times: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return the weights of a mean over periods.

        Parameters
        ----------
        event_times
            Periods after the reference; default all from 0 on.

        Returns
        -------
        ndarray of float64, shape (K,)

        Raises
        ------
        EstimationError
            When one of them is not a period after the reference, or none is given.
        """
        after = self.event_time[self.event_time > self.reference]
        wanted = after[after >= 0].tolist() if event_times is None else sorted(set(event_times))
        strange = sorted(set(wanted) - set(after.tolist()))
        if strange or not wanted:
            message = f"event_times {strange or wanted} must be among those after the reference: {after.tolist()}"
            raise EstimationError(message)
        return np.isin(self.event_time, wanted) / len(wanted)


def read_path(effects: Effects) -> EventPath:
    """Return the event-time effects among others, compared with one period.

    Parameters
    ----------
    effects
        Of :func:`estimate_att_gt` with ``base="universal"``, aggregated ``dynamic``.

    Returns
    -------
    EventPath
        Its reference is the one period missing between the first and the last.

    Raises
    ------
    EstimationError
        When no effect is by event time, or not exactly one period is missing.
    """
    chosen = [i for i, effect in enumerate(effects) if effect.by == "event_time"]
    times = np.array([int(effects[i].level) for i in chosen], np.int64)
    if not len(times):
        message = "effects: none is by event time; aggregate them with kind='dynamic'"
        raise EstimationError(message)
    missing = sorted(set(range(int(times[0]), int(times[-1]) + 1)) - set(times.tolist()))
    if len(missing) != 1:
        message = (
            f"effects: periods {missing} are missing between {times[0]} and {times[-1]}, must be one, the reference; "
            "estimate them with base='universal' and with two periods or more before treatment"
        )
        raise EstimationError(message)
    estimate = np.array([effects[i].estimate for i in chosen])
    return EventPath(times, estimate, effects.covariance[np.ix_(chosen, chosen)], missing[0])
