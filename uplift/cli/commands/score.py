"""``uplift score``: who the customers are, and what each will bring."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from uplift.cli.commands.alerts import parse_midnight
from uplift.cli.console import door, emit, say, settings_of
from uplift.cli.progress import metered
from uplift.cli.runlog import logged

if TYPE_CHECKING:
    from uplift.cli.console import Value
    from uplift.results.customers import CustomerReport
    from uplift.spec import ExperimentSpec
    from uplift.workflow.score import Method

HORIZON_DAYS = 365
"""Days that are predicted, as the workflow has them."""
SPEC_FILE, PLAN_FILE = "spec.yaml", "plan.json"


def score(
    ctx: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The spec, a YAML file; or the folder of a design.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of customers.parquet, customers.json and customers.html.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Midnight before which data are known, YYYY-MM-DD; default: that of the design, else the one after "
            "the last order."
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(help="Days whose margin is predicted.", min=1)] = HORIZON_DAYS,
    method: Annotated[str, typer.Option(help="auto, bgnbd, mbgnbd, boosted or rfm.")] = "auto",
    data: Annotated[
        Path | None, typer.Option(help="Folder that the paths of tables start from; default: that of the spec.")
    ] = None,
) -> None:
    """Describe every customer and predict the value still to come.

    Stages by rule and by model, value tiers, labels, churn and its reason; historic and predicted value, the method
    chosen by what the data carry and held against what came a horizon ago. Predictions, not effects.
    """
    import uplift
    from uplift.report import write_customer_report
    from uplift.workflow import score_customers

    settings = settings_of(ctx)
    moment = parse_midnight(as_of)
    with door(settings):
        known = based(uplift.load_spec(spec / SPEC_FILE if spec.is_dir() else spec), data)
        moment = moment or planned(spec)
        with logged(out, "score"), metered(settings) as progress:
            found = score_customers(
                known,
                as_of=moment,
                horizon_days=horizon,
                method=cast("Method", method),
                progress=progress,
            )
            path = found.save(out)
            page = write_customer_report(found, out, language=settings.language)
        emit(settings, {"customers": str(path), "page": str(page), **figures(found)})
        say(settings, "scores say who is worth how much; whom an offer would move, an experiment tells: uplift design")


def based(spec: ExperimentSpec, folder: Path | None) -> ExperimentSpec:
    """Return the spec with the paths of its tables starting from a folder."""
    from uplift.spec.model import Origin

    return spec if folder is None else spec.with_origin(Origin(spec.source, folder, spec.text))


def planned(place: Path) -> datetime | None:
    """Return the moment as of which a design classified its customers; None where there is no design.

    Raises
    ------
    DataError
        When the plan cannot be read.
    """
    from uplift.results.codec import load_json

    path = place / PLAN_FILE
    moment = load_json(path).get("as_of") if path.is_file() else None
    return datetime.fromisoformat(moment) if isinstance(moment, str) else None


def figures(found: CustomerReport) -> dict[str, Value]:
    """Return the counts and sums of a run."""
    return {
        "as_of": found.info.as_of[:10],
        "horizon_days": found.info.horizon_days,
        "method": found.method.method,
        "n_units": found.info.n_units,
        "historic": found.total.historic_total,
        "predicted": found.total.predicted_total,
        "stages": {row.stage: row.n_units for row in found.stages},
        "tested": None if found.accuracy is None else found.accuracy.check.status,
    }
