from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ({"currency": "CNY"}, "Asia/Shanghai"),
        ({"currency": "EUR"}, "UTC"),
        ({"currency": "CNY", "timezone": "Asia/Urumqi"}, "Asia/Urumqi"),
    ],
)
def test_zone_by_default_follows_the_currency(minimal: dict[str, Any], written: dict[str, str], zone: str) -> None:
    minimal["experiment"] |= written
    assert parse_spec(minimal).zone.key == zone


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ({"currency": "RMB¥"}, "bad_currency", "got 'RMB¥'; a currency is three capital letters, such as CNY or EUR"),
        ({"currency": "cny"}, "bad_currency", "got 'cny'; a currency is three capital letters, such as CNY or EUR"),
        ({"timezone": "Beijing"}, "bad_timezone", "got 'Beijing'; a zone of the IANA list"),
        ({"timezone": "../etc"}, "bad_timezone", "got '../etc'; a zone of the IANA list"),
        ({"language": "fr"}, "bad_value", "got 'fr'; allowed: 'en' or 'zh'"),
        ({"id": "a b"}, "bad_id", "got 'a b'; an id starts with a letter or digit"),
        ({"title": 3}, "wrong_type", "got 3; a text or {zh: ..., en: ...} is needed"),
        ({"title": {}}, "wrong_type", "got no name; write a text or {zh: ..., en: ...}"),
    ],
)
def test_refusals(
    minimal: dict[str, Any],
    problems: Callable[[object], list[Problem]],
    written: dict[str, object],
    code: str,
    message: str,
) -> None:
    minimal["experiment"] |= written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"experiment.{next(iter(written))}")
    assert problem.message.startswith(message)


def test_names(minimal: dict[str, Any]) -> None:
    minimal["experiment"] |= {"title": {"zh": "甲", "en": "A"}, "question": "谁？"}
    experiment = parse_spec(minimal).experiment
    assert experiment.title is not None
    assert experiment.question is not None
    assert experiment.title.in_language("en") == "A"
    assert experiment.question.in_language("en") == "谁？"
    assert experiment.language == "en"
