"""The verdict as one sentence, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.sections.headline import build_headline
from uplift.report.voice import make_voice

if TYPE_CHECKING:
    from uplift.results.analysis import Analysis


def say_verdict(analysis: Analysis, *, language: str | None = None) -> str:
    """Return the headline of an analysis as its report prints it.

    Parameters
    ----------
    analysis
        What was found.
    language
        ``en`` or ``zh``; default: the experiment's.

    Raises
    ------
    UsageError
        When the language is unknown.
    """
    coupons = any(split.dashboard_claim for split in analysis.decomposition)
    voice = make_voice(analysis.experiment, analysis.strata, language=language, coupons=coupons)
    head = build_headline(analysis, voice)
    return f"{head.lead_word}{head.verdict}"
