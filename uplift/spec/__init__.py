"""What the user wrote: the models of the spec, its loader, the metrics and the conditions."""

from __future__ import annotations

from uplift.spec.loader import load_spec, parse_spec
from uplift.spec.model import ExperimentSpec
from uplift.spec.protocol import protocol
from uplift.spec.schema import spec_schema
from uplift.spec.templates import list_templates, read_template

__all__ = ["ExperimentSpec", "list_templates", "load_spec", "parse_spec", "protocol", "read_template", "spec_schema"]
