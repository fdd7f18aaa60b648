"""``uplift doctor``: is everything that is needed here, and does the engine work."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import typer

from uplift.cli.console import Value, door, emit, say, settings_of
from uplift.cli.progress import Meter, metered

TIMEOUT = 120
"""Seconds that one import may take on a cold disk."""

IMPORT = """
import importlib, importlib.metadata, sys
importlib.import_module(sys.argv[2])
print(importlib.metadata.version(sys.argv[1]))
"""
SMOKE = "from uplift.cli.smoke import run_smoke; run_smoke()"

State = Literal["ok", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class Package:
    """A package that the toolkit declares.

    Parameters
    ----------
    distribution, module
        Its name for pip, and for ``import``.
    purpose
        What does not work without it; empty when nothing does.
    """

    distribution: str
    module: str
    purpose: str = ""


PACKAGES = (
    *(Package(name, name) for name in ("numpy", "scipy", "pandas", "pyarrow", "duckdb", "sqlglot", "pydantic")),
    *(Package(name, name) for name in ("openpyxl", "jinja2", "typer", "rich", "matplotlib", "statsmodels")),
    Package("ibis-framework", "ibis"),
    Package("python-calamine", "python_calamine"),
    Package("ruamel.yaml", "ruamel.yaml"),
    Package("tzdata", "tzdata"),
    Package("causalml", "causalml", "engine: causalml"),
    Package("econml", "econml", "engine: econml"),
    Package("dowhy", "dowhy", "refuters on a graph"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one package, or of the engine.

    Parameters
    ----------
    name, state, detail
        The package, whether it works, and its version or what went wrong.
    needed
        Whether a plain randomised analysis fails without it.
    """

    name: str
    state: State
    detail: str
    needed: bool


def doctor(ctx: typer.Context) -> None:
    """Check this installation.

    Imports every dependency in a process of its own, and runs the engine once on a known answer.
    """
    from uplift.errors import MissingDependencyError

    settings = settings_of(ctx)
    with door(settings):
        with metered(settings) as progress:
            findings = examine(progress)
        for one in findings:
            if not settings.as_json:
                typer.echo(f"{one.name:<18} {one.state:<8} {one.detail}")
        if settings.as_json:
            rows: list[Value] = [
                {"name": one.name, "state": one.state, "detail": one.detail, "needed": one.needed} for one in findings
            ]
            emit(settings, {"ok": not ailing(findings), "findings": rows})
        bad = ailing(findings)
        if bad:
            message = f"not working: {', '.join(bad)}; repair the installation with: pip install --upgrade uplift-lab"
            raise MissingDependencyError(message)
        say(settings, "everything that a randomised analysis needs is here and works")


def ailing(findings: tuple[Finding, ...]) -> list[str]:
    """Return the names of what is needed and does not work."""
    return [one.name for one in findings if one.needed and one.state != "ok"]


def examine(progress: Meter, packages: tuple[Package, ...] = PACKAGES) -> tuple[Finding, ...]:
    """Return a finding for each package, and for the engine last."""
    total = len(packages) + 1
    found: list[Finding] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for package, finding in zip(packages, pool.map(examine_package, packages), strict=True):
            found.append(finding)
            progress(package.distribution, len(found), total)
    progress("embedded engine", len(packages), total)
    return (*found, examine_engine())


def examine_package(package: Package) -> Finding:
    """Import a package in a process of its own."""
    state, detail = _execute([IMPORT, package.distribution, package.module])
    needed = not package.purpose
    if state != "ok" and package.purpose:
        detail = f"{detail} (only for {package.purpose})"
    return Finding(package.distribution, state, detail, needed)


def examine_engine() -> Finding:
    """Read, sum and estimate a small trial with a known effect, in a process of its own."""
    state, detail = _execute([SMOKE])
    return Finding("embedded engine", state, detail, needed=True)


def _execute(words: list[str]) -> tuple[State, str]:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", *words], capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return "broken", f"took longer than {TIMEOUT} seconds"
    if done.returncode == 0:
        return "ok", done.stdout.strip()
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return ("missing" if last.startswith("ModuleNotFoundError") else "broken"), last
