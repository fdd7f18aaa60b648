"""The gallery is whole, light and self-contained, and its comparison finds what it should."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "reports"
NAMES = sorted(path.parent.name for path in (ROOT / "experiments").glob("*/analysis.py"))


@pytest.fixture(scope="module")
def render() -> Mapping[str, Callable[..., object]]:
    return runpy.run_path(str(GALLERY / "render.py"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(GALLERY / "hillstrom-email", tmp_path / "copy")
    return tmp_path / "copy"


def differences(render: Mapping[str, Callable[..., object]], copy: Path) -> list[str]:
    found = render["compare_folders"](GALLERY / "hillstrom-email", copy, "hillstrom-email")
    return list(found)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("name", NAMES)
def test_each_experiment_has_light_pages_without_network(name: str) -> None:
    pages = list((GALLERY / name).glob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert page.stat().st_size < 1_000_000
        assert re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", text) == []
        assert "default-src 'none'" in text


@pytest.mark.parametrize("name", NAMES)
def test_each_page_is_what_its_results_render(
    name: str, tmp_path: Path, render: Mapping[str, Callable[..., object]]
) -> None:
    for result in (GALLERY / name).glob("*.json"):
        shutil.copy(result, tmp_path)
    render["write_pages"](tmp_path)
    kept = {page.name: page.read_bytes() for page in (GALLERY / name).glob("*.html")}
    assert {page.name: page.read_bytes() for page in tmp_path.glob("*.html")} == kept, "run: make reports"


def test_a_copy_does_not_differ(render: Mapping[str, Callable[..., object]], copy: Path) -> None:
    assert differences(render, copy) == []


def test_a_number_that_moved_is_named_and_rounding_is_not(
    render: Mapping[str, Callable[..., object]], copy: Path
) -> None:
    file = copy / "analysis.json"
    analysis = json.loads(file.read_text(encoding="utf-8"))
    analysis["effects"][0]["estimate"] *= 1 + 1e-8
    analysis["effects"][1]["estimate"] *= 1.01
    analysis["provenance"]["spec_digest"] = "0" * 64
    file.write_text(json.dumps(analysis), encoding="utf-8")
    found = differences(render, copy)
    assert len(found) == 1
    assert found[0].startswith("hillstrom-email/analysis.json.effects[1].estimate: was ")


def test_a_word_that_changed_is_named(render: Mapping[str, Callable[..., object]], copy: Path) -> None:
    page = copy / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("No e-mail", "Nothing"), encoding="utf-8")
    found = differences(render, copy)
    assert found
    assert all("hillstrom-email/report.html" in line for line in found)
    assert "Nothing" in found[0]


def test_a_page_that_is_missing_is_named(render: Mapping[str, Callable[..., object]], copy: Path) -> None:
    found = list(render["compare_folders"](copy / "nowhere", copy, "x"))  # type: ignore[call-overload]
    assert found == ["x: analysis.json, report.html missing from the gallery; run `make reports`"]


def test_hillstrom_renders_what_is_in_the_gallery(
    render: Mapping[str, Callable[..., object]], data_file: Callable[[str], Path]
) -> None:
    data_file("hillstrom/hillstrom.csv.gz")
    assert render["main"](["--check", "hillstrom-email"]) == 0


def test_complete_journey_renders_what_is_in_the_gallery(
    render: Mapping[str, Callable[..., object]], data_file: Callable[[str], Path]
) -> None:
    data_file("completejourney/transactions_sample.parquet")
    assert render["main"](["--check", "completejourney-customers"]) == 0


@pytest.mark.slow
def test_fresh_grocery_renders_what_is_in_the_gallery(render: Mapping[str, Callable[..., object]]) -> None:
    assert render["main"](["--check", "fresh-grocery-coupon"]) == 0
