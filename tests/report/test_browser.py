from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from uplift.report import render_design, render_report

if TYPE_CHECKING:
    from pathlib import Path

    from uplift.results import Analysis, DesignSummary

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
    "--virtual-time-budget=3000", "--dump-dom",
)  # fmt: skip

PROBE = """
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  const clipped = [...page.querySelectorAll("th, td, dt, dd, li, p, h1, h2, h3, summary, figcaption")]
    .filter(each => !each.closest(".cards thead") && each.getClientRects().length)
    .filter(each => each.scrollWidth > each.clientWidth + 2 && each.clientWidth > 1)
    .map(each => each.textContent.slice(0, 40));
  const outside = [...page.querySelectorAll("svg.figure text")]
    .filter(each => { const box = each.getBBox(), view = each.ownerSVGElement.viewBox.baseVal;
      const at = each.getCTM().multiply(each.ownerSVGElement.getCTM().inverse());
      const x = box.x * at.a + at.e; return x < 0 || x + box.width > view.width; })
    .map(each => each.textContent);
  const first = page.getElementById("first").getBoundingClientRect();
  document.body.dataset.found = JSON.stringify(
    {over: root.scrollWidth - root.clientWidth, first: Math.round(first.bottom), clipped, outside});
});
frame.srcdoc = document.querySelector("template").content.textContent;
"""


def probe(page: str, width: int, height: int, folder: Path) -> dict[str, object]:
    """Open the page in a frame of this size and return what sticks out of it."""
    chromium = next(
        (path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None
    )
    if chromium is None:
        pytest.skip("no chromium, chromium-browser or google-chrome in PATH: install one to open the pages")
    harness = folder / "harness.html"
    frame = f'<iframe style="width:{width}px;height:{height}px;border:0"></iframe>'
    source = f"<template>{html.escape(page)}</template><body>{frame}<script>{PROBE}</script>"
    harness.write_text(f"<!doctype html><meta charset=utf-8>{source}", encoding="utf-8")
    command = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", harness.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)  # noqa: S603 - found above
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    assert found, done.stdout[:500]
    answer = json.loads(html.unescape(found[1]))
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_screen_fits_a_slide(language: str, analysis: Analysis, tmp_path: Path) -> None:
    found = probe(render_report(analysis, language=language), 1280, 720, tmp_path)
    assert found["over"] == 0
    assert found["clipped"] == []
    assert found["outside"] == []
    assert isinstance(found["first"], int)
    assert found["first"] <= 720


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_clipped_on_a_phone(language: str, analysis: Analysis, tmp_path: Path) -> None:
    found = probe(render_report(analysis, language=language), 390, 844, tmp_path)
    assert found["over"] == 0
    assert found["clipped"] == []


def test_the_design_page_opens(design: DesignSummary, tmp_path: Path) -> None:
    found = probe(render_design(design, language="en"), 1280, 720, tmp_path)
    assert (found["over"], found["clipped"]) == (0, [])
