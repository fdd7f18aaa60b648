"""What a customer is worth: arrays in, parameters and predictions out."""

from uplift.clv.surrogate import SurrogateModel, fit_surrogate

__all__ = ["SurrogateModel", "fit_surrogate"]
