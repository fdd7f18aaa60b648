"""``uplift analyze``: what the campaign added, and where its money should go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplift.cli.console import door, emit, say, settings_of
from uplift.cli.progress import metered
from uplift.cli.runlog import logged

if TYPE_CHECKING:
    from uplift.cli.console import Value
    from uplift.results import Analysis


def analyze(
    ctx: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The spec, a YAML file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of analysis.json.")],
    design: Annotated[Path | None, typer.Option(help="Folder of the design that drew the arms.")] = None,
    through: Annotated[
        str | None, typer.Option(help="Midnight before which data are complete, YYYY-MM-DD; default: from the data.")
    ] = None,
) -> None:
    """Measure what the campaign added.

    Verifies the lock, estimates effects, runs the checks, decides, and writes analysis.json. Exits with 5 after
    writing when a gate failed.
    """
    import uplift

    settings = settings_of(ctx)
    moment = parse_moment(through)
    with door(settings):
        known = uplift.load_spec(spec)
        plan = None if design is None else uplift.Design.load(design)
        with logged(out, "analyze"), metered(settings) as progress:
            found = uplift.analyze_experiment(known, plan, through=moment, progress=progress)
            path = found.save(out)
        emit(settings, {"analysis": str(path), **verdict(found, settings.language)})
        say(settings, f"next: uplift report {out}")
        refuse_invalid(found)


def parse_moment(text: str | None) -> datetime | None:
    """Return the naive local moment that ``--through`` names.

    Raises
    ------
    typer.BadParameter
        When it is not an ISO date or moment, or has an offset.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        message = f"'{text}' is not a local date or moment; write it as 2026-08-01 or 2026-08-01T06:00"
        raise typer.BadParameter(message, param_hint="--through")
    return moment


def verdict(found: Analysis, language: str | None) -> dict[str, Value]:
    """Return how an analysis ends: the decision and its sentence."""
    from uplift.report.summary import say_verdict

    return {"verdict": found.verdict.decision, "headline": say_verdict(found, language=language)}


def refuse_invalid(found: Analysis) -> None:
    """Raise when a gate failed, after everything was written.

    Raises
    ------
    SampleRatioError
        When the arms have, or lost, the wrong shares of their units.
    LockError
        When the units are not those of the lock.
    EstimationError
        When another gate failed.
    """
    from uplift.errors import EstimationError, LockError, SampleRatioError

    if found.verdict.decision != "invalid":
        return
    failed = sorted({check.name for check in found.checks if check.status == "fail"})
    message = (
        f"the verdict is invalid because these checks failed: {', '.join(failed)}; the report says what to look at"
    )
    if any(name.startswith("srm.") for name in failed):
        raise SampleRatioError(message)
    if any(name.startswith(("lock", "assignment")) for name in failed):
        raise LockError(message)
    raise EstimationError(message)
