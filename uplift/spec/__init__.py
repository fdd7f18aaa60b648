"""What the user wrote: the models of the spec, its loader, the metrics and the conditions."""

from __future__ import annotations

from uplift.spec.loader import load_spec, parse_spec
from uplift.spec.model import ExperimentSpec

__all__ = ["ExperimentSpec", "load_spec", "parse_spec"]
