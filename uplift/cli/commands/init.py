"""``uplift init``: a spec to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.console import door, emit, say, settings_of


def init(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("spec.yaml"),
    *,
    template: Annotated[str, typer.Option(help="coupon, minimal or recorded.")] = "coupon",
) -> None:
    """Write a spec to start from.

    It is valid as it stands; its JSON Schema for editors is written beside it. Nothing is overwritten.
    """
    from uplift.errors import UsageError
    from uplift.results.files import write_atomic
    from uplift.spec.schema import shipped_schema
    from uplift.spec.templates import read_template

    settings = settings_of(ctx)
    with door(settings):
        text = read_template(template)
        target = path / "spec.yaml" if path.is_dir() else path
        if target.exists():
            message = f"{target} exists and is left as it is; choose another name, or move it away"
            raise UsageError(message)
        write_atomic(target, text.encode())
        schema = target.parent / "schema.json"
        if not schema.exists():
            write_atomic(schema, shipped_schema().encode())
        emit(settings, {"spec": str(target), "schema": str(schema)})
        say(settings, f"next: uplift validate {target}; uplift simulate --like {target} --out DIR makes its tables")
