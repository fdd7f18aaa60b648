"""``uplift schema``: the JSON Schema of a spec."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON Schema of a spec.

    For editors; it lists what runs in this release.
    """
    from uplift.spec.schema import schema_text

    typer.echo(schema_text(), nl=False)
