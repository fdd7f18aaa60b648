"""One self-contained HTML file from scored customers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uplift.report.page import environment
from uplift.report.sections.customers import build_customers
from uplift.report.voice import make_plain_voice, pick
from uplift.results.files import write_atomic

if TYPE_CHECKING:
    from uplift.results.customers import CustomerReport

HTML_FILE = "customers.html"


def write_customer_report(report: CustomerReport, path: Path | str, *, language: str | None = None) -> Path:
    """Write the page of scored customers: one HTML file without scripts that needs no network.

    Parameters
    ----------
    report
        The scores; their fields are printed and nothing is computed.
    path
        A folder (the file is ``customers.html`` in it) or a file that ends in ``.html``.
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
        When the scores hold a code that the catalogue lacks, or the file cannot be written.
    """
    target = Path(path)
    target = target if target.suffix == ".html" else target / HTML_FILE
    write_atomic(target, render_customers(report, language=language).encode())
    return target


def render_customers(report: CustomerReport, *, language: str | None = None) -> str:
    """Return the page of scored customers as HTML."""
    info = report.info
    voice = make_plain_voice(report.axes, (), language=language or info.language, currency=info.currency)
    name = pick(info.title, info.id, voice.language, any_language=True)
    context = {
        "title": voice.say("customers.title", {"title": name}),
        "language": voice.say("word.language_tag"),
        "say": voice.say,
        "customers": build_customers(report, voice),
    }
    return environment().get_template("customers.html.j2").render(context)
