"""Who was drawn into which arm: one row per unit, never rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError, DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

N_FOLDS = 20
NO_ARM = -1


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """A draw of ``n`` units, sorted by unit id (code points).

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Distinct ids.
    strata, arms
        Labels of the codes below.
    stratum : ndarray of int64, shape (n,)
        Code of the stratum.
    arm : ndarray of int64, shape (n,)
        Code of the arm; -1 for the holdout.
    share_planned : ndarray of float, shape (n,)
        Planned share of the unit's arm; NaN for the holdout.
    propensity : ndarray of float, shape (n,)
        Realised n/N of the unit's arm in its stratum and batch; NaN for the holdout. Estimators
        condition on it, never on the planned share.
    holdout : ndarray of bool, shape (n,)
        Kept out of the campaign.
    fold : ndarray of int64, shape (n,)
        Hash class 0-19 inside stratum, batch and arm.
    t0 : ndarray of datetime64[us], shape (n,)
        Naive local moment from which the unit's outcomes count; NaT for outcomes without a time.
    batch : ndarray of int64, shape (n,)
        Run of draws with the same shares.
    bucket
        Independent experiment under the same lock.
    """

    unit_id: NDArray[np.object_]
    strata: tuple[str, ...]
    arms: tuple[str, ...]
    stratum: NDArray[np.int64]
    arm: NDArray[np.int64]
    share_planned: NDArray[np.float64]
    propensity: NDArray[np.float64]
    holdout: NDArray[np.bool_]
    fold: NDArray[np.int64]
    t0: NDArray[np.datetime64]
    batch: NDArray[np.int64]
    bucket: str = "all"

    def __len__(self) -> int:
        return len(self.unit_id)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Units per stratum and arm, shape (S, K), the holdout left out."""
        drawn = ~self.holdout
        flat = self.stratum[drawn] * len(self.arms) + self.arm[drawn]
        return np.bincount(flat, minlength=len(self.strata) * len(self.arms)).reshape(-1, len(self.arms))

    @property
    def arm_labels(self) -> NDArray[np.object_]:
        """Arm id of each unit, None for the holdout, shape (n,)."""
        return np.array([*self.arms, None], dtype=object)[self.arm]

    @property
    def stratum_labels(self) -> NDArray[np.object_]:
        """Stratum id of each unit, shape (n,)."""
        return np.array(self.strata, dtype=object)[self.stratum]

    def to_values(self) -> Mapping[str, NDArray[np.generic]]:
        """Return the columns of the assignment file, without ``unit_id``."""
        return {
            "stratum": self.stratum_labels,
            "bucket": np.full(len(self), self.bucket, dtype=object),
            "arm": self.arm_labels,
            "share_planned": self.share_planned,
            "propensity": self.propensity,
            "holdout": self.holdout,
            "fold": self.fold,
            "t0": self.t0,
            "batch": self.batch,
        }

    @classmethod
    def from_values(
        cls,
        unit_id: NDArray[np.object_],
        values: Mapping[str, NDArray[np.generic]],
        *,
        strata: Sequence[str],
        arms: Sequence[str],
    ) -> Assignment:
        """Return the assignment that a file holds.

        Parameters
        ----------
        unit_id : ndarray of object (str), shape (n,)
            Ids of the file.
        values
            Its columns.
        strata, arms
            Labels of the plan, in the order of the codes.

        Returns
        -------
        Assignment

        Raises
        ------
        DataError
            When a stratum or an arm is not of the plan.
        """
        holdout = values["holdout"].astype(np.bool_)
        arm = np.where(holdout, NO_ARM, 0).astype(np.int64)
        arm[~holdout] = _codes(values["arm"][~holdout], arms, "arm")
        return cls(
            unit_id=unit_id,
            strata=tuple(strata),
            arms=tuple(arms),
            stratum=_codes(values["stratum"], strata, "stratum"),
            arm=arm,
            share_planned=values["share_planned"].astype(np.float64),
            propensity=values["propensity"].astype(np.float64),
            holdout=holdout,
            fold=values["fold"].astype(np.int64),
            t0=values["t0"].astype("datetime64[us]"),
            batch=values["batch"].astype(np.int64),
            bucket=str(values["bucket"][0]) if len(unit_id) else "all",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Stratum and arm of each unit, coded.

    Parameters
    ----------
    strata, arms
        Labels.
    stratum, arm : ndarray of int64, shape (n,)
        Codes; the arm is -1 for the holdout.
    """

    strata: tuple[str, ...]
    stratum: NDArray[np.int64]
    arms: tuple[str, ...]
    arm: NDArray[np.int64]


def _codes(labels: NDArray[np.generic], known: Sequence[str], what: str) -> NDArray[np.int64]:
    place = {label: code for code, label in enumerate(known)}
    try:
        return np.array([place[label] for label in labels.tolist()], dtype=np.int64)
    except KeyError as error:
        message = (
            f"assignment: {what} {error} is not in the plan, which has: {', '.join(known)}; restore the design folder"
        )
        raise DataError(message) from error


def sort_ids(unit_ids: Sequence[str] | NDArray[np.generic]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return ids as text in code point order, and the order that sorts them.

    Parameters
    ----------
    unit_ids
        ``n`` ids: text or whole numbers.

    Returns
    -------
    ids : ndarray of object (str), shape (n,)
    order : ndarray of intp, shape (n,)

    Raises
    ------
    DesignError
        When an id is missing, a float, or stands twice.
    """
    raw = np.asarray(unit_ids, dtype=object).tolist()
    kinds = set(map(type, raw))
    if not all(issubclass(kind, str | int | np.integer) for kind in kinds):
        wrong = next(value for value in raw if not isinstance(value, str | int | np.integer))
        message = f"unit_ids: {wrong!r} is not an id; ids are text or whole numbers, read them as text"
        raise DesignError(message)
    ids = np.array(raw if kinds == {str} else [str(value) for value in raw], dtype=object)
    if np.all(ids[1:] > ids[:-1]):
        return ids, np.arange(len(ids))
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    repeated = np.flatnonzero(ids[1:] == ids[:-1])
    if len(repeated):
        message = (
            f"unit_ids: '{ids[repeated[0]]}' stands twice ({len(repeated)} repeats in all); one row per unit is needed"
        )
        raise DesignError(message)
    return ids, order
