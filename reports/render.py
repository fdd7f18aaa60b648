"""Render the gallery from the worked experiments, or compare what is there with a fresh run (``--check``)."""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import uplift
from uplift.results.alerts import AlertReport
from uplift.results.customers import CustomerReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

GALLERY = Path(__file__).resolve().parent
EXPERIMENTS = GALLERY.parent / "experiments"
RTOL, ATOL = 1e-6, 1e-9
SHOWN = 20
PAGES: Mapping[str, tuple[str, Callable[[Path], Path]]] = {
    "analysis.json": ("report.html", lambda folder: uplift.write_report(uplift.Analysis.load(folder), folder)),
    "customers.json": (
        "customers.html",
        lambda folder: uplift.write_customer_report(CustomerReport.load(folder), folder),
    ),
    "alerts.json": ("alerts.html", lambda folder: uplift.write_alert_report(AlertReport.load(folder), folder)),
}
"""Result that an experiment may leave to its page, and how that is written from it."""
DIGEST = re.compile(r"\b[0-9a-f]{8,64}\b…?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Render or compare every experiment; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("names", nargs="*", help="experiments (default: all)")
    given = parser.parse_args(arguments)
    names = given.names or sorted(path.parent.name for path in EXPERIMENTS.glob("*/analysis.py"))
    found = [difference for name in names for difference in _one(name, check=given.check)]
    for line in found[:SHOWN]:
        print(line)
    if len(found) > SHOWN:
        print(f"… and {len(found) - SHOWN} more")
    return 1 if found else 0


def _one(name: str, *, check: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        script = EXPERIMENTS / name / "analysis.py"
        done = subprocess.run(
            [sys.executable, str(script), "--out", folder],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if done.returncode:
            words = done.stderr.decode().strip()
            if words.startswith("Looked for"):
                print(f"{name}: left as it is, its data are not here. {words}")
                return []
            return [f"{name}: analysis.py exits {done.returncode}: {words}"]
        write_pages(fresh)
        if check:
            return list(compare_folders(GALLERY / name, fresh, name))
        (GALLERY / name).mkdir(exist_ok=True)
        for file in (one for pair in results_of(fresh).items() for one in pair):
            shutil.copyfile(fresh / file, GALLERY / name / file)
        print(f"{name}: rendered")
        return []


def results_of(folder: Path) -> dict[str, str]:
    """Return the results that lie in a folder, each to the name of its page."""
    return {result: page for result, (page, _) in PAGES.items() if (folder / result).is_file()}


def write_pages(folder: Path) -> None:
    """Write the page of every result in a folder."""
    for result in results_of(folder):
        PAGES[result][1](folder)


def compare_folders(old: Path, new: Path, name: str) -> Iterator[str]:
    """Yield each difference of numbers (relative tolerance 1e-6) and of the page's text."""
    results = results_of(new)
    missing = [file for pair in results.items() for file in pair if not (old / file).is_file()]
    if missing:
        yield f"{name}: {', '.join(missing)} missing from the gallery; run `make reports`"
        return
    for result, page in results.items():
        values = [json.loads((folder / result).read_text(encoding="utf-8")) for folder in (old, new)]
        yield from compare_values(*values, place=f"{name}/{result}")
        texts = [page_text((folder / page).read_text(encoding="utf-8")) for folder in (old, new)]
        for number, (was, now) in enumerate(zip_longest(*texts), start=1):
            if was != now:
                yield f"{name}/{page}, text {number}: was {was!r}, is {now!r}"


def compare_values(old: object, new: object, *, place: str) -> Iterator[str]:
    """Yield the places where two JSON values differ; digests may, since they hash floats to the last bit."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from compare_values(old.get(key, "absent"), new.get(key, "absent"), place=f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for position, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from compare_values(was, now, place=f"{place}[{position}]")
    elif not _same(old, new):
        yield f"{place}: was {old!r}, is {new!r}"


def _same(old: object, new: object) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return math.isclose(old, new, rel_tol=RTOL, abs_tol=ATOL)
    if isinstance(old, str) and isinstance(new, str):
        return DIGEST.sub("#", old) == DIGEST.sub("#", new)
    return old == new


def page_text(html: str) -> list[str]:
    """Return the words of a page, piece by piece, without styles, scripts and digests."""
    reader = _Words()
    reader.feed(html)
    return reader.pieces


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        words = DIGEST.sub("#", " ".join(data.split()))
        if words and not self._silent:
            self.pieces.append(words)


if __name__ == "__main__":
    sys.exit(main())
