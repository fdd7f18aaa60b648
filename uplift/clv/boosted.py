"""Value of the next horizon from the wide table: boosted trees, chosen by a test over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from uplift.clv.accuracy import Comparison, compare_predictions, rank
from uplift.clv.isotonic import Isotonic, fit_isotonic
from uplift.errors import EstimationError
from uplift.stats.trees import Objective, TreeRules, Trees, fit_trees, hash_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv.snapshot import Snapshot

Name = TypeVar("Name", bound=str)
Form = Literal["two_part", "two_part_log", "tweedie"]
FORMS: tuple[Form, ...] = ("two_part", "two_part_log", "tweedie")
LEAST_BUYERS = 100
RULES = TreeRules(n_rounds=300, learning_rate=0.1)
"""Enough steps to bring a chance to buy from the mean down to one in a thousand."""


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """How the methods would have done one horizon ago.

    Parameters
    ----------
    form
        The form of boosted trees that did best.
    best
        Name of the best prediction in ``comparison``: a rival, unless the form's squared error is smaller by
        more than one standard error.
    comparison
        Boosted forms, rival methods and naive predictions, fitted two horizons ago and tested one horizon ago.
    n_fit, n_test
        Units of the fit and of the test.
    horizon_days
        Length of the horizon.
    """

    form: Form
    best: str
    comparison: Comparison
    n_fit: int
    n_test: int
    horizon_days: int


@dataclass(frozen=True, slots=True)
class BoostedModel:
    """Boosted trees that predict the value of a horizon.

    Parameters
    ----------
    form
        ``two_part``: P(buys) x E[value | buys]; ``two_part_log``: the same, steps of the value multiply;
        ``tweedie``: one compound Poisson-gamma model.
    parts
        The trees: one (``tweedie``), or the chance to buy and the value.
    level
        Factor that makes predictions for the held-out half of the cohort add up to what came.
    correction
        Correction of their spread; without points where none was needed.
    n_units
        Units of the cohort of the fit.
    """

    form: Form
    parts: tuple[Trees, ...]
    level: float
    correction: Isotonic
    n_units: int

    def predict(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the expected value over the horizon.

        Parameters
        ----------
        features
            Name to column of shape (n,), as in the fit.

        Returns
        -------
        ndarray of float64, shape (n,)
            Currency units per unit, discounted to the moment of the features.
        """
        return self.correction.apply(self.level * _multiply(self.parts, features))


@dataclass(frozen=True, slots=True)
class BoostedFit:
    """A boosted model with its test over time.

    Parameters
    ----------
    model
        Fitted one horizon ago, for now.
    backtest
        Fitted two horizons ago, tested one horizon ago.
    """

    model: BoostedModel
    backtest: BacktestResult


def fit_boosted(
    earlier: Snapshot,
    later: Snapshot,
    *,
    horizon_days: int,
    categorical: tuple[str, ...] = (),
    rivals: Mapping[str, NDArray[np.float64]] | None = None,
    rules: TreeRules | None = None,
    seed: int = 0,
) -> BoostedFit:
    """Choose a form of boosted trees by a test over time, and fit it anew on the later cohort.

    Parameters
    ----------
    earlier, later
        Units two horizons and one horizon before now, with what they brought after.
    horizon_days
        Length of the horizon.
    categorical
        Names of the features that are codes.
    rivals
        Name to prediction of shape (n,) for the units of ``later`` by another method, made from what was
        known then; they stand in the comparison.
    rules
        How trees grow; 300 of them by default.
    seed
        Of samples of units.

    Returns
    -------
    BoostedFit

    Raises
    ------
    EstimationError
        When fewer than 100 units of a cohort bought.
    UsageError
        When features differ in shape or are missing later.

    Notes
    -----
    *Estimand*: E[value over the horizon | features].

    *Assumptions*: this expectation is the same in the later cohort and now. Level and spread of each fit are
    corrected within its own cohort, by trees grown on the other half of it. A difference in level between
    two periods is reported (``total_ratio`` of the backtest) and not carried on: that would add its sampling error
    and take a single change for a trend.

    A form replaces ``two_part`` only if its squared error in the test is smaller by more than one standard
    error. Beyond this choice nothing of the test's outcome is used in what the comparison shows.
    """
    grow = _Grower(categorical, rules or RULES, seed)
    for snapshot, name in ((earlier, "earlier"), (later, "later")):
        _check_buyers(snapshot.value, name, 2 * grow.rules.max_units)
    forms = _possible(earlier.value, later.value)
    tested = {form: grow.fit(form, earlier).predict(later.features) for form in forms}
    form = _choose(later.value, tested)
    shown = {str(name): value for name, value in tested.items()} | dict(rivals or {})
    comparison = compare_predictions(later.value, shown, groups=later.groups, past=later.past)
    best = _choose(later.value, dict(rivals or {}) | {str(form): tested[form]})
    backtest = BacktestResult(form, best, comparison, len(earlier.value), len(later.value), horizon_days)
    return BoostedFit(grow.fit(form, later), backtest)


