"""What a customer is worth: arrays in, parameters and predictions out."""

from uplift.clv.bgnbd import BGNBD
from uplift.clv.fit import fit_lifetime
from uplift.clv.gamma_gamma import GammaGamma
from uplift.clv.lifetime import LifetimeModel, PurchaseModel, SpendModel
from uplift.clv.mbgnbd import MBGNBD
from uplift.clv.purchases import PurchaseSummary, summarize_purchases
from uplift.clv.surrogate import SurrogateModel, fit_surrogate

__all__ = [
    "BGNBD",
    "MBGNBD",
    "GammaGamma",
    "LifetimeModel",
    "PurchaseModel",
    "PurchaseSummary",
    "SpendModel",
    "SurrogateModel",
    "fit_lifetime",
    "fit_surrogate",
    "summarize_purchases",
]
