"""``uplift validate``: does a spec run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from uplift.cli.console import door, emit, settings_of

if TYPE_CHECKING:
    from uplift.cli.console import Value
    from uplift.errors import SpecError


def validate(ctx: typer.Context, spec: Annotated[str, typer.Argument(help="The spec, a YAML file.")]) -> None:
    """Check a spec without touching any table.

    Lists every problem of the first phase that fails, each with its place and the way out.
    """
    import uplift
    from uplift.errors import SpecError

    settings = settings_of(ctx)
    with door(settings):
        try:
            known = uplift.load_spec(spec)
        except SpecError as error:
            if settings.as_json:
                emit(settings, {"valid": False, "problems": _listed(error)})
            raise
        emit(settings, {"valid": True, "experiment": known.experiment.id, "arms": [arm.id for arm in known.arms]})


def _listed(error: SpecError) -> list[Value]:
    return [asdict(problem) for problem in error.problems]