def beats(actual: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether ``one`` has the smaller squared error by more than one standard error of the difference.

    Parameters
    ----------
    actual, one, other : ndarray of float64, shape (n,)
        What came, and two predictions of it.
    """
    gain = (other - actual) ** 2 - (one - actual) ** 2
    return bool(gain.mean() > gain.std() / len(gain) ** 0.5)


def _choose(actual: NDArray[np.float64], predictions: Mapping[Name, NDArray[np.float64]]) -> Name:
    """Return the first prediction, or a later one that beats the best before it."""
    best = next(iter(predictions))
    for name in predictions:
        if beats(actual, predictions[name], predictions[best]):
            best = name
    return best


def _check_buyers(value: NDArray[np.float64], name: str, most_units: int) -> None:
    n_buyers = int(np.count_nonzero(value))
    if n_buyers * min(1.0, most_units / max(len(value), 1)) < LEAST_BUYERS:
        message = (
            f"{name}: {n_buyers} of {len(value)} units brought value over the horizon, boosted trees need at least "
            f"{LEAST_BUYERS} among {min(most_units, len(value))}; take a longer horizon or another method"
        )
        raise EstimationError(message)


def _possible(*values: NDArray[np.float64]) -> tuple[Form, ...]:
    """Return the forms that the data allow: models on a log scale know no negative value."""
    return FORMS if all(value.min() >= 0 for value in values) else FORMS[:1]


@dataclass(frozen=True, slots=True)
class _Grower:
    """How a form is fitted on a cohort."""

    categorical: tuple[str, ...]
    rules: TreeRules
    seed: int

    def fit(self, form: Form, cohort: Snapshot) -> BoostedModel:
        """Return the form with level and spread corrected by what each half of the cohort says of the other."""
        value = np.asarray(cohort.value, dtype=np.float64)
        rows = self._sample(cohort.features, value)
        held_out, came = self._held_out(form, cohort.features, value, rows), value[rows]
        total = float(held_out.sum())
        level = float(came.sum()) / total if total * came.sum() > 0 else 1.0
        correction = fit_isotonic(level * held_out, came)
        return BoostedModel(form, self._grow(form, cohort.features, value), level, correction, len(value))

    def _sample(self, features: Mapping[str, NDArray[np.float64]], value: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return rows in the order of a hash, no more than two fits need."""
        columns = [np.asarray(features[name], dtype=np.float64) for name in sorted(features)]
        # By the rank of the value, so that the halves are the same in any currency.
        return hash_order([*columns, rank(value)], seed=self.seed)[: 2 * self.rules.max_units]

    def _held_out(
        self,
        form: Form,
        features: Mapping[str, NDArray[np.float64]],
        value: NDArray[np.float64],
        rows: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Return what trees grown on every other row say of the rows between, in the order of ``rows``."""
        out = np.empty(len(rows))
        for here, there in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
            parts = self._grow(form, _rows(features, rows[there]), value[rows[there]])
            out[here] = _multiply(parts, _rows(features, rows[here]))
        return out

    def _grow(
        self, form: Form, features: Mapping[str, NDArray[np.float64]], value: NDArray[np.float64]
    ) -> tuple[Trees, ...]:
        if form == "tweedie":
            return (self._trees(features, value, "log_mean"),)
        bought = value != 0
        kind: Objective = "mean" if form == "two_part" else "positive_mean"
        chance = self._trees(features, bought.astype(np.float64), "probability")
        return (chance, self._trees(_rows(features, np.flatnonzero(bought)), value[bought], kind))

    def _trees(
        self, features: Mapping[str, NDArray[np.float64]], target: NDArray[np.float64], objective: Objective
    ) -> Trees:
        return fit_trees(
            features, target, objective=objective, categorical=self.categorical, rules=self.rules, seed=self.seed
        )


def _rows(features: Mapping[str, NDArray[np.float64]], rows: NDArray[np.intp]) -> Mapping[str, NDArray[np.float64]]:
    return {name: np.asarray(column)[rows] for name, column in features.items()}


def _multiply(parts: tuple[Trees, ...], features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    out = parts[0].predict(features)
    for part in parts[1:]:
        out = out * part.predict(features)
    return out
