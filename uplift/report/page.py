"""One self-contained HTML file from an analysis or from a design."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from uplift.report.sections.budget import build_budget
from uplift.report.sections.design import build_design
from uplift.report.sections.effects import build_effects
from uplift.report.sections.headline import build_headline
from uplift.report.sections.health import build_health
from uplift.report.sections.method import build_assumptions, build_deviations, build_method
from uplift.report.sections.reproduction import build_reproduction, commands
from uplift.report.sections.split import build_split
from uplift.report.sections.value import build_value
from uplift.report.voice import make_voice, pick
from uplift.results.design_summary import DesignSummary
from uplift.results.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis, ExperimentInfo


def write_report(analysis: Analysis, path: Path | str, *, language: str | None = None) -> Path:
    """Write the report of an analysis: one HTML file without scripts that needs no network.

    Parameters
    ----------
    analysis
        What was found; its fields are printed and nothing is computed.
    path
        A folder (the file is ``report.html`` in it) or a file that ends in ``.html``.
    language
        ``en`` or ``zh``; default: the experiment's.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When the language is unknown.
    DataError
        When the analysis holds a code that the catalogue lacks, or the file cannot be written.
    """
    return _write(render_report(analysis, language=language), path, "report.html")


class Summarised(Protocol):
    """Anything that says itself in a summary, such as a design."""

    @property
    def summary(self) -> DesignSummary:
        """What the design page prints."""
        ...


def write_design_report(design: Summarised | DesignSummary, path: Path | str, *, language: str | None = None) -> Path:
    """Write the page of a design: who goes where, and how small an effect can be seen.

    Parameters
    ----------
    design
        A design, or its summary.
    path
        A folder (the file is ``design.html`` in it) or a file that ends in ``.html``.
    language
        ``en`` or ``zh``; default: the experiment's.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When the language is unknown.
    DataError
        When the design holds a code that the catalogue lacks, or the file cannot be written.
    """
    summary = design if isinstance(design, DesignSummary) else design.summary
    return _write(render_design(summary, language=language), path, "design.html")


def render_report(analysis: Analysis, *, language: str | None = None) -> str:
    """Return the report of an analysis as HTML."""
    experiment = analysis.experiment
    voice = make_voice(experiment, analysis.strata, language=language, coupons=_has_coupons(analysis))
    sections = {
        "headline": build_headline(analysis, voice),
        "health": build_health((*analysis.checks, *analysis.reconciliation), voice),
        "split": build_split(analysis, voice),
        "value": build_value(analysis, voice),
        "effects": build_effects(analysis, voice),
        "budget": build_budget(analysis, voice),
        "method": build_method(analysis, voice),
        "assumptions": build_assumptions(analysis, voice),
        "deviations": build_deviations(analysis.deviations, voice),
        "reproduction": build_reproduction(analysis.provenance, voice),
        "commands": commands(experiment, analysis.provenance, analysed=True),
    }
    return _render("report.html.j2", sections, experiment, voice, title="page.title")


def render_design(summary: DesignSummary, *, language: str | None = None) -> str:
    """Return the page of a design as HTML."""
    experiment = summary.experiment
    voice = make_voice(experiment, summary.strata, language=language, coupons=True)
    sections = {
        "design": build_design(summary, voice),
        "health": build_health(summary.checks, voice),
        "notes": build_deviations(summary.notes, voice),
        "reproduction": build_reproduction(summary.provenance, voice),
        "commands": commands(experiment, summary.provenance, analysed=False),
    }
    return _render("design.html.j2", sections, experiment, voice, title="page.design_title")


def _has_coupons(analysis: Analysis) -> bool:
    rows = analysis.budget.rows if analysis.budget else ()
    splits = analysis.decomposition
    return any(row.dashboard_claim is not None for row in rows) or any(split.dashboard_claim for split in splits)


def _render(
    template: str, sections: Mapping[str, object], experiment: ExperimentInfo, voice: Voice, *, title: str
) -> str:
    name = pick(experiment.title, experiment.id, voice.language, any_language=True)
    context = {
        "title": voice.say(title, {"title": name}),
        "language": voice.say("word.language_tag"),
        "say": voice.say,
        **sections,
    }
    return environment().get_template(template).render(context)


@cache
def environment() -> Environment:
    """Return where templates are found and how they are filled."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("uplift.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["bound"] = bind_amounts
    return environment


_AMOUNT = re.compile(r"(?<=[A-Z]{3}) (?=[+−\d])|(?<=\d) (?=[Mk]\b|[万亿])")


def bind_amounts(text: str) -> str:
    """Return a sentence in which no line breaks between a currency, its number and its thousands or millions."""
    return _AMOUNT.sub("\u00a0", text)


def _write(text: str, path: Path | str, name: str) -> Path:
    target = Path(path)
    target = target if target.suffix == ".html" else target / name
    write_atomic(target, text.encode())
    return target
