"""The message catalogue: a code and its facts become a sentence in English or in Chinese.

A text holds placeholders ``{fact}``, ``{fact:kind}`` and ``{lower~upper:kind}``; the kind says how the value is
written. ``[[ ... ]]`` is left out when one of its facts is absent, ``[[ ... || ... ]]`` then says its second half.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import get_args

from uplift.errors import DataError, UsageError
from uplift.results import format as fmt
from uplift.results.facts import Fact, Facts
from uplift.results.measure import Measure

LANGUAGES: tuple[fmt.Language, ...] = get_args(fmt.Language)
NameOf = Callable[[str, str], str]

_PLACEHOLDER = re.compile(r"\{(?P<fact>[a-z_0-9]+)(?:~(?P<upper>[a-z_0-9]+))?(?::(?P<kind>[a-z_]+))?\}")
_OPTIONAL = re.compile(r"\[\[(?P<text>.*?)(?:\|\|(?P<instead>.*?))?\]\]", re.DOTALL)
_MONEY_KINDS = frozenset({"money", "gain", "head", "brief", "short", "size"})


@dataclass(frozen=True, slots=True)
class _Voice:
    """What it takes to write a fact: the language, the currency and the names of ids."""

    language: fmt.Language
    currency: str
    name_of: NameOf


def message(
    code: str, facts: Facts | None = None, language: str = "en", *, currency: str = "", name_of: NameOf | None = None
) -> str:
    """Return the sentence of ``code``.

    Parameters
    ----------
    code
        Key of the catalogue, for example ``check.srm.loss.fail``.
    facts
        Values of the placeholders; None counts as absent.
    language
        ``en`` or ``zh``.
    currency
        ISO code for facts that are money.
    name_of
        Gives the name of an id from its kind (``arm``, ``stratum``, ``metric`` ...) and the id; default: the id.

    Raises
    ------
    UsageError
        When the language is unknown.
    DataError
        When the code is not in the catalogue, or a fact that its sentence needs is missing.
    """
    text = _texts(check_language(language)).get(code)
    if text is None:
        error = f"message {code!r} is not in the catalogue ({language}); was the file written by a newer release?"
        raise DataError(error)
    voice = _Voice(check_language(language), currency, name_of or _id_itself)
    known = {name: value for name, value in (facts or {}).items() if value is not None}
    try:
        return _fill(_choose(text, known), known, voice)
    except KeyError as error:
        lacking = f"message {code!r} needs the fact {error.args[0]!r}, got: {', '.join(sorted(known)) or 'none'}"
        raise DataError(lacking) from error


def has_message(code: str) -> bool:
    """Return whether the catalogue holds ``code``."""
    return code in _texts("en")


def codes(language: str) -> frozenset[str]:
    """Return every code of one language."""
    return frozenset(_texts(check_language(language)))


def placeholders(code: str, language: str) -> frozenset[str]:
    """Return the placeholders of a text, as written without their braces."""
    return frozenset(match.group()[1:-1] for match in _PLACEHOLDER.finditer(_texts(check_language(language))[code]))


def check_language(language: str) -> fmt.Language:
    """Return ``language`` if reports are written in it.

    Raises
    ------
    UsageError
        When they are not.
    """
    for known in LANGUAGES:
        if language == known:
            return known
    error = f"language: {language!r} is not one of {', '.join(LANGUAGES)}"
    raise UsageError(error)


@cache
def _texts(language: fmt.Language) -> Mapping[str, str]:
    source = resources.files("uplift.results").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flatten(tomllib.loads(source), ""))


def _flatten(tree: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _choose(text: str, facts: Facts) -> str:
    """Return the text with each optional part kept, replaced or dropped."""

    def part(found: re.Match[str]) -> str:
        names = [
            name for each in _PLACEHOLDER.finditer(found["text"]) for name in (each["fact"], each["upper"]) if name
        ]
        return found["text"] if all(name in facts for name in names) else found["instead"] or ""

    return _OPTIONAL.sub(part, text)


def _fill(text: str, facts: Facts, voice: _Voice) -> str:
    def value(found: re.Match[str]) -> str:
        if found["upper"]:
            return _write_range(facts[found["fact"]], facts[found["upper"]], found["kind"], voice)
        return _write(facts[found["fact"]], found["kind"], voice)

    return _PLACEHOLDER.sub(value, text)


def _write(fact: Fact, kind: str | None, voice: _Voice) -> str:
    if isinstance(fact, tuple | list):
        separator = "、" if voice.language == "zh" else ", "
        return separator.join(_write(item, kind, voice) for item in fact)
    if fact is None:
        return fmt.DASH
    if isinstance(fact, str):
        return _write_text(fact, kind, voice)
    if isinstance(fact, bool):
        return message(f"word.{'yes' if fact else 'no'}", {}, voice.language)
    return _write_number(fact, kind, voice)


def _write_text(fact: str, kind: str | None, voice: _Voice) -> str:
    if kind == "date":
        return fmt.format_date(fact, voice.language)
    if kind == "digest":
        return fmt.format_digest(fact)
    if kind is None or not fact:
        return fact
    code = f"{kind}.{fact}"
    return message(code, {}, voice.language) if has_message(code) else voice.name_of(kind, fact)


def _write_number(fact: float, kind: str | None, voice: _Voice) -> str:
    if kind in _MONEY_KINDS:
        return _write_money(fact, kind, voice)
    if kind in {"count", "few"}:
        return fmt.format_count(fact, voice.language, compact=kind == "few")
    if kind is not None and kind in _PLAIN_KINDS:
        return _PLAIN_KINDS[kind](fact)
    return fmt.format_count(fact, voice.language) if isinstance(fact, int) else fmt.format_statistic(fact)


def _write_p(value: float) -> str:
    text = fmt.format_p(value)
    return text if text.startswith("<") else f"= {text}"


def _write_money(fact: float, kind: str | None, voice: _Voice) -> str:
    """Write an amount.

    ``brief`` leaves out the currency that English has just named, ``short`` the one that Chinese is about to name,
    ``size`` the sign.
    """
    amount = abs(fact) if kind == "size" else fact
    brief = kind in {"brief", "size"} and voice.language == "en"
    measure = _money(kind, "" if kind == "short" and voice.language == "zh" else voice.currency)
    return fmt.format_number(amount, measure, voice.language, compact=brief, signed=kind == "gain")


def _write_range(lower: Fact, upper: Fact, kind: str | None, voice: _Voice) -> str:
    ends = [float(end) for end in (lower, upper) if isinstance(end, int | float)]
    if len(ends) < 2:
        return fmt.DASH
    if kind == "percent":
        return fmt.format_percent_range(ends[0], ends[1], voice.language)
    return fmt.format_range(ends[0], ends[1], _money(kind, voice.currency), voice.language)


def _money(kind: str | None, currency: str) -> Measure:
    return Measure("money", currency, per="treated" if kind == "head" else "period")


_PLAIN_KINDS: Mapping[str, Callable[[float], str]] = {
    "percent": fmt.format_percent,
    "setting": fmt.format_setting,
    "chance": fmt.format_chance,
    "p": _write_p,
}


def _id_itself(kind: str, identity: str) -> str:
    del kind
    return identity
