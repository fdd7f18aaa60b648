"""The JSON Schema of a spec's shape, for editors; it lists only what runs in this release."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from uplift.spec.model import ExperimentSpec

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

SCHEMA_FILE = "schema.json"


def spec_schema() -> dict[str, Any]:
    """Return the JSON Schema of a whole spec.

    Returns
    -------
    dict
        Draft 2020-12. Shape only: what parts must say about each other is checked when a spec is loaded.
    """
    body = ExperimentSpec.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "Experiment spec", **body}


def schema_text() -> str:
    """Return the schema as the text of ``schema.json``."""
    return json.dumps(spec_schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def shipped_schema() -> str:
    """Return the text of the ``schema.json`` that is shipped with the package."""
    return resources.files("uplift.spec").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


class _Generator(GenerateJsonSchema):
    """Leaves out titles that repeat the key, and defaults that are not plain."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        is_plain = isinstance(default, (str, int, float, bool))
        return {**inner, "default": default} if is_plain else inner
