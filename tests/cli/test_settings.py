from __future__ import annotations

import pytest

from uplift.cli.settings import Settings, hoist


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["validate", "a.yaml", "--json"], ["--json", "validate", "a.yaml"]),
        (["report", "-q", "x", "--lang", "zh"], ["-q", "--lang", "zh", "report", "x"]),
        (["report", "x", "--lang=zh", "-v"], ["--lang=zh", "-v", "report", "x"]),
        (["report", "x", "--lang"], ["--lang", "report", "x"]),
        (["design", "s", "--out", "d"], ["design", "s", "--out", "d"]),
        (["report", "--", "--json"], ["report", "--", "--json"]),
        ([], []),
    ],
)
def test_common_options_may_stand_anywhere(written: list[str], read: list[str]) -> None:
    assert hoist(written) == read


def test_defaults() -> None:
    settings = Settings()
    assert (settings.as_json, settings.language, settings.color) == (False, None, True)
