"""One self-contained HTML file from the alerts of a week."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uplift.report.page import environment
from uplift.report.sections.alerts import build_alerts
from uplift.report.voice import make_plain_voice, pick
from uplift.results.files import write_atomic

if TYPE_CHECKING:
    from uplift.results.alerts import AlertReport

HTML_FILE = "alerts.html"


def write_alert_report(report: AlertReport, path: Path | str, *, language: str | None = None) -> Path:
    """Write the page of a week's alerts: one HTML file without scripts that needs no network.

    Parameters
    ----------
    report
        The alerts; their fields are printed and nothing is computed.
    path
        A folder (the file is ``alerts.html`` in it) or a file that ends in ``.html``.
    language
        ``en`` or ``zh``; default: the spec's.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When the language is unknown.
    DataError
        When the alerts hold a code that the catalogue lacks, or the file cannot be written.
    """
    target = Path(path)
    target = target if target.suffix == ".html" else target / HTML_FILE
    write_atomic(target, render_alerts(report, language=language).encode())
    return target


def render_alerts(report: AlertReport, *, language: str | None = None) -> str:
    """Return the page of a week's alerts as HTML."""
    info = report.info
    voice = make_plain_voice(report.axes, report.strata, language=language or info.language, currency=info.currency)
    name = pick(info.title, info.id, voice.language, any_language=True)
    context = {
        "title": voice.say("alerts.title", {"title": name}),
        "language": voice.say("word.language_tag"),
        "say": voice.say,
        "alerts": build_alerts(report, voice),
    }
    return environment().get_template("alerts.html.j2").render(context)
