"""One report's voice: its language, currency and names, over the one formatter and the one catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uplift.results import format as fmt
from uplift.results.catalogue import check_language, has_message, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.results.analysis import AxisInfo, ExperimentInfo
    from uplift.results.facts import Fact, Facts, Name, Note, Stratum
    from uplift.results.measure import Measure
    from uplift.results.money import Amount

_PAST = re.compile(r"(?P<metric>.+)_(?P<days>\d+)d")


@dataclass(frozen=True, slots=True)
class Voice:
    """Says codes, names and numbers for one page.

    Parameters
    ----------
    language
        Of the page.
    currency
        ISO code of its money; empty without money.
    window_days
        Days seen; marks what is predicted in a unit.
    coupons
        Whether coupons were given (else the words speak of a campaign).
    names
        Kind of id (``arm``, ``segment``, ``axis``, ``level``, ``stratum``) to id to name.
    """

    language: fmt.Language
    currency: str
    window_days: int
    coupons: bool
    names: Mapping[str, Mapping[str, str]]

    def say(self, code: str, facts: Facts | None = None) -> str:
        """Return the sentence of a code."""
        return message(code, facts, self.language, currency=self.currency, name_of=self.name)

    def say_note(self, note: Note) -> str:
        """Return the sentence of a note."""
        return self.say(note.code, note.facts)

    def say_kind(self, code: str) -> str:
        """Return the sentence of ``code`` in its form for coupons or for another campaign."""
        return self.say(f"{code}_{self.kind}")

    @property
    def kind(self) -> str:
        """``coupon`` or ``campaign``."""
        return "coupon" if self.coupons else "campaign"

    def name(self, kind: str, identity: str) -> str:
        """Return the name of an id, the id itself where there is none."""
        if kind == "metric":
            return self._metric(identity)
        if has_message(f"{kind}.{identity}"):
            return self.say(f"{kind}.{identity}")
        if kind in {"level", "stratum"}:
            return self._level(identity)
        return self.names.get(kind, {}).get(identity, identity)

    def row(self, kind: str, level: str, *, rest: bool = False) -> str:
        """Return the name of a row of the first screen or of an effect's group."""
        if kind in {"total", "overall"}:
            return self.say(f"word.{kind}")
        known = kind if kind in {"segment", "stratum"} else "level"
        name = self.names["axis_level"].get(f"{kind}|{level}") or self.name(known, level)
        return self.say("word.rest", {"name": name}) if rest else name

    def number(self, value: float | None, measure: Measure, *, compact: bool = False, signed: bool = False) -> str:
        """Return a number as text."""
        return fmt.format_number(value, measure, self.language, compact=compact, signed=signed)

    def interval(self, amount: Amount, measure: Measure) -> str:
        """Return the interval of an amount as it stands beside its compact estimate."""
        return fmt.format_interval(amount.estimate, amount.ci_lower, amount.ci_upper, measure, self.language)

    def unit(self, measure: Measure, *, difference: bool = False) -> str:
        """Return what a number means: currency or kind, per whom, over how many days, predicted or not."""
        kind = "rate_difference" if difference and measure.kind == "rate" else measure.kind
        unit = self.say(f"unit.{kind}", {"currency": measure.currency})
        if measure.days == 0:
            span = "span_none"
        elif measure.basis == "predicted":
            span = "span_predicted"
        else:
            span = "span_mixed" if measure.days > self.window_days else "span_observed"
        who = f"{measure.per}_{self.kind}" if measure.per == "treated" else measure.per
        days: dict[str, Fact] = {"days": measure.days, "window": self.window_days}
        facts = {"unit": unit, "who": self.say(f"unit.{who}"), **days}
        return self.say(f"unit.{span}", facts)

    def join(self, words: Sequence[str]) -> str:
        """Return a list of words as a sentence has it."""
        if len(words) < 2:
            return "".join(words)
        return self.say("word.comma").join(words[:-1]) + self.say("word.and") + words[-1]

    def _level(self, identity: str) -> str:
        """Return the name of a segment, stratum or level, or of several joined by ``|`` or ``+``."""
        if not identity:
            return self.say("word.others")
        known = next((self.names[each][identity] for each in _LEVELS if identity in self.names[each]), "")
        if known:
            return known
        for sign, joint in (("|", "stratum_joint"), ("+", "level_joint")):
            if sign in identity:
                return self.say(f"word.{joint}").join(self._level(part) for part in identity.split(sign))
        return self._metric(identity)

    def _metric(self, identity: str) -> str:
        if has_message(f"metric.{identity}"):
            return self.say(f"metric.{identity}")
        past = _PAST.fullmatch(identity)
        if past is None:
            return identity
        return self.say("metric.past", {"metric": self._metric(past["metric"]), "days": past["days"]})


