"""``uplift design``: who gets which arm, and the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplift.cli.console import door, emit, say, settings_of
from uplift.cli.progress import metered
from uplift.cli.runlog import logged

if TYPE_CHECKING:
    from uplift import Design
    from uplift.cli.console import Value


def design(
    ctx: typer.Context,
    spec: Annotated[Path, typer.Argument(help="The spec, a YAML file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the design; must not hold one yet.")],
) -> None:
    """Draw the arms and lock the protocol.

    Classifies customers as of the design date, draws within strata, says how small an effect can be seen, and
    writes plan, assignment, lock and design.html.
    """
    import uplift

    settings = settings_of(ctx)
    with door(settings):
        refuse_design(out)
        known = uplift.load_spec(spec)
        with logged(out, "design"), metered(settings) as progress:
            drawn = uplift.design_experiment(known, progress=progress)
            drawn.save(out)
            page = uplift.write_design_report(drawn.summary, out, language=settings.language)
        emit(settings, {"design": str(out), "page": str(page), **figures(drawn)})
        say(settings, f"next: run the campaign, then: uplift analyze {spec} --design {out} --out DIR")


def refuse_design(folder: Path) -> None:
    """Refuse a folder that holds a design already: its lock and parts are never rewritten.

    Raises
    ------
    DesignError
        When there is one.
    """
    from uplift.errors import DesignError

    if (folder / "lock.json").exists():
        message = f"--out {folder} holds a locked design, and a lock is never rewritten; choose another folder"
        raise DesignError(message)


def figures(drawn: Design) -> dict[str, Value]:
    """Return the counts of a design, by arm for JSON."""
    summary = drawn.summary
    counts = [sum(row) for row in zip(*(one.counts for one in summary.split), strict=True)]
    arms = [arm.id for arm in summary.experiment.arms]
    return {
        "eligible": summary.experiment.n_eligible,
        "assigned": summary.experiment.n_assigned,
        "holdout": summary.experiment.n_holdout,
        "strata": len(summary.strata),
        "arms": dict(zip(arms, counts, strict=True)),
        "lock": summary.provenance.lock_digest,
    }
