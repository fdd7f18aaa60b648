"""Whether the result can be trusted: badges for the first screen, sentences below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.view import ICONS, Answer, Badge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.facts import CheckResult, Fact

_GRAVITY = {"fail": 0, "warn": 1, "pass": 2, "skipped": 3}


@dataclass(frozen=True, slots=True)
class Health:
    """The checks as sentences, in their order."""

    answers: tuple[Answer, ...]


def badges(analysis: Analysis, voice: Voice) -> tuple[Badge, ...]:
    """Return the evidence badge and one badge per check that ran, with its worst answer."""
    ran = [check for check in (*analysis.checks, *analysis.reconciliation) if check.status != "skipped"]
    found = [_badge(check, voice) for check in _worst(ran)]
    return (*_evidence(analysis, voice), *found)


def build_health(checks: Iterable[CheckResult], voice: Voice) -> Health:
    """Return every check for the whole experiment, and those for a part of it that did not pass."""
    shown = [check for check in checks if not check.level or check.status in {"warn", "fail"}]
    return Health(tuple(_answer(check, voice) for check in shown))


def _worst(checks: Sequence[CheckResult]) -> list[CheckResult]:
    worst: dict[str, CheckResult] = {}
    for check in checks:
        known = worst.get(check.name)
        if known is None or _GRAVITY[check.status] < _GRAVITY[known.status]:
            worst[check.name] = check
    return list(worst.values())


def _badge(check: CheckResult, voice: Voice) -> Badge:
    text = voice.say(f"check.{check.name}.badge_{check.status}", _facts(check))
    return Badge(check.status, ICONS[check.status], text)


def _evidence(analysis: Analysis, voice: Voice) -> tuple[Badge, ...]:
    primary = [
        each for each in analysis.effects if each.by == "overall" and each.outcome == analysis.experiment.primary
    ]
    if not primary:
        return ()
    grade = max(each.evidence for each in primary)
    form = analysis.experiment.scheme if grade == "A" else "other"
    status = "pass" if grade == "A" else "warn"
    return (Badge(status, ICONS[status], voice.say(f"evidence.badge_{form}", {"grade": grade})),)


def _answer(check: CheckResult, voice: Voice) -> Answer:
    title = voice.say(f"check.{check.name}.title")
    if check.level:
        title = voice.say("word.joined", {"first": title, "second": voice.name("level", check.level)})
    return Answer(
        status=check.status,
        icon=ICONS[check.status],
        word=voice.say(f"word.{check.status}"),
        title=title,
        text=voice.say(f"check.{check.name}.{check.status}", _facts(check)),
    )


def _facts(check: CheckResult) -> Mapping[str, Fact]:
    return {"statistic": check.statistic, "p_value": check.p_value, **check.facts}
