"""Imports point one way, and a few rooms alone know a few packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "uplift"
EVERYWHERE = {"errors", "results"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "results": {"errors"},
    "stats": set(),
    "spec": set(),
    "data": {"spec", "stats"},
    "checks": {"stats"},
    "clv": {"stats"},
    "customers": {"spec", "stats", "data", "clv"},
    "outcomes": {"spec", "stats", "data", "clv"},
    "simulate": {"spec", "data"},
    "design": {"spec", "stats", "data", "checks", "clv", "customers", "outcomes"},
    "estimate": {"stats", "checks"},
    "learn": {"stats", "estimate"},
    "trust": {"stats", "data", "outcomes", "design", "estimate", "learn"},
    "decide": {"spec", "stats", "design", "estimate", "learn"},
    "workflow": {
        "stats",
        "spec",
        "data",
        "checks",
        "clv",
        "customers",
        "outcomes",
        "design",
        "estimate",
        "learn",
        "trust",
        "decide",
    },
    "report": set(),
    "cli": {"workflow", "report", "simulate", "spec"},
}
ONLY_IN: dict[str, tuple[str, ...]] = {
    "ibis": ("data/",),
    "duckdb": ("data/",),
    "pydantic": ("spec/",),
    "ruamel": ("spec/",),
    "econml": ("learn/adapters/econml.py",),
    "causalml": ("learn/adapters/causalml.py",),
    "dowhy": ("trust/adapters/dowhy.py",),
    "lightgbm": ("stats/trees.py", "learn/"),
    "numba": ("learn/", "estimate/matching/"),
    "llvmlite": ("learn/forest/lanes.py",),
    "sklearn": ("learn/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "jinja2": ("report/",),
    "matplotlib": ("report/",),
    "statsmodels": (),
}
HEAVY = (
    "pandas",
    "econml",
    "causalml",
    "dowhy",
    "statsmodels",
    "matplotlib",
    "ibis",
    "duckdb",
    "pyarrow",
    "scipy",
    "lightgbm",
)
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_the_left(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("uplift.")}
    assert rooms - ALLOWED[room] - EVERYWHERE - {room} == set()


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_a_package_is_known_in_its_room_only(package: str) -> None:
    users = {str(path.relative_to(PACKAGE)) for path in FILES if package in {n.split(".")[0] for n in imported(path)}}
    assert {user for user in users if not user.startswith(ONLY_IN[package] or ("nowhere",))} == set()


def test_every_room_is_in_the_list() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= set(ALLOWED)


def test_no_room_is_a_lumber_room() -> None:
    assert not {path.stem for path in FILES} & {"utils", "helpers", "misc", "common"}


@pytest.mark.parametrize(
    "code",
    ["import uplift", "import sys; sys.argv = ['uplift', '--help']; from uplift.cli.main import run; run()"],
    ids=["import", "help"],
)
def test_start_up_loads_nothing_heavy(code: str) -> None:
    script = (
        "import sys\n"
        "try:\n"
        f"    exec({code!r})\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        f"loaded = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "sys.exit(' '.join(loaded) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


def test_numbers_become_text_in_one_place() -> None:
    guilty = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in FILES
        if path.name != "format.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None and _is_numeric(node.format_spec)
    ]
    assert guilty == []


def _is_numeric(spec: ast.expr) -> bool:
    text = "".join(
        part.value for part in ast.walk(spec) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    return text.endswith(("f", "%", "e", "g")) or "," in text
