"""``uplift alerts``: which customers are about to be lost, and whether such alerts were right before."""

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
    from uplift.results.alerts import AlertReport

WEEKS = 26
FRESH_DAYS = 28
"""Days for which parameters serve, as the workflow has them."""


def alerts(
    ctx: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The spec, a YAML file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of alerts.parquet, alerts.json and alerts.html.")],
    as_of: Annotated[
        str | None,
        typer.Option(help="Midnight before which data are known, YYYY-MM-DD; default: the one after the last order."),
    ] = None,
    weeks: Annotated[int, typer.Option(help="Weeks to judge.", min=1)] = WEEKS,
    model: Annotated[
        Path | None, typer.Option(help="alerts.json of an earlier run: its parameters serve, and its index goes on.")
    ] = None,
    refit_days: Annotated[int, typer.Option(help="Parameters serve so many days from their fit.", min=0)] = FRESH_DAYS,
) -> None:
    """Find the customers whose value and activity fall.

    Values customers week by week with parameters that do not move, colours the strata, lists customers with their
    reasons, and holds past alerts against what came. Predictions, not effects.
    """
    import uplift
    from uplift.report import write_alert_report
    from uplift.workflow import find_alerts

    settings = settings_of(ctx)
    moment = parse_midnight(as_of)
    with door(settings):
        previous = read_previous(model)
        known = uplift.load_spec(spec)
        with logged(out, "alerts"), metered(settings) as progress:
            found = find_alerts(
                known, as_of=moment, weeks=weeks, previous=previous, refit_days=refit_days, progress=progress
            )
            path = found.save(out)
            page = write_alert_report(found, out, language=settings.language)
        emit(settings, {"alerts": str(path), "page": str(page), **figures(found)})
        say(settings, "alerts foresee; whom an offer would keep, an experiment tells: uplift design")


def parse_midnight(text: str | None) -> datetime | None:
    """Return the naive local midnight that ``--as-of`` names.

    Raises
    ------
    typer.BadParameter
        When it is not an ISO date.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or moment != datetime.combine(moment.date(), datetime.min.time()):
        message = f"'{text}' is not a local date; write it as 2026-08-01"
        raise typer.BadParameter(message, param_hint="--as-of")
    return moment


def read_previous(path: Path | None) -> AlertReport | None:
    """Return the alerts of an earlier run.

    Raises
    ------
    DataError
        When the file does not hold alerts.
    """
    from uplift.results.alerts import AlertReport

    return None if path is None else AlertReport.load(path)


def figures(found: AlertReport) -> dict[str, Value]:
    """Return the counts of a run."""
    colours = [group.colour for group in found.groups]
    return {
        "as_of": found.info.as_of[:10],
        "judged": found.total.n_judged,
        "at_risk": found.total.at_risk,
        "new_at_risk": found.total.new_at_risk,
        "warned": sum(found.total.warned),
        "cross_category": found.total.cross_category,
        "strata": {colour: colours.count(colour) for colour in ("red", "amber", "green", "none")},
        "model_reused": found.model.reused,
    }
