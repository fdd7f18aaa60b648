"""What a customer is worth: arrays in, parameters and predictions out."""

from uplift.clv.accuracy import (
    AccuracyRow,
    Comparison,
    DecileRow,
    PastYear,
    check_value_calibration,
    compare_predictions,
    naive_predictions,
)
from uplift.clv.bgnbd import BGNBD
from uplift.clv.boosted import BacktestResult, BoostedFit, BoostedModel, fit_boosted
from uplift.clv.drivers import DriverRow, DriverTable, find_drivers
from uplift.clv.fit import fit_lifetime
from uplift.clv.gamma_gamma import GammaGamma
from uplift.clv.lifetime import LifetimeModel, PurchaseModel, SpendModel
from uplift.clv.mbgnbd import MBGNBD
from uplift.clv.predict import ClvPrediction, Maturity, predict_clv
from uplift.clv.purchases import PurchaseSummary, summarize_purchases
from uplift.clv.rfm import RfmModel, RfmRule, RfmScale, fit_rfm
from uplift.clv.snapshot import PurchaseHistory, Snapshot, WideHistory
from uplift.clv.surrogate import SurrogateModel, fit_surrogate

__all__ = [
    "BGNBD",
    "MBGNBD",
    "AccuracyRow",
    "BacktestResult",
    "BoostedFit",
    "BoostedModel",
    "ClvPrediction",
    "Comparison",
    "DecileRow",
    "DriverRow",
    "DriverTable",
    "GammaGamma",
    "LifetimeModel",
    "Maturity",
    "PastYear",
    "PurchaseHistory",
    "PurchaseModel",
    "PurchaseSummary",
    "RfmModel",
    "RfmRule",
    "RfmScale",
    "Snapshot",
    "SpendModel",
    "SurrogateModel",
    "WideHistory",
    "check_value_calibration",
    "compare_predictions",
    "find_drivers",
    "fit_boosted",
    "fit_lifetime",
    "fit_rfm",
    "fit_surrogate",
    "naive_predictions",
    "predict_clv",
    "summarize_purchases",
]
