"""What a customer is worth: arrays in, parameters and predictions out."""

from uplift.clv.lifetime import LifetimeModel, PurchaseModel, SpendModel
from uplift.clv.surrogate import SurrogateModel, fit_surrogate

__all__ = ["LifetimeModel", "PurchaseModel", "SpendModel", "SurrogateModel", "fit_surrogate"]
