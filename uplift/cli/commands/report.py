"""``uplift report``: an analysis as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.console import door, emit, settings_of


def report(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of analysis.json, or the file itself.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder or .html file; default: beside analysis.json.")] = None,
) -> None:
    """Write the report of an analysis.

    From analysis.json alone: one HTML file that needs no network.
    """
    import uplift

    settings = settings_of(ctx)
    with door(settings):
        analysis = uplift.Analysis.load(folder)
        beside = folder if folder.is_dir() else folder.parent
        page = uplift.write_report(analysis, out or beside, language=settings.language)
        emit(settings, {"report": str(page)})
