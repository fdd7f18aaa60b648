"""What each customer will bring over a horizon, by the method that the data can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from uplift.clv.boosted import BacktestResult, BoostedFit, BoostedModel, fit_boosted
from uplift.clv.fit import fit_lifetime
from uplift.clv.lifetime import LifetimeModel
from uplift.clv.rfm import RfmModel, fit_rfm
from uplift.clv.snapshot import PurchaseHistory, check_purchases
from uplift.errors import EstimationError, UsageError
from uplift.results.facts import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv.snapshot import WideHistory
    from uplift.results.facts import Facts

Method = Literal["bgnbd", "mbgnbd", "boosted", "rfm"]
Model = LifetimeModel | BoostedModel | RfmModel
AskedMethod = Literal["auto", "bgnbd", "mbgnbd", "boosted", "rfm"]
DEPENDENCE, DRIFT, OUTSIDE = 0.3, 0.1, 0.01


@dataclass(frozen=True, slots=True)
class Maturity:
    """What the data must hold before ``auto`` takes a method.

    Parameters
    ----------
    boosted_horizons
        Horizons of history for boosted trees and their test over time.
    boosted_buyers
        Customers with an order for them.
    lifetime_days
        Days of history for BG/NBD with Gamma-Gamma.
    lifetime_repeaters
        Customers with orders on two days or more for it.
    most_dependence
        Largest absolute correlation of frequency and value that Gamma-Gamma, which takes it for 0, may meet.
    """

    boosted_horizons: float = 2.0
    boosted_buyers: int = 2000
    lifetime_days: float = 182.0
    lifetime_repeaters: int = 200
    most_dependence: float = DEPENDENCE


@dataclass(frozen=True, slots=True, eq=False)
class ClvPrediction:
    """Predicted value per unit, and why it was predicted so.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Expected margin over the horizon per unit, discounted to now, in the currency.
    method
        What predicted it.
    reason
        Why: a code ``note.clv.method.…`` with its facts.
    notes
        What to keep in mind: codes ``note.clv.…``.
    model
        The fitted model, to be kept frozen.
    backtest
        The test over time; None where there was none.
    horizon_days, annual_discount_rate
        What was valued.
    n_units, n_buyers, n_repeaters
        Units, those with an order, those with orders on two days or more.
    """

    value: NDArray[np.float64]
    method: Method
    reason: Note
    notes: tuple[Note, ...]
    model: Model
    backtest: BacktestResult | None
    horizon_days: int
    annual_discount_rate: float
    n_units: int
    n_buyers: int
    n_repeaters: int


def predict_clv(
    history: PurchaseHistory,
    *,
    horizon_days: int = 365,
    annual_discount_rate: float = 0.1,
    method: AskedMethod = "auto",
    wide: WideHistory | None = None,
    maturity: Maturity | None = None,
    seed: int = 0,
) -> ClvPrediction:
    """Predict what each unit will bring.

    Parameters
    ----------
    history
        Purchases of n units, as of now, times in days.
    horizon_days, annual_discount_rate
        What is valued: margin of the orders of so many days, a day t counted (1 + rate)^(-t/365).
    method
        ``bgnbd`` or ``mbgnbd`` (with Gamma-Gamma), ``boosted`` (needs ``wide``), ``rfm`` (weighted scores), or
        ``auto``: with a wide table, two horizons of history and 2,000 buyers, boosted trees or BG/NBD by a test
        over time (boosted only if its squared error is smaller by more than one standard error); else
        BG/NBD with 26 weeks of history, 200 repeaters and frequency hardly correlated with value; else
        ``rfm``.
    wide
        The wide table now, one and two horizons ago, the latter two with what came after.
    maturity
        Other limits for ``auto``.
    seed
        Of samples in boosted trees.

    Returns
    -------
    ClvPrediction

    Raises
    ------
    UsageError
        When the method is unknown, ``boosted`` lacks the wide table, or arrays do not fit.
    EstimationError
        When the method that was asked for cannot be fitted.

    Notes
    -----
    *Estimand*: E[discounted margin over the horizon | history] without a change in how the market works. A unit
    without an order is valued by what such units brought a horizon ago, where that is known, and at 0 else.

    References
    ----------
    Fader, Hardie and Lee (2005), *Marketing Science* 24(2). Fader and Hardie (2013), note 025.
    """
    if method not in get_args(AskedMethod):
        message = f"method: {method!r}, must be one of {', '.join(get_args(AskedMethod))}"
        raise UsageError(message)
    if horizon_days <= 0:
        message = f"horizon_days: {horizon_days}, must be above 0"
        raise UsageError(message)
    _check_now(wide, len(history))
    task = _Task(check_purchases(history), horizon_days, annual_discount_rate, wide, seed)
    return _choose(task, maturity or Maturity()) if method == "auto" else _run(task, method)


def _check_now(wide: WideHistory | None, n_units: int) -> None:
    for name, column in (wide.now if wide else {}).items():
        if len(column) != n_units:
            message = f"wide.now[{name!r}]: has {len(column)} units, must have the {n_units} of history, in its order"
            raise UsageError(message)


@dataclass(frozen=True, slots=True)
class _Task:
    history: PurchaseHistory
    horizon_days: int
    rate: float
    wide: WideHistory | None
    seed: int

    def value(self, model: LifetimeModel, history: PurchaseHistory, *, no_order: float) -> NDArray[np.float64]:
        value = model.residual_value(
            history.frequency,
            history.recency,
            history.age,
            history.mean_value,
            start_days=0.0,
            end_days=float(self.horizon_days),
            annual_discount_rate=self.rate,
        )
        return np.where(history.bought, value, no_order)

    @property
    def no_order(self) -> float:
        """Mean value over a horizon of those who had no order before it."""
        if self.wide is None or self.wide.later.history is None:
            return 0.0
        value = np.asarray(self.wide.later.value, dtype=np.float64)[~self.wide.later.history.bought]
        return float(value.mean()) if len(value) else 0.0

    def answer(
        self,
        value: NDArray[np.float64],
        method: Method,
        reason: Note,
        model: Model,
        *,
        notes: tuple[Note, ...] = (),
        backtest: BacktestResult | None = None,
    ) -> ClvPrediction:
        return ClvPrediction(
            value=value,
            method=method,
            reason=reason,
            notes=notes,
            model=model,
            backtest=backtest,
            horizon_days=self.horizon_days,
            annual_discount_rate=self.rate,
            n_units=len(self.history),
            n_buyers=self.history.n_buyers,
            n_repeaters=self.history.n_repeaters,
        )


def _choose(task: _Task, maturity: Maturity) -> ClvPrediction:
    """Return the prediction of the most demanding method that the data carry."""
    history = task.history
    if (
        task.wide is not None
        and history.span_days >= maturity.boosted_horizons * task.horizon_days
        and history.n_buyers >= maturity.boosted_buyers
    ):
        return _run_tested(task, task.wide)
    short = _immature(history, maturity)
    if short is not None:
        return _answer_rfm(task, short)
    try:
        model = _fit(history, "bgnbd")
    except EstimationError as error:
        return _answer_rfm(task, Note("note.clv.method.not_fitted", {"detail": str(error)}))
    if abs(model.spend.correlation) > maturity.most_dependence:
        reason = _method_note("dependent", correlation=model.spend.correlation, most=maturity.most_dependence)
        return _answer_rfm(task, reason)
    reason = _method_note("lifetime", days=int(history.span_days), repeaters=history.n_repeaters)
    return _answer_lifetime(task, model, reason)


def _immature(history: PurchaseHistory, maturity: Maturity) -> Note | None:
    if history.span_days < maturity.lifetime_days:
        return _method_note("short_history", days=int(history.span_days), needed=int(maturity.lifetime_days))
    if history.n_repeaters < maturity.lifetime_repeaters:
        return _method_note("few_repeaters", repeaters=history.n_repeaters, needed=maturity.lifetime_repeaters)
    return None


def _run_tested(task: _Task, wide: WideHistory) -> ClvPrediction:
    """Let boosted trees and BG/NBD, fitted on what was known one horizon ago, predict what came."""
    model, rivals = _rival(task, wide)
    fitted = _fit_boosted(task, wide, rivals)
    test = fitted.backtest
    rmse = test.comparison.overall(test.form).rmse
    if model is None:
        reason = Note("note.clv.method.alone", {"n": test.n_test, "rmse": rmse})
        return _answer_boosted(task, wide, fitted, reason)
    other = test.comparison.overall("bgnbd").rmse
    if test.best != "bgnbd":
        reason = _tested_note(test, "boosted", rmse, "bgnbd", other)
        return _answer_boosted(task, wide, fitted, reason)
    return _answer_lifetime(task, model, _tested_note(test, "bgnbd", other, "boosted", rmse), backtest=test)


def _tested_note(test: BacktestResult, method: Method, rmse: float, rival: Method, rival_rmse: float) -> Note:
    facts: Facts = {"method": method, "rmse": rmse, "rival": rival, "rival_rmse": rival_rmse, "n": test.n_test}
    return Note("note.clv.method.backtest", facts)


def _rival(task: _Task, wide: WideHistory) -> tuple[LifetimeModel | None, Mapping[str, NDArray[np.float64]]]:
    """Return BG/NBD now, and its prediction one horizon ago; nothing where it cannot be fitted then or now."""
    if wide.later.history is None:
        return None, {}
    then = check_purchases(wide.later.history)
    try:
        now, before = _fit(task.history, "bgnbd"), _fit(then, "bgnbd")
    except EstimationError:
        return None, {}
    return now, {"bgnbd": task.value(before, then, no_order=0.0)}


def _fit_boosted(task: _Task, wide: WideHistory, rivals: Mapping[str, NDArray[np.float64]]) -> BoostedFit:
    return fit_boosted(
        wide.earlier,
        wide.later,
        horizon_days=task.horizon_days,
        categorical=wide.categorical,
        rivals=rivals,
        seed=task.seed,
    )


def _answer_boosted(task: _Task, wide: WideHistory, fitted: BoostedFit, reason: Note) -> ClvPrediction:
    value = fitted.model.predict(wide.now)
    notes = (*_say_drift(fitted.backtest), *_say_outside(wide))
    return task.answer(value, "boosted", reason, fitted.model, notes=notes, backtest=fitted.backtest)


def _answer_lifetime(
    task: _Task, model: LifetimeModel, reason: Note, *, backtest: BacktestResult | None = None
) -> ClvPrediction:
    value = task.value(model, task.history, no_order=task.no_order)
    drift = _say_drift(backtest) if backtest else ()
    notes = (*_say_dependence(model), *drift, *_say_no_order(task))
    return task.answer(value, model.purchase.kind, reason, model, notes=notes, backtest=backtest)


def _answer_rfm(task: _Task, reason: Note) -> ClvPrediction:
    past = task.wide.later if task.wide else None
    model = fit_rfm(task.history, horizon_days=task.horizon_days, annual_discount_rate=task.rate, past=past)
    guessed = (Note("note.clv.heuristic"),) if model.basis == "heuristic" else ()
    return task.answer(model.predict(task.history), "rfm", reason, model, notes=(*guessed, *_say_no_order(task)))


def _run(task: _Task, method: Method) -> ClvPrediction:
    """Return the prediction of the method that was asked for."""
    reason = Note("note.clv.method.asked", {"method": method})
    if method == "rfm":
        return _answer_rfm(task, reason)
    if method != "boosted":
        return _answer_lifetime(task, _fit(task.history, method), reason)
    if task.wide is None:
        message = "wide: not given, but the method 'boosted' learns from the wide table at three moments; give it"
        raise UsageError(message)
    return _answer_boosted(task, task.wide, _fit_boosted(task, task.wide, {}), reason)


def _fit(history: PurchaseHistory, kind: Literal["bgnbd", "mbgnbd"]) -> LifetimeModel:
    return fit_lifetime(history.frequency, history.recency, history.age, history.mean_value, kind=kind)


def _method_note(code: str, **facts: float) -> Note:
    return Note(f"note.clv.method.{code}", facts)


def _say_dependence(model: LifetimeModel) -> tuple[Note, ...]:
    correlation = model.spend.correlation
    return (Note("note.clv.dependence", {"correlation": correlation}),) if abs(correlation) > DEPENDENCE else ()


def _say_drift(test: BacktestResult) -> tuple[Note, ...]:
    """Say that the total of the test was off by more than a tenth and by more than chance."""
    row = test.comparison.overall(test.best)
    if abs(row.total_ratio - 1) <= DRIFT or row.ratio_lower <= 1 <= row.ratio_upper:
        return ()
    facts = {"ratio": row.total_ratio, "lower": row.ratio_lower, "upper": row.ratio_upper}
    return (Note("note.clv.drift", facts),)


def _say_outside(wide: WideHistory) -> tuple[Note, ...]:
    """Say how many units have a number beyond all that the trees have seen."""
    outside = np.zeros(len(next(iter(wide.now.values()))), dtype=np.bool_)
    for name, column in wide.later.features.items():
        seen = np.asarray(column, dtype=np.float64)
        if name not in wide.categorical and np.isfinite(seen).any():
            here = np.asarray(wide.now[name], dtype=np.float64)
            outside |= (here < np.nanmin(seen)) | (here > np.nanmax(seen))
    share = float(outside.mean())
    return (Note("note.clv.outside", {"share": share}),) if share > OUTSIDE else ()


def _say_no_order(task: _Task) -> tuple[Note, ...]:
    n = len(task.history) - task.history.n_buyers
    return (Note("note.clv.no_order", {"n": n, "value": task.no_order}),) if n else ()
