"""Stages by the lifetime model alone, held against the stages by rule, and against what came."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.isotonic import pool_violators
from uplift.customers.axes import NONE_LEVEL, Axis, quantile_cuts
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv import PurchaseModel

MODEL_STAGES = ("active", "silent", "lost", NONE_LEVEL)
MODEL_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "active": {"zh": "活跃客", "en": "Active"},
        "silent": {"zh": "沉默客", "en": "Silent"},
        "lost": {"zh": "流失客", "en": "Lost"},
        NONE_LEVEL: {"zh": "无订单", "en": "no orders"},
    }
)
AGREES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("new", "growing", "active", "mature"), frozenset({"active"})),
        "declining": frozenset({"active", "silent"}),
        "silent": frozenset({"silent"}),
        "lost": frozenset({"lost"}),
    }
)
"""Stage by rule to the stages by model that say the same; who is new or growing the model cannot tell."""
N_BANDS = 10


@dataclass(frozen=True, slots=True)
class ModelBorders:
    """Borders of the stages by model.

    Parameters
    ----------
    lost_alive, silent_alive
        Lost, and silent, when P(alive) is below.
    lost_orders, silent_orders
        The same in expected orders of the next ``horizon_days``, for units whose P(alive) says nothing.
    horizon_days
        Days of the expected orders.
    """

    lost_alive: float
    silent_alive: float
    lost_orders: float
    silent_orders: float
    horizon_days: float = 90.0


def find_borders(
    alive: NDArray[np.float64],
    expected_orders: NDArray[np.float64],
    *,
    lost_alive: float = 0.1,
    silent_alive: float = 0.4,
    horizon_days: float = 90.0,
) -> ModelBorders:
    """Put the borders on P(alive) on the scale of expected orders as well.

    P(alive) is 1 for one-time buyers under BG/NBD and tells nothing of them. Their borders are the expected
    orders below which the same share of the other units lies as below the borders on P(alive).

    Parameters
    ----------
    alive : ndarray of float, shape (n,)
        Chance to be there still; NaN without an order.
    expected_orders : ndarray of float, shape (n,)
        Expected orders in the next ``horizon_days``.
    lost_alive, silent_alive
        Borders on P(alive), for example from :func:`calibrate_alive`.
    horizon_days
        Kept in the answer.

    Returns
    -------
    ModelBorders
        With borders of 0 orders where P(alive) tells of nobody.
    """
    told = alive < 1
    known = expected_orders[told]
    shares = [float(np.mean(alive[told] < border)) if len(known) else 0.0 for border in (lost_alive, silent_alive)]
    lost, silent = (quantile_cuts(known, (share,))[0] if share > 0 else 0.0 for share in shares)
    return ModelBorders(lost_alive, silent_alive, lost, max(lost, silent), horizon_days)


def classify_by_model(
    alive: NDArray[np.float64], expected_orders: NDArray[np.float64], *, borders: ModelBorders
) -> Axis:
    """Give each unit the stage that the lifetime model alone implies: active, silent or lost.

    Parameters
    ----------
    alive : ndarray of float, shape (n,)
        Chance to be there still; NaN without an order, 1 where the model cannot tell.
    expected_orders : ndarray of float, shape (n,)
        Expected orders in the next ``borders.horizon_days``; read where P(alive) is 1.
    borders
        From :func:`find_borders`.

    Returns
    -------
    Axis
        ``lifecycle_model`` with the levels ``active``, ``silent``, ``lost`` and ``none`` (no order).
    """
    told = alive < 1
    lost = np.where(told, alive < borders.lost_alive, expected_orders < borders.lost_orders)
    silent = np.where(told, alive < borders.silent_alive, expected_orders < borders.silent_orders)
    codes = np.select([np.isnan(alive), lost, silent], [3, 2, 1], 0)
    rule = {
        "lost_alive": borders.lost_alive,
        "silent_alive": borders.silent_alive,
        "lost_orders": borders.lost_orders,
        "silent_orders": borders.silent_orders,
        "horizon_days": borders.horizon_days,
    }
    return Axis("lifecycle_model", MODEL_STAGES, MODEL_NAMES, codes.astype(np.int64), rule=rule)


@dataclass(frozen=True, slots=True)
class StageDisagreement:
    """Stages by rule against stages by model.

    Parameters
    ----------
    rule_levels, model_levels
        Rows and columns of ``counts``.
    counts
        Units per stage by rule and stage by model.
    n_compared
        Units of which both speak.
    n_disagree
        Of these, the units whose two stages contradict each other.
    """

    rule_levels: tuple[str, ...]
    model_levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n_compared: int
    n_disagree: int

    @property
    def share(self) -> float | None:
        """Share of the compared units that disagree; None when none was compared."""
        return self.n_disagree / self.n_compared if self.n_compared else None


def compare_stages(by_rule: Axis, by_model: Axis) -> StageDisagreement:
    """Cross the stages by rule with those by model.

    New, growing, active and mature agree with active; declining with active and silent; lost of ``six_stage``,
    which holds the silent too, with silent and lost. Units without an order are not compared, nor are stages
    of a company's own that have other names.

    Parameters
    ----------
    by_rule
        Lifecycle of ``n`` units.
    by_model
        From :func:`classify_by_model`, of the same units.

    Raises
    ------
    DataError
        When the two are not of the same number of units.
    """
    if len(by_rule.codes) != len(by_model.codes):
        message = f"stages of {len(by_rule.codes)} and of {len(by_model.codes)} units; give both of the same units"
        raise DataError(message)
    shape = (len(by_rule.levels), len(by_model.levels))
    flat = np.bincount(by_rule.codes * shape[1] + by_model.codes, minlength=shape[0] * shape[1])
    counts = flat.reshape(shape)
    compared, apart = 0, 0
    for row, stage in enumerate(by_rule.levels):
        same = _agrees(stage, by_rule.levels)
        for column, other in enumerate(by_model.levels):
            if same and other != NONE_LEVEL:
                compared += int(counts[row, column])
                apart += int(counts[row, column]) * (other not in same)
    table = tuple(tuple(row) for row in counts.tolist())
    return StageDisagreement(by_rule.levels, by_model.levels, table, compared, apart)


def _agrees(stage: str, levels: tuple[str, ...]) -> frozenset[str]:
    if stage == "lost" and "silent" not in levels:
        return frozenset({"silent", "lost"})
    return AGREES.get(stage, frozenset())


@dataclass(frozen=True, slots=True)
class AliveBand:
    """Units of similar P(alive), and what they did in the following window.

    Parameters
    ----------
    n_units
        Units of the band.
    alive
        Their mean P(alive).
    predicted
        Share that the model expects to buy in the window.
    observed, std_error
        Share that bought, and its standard error.
    calibrated
        P(alive) that would have foretold the observed share, on a line that does not fall over the bands.
    """

    n_units: int
    alive: float
    predicted: float
    observed: float
    std_error: float
    calibrated: float


@dataclass(frozen=True, slots=True)
class AliveCalibration:
    """P(alive) at a past moment against purchases in the window after it.

    Parameters
    ----------
    bands
        Deciles of P(alive), ties together.
    lost_alive, silent_alive
        P(alive) at which the calibrated chance passes the two borders.
    n_left_out
        Units of which P(alive) tells nothing: one purchase day under BG/NBD, or no order.
    """

    bands: tuple[AliveBand, ...]
    lost_alive: float
    silent_alive: float
    n_left_out: int


def buys_if_alive(
    model: PurchaseModel, frequency: NDArray[np.int64], age: NDArray[np.float64], *, horizon: float
) -> NDArray[np.float64]:
    """Return the chance of a purchase within ``horizon`` of a unit that is there still, shape (n,).

    Given that, its rate is Gamma(r + x, alpha + T), so no purchase has the chance
    ((alpha + T) / (alpha + T + horizon)) ** (r + x), whatever the law of dropout.
    """
    scale = model.alpha + age
    return np.asarray(1.0 - (scale / (scale + horizon)) ** (model.r + frequency))


def calibrate_alive(
    alive: NDArray[np.float64],
    if_alive: NDArray[np.float64],
    bought: NDArray[np.bool_],
    *,
    lost: float = 0.1,
    silent: float = 0.4,
) -> AliveCalibration:
    """Hold P(alive) against purchases in the next window of the past, and move the borders accordingly.

    Parameters
    ----------
    alive : ndarray of float, shape (n,)
        P(alive) at a moment of the past, by a model that knew nothing later.
    if_alive : ndarray of float, shape (n,)
        Chance to buy in the window after it when there still, from :func:`buys_if_alive`.
    bought : ndarray of bool, shape (n,)
        Whether the unit did.
    lost, silent
        Chances at which the borders should lie.

    Returns
    -------
    AliveCalibration
        The borders are read off the line through the bands' mean and calibrated chances, after bands whose
        chances do not rise are pooled; 0 where all chances lie above a border, 1 where all lie below.

    Raises
    ------
    DataError
        When P(alive) tells of nobody.

    References
    ----------
    Ayer et al. (1955), Annals of Mathematical Statistics 26 (pooling of adjacent violators).
    """
    told = alive < 1
    if not told.any():
        message = "alive: no unit has a chance below 1; a calibration needs units with repeat purchases"
        raise DataError(message)
    kept, hoped, came = alive[told], if_alive[told], bought[told]
    cuts = quantile_cuts(kept, [k / N_BANDS for k in range(1, N_BANDS)])
    band = np.searchsorted(np.asarray(sorted(set(cuts))), kept, side="right")
    _, code, n = np.unique(band, return_inverse=True, return_counts=True)
    means = [np.bincount(code, each) / n for each in (kept, kept * hoped, came.astype(np.float64), hoped)]
    chance, predicted, observed, full = means
    chances = np.divide(observed, full, out=np.zeros(len(n)), where=full > 0)
    line = pool_violators(chance * n, chances * n, n.astype(np.float64))
    calibrated = np.interp(chance, line[0], line[1])
    error = np.sqrt(observed * (1 - observed) / n)
    table = [each.tolist() for each in (n, chance, predicted, observed, error, calibrated)]
    return AliveCalibration(
        bands=tuple(AliveBand(*row) for row in zip(*table, strict=True)),
        lost_alive=float(np.interp(lost, line[1], line[0], left=0.0, right=1.0)),
        silent_alive=float(np.interp(silent, line[1], line[0], left=0.0, right=1.0)),
        n_left_out=int((~told).sum()),
    )