_LEVELS = ("segment", "stratum", "level")


def make_voice(experiment: ExperimentInfo, strata: Sequence[Stratum], *, language: str | None, coupons: bool) -> Voice:
    """Return the voice of an experiment's page.

    Parameters
    ----------
    experiment, strata
        What has names.
    language
        ``en`` or ``zh``; None: the experiment's own.
    coupons
        Whether coupons were given.

    Raises
    ------
    UsageError
        When the language is unknown.
    """
    chosen = check_language(language if language is not None else experiment.language)
    names = {
        "arm": {arm.id: pick(arm.name, arm.id, chosen) for arm in experiment.arms},
        "segment": {each.id: pick(each.name, each.id, chosen) for each in experiment.segments},
    }
    voice = Voice(chosen, experiment.currency, experiment.window_days, coupons, names)
    return _with_strata(voice, experiment.axes, strata)


def make_plain_voice(axes: Sequence[AxisInfo], strata: Sequence[Stratum], *, language: str, currency: str) -> Voice:
    """Return the voice of a page without arms: strata, their levels and money have names.

    Parameters
    ----------
    axes, strata
        What has names.
    language
        ``en`` or ``zh``.
    currency
        ISO code of the page's money.

    Raises
    ------
    UsageError
        When the language is unknown.
    """
    voice = Voice(check_language(language), currency, 0, coupons=False, names={"arm": {}, "segment": {}})
    return _with_strata(voice, axes, strata)


def _with_strata(voice: Voice, axes: Sequence[AxisInfo], strata: Sequence[Stratum]) -> Voice:
    levels = {
        f"{axis.id}|{level}": pick(name, level, voice.language) for axis in axes for level, name in axis.levels.items()
    }
    short = {key.partition("|")[2]: name for key, name in reversed(levels.items())}
    known = replace(voice, names={**voice.names, "axis_level": levels, "level": short, "stratum": {}})
    named = {stratum.id: _stratum_name(stratum, axes, levels, known) for stratum in strata}
    return replace(known, names={**known.names, "stratum": named})


def pick(name: Name, identity: str, language: fmt.Language, *, any_language: bool = False) -> str:
    """Return the name in a language; a Chinese page takes any name before a bare id, an English one the id."""
    if name.get(language):
        return name[language]
    if language == "zh" or any_language:
        return next((text for _, text in sorted(name.items()) if text), identity)
    return identity


def _stratum_name(stratum: Stratum, axes: Sequence[AxisInfo], levels: Mapping[str, str], voice: Voice) -> str:
    order = [axis.id for axis in axes if axis.id in stratum.parts]
    order += [axis for axis in stratum.parts if axis not in order]
    parts = [_part_name(axis, stratum.parts[axis], levels, voice) for axis in order]
    return voice.say("word.stratum_joint").join(parts) or stratum.id


def _part_name(axis: str, level: str, levels: Mapping[str, str], voice: Voice) -> str:
    whole = levels.get(f"{axis}|{level}")
    if whole:
        return whole
    return voice.say("word.level_joint").join(levels.get(f"{axis}|{part}", part) for part in level.split("+"))
