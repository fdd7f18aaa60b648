"""What a customer is worth."""

from __future__ import annotations

from uplift.clv.surrogate import SurrogateModel, fit_surrogate

__all__ = ["SurrogateModel", "fit_surrogate"]
